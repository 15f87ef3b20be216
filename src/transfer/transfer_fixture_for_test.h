// The fixtures of tests that run whole transfers: a folder on a disk that does not wait, the fake
// DynamoDB and S3, and the options that such tests share. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>
#include <string>
#include <vector>

#include "base/crc.h"
#include "system/posix_files.h"
#include "transfer/manifest.h"
#include "transfer/transfer.h"
#include "transfer/world_for_test.h"

namespace penstock::testing {

class TransferFixture : public ::testing::Test {
 protected:
  TransferFixture() {
    char name[] = "/tmp/penstock-transfer-XXXXXX";
    folder_ = ::mkdtemp(name);
    ServiceEndpoint endpoint{"http://aws.test", "us-east-1",
                             StaticCredentials({"AKID", "secret", ""})};
    ClientContext context{&aws_, &clock_, &random_};
    dynamodb_.emplace(context, endpoint);
    s3_.emplace(context, endpoint);
  }
  ~TransferFixture() override { static_cast<void>(disk_.RemoveTree(folder_).has_value()); }

  TransferContext Context(Files* files = nullptr) {
    return {&*dynamodb_, &*s3_, files != nullptr ? files : &files_, &clock_, &random_};
  }
  /// What an option says: an address in S3, or a folder of this test's.
  std::string Place(const std::string& where) const {
    return where.starts_with("s3") || where.starts_with("dynamodb") ? where : folder_ + "/" + where;
  }

  void Write(const std::string& name, const std::string& content) {
    std::string path = folder_ + "/" + name;
    ASSERT_TRUE(files_.MakeDirectories(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(files_.Replace(path, content, 0644));
  }
  std::string Read(const std::string& name) {
    auto content = files_.Read(folder_ + "/" + name);
    EXPECT_TRUE(content) << name;
    return content.value_or("");
  }
  std::vector<std::string> Names(const std::string& folder) {
    std::vector<std::string> names;
    auto list = files_.List(folder_ + "/" + folder);
    for (const DirectoryEntry& entry : *list) names.push_back(entry.name);
    return names;
  }
  /// The first data file of the export in "out".
  std::string FirstDataFile() {
    for (const std::string& name : Names("out")) {
      if (name.size() == 36) return "out/" + name;
    }
    return "";
  }

  ExportOptions Export(const std::string& to = "out") {
    ExportOptions options;
    options.table = "T";
    options.destination = Place(to);
    options.rate.ratio = 1;
    options.run_id = "run-1";
    return options;
  }
  ImportOptions Import(const std::string& table, const std::string& from = "out") {
    ImportOptions options;
    options.source = Place(from);
    options.table = table;
    options.rate.ratio = 1;
    return options;
  }
  VerifyOptions Verify(const std::string& table, const std::string& from = "out") {
    VerifyOptions options;
    options.source = Place(from);
    options.table = table;
    options.rate.ratio = 1;
    return options;
  }
  void ExpectVerified(const std::string& source, const std::string& table = "T") {
    aws_.faults.latency = Duration(0);
    auto verified = RunVerify(Context(), Verify(table, source));
    ASSERT_GOOD(verified);
    EXPECT_FALSE(verified->refusal) << verified->refusal->message;
  }
  /// Each file of a local export has the checksum that its manifest says.
  void ExpectChecksums(const std::string& folder) {
    auto manifest = ParseManifest(Read(folder + "/manifest"));
    ASSERT_TRUE(manifest && manifest->proof);
    for (const FileProof& file : manifest->proof->files)
      EXPECT_EQ(file.crc64nvme, Crc64Nvme(Read(folder + "/" + file.name))) << file.name;
  }
  /// Stops after so many data calls.
  std::stop_token StopAfter(int calls) {
    stop_ = std::stop_source();
    aws_.stop_source = &stop_;
    aws_.calls_until_stop = calls;
    return stop_.get_token();
  }

  std::string folder_;
  FakeClock clock_;
  FakeRandom random_;
  FakeAws aws_{&clock_};
  PosixFiles disk_;
  HastyFiles files_{&disk_};
  std::optional<DynamoDbClient> dynamodb_;
  std::optional<S3Client> s3_;
  std::stop_source stop_;
};

/// Two tables, T and U, with the key Id; small pages that take their time, so that checkpoints are
/// due; one worker.
class PagedFixture : public TransferFixture {
 protected:
  PagedFixture() {
    aws_.faults.page_bytes = 2000;
    aws_.faults.latency = Duration(300);
    for (const char* table : {"T", "U"}) aws_.tables[table].key = {{{"Id", AttributeType::kN}}};
    aws_.tables["T"].read_units = aws_.tables["U"].write_units = 1e6;
  }

  void Fill(int items, int padding = 20) {
    for (int i = 0; i < items; ++i) {
      aws_.Put("T", fmt::format(R"({{"Id":{{"n":"{}"}},"at":{{"n":"{}"}},"Pad":{{"s":"{}"}}}})", i,
                                i, std::string(static_cast<size_t>(padding), 'x')));
    }
  }
  ExportOptions Export(const std::string& to) {
    ExportOptions options = TransferFixture::Export(to);
    options.segments = 4;
    options.memory_bytes = 1;
    return options;
  }
  /// Into U.
  ImportOptions Import(const std::string& from) {
    ImportOptions options = TransferFixture::Import("U", from);
    options.run_id = "run-2";
    options.memory_bytes = 1;
    return options;
  }
};

}  // namespace penstock::testing
