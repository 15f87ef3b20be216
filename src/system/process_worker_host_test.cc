#include "system/process_worker_host.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include "system/posix_files.h"
#include "system/posix_processes.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

class ProcessWorkerHostTest : public testing::Test {
 protected:
  ProcessWorkerHostTest() {
    char name[] = "/tmp/penstock-worker-host-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~ProcessWorkerHostTest() override {
    for (const ProcessId& process : Members()) (void)processes_.Signal(process, SIGKILL);
    (void)files_.RemoveTree(folder_);
  }

  // A worker that starts a child of its own, in a session of its own, and waits.
  std::unique_ptr<ProcessWorkerHost> Open(std::string command = "setsid sleep 300 & exec sleep 301",
                                          std::string address = "http://127.0.0.1:7400") {
    WorkerHostOptions options{
        .folder = folder_,
        .address = address,
        .arguments =
            [command](const WorkerSpec&) {
              return std::vector<std::string>{"/bin/sh", "-c", command};
            },
        .environment =
            [](const WorkerSpec&) {
              return std::vector<std::pair<std::string, std::string>>{{"PATH", "/usr/bin:/bin"}};
            }};
    options.look_interval = Duration(5);
    options.stop_grace = Duration(200);
    auto host = ProcessWorkerHost::Open(options, files_, processes_, clock_, random_);
    EXPECT_TRUE(host) << host.error().message;
    return *std::move(host);
  }

  // The files of the folder whose names end so.
  std::vector<std::string> Named(std::string_view end) {
    std::vector<std::string> names;
    auto entries = files_.List(folder_);
    for (const DirectoryEntry& entry : *entries) {
      if (entry.name.ends_with(end)) names.push_back(entry.name);
    }
    return names;
  }

  std::vector<ProcessId> Members() {
    return processes_.FindByEnvironment("PENSTOCK_WORKER_HOME", folder_);
  }

  template <class Condition>
  bool Eventually(Condition condition) {
    for (int i = 0; i < 2000; ++i) {
      if (condition()) return true;
      clock_.Sleep(Duration(5));
    }
    return false;
  }

  std::string folder_;
  SystemClock clock_;
  SystemRandom random_;
  PosixFiles files_;
  PosixProcesses processes_;
  const WorkerSpec spec_{.worker_group = "@Cluster_2026-01-01T00:00:00",
                         .account = "123456789012",
                         .region = "us-east-1"};
};

TEST_F(ProcessWorkerHostTest, WhatAWorkerLeavesInItsFolderGoesWithIt) {
  auto host = Open(
      "mkdir $PENSTOCK_WORKER_FOLDER && cd $PENSTOCK_WORKER_FOLDER && touch left && exec sleep "
      "301");
  ASSERT_TRUE(host->Start(spec_));
  std::string folder;
  ASSERT_TRUE(Eventually([&] {
    auto entries = files_.List(folder_);
    for (const DirectoryEntry& entry : *entries) {
      if (entry.is_directory) folder = folder_ + "/" + entry.name;
    }
    return !folder.empty() && files_.Exists(folder + "/left");
  }));
  ASSERT_TRUE(host->Stop(spec_.worker_group));
  EXPECT_TRUE(Eventually(
      [&] { return host->Look(spec_.worker_group).condition == WorkerCondition::kAbsent; }));
  EXPECT_FALSE(files_.Exists(folder));
}

TEST_F(ProcessWorkerHostTest, StartsOnceAndStopsAllOfIt) {
  auto host = Open();
  ASSERT_TRUE(host->Start(spec_));
  ASSERT_TRUE(host->Start(spec_));
  EXPECT_TRUE(Eventually([&] { return Members().size() == 2; }));
  EXPECT_EQ(host->Look(spec_.worker_group).condition, WorkerCondition::kRunning);
  ASSERT_TRUE(host->Stop(spec_.worker_group));
  EXPECT_TRUE(Eventually(
      [&] { return host->Look(spec_.worker_group).condition == WorkerCondition::kAbsent; }));
  EXPECT_TRUE(Members().empty());
  EXPECT_TRUE(files_.List(folder_)->empty());
}

TEST_F(ProcessWorkerHostTest, ReplacesADeadWorkerAndWhatItLeft) {
  auto host = Open();
  ASSERT_TRUE(host->Start(spec_));
  ASSERT_TRUE(Eventually([&] { return Members().size() == 2; }));
  std::vector<ProcessId> before = Members();
  for (const ProcessId& process : before) {
    if (process.pid == before.front().pid) kill(static_cast<pid_t>(process.pid), SIGKILL);
  }
  EXPECT_TRUE(Eventually([&] {
    std::vector<ProcessId> now = Members();
    for (const ProcessId& process : now) {
      if (std::find(before.begin(), before.end(), process) != before.end()) return false;
    }
    return now.size() == 2;
  }));
}

TEST_F(ProcessWorkerHostTest, GivesUpOnAWorkerThatKeepsDying) {
  auto host = Open("exit 3");
  ASSERT_TRUE(host->Start(spec_));
  ASSERT_TRUE(Eventually(
      [&] { return host->Look(spec_.worker_group).condition == WorkerCondition::kFailed; }));
  EXPECT_NE(host->Look(spec_.worker_group)
                .message.find("ended with exit status 3 and was started again 5 times"),
            std::string::npos)
      << host->Look(spec_.worker_group).message;
  EXPECT_EQ(Named(".log").size(), 1u);

  // It stays given up over a restart, until it is wanted anew; then it is another, with one record.
  host.reset();
  host = Open();
  EXPECT_EQ(host->Look(spec_.worker_group).condition, WorkerCondition::kFailed);
  clock_.Sleep(Duration(20));
  EXPECT_TRUE(Members().empty());
  ASSERT_TRUE(host->Start(spec_));
  EXPECT_EQ(host->Look(spec_.worker_group).condition, WorkerCondition::kRunning);
  EXPECT_TRUE(Eventually([&] { return Members().size() == 2; }));
  EXPECT_EQ(Named(".json").size(), 1u);
}

TEST_F(ProcessWorkerHostTest, AWorkerThatKnowsAnotherAddressIsReplaced) {
  auto host = Open();
  ASSERT_TRUE(host->Start(spec_));
  ASSERT_TRUE(Eventually([&] { return Members().size() == 2; }));
  std::vector<ProcessId> before = Members();
  host.reset();
  host = Open("exec sleep 302", "http://127.0.0.1:7401");
  EXPECT_TRUE(Eventually([&] {
    std::vector<ProcessId> now = Members();
    return now.size() == 1 && std::find(before.begin(), before.end(), now.front()) == before.end();
  }));
  EXPECT_EQ(host->Look(spec_.worker_group).condition, WorkerCondition::kRunning);
}

TEST_F(ProcessWorkerHostTest, ARestartedHostAdoptsWhatItKnowsAndEndsTheRest) {
  std::vector<ProcessId> workers;
  {
    auto host = Open();
    ASSERT_TRUE(host->Start(spec_));
    ASSERT_TRUE(Eventually([&] { return Members().size() == 2; }));
    workers = Members();
  }
  ProcessSpec stranger{
      .arguments = {"/bin/sleep", "300"},
      .environment = {{"PENSTOCK_WORKER", "unknown"}, {"PENSTOCK_WORKER_HOME", folder_}}};
  auto process = processes_.Start(stranger);
  ASSERT_TRUE(process);
  auto host = Open();
  EXPECT_TRUE(Eventually([&] { return processes_.Wait(*process, Duration(0)).has_value(); }));
  EXPECT_EQ(host->Look(spec_.worker_group).condition, WorkerCondition::kRunning);
  EXPECT_EQ(Members(), workers);
}

TEST_F(ProcessWorkerHostTest, AStrangerThatShowsItselfLateIsEnded) {
  // As one that a server forked an instant before it was killed: old, but without its environment.
  auto process = processes_.Start(
      {.arguments = {"/bin/sh", "-c",
                     "sleep 0.5; PENSTOCK_WORKER_HOME=" + folder_ + " exec /bin/sleep 300"},
       .environment = {}});
  ASSERT_TRUE(process);
  auto host = Open();
  EXPECT_TRUE(processes_.Wait(*process, Duration(10'000)).has_value());
}

TEST_F(ProcessWorkerHostTest, WhatStartsAfterTheHostIsLeftAlone) {
  auto host = Open();
  auto process = processes_.Start(
      {.arguments = {"/bin/sleep", "300"},
       .environment = {{"PENSTOCK_WORKER", "embedded"}, {"PENSTOCK_WORKER_HOME", folder_}}});
  ASSERT_TRUE(process);
  // Longer than the host takes to look for strangers again.
  EXPECT_EQ(processes_.Wait(*process, Duration(2'500)), std::nullopt);
  EXPECT_TRUE(processes_.Signal(*process, SIGKILL));
  EXPECT_TRUE(processes_.Wait(*process, Duration(10'000)));
}

}  // namespace
}  // namespace penstock
