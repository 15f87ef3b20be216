// Interrupted transfers that go on, modes of import, tables that are made again, bounds of indexes,
// faults of S3.
#include <gtest/gtest.h>

#include <cstdlib>

#include "system/posix_files.h"
#include "transfer/converter.h"
#include "transfer/estimate.h"
#include "transfer/export_checkpoint.h"
#include "transfer/foreign_load.h"
#include "transfer/import_record.h"
#include "transfer/report_page.h"
#include "transfer/run_record.h"
#include "transfer/transfer.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::DyingFiles;
using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;
using testing::WindowMax;

class ResumeTest : public ::testing::Test {
 protected:
  ResumeTest() {
    char name[] = "/tmp/penstock-resume-XXXXXX";
    folder_ = ::mkdtemp(name);
    ServiceEndpoint endpoint{"http://aws.test", "us-east-1",
                             StaticCredentials({"AKID", "secret", ""})};
    ClientContext context{&aws_, &clock_, &random_};
    dynamodb_.emplace(context, endpoint);
    s3_.emplace(context, endpoint);
    aws_.faults.page_bytes = 2000;
    aws_.faults.latency = Duration(300);  // so that time passes and checkpoints are due
    for (const char* table : {"T", "U"}) aws_.tables[table].key = {{{"Id", AttributeType::kN}}};
    aws_.tables["T"].read_units = aws_.tables["U"].write_units = 1e6;
  }
  ~ResumeTest() override { static_cast<void>(files_.RemoveTree(folder_).has_value()); }

  TransferContext Context(Files* files = nullptr) {
    return {&*dynamodb_, &*s3_, files != nullptr ? files : &files_, &clock_, &random_};
  }
  void Fill(int items, int padding = 20) {
    for (int i = 0; i < items; ++i) {
      aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"at":{{"n":"{}"}},"Pad":{{"s":"{}"}}}})", i,
                                i, std::string(static_cast<size_t>(padding), 'x')));
    }
  }
  ExportOptions Export(const std::string& to) {
    ExportOptions options;
    options.table = "T";
    options.destination = to.starts_with("s3") ? to : folder_ + "/" + to;
    options.rate.ratio = 1;
    options.run_id = "run-1";
    options.segments = 4;
    options.memory_bytes = 1;
    return options;
  }
  ImportOptions Import(const std::string& from) {
    ImportOptions options;
    options.source = from.starts_with("s3") ? from : folder_ + "/" + from;
    options.table = "U";
    options.rate.ratio = 1;
    options.run_id = "run-2";
    options.memory_bytes = 1;
    return options;
  }
  /// Stops after so many data calls.
  std::stop_token StopAfter(int calls) {
    stop_ = std::stop_source();
    aws_.stop_source = &stop_;
    aws_.calls_until_stop = calls;
    return stop_.get_token();
  }
  void ExpectVerified(const std::string& source) {
    aws_.faults.latency = Duration(0);
    VerifyOptions options;
    options.source = source.starts_with("s3") ? source : folder_ + "/" + source;
    options.table = "T";
    options.rate.ratio = 1;
    auto verified = RunVerify(Context(), options);
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  }

  std::string folder_;
  FakeClock clock_;
  FakeRandom random_;
  FakeAws aws_{&clock_};
  PosixFiles files_;
  std::optional<DynamoDbClient> dynamodb_;
  std::optional<S3Client> s3_;
  std::stop_source stop_;
};

#define EXPECT_GOOD(result) ASSERT_TRUE(result) << (result).error().message

TEST_F(ResumeTest, AStoppedExportRepeatsOnlyPagesInFlight) {
  for (const std::string& to : {std::string("out"), std::string("s3://bucket/out")}) {
    aws_.tables["T"].items.clear();
    Fill(1000);
    aws_.scans = 0;
    aws_.faults.latency = Duration(300);
    EXPECT_GOOD(RunExport(Context(), Export("whole" + std::to_string(to.size()))));
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
  EXPECT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
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
  EXPECT_GOOD(exported);
  EXPECT_EQ(exported->items, 2000u);
  EXPECT_TRUE(aws_.uploads.empty());
  for (const auto& [key, content] : aws_.objects)
    EXPECT_EQ(key.find("/tail/"), std::string::npos) << key;
  ExpectVerified("s3://bucket/out");
}

TEST_F(ResumeTest, RejectsSurviveSavesThatFail) {
  std::string lines;
  for (int i = 0; i < 4000; ++i) {
    lines += i % 100 == 7 ? "garbage " + std::to_string(i) + "\n"
                          : fmt::format(R"({{"Id":{{"n":"{}"}}}})", i) + "\n";
  }
  aws_.objects["/bucket/in/f"] = lines;
  ImportOptions options = Import("s3://bucket/in");
  options.no_manifest = true;
  options.rejects_max = 100;
  int saves = 0;
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    return method == "PUT" && target.find("/tail/") != std::string::npos && ++saves % 2 == 1 ? 403
                                                                                             : 0;
  };
  std::optional<TransferReport> done;
  for (int stops = 0; !done && stops < 60; ++stops) {
    auto outcome = RunImport(Context(), options, {}, StopAfter(40));
    if (outcome) done = *outcome;
  }
  aws_.stop_source = nullptr;
  ASSERT_TRUE(done);
  EXPECT_GT(saves, 1);
  const std::string& kept = aws_.objects["/bucket/in/_penstock/rejected/run-2.jsonl"];
  EXPECT_EQ(std::count(kept.begin(), kept.end(), '\n'), 40);
}

TEST_F(ResumeTest, AnImportThatDiesAtItsVeryEndGoesOn) {
  for (const std::string& from : {std::string("in"), std::string("s3://bucket/in")}) {
    const std::string lines = "{\"Id\":{\"n\":\"1\"}}\ngarbage\n";
    ASSERT_TRUE(files_.MakeDirectories(folder_ + "/in"));
    ASSERT_TRUE(files_.Replace(folder_ + "/in/f", lines));
    aws_.objects["/bucket/in/f"] = lines;
    ImportOptions options = Import(from);
    options.no_manifest = true;
    aws_.s3_fault = [](const std::string& method, const std::string& target) {
      bool is_record = target.find("import-run-2.json") != std::string::npos;
      return method == "DELETE" && is_record ? 403 : 0;
    };
    // The record cannot be removed: there it is again.
    auto first = RunImport(Context(), options);
    aws_.s3_fault = nullptr;
    if (from == "in") {
      EXPECT_GOOD(first);
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
    EXPECT_GOOD(second);
    EXPECT_EQ(second->resumed_from, "run-2");
    EXPECT_EQ(second->rejected, 1u);
    ASSERT_TRUE(second->rejects_file);
    EXPECT_TRUE(second->rejects_file->ends_with("/in/_penstock/rejected/run-2.jsonl"));
  }
}

TEST_F(ResumeTest, WithoutAStateAnImportSaysSoAtOnce) {
  Fill(3000);
  aws_.faults.page_bytes = 1 << 20;
  EXPECT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  aws_.s3_fault = [](const std::string& method, const std::string&) {
    return method == "GET" || method == "HEAD" ? 0 : 403;
  };
  TransferContext context = Context();
  std::vector<std::string> warnings;
  bool is_lost = false;
  context.listener.on_warning = [&](const std::string& text) { warnings.push_back(text); };
  context.listener.on_state_lost = [&] { is_lost = true; };
  auto stopped = RunImport(context, Import("s3://bucket/out"), {}, StopAfter(20));
  aws_.stop_source = nullptr;
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().message.find("has to begin anew"), std::string::npos)
      << stopped.error().message;
  EXPECT_TRUE(is_lost);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("--state-folder"), std::string::npos) << warnings[0];
}

TEST_F(ResumeTest, ANativeExportNamedByItsManifestKeepsItsStateInTheFolder) {
  Fill(50);
  ExportOptions options = Export("out");
  options.style.format = FileFormat::kDynamoDbJson;
  auto exported = RunExport(Context(), options);
  EXPECT_GOOD(exported);
  ImportOptions by_manifest = Import("out");
  by_manifest.source = *exported->manifest;
  by_manifest.run_id.clear();
  auto estimate = EstimateImport(Context(), by_manifest);
  EXPECT_GOOD(estimate);
  EXPECT_EQ(estimate->items, 50u);
  auto imported = RunImport(Context(), by_manifest);
  EXPECT_GOOD(imported);
  EXPECT_TRUE(imported->warnings.empty()) << imported->warnings[0];
  EXPECT_EQ(imported->items, 50u);
}

TEST_F(ResumeTest, AFolderMayBeCalledManifest) {
  Fill(5);
  auto exported = RunExport(Context(), Export("s3://bucket/manifest"));
  EXPECT_GOOD(exported);
  EXPECT_EQ(exported->manifest, "s3://bucket/manifest/manifest");
  for (const char* source : {"s3://bucket/manifest/", "s3://bucket/manifest/manifest"})
    ExpectVerified(source);
  ExportOptions local = Export("local");
  local.kms_key_id = "key";
  EXPECT_EQ(RunExport(Context(), local).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ResumeTest, AStoppedImportGoesOn) {
  Fill(3000);
  aws_.faults.page_bytes = 1 << 20;
  EXPECT_GOOD(RunExport(Context(), Export("out")));
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

TEST_F(ResumeTest, RejectsAreKeptOnceThroughStops) {
  std::string lines;
  for (int i = 0; i < 4000; ++i) {
    lines += i % 100 == 7 ? "garbage " + std::to_string(i) + "\n"
                          : fmt::format(R"({{"Id":{{"n":"{}"}}}})", i) + "\n";
  }
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/in"));
  ASSERT_TRUE(files_.Replace(folder_ + "/in/f", lines));
  ImportOptions options = Import("in");
  options.no_manifest = true;
  options.rejects_max = 100;
  std::optional<TransferReport> done;
  for (int stops = 0; !done && stops < 60; ++stops) {
    auto outcome = RunImport(Context(), options, {}, StopAfter(40));
    if (outcome) done = *outcome;
  }
  aws_.stop_source = nullptr;
  ASSERT_TRUE(done);
  EXPECT_EQ(done->items, 3960u);
  EXPECT_EQ(done->rejected, 40u);
  EXPECT_FALSE(done->refusal);
  ASSERT_TRUE(done->rejects_file);
  std::string rejected = *files_.Read(*done->rejects_file);
  std::set<int64_t> at;
  size_t count = 0;
  for (size_t from = 0; from < rejected.size(); ++count) {
    size_t end = rejected.find('\n', from);
    auto line = json::ParseObject(rejected.substr(from, end - from));
    ASSERT_TRUE(line);
    at.insert(line->at("line").as_int64());
    EXPECT_TRUE(std::string(line->at("text").as_string()).starts_with("garbage"));
    from = end + 1;
  }
  EXPECT_EQ(count, 40u);
  EXPECT_EQ(at.size(), 40u);
}

TEST_F(ResumeTest, AnotherImportDoesNotGoOn) {
  Fill(3000);
  aws_.faults.page_bytes = 1 << 20;
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  ASSERT_FALSE(RunImport(Context(), Import("out"), {}, StopAfter(30)));
  aws_.stop_source = nullptr;
  ImportOptions other = Import("out");
  other.mode.kind = ImportMode::Kind::kSkipExisting;
  other.resume = true;
  auto refused = RunImport(Context(), other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(refused.error().message.find("mode is overwrite"), std::string::npos)
      << refused.error().message;
}

TEST_F(ResumeTest, AnAttemptThatCannotGoOnBeginsAnew) {
  Fill(300);
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  ASSERT_FALSE(RunImport(Context(), Import("out"), {}, StopAfter(4)));
  aws_.stop_source = nullptr;
  ImportOptions other = Import("out");
  other.mode.kind = ImportMode::Kind::kSkipExisting;
  auto imported = RunImport(Context(), other);
  EXPECT_GOOD(imported);
  EXPECT_FALSE(imported->resumed_from);
  EXPECT_EQ(imported->items + imported->skipped, 300u);
}

TEST_F(ResumeTest, ALaterRunOfAnExportIsNoRetry) {
  Fill(300);
  ExportOptions first = Export("out");
  first.begun = clock_.Now();
  ASSERT_FALSE(RunExport(Context(), first, {}, StopAfter(8)));
  aws_.stop_source = nullptr;
  clock_.Sleep(Duration(3'600'000));
  ExportOptions later = first;
  later.begun = clock_.Now();
  auto exported = RunExport(Context(), later);
  EXPECT_GOOD(exported);
  EXPECT_FALSE(exported->resumed_from) << "what was read an hour ago is not the table of now";
  EXPECT_EQ(exported->items, 300u);
  EXPECT_GOOD(RunExport(Context(), later)) << "its own retry finds it done";
  clock_.Sleep(Duration(3'600'000));
  later.begun = clock_.Now();
  auto refused = RunExport(Context(), later);
  ASSERT_FALSE(refused) << "a rerun must not pass an old export off as its own";
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(ResumeTest, ModesOfImport) {
  Fill(50);
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  auto prepare = [&] {
    aws_.tables["U"].items.clear();
    aws_.Put("U", R"({"Id":{"n":"3"},"at":{"n":"1"}})");
    aws_.Put("U", R"({"Id":{"n":"4"},"at":{"n":"9"}})");
  };
  ImportOptions options = Import("out");
  options.run_id = "";
  prepare();
  options.mode = *ParseImportMode("skip-existing");
  auto imported = RunImport(Context(), options);
  EXPECT_GOOD(imported);
  EXPECT_EQ(imported->items, 48u);
  EXPECT_EQ(imported->skipped, 2u);

  prepare();
  options.mode = *ParseImportMode("if-newer:at");
  imported = RunImport(Context(), options);
  EXPECT_GOOD(imported);
  EXPECT_EQ(imported->items, 49u);
  EXPECT_EQ(imported->skipped, 1u);

  prepare();
  options.mode = *ParseImportMode("fail-if-exists");
  imported = RunImport(Context(), options);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kAlreadyExists);
  // What it put itself, with the answer lost, is no failure.
  aws_.tables["U"].items.clear();
  aws_.faults.lost_answer_every = 3;
  imported = RunImport(Context(), options);
  EXPECT_GOOD(imported);
  EXPECT_EQ(imported->items, 50u);
  EXPECT_FALSE(ParseImportMode("if-newer:"));
  EXPECT_FALSE(ParseImportMode("replace"));
}

TEST_F(ResumeTest, ATableIsMadeAgain) {
  Fill(20);
  aws_.tables["T"].ttl_attribute = "at";
  aws_.tables["T"].indexes["ByAt"] = 50;
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables.erase("U");
  ImportOptions options = Import("out");
  EXPECT_EQ(RunImport(Context(), options).error().code, ErrorCode::kNotFound);
  options.create_table = true;
  options.billing = *ParseTableBilling("7,500");
  EXPECT_GOOD(RunImport(Context(), options));
  EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
  EXPECT_EQ(aws_.tables["U"].ttl_attribute, "at");
  ASSERT_EQ(aws_.created.size(), 1u);
  const json::Object& made = aws_.created[0];
  EXPECT_EQ(json::Write(made.at("ProvisionedThroughput")),
            R"({"ReadCapacityUnits":7,"WriteCapacityUnits":500})");
  EXPECT_EQ(made.at("GlobalSecondaryIndexes").as_array().size(), 1u);
  EXPECT_EQ(json::Write(made.at("Tags")), R"([{"Key":"team","Value":"blue"}])");
  // The fake does not make indexes: that is a difference of schema, not of content.
  VerifyOptions verify;
  verify.source = folder_ + "/out";
  verify.table = "U";
  verify.rate.ratio = 1;
  auto verified = RunVerify(Context(), verify);
  EXPECT_GOOD(verified);
  EXPECT_FALSE(verified->refusal);
  ASSERT_EQ(verified->warnings.size(), 1u);
  EXPECT_NE(verified->warnings[0].find("index ByAt"), std::string::npos) << verified->warnings[0];
}

TEST_F(ResumeTest, TableAgainstTable) {
  Fill(300);
  aws_.faults.latency = Duration(0);
  aws_.tables["U"].items = aws_.tables["T"].items;
  VerifyOptions options;
  options.source = "dynamodb://T";
  options.table = "U";
  options.rate.ratio = 1;
  aws_.tables["U"].id = "id-2";
  auto verified = RunVerify(Context(), options);
  EXPECT_GOOD(verified);
  EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  EXPECT_EQ(verified->items, 300u);
  aws_.Put("U", R"({"Id":{"n":"7"}})");
  verified = RunVerify(Context(), options);
  EXPECT_GOOD(verified);
  ASSERT_TRUE(verified->refusal);
  EXPECT_EQ(verified->differences.size(), 3u);
  options.table = "T";
  auto same = RunVerify(Context(), options);
  ASSERT_FALSE(same);
  EXPECT_NE(same.error().message.find("the same table"), std::string::npos);
}

TEST_F(ResumeTest, ATableMadeAnewMeanwhileIsNoExport) {
  Fill(300);
  ProgressCallback progress = [&](const Progress&) {
    std::lock_guard lock(aws_.mutex);
    aws_.tables["T"].id = "id-9";
  };
  auto refused = RunExport(Context(), Export("out"), progress);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("made again"), std::string::npos)
      << refused.error().message;
  EXPECT_FALSE(files_.Exists(folder_ + "/out/manifest"));
}

TEST_F(ResumeTest, OverwriteReplacesAnExportAndNothingElse) {
  Fill(100);
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Export("out");
  again.run_id = "run-3";
  ASSERT_FALSE(RunExport(Context(), again));
  again.overwrite = true;
  Fill(120);
  auto exported = RunExport(Context(), again);
  EXPECT_GOOD(exported);
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
  EXPECT_GOOD(RunExport(Context(), again));
}

TEST_F(ResumeTest, WhatATableIsIsNotGuessed) {
  Fill(5);
  aws_.tags = R"([{"Key":"aws:cloudformation:stack-id","Value":"x"},{"Key":"team","Value":"red"}])";
  aws_.refused["DescribeTimeToLive"] = "AccessDeniedException";
  auto exported = RunExport(Context(), Export("out"));
  EXPECT_GOOD(exported);
  ASSERT_EQ(exported->warnings.size(), 1u);
  EXPECT_NE(exported->warnings[0].find("time to live of table T"), std::string::npos)
      << exported->warnings[0];
  aws_.refused["DescribeTimeToLive"] = "UnknownOperationException";
  exported = RunExport(Context(), Export("quiet"));
  EXPECT_GOOD(exported);
  EXPECT_TRUE(exported->warnings.empty());
  aws_.refused["DescribeTimeToLive"] = "ThrottlingException";
  exported = RunExport(Context(), Export("later"));
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kUnavailable) << exported.error().message;
  aws_.refused.clear();
  aws_.tables.erase("U");
  ImportOptions options = Import("out");
  options.create_table = true;
  EXPECT_GOOD(RunImport(Context(), options));
  ASSERT_EQ(aws_.created.size(), 1u);
  EXPECT_EQ(json::Write(aws_.created[0].at("Tags")), R"([{"Key":"team","Value":"red"}])");
}

TEST_F(ResumeTest, AConversionThatFailsAtItsEndLeavesNothing) {
  Fill(5);
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  aws_.s3_fault = [](const std::string& method, const std::string& target) {
    return method == "PUT" && target.ends_with("_SUCCESS") ? 403 : 0;
  };
  ConvertOptions options{.source = folder_ + "/out", .destination = "s3://bucket/new"};
  options.style.format = FileFormat::kJsonLines;
  ASSERT_FALSE(RunConvert(Context(), options));
  EXPECT_TRUE(aws_.objects.empty());
}

TEST_F(ResumeTest, ASlowTailIsSplitWithoutLoss) {
  Fill(2000);
  aws_.faults.latency = Duration(0);
  ExportOptions options = Export("out");
  options.segments = 1;
  options.memory_bytes = 256u << 20;
  options.splits_tail = true;
  auto exported = RunExport(Context(), options);
  EXPECT_GOOD(exported);
  EXPECT_EQ(exported->items, 2000u);
  ExpectVerified("out");
  auto manifest = ParseManifest(*files_.Read(folder_ + "/out/manifest"));
  EXPECT_GOOD(manifest);
  EXPECT_GT(manifest->urls.size(), 1u);
}

TEST_F(ResumeTest, IndexesHaveBoundsOfTheirOwn) {
  Fill(4000);
  aws_.faults.latency = Duration(0);
  aws_.faults.page_bytes = 1 << 20;
  EXPECT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables["U"].write_units = 1000;
  aws_.tables["U"].indexes["Slow"] = 100;
  aws_.tables["U"].index_cost["Slow"] = 2;
  auto imported = RunImport(Context(), Import("out"));
  EXPECT_GOOD(imported);
  EXPECT_EQ(imported->items, 4000u);
  EXPECT_NEAR(imported->index_units, 8000, 1);
  EXPECT_NEAR(imported->consumed_units, 4000, 1);
  EXPECT_LE(WindowMax(aws_.index_writes["Slow"]), 1.05 * 100 * 10 + 100);
  EXPECT_GE(imported->index_units, 0.9 * 100 * imported->seconds);
}

TEST_F(ResumeTest, EstimatesAreNearTheTruth) {
  Fill(1000, 1500);
  aws_.faults.page_bytes = 1 << 20;
  aws_.tables["T"].read_units = 20;
  ExportOptions options = Export("out");
  auto estimate = EstimateExport(Context(), options);
  EXPECT_GOOD(estimate);
  EXPECT_NEAR(estimate->seconds, estimate->units / 20, 0.1);
  auto exported = RunExport(Context(), options);
  EXPECT_GOOD(exported);
  EXPECT_NEAR(estimate->units, exported->consumed_units, 0.2 * exported->consumed_units);
  auto write = EstimateImport(Context(), Import("out"));
  EXPECT_GOOD(write);
  EXPECT_EQ(write->items, 1000u);
  EXPECT_EQ(write->units, 2000);
  EXPECT_EQ(*ParseDeadline("1h30m"), 5400);
  EXPECT_EQ(*ParseDeadline("3 days"), 259200);
  EXPECT_FALSE(ParseDeadline("soon"));
  EXPECT_FALSE(ParsePriceList("{\"readUnitsPerMillion\":-1}"));
}

/// A CloudWatch that says one thing.
class FakeCloudWatch : public HttpClient {
 public:
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink*,
                            std::stop_token) override {
    asked.push_back(source != nullptr ? *ReadAll(*source, 1u << 20) : std::string(request.body));
    HttpResponse response;
    response.body = body;
    return response;
  }
  std::string body;
  std::vector<std::string> asked;
};

TEST(ForeignLoad, IsTheSumWithoutOurs) {
  FakeClock clock;
  FakeRandom random;
  FakeCloudWatch cloudwatch;
  auto at = [&](Duration before) { return FormatIsoMillis(clock.Now() - before); };
  cloudwatch.body = fmt::format(
      "<GetMetricStatisticsResponse><GetMetricStatisticsResult><Datapoints>"
      "<member><Timestamp>{}</Timestamp><Sum>60</Sum></member>"
      "<member><Timestamp>{}</Timestamp><Sum>6000</Sum></member></Datapoints>"
      "</GetMetricStatisticsResult></GetMetricStatisticsResponse>",
      at(Duration(180'000)), at(Duration(120'000)));
  ForeignLoad load({&cloudwatch, &clock, &random},
                   {"http://cw", "us-east-1", StaticCredentials({"A", "s", ""})}, "a/b",
                   CapacityKind::kWrite);
  EXPECT_EQ(*load.UnitsPerSecond(0), 100);
  ASSERT_EQ(cloudwatch.asked.size(), 1u);
  EXPECT_NE(cloudwatch.asked[0].find("ConsumedWriteCapacityUnits"), std::string::npos);
  EXPECT_NE(cloudwatch.asked[0].find("Value=a%2Fb"), std::string::npos);
  EXPECT_EQ(*load.UnitsPerSecond(10), 100);  // from memory
  EXPECT_EQ(cloudwatch.asked.size(), 1u);
  // We took 3000 of the 6000 of the next minute.
  Instant began = clock.Now();
  clock.Sleep(Duration(60'000));
  ASSERT_TRUE(load.UnitsPerSecond(3010));
  clock.Sleep(Duration(60'000));
  cloudwatch.body = fmt::format(
      "<R><Datapoints><member><Timestamp>{}</Timestamp><Sum>6000</Sum></member></Datapoints></R>",
      FormatIsoMillis(began));
  auto now = load.UnitsPerSecond(3010);
  ASSERT_TRUE(now);
  EXPECT_NEAR(*now, 75, 1);  // half way from 100 to 50
  cloudwatch.body = "nonsense";
  clock.Sleep(Duration(60'000));
  EXPECT_FALSE(load.UnitsPerSecond(3010));
  // Nor is it known before the next minute; it is not asked for at once.
  size_t asked = cloudwatch.asked.size();
  clock.Sleep(Duration(4000));
  EXPECT_FALSE(load.UnitsPerSecond(3010));
  EXPECT_EQ(cloudwatch.asked.size(), asked);
}

TEST(ExportCheckpoint, ComesBack) {
  ExportCheckpoint checkpoint("run", 3);
  checkpoint.Committed({0, 3}, {.name = "a", .items = 5, .bytes = 70, .digest = {1, 2}},
                       "{\"k\":1}");
  checkpoint.Ended({1, 3}, FileProof{.name = "b", .items = 1, .bytes = 9, .digest = {}},
                   {{{2, 6}, "{}"}, {{3, 6}, ""}});
  DataFileMark mark;
  mark.proof.name = "c";
  mark.file = {7, "state"};
  checkpoint.Saved({2, 3}, {mark, "{\"k\":2}"});
  auto read = ExportCheckpoint::Parse(checkpoint.Write(), "run");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)->Write(), checkpoint.Write());
  EXPECT_EQ((*read)->Remaining(), checkpoint.Remaining());
  EXPECT_EQ((*read)->Remaining().size(), 4u);
  EXPECT_EQ((*read)->Files().size(), 2u);
  EXPECT_FALSE(ExportCheckpoint::Parse(checkpoint.Write(), "other"));
  EXPECT_FALSE(ExportCheckpoint::Parse("{}", "run"));
}

TEST(ImportLedger, CountsOnlyWhatHasNoGap) {
  ImportLedger ledger(std::vector<FileProgress>(1));
  uint64_t first = ledger.BeginBlock(0);
  ledger.EndBlock(0, first, 10, 2, {.blank_lines = 8}, {"r1"}, false);
  uint64_t second = ledger.BeginBlock(0);
  ledger.EndBlock(0, second, 20, 1, {}, {}, true);
  ledger.Settle(0, second, {.written = 1});
  ledger.Settle(0, first, {.written = 1});
  std::vector<std::string> rejects;
  EXPECT_EQ(ledger.Snapshot(&rejects)[0].line, 0u);
  EXPECT_TRUE(rejects.empty());
  ledger.Settle(0, first, {.rejected = 1}, "r2");
  FileProgress now = ledger.Snapshot(&rejects)[0];
  EXPECT_EQ(now.line, 20u);
  EXPECT_TRUE(now.is_done);
  EXPECT_EQ(ledger.Sum().written, 2u);
  EXPECT_EQ(rejects, (std::vector<std::string>{"r1", "r2"}));
}

TEST(ReportPage, ThinsOutAndEscapes) {
  ReportPage page("a <b> & c");
  for (int i = 0; i < 5000; ++i) {
    Progress progress;
    progress.phase = "exporting";
    progress.seconds = i;
    progress.units_per_second = 100;
    progress.target = 110;
    progress.limited_by = "rate: 0.25 of 440";
    page.Add(progress);
  }
  TransferReport report;
  report.warnings.push_back("<script>");
  std::string html = page.Html(&report, nullptr);
  EXPECT_LT(html.size(), 100'000u);
  EXPECT_NE(html.find("a &lt;b&gt; &amp; c"), std::string::npos);
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_NE(html.find("rate: 100 % of the time"), std::string::npos);
}

}  // namespace
}  // namespace penstock
