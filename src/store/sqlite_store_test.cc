// What only a store on a disk has: crashes, full disks, keys, older and newer files.
#include "store/sqlite_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/codec.h"
#include "store/sqlite_database.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using namespace engine;

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStoreTest() {
    char path[] = "/tmp/penstock-store-XXXXXX";
    folder_ = mkdtemp(path);
    path_ = folder_ + "/state.db";
  }
  ~SqliteStoreTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<SqliteStore> Open(const SqliteStoreOptions& options = {}) {
    auto opened = SqliteStore::Open(path_, box_, options);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }

  SystemRandom random_;
  SecretBox box_{std::string(32, 'k'), random_};
  std::string folder_, path_;
};

const Scope kTestScope{"123456789012", "us-east-1"};

std::vector<Write> TwoPipelines(int number, size_t padding = 0) {
  PipelineRecord record;
  record.name = std::to_string(number);
  record.description = std::string(padding, 'x');
  return {{{kTestScope, fmt::format("df-{:06}", number)}, record},
          {{kTestScope, fmt::format("dg-{:06}", number)}, record}};
}

// A child commits and tells of each commit; it is killed at a random moment. All it told of must be
// there, and every commit wholly or not at all.
TEST_F(SqliteStoreTest, AKilledWriterLosesNothingItToldOf) {
  Open();
  int next = 0;
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    pid_t child = fork();
    if (child == 0) {
      auto store = SqliteStore::Open(path_, box_);
      if (!store) _exit(1);
      for (int i = next;; ++i) {
        if (!(*store)->Commit(TwoPipelines(i))) _exit(1);
        if (write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
      }
    }
    close(pipe_ends[1]);
    int told = next - 1;
    int stop_after = static_cast<int>(random_.Below(20));
    for (int i = 0; i <= stop_after; ++i) {
      if (read(pipe_ends[0], &told, sizeof told) != sizeof told) break;
    }
    kill(child, SIGKILL);
    while (read(pipe_ends[0], &told, sizeof told) == sizeof told) {
    }
    close(pipe_ends[0]);
    waitpid(child, nullptr, 0);

    auto store = Open();
    auto snapshot = store->Read().value();
    auto pipelines = snapshot->ListPipelines(kTestScope, "", 1'000'000).value();
    int commits = static_cast<int>(pipelines.size()) / 2;
    EXPECT_EQ(pipelines.size() % 2, 0u);
    EXPECT_GE(commits, told + 1);
    EXPECT_LE(commits, told + 2);
    next = commits;
  }
}

TEST_F(SqliteStoreTest, AFullDiskRollsBackAndTheStoreGoesOn) {
  auto store = Open({.size_bytes_max = 256 * 1024});
  int stored = 0;
  Status status;
  while ((status = store->Commit(TwoPipelines(stored, 20'000)))) {
    ASSERT_LT(++stored, 100);
  }
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted) << status.error().message;
  EXPECT_EQ(store->Read().value()->ListPipelines(kTestScope, "", 1000).value().size(),
            2u * static_cast<unsigned>(stored));
  // Making room helps.
  ASSERT_TRUE(store->Commit(std::vector<Write>{{{kTestScope, "df-000000"}, ErasePipeline{}}}));
  ASSERT_TRUE(store->Commit(std::vector<Write>{{{kTestScope, "dg-000000"}, ErasePipeline{}}}));
  EXPECT_TRUE(store->Commit(TwoPipelines(stored, 20'000)));
}

TEST_F(SqliteStoreTest, SecretsAreNotInTheFiles) {
  DefinitionRecord definition{1, {}};
  definition.definition.objects.push_back(
      {"Db", "Db", {{"*password", "correct horse battery", false}}});
  auto store = Open();
  ASSERT_TRUE(store->Commit(std::vector<Write>{{{kTestScope, "df-1"}, definition}}));
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    std::ifstream stream(file.path(), std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    EXPECT_EQ(bytes.find("correct horse"), std::string::npos) << file.path();
  }
}

TEST_F(SqliteStoreTest, AnotherKeyIsSaidToBeWrong) {
  ASSERT_TRUE(Open()->Commit(std::vector<Write>{{{kTestScope, "df-1"}, DefinitionRecord{1, {}}}}));
  SecretBox other(std::string(32, 'o'), random_);
  auto store = SqliteStore::Open(path_, other).value();
  Status loaded = store->Load([](Write) {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(loaded.error().message.find("key"), std::string::npos);
}

TEST_F(SqliteStoreTest, AFileOfANewerProgramIsRefused) {
  Open();
  ASSERT_TRUE(SqliteDatabase::Open(path_, SqliteDatabase::Mode::kReadWrite)
                  .value()
                  ->Execute("PRAGMA user_version = 99"));
  auto opened = SqliteStore::Open(path_, box_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(opened.error().message.find("99"), std::string::npos);
}

TEST_F(SqliteStoreTest, AForeignFileIsRefused) {
  std::ofstream(path_) << std::string(5000, 'x');
  EXPECT_FALSE(SqliteStore::Open(path_, box_));
}

TEST_F(SqliteStoreTest, ReadersGoOnWhileTheWriterCommits) {
  auto store = Open();
  for (int i = 0; i < 40; ++i) {
    std::vector<std::unique_ptr<StoreSnapshot>> snapshots;
    for (int s = 0; s < 20; ++s) snapshots.push_back(store->Read().value());
    EXPECT_EQ(snapshots[0]->ListPipelines(kTestScope, "", 1000).value().size(),
              2u * static_cast<unsigned>(i));
    ASSERT_TRUE(store->Commit(TwoPipelines(i)));
    EXPECT_EQ(snapshots[0]->ListPipelines(kTestScope, "", 1000).value().size(),
              2u * static_cast<unsigned>(i));
  }
}

}  // namespace
}  // namespace penstock
