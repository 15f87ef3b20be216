#include "app/worker_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>

#include "scheduler/manual_clock.h"
#include "system/posix_files.h"
#include "transfer/decompression.h"

namespace penstock {
namespace {

class WorkerLogTest : public testing::Test {
 protected:
  WorkerLogTest() {
    char name[] = "/tmp/penstock-worker-log-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~WorkerLogTest() override { EXPECT_TRUE(files_.RemoveTree(folder_)); }

  std::string Text(const std::string& name) {
    Result<std::string> text = files_.Read(folder_ + "/logs/" + name);
    return text ? *text : text.error().message;
  }
  std::unique_ptr<WorkerLog> Open() {
    auto push = [this](const std::string& name, std::string_view content) -> Status {
      if (fails_) return Unavailable("S3 is away");
      auto text = Decompressed(std::make_unique<StringSource>(content), name);
      pushed_[name] = *ReadAll(**text, 1 << 20);
      return {};
    };
    return *WorkerLog::Open(folder_ + "/logs", push, files_, clock_);
  }

  std::string folder_;
  PosixFiles files_;
  ManualClock clock_{*ParseDateTime("2014-05-01T09:59:00")};
  bool fails_ = false;
  std::map<std::string, std::string> pushed_;
};

using Pushed = std::map<std::string, std::string>;

TEST_F(WorkerLogTest, AFileAnHourIsPushedWhenItIsOver) {
  auto log = Open();
  log->Write("one\n");
  log->Write("two\n");
  EXPECT_TRUE(log->PushEndedHours());
  EXPECT_EQ(pushed_, Pushed());
  clock_.Advance(Duration(60'000));
  log->Write("three\n");
  EXPECT_TRUE(log->PushEndedHours());
  EXPECT_EQ(pushed_, (Pushed{{"Task Runner.log.2014-05-01-09.gz", "one\ntwo\n"}}));
  pushed_.clear();
  EXPECT_TRUE(log->PushAll());
  EXPECT_EQ(pushed_, (Pushed{{"Task Runner.log.2014-05-01-10.gz", "three\n"}}));
  EXPECT_EQ(Text("Task Runner.log.2014-05-01-09"), "one\ntwo\n");
}

TEST_F(WorkerLogTest, WhatCouldNotBePushedIsPushedLater) {
  auto log = Open();
  log->Write("one\n");
  clock_.Advance(Duration(60'000));
  fails_ = true;
  EXPECT_FALSE(log->PushEndedHours());
  fails_ = false;
  EXPECT_TRUE(log->PushEndedHours());
  EXPECT_EQ(pushed_, (Pushed{{"Task Runner.log.2014-05-01-09.gz", "one\n"}}));
  pushed_.clear();
  EXPECT_TRUE(log->PushAll());
  EXPECT_EQ(pushed_, Pushed()) << "nothing new";
}

TEST_F(WorkerLogTest, AnotherRunGoesOnInTheSameFile) {
  Open()->Write("one\n");
  Open()->Write("two\n");
  EXPECT_EQ(Text("Task Runner.log.2014-05-01-09"), "one\ntwo\n");
}

}  // namespace
}  // namespace penstock
