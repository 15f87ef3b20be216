#include "transfer/exporter.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "transfer/disk_for_test.h"
#include "transfer/export_destination.h"
#include "transfer/manifest.h"
#include "transfer/run_record.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

class ExporterTest : public testing::PagedFixture {
 protected:
  /// Of another run than Export, which may replace what that left.
  ExportOptions Replacing(const std::string& to) {
    ExportOptions options = Export(to);
    options.run_id = "run-3";
    options.overwrite = Overwrite::kAnyExport;
    return options;
  }
};

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
  ExportOptions again = Replacing("out");
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
  ExportOptions second = Replacing("out");
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

TEST_F(ExporterTest, WhoeverLosesThePlaceTakesItsFilesAway) {
  Fill(300);
  for (const char* place : {"out", "s3://bucket/out"}) {
    ASSERT_FALSE(RunExport(Context(), Export(place), {}, StopAfter(8)));
    aws_.stop_source = nullptr;
    ExportOptions second = Replacing(place);
    second.style.format = FileFormat::kJsonLines;
    // When it has gone on, the first one loses the place, and writes some more files.
    TransferContext context = Context();
    context.listener.on_resumable = [&] { ASSERT_GOOD(RunExport(Context(), second)); };
    auto failed = RunExport(context, Export(place));
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find("run run-3 has claimed the place"), std::string::npos)
        << failed.error().message;
    ExpectVerified(place);
    auto folder = OpenDataFolder(Context(), Place(place));
    auto entries = (*folder)->List();
    ASSERT_GOOD(entries);
    for (const FolderEntry& entry : *entries)
      EXPECT_FALSE(IsDataFileOf("run-1", entry.name)) << entry.name;
    EXPECT_TRUE(aws_.uploads.empty());
    second.run_id = "run-4";
    ASSERT_GOOD(RunExport(Context(), second));
  }
}

TEST_F(ExporterTest, TwoAtOneEmptyPlaceAtOnceOneEnds) {
  aws_.faults.latency = Duration(0);
  Fill(50);
  for (int round = 0; round < 40; ++round) {
    const std::string to = fmt::format("out{}", round);
    ExportOptions options[2] = {Export(to), Export(to)};
    options[1].run_id = "run-2";
    options[1].style.format = FileFormat::kJsonLines;
    std::array<std::optional<Error>, 2> errors;
    {
      std::array<std::jthread, 2> threads;
      for (size_t i = 0; i < 2; ++i) {
        threads[i] = std::jthread([&, i] {
          auto exported = RunExport(Context(), options[i]);
          if (!exported) errors[i] = exported.error();
        });
      }
    }
    ASSERT_NE(errors[0].has_value(), errors[1].has_value()) << "round " << round;
    const Error& lost = errors[0] ? *errors[0] : *errors[1];
    EXPECT_EQ(lost.code, ErrorCode::kAlreadyExists) << lost.message;
    ExpectVerified(to);
  }
}

TEST_F(ExporterTest, WhatADyingWriteLeftBehindIsNoObstacle) {
  Fill(300);
  ASSERT_FALSE(RunExport(Context(), Export("out"), {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  for (const char* name : {".manifest.123-3.tmp", "._SUCCESS.1-0.tmp", "._table.json.9-9.tmp",
                           "_penstock/.checkpoint.json.77-1.tmp"})
    Write(std::string("out/") + name, "{");
  auto exported = RunExport(Context(), Export("out"));
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->resumed_from, "run-1");
  for (const std::string& name : Names("out")) EXPECT_FALSE(name.ends_with(".tmp")) << name;
  Write("out/.manifest.124-3.tmp", "{");
  ExportOptions again = Replacing("out");
  ASSERT_GOOD(RunExport(Context(), again));
  ExpectVerified("out");
}

TEST_F(ExporterTest, WhatCannotGoOnLosesNothing) {
  Fill(300);
  ExportOptions options = Export("out");
  options.segments = 8;
  ASSERT_FALSE(RunExport(Context(), options, {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  // After the last checkpoint a file was made that it does not know; and something foreign came.
  const std::string unknown = "out/" + DataFileName("run-1", {7, 8}, 5);
  Write(unknown, "");
  Write("out/notes.txt", "mine");
  auto refused = RunExport(Context(), options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("notes.txt. That is not of the unfinished export there"),
            std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(files_.Exists(folder_ + "/" + unknown));
  options.overwrite = Overwrite::kAnyExport;
  options.run_id = "run-2";
  refused = RunExport(Context(), options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("notes.txt. That belongs to no export"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(refused.error().message.find("replaces it"), std::string::npos);
}

TEST_F(ExporterTest, LinesThatImportsRejectedOutliveTheExport) {
  Fill(20);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  Write("out/_penstock/rejected/r.jsonl", "{}\n");
  Write("out/_penstock/import-r.json", "{}\n");
  ExportOptions again = Replacing("out");
  ASSERT_GOOD(RunExport(Context(), again));
  EXPECT_TRUE(files_.Exists(folder_ + "/out/_penstock/rejected/r.jsonl"));
  EXPECT_FALSE(files_.Exists(folder_ + "/out/_penstock/import-r.json"));
}

TEST_F(ExporterTest, AnUnfinishedReplacementSaysThatTheOldOneIsThere) {
  Fill(300);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Replacing("out");
  ASSERT_FALSE(RunExport(Context(), again, {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  again.run_id = "run-4";
  again.overwrite = Overwrite::kNothing;
  auto refused = RunExport(Context(), again);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("the finished one of table T that is still there, whole"),
            std::string::npos)
      << refused.error().message;
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
class ReplacementTest : public ExporterTest, public ::testing::WithParamInterface<Replacement> {
 protected:
  /// 60 of table T, or 40 of table U: whichever lies there whole, with what its table was.
  uint64_t ItemsOfWholeExport(const std::string& to) {
    auto whole = RunVerify(Context(), Verify("", to));
    if (!whole || whole->refusal) {
      ADD_FAILURE() << (whole ? whole->refusal->message : whole.error().message);
      return 0;
    }
    EXPECT_TRUE(whole->items == 60 || whole->items == 40) << whole->items;
    auto folder = OpenDataFolder(Context(), Place(to));
    auto table = ReadTableText(**folder);
    EXPECT_TRUE(table &&
                table->find(whole->items == 60 ? "\"TableName\": \"T\"" : "\"TableName\": \"U\"") !=
                    std::string::npos)
        << whole->items << " items, and of the table: " << table.value_or("nothing");
    return whole->items;
  }
};

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
    uint64_t items = ItemsOfWholeExport(to);
    ++(items == 60 ? old_ones : new_ones);
    // Half of them go on, the others are replaced in turn by one that dies too.
    if (changes % 2 == 0) {
      after.run_id = "run-3";
      DyingFiles other(&files_, changes / 2);
      static_cast<void>(RunExport(Context(&other), after).has_value());
      ItemsOfWholeExport(to);
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
  ExportOptions again = Replacing("s3://bucket/out");
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
