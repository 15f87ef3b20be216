#include "transfer/manifest.h"

#include <gtest/gtest.h>

#include "transfer/replaced_export.h"
#include "transfer/run_record.h"

namespace penstock {
namespace {

TEST(Manifest, HasTheConnectorsBytes) {
  Manifest manifest;
  EXPECT_EQ(WriteManifest(manifest),
            "{\"name\":\"DynamoDB-export\",\"version\":3,\n\"entries\": [\n\n]}");
  EXPECT_EQ(WriteManifest(manifest).size(), 55u);
  manifest.urls = {"s3://my-bucket/output/MyTable/92dd1414-a049-4c68-88fb-a23acd44907e",
                   "s3://my-bucket/output/MyTable/ba3f3535-7aa1-4f97-a530-e72938bf4b76"};
  std::string text = WriteManifest(manifest);
  EXPECT_EQ(text.size(), 243u);
  EXPECT_EQ(text,
            "{\"name\":\"DynamoDB-export\",\"version\":3,\n\"entries\": [\n"
            "{\"url\":\"s3://my-bucket/output/MyTable/"
            "92dd1414-a049-4c68-88fb-a23acd44907e\",\"mandatory\":true},\n"
            "{\"url\":\"s3://my-bucket/output/MyTable/"
            "ba3f3535-7aa1-4f97-a530-e72938bf4b76\",\"mandatory\":true}\n]}");
  EXPECT_EQ(*ParseManifest(text), manifest);
}

Manifest Proven() {
  Manifest manifest;
  manifest.urls = {"s3://b/p/one", "s3://b/p/two"};
  manifest.proof =
      ExportProof{.run_id = "r",
                  .table = "T",
                  .items = 5,
                  .bytes = 70,
                  .digest = {1, 3},
                  .files = {{"one", 2, 30, {0, 1}, 0x0102030405060708}, {"two", 3, 40, {1, 2}}}};
  return manifest;
}

TEST(Manifest, ProofComesBack) {
  std::string text = WriteManifest(Proven());
  EXPECT_NE(text.find("\n],\n\"x-verify\": {\"format\":1,\"runId\":\"r\","), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("crc64nvme":"AQIDBAUGBwg=")"), std::string::npos) << text;
  auto read = ParseManifest(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, Proven());
}

TEST(Manifest, RefusesWhatContradictsItself) {
  auto broken = [](const std::function<void(Manifest&)>& change) {
    Manifest manifest = Proven();
    change(manifest);
    return ParseManifest(WriteManifest(manifest));
  };
  EXPECT_FALSE(broken([](Manifest& m) { m.proof->items = 6; }));
  EXPECT_FALSE(broken([](Manifest& m) { m.proof->digest.low = 4; }));
  EXPECT_FALSE(broken([](Manifest& m) { m.urls.pop_back(); }));
  EXPECT_FALSE(broken([](Manifest& m) { m.urls[0] = "s3://b/p/three"; }));
  for (const char* text :
       {"", "{}", "[]", "{\"version\":3}", "{\"version\":2,\"entries\":[]}", "{\"entries\":[]}",
        "{\"version\":3,\"entries\":[5]}", "{\"version\":3,\"entries\":[{}]}",
        "{\"version\":3,\"entries\":[],\"x-verify\":7}",
        "{\"version\":3,\"entries\":[],\"x-verify\":{\"format\":2}}"}) {
    auto read = ParseManifest(text);
    ASSERT_FALSE(read) << text;
    EXPECT_TRUE(read.error().message.starts_with("not the manifest of an export: "))
        << read.error().message;
  }
}

TEST(Manifest, ReadsOtherWriters) {
  auto read = ParseManifest(
      R"({"more":[1],"entries":[{"mandatory":true,"url":"s3n://x/y/ae10_000000"}],"version":3})");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*RebasedNames(*read), std::vector<std::string>{"ae10_000000"});
}

TEST(Manifest, NamesStayInTheFolder) {
  for (const char* url : {"s3://b/p/", "", "s3://b/..", "s3://b/p/manifest", "s3://b/_SUCCESS"}) {
    EXPECT_FALSE(RebasedNames(Manifest{{url}, std::nullopt})) << url;
  }
  EXPECT_FALSE(RebasedNames(Manifest{{"s3://b/x/f", "s3://b/y/f"}, std::nullopt}));
  EXPECT_EQ(*RebasedNames(Manifest{{"s3://b/x/f", "/local/g", "h"}, std::nullopt}),
            (std::vector<std::string>{"f", "g", "h"}));
}

TEST(RunRecord, ComesBack) {
  RunRecord record{.run_id = "a \"run\"",
                   .table = "T",
                   .table_id = "",
                   .started_at = Instant(Duration(1'700'000'000'123)),
                   .segments = 17,
                   .style = {.format = FileFormat::kCsv,
                             .compression = Compression::kZstd,
                             .line = {NullTag::kNull, AttributeOrder::kSorted},
                             .columns = {{"Id", AttributeType::kN}, {"", AttributeType::kM}}},
                   .consistent_read = true,
                   .server_side_encryption = "aws:kms",
                   .kms_key_id = "key"};
  auto read = ParseRunRecord(WriteRunRecord(record));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, record);
  EXPECT_FALSE(ParseRunRecord("{\"format\":1,\"kind\":\"import\"}"));
  EXPECT_FALSE(ParseRunRecord("x"));
}

TEST(DataFileName, IsAStableUuid) {
  std::string name = DataFileName("run", {3, 8}, 0);
  EXPECT_EQ(name, DataFileName("run", {3, 8}, 0));
  EXPECT_NE(name, DataFileName("run", {3, 8}, 1));
  EXPECT_NE(name, DataFileName("run", {30, 80}, 0));
  ASSERT_EQ(name.size(), 36u);
  EXPECT_EQ(name[14], '5');
  EXPECT_TRUE(std::string("89ab").find(name[19]) != std::string::npos);
}

TEST(ReplacedExportTest, NamesStayInTheirFolder) {
  const ReplacedExport replaced{
      .run_id = "r", .table = "T", .manifest = "manifest", .names = {"manifest", "a/b", "..c"}};
  auto again = ParseReplacedExport(WriteReplacedExport(replaced));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, replaced);
  for (const char* name : {"", "/a", "a/", "a//b", "../a", "a/../b", "..", "./a"}) {
    ReplacedExport other = replaced;
    other.names.insert(name);
    auto refused = ParseReplacedExport(WriteReplacedExport(other));
    ASSERT_FALSE(refused) << name;
    EXPECT_NE(refused.error().message.find("no name of a file in the folder"), std::string::npos);
  }
  ReplacedExport without = replaced;
  without.names.erase("manifest");
  EXPECT_FALSE(ParseReplacedExport(WriteReplacedExport(without)));
}

}  // namespace
}  // namespace penstock
