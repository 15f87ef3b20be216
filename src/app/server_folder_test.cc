#include "app/server_folder.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "system/posix_files.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class ServerFolderTest : public testing::Test {
 protected:
  ServerFolderTest() {
    char name[] = "/tmp/penstock-server-folder-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ServerFolderTest() override { EXPECT_TRUE(files_.RemoveTree(folder_)); }

  Result<ServerFolder> Open() { return ServerFolder::Open(folder_ + "/data", files_, random_); }
  std::string Path(const std::string& name) const { return folder_ + "/data/" + name; }

  std::string folder_;
  PosixFiles files_;
  SystemRandom random_;
};

TEST_F(ServerFolderTest, TheFirstStartMakesKeysThatTheNextFinds) {
  Credentials key;
  std::string account, secret;
  {
    auto first = Open();
    ASSERT_TRUE(first) << first.error().message;
    key = first->root_key();
    account = first->account();
    secret = first->secret_key();
    EXPECT_THAT(key.access_key_id, MatchesRegex("AKIA[A-Z2-7]{16}"));
    EXPECT_THAT(key.secret_access_key, MatchesRegex("[A-Za-z0-9]{40}"));
    EXPECT_THAT(account, MatchesRegex("[1-9][0-9]{11}"));
    EXPECT_EQ(secret.size(), 32u);
    EXPECT_EQ(first->last_address(), "");
  }
  for (const char* name : {"credentials", "secret.key"}) {
    struct stat info;
    ASSERT_EQ(stat(Path(name).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
  auto second = Open();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->root_key(), key);
  EXPECT_EQ(second->account(), account);
  EXPECT_EQ(second->secret_key(), secret);
}

TEST_F(ServerFolderTest, OneServerAtATime) {
  auto first = Open();
  ASSERT_TRUE(first);
  auto second = Open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(getpid())));
}

TEST_F(ServerFolderTest, TheAddressIsThereWhileAServerRuns) {
  auto none = ReadServerAccess(folder_ + "/data", files_);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(none.error().message,
              HasSubstr("start one with: penstock serve --data " + folder_ + "/data"));
  {
    auto folder = Open();
    ASSERT_TRUE(folder);
    ASSERT_TRUE(folder->WriteAddress("0.0.0.0:7400", "https://127.0.0.1:7400", "eu-west-1"));
    EXPECT_EQ(files_.Read(Path("address")).value(), "0.0.0.0:7400\n");
    auto access = ReadServerAccess(folder_ + "/data", files_);
    ASSERT_TRUE(access) << access.error().message;
    EXPECT_EQ(access->url, "https://127.0.0.1:7400");
    EXPECT_EQ(access->region, "eu-west-1");
    EXPECT_EQ(access->root_key, folder->root_key());
    folder->RemoveAddress();
  }
  EXPECT_FALSE(files_.Exists(Path("address")));
  EXPECT_FALSE(ReadServerAccess(folder_ + "/data", files_));
  {
    auto killed = Open();
    EXPECT_EQ(killed->last_address(), "0.0.0.0:7400");
    ASSERT_TRUE(killed->WriteAddress("0.0.0.0:7401", "http://127.0.0.1:7401", "eu-west-1"));
  }
  auto next = Open();
  EXPECT_EQ(next->last_address(), "0.0.0.0:7401");
  EXPECT_FALSE(ReadServerAccess(folder_ + "/data", files_)) << "it does not listen yet";
}

TEST_F(ServerFolderTest, TheRootKeyMayBeTheUsers) {
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/data"));
  ASSERT_TRUE(files_.Replace(
      Path("credentials"),
      "# mine\n[other]\naws_access_key_id = no\n\n[default]\n aws_access_key_id=AKIDMINE\r\n"
      "aws_secret_access_key = a=b/c+d \nregion = x\n"));
  auto folder = Open();
  ASSERT_TRUE(folder) << folder.error().message;
  EXPECT_EQ(folder->root_key().access_key_id, "AKIDMINE");
  EXPECT_EQ(folder->root_key().secret_access_key, "a=b/c+d");
}

TEST_F(ServerFolderTest, DamageIsNamed) {
  ASSERT_TRUE(Open());
  ASSERT_TRUE(files_.Replace(Path("secret.key"), "abc\n"));
  auto folder = Open();
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(folder.error().message, HasSubstr("secret.key: must hold 64 hex digits"));
  ASSERT_TRUE(files_.Replace(Path("credentials"), "[default]\naws_access_key_id = A\n"));
  EXPECT_THAT(Open().error().message,
              HasSubstr("credentials: no aws_access_key_id and aws_secret_access_key"));
}

}  // namespace
}  // namespace penstock
