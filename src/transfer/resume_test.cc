// Interrupted transfers that go on.
#include <gtest/gtest.h>

#include "transfer/data_file.h"
#include "transfer/import_record.h"
#include "transfer/run_record.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::DyingFiles;
using ResumeTest = testing::PagedFixture;

TEST_F(ResumeTest, AStoppedExportRepeatsOnlyPagesInFlight) {
  for (const std::string& to : {std::string("out"), std::string("s3://bucket/out")}) {
    aws_.tables["T"].items.clear();
    Fill(1000);
    aws_.scans = 0;
    aws_.faults.latency = Duration(300);
    ASSERT_GOOD(RunExport(Context(), Export("whole" + std::to_string(to.size()))));
    int whole = aws_.scans;
    aws_.scans = 0;
    int stops = 0;
    std::optional<TransferReport> done;
    for (; !done && stops < 60; ++stops) {
      auto outcome = RunExport(Context(), Export(to), {}, StopAfter(7));
      if (outcome) {
        done = *outcome;
      } else {
        EXPECT_EQ(outcome.error().code, ErrorCode::kCanceled) << outcome.error().message;
      }
    }
    aws_.stop_source = nullptr;
    ASSERT_TRUE(done);
    EXPECT_EQ(done->items, 1000u);
    EXPECT_EQ(done->resumed_from, "run-1");
    EXPECT_GT(stops, 2);
    // One page in flight at each stop; empty last pages may be asked for again.
    EXPECT_LE(aws_.scans, whole + 2 * stops) << to;
    EXPECT_TRUE(aws_.uploads.empty());
    ExpectVerified(to);
    for (const auto& [key, content] : aws_.objects) {
      EXPECT_EQ(key.find("/tail/"), std::string::npos) << key;
      EXPECT_EQ(key.find("checkpoint"), std::string::npos) << key;
    }
  }
}

TEST_F(ResumeTest, AnExportThatDiesAnywhereGoesOn) {
  Fill(300);
  int deaths = 0;
  for (int changes = 3; changes < 60; changes += 5) {
    std::string to = fmt::format("out{}", changes);
    bool done = false;
    for (int tries = 0; tries < 60 && !done; ++tries) {
      DyingFiles disk(&files_, changes + tries);
      auto outcome = RunExport(Context(&disk), Export(to));
      done = outcome.has_value();
      if (done) {
        EXPECT_EQ(outcome->items, 300u);
      } else {
        ++deaths;
      }
    }
    ASSERT_TRUE(done);
    ExpectVerified(to);
    aws_.faults.latency = Duration(300);
  }
  EXPECT_GT(deaths, 10);
}

TEST_F(ResumeTest, OrphanedUploadsAreAborted) {
  Fill(600);
  ASSERT_FALSE(RunExport(Context(), Export("s3://bucket/out"), {}, StopAfter(5)));
  aws_.stop_source = nullptr;
  std::string orphan = DataFileName("run-1", {0, 9}, 9);
  ASSERT_TRUE(s3_->CreateMultipartUpload({"bucket", "out/" + orphan}));
  ASSERT_TRUE(s3_->CreateMultipartUpload({"bucket", "out/of-another-program"}));
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  EXPECT_EQ(aws_.uploads.size(), 1u);
}

TEST_F(ResumeTest, ALaggingCheckpointStillHasItsTails) {
  Fill(2000, 200);
  int checkpoints = 0;
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    bool is_checkpoint = method == "PUT" && target.find("checkpoint.json") != std::string::npos;
    return is_checkpoint && ++checkpoints > 2 ? 403 : 0;
  };
  ASSERT_FALSE(RunExport(Context(), Export("s3://bucket/out"), {}, StopAfter(100)));
  ASSERT_GT(checkpoints, 2);
  aws_.stop_source = nullptr;
  aws_.s3_fault = nullptr;
  auto exported = RunExport(Context(), Export("s3://bucket/out"));
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 2000u);
  EXPECT_TRUE(aws_.uploads.empty());
  for (const auto& [key, content] : aws_.objects)
    EXPECT_EQ(key.find("/tail/"), std::string::npos) << key;
  ExpectVerified("s3://bucket/out");
}

TEST_F(ResumeTest, AStoppedImportGoesOn) {
  Fill(3000);
  aws_.faults.page_bytes = 1 << 20;
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  int stops = 0;
  std::optional<TransferReport> done;
  uint64_t before = 0;
  for (; !done && stops < 60; ++stops) {
    auto outcome = RunImport(Context(), Import("out"), {}, StopAfter(25));
    if (outcome) done = *outcome;
    EXPECT_GE(aws_.tables["U"].items.size(), before);
    before = aws_.tables["U"].items.size();
  }
  aws_.stop_source = nullptr;
  ASSERT_TRUE(done);
  EXPECT_GT(stops, 3);
  EXPECT_EQ(done->items, 3000u);
  EXPECT_EQ(done->resumed_from, "run-2");
  EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
  // What was in flight and the blocks it belonged to are repeated, not all.
  EXPECT_LT(aws_.batches, 3000 / 25 + stops * 10);
  EXPECT_FALSE(files_.Exists(folder_ + "/out/_penstock/import-run-2.json"));
}

TEST_F(ResumeTest, AnImportThatDiesAtItsVeryEndGoesOn) {
  for (const std::string& from : {std::string("in"), std::string("s3://bucket/in")}) {
    const std::string lines = "{\"Id\":{\"n\":\"1\"}}\ngarbage\n";
    ASSERT_TRUE(files_.MakeDirectories(folder_ + "/in"));
    ASSERT_TRUE(files_.Replace(folder_ + "/in/f", lines));
    aws_.objects["/bucket/in/f"] = lines;
    ImportOptions options = Import(from);
    options.no_manifest = true;
    options.rejects_max = 1;
    aws_.s3_fault = [](const std::string& method, const std::string& target) {
      bool is_record = target.find("import-run-2.json") != std::string::npos;
      return method == "DELETE" && is_record ? 403 : 0;
    };
    // The record cannot be removed: there it is again.
    auto first = RunImport(Context(), options);
    aws_.s3_fault = nullptr;
    if (from == "in") {
      ASSERT_GOOD(first);
      ImportRecord record{.run_id = "run-2", .source = folder_ + "/in", .table = "U"};
      record.table_id = aws_.tables["U"].id;
      record.mode = "overwrite";
      record.files.push_back(
          {"f", lines.size(), {.line = 2, .counts = {.written = 1, .rejected = 1}}});
      record.files[0].progress.is_done = true;
      record.rejects = FileMark{files_.Read(*first->rejects_file)->size(), ""};
      ASSERT_TRUE(
          files_.Replace(folder_ + "/in/_penstock/import-run-2.json", WriteImportRecord(record)));
    } else {
      ASSERT_FALSE(first);
    }
    auto second = RunImport(Context(), options);
    ASSERT_GOOD(second);
    EXPECT_EQ(second->resumed_from, "run-2");
    EXPECT_EQ(second->rejected, 1u);
    ASSERT_TRUE(second->rejects_file);
    EXPECT_TRUE(second->rejects_file->ends_with("/in/_penstock/rejected/run-2.jsonl"));
  }
}

TEST_F(ResumeTest, WithoutAStateAnImportSaysSoAtOnce) {
  Fill(3000);
  aws_.faults.page_bytes = 1 << 20;
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  aws_.s3_fault = [](const std::string& method, const std::string&) {
    return method == "GET" || method == "HEAD" ? 0 : 403;
  };
  TransferContext context = Context();
  std::vector<std::string> warnings;
  bool is_resumable = false;
  context.listener.on_warning = [&](const std::string& text) { warnings.push_back(text); };
  context.listener.on_resumable = [&] { is_resumable = true; };
  auto stopped = RunImport(context, Import("s3://bucket/out"), {}, StopAfter(20));
  aws_.stop_source = nullptr;
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().message.find("has to begin anew"), std::string::npos)
      << stopped.error().message;
  EXPECT_FALSE(is_resumable);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("--state-folder"), std::string::npos) << warnings[0];
}

TEST_F(ResumeTest, AnotherImportDoesNotGoOn) {
  Fill(3000);
  aws_.faults.page_bytes = 1 << 20;
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ASSERT_FALSE(RunImport(Context(), Import("out"), {}, StopAfter(30)));
  aws_.stop_source = nullptr;
  ImportOptions other = Import("out");
  other.resume = true;
  ImportOptions in_mode = other, as_format = other, lenient = other;
  in_mode.mode.kind = ImportMode::Kind::kSkipExisting;
  as_format.style.format = FileFormat::kDataPipeline;
  lenient.style.leniency = Leniency::kGson;
  const std::pair<ImportOptions, const char*> cases[] = {
      {in_mode, "mode is overwrite"},
      {as_format, "reads its files as what they say"},
      {lenient, "does not read leniently"},
  };
  for (const auto& [options, expected] : cases) {
    auto refused = RunImport(Context(), options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(refused.error().message.find(expected), std::string::npos) << refused.error().message;
  }
  ASSERT_GOOD(RunImport(Context(), other));
}

TEST_F(ResumeTest, AnAttemptThatCannotGoOnBeginsAnew) {
  Fill(300);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ASSERT_FALSE(RunImport(Context(), Import("out"), {}, StopAfter(4)));
  aws_.stop_source = nullptr;
  ImportOptions other = Import("out");
  other.mode.kind = ImportMode::Kind::kSkipExisting;
  auto imported = RunImport(Context(), other);
  ASSERT_GOOD(imported);
  EXPECT_FALSE(imported->resumed_from);
  EXPECT_EQ(imported->items + imported->skipped, 300u);
}

TEST_F(ResumeTest, ARetryOfARefusedImportWritesNothingAgain) {
  Write("in/f", "{\"Id\":{\"n\":\"1\"}}\ngarbage\n{\"Id\":{\"n\":\"2\"}}\n");
  ImportOptions options = Import("in");
  options.no_manifest = true;
  auto first = RunImport(Context(), options);
  ASSERT_GOOD(first);
  ASSERT_TRUE(first->refusal);
  const int batches = aws_.batches;
  for (int retry = 1; retry <= 2; ++retry) {
    auto again = RunImport(Context(), options);
    ASSERT_GOOD(again);
    ASSERT_TRUE(again->refusal);
    EXPECT_EQ(aws_.batches, batches);
    EXPECT_EQ(again->rejected, 1u);
    EXPECT_EQ(again->rejects_file, first->rejects_file);
    EXPECT_EQ(again->refusal->message, first->refusal->message);
  }
  // With more allowed it is done; and a mended file is another import.
  options.rejects_max = 1;
  auto allowed = RunImport(Context(), options);
  ASSERT_GOOD(allowed);
  EXPECT_FALSE(allowed->refusal);
  EXPECT_EQ(aws_.batches, batches);
  EXPECT_FALSE(files_.Exists(folder_ + "/in/_penstock/import-run-2.json"));
  options.rejects_max = 0;
  ASSERT_TRUE(RunImport(Context(), options)->refusal);
  Write("in/f", "{\"Id\":{\"n\":\"1\"}}\n{\"Id\":{\"n\":\"2\"}}\n");
  auto mended = RunImport(Context(), options);
  ASSERT_GOOD(mended);
  EXPECT_FALSE(mended->refusal);
  EXPECT_FALSE(mended->resumed_from);
  EXPECT_EQ(mended->items, 2u);
}

TEST_F(ResumeTest, ALaterRunOfAnExportIsNoRetry) {
  Fill(300);
  ExportOptions first = Export("out");
  first.job = "job";
  ASSERT_FALSE(RunExport(Context(), first, {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  ExportOptions later = first;
  later.run_id = "run-3";
  auto exported = RunExport(Context(), later);
  ASSERT_GOOD(exported);
  EXPECT_FALSE(exported->resumed_from) << "what was read an hour ago is not the table of now";
  EXPECT_EQ(exported->items, 300u);
  ASSERT_GOOD(RunExport(Context(), later)) << "its own retry finds it done";
  later.run_id = "run-4";
  auto refused = RunExport(Context(), later);
  ASSERT_FALSE(refused) << "a rerun must not pass an old export off as its own";
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  // Of another job even what is unfinished stays.
  ASSERT_FALSE(RunExport(Context(), Export("two"), {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  later.destination = Place("two");
  EXPECT_FALSE(RunExport(Context(), later));
}

}  // namespace
}  // namespace penstock
