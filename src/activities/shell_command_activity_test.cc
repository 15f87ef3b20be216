#include "activities/shell_command_activity.h"

#include <gmock/gmock.h>

#include <thread>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kAttempt[] = "@Run_2026-01-01T00:00:00_Attempt=1";

class ShellCommandActivityTest : public WorldTest {
 protected:
  // The attempt with these fields, and other objects.
  ActivityResult Run(std::vector<Field> fields, std::vector<PipelineObject> others = {},
                     std::stop_token stop = {}, const std::string& type = "ShellCommandActivity") {
    fields.push_back({"type", type, false});
    std::vector<PipelineObject> objects = {Object(kAttempt, std::move(fields))};
    objects.insert(objects.end(), others.begin(), others.end());
    auto task = ParseTask(TaskObject(objects));
    EXPECT_TRUE(task);
    ActivityContext context{.clients = clients(),
                            .services = &aws_,
                            .files = &files_,
                            .processes = &processes_,
                            .folder = folder_ + "/work",
                            .log_folder = folder_ + "/logs",
                            .environment = {{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}},
                            .log = [](const std::string&) {},
                            .report = [](const std::string&, const std::string&) {}};
    for (const std::string& folder : {context.folder, context.log_folder})
      EXPECT_TRUE(files_.MakeDirectories(folder));
    return ShellCommandActivity().Run(*task, context, stop);
  }

  // Killed, it may be a zombie until init takes it.
  bool HasEnded(const std::string& pid) {
    std::string stat = files_.Read("/proc/" + pid + "/stat").value_or(") Z");
    return stat.find(") Z") != std::string::npos;
  }
  bool EndsSoon(const std::string& pid) {
    for (int looks = 0; looks < 1000 && !HasEnded(pid); ++looks)
      std::this_thread::sleep_for(Duration(5));
    return HasEnded(pid);
  }

  std::string Output(const char* name = "StdOutput") {
    return files_.Read(folder_ + "/logs/" + name).value_or("(none)");
  }
};

TEST_F(ShellCommandActivityTest, ACommandRunsInItsFolderWithItsArgumentsAndEnvironment) {
  ActivityResult result =
      Run({{"command", "echo \"$GREETING $1,$2 $(basename $PWD)\"; echo oops >&2", false},
           {"scriptArgument", "a b", false},
           {"scriptArgument", "*", false}});
  ASSERT_TRUE(result);
  EXPECT_EQ(*result, ActivityOutcome::kDone);
  EXPECT_EQ(Output(), "hello a b,* work\n");
  EXPECT_EQ(Output("StdError"), "oops\n");
}

TEST_F(ShellCommandActivityTest, WhatACommandLeavesRunningEndsWithIt) {
  ASSERT_TRUE(Run({{"command", "sleep 300 & echo $! >pid", false}}));
  std::string pid(Trim(files_.Read(folder_ + "/work/pid").value_or("")));
  ASSERT_FALSE(pid.empty());
  EXPECT_TRUE(EndsSoon(pid));
}

TEST_F(ShellCommandActivityTest, FailuresSayWhat) {
  ActivityResult result = Run({{"command", "echo why >&2; exit 7", false}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "ShellCommandFailed");
  EXPECT_THAT(result.error().message, HasSubstr("exit status 7"));
  EXPECT_EQ(result.error().stack_trace, "why\n");

  result = Run({{"command", "kill -9 $$", false}});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("signal 9"));

  result = Run({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "ShellCommandNotStarted");
  EXPECT_THAT(result.error().message, HasSubstr("neither command nor scriptUri"));
}

TEST_F(ShellCommandActivityTest, TheTailOfALongOutputBeginsAtALine) {
  ActivityResult result =
      Run({{"command", "for i in $(seq 1000); do echo line $i; done >&2; exit 1", false}});
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().stack_trace.starts_with("line ")) << result.error().stack_trace;
  EXPECT_TRUE(result.error().stack_trace.ends_with("line 1000\n"));
  EXPECT_LE(result.error().stack_trace.size(), 1024u);
  // One endless line: better its end than nothing.
  ASSERT_TRUE(files_.Remove(folder_ + "/logs/StdError"));
  result = Run({{"command", "printf '%05000d\\n' 1 >&2; exit 1", false}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().stack_trace.size(), 1024u);
}

TEST_F(ShellCommandActivityTest, AScriptComesFromS3) {
  aws_.Put("b/scripts/run.sh", "#!/bin/bash\necho script $1\n");
  ActivityResult result =
      Run({{"scriptUri", "s3://b/scripts/run.sh", false}, {"scriptArgument", "x", false}});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(Output(), "script x\n");
  result = Run({{"scriptUri", "s3://b/missing.sh", false}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "ShellCommandNotStarted");
  EXPECT_THAT(result.error().message, HasSubstr("s3://b/missing.sh"));
}

TEST_F(ShellCommandActivityTest, StagesInputsAndOutputs) {
  aws_.Put("b/in/a", "one");
  aws_.Put("b/in/sub/b", "two");
  aws_.Put("b/in/sub/", "");  // a folder's marker
  aws_.Put("b/file/name.csv", "three");
  ActivityResult result = Run(
      {{"command",
        "cat $INPUT1_STAGING_DIR/a $INPUT1_STAGING_DIR/sub/b $INPUT3_STAGING_DIR/name.csv > "
        "$OUTPUT1_STAGING_DIR/all; mkdir $OUTPUT1_STAGING_DIR/d; echo x > $OUTPUT1_STAGING_DIR/d/e",
        false},
       {"stage", "true", false},
       Ref("input", "Folder"),
       Ref("input", "Table"),  // not staged, but counted
       Ref("input", "File"),
       Ref("output", "Out")},
      {Object("Folder", {{"type", "S3DataNode", false}, {"directoryPath", "s3://b/in/", false}}),
       Object("Table", {{"type", "DynamoDBDataNode", false}}),
       Object("File", {{"type", "S3DataNode", false}, {"filePath", "s3://b/file/name.csv", false}}),
       Object("Out", {{"type", "S3DataNode", false}, {"directoryPath", "s3://b/out", false}})});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(aws_.objects()["b/out/all"], "onetwothree");
  EXPECT_EQ(aws_.objects()["b/out/d/e"], "x\n");
}

TEST_F(ShellCommandActivityTest, OutputsOfAFailureStayHere) {
  PipelineObject out =
      Object("Out", {{"type", "S3DataNode", false}, {"directoryPath", "s3://b/out", false}});
  EXPECT_FALSE(Run({{"command", "echo half > $OUTPUT1_STAGING_DIR/f; false", false},
                    {"stage", "true", false},
                    Ref("output", "Out")},
                   {out}));
  EXPECT_TRUE(aws_.objects().empty());
}

TEST_F(ShellCommandActivityTest, NoKeyLeavesTheStagingFolder) {
  aws_.Put("b/in/../../escaped", "x");
  ActivityResult result =
      Run({{"command", "true", false}, {"stage", "true", false}, Ref("input", "In")},
          {Object("In", {{"type", "S3DataNode", false}, {"directoryPath", "s3://b/in", false}})});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("\"..\" part"));
  EXPECT_FALSE(files_.Exists(folder_ + "/escaped"));
}

TEST_F(ShellCommandActivityTest, CapturedOutputGoesWhereTheUserWants) {
  ASSERT_FALSE(Run({{"command", "echo out; echo err >&2; exit 1", false},
                    {"stdout", "s3://b/o", false},
                    {"stderr", "s3://b/e", false}}));
  EXPECT_THAT(aws_.objects(), ElementsAre(Pair("b/e", "err\n"), Pair("b/o", "out\n")));
}

TEST_F(ShellCommandActivityTest, APreconditionThatIsNotMetIsNoFailure) {
  EXPECT_EQ(Run({{"command", "exit 1", false}}, {}, {}, "ShellCommandPrecondition").value(),
            ActivityOutcome::kNotMet);
  EXPECT_EQ(Run({{"command", "true", false}}, {}, {}, "ShellCommandPrecondition").value(),
            ActivityOutcome::kDone);
  EXPECT_FALSE(Run({{"command", "kill -9 $$", false}}, {}, {}, "ShellCommandPrecondition"));
}

TEST_F(ShellCommandActivityTest, AStopEndsAllOfIt) {
  // A command that takes the signal for a success has still not done its work.
  std::stop_source stop;
  std::jthread stopper([&] {
    while (Output() != "begun\n") std::this_thread::yield();
    stop.request_stop();
  });
  ActivityResult result =
      Run({{"command", "trap 'exit 0' TERM; sleep 300 & echo $! > child; echo begun; wait", false}},
          {}, stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().id, "ShellCommandInterrupted");
  std::string child(Trim(files_.Read(folder_ + "/work/child").value()));
  EXPECT_TRUE(EndsSoon(child));
  // One that comes before the start.
  result = Run({{"command", "touch started", false}}, {}, stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_FALSE(files_.Exists(folder_ + "/work/started"));
}

}  // namespace
}  // namespace penstock
