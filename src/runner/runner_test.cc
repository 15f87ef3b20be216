#include "runner/runner.h"

#include <gmock/gmock.h>

#include <thread>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using testing::HasSubstr;

class RunnerTest : public WorldTest {
 protected:
  RunnerTest() {
    aws_.On("DataPipeline.ReportTaskRunnerHeartbeat", [](const FakeAws::Call&) -> FakeAws::Answer {
      return JsonAnswer({{"terminate", false}});
    });
    aws_.On("DataPipeline.ReportTaskProgress", [](const FakeAws::Call&) -> FakeAws::Answer {
      return JsonAnswer({{"canceled", false}});
    });
    // Work is over once the wanted number of results is in.
    aws_.On("DataPipeline.SetTaskStatus", [this](const FakeAws::Call&) -> FakeAws::Answer {
      if (++results_ == results_wanted_) stop_.request_stop();
      return JsonAnswer({});
    });
    aws_.On("DataPipeline.PollForTask",
            [this](const FakeAws::Call&) -> FakeAws::Answer { return Poll(); });
  }

  // Hands out `tasks_`, then nothing.
  FakeAws::Answer Poll() {
    int number = polls_++;
    if (number < tasks_) return JsonAnswer({{"taskObject", Task(number)}});
    std::this_thread::yield();
    return JsonAnswer({});
  }
  json::Object Task(int number) {
    return TaskObject(
        {Object(fmt::format("@A_{}_Attempt=1", number),
                {{"type", "ShellCommandActivity", false}, {"command", command_, false}})},
        fmt::format("task-{}", number));
  }

  RunnerOptions Options() {
    return {.worker_group = "group",
            .id = "../odd id/",
            .hostname = "host",
            .tasks = 2,
            .folder = folder_ + "/attempts",
            .environment = {{"PATH", "/usr/bin:/bin"}}};
  }
  std::unique_ptr<Runner> Make(RunnerOptions options) {
    return std::make_unique<Runner>(std::move(options),
                                    DataPipelineClient(clients(), *aws_.Find("datapipeline", "")),
                                    clients(), aws_, files_, processes_);
  }
  Status Run() { return Make(Options())->Run(stop_.get_token()); }

  std::atomic<int> polls_ = 0, results_ = 0;
  int tasks_ = 0, results_wanted_ = 0;
  std::string command_ = "true";
  std::stop_source stop_;
};

TEST_F(RunnerTest, RunsWhatItIsHandedOut) {
  tasks_ = results_wanted_ = 5;
  Status ended = Run();
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(results_, 5);
  EXPECT_EQ(
      json::Write(aws_.Calls("PollForTask").front().body),
      R"({"workerGroup":"group","hostname":"host","instanceIdentity":{"document":"../odd id/"}})");
  EXPECT_EQ(json::Write(aws_.Calls("ReportTaskRunnerHeartbeat").front().body),
            R"({"taskrunnerId":"../odd id/","workerGroup":"group","hostname":"host"})");
  // Whatever the runner's id, its attempts' folders were where they belong.
  EXPECT_TRUE(files_.List(folder_ + "/attempts")->empty());
}

TEST_F(RunnerTest, SlotsWorkSideBySide) {
  // Each of the two ends once the other has begun.
  tasks_ = results_wanted_ = 2;
  command_ = fmt::format(
      "touch {0}/$$; until [ $(ls {0} | grep -c '^[0-9]') = 2 ]; do sleep 0.01; done", folder_);
  ASSERT_TRUE(Run());
  EXPECT_EQ(results_, 2);
}

TEST_F(RunnerTest, JoinsBeforeItPolls) {
  std::atomic<int> beats = 0;
  aws_.On("DataPipeline.ReportTaskRunnerHeartbeat", [&](const FakeAws::Call&) -> FakeAws::Answer {
    EXPECT_EQ(polls_, 0);
    if (++beats < 10) return Unavailable("connection refused");
    return JsonAnswer({{"terminate", false}});
  });
  tasks_ = results_wanted_ = 1;
  ASSERT_TRUE(Run());
  EXPECT_EQ(beats, 10);
}

TEST_F(RunnerTest, SaysWhenItCannotWorkAtAll) {
  for (const char* error :
       {"UnrecognizedClientException", "InvalidSignatureException", "UnknownOperationException"}) {
    aws_.On("DataPipeline.ReportTaskRunnerHeartbeat",
            [error](const FakeAws::Call&) -> FakeAws::Answer { return ErrorAnswer(error); });
    Status ended = Run();
    ASSERT_FALSE(ended);
    EXPECT_THAT(ended.error().message,
                HasSubstr(std::string("joining worker group group: ") + error));
    EXPECT_EQ(polls_, 0);
  }
  // Without a key there is nothing to wait for either.
  Runner keyless(Options(),
                 DataPipelineClient(clients(), {"http://datapipeline.test", "us-east-1", nullptr}),
                 clients(), aws_, files_, processes_);
  EXPECT_FALSE(keyless.Run(stop_.get_token()));
}

TEST_F(RunnerTest, AStopWhileJoiningIsNoError) {
  aws_.On("DataPipeline.ReportTaskRunnerHeartbeat", [&](const FakeAws::Call&) -> FakeAws::Answer {
    stop_.request_stop();
    return Canceled("told to stop");
  });
  EXPECT_TRUE(Run());
  EXPECT_EQ(polls_, 0);
}

TEST_F(RunnerTest, PollsGoOnThroughErrors) {
  aws_.On("DataPipeline.PollForTask", [&](const FakeAws::Call&) -> FakeAws::Answer {
    int number = polls_++;
    if (number < 6)
      return number % 2 == 0 ? FakeAws::Answer(Unavailable("refused"))
                             : ErrorAnswer("InternalServiceError", 500);
    if (number == 6) return HttpResponse{.status = 200, .headers = {}, .body = "no JSON"};
    if (number == 7) return JsonAnswer({{"taskObject", json::Object{{"taskId", "half"}}}});
    if (number == 8) return JsonAnswer({{"taskObject", Task(number)}});
    return JsonAnswer({});
  });
  results_wanted_ = 1;
  ASSERT_TRUE(Run());
}

TEST_F(RunnerTest, AServiceThatDoesNotHoldPollsIsNotAskedWithoutPause) {
  Instant begun = clock_.Now();
  aws_.On("DataPipeline.PollForTask", [&](const FakeAws::Call&) -> FakeAws::Answer {
    if (++polls_ == 100) stop_.request_stop();
    return JsonAnswer({});
  });
  ASSERT_TRUE(Run());
  EXPECT_GT(clock_.Now() - begun, Duration(10'000));
}

TEST_F(RunnerTest, DrainEndsThePollsAndNotTheWork) {
  RunnerOptions options = Options();
  options.tasks = 1;
  auto runner = Make(options);
  tasks_ = 1;
  command_ = "sleep 0.05";
  std::jthread drainer([&] {
    while (polls_ == 0) std::this_thread::yield();
    runner->Drain();
  });
  ASSERT_TRUE(runner->Run(stop_.get_token()));
  EXPECT_EQ(aws_.Calls("SetTaskStatus").front().body.at("taskStatus"), "FINISHED");
  EXPECT_EQ(polls_, 1);
}

TEST_F(RunnerTest, EndsWhenTheServiceSaysSo) {
  std::atomic<int> beats = 0;
  aws_.On("DataPipeline.ReportTaskRunnerHeartbeat", [&](const FakeAws::Call&) -> FakeAws::Answer {
    return JsonAnswer({{"terminate", ++beats > 2}});
  });
  RunnerOptions options = Options();
  options.heartbeat_interval = Duration(1);
  tasks_ = 1;
  command_ = "sleep 300";
  ASSERT_TRUE(Make(options)->Run(stop_.get_token()));
  for (const auto& call : aws_.Calls("SetTaskStatus"))
    EXPECT_EQ(call.body.at("errorId"), "WorkerStopped");
}

}  // namespace
}  // namespace penstock
