// S3Folder's unfinished files, against an S3 that loses answers; LocalFolder's names for them.
#include "transfer/s3_folder.h"

#include <gtest/gtest.h>

#include "transfer/local_folder.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;

bool All(std::string_view) { return true; }

class S3FolderTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  FakeRandom random_;
  FakeAws aws_{&clock_};
  S3Client s3_{ClientContext{&aws_, &clock_, &random_},
               {"http://aws.test", "us-east-1", StaticCredentials({"AKID", "secret", ""})}};
  S3Folder folder_{&s3_, &clock_, &random_, {"b", "p"}, {.part_size = 10}};
};

TEST_F(S3FolderTest, ALaterSaveDoesNotHurtAnEarlierMark) {
  auto file = folder_.Create("f", {});
  ASSERT_GOOD(file);
  std::vector<FileMark> marks;
  for (int i = 0; i < 5; ++i) {
    ASSERT_GOOD((*file)->Append("abcdefg"));
    auto mark = (*file)->Save();
    ASSERT_GOOD(mark);
    marks.push_back(*mark);
  }
  file->reset();  // killed, with a checkpoint that knows only the third save
  ASSERT_GOOD(folder_.RemoveUnfinished({{"f", marks[2]}}, All));
  auto again = folder_.Reopen("f", marks[2], {});
  ASSERT_GOOD(again);
  ASSERT_GOOD((*again)->Append("END"));
  ASSERT_GOOD((*again)->Save());
  ASSERT_GOOD((*again)->Commit());
  EXPECT_EQ(aws_.objects["/b/p/f"], "abcdefgabcdefgabcdefgEND");
  EXPECT_EQ(aws_.objects.size(), 1u);  // no tails
  EXPECT_TRUE(aws_.uploads.empty());
}

TEST_F(S3FolderTest, OldTailsGo) {
  auto file = folder_.Create("f", {});
  ASSERT_GOOD(file);
  ASSERT_GOOD((*file)->Append("abcdefghijk"));
  for (int i = 0; i < 100; ++i) {
    ASSERT_GOOD((*file)->Append("xyz"));
    ASSERT_GOOD((*file)->Save());
    EXPECT_LE(aws_.objects.size(), 9u);
  }
  ASSERT_GOOD((*file)->Commit());
  EXPECT_EQ(aws_.objects.size(), 1u);
  EXPECT_EQ(aws_.objects["/b/p/f"].size(), 311u);
}

TEST_F(S3FolderTest, AnotherTailIsNotTakenAndLeavesNothing) {
  auto file = folder_.Create("f", {});
  ASSERT_GOOD(file);
  ASSERT_GOOD((*file)->Append("abcdefghijklm"));
  auto mark = (*file)->Save();
  ASSERT_GOOD(mark);
  file->reset();
  EXPECT_EQ(aws_.uploads.size(), 1u);
  for (auto& [key, content] : aws_.objects) content = "xyz";  // of the same size
  auto again = folder_.Reopen("f", *mark, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kNotFound) << again.error().message;
  EXPECT_TRUE(aws_.uploads.empty());
  EXPECT_TRUE(aws_.objects.empty());
}

TEST_F(S3FolderTest, RemovesOnlyWhatIsOurs) {
  ASSERT_TRUE(s3_.CreateMultipartUpload({"b", "p/ours"}));
  ASSERT_TRUE(s3_.CreateMultipartUpload({"b", "p/another"}));
  ASSERT_TRUE(s3_.CreateMultipartUpload({"b", "q/ours"}));
  aws_.objects["/b/p/_penstock/tail/ours.5"] = aws_.objects["/b/p/_penstock/tail/another.5"] = "x";
  ASSERT_GOOD(folder_.RemoveUnfinished({}, [](std::string_view name) { return name == "ours"; }));
  EXPECT_EQ(aws_.uploads.size(), 2u);
  EXPECT_FALSE(aws_.uploads.contains("u1"));
  EXPECT_EQ(aws_.objects.size(), 1u);
}

TEST_F(S3FolderTest, ALostAnswerIsNoOtherAttempt) {
  bool lost = false;
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    bool completes = target.starts_with("/b/p/") &&
                     (method == "POST" ? target.find("uploadId") != std::string::npos
                                       : method == "PUT" && target.find('?') == std::string::npos);
    return completes && !std::exchange(lost, true) ? FakeAws::kLost : 0;
  };
  for (const std::string& content : {std::string("short"), std::string(25, 'l')}) {
    lost = false;
    auto file = folder_.Create("f" + content, {});
    ASSERT_GOOD(file);
    ASSERT_GOOD((*file)->Append(content));
    Status done = (*file)->Commit();
    ASSERT_TRUE(lost);
    ASSERT_GOOD(done);
    EXPECT_EQ(aws_.objects["/b/p/f" + content], content);
  }
  // What another attempt made is not ours, of whatever size.
  auto file = folder_.Create("g", {});
  ASSERT_GOOD(file);
  ASSERT_GOOD((*file)->Append(std::string(25, 'g')));
  aws_.objects["/b/p/g"] = std::string(25, 'h');
  Status taken = (*file)->Commit();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kAlreadyExists) << taken.error().message;
}

TEST_F(S3FolderTest, ACompletionThatSaysItFailedMayHaveBeenDone) {
  for (int fault : {FakeAws::kLost, FakeAws::kDone500}) {
    aws_.objects.clear();
    int faults = 0;
    aws_.s3_fault = [&](const std::string& method, const std::string& target) {
      const bool completes = method == "POST" && target.find("uploadId=") != std::string::npos;
      return completes && ++faults == 1 ? fault : 0;
    };
    auto file = folder_.Create("f", {});
    ASSERT_GOOD(file);
    ASSERT_GOOD((*file)->Append("a file of several parts"));
    ASSERT_GOOD((*file)->Commit());
    EXPECT_GE(faults, 2);
    EXPECT_EQ(aws_.objects["/b/p/f"], "a file of several parts");
    EXPECT_TRUE(aws_.uploads.empty());
  }
  // Somebody else's object is not taken for it.
  int faults = 0;
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    const bool completes = method == "POST" && target.find("uploadId=") != std::string::npos;
    if (!completes || ++faults > 1) return 0;
    aws_.objects["/b/p/g"] = "another one's";
    return 500;
  };
  auto file = folder_.Create("g", {});
  ASSERT_GOOD(file);
  ASSERT_GOOD((*file)->Append("a file of several parts"));
  Status taken = (*file)->Commit();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(S3FolderTest, AConflictIsTriedAgain) {
  int conflicts = 0, tries = 0;
  bool another = false;
  aws_.s3_fault = [&](const std::string& method, const std::string& target) {
    const bool completes = method == "POST"
                               ? target.find("uploadId=") != std::string::npos
                               : method == "PUT" && target.find('?') == std::string::npos;
    if (!completes) return 0;
    if (another) aws_.objects["/b/p/f"] = "another one's";
    return ++tries <= conflicts ? FakeAws::kConflict : 0;
  };
  const struct {
    const char* content;
    int conflicts;
    bool another;
    std::optional<ErrorCode> error;
  } cases[] = {
      {"short", 7, false, {}},
      {"a file of several parts", 7, false, {}},
      {"short", 1, true, ErrorCode::kAlreadyExists},
      {"a file of several parts", 1, true, ErrorCode::kAlreadyExists},
      {"short", INT_MAX, false, ErrorCode::kUnavailable},
      {"a file of several parts", INT_MAX, false, ErrorCode::kUnavailable},
  };
  for (const auto& one : cases) {
    aws_.objects.clear();
    conflicts = one.conflicts;
    another = one.another;
    tries = 0;
    auto file = folder_.Create("f", {});
    ASSERT_GOOD(file);
    ASSERT_GOOD((*file)->Append(one.content));
    const double began = clock_.Seconds();
    Status done = (*file)->Commit();
    EXPECT_LT(clock_.Seconds() - began, 120);
    if (one.error) {
      ASSERT_FALSE(done) << one.content;
      EXPECT_EQ(done.error().code, *one.error) << done.error().message;
    } else {
      ASSERT_GOOD(done);
      EXPECT_EQ(tries, conflicts + 1);
      EXPECT_EQ(aws_.objects["/b/p/f"], one.content);
    }
  }
}

TEST_F(S3FolderTest, SmallFilesComeWhole) {
  const std::string content = "what a manifest says";
  ASSERT_GOOD(folder_.Write("manifest", content));
  int reads = 0;
  for (int fault : {FakeAws::kReset, FakeAws::kCutShort}) {
    reads = 0;
    aws_.s3_fault = [&](const std::string& method, const std::string&) {
      return method == "GET" && ++reads < 5 ? fault : 0;
    };
    auto read = folder_.Read("manifest", 1000);
    ASSERT_GOOD(read);
    EXPECT_EQ(*read, content);
    EXPECT_EQ(reads, 5);
  }
}

/// A folder of a job that can be stopped, in an S3 that answers SlowDown for a time.
class S3StopTest : public S3FolderTest {
 protected:
  static constexpr double kNever = 1e18;

  void Throttle(double seconds, double stops_after = kNever) {
    stop_.emplace();
    folder_of_job_.emplace(&s3_, &clock_, &random_, S3Location{"b", "p"},
                           S3FolderOptions{.stop = stop_->get_token()});
    began_ = clock_.Seconds();
    aws_.s3_fault = [=, this](const std::string&, const std::string&) {
      if (Passed() >= stops_after) stop_->request_stop();
      return Passed() < seconds ? FakeAws::kSlowDown : 0;
    };
  }
  double Passed() { return clock_.Seconds() - began_; }
  /// What takes no stop.
  std::vector<std::function<Status(DataFolder&)>> Calls() {
    aws_.objects["/b/p/f"] = "x";
    auto status = [](const auto& result) { return result ? Status() : Status(result.error()); };
    return {[](DataFolder& folder) { return folder.Write("g", "x"); },
            [](DataFolder& folder) { return folder.Remove("g"); },
            [](DataFolder& folder) { return folder.RemoveUnfinished({}, All); },
            [=](DataFolder& folder) { return status(folder.List(SIZE_MAX)); },
            [=](DataFolder& folder) { return status(folder.Read("f", 10)); },
            [=](DataFolder& folder) {
              auto file = folder.Create("h", {});
              Status appended = (*file)->Append("x");
              return appended ? status((*file)->Save()) : appended;
            }};
  }

  std::optional<std::stop_source> stop_;
  std::optional<S3Folder> folder_of_job_;
  double began_ = 0;
};

TEST_F(S3StopTest, WhileTheJobGoesOnThrottlesAreWaitedOutForTenMinutes) {
  for (const auto& call : Calls()) {
    Throttle(500);
    Status done = call(*folder_of_job_);
    ASSERT_GOOD(done);
    EXPECT_GT(Passed(), 500);
    Throttle(kNever);
    done = call(*folder_of_job_);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kUnavailable) << done.error().message;
    EXPECT_GT(Passed(), 600);
    EXPECT_LT(Passed(), 620);
  }
}

TEST_F(S3StopTest, AfterTheJobsStopThereIsHalfAMinute) {
  for (double stops_after : {0.0, 200.0}) {
    for (const auto& call : Calls()) {
      Throttle(stops_after + 20, stops_after);
      ASSERT_GOOD(call(*folder_of_job_));
      EXPECT_TRUE(stop_->stop_requested());
      Throttle(kNever, stops_after);
      EXPECT_FALSE(call(*folder_of_job_));
      EXPECT_GT(Passed(), stops_after + 30);
      EXPECT_LT(Passed(), stops_after + 50);
    }
  }
}

TEST_F(S3StopTest, WithoutAStopHalfAMinuteIsEnough) {
  for (const auto& call : Calls()) {
    Throttle(kNever);
    EXPECT_FALSE(call(folder_));
    EXPECT_LT(Passed(), 50);
  }
}

TEST(LocalFolder, KnowsTheNamesOfUnfinishedFiles) {
  EXPECT_EQ(NameOfUnfinished(".f.part"), "f");
  EXPECT_EQ(NameOfUnfinished("a/b/.f.gz.part"), "a/b/f.gz");
  EXPECT_EQ(NameOfUnfinished("a/.f.cut.part"), "a/f");
  EXPECT_EQ(NameOfUnfinished(".f.gz.17-3.tmp"), "f.gz");
  EXPECT_EQ(NameOfUnfinished("a/.f.17-3.tmp"), "a/f");
  for (const char* other : {"f.part", "a/f.part", ".f", ".part", "a/", ".a/f.part", "", "f.1-2.tmp",
                            ".f.tmp", ".f.x-2.tmp", ".1-2.tmp", ".tmp"})
    EXPECT_FALSE(NameOfUnfinished(other)) << other;
}

}  // namespace
}  // namespace penstock
