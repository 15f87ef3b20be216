#include "activities/ec2_resource.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

class FakeHost : public WorkerHost {
 public:
  Status Start(const WorkerSpec& spec) override {
    started = spec;
    return {};
  }
  WorkerStatus Look(const std::string&) override { return status; }
  Status Stop(const std::string& group) override {
    stopped = group;
    return {};
  }
  WorkerSpec started;
  std::string stopped;
  WorkerStatus status;
};

TEST(Ec2ResourceTest, IsAWorkerOnThisHost) {
  FakeHost host;
  ResourceContext context{.clients = {}, .services = nullptr, .workers = &host, .endpoint_url = ""};
  ResourceRequest request{.name = "df-1_@M", .account = "1", .region = "us-east-1", .objects = {}};
  Ec2Resource resource;
  ASSERT_TRUE(resource.Launch(request, context, {}));
  EXPECT_EQ(host.started, (WorkerSpec{"df-1_@M", "1", "us-east-1"}));
  ASSERT_TRUE(resource.Terminate(request, context, {}));
  EXPECT_EQ(host.stopped, "df-1_@M");
  constexpr std::pair<WorkerCondition, ResourceState> kStates[] = {
      {WorkerCondition::kAbsent, ResourceState::kAbsent},
      {WorkerCondition::kRunning, ResourceState::kReady},
      {WorkerCondition::kEnding, ResourceState::kEnding},
      {WorkerCondition::kFailed, ResourceState::kEnded}};
  for (auto [condition, state] : kStates) {
    host.status = {condition, "why"};
    auto report = resource.Look(request, context, {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->state, state);
    EXPECT_EQ(report->message, "why");
  }
}

TEST(Ec2ResourceTest, AServerWithoutAHostSaysSo) {
  ResourceContext context{
      .clients = {}, .services = nullptr, .workers = nullptr, .endpoint_url = ""};
  auto report = Ec2Resource().Launch({}, context, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kFailedPrecondition);
}

}  // namespace
}  // namespace penstock
