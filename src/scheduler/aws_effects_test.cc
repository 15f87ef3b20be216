#include "scheduler/aws_effects.h"

#include <gmock/gmock.h>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using engine::EffectKind;
using engine::EffectOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FakeWorkers : public WorkerHost {
 public:
  Status Start(const WorkerSpec& spec) override {
    if (failure) return *failure;
    specs.push_back(spec);
    status.condition = WorkerCondition::kRunning;
    return {};
  }
  WorkerStatus Look(const std::string&) override { return status; }
  Status Stop(const std::string&) override {
    if (status.condition == WorkerCondition::kRunning) status.condition = WorkerCondition::kEnding;
    return {};
  }
  std::optional<Error> failure;
  std::vector<WorkerSpec> specs;
  WorkerStatus status;
};

class AwsEffectsTest : public WorldTest {
 protected:
  static EffectJob Job(EffectKind kind, std::vector<Field> fields, int tries = 0) {
    EffectJob job;
    job.pipeline = {{"111111111111", "eu-west-1"}, "df-1"};
    job.effect.key = "key";
    job.effect.kind = kind;
    job.effect.instance = "@Machine_2026-01-01T00:00:00";
    job.effect.name = "df-1_@Machine_2026-01-01T00:00:00";
    job.effect.fields = fields;
    if (!fields.empty()) job.objects = {{"Machine", "Machine", std::move(fields)}};
    job.tries = tries;
    return job;
  }
  static const EffectFinished* Finished(const EffectResult& result) {
    return result ? std::get_if<EffectFinished>(&*result) : nullptr;
  }
  static const EffectPending* Pending(const EffectResult& result) {
    return result ? std::get_if<EffectPending>(&*result) : nullptr;
  }

  FakeWorkers workers_;
  AwsEffects effects_{clients(), [this](const std::string&) -> ServiceDirectory& { return aws_; },
                      &workers_, "", "us-east-1"};
};

const std::vector<Field> kMachine = {{"type", "Ec2Resource", false}};

TEST_F(AwsEffectsTest, AMachineIsLaunchedLookedAfterAndEnded) {
  EffectResult launched = effects_.Execute(Job(EffectKind::kLaunchResource, kMachine), {});
  ASSERT_NE(Finished(launched), nullptr);
  EXPECT_EQ(Finished(launched)->outcome, EffectOutcome::kSucceeded);
  EXPECT_EQ(Finished(launched)->fields.at(0).value, "df-1_@Machine_2026-01-01T00:00:00");
  EXPECT_THAT(workers_.specs, ElementsAre(WorkerSpec{"df-1_@Machine_2026-01-01T00:00:00",
                                                     "111111111111", "eu-west-1"}));
  auto check = [&] {
    return effects_.CheckResource(Job(EffectKind::kLaunchResource, kMachine), {})->state;
  };
  EXPECT_EQ(check(), ResourceHealth::State::kRunning);

  EffectResult ending = effects_.Execute(Job(EffectKind::kTerminateResource, kMachine), {});
  ASSERT_NE(Pending(ending), nullptr);
  workers_.status.condition = WorkerCondition::kAbsent;
  EXPECT_EQ(check(), ResourceHealth::State::kGone);
  EXPECT_NE(Finished(effects_.Execute(Job(EffectKind::kTerminateResource, kMachine), {})), nullptr);
}

TEST_F(AwsEffectsTest, AMachineThatKeepsDyingIsNotCreated) {
  workers_.failure = IoError("no more processes");
  EXPECT_FALSE(effects_.Execute(Job(EffectKind::kLaunchResource, kMachine), {}));  // tried again
  workers_.failure = FailedPrecondition("no such program");
  EffectResult result = effects_.Execute(Job(EffectKind::kLaunchResource, kMachine), {});
  ASSERT_NE(Finished(result), nullptr);
  EXPECT_EQ(Finished(result)->outcome, EffectOutcome::kFailed);
  EXPECT_EQ(Finished(result)->error_id, "ResourceNotCreated");

  workers_.status = {WorkerCondition::kFailed, "it died too often"};
  Result<ResourceHealth> health =
      effects_.CheckResource(Job(EffectKind::kLaunchResource, kMachine), {});
  EXPECT_EQ(health->state, ResourceHealth::State::kGone);
  EXPECT_EQ(health->error_message, "it died too often");
}

TEST_F(AwsEffectsTest, AClusterThatStartsIsLookedAtAgainEverLessOften) {
  aws_.On("ElasticMapReduce.ListClusters", [](const FakeAws::Call&) -> FakeAws::Answer {
    return JsonAnswer({{"Clusters", json::Array{}}});
  });
  aws_.On("ElasticMapReduce.RunJobFlow", [](const FakeAws::Call&) -> FakeAws::Answer {
    return JsonAnswer({{"JobFlowId", "j-1"}});
  });
  std::vector<int64_t> pauses;
  for (int tries : {0, 1, 2, 10}) {
    EffectResult result = effects_.Execute(
        Job(EffectKind::kLaunchResource, {{"type", "EmrCluster", false}}, tries), {});
    ASSERT_NE(Pending(result), nullptr);
    EXPECT_EQ(Pending(result)->fields.at(0).value, "j-1");
    pauses.push_back(Pending(result)->again_after.count());
  }
  EXPECT_THAT(pauses, ElementsAre(1'000, 2'000, 4'000, 15'000));
}

TEST_F(AwsEffectsTest, OneThatFailsToStartSaysWhy) {
  aws_.On("ElasticMapReduce.ListClusters", [](const FakeAws::Call&) -> FakeAws::Answer {
    json::Object status{{"State", "TERMINATED_WITH_ERRORS"},
                        {"StateChangeReason", json::Object{{"Message", "no capacity"}}}};
    return JsonAnswer(
        {{"Clusters", json::Array{json::Object{{"Id", "j-1"},
                                               {"Name", "df-1_@Machine_2026-01-01T00:00:00"},
                                               {"Status", std::move(status)}}}}});
  });
  EffectResult result =
      effects_.Execute(Job(EffectKind::kLaunchResource, {{"type", "EmrCluster", false}}), {});
  ASSERT_NE(Finished(result), nullptr);
  EXPECT_EQ(Finished(result)->outcome, EffectOutcome::kFailed);
  EXPECT_THAT(Finished(result)->error_message, HasSubstr("no capacity"));
}

TEST_F(AwsEffectsTest, WhatNobodyKnowsFailsOnceAndForAll) {
  EffectResult result =
      effects_.Execute(Job(EffectKind::kLaunchResource, {{"type", "Mainframe", false}}), {});
  ASSERT_NE(Finished(result), nullptr);
  EXPECT_EQ(Finished(result)->error_id, "UnsupportedResource");
  // It was never launched, so there is nothing to end; without a type nobody can say.
  result =
      effects_.Execute(Job(EffectKind::kTerminateResource, {{"type", "Mainframe", false}}), {});
  EXPECT_EQ(Finished(result)->outcome, EffectOutcome::kSucceeded);
  result = effects_.Execute(Job(EffectKind::kTerminateResource, {}), {});
  EXPECT_EQ(Finished(result)->error_id, "ResourceNotEnded");
  EXPECT_FALSE(effects_.CheckResource(Job(EffectKind::kLaunchResource, {}), {}));
}

TEST_F(AwsEffectsTest, APreconditionIsMetUnmetOrCannotBeChecked) {
  auto check = [&](const std::string& key) {
    return effects_.Execute(Job(EffectKind::kCheckPrecondition,
                                {{"type", "S3KeyExists", false}, {"s3Key", key, false}}),
                            {});
  };
  aws_.Put("bucket/there", "x");
  EXPECT_EQ(Finished(check("s3://bucket/there"))->outcome, EffectOutcome::kSucceeded);
  EXPECT_EQ(Finished(check("s3://bucket/not"))->outcome, EffectOutcome::kUnmet);
  EffectResult nowhere = check("s3://nobucket/x");
  EXPECT_EQ(Finished(nowhere)->outcome, EffectOutcome::kFailed);
  EXPECT_THAT(Finished(nowhere)->error_message, HasSubstr("there is no bucket nobucket"));
  aws_.set_s3_status(503);
  EXPECT_FALSE(check("s3://bucket/there"));
}

TEST_F(AwsEffectsTest, AnAlarmThatCannotBePublishedSaysWhy) {
  EffectResult result =
      effects_.Execute(Job(EffectKind::kPublishAlarm, {{"topicArn", "nonsense", false}}), {});
  ASSERT_NE(Finished(result), nullptr);
  EXPECT_EQ(Finished(result)->error_id, "AlarmNotPublished");
  EXPECT_THAT(Finished(result)->error_message, HasSubstr("nonsense"));
}

}  // namespace
}  // namespace penstock
