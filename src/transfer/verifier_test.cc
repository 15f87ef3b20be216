#include "transfer/verifier.h"

#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using VerifierTest = testing::PagedFixture;

TEST_F(VerifierTest, TableAgainstTable) {
  Fill(300);
  aws_.faults.latency = Duration(0);
  aws_.tables["U"].items = aws_.tables["T"].items;
  VerifyOptions options;
  options.source = "dynamodb://T";
  options.table = "U";
  options.rate.ratio = 1;
  aws_.tables["U"].id = "id-2";
  auto verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  EXPECT_EQ(verified->items, 300u);
  aws_.Put("U", R"({"Id":{"n":"7"}})");
  verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  ASSERT_TRUE(verified->refusal);
  EXPECT_EQ(
      verified->differences,
      (std::vector<std::string>{
          "both have 300 items, with different content",
          "with other content in the table than in the first table: {\"Id\":{\"N\":\"7\"}}"}));
  // What is said of a schema names the two.
  aws_.tables["U"].ttl_attribute = "at";
  verified = RunVerify(Context(), options);
  ASSERT_GOOD(verified);
  EXPECT_EQ(verified->warnings,
            std::vector<std::string>{
                "the schema differs: the time to live: none in table T, at in table U"});
  options.table = "T";
  auto same = RunVerify(Context(), options);
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().message.find("the same table"), std::string::npos);
}

TEST_F(VerifierTest, WhatIsNoFinishedExportIsSaidToBeThat) {
  Fill(50);
  auto why = [&](const std::string& source) {
    VerifyOptions options = Verify("", source);
    auto verified = RunVerify(Context(), options);
    EXPECT_FALSE(verified);
    return verified ? "" : verified.error().message;
  };
  Write("foreign/f", R"({"Id":{"n":"1"}})"
                     "\n");
  EXPECT_EQ(why("foreign").find("--no-manifest"), std::string::npos) << why("foreign");
  EXPECT_NE(why("foreign").find("hold them against a table (--table)"), std::string::npos);

  ExportOptions options = Export("native");
  options.style.format = FileFormat::kDynamoDbJson;
  ASSERT_FALSE(RunExport(Context(), options, {}, StopAfter(1)));
  aws_.stop_source = nullptr;
  ASSERT_EQ(Names("native/AWSDynamoDB").size(), 1u);
  const std::string id = Names("native/AWSDynamoDB").front();
  for (const std::string& source : {std::string("native"), "native/AWSDynamoDB/" + id}) {
    EXPECT_NE(why(source).find("AWSDynamoDB/" + id + "/ has not finished"), std::string::npos)
        << why(source);
  }
  EXPECT_NE(why("native/AWSDynamoDB/other").find("there is no export"), std::string::npos);

  ASSERT_FALSE(RunExport(Context(), Export("out"), {}, StopAfter(1)));
  aws_.stop_source = nullptr;
  EXPECT_NE(why("out").find("is an export that has not finished"), std::string::npos);
  Write("early/_penstock/run.json", Read("out/_penstock/run.json"));
  EXPECT_NE(why("early").find("/early has not finished"), std::string::npos) << why("early");
}

TEST_F(VerifierTest, EqualWithoutManifestIsNotSaidOfAnExport) {
  Fill(1);
  Write("foreign/f", aws_.tables["T"].items.begin()->second + "\n");
  auto verified = RunVerify(Context(), Verify("T", "foreign"));
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  ASSERT_EQ(verified->warnings.size(), 1u);
  EXPECT_NE(verified->warnings[0].find("whether or not they are a whole export"),
            std::string::npos);
}

// By whatever a file differs from what its manifest says, the answer is no and not an error.
TEST_F(VerifierTest, DamagedFilesAreDifferences) {
  Fill(200);
  for (FileFormat format : {FileFormat::kDataPipeline, FileFormat::kDynamoDbJson}) {
    for (Compression compression : {Compression::kNone, Compression::kGzip}) {
      // That of DynamoDB's own format is compressed anyway.
      if (format == FileFormat::kDynamoDbJson && compression == Compression::kNone) continue;
      const std::string out =
          fmt::format("out-{}-{}", static_cast<int>(format), static_cast<int>(compression));
      ExportOptions options = Export(out);
      options.segments = 1;
      options.style.format = format;
      options.style.compression = compression;
      ASSERT_GOOD(RunExport(Context(), options));
      std::string file;
      auto folder = OpenDataFolder(Context(), folder_ + "/" + out);
      ASSERT_GOOD(folder);
      auto entries = (*folder)->List();
      ASSERT_GOOD(entries);
      for (const FolderEntry& entry : *entries) {
        const bool is_data = format == FileFormat::kDynamoDbJson
                                 ? entry.name.find("/data/") != std::string::npos
                                 : entry.name.find('/') == std::string::npos && entry.size > 1000 &&
                                       entry.name[0] != '_' && entry.name != "manifest";
        if (is_data) file = out + "/" + entry.name;
      }
      ASSERT_FALSE(file.empty());
      const std::string whole = Read(file);
      std::string changed = whole;
      changed[changed.size() / 2] ^= 1;
      const std::pair<const char*, std::string> damages[] = {
          {"truncated", whole.substr(0, whole.size() / 2)},
          {"empty", ""},
          {"longer", whole + "x"},
          {"changed", changed},
          {"missing", ""}};
      for (const auto& [name, content] : damages) {
        Write(file, content);
        if (name == std::string("missing")) {
          ASSERT_TRUE(files_.Remove(folder_ + "/" + file));
        }
        for (const char* table : {"", "T"}) {
          aws_.scans = 0;
          auto verified = RunVerify(Context(), Verify(table, out));
          ASSERT_TRUE(verified) << out << " " << name << ": " << verified.error().message;
          EXPECT_TRUE(verified->refusal) << out << " " << name;
          EXPECT_FALSE(verified->differences.empty());
        }
        // Half an export is not worth what a scan costs.
        if (name != std::string("changed")) {
          EXPECT_EQ(aws_.scans, 0) << out << " " << name;
        }
      }
      Write(file, whole);
      auto verified = RunVerify(Context(), Verify("T", out));
      ASSERT_GOOD(verified);
      EXPECT_FALSE(verified->refusal) << verified->refusal->message;
    }
  }
  Write("bad/manifest", "{");
  EXPECT_FALSE(RunVerify(Context(), Verify("", "bad")));
}

TEST_F(VerifierTest, TablesOfTwoPlaces) {
  // Another server, with a copy of T: its id too is the same.
  testing::FakeAws elsewhere(&clock_);
  Fill(300, 400);
  elsewhere.tables["T"] = aws_.tables["T"];
  elsewhere.faults = aws_.faults;
  aws_.tables["T"].read_units = 100;
  elsewhere.tables["T"].read_units = 2;
  DynamoDbClient source(
      {&elsewhere, &clock_, &random_},
      {"http://elsewhere.test", "eu-west-1", StaticCredentials({"AKID2", "secret2", ""})});
  TransferContext context = Context();
  context.source_dynamodb = &source;
  VerifyOptions options = Verify("T", "dynamodb://T");
  options.rate.ratio = 0.5;
  options.segments = 1;
  auto verified = RunVerify(context, options);
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  EXPECT_EQ(verified->items, 300u);
  // Each side by what its own table gives: 1 unit a second, and 50.
  const auto [asked, other] = std::pair(elsewhere.reads, aws_.reads);
  ASSERT_GT(asked.size(), 10u);
  EXPECT_EQ(asked.size(), other.size());
  EXPECT_LE(testing::WindowMax(asked), 1.05 * 10 + 1);
  EXPECT_GT(testing::WindowMax(other), 1.05 * 10 + 1);

  elsewhere.Put("T", R"({"Id":{"n":"7"}})");
  elsewhere.tables["T"].ttl_attribute = "at";
  verified = RunVerify(context, options);
  ASSERT_GOOD(verified);
  ASSERT_TRUE(verified->refusal);
  EXPECT_EQ(verified->refusal->message,
            "the first table T (eu-west-1, http://elsewhere.test) is not the content of table T "
            "(us-east-1, http://aws.test): both have 300 items, with different content");
  EXPECT_EQ(verified->differences.back(),
            "with other content in the table than in the first table: {\"Id\":{\"N\":\"7\"}}");
  EXPECT_EQ(verified->warnings,
            std::vector<std::string>{
                "the schema differs: the time to live: at in the first table T (eu-west-1, "
                "http://elsewhere.test), none in table T (us-east-1, http://aws.test)"});

  // Other credentials alone lead to the same table.
  DynamoDbClient again({&aws_, &clock_, &random_}, {"http://aws.test", "us-east-1",
                                                    StaticCredentials({"AKID2", "secret2", ""})});
  context.source_dynamodb = &again;
  auto same = RunVerify(context, options);
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().message.find("the same table"), std::string::npos);
}

TEST_F(VerifierTest, HeadroomIsAskedOfTheSourcesOwnCloudWatch) {
  DynamoDbClient source({&aws_, &clock_, &random_}, {"http://elsewhere.test", "eu-west-1",
                                                     StaticCredentials({"AKID2", "secret2", ""})});
  TransferContext context = Context();
  context.source_dynamodb = &source;
  context.cloudwatch = {{&aws_, &clock_, &random_},
                        {"http://cw", "us-east-1", StaticCredentials({"A", "s", ""})}};
  VerifyOptions options = Verify("U", "dynamodb://T");
  options.rate.mode = RateMode::kHeadroom;
  auto verified = RunVerify(context, options);
  ASSERT_FALSE(verified);
  EXPECT_NE(verified.error().message.find("no CloudWatch endpoint is configured"),
            std::string::npos)
      << verified.error().message;
}

}  // namespace
}  // namespace penstock
