// Whole transfers against a strict and faulty DynamoDB, an S3 and a disk.
#include "transfer/transfer.h"

#include <gtest/gtest.h>

#include <zlib.h>

#include <regex>

#include "transfer/manifest.h"
#include "transfer/run_record.h"
#include "transfer/s3_folder.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::DyingFiles;
using testing::WindowMax;

const KeySchema kIdKey{{{"Id", AttributeType::kN}}};

class TransferTest : public testing::TransferFixture {
 protected:
  void Fill(const std::string& table, int items, int padding = 20) {
    aws_.tables[table].key = kIdKey;
    for (int i = 0; i < items; ++i) {
      aws_.Put(
          table,
          fmt::format(
              R"({{"Id":{{"n":"{}"}},"Name":{{"s":"n\u00e9 {}"}},"Pad":{{"s":"{}"}},"tags":{{"sS":["a","b"]}}}})",
              i, i, std::string(static_cast<size_t>(padding), 'x')));
    }
  }
  void Empty(const std::string& table) { aws_.tables[table].key = kIdKey; }
};

TEST_F(TransferTest, RoundTripOnDisk) {
  Fill("T", 3000);
  Empty("U");
  auto exported = RunExport(Context(&disk_), Export());
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 3000u);
  EXPECT_GT(exported->consumed_units, 0);
  EXPECT_FALSE(exported->resumed_from);
  EXPECT_EQ(exported->manifest, folder_ + "/out/manifest");
  std::vector<std::string> names = Names("out");
  EXPECT_TRUE(std::find(names.begin(), names.end(), "_SUCCESS") != names.end());

  auto imported = RunImport(Context(&disk_), Import("U"));
  ASSERT_GOOD(imported);
  EXPECT_FALSE(imported->refusal);
  EXPECT_EQ(imported->items, 3000u);
  EXPECT_EQ(imported->digest, exported->digest);
  EXPECT_EQ(imported->bytes, exported->bytes);
  EXPECT_EQ(aws_.tables["T"].items, aws_.tables["U"].items);

  auto verified = RunVerify(Context(), Verify("U"));
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  EXPECT_EQ(verified->digest, exported->digest);
}

TEST_F(TransferTest, RoundTripInS3WithParts) {
  Fill("T", 40, 300'000);
  Empty("U");
  auto exported = RunExport(Context(), [&] {
    auto options = Export("s3://bucket/some/folder/");
    options.segments = 1;
    return options;
  }());
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->manifest, "s3://bucket/some/folder/manifest");
  EXPECT_TRUE(aws_.uploads.empty());
  // Moved elsewhere, the manifest still serves.
  std::map<std::string, std::string> moved;
  for (const auto& [key, content] : aws_.objects) {
    moved["/other/x" + key.substr(std::string("/bucket/some/folder").size())] = content;
  }
  aws_.objects = moved;
  auto imported = RunImport(Context(), Import("U", "s3a://other/x/manifest"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(aws_.tables["T"].items, aws_.tables["U"].items);
  auto verified = RunVerify(Context(), Verify("U", "s3://other/x"));
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal);
}

TEST_F(TransferTest, FaultsLoseNothing) {
  Fill("T", 2000);
  Empty("U");
  aws_.faults = {.server_error_every = 7,
                 .lost_answer_every = 11,
                 .empty_page_every = 5,
                 .unprocessed_every = 3,
                 .throttle_every = 9,
                 .poison = "",
                 .page_bytes = 3000};
  auto exported = RunExport(Context(), Export());
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 2000u);
  EXPECT_GT(exported->throttled_requests, 0u);
  auto imported = RunImport(Context(), Import("U"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 2000u);
  EXPECT_EQ(imported->digest, exported->digest);
  EXPECT_EQ(aws_.tables["T"].items, aws_.tables["U"].items);
}

TEST_F(TransferTest, StaysWithinItsShare) {
  Fill("T", 4000, 2000);
  Empty("U");
  aws_.tables["T"].read_units = 100;
  aws_.tables["T"].is_enforced = true;
  aws_.tables["U"].write_units = 400;
  aws_.tables["U"].is_enforced = true;
  auto options = Export();
  options.rate.ratio = 0.25;
  options.memory_bytes = 1;  // one worker: time on the fake clock is then exact
  options.segments = 5;
  auto exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->throttled_requests, 0u);
  EXPECT_LE(WindowMax(aws_.reads), 1.05 * 25 * 10 + 12.5);
  EXPECT_GE(exported->consumed_units, 0.95 * 25 * exported->seconds - 12.5);
  EXPECT_NEAR(exported->allowed_units, 25 * exported->seconds, 30);

  auto write = Import("U");
  write.memory_bytes = 1;
  auto imported = RunImport(Context(), write);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->throttled_requests, 0u);
  EXPECT_LE(WindowMax(aws_.writes), 1.05 * 400 * 10 + 75);
  EXPECT_GE(imported->consumed_units, 0.95 * 400 * imported->seconds - 400);
}

TEST_F(TransferTest, SlowTablesGetNoBursts) {
  Fill("T", 120);
  Empty("U");
  ASSERT_GOOD(RunExport(Context(), Export()));
  aws_.tables["U"].write_units = 4;
  aws_.tables["U"].is_enforced = true;
  auto options = Import("U");
  options.memory_bytes = 1;
  auto imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 120u);
  EXPECT_EQ(imported->throttled_requests, 0u);
  EXPECT_LE(WindowMax(aws_.writes), 1.05 * 4 * 10 + 2);
  EXPECT_GE(imported->consumed_units, 0.95 * 4 * imported->seconds - 4);
}

TEST_F(TransferTest, EmptyTable) {
  Empty("T");
  Empty("U");
  auto exported = RunExport(Context(), Export());
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 0u);
  auto manifest = ParseManifest(*files_.Read(folder_ + "/out/manifest"));
  ASSERT_GOOD(manifest);
  EXPECT_TRUE(manifest->urls.empty());
  auto imported = RunImport(Context(), Import("U"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 0u);
}

TEST_F(TransferTest, ForeignDestinationIsRefused) {
  Fill("T", 10);
  Write("out/precious.txt", "mine");
  auto refused = RunExport(Context(), Export());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(refused.error().message.find("precious.txt"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(Names("out"), std::vector<std::string>{"precious.txt"});

  ASSERT_GOOD(RunExport(Context(), Export("two")));
  auto other = Export("two");
  other.run_id = "run-2";
  refused = RunExport(Context(), other);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("holds the finished export of table T begun at"),
            std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find("run run-1"), std::string::npos)
      << refused.error().message;
  ASSERT_TRUE(files_.Remove(folder_ + "/two/manifest"));
  refused = RunExport(Context(), other);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("resume it (--resume)"), std::string::npos)
      << refused.error().message;
  static_cast<void>(disk_.RemoveTree(folder_ + "/two").has_value());
  ASSERT_GOOD(RunExport(Context(), Export("two")));
  // The same run finds itself done.
  auto again = RunExport(Context(), Export("two"));
  ASSERT_GOOD(again);
  EXPECT_EQ(again->resumed_from, "run-1");
  EXPECT_EQ(again->items, 10u);
}

TEST_F(TransferTest, DiesAnywhereAndGoesOn) {
  Fill("T", 400);
  Empty("U");
  int deaths = 0;
  for (int changes = 0; changes < 45; changes += 2) {
    std::string to = fmt::format("out{}", changes);
    auto options = Export(to);
    options.segments = 6;
    // Dies again and again, a little later each time, until it is through.
    bool done = false;
    for (int tries = 0; tries < 50 && !done; ++tries) {
      DyingFiles disk(&files_, changes + tries);
      auto outcome = RunExport(Context(&disk), options);
      done = outcome.has_value();
      if (!done) {
        ++deaths;
        // Nobody takes it for an export.
        auto imported = RunImport(Context(), Import("U", to));
        EXPECT_TRUE(!imported || files_.Exists(folder_ + "/" + to + "/manifest"));
        options.resume = tries % 2 == 1;
        if (options.resume) options.run_id = "";
        if (!files_.Exists(folder_ + "/" + to + "/_penstock/run.json")) options.run_id = "run-1";
      } else {
        EXPECT_EQ(outcome->items, 400u);
      }
    }
    ASSERT_TRUE(done);
    auto verified = RunVerify(Context(), Verify("T", to));
    ASSERT_GOOD(verified);
    EXPECT_FALSE(verified->refusal) << verified->refusal->message;
    for (const std::string& name : Names(to)) EXPECT_FALSE(name.ends_with(".part")) << name;
    ExpectChecksums(to);
  }
  EXPECT_GT(deaths, 40);
}

TEST_F(TransferTest, ResumeWithOtherParametersIsRefused) {
  Fill("T", 10);
  DyingFiles disk(&files_, 4);
  ASSERT_FALSE(RunExport(Context(&disk), Export()));
  auto other = Export();
  other.style.line.null_tag = NullTag::kNull;
  auto refused = RunExport(Context(), other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  other = Export();
  other.server_side_encryption = "aws:kms";
  refused = RunExport(Context(), other);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("encrypted in another way"), std::string::npos)
      << refused.error().message;
  aws_.tables["T"].id = "id-2";
  EXPECT_FALSE(RunExport(Context(), Export()));
}

TEST_F(TransferTest, DamagedExportsAreRefusedBeforeTheFirstWrite) {
  Fill("T", 500);
  Empty("U");
  auto export_options = Export();
  export_options.segments = 3;
  ASSERT_GOOD(RunExport(Context(), export_options));
  std::string file = FirstDataFile(), path = folder_ + "/" + file, content = *files_.Read(path);
  auto refused = [&](const std::string& expected) {
    auto imported = RunImport(Context(), Import("U"));
    ASSERT_FALSE(imported);
    EXPECT_NE(imported.error().message.find(expected), std::string::npos)
        << imported.error().message;
    EXPECT_TRUE(aws_.tables["U"].items.empty());
    EXPECT_EQ(aws_.batches, 0);
  };
  std::string changed = content;
  changed[changed.find("xxx")] = 'y';
  Write(file, changed);
  refused("CRC64NVME");
  auto verified = RunVerify(Context(), Verify(""));
  ASSERT_GOOD(verified);
  ASSERT_TRUE(verified->refusal);
  Write(file, content + "\n");
  refused("bytes, its manifest says");
  Write(file, content.substr(0, content.size() / 2) +
                  std::string(content.size() - content.size() / 2, ' '));
  refused("CRC64NVME");
  // As an earlier version wrote it, whose items had to be read for that.
  const std::string without_crc =
      std::regex_replace(Read("out/manifest"), std::regex(R"(,"crc64nvme":"[^"]*")"), "");
  Write("out/manifest", without_crc);
  refused("line");
  Write(file, changed);
  refused("digest");
  ASSERT_TRUE(files_.Remove(path));
  refused("which is not in");
  Write("out/manifest", "{\"version\":");
  refused("manifest");
}

TEST_F(TransferTest, ItemsAreHeldAgainstTheirDigestAsTheyAreWritten) {
  Fill("T", 300);
  Empty("U");
  ASSERT_GOOD(RunExport(Context(), Export()));
  // The bytes are right, and the manifest in itself; but other items were meant.
  auto manifest = ParseManifest(Read("out/manifest"));
  ASSERT_GOOD(manifest);
  ContentDigest one{0, 1};
  manifest->proof->files[0].digest.Add(one);
  manifest->proof->digest.Add(one);
  Write("out/manifest", WriteManifest(*manifest));
  auto imported = RunImport(Context(), Import("U"));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(imported.error().message.find("have the digest"), std::string::npos)
      << imported.error().message;
}

TEST_F(TransferTest, WithoutManifest) {
  Empty("U");
  Write("out/part", R"({"Id":{"n":"1"}})"
                    "\n");
  auto refused = RunImport(Context(), Import("U"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--no-manifest"), std::string::npos);
  auto allowed = Import("U");
  allowed.no_manifest = true;
  auto imported = RunImport(Context(), allowed);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 1u);
  EXPECT_EQ(imported->warnings.size(), 1u);

  // The Hive age had no manifests.
  Write("old/ae10f955-fb2f-4790-9b11-fbfea01a871e_000000",
        "Id\x03{\"n\":\"101\"}\x02Title\x03{\"s\":\"Book\"}\n\nId\x03{\"n\":\"102\"}\x02z\x03{"
        "\"nULL\":true}\n");
  imported = RunImport(Context(), Import("U", "old"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 2u);
  EXPECT_EQ(imported->blank_lines, 1u);
  EXPECT_EQ(imported->warnings.size(), 1u);
  EXPECT_EQ(aws_.tables["U"].items.size(), 3u);

  EXPECT_EQ(RunImport(Context(), Import("U", "nothing")).error().code, ErrorCode::kNotFound);
  Write("dates/2014-05-01/manifest", "{}");
  Write("dates/2014-05-02/manifest", "{}");
  auto deeper = RunImport(Context(), Import("U", "dates"));
  ASSERT_FALSE(deeper);
  EXPECT_TRUE(
      deeper.error().message.ends_with("there is one deeper: " + folder_ + "/dates/2014-05-02"))
      << deeper.error().message;
}

TEST_F(TransferTest, RejectsAreNamedAndTheRestGoesIn) {
  Empty("U");
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines +=
        fmt::format(R"({{"Id":{{"n":"{}"}},"v":{{"s":"{}"}}}})", i, i == 40 ? "poison" : "ok") +
        "\n";
  lines += R"({"Id":{"s":"text"}})"
           "\n"
           R"({"Id":{"n":"abc"}})"
           "\n"
           "garbage\n";
  Write("out/f", lines);
  aws_.faults.poison = "poison";
  auto options = Import("U");
  options.no_manifest = true;
  auto imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 99u);
  EXPECT_EQ(imported->rejected, 4u);
  EXPECT_EQ(aws_.tables["U"].items.size(), 99u);
  ASSERT_TRUE(imported->refusal);
  std::set<uint64_t> at;
  for (const Reject& reject : imported->rejects) at.insert(reject.line);
  EXPECT_EQ(at, (std::set<uint64_t>{41, 101, 102, 103}));
  options.rejects_max = 4;
  imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_FALSE(imported->refusal);
}

TEST_F(TransferTest, TheLastOfEqualKeysStays) {
  Empty("U");
  std::string lines;
  for (int i = 0; i < 3000; ++i)
    lines += fmt::format(R"({{"Id":{{"n":"{}.0"}},"v":{{"n":"{}"}}}})", i % 40, i) + "\n";
  Write("out/f", lines);
  aws_.faults.unprocessed_every = 2;
  aws_.faults.server_error_every = 5;
  auto options = Import("U");
  options.no_manifest = true;
  auto imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(aws_.tables["U"].items.size(), 40u);
  EXPECT_EQ(imported->items + imported->duplicates, 3000u);
  for (const auto& [key, item] : aws_.tables["U"].items) {
    auto object = json::ParseObject(item);
    EXPECT_GE(std::stoi(std::string(object->at("v").at("N").as_string())), 2960) << item;
  }
}

TEST_F(TransferTest, AWrongTableIsRefusedBeforeTheFirstWrite) {
  Fill("T", 50);
  ASSERT_GOOD(RunExport(Context(), Export()));
  aws_.tables["V"].key = {{{"Artist", AttributeType::kS}, {"Song", AttributeType::kS}}};
  auto refused = RunImport(Context(), Import("V"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Artist (S), Song (S)"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(aws_.batches, 0);
  refused = RunImport(Context(), Import("Nowhere"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_NE(refused.error().message.find("Nowhere"), std::string::npos);
}

TEST_F(TransferTest, VerifyNamesTheDifferences) {
  Fill("T", 300);
  ASSERT_GOOD(RunExport(Context(), Export()));
  aws_.Put("T", R"({"Id":{"n":"7"},"changed":{"bOOL":true}})");
  aws_.Put("T", R"({"Id":{"n":"9999"}})");
  auto verified = RunVerify(Context(), Verify("T"));
  ASSERT_GOOD(verified);
  ASSERT_TRUE(verified->refusal);
  std::set<std::string> found(verified->differences.begin(), verified->differences.end());
  EXPECT_TRUE(found.contains("the table has more items: 301 in the table, 300 in the export"));
  EXPECT_TRUE(
      found.contains("with other content in the table than in the export: {\"Id\":{\"N\":\"7\"}}"));
  EXPECT_TRUE(
      found.contains("in the table and not, or not so, in the export: {\"Id\":{\"N\":\"9999\"}}"));
  EXPECT_EQ(found.size(), 3u);
}

TEST_F(TransferTest, StopsAndGoesOn) {
  Fill("T", 2000);
  aws_.faults.page_bytes = 2000;
  std::stop_source stop;
  aws_.stop_source = &stop;
  aws_.calls_until_stop = 20;
  auto stopped = RunExport(Context(), Export(), {}, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCanceled);
  auto done = RunExport(Context(), Export());
  ASSERT_GOOD(done);
  EXPECT_EQ(done->resumed_from, "run-1");
  Empty("U");
  std::stop_source stop_import;
  aws_.stop_source = &stop_import;
  aws_.calls_until_stop = 20;
  stopped = RunImport(Context(), Import("U"), {}, stop_import.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCanceled);
  ASSERT_GOOD(RunImport(Context(), Import("U")));
  EXPECT_EQ(aws_.tables["T"].items, aws_.tables["U"].items);
}

TEST_F(TransferTest, ATableThatGoesAwayEndsTheJob) {
  Fill("T", 500);
  Empty("U");
  ASSERT_GOOD(RunExport(Context(), Export()));
  aws_.tables.erase("T");
  auto verified = RunVerify(Context(), Verify("T"));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::kNotFound);
}

TEST_F(TransferTest, ReadsGzip) {
  Empty("U");
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += fmt::format(R"({{"Id":{{"n":"{}"}}}})", i) + "\n";
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/out"));
  std::string path = folder_ + "/out/ba3f3535-7aa1-4f97-a530-e72938bf4b76.gz";
  // Two members in a row, as concatenated files are.
  for (const char* mode : {"wb", "ab"}) {
    gzFile file = gzopen(path.c_str(), mode);
    gzwrite(file, lines.data(), static_cast<unsigned>(lines.size()));
    gzclose(file);
  }
  Write("out/manifest",
        WriteManifest({{"s3://gone/ba3f3535-7aa1-4f97-a530-e72938bf4b76.gz"}, std::nullopt}));
  auto imported = RunImport(Context(), Import("U"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items + imported->duplicates, 10'000u);
  EXPECT_EQ(aws_.tables["U"].items.size(), 5000u);
  std::string torn = *files_.Read(path);
  Write("out/ba3f3535-7aa1-4f97-a530-e72938bf4b76.gz", torn.substr(0, torn.size() - 20));
  auto refused = RunImport(Context(), Import("U"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("gzip"), std::string::npos) << refused.error().message;
}

TEST_F(TransferTest, TrickyItemsSurvive) {
  aws_.tables["T"].key = {{{"pk", AttributeType::kS}}};
  aws_.tables["U"].key = {{{"pk", AttributeType::kS}}};
  std::string lines = *files_.Read(std::string(PENSTOCK_SOURCE_DIR) +
                                   "/tests/golden/transfer/tricky-legacy-v6.jsonl");
  for (size_t at = 0; at < lines.size();) {
    size_t end = lines.find('\n', at);
    aws_.Put("T", std::string_view(lines).substr(at, end - at));
    at = end + 1;
  }
  for (NullTag tag : {NullTag::kNull, NullTag::kNullValue}) {
    auto options = Export(tag == NullTag::kNull ? "a" : "b");
    options.style.line = {tag, AttributeOrder::kSorted};
    auto exported = RunExport(Context(), options);
    ASSERT_GOOD(exported);
    EXPECT_EQ(exported->items, 74u);
    aws_.tables["U"].items.clear();
    auto imported = RunImport(Context(), Import("U", tag == NullTag::kNull ? "a" : "b"));
    ASSERT_GOOD(imported);
    EXPECT_EQ(imported->digest, exported->digest);
    EXPECT_EQ(aws_.tables["U"].items.size(), 74u);
  }
}

TEST_F(TransferTest, ReportsProgress) {
  Fill("T", 3000, 1000);
  aws_.tables["T"].read_units = 50;
  std::vector<Progress> seen;
  auto options = Export();
  options.memory_bytes = 1;
  ASSERT_GOOD(
      RunExport(Context(), options, [&](const Progress& progress) { seen.push_back(progress); }));
  ASSERT_GT(seen.size(), 5u);
  EXPECT_EQ(seen.back().items, 3000u);
  EXPECT_EQ(seen[3].limited_by, "rate: 1 of 50 units/s (provisioned)");
  EXPECT_TRUE(seen[3].eta_seconds && *seen[3].eta_seconds > 0);
  EXPECT_EQ(seen[3].target, 50);
  for (size_t i = 1; i < seen.size(); ++i) EXPECT_GE(seen[i].items, seen[i - 1].items);
}

TEST_F(TransferTest, BadOptionsSayWhatIsWrong) {
  Fill("T", 1);
  auto options = Export();
  options.rate.ratio = 50;
  EXPECT_EQ(RunExport(Context(), options).error().code, ErrorCode::kInvalidArgument);
  options = Export();
  options.destination = "s3://";
  EXPECT_EQ(RunExport(Context(), options).error().code, ErrorCode::kInvalidArgument);
  options = Export();
  options.destination = "";
  EXPECT_EQ(RunExport(Context(), options).error().code, ErrorCode::kInvalidArgument);
  // A manifest could not say where its files are.
  for (const std::string& place : {folder_ + "/nl/\xFF", std::string("s3://b/nl\xFF")}) {
    options.destination = place;
    auto refused = RunExport(Context(), options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(refused.error().message.find("\\xff\" is not valid UTF-8"), std::string::npos)
        << refused.error().message;
  }
  EXPECT_FALSE(files_.Exists(folder_ + "/nl"));
  options = Export();
  options.manifest_base = "s3://b/f\xFF";
  EXPECT_EQ(RunExport(Context(), options).error().code, ErrorCode::kInvalidArgument);
  EXPECT_FALSE(files_.Exists(options.destination));
  options = Export();
  auto context = Context();
  context.s3 = nullptr;
  options.destination = "s3://b/p";
  EXPECT_EQ(RunExport(context, options).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace penstock
