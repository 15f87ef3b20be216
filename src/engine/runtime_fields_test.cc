#include "engine/runtime_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/driver_for_test.h"
#include "engine/scenes_for_test.h"

namespace penstock::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// All values of a key, references among them.
std::vector<std::string> Values(const std::vector<Field>& fields, std::string_view key) {
  std::vector<std::string> values;
  for (const Field& field : fields) {
    if (field.key == key) values.push_back(field.value);
  }
  return values;
}

/// The driver's pipeline as DescribeObjects and DescribePipelines show it.
class Shown {
 public:
  explicit Shown(const Driver& driver)
      : work_(*driver.state.Find(driver.pipeline)), driver_(driver) {}

  std::vector<Field> Component(const std::string& id) const {
    const CompiledDefinition& definition = *work_.Active();
    const auto record = work_.components.find(id);
    std::vector<std::string> active;
    for (const auto& [component, instance] : work_.by_component) {
      if (component == id) active.push_back(instance);
    }
    return ComponentObject(work_.key, work_.record, definition,
                           *definition.resolved.Find(id)->source,
                           record == work_.components.end() ? nullptr : &record->second, active)
        .fields;
  }
  std::vector<Field> Instance(const std::string& id) const {
    return InstanceRuntimeFields(work_.key, *driver_.Instance(id));
  }
  std::vector<Field> Pipeline() const {
    std::vector<ComponentRecord> components;
    for (const auto& [id, record] : work_.components) components.push_back(record);
    return PipelineFields(work_.key, work_.record, components);
  }

 private:
  const PipelineWork& work_;
  const Driver& driver_;
};

TEST(HealthTest, IsThatOfWhateverEndedLast) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"maximumRetries=0"}), Shell("B")}));
  const auto health = [&](const std::string& component) {
    return Values(Shown(d).Component(component), "@healthStatus");
  };
  const auto pipeline = [&] { return Values(Shown(d).Pipeline(), "@healthStatus"); };
  EXPECT_THAT(health("A"), IsEmpty());
  EXPECT_THAT(pipeline(), IsEmpty());
  d.Fail(d.Take().key);
  EXPECT_THAT(health("A"), ElementsAre("ERROR"));
  EXPECT_THAT(Values(Shown(d).Component("A"), "@healthStatusFromInstanceId"), ElementsAre(kA));
  d.Finish(d.Take().key);
  EXPECT_THAT(health("B"), ElementsAre("HEALTHY"));
  EXPECT_THAT(pipeline(), ElementsAre("ERROR"));  // one is enough
  d.RunTo("2014-05-01T01:00:00");
  d.WorkAll();
  EXPECT_THAT(health("A"), ElementsAre("HEALTHY"));
  EXPECT_THAT(pipeline(), ElementsAre("HEALTHY"));
  d.RunTo("2014-05-01T02:00:00");
  d.Command("@A_2014-05-01T02:00:00", "TRY_CANCEL");
  EXPECT_THAT(health("A"), ElementsAre("ERROR"));
  d.Command("@A_2014-05-01T02:00:00", "MARK_FINISHED");  // A23
  EXPECT_THAT(health("A"), ElementsAre("HEALTHY"));
  EXPECT_THAT(Values(Shown(d).Instance("@A_2014-05-01T02:00:00"), "@markedFinished"),
              ElementsAre("true"));
}

TEST(RuntimeFieldsTest, TimesOfRunsAreTheLatestAndTheNext) {
  Driver d;
  d.Activated(Hourly("timeseries", {Shell("A")}));
  d.RunTo("2014-05-01T02:00:00");
  d.WorkAll();
  d.Command(kA, "RERUN");  // an older run that completes later is not the latest
  d.WorkAll();
  const auto a = Shown(d).Component("A");
  EXPECT_THAT(Values(a, "@latestCompletedRunTime"), ElementsAre("2014-05-01T01:00:00"));
  EXPECT_THAT(Values(a, "@nextRunTime"), ElementsAre("2014-05-01T03:00:00"));
  EXPECT_THAT(Values(Shown(d).Pipeline(), "@nextRunTime"), ElementsAre("2014-05-01T03:00:00"));
  EXPECT_THAT(Values(Shown(d).Component("S"), "@firstActivationTime"),
              ElementsAre("2014-05-01T00:00:00"));
  d.Ok(Deactivate{d.pipeline, true});
  EXPECT_THAT(Values(Shown(d).Component("A"), "@nextRunTime"), IsEmpty());
  EXPECT_THAT(Values(Shown(d).Component("A"), "@lastDeactivatedTime"),
              ElementsAre("2014-05-01T02:00:00"));
}

TEST(RuntimeFieldsTest, AnInstanceSaysWhatItWaitsForAndWhereItsAttemptsAre) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A", {"maximumRetries=1", "retryDelay=1 minute",
                                          "failureAndRerunMode=cascade"}),
                              Shell("B", {"dependsOn->A", "failureAndRerunMode=cascade"})}));
  EXPECT_THAT(Values(Shown(d).Component("B"), "@activeInstances"), ElementsAre(kB));
  auto b = Shown(d).Instance(kB);
  EXPECT_THAT(Values(b, "@waitingOn"), ElementsAre(kA));
  EXPECT_THAT(Values(b, "@waitingReason"), ElementsAre(HasSubstr("to finish")));
  EXPECT_THAT(Values(b, "@headAttempt"), IsEmpty());
  d.Fail(d.Take().key);
  const auto a = Shown(d).Instance(kA);
  EXPECT_THAT(Values(a, "@headAttempt"), ElementsAre("@A_2014-05-01T00:00:00_Attempt=1"));
  EXPECT_THAT(Values(a, "@attemptCount"), ElementsAre("1"));
  EXPECT_THAT(Values(a, "@triesLeft"), ElementsAre("1"));
  EXPECT_THAT(Values(a, "errorMessage"), ElementsAre("it broke"));
  d.Run(std::chrono::minutes(1));
  d.Fail(d.Take().key);
  b = Shown(d).Instance(kB);
  EXPECT_THAT(Values(b, "@status"), ElementsAre("CASCADE_FAILED"));
  EXPECT_THAT(Values(b, "@cascadeFailedOn"), ElementsAre(kA));
  EXPECT_THAT(Values(b, "@waitingOn"), IsEmpty());
}

TEST(RuntimeFieldsTest, AComponentShowsItsPipelinesStateOrThatItIsPaused) {
  Driver d;
  d.Activated(Hourly("cron", {Shell("A")}));
  const auto status = [&] { return Values(Shown(d).Component("A"), "@status"); };
  EXPECT_THAT(status(), ElementsAre("SCHEDULED"));
  d.Command("A", "PAUSE");
  EXPECT_THAT(status(), ElementsAre("PAUSED"));
  d.Command("A", "RESUME");
  d.Ok(Deactivate{d.pipeline, true});
  EXPECT_THAT(status(), ElementsAre("INACTIVE"));
}

TEST(TaskTest, ParameterValuesComeInThePlaceOfTransferFields) {
  Driver d;
  d.Create(
      OnDemand({Object("A", {"type=EmrActivity", "step=x.jar", "myMaxRejects=7"}), Shell("B")}));
  d.Ok(Activate{d.pipeline, {{"myMaxRejects", "3"}, {"myAllowFixedExportPath", "true"}}, {}});
  d.Send(Wake{});
  int transfers = 0;
  while (auto task = d.Poll()) {
    const std::vector<Field>& fields = task->objects.front().fields;
    const bool is_transfer = Values(fields, "type").front() == "EmrActivity";
    EXPECT_EQ(Values(fields, "myMaxRejects"),
              is_transfer ? std::vector<std::string>{"3"} : std::vector<std::string>{});
    EXPECT_EQ(Values(fields, "myAllowFixedExportPath").size(), is_transfer ? 1u : 0u);
    transfers += is_transfer;
  }
  EXPECT_EQ(transfers, 1);
}

}  // namespace
}  // namespace penstock::engine
