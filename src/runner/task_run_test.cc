#include "runner/task_run.h"

#include <gmock/gmock.h>

#include <thread>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;

constexpr char kAttempt[] = "@Run_2026-01-01T00:00:00_Attempt=1";
constexpr Duration kNever{std::chrono::hours(1)};

HttpResponse Progress(bool canceled) { return JsonAnswer({{"canceled", canceled}}); }

class TaskRunTest : public WorldTest {
 protected:
  TaskRunTest() {
    aws_.On("DataPipeline.ReportTaskProgress",
            [](const FakeAws::Call&) -> FakeAws::Answer { return Progress(false); });
    aws_.On("DataPipeline.SetTaskStatus",
            [](const FakeAws::Call&) -> FakeAws::Answer { return JsonAnswer({}); });
  }

  void Run(std::vector<Field> fields, std::stop_token stop = {}, Duration report_interval = kNever,
           bool leaves_interrupted = false) {
    bool typed = std::any_of(fields.begin(), fields.end(),
                             [](const Field& field) { return field.key == "type"; });
    if (!typed) fields.push_back({"type", "ShellCommandActivity", false});
    fields.push_back({"@componentParent", "Run", true});
    auto task = ParseTask(TaskObject({Object(kAttempt, std::move(fields))}));
    ASSERT_TRUE(task);
    TaskRunOptions options{.folder = folder_ + "/attempt",
                           .report_interval = report_interval,
                           .log_uri = log_uri_,
                           .environment = {{"PATH", "/usr/bin:/bin"}},
                           .leaves_interrupted = leaves_interrupted};
    DataPipelineClient service(clients(), *aws_.Find("datapipeline", ""));
    TaskRun(*task, options, service, clients(), aws_, files_, processes_).Run(stop);
    EXPECT_FALSE(files_.Exists(options.folder));
  }
  std::string log_uri_;
  std::string Mark() const { return folder_ + "/mark"; }
  bool Began() { return files_.Exists(Mark()); }
  Field Command(const std::string& rest = "") const {
    return {"command", "touch " + Mark() + "; " + rest, false};
  }

  // The one result, or "".
  std::string Outcome() {
    auto calls = aws_.Calls("SetTaskStatus");
    EXPECT_LE(calls.size(), 1u);
    return calls.empty() ? "" : std::string(calls.front().body.at("taskStatus").as_string());
  }
  std::string ErrorId() {
    return std::string(aws_.Calls("SetTaskStatus").front().body.at("errorId").as_string());
  }
  // Answers the first `count` calls with `first`, the others with `then`.
  void First(const std::string& operation, int count, FakeAws::Answer first, FakeAws::Answer then) {
    aws_.On("DataPipeline." + operation,
            [=, calls = std::make_shared<std::atomic<int>>(0)](const FakeAws::Call&) {
              return (*calls)++ < count ? first : then;
            });
  }
};

TEST_F(TaskRunTest, AcknowledgesRunsAndReports) {
  Run({Command()});
  EXPECT_TRUE(Began());
  EXPECT_EQ(Outcome(), "FINISHED");
  auto reports = aws_.Calls("ReportTaskProgress");
  ASSERT_FALSE(reports.empty());
  EXPECT_EQ(json::Write(reports.front().body), R"({"taskId":"task"})");
}

TEST_F(TaskRunTest, AFailureIsTold) {
  Run({Command("printf 'caf\\351 \\033[31m' >&2; exit 3")});
  EXPECT_EQ(Outcome(), "FAILED");
  json::Object body = aws_.Calls("SetTaskStatus").front().body;
  EXPECT_EQ(body.at("errorId"), "ShellCommandFailed");
  EXPECT_THAT(std::string(body.at("errorMessage").as_string()), HasSubstr("exit status 3"));
  EXPECT_EQ(body.at("errorStackTrace"), "caf\xEF\xBF\xBD \xEF\xBF\xBD[31m");
}

TEST_F(TaskRunTest, APreconditionThatIsNotMetIsFalse) {
  Run({Command("exit 1"), {"type", "ShellCommandPrecondition", false}});
  EXPECT_EQ(Outcome(), "FALSE");
}

TEST_F(TaskRunTest, ATypeWeCannotRunFailsSayingSo) {
  Run({{"type", "HiveActivity", false}});
  EXPECT_EQ(Outcome(), "FAILED");
  EXPECT_EQ(ErrorId(), "UnsupportedActivity");
  EXPECT_THAT(std::string(aws_.Calls("SetTaskStatus").front().body.at("errorMessage").as_string()),
              HasSubstr("HiveActivity"));
}

TEST_F(TaskRunTest, NothingBeginsThatIsNotOurs) {
  for (const FakeAws::Answer& answer : {FakeAws::Answer(ErrorAnswer("TaskNotFoundException")),
                                        FakeAws::Answer(ErrorAnswer("PipelineDeletedException")),
                                        FakeAws::Answer(Progress(true))}) {
    aws_.On("DataPipeline.ReportTaskProgress", [=](const FakeAws::Call&) { return answer; });
    Run({Command()});
    EXPECT_FALSE(Began());
    EXPECT_EQ(Outcome(), "");
  }
}

TEST_F(TaskRunTest, TheAcknowledgementWaitsForTheServer) {
  // More than one call's own tries; then the task is another's.
  First("ReportTaskProgress", 10, Unavailable("connection refused"),
        ErrorAnswer("TaskNotFoundException"));
  Run({Command()});
  EXPECT_FALSE(Began());
  First("ReportTaskProgress", 10, ErrorAnswer("ServiceUnavailable", 503), Progress(false));
  Run({Command()});
  EXPECT_TRUE(Began());
  EXPECT_EQ(Outcome(), "FINISHED");
}

TEST_F(TaskRunTest, AStopBeforeTheAcknowledgementBeginsNothing) {
  std::stop_source stop;
  aws_.On("DataPipeline.ReportTaskProgress", [&](const FakeAws::Call&) -> FakeAws::Answer {
    stop.request_stop();
    return Unavailable("connection refused");
  });
  Run({Command()}, stop.get_token());
  EXPECT_FALSE(Began());
  EXPECT_EQ(Outcome(), "");
}

TEST_F(TaskRunTest, CanceledOrLostWorkIsEndedAndNotReported) {
  for (bool canceled : {true, false}) {
    aws_.On("DataPipeline.ReportTaskProgress",
            [&, canceled](const FakeAws::Call&) -> FakeAws::Answer {
              if (!Began()) return Progress(false);
              return canceled ? Progress(true) : ErrorAnswer("TaskNotFoundException");
            });
    Run({Command("sleep 300"), {"pipelineLogUri", "s3://b/logs", false}}, {}, Duration(1));
    EXPECT_TRUE(Began());
    EXPECT_EQ(Outcome(), "");
    // What was canceled keeps its logs; those of a lost attempt are its new owner's.
    EXPECT_EQ(aws_.objects().empty(), !canceled);
    aws_.Clear();
    ASSERT_TRUE(files_.Remove(Mark()));
  }
}

TEST_F(TaskRunTest, AnUnreachableServerDoesNotEndTheWork) {
  std::atomic<int> calls = 0;
  aws_.On("DataPipeline.ReportTaskProgress", [&](const FakeAws::Call&) -> FakeAws::Answer {
    if (calls++ == 0) return Progress(false);
    if (calls < 20) return Unavailable("connection refused");
    (void)files_.Replace(folder_ + "/go", "");
    return Progress(false);
  });
  Run({Command("until [ -e " + folder_ + "/go ]; do sleep 0.01; done")}, {}, Duration(1));
  EXPECT_EQ(Outcome(), "FINISHED");
}

TEST_F(TaskRunTest, TheResultIsSaidUntilItIsHeard) {
  First("SetTaskStatus", 10, Unavailable("connection refused"), JsonAnswer({}));
  Run({Command()});
  EXPECT_EQ(aws_.Calls("SetTaskStatus").size(), 11u);
}

TEST_F(TaskRunTest, TheLastFieldsAreHeardBeforeTheResult) {
  // The server goes away while the work runs, and comes back.
  std::atomic<int> calls = 0;
  aws_.On("DataPipeline.ReportTaskProgress", [&](const FakeAws::Call&) -> FakeAws::Answer {
    int number = calls++;
    if (number > 0 && number < 8) return Unavailable("connection refused");
    return Progress(false);
  });
  Run({Command(), {"pipelineLogUri", "s3://b/logs", false}});
  EXPECT_EQ(Outcome(), "FINISHED");
  EXPECT_EQ(
      json::Write(aws_.Calls("ReportTaskProgress").back().body),
      fmt::format(
          R"({{"taskId":"task","fields":[{{"key":"@logLocation","stringValue":"{}"}}]}})",
          "s3://b/logs/df-TEST/Run/@Run_2026-01-01T00:00:00/@Run_2026-01-01T00:00:00_Attempt=1/"));
}

TEST_F(TaskRunTest, TheLogsAreKept) {
  Run({Command("echo said"), {"pipelineLogUri", "s3://b/logs/", false}});
  std::string prefix =
      "b/logs/df-TEST/Run/@Run_2026-01-01T00:00:00/@Run_2026-01-01T00:00:00_Attempt=1/";
  auto objects = aws_.objects();
  EXPECT_THAT(objects, ElementsAre(Key(prefix + "Activity.log"), Key(prefix + "StdError"),
                                   Key(prefix + "StdOutput")));
  EXPECT_EQ(objects[prefix + "StdOutput"], "said\n");
  EXPECT_THAT(objects[prefix + "Activity.log"], HasSubstr("done"));
}

TEST_F(TaskRunTest, LogsThatNoPipelineWantsGoWhereTheWorkerSays) {
  log_uri_ = "s3://w/runner";
  Run({Command("echo said")});
  Run({Command("echo said"), {"pipelineLogUri", "s3://b/logs", false}});
  auto objects = aws_.objects();
  std::string attempt = "/df-TEST/Run/@Run_2026-01-01T00:00:00/@Run_2026-01-01T00:00:00_Attempt=1/";
  EXPECT_EQ(objects["w/runner" + attempt + "StdOutput"], "said\n");
  EXPECT_EQ(objects["b/logs" + attempt + "StdOutput"], "said\n");
}

TEST_F(TaskRunTest, LogsThatCannotBeKeptDoNotUndoTheWork) {
  aws_.set_s3_status(403);
  Run({Command(), {"pipelineLogUri", "s3://b/logs/", false}});
  EXPECT_EQ(Outcome(), "FINISHED");
}

class StoppedTaskRunTest : public TaskRunTest {
 protected:
  // Runs a command that would never end and stops the worker once it has begun.
  void RunAndStop(const std::string& rest, bool leaves_interrupted = false) {
    std::stop_source stop;
    std::jthread stopper([&] {
      while (!Began()) std::this_thread::yield();
      stop.request_stop();
    });
    Run({Command(rest)}, stop.get_token(), kNever, leaves_interrupted);
  }
};

TEST_F(StoppedTaskRunTest, AStoppedWorkerReportsAFailure) {
  RunAndStop("trap 'exit 0' TERM; sleep 300 & wait");
  EXPECT_EQ(Outcome(), "FAILED");
  EXPECT_EQ(ErrorId(), "WorkerStopped");
}

TEST_F(StoppedTaskRunTest, OrLeavesItToItsSuccessor) {
  RunAndStop("sleep 300", true);
  EXPECT_EQ(Outcome(), "");
}

TEST_F(StoppedTaskRunTest, AStoppedWorkerDoesNotWaitForAServerThatIsAway) {
  First("ReportTaskProgress", 1, Progress(false), Unavailable("connection refused"));
  RunAndStop("sleep 300");
  EXPECT_EQ(Outcome(), "");
}

TEST_F(TaskRunTest, WhatADeadWorkerLeftIsNotFound) {
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/attempt/work"));
  ASSERT_TRUE(files_.Replace(folder_ + "/attempt/work/old", ""));
  Run({Command("[ ! -e old ]")});
  EXPECT_EQ(Outcome(), "FINISHED");
}

}  // namespace
}  // namespace penstock
