#include "transfer/exporter.h"

#include <gtest/gtest.h>

#include "transfer/disk_for_test.h"
#include "transfer/manifest.h"
#include "transfer/run_record.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using ExporterTest = testing::PagedFixture;
using testing::DyingFiles;

TEST_F(ExporterTest, AFolderMayBeCalledManifest) {
  Fill(5);
  auto exported = RunExport(Context(), Export("s3://bucket/manifest"));
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->manifest, "s3://bucket/manifest/manifest");
  for (const char* source : {"s3://bucket/manifest/", "s3://bucket/manifest/manifest"})
    ExpectVerified(source);
  ExportOptions local = Export("local");
  local.kms_key_id = "key";
  EXPECT_EQ(RunExport(Context(), local).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ExporterTest, EveryObjectIsEncryptedAsAsked) {
  Fill(40, 300'000);  // with parts
  ExportOptions options = Export("s3://bucket/out");
  options.segments = 1;
  options.server_side_encryption = "aws:kms";
  options.kms_key_id = "key";
  ASSERT_GOOD(RunExport(Context(), options));
  for (const auto& [name, content] : aws_.objects)
    EXPECT_EQ(aws_.encryption[name], "aws:kms key") << name;
}

TEST_F(ExporterTest, OverwriteReplacesAnExportAndNothingElse) {
  Fill(100);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Export("out");
  again.run_id = "run-3";
  ASSERT_FALSE(RunExport(Context(), again));
  again.overwrite = Overwrite::kAnyExport;
  Fill(120);
  auto exported = RunExport(Context(), again);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 120u);
  ExpectVerified("out");
  again.run_id = "run-4";
  for (const char* mine : {"mine.txt", "_mine", "mine.part", ".mine.part"}) {
    const std::string path = folder_ + "/out/" + mine;
    ASSERT_TRUE(files_.Replace(path, "precious"));
    auto refused = RunExport(Context(), again);
    ASSERT_FALSE(refused) << mine;
    EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
    EXPECT_TRUE(files_.Exists(folder_ + "/out/manifest"));
    ASSERT_TRUE(files_.Remove(path));
  }
  ASSERT_GOOD(RunExport(Context(), again));
}

TEST_F(ExporterTest, OnlyAnExportOfTheSameTableIsReplacedIfSo) {
  Fill(100);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Export("out");
  again.run_id = "run-3";
  again.overwrite = Overwrite::kSameTable;
  again.table = "U";
  auto refused = RunExport(Context(), again);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("not this one, which is of table T"), std::string::npos)
      << refused.error().message;
  ExpectVerified("out");
  again.table = "T";
  Fill(120);
  ASSERT_GOOD(RunExport(Context(), again));
  ExpectVerified("out");
  // As the connector writes it, a manifest does not say of what table it is.
  Write("old/manifest", WriteManifest({.urls = {"s3://b/f"}, .proof = {}}));
  Write("old/f", "");
  again.destination = Place("old");
  refused = RunExport(Context(), again);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("does not say of what table"), std::string::npos)
      << refused.error().message;
  again.overwrite = Overwrite::kAnyExport;
  ASSERT_GOOD(RunExport(Context(), again));
  ExpectVerified("old");
  EXPECT_FALSE(files_.Exists(folder_ + "/old/f"));
}

TEST_F(ExporterTest, WhatCannotBeReadReplacesNothing) {
  Fill(100);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Export("out");
  again.run_id = "run-3";
  again.overwrite = Overwrite::kAnyExport;
  aws_.refused["Scan"] = "AccessDeniedException";
  ASSERT_FALSE(RunExport(Context(), again));
  aws_.refused.clear();
  ExpectVerified("out");
  // Nor what finds no bound; of an empty place it claims nothing.
  ExportOptions headroom = Export("new");
  headroom.rate.mode = RateMode::kHeadroom;
  ASSERT_FALSE(RunExport(Context(), headroom));
  EXPECT_FALSE(files_.Exists(folder_ + "/new/_penstock/run.json"));
}

TEST_F(ExporterTest, WhoeverLosesThePlaceDoesNotFinishThere) {
  Fill(300);
  ExportOptions second = Export("out");
  second.run_id = "run-3";
  second.overwrite = Overwrite::kAnyExport;
  TransferContext context = Context();
  context.listener.on_resumable = [&] { ASSERT_GOOD(RunExport(Context(), second)); };
  auto failed = RunExport(context, Export("out"));
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("with run run-3 has claimed the place meanwhile"),
            std::string::npos)
      << failed.error().message;
  ExpectVerified("out");
  EXPECT_EQ(ParseManifest(Read("out/manifest"))->proof->run_id, "run-3");
}

TEST_F(ExporterTest, WhatWasToBeReplacedDoesNotPassForItsReplacement) {
  Fill(100);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  // Killed before it had begun, the same command is given again, with --resume.
  ExportOptions again = Export("out");
  again.run_id.clear();
  again.resume = true;
  Fill(120);
  auto done = RunExport(Context(), again);
  ASSERT_GOOD(done);
  EXPECT_EQ(done->items, 100u) << "without overwrite what is done is meant";
  again.overwrite = Overwrite::kAnyExport;
  auto replaced = RunExport(Context(), again);
  ASSERT_GOOD(replaced);
  EXPECT_EQ(replaced->items, 120u);
  EXPECT_FALSE(replaced->resumed_from);
  again.overwrite = Overwrite::kNothing;
  again.table = "U";
  auto other = RunExport(Context(), again);
  ASSERT_FALSE(other);
  EXPECT_NE(
      other.error().message.find("is finished, and another one than this: the table is now U"),
      std::string::npos)
      << other.error().message;
}

/// How one export is replaced by another: the formats of both.
struct Replacement {
  FileFormat old_format, new_format;
};
class ReplacementTest : public ExporterTest, public ::testing::WithParamInterface<Replacement> {};

TEST_P(ReplacementTest, WhoeverDiesInItLeavesTheOldOneOrTheNewOne) {
  aws_.faults.latency = Duration(0);
  Fill(60);
  for (int i = 0; i < 40; ++i)
    aws_.Put("U", fmt::format(R"({{"Id":{{"n":"{}"}},"of":{{"s":"U"}}}})", i));
  int deaths = 0, old_ones = 0, new_ones = 0;
  bool is_through = false;
  for (int changes = 1; !is_through; ++changes) {
    const std::string to = fmt::format("out{}", changes);
    ExportOptions before = Export(to);
    before.style.format = GetParam().old_format;
    ASSERT_GOOD(RunExport(Context(), before));
    ExportOptions after = Export(to);
    after.table = "U";
    after.run_id = "run-2";
    after.style.format = GetParam().new_format;
    after.overwrite = Overwrite::kAnyExport;
    DyingFiles disk(&files_, changes);
    is_through = RunExport(Context(&disk), after).has_value();
    if (!is_through) ++deaths;
    auto whole = RunVerify(Context(), Verify("", to));
    ASSERT_GOOD(whole);
    EXPECT_FALSE(whole->refusal) << whole->refusal->message;
    ASSERT_TRUE(whole->items == 60 || whole->items == 40) << whole->items;
    ++(whole->items == 60 ? old_ones : new_ones);
    // Half of them go on, the others are replaced in turn by one that dies too.
    if (changes % 2 == 0) {
      after.run_id = "run-3";
      DyingFiles other(&files_, changes / 2);
      static_cast<void>(RunExport(Context(&other), after).has_value());
      whole = RunVerify(Context(), Verify("", to));
      ASSERT_GOOD(whole);
      ASSERT_TRUE(whole->items == 60 || whole->items == 40) << whole->items;
    }
    ASSERT_GOOD(RunExport(Context(), after));
    ExpectVerified(to, "U");
    // Nothing of the old one is left: a fresh export has as many files.
    ExportOptions fresh = after;
    fresh.destination = Place(to + "fresh");
    ASSERT_GOOD(RunExport(Context(), fresh));
    auto files = OpenDataFolder(Context(), Place(to)),
         expected = OpenDataFolder(Context(), Place(to + "fresh"));
    EXPECT_EQ((*files)->List()->size(), (*expected)->List()->size()) << "after " << changes;
  }
  EXPECT_GT(deaths, 10);
  EXPECT_GT(old_ones, 5);
  EXPECT_GT(new_ones, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, ReplacementTest,
    ::testing::Values(Replacement{FileFormat::kDataPipeline, FileFormat::kDataPipeline},
                      Replacement{FileFormat::kDataPipeline, FileFormat::kDynamoDbJson},
                      Replacement{FileFormat::kDynamoDbJson, FileFormat::kDataPipeline},
                      Replacement{FileFormat::kDynamoDbJson, FileFormat::kDynamoDbJson},
                      Replacement{FileFormat::kJsonLines, FileFormat::kDataPipeline}));

TEST_F(ExporterTest, InS3TooTheOldOneStaysUntilTheNewOneIs) {
  Fill(300);
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  ExportOptions again = Export("s3://bucket/out");
  again.run_id = "run-3";
  again.overwrite = Overwrite::kAnyExport;
  Fill(320);
  ASSERT_FALSE(RunExport(Context(), again, {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  auto old = RunVerify(Context(), Verify("", "s3://bucket/out"));
  ASSERT_GOOD(old);
  EXPECT_FALSE(old->refusal);
  EXPECT_EQ(old->items, 300u);
  again.run_id.clear();
  again.resume = true;
  auto exported = RunExport(Context(), again);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->resumed_from, "run-3");
  ExpectVerified("s3://bucket/out");
  for (const auto& [name, content] : aws_.objects) {
    EXPECT_EQ(name.find("replaced"), std::string::npos);
    const std::string base = name.substr(name.rfind('/') + 1);
    EXPECT_TRUE(base.size() != 36 || IsDataFileOf("run-3", base)) << name;
  }
}

TEST_F(ExporterTest, ASlowTailIsSplitWithoutLoss) {
  Fill(2000);
  aws_.faults.latency = Duration(0);
  ExportOptions options = Export("out");
  options.segments = 1;
  options.memory_bytes = 256u << 20;
  options.splits_tail = true;
  auto exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 2000u);
  ExpectVerified("out");
  auto manifest = ParseManifest(*files_.Read(folder_ + "/out/manifest"));
  ASSERT_GOOD(manifest);
  EXPECT_GT(manifest->urls.size(), 1u);
}

}  // namespace
}  // namespace penstock
