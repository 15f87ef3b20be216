#include <fcntl.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <thread>

#include "system/posix_files.h"
#include "system/posix_processes.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using std::chrono::seconds;

class SystemTest : public testing::Test {
 protected:
  SystemTest() {
    char name[] = "/tmp/penstock_system_test_XXXXXX";
    root_ = mkdtemp(name);
  }
  ~SystemTest() override { EXPECT_TRUE(files_.RemoveTree(root_)); }

  std::string Path(const std::string& name) const { return root_ + "/" + name; }
  ProcessSpec Shell(const std::string& script) const {
    ProcessSpec spec;
    spec.arguments = {"sh", "-c", script};
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.stdout_path = Path("out");
    spec.stderr_path = Path("err");
    return spec;
  }

  PosixFiles files_;
  PosixProcesses processes_;
  std::string root_;
};

TEST_F(SystemTest, ClockGoesForward) {
  SystemClock clock;
  auto before = clock.Monotonic();
  clock.Sleep(Duration(2));
  EXPECT_GE(clock.Monotonic() - before, Duration(2));
  EXPECT_GT(clock.Now().time_since_epoch(), std::chrono::hours(24 * 365 * 50));
}

TEST_F(SystemTest, RandomNumbersDifferAcrossThreads) {
  SystemRandom random;
  std::vector<std::vector<uint64_t>> drawn(4);
  {
    std::vector<std::jthread> threads;
    for (auto& numbers : drawn) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) numbers.push_back(random.Next());
      });
    }
  }
  std::set<uint64_t> all;
  for (const auto& numbers : drawn) all.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(all.size(), 4000u);
  EXPECT_FALSE(all.contains(0));
}

TEST_F(SystemTest, WritesReadBack) {
  auto file = files_.Create(Path("f"), 0600);
  ASSERT_TRUE(file);
  EXPECT_TRUE((*file)->Append("hello "));
  EXPECT_TRUE((*file)->Append("world"));
  EXPECT_TRUE((*file)->Sync());
  EXPECT_TRUE((*file)->Close());
  EXPECT_EQ((*file)->Append("x").error().code, ErrorCode::kFailedPrecondition);
  struct stat info;
  ASSERT_EQ(stat(Path("f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  auto more = files_.Append(Path("f"));
  ASSERT_TRUE(more);
  EXPECT_TRUE((*more)->Append("!"));
  EXPECT_TRUE((*more)->Close());
  EXPECT_EQ(files_.Read(Path("f")).value(), "hello world!");

  auto reader = files_.Open(Path("f"));
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->Size().value(), 12u);
  char buffer[5];
  EXPECT_EQ((*reader)->ReadAt(6, buffer, 5).value(), 5u);
  EXPECT_EQ(std::string_view(buffer, 5), "world");
  EXPECT_EQ((*reader)->ReadAt(11, buffer, 5).value(), 1u);
  EXPECT_EQ((*reader)->ReadAt(12, buffer, 5).value(), 0u);
  EXPECT_EQ((*reader)->ReadAt(UINT64_MAX, buffer, 5).value(), 0u);
}

TEST_F(SystemTest, ReadsFilesThatSayNoSize) {
  auto text = files_.Read("/proc/self/status");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("Pid:"), std::string::npos);
}

TEST_F(SystemTest, ErrorsNameThePathAndTheKind) {
  auto missing = files_.Read(Path("none"));
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find(Path("none")), std::string::npos);
  EXPECT_EQ(files_.Open(Path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.Create(Path("no/file")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.List(Path("none")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.Rename(Path("none"), Path("x")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.Read(std::string("a\0b", 3)).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(files_.Remove(Path("none")));
  EXPECT_TRUE(files_.RemoveTree(Path("none")));
}

TEST_F(SystemTest, FullDiskIsResourceExhausted) {
  auto file = files_.Append("/dev/full");
  if (!file) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ((*file)->Append("x").error().code, ErrorCode::kResourceExhausted);
}

TEST_F(SystemTest, ReplaceLeavesNothingElse) {
  EXPECT_TRUE(files_.Replace(Path("key"), "one", 0600));
  EXPECT_TRUE(files_.Replace(Path("key"), "two", 0600));
  EXPECT_EQ(files_.Read(Path("key")).value(), "two");
  EXPECT_EQ(files_.List(root_)->size(), 1u);
  ASSERT_TRUE(files_.MakeDirectories(Path("folder/below")));
  EXPECT_FALSE(files_.Replace(Path("folder"), "x"));
  EXPECT_EQ(files_.List(root_)->size(), 2u);
}

TEST_F(SystemTest, OfSeveralWhoMakeAFileAtOnceOneSucceeds) {
  for (int round = 0; round < 50; ++round) {
    const std::string path = Path("one" + std::to_string(round));
    std::array<Status, 4> made;
    {
      std::vector<std::jthread> threads;
      for (size_t i = 0; i < made.size(); ++i)
        threads.emplace_back([&, i] { made[i] = files_.WriteNew(path, std::to_string(i)); });
    }
    size_t successes = 0;
    for (size_t i = 0; i < made.size(); ++i) {
      if (made[i]) {
        ++successes;
        EXPECT_EQ(*files_.Read(path), std::to_string(i));
      } else {
        EXPECT_EQ(made[i].error().code, ErrorCode::kAlreadyExists) << made[i].error().message;
      }
    }
    EXPECT_EQ(successes, 1u);
    ASSERT_TRUE(files_.Remove(path));
  }
  EXPECT_TRUE(files_.List(root_)->empty());
  ASSERT_TRUE(files_.Replace(Path("a"), "a"));
  ASSERT_TRUE(files_.Replace(Path("b"), "b"));
  EXPECT_EQ(files_.RenameNew(Path("a"), Path("b")).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(*files_.Read(Path("b")), "b");
  EXPECT_TRUE(files_.RenameNew(Path("a"), Path("c")));
  EXPECT_FALSE(files_.Exists(Path("a")));
  EXPECT_EQ(*files_.Absolute("x/../y"), std::filesystem::current_path().string() + "/y");
  EXPECT_EQ(*files_.Absolute("/a/./b"), "/a/b");
}

TEST_F(SystemTest, FoldersAreMadeListedAndRemoved) {
  EXPECT_TRUE(files_.MakeDirectories(Path("a/b//c/")));
  EXPECT_TRUE(files_.MakeDirectories(Path("a/b")));
  EXPECT_TRUE(files_.Replace(Path("a/file"), ""));
  EXPECT_TRUE(files_.SyncDirectory(Path("a")));
  EXPECT_EQ(files_.MakeDirectories(Path("a/file/x")).error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(files_.Exists(Path("a/b/c")));
  auto entries = files_.List(Path("a"));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].name, "b");
  EXPECT_TRUE((*entries)[0].is_directory);
  EXPECT_EQ((*entries)[1].name, "file");
  EXPECT_FALSE((*entries)[1].is_directory);
  EXPECT_TRUE(files_.RemoveTree(Path("a")));
  EXPECT_FALSE(files_.Exists(Path("a")));
}

TEST_F(SystemTest, LockSaysWhoHoldsIt) {
  {
    auto lock = files_.Lock(Path("lock"));
    ASSERT_TRUE(lock);
    auto second = files_.Lock(Path("lock"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_NE(second.error().message.find("process " + std::to_string(getpid())), std::string::npos)
        << second.error().message;
    // A child must not keep it.
    auto child = processes_.Start(Shell("sleep 60"));
    ASSERT_TRUE(child);
    lock->reset();
    EXPECT_TRUE(files_.Lock(Path("lock")));
    EXPECT_TRUE(processes_.Signal(*child, SIGKILL));
    EXPECT_TRUE(processes_.Wait(*child, seconds(10)));
  }
  EXPECT_TRUE(files_.Lock(Path("lock")));
}

TEST_F(SystemTest, RunsAProgramAndTellsItsExit) {
  ProcessSpec spec = Shell("pwd; echo $GREETING; echo oops >&2; exit 7");
  spec.environment.emplace_back("GREETING", "hello");
  spec.directory = root_;
  auto process = processes_.Start(spec);
  ASSERT_TRUE(process) << process.error().message;
  auto status = processes_.Wait(*process, seconds(10));
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, (ExitStatus{.code = 7, .signal = {}}));
  EXPECT_EQ(processes_.Wait(*process, seconds(0)), status) << "asking again gives the same";
  EXPECT_FALSE(processes_.IsAlive(*process));
  EXPECT_TRUE(processes_.Signal(*process, SIGTERM)) << "gone is no error";
  EXPECT_EQ(files_.Read(Path("out")).value(), root_ + "\nhello\n");
  EXPECT_EQ(files_.Read(Path("err")).value(), "oops\n");
}

TEST_F(SystemTest, StartTimesAreOfTheKernelsClock) {
  uint64_t before = processes_.StartTimeNow();
  auto process = processes_.Start({.arguments = {"/bin/true"}, .environment = {}});
  ASSERT_TRUE(process);
  EXPECT_LE(before, process->start_time);
  EXPECT_LE(process->start_time, processes_.StartTimeNow());
  EXPECT_TRUE(processes_.Wait(*process, Duration(10'000)));
}

TEST_F(SystemTest, ChildrenInheritNoDescriptors) {
  // Without O_CLOEXEC, and above what the shell opens for its pipe.
  int leaked = fcntl(1, F_DUPFD, 100);
  auto process = processes_.Start(Shell("ls /proc/$$/fd | tr '\\n' ' '"));
  ASSERT_TRUE(process);
  ASSERT_TRUE(processes_.Wait(*process, seconds(10)));
  close(leaked);
  std::string descriptors = files_.Read(Path("out")).value();
  EXPECT_EQ(descriptors.substr(0, 6), "0 1 2 ");
  EXPECT_EQ(descriptors.find(std::to_string(leaked) + " "), std::string::npos) << descriptors;
}

TEST_F(SystemTest, SignalReachesTheWholeGroupEvenWithoutItsLeader) {
  auto process = processes_.Start(Shell("sleep 300 & echo $!; trap '' TERM; wait"));
  ASSERT_TRUE(process);
  EXPECT_TRUE(processes_.IsAlive(*process));
  EXPECT_EQ(processes_.Wait(*process, Duration(20)), std::nullopt);
  std::string child;
  for (int i = 0; i < 500 && child.empty(); ++i) {
    child = files_.Read(Path("out")).value_or("");
    SystemClock().Sleep(Duration(10));
  }
  ASSERT_EQ(kill(static_cast<pid_t>(process->pid), SIGKILL), 0);  // the leader alone
  auto status = processes_.Wait(*process, seconds(10));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->signal, SIGKILL);
  pid_t sleeper = std::stoi(child);
  EXPECT_EQ(kill(sleeper, 0), 0);
  EXPECT_TRUE(processes_.Signal(*process, SIGKILL));
  auto gone = [&] {
    auto text = files_.Read("/proc/" + std::to_string(sleeper) + "/stat");
    return !text || text->find(") Z ") != std::string::npos;
  };
  for (int i = 0; i < 500 && !gone(); ++i) SystemClock().Sleep(Duration(10));
  EXPECT_TRUE(gone());
}

TEST_F(SystemTest, WorksForProcessesThatAreNotOurChildren) {
  // The inner shell outlives its parent, so it is nobody's child here.
  auto outer = processes_.Start(Shell("setsid sh -c 'sleep 300' & echo $!"));
  ASSERT_TRUE(outer);
  ASSERT_TRUE(processes_.Wait(*outer, seconds(10)));
  int64_t pid = std::stoll(files_.Read(Path("out")).value());
  std::string stat = files_.Read("/proc/" + std::to_string(pid) + "/stat").value();
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  ProcessId process{pid, std::stoull(field)};
  EXPECT_TRUE(processes_.IsAlive(process));
  EXPECT_FALSE(processes_.IsAlive({pid, process.start_time + 1})) << "another of the same number";
  EXPECT_TRUE(processes_.Signal({pid, process.start_time + 1}, SIGKILL));
  EXPECT_TRUE(processes_.IsAlive(process)) << "which must not be signalled";
  EXPECT_TRUE(processes_.Signal(process, SIGKILL));
  auto status = processes_.Wait(process, seconds(10));
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->code);
  EXPECT_FALSE(status->signal);
}

TEST_F(SystemTest, WhatCannotStartSaysWhy) {
  ProcessSpec spec = Shell("true");
  spec.arguments = {"no-such-program-here"};
  auto missing = processes_.Start(spec);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message.find("no-such-program-here"), std::string::npos);
  spec.arguments = {"/etc/passwd"};
  EXPECT_EQ(processes_.Start(spec).error().code, ErrorCode::kPermissionDenied);
  spec = Shell("true");
  spec.directory = Path("none");
  EXPECT_NE(processes_.Start(spec).error().message.find(Path("none")), std::string::npos);
  spec = Shell("true");
  spec.stdout_path = Path("none/out");
  EXPECT_NE(processes_.Start(spec).error().message.find(Path("none/out")), std::string::npos);
  EXPECT_EQ(processes_.Start({}).error().code, ErrorCode::kInvalidArgument);
  spec = Shell("true");
  spec.environment.emplace_back("A=B", "c");
  EXPECT_EQ(processes_.Start(spec).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace penstock
