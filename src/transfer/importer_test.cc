#include "transfer/importer.h"

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>

#include "transfer/estimate.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::WindowMax;
using ImporterTest = testing::PagedFixture;

/// A disk whose data files ("data-…") wait, when they are begun, until another one is being read.
/// All of them are read once, and then once more.
class SociableFiles : public testing::HastyFiles {
 public:
  SociableFiles(Files* files, int data_files) : HastyFiles(files), data_files_(data_files) {}

  Result<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, HastyFiles::Open(path));
    if (path.find("/data-") == std::string::npos) return file;
    return std::unique_ptr<ReadableFile>(std::make_unique<Sociable>(this, std::move(file)));
  }
  /// How many were being read at once at most, for each time they were read.
  std::vector<int> most() const { return {most_[0], most_[1]}; }

 private:
  static constexpr std::chrono::seconds kPatience{20};

  class Sociable : public ReadableFile {
   public:
    Sociable(SociableFiles* disk, std::unique_ptr<ReadableFile> file)
        : disk_(disk), file_(std::move(file)) {}
    ~Sociable() override {
      std::lock_guard lock(disk_->mutex_);
      if (is_begun_) --disk_->reading_;
    }
    Result<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) const override {
      if (offset == 0) {
        is_begun_ = true;
        disk_->Begin();
      }
      return file_->ReadAt(offset, buffer, size);
    }
    Result<uint64_t> Size() const override { return file_->Size(); }

   private:
    SociableFiles* const disk_;
    const std::unique_ptr<ReadableFile> file_;
    mutable bool is_begun_ = false;
  };

  void Begin() {
    std::unique_lock lock(mutex_);
    int& most = most_.at(static_cast<size_t>(begun_++ / data_files_));
    most = std::max(most, ++reading_);
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [&] { return most > 1; });
  }

  const int data_files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int begun_ = 0, reading_ = 0;
  std::array<int, 2> most_{};
};

// A file is a range of hashes: to read one at a time would be to write to one partition at a time.
TEST_F(ImporterTest, SeveralFilesAreReadAtOnce) {
  constexpr int kDataFiles = 4;
  for (int i = 0; i < kDataFiles; ++i)
    Write(fmt::format("in/data-{}", i), fmt::format("{{\"Id\":{{\"n\":\"{}\"}}}}\n", i));
  SociableFiles disk(&files_, kDataFiles);
  ImportOptions options = Import("in");
  options.no_manifest = true;
  auto imported = RunImport(Context(&disk), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 4u);
  for (int most : disk.most()) EXPECT_GT(most, 1);
}

TEST_F(ImporterTest, ProgressCountsTheBytesThatTheReportSays) {
  Fill(3000, 200);
  aws_.faults.page_bytes = 1 << 20;
  for (Compression compression : {Compression::kNone, Compression::kGzip}) {
    const std::string out = fmt::format("out-{}", static_cast<int>(compression));
    ExportOptions exported = Export(out);
    exported.style.compression = compression;
    ASSERT_GOOD(RunExport(Context(), exported));
    std::map<std::string, uint64_t> bytes;  // by phase
    ProgressCallback progress = [&](const Progress& now) { bytes[now.phase] = now.bytes; };
    auto imported = RunImport(Context(), Import(out), progress);
    ASSERT_GOOD(imported);
    const std::map<std::string, uint64_t> expected = {{"checking files", imported->bytes},
                                                      {"importing", imported->bytes}};
    EXPECT_EQ(bytes, expected);
  }
}

TEST_F(ImporterTest, ANativeExportNamedByItsManifestKeepsItsStateInTheFolder) {
  Fill(50);
  ExportOptions options = Export("out");
  options.style.format = FileFormat::kDynamoDbJson;
  auto exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  ImportOptions by_manifest = Import("out");
  by_manifest.source = *exported->manifest;
  by_manifest.run_id.clear();
  auto estimate = EstimateImport(Context(), by_manifest);
  ASSERT_GOOD(estimate);
  EXPECT_EQ(estimate->items, 50u);
  auto imported = RunImport(Context(), by_manifest);
  ASSERT_GOOD(imported);
  EXPECT_TRUE(imported->warnings.empty()) << imported->warnings[0];
  EXPECT_EQ(imported->items, 50u);
}

TEST_F(ImporterTest, ModesOfImport) {
  Fill(50);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
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
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 48u);
  EXPECT_EQ(imported->skipped, 2u);

  prepare();
  options.mode = *ParseImportMode("if-newer:at");
  imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 49u);
  EXPECT_EQ(imported->skipped, 1u);
  EXPECT_TRUE(imported->warnings.empty()) << imported->warnings[0];

  prepare();
  options.mode = *ParseImportMode("if-newer:nosuch");
  imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->skipped, 2u);
  ASSERT_EQ(imported->warnings.size(), 1u);
  EXPECT_NE(imported->warnings[0].find("has the attribute nosuch"), std::string::npos);

  prepare();
  options.mode = *ParseImportMode("fail-if-exists");
  imported = RunImport(Context(), options);
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kAlreadyExists);
  // What it put itself, with the answer lost, is no failure.
  aws_.tables["U"].items.clear();
  aws_.faults.lost_answer_every = 3;
  imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 50u);
  EXPECT_FALSE(ParseImportMode("if-newer:"));
  EXPECT_FALSE(ParseImportMode("replace"));
}

TEST_F(ImporterTest, RejectsAreKeptOnceThroughStops) {
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

TEST_F(ImporterTest, RejectsSurviveSavesThatFail) {
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

TEST_F(ImporterTest, WhatAnImportWritesIsEncryptedAsAsked) {
  const struct {
    const char *encryption, *key, *header;
  } cases[] = {{"AES256", "", "AES256"}, {"aws:kms", "key", "aws:kms key"}, {"", "", ""}};
  for (const std::string folder : {"in", "state"}) {
    for (const auto& one : cases) {
      aws_.objects = {{"/bucket/in/f",
                       "garbage\n"
                       R"({"Id":{"n":"1"}})"
                       "\n"}};
      aws_.encryption.clear();
      ImportOptions options = Import("s3://bucket/in");
      if (folder != "in") options.state_folder = "s3://bucket/" + folder;
      options.no_manifest = true;
      options.rejects_max = 1;
      options.server_side_encryption = one.encryption;
      options.kms_key_id = one.key;
      auto imported = RunImport(Context(), options);
      ASSERT_GOOD(imported);
      EXPECT_EQ(imported->rejects_file,
                "s3://bucket/" + folder + "/_penstock/rejected/run-2.jsonl");
      // The record of the import and the rejected line; the former is gone by now.
      EXPECT_GE(aws_.encryption.size(), 2u);
      for (const auto& [name, encryption] : aws_.encryption) {
        EXPECT_TRUE(name.starts_with("/bucket/" + folder + "/_penstock/")) << name;
        EXPECT_EQ(encryption, one.header) << name;
      }
    }
  }
  Write("in/f", "{}\n");
  ImportOptions local = Import("in");
  local.no_manifest = true;
  local.kms_key_id = "key";
  auto refused = RunImport(Context(), local);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << refused.error().message;
}

TEST_F(ImporterTest, NoTableIsMadeForFilesThatCannotBeImported) {
  Fill(50);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables.erase("U");
  const std::string file = FirstDataFile(), whole = Read(file);
  std::string changed = whole;
  changed[changed.size() / 2] ^= 1;
  Write(file, changed);
  const std::vector<std::string> before = Names("out/_penstock");
  ImportOptions options = Import("out");
  options.create_table = true;
  auto imported = RunImport(Context(), options);
  ASSERT_FALSE(imported);
  EXPECT_NE(imported.error().message.find("nothing was imported"), std::string::npos);
  EXPECT_FALSE(aws_.tables.contains("U"));
  EXPECT_EQ(Names("out/_penstock"), before);
  Write(file, whole);
  imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 50u);
  EXPECT_EQ(aws_.tables["U"].items.size(), 50u);
}

TEST_F(ImporterTest, ARefusedImportThatNobodyNamedIsResumedWithoutAWrite) {
  Write("in/f",
        "garbage\n"
        R"({"Id":{"n":"1"}})"
        "\n");
  ImportOptions options = Import("in");
  options.no_manifest = true;
  options.run_id.clear();
  auto imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_TRUE(imported->refusal);
  const int batches = aws_.batches;
  options.resume = true;
  for (int i = 0; i < 2; ++i) {
    auto again = RunImport(Context(), options);
    ASSERT_GOOD(again);
    ASSERT_TRUE(again->refusal);
    EXPECT_EQ(again->items, 1u);
    ASSERT_EQ(again->rejects.size(), 1u);
    EXPECT_EQ(again->rejects_file, imported->rejects_file);
    EXPECT_EQ(aws_.batches, batches);
  }
  // Without, all of it is written again, also what another import changed.
  options.resume = false;
  aws_.tables["U"].items.clear();
  auto anew = RunImport(Context(), options);
  ASSERT_GOOD(anew);
  EXPECT_TRUE(anew->refusal);
  EXPECT_EQ(aws_.tables["U"].items.size(), 1u);
  EXPECT_NE(anew->warnings.back().find("--resume would write nothing"), std::string::npos);
  // Allowed, it is over, and nothing of it stays but the rejects.
  options.resume = true;
  options.rejects_max = 1;
  auto allowed = RunImport(Context(), options);
  ASSERT_GOOD(allowed);
  EXPECT_FALSE(allowed->refusal);
  EXPECT_EQ(Names("in/_penstock"), std::vector<std::string>{"rejected"});
}

TEST_F(ImporterTest, WhatIsRefusedLeavesNothingBehind) {
  Fill(50);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  const std::vector<std::string> before = Names("out/_penstock");
  aws_.tables["U"].key = {{{"Other", AttributeType::kS}}};
  ASSERT_FALSE(RunImport(Context(), Import("out")));
  EXPECT_EQ(Names("out/_penstock"), before);
}

TEST_F(ImporterTest, ATableWithAnotherKeyIsNotTheWholeExport) {
  for (int i = 0; i < 300; ++i)
    aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"Group":{{"n":"{}"}}}})", i, i % 7));
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables["U"].key = {{{"Group", AttributeType::kN}}};
  ImportOptions options = Import("out");
  auto imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  ASSERT_EQ(imported->warnings.size(), 1u);
  EXPECT_NE(imported->warnings[0].find("of a table with the key Id (N), table U has the key Group"),
            std::string::npos)
      << imported->warnings[0];
  // Counted as it is, however far apart the items of one key are.
  EXPECT_EQ(aws_.tables["U"].items.size(), 7u);
  EXPECT_EQ(imported->items, 7u);
  EXPECT_EQ(imported->duplicates, 293u);
  ASSERT_TRUE(imported->refusal);
  EXPECT_NE(imported->refusal->message.find("293 items of the export's 300 items had the key"),
            std::string::npos)
      << imported->refusal->message;
  // An attempt that is made again says the same, and writes nothing.
  const int batches = aws_.batches;
  auto again = RunImport(Context(), options);
  ASSERT_GOOD(again);
  EXPECT_TRUE(again->refusal);
  EXPECT_EQ(again->items, 7u);
  EXPECT_EQ(aws_.batches, batches);

  // A condition that the table checks makes it no better.
  options.run_id = "run-3";
  options.mode = *ParseImportMode("skip-existing");
  aws_.tables["U"].items.clear();
  imported = RunImport(Context(), options);
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 7u);
  EXPECT_EQ(imported->skipped, 293u);
  EXPECT_TRUE(imported->refusal);
}

TEST_F(ImporterTest, AnotherKeyThatTellsAllItemsApartIsWarnedOfAlone) {
  Fill(50);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables["U"].key = {{{"at", AttributeType::kN}}};
  auto imported = RunImport(Context(), Import("out"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->warnings.size(), 1u);
  EXPECT_EQ(imported->items, 50u);
  EXPECT_FALSE(imported->refusal) << imported->refusal->message;
}

TEST_F(ImporterTest, KeysThatRepeatAreCountedThroughStops) {
  for (int i = 0; i < 3000; ++i)
    aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"Group":{{"n":"{}"}}}})", i, i % 1000));
  ExportOptions exported = Export("out");
  exported.segments = 1;
  ASSERT_GOOD(RunExport(Context(), exported));
  aws_.tables["U"].key = {{{"Group", AttributeType::kN}}};
  ImportOptions options = Import("out");
  options.memory_bytes = 1 << 20;  // of which a census of 2000 keys
  std::optional<TransferReport> done;
  int stops = 0;
  for (; !done && stops < 60; ++stops) {
    auto outcome = RunImport(Context(), options, {}, StopAfter(40));
    if (outcome) done = *outcome;
  }
  aws_.stop_source = nullptr;
  ASSERT_TRUE(done);
  EXPECT_GT(stops, 1);
  EXPECT_EQ(done->items, 1000u);
  EXPECT_EQ(done->duplicates, 2000u);
  EXPECT_TRUE(done->refusal);
}

TEST_F(ImporterTest, AStreamIsWarnedOf) {
  Fill(5);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  for (bool is_enabled : {false, true}) {
    aws_.tables["U"].extras = {
        {"StreamSpecification", json::Object{{"StreamEnabled", is_enabled}}}};
    auto imported = RunImport(Context(), Import("out"));
    ASSERT_GOOD(imported);
    ASSERT_EQ(imported->warnings.size(), is_enabled ? 1u : 0u);
    if (is_enabled) {
      EXPECT_NE(imported->warnings[0].find("has a stream"), std::string::npos);
    }
  }
}

TEST_F(ImporterTest, IndexesHaveBoundsOfTheirOwn) {
  Fill(4000);
  aws_.faults.latency = Duration(0);
  aws_.faults.page_bytes = 1 << 20;
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables["U"].write_units = 1000;
  aws_.tables["U"].indexes["Slow"] = 100;
  aws_.tables["U"].index_cost["Slow"] = 2;
  auto imported = RunImport(Context(), Import("out"));
  ASSERT_GOOD(imported);
  EXPECT_EQ(imported->items, 4000u);
  EXPECT_NEAR(imported->index_units, 8000, 1);
  EXPECT_NEAR(imported->consumed_units, 4000, 1);
  EXPECT_LE(WindowMax(aws_.index_writes["Slow"]), 1.05 * 100 * 10 + 100);
  EXPECT_GE(imported->index_units, 0.9 * 100 * imported->seconds);
}

}  // namespace
}  // namespace penstock
