#include "sim/scenario.h"

#include <fmt/core.h>

namespace penstock::sim {
namespace {

constexpr std::string_view kStart = "2024-02-28T00:00:00";

Field Text(std::string key, std::string value) { return {std::move(key), std::move(value), false}; }
Field Ref(std::string key, std::string id) { return {std::move(key), std::move(id), true}; }

int Sometimes(Dice& dice, int most) { return dice.Percent(50) ? 0 : dice.Between(1, most); }

/// Draws one pipeline's definition.
class Author {
 public:
  explicit Author(Dice& dice) : dice_(dice) {}

  PipelinePlan Write() {
    plan_.on_demand = dice_.Percent(20);
    plan_.runs = plan_.on_demand ? dice_.Between(1, 3) : 1;
    const int resources = dice_.Below(3), nodes = dice_.Below(4), activities = dice_.Between(1, 6);
    Defaults();
    if (!plan_.on_demand) {
      AddSchedule("S0", dice_.Pick(std::vector<std::string>{"15 minutes", "1 hour", "3 hours"}));
      AddSchedule("S1", dice_.Pick(std::vector<std::string>{"45 minutes", "1 hour", "6 hours"}));
    }
    for (int i = 0; i < resources; ++i) AddResource(fmt::format("R{}", i));
    for (int i = 0; i < nodes; ++i) AddNode(fmt::format("N{}", i));
    if (dice_.Percent(40)) preconditions_ = AddPreconditions();
    for (int i = 0; i < activities; ++i) AddActivity(i, activities, nodes, resources);
    if (dice_.Percent(50)) {
      objects().push_back({"Alarm",
                           "Alarm",
                           {Text("type", "SnsAlarm"), Text("topicArn", "arn:aws:sns:us-east-1:1:t"),
                            Text("role", "role"), Text("subject", "#{node.@status}"),
                            Text("message", "#{node.@scheduledStartTime}")}});
      for (PipelineObject& object : objects()) {
        if (object.id.starts_with("A") && object.id != "Alarm" && dice_.Percent(60)) {
          object.fields.push_back(Ref(dice_.Percent(50) ? "onFail" : "onSuccess", "Alarm"));
          if (dice_.Percent(30)) {
            object.fields.push_back(Ref("onLateAction", "Alarm"));
            object.fields.push_back(Text("lateAfterTimeout", "20 minutes"));
          }
        }
      }
    }
    return std::move(plan_);
  }

 private:
  std::vector<PipelineObject>& objects() { return plan_.definition.objects; }

  void Defaults() {
    PipelineObject object{"Default", "Default", {}};
    object.fields = {Text("scheduleType", plan_.on_demand     ? "ondemand"
                                          : dice_.Percent(50) ? "cron"
                                                              : "timeseries"),
                     Text("role", "role"),
                     Text("resourceRole", "resourceRole"),
                     Text("failureAndRerunMode", dice_.Percent(40) ? "cascade" : "none"),
                     Text("maximumRetries", std::to_string(dice_.Below(4))),
                     Text("retryDelay", fmt::format("{} minutes", dice_.Between(2, 15)))};
    if (!plan_.on_demand) {
      object.fields.push_back(Ref("schedule", "S0"));
      if (dice_.Percent(50))
        object.fields.push_back(Text("maxActiveInstances", std::to_string(dice_.Between(1, 4))));
    }
    objects().push_back(std::move(object));
  }

  void AddSchedule(const std::string& id, const std::string& period) {
    // Some begin in the past (backfill), some later.
    static constexpr std::string_view kStarts[] = {"2024-02-27T18:00:00", kStart,
                                                   "2024-02-28T01:30:00"};
    PipelineObject object{
        id,
        id,
        {Text("type", "Schedule"), Text("startDateTime", std::string(kStarts[dice_.Below(3)])),
         Text("occurrences", std::to_string(dice_.Between(1, 6)))}};
    if (dice_.Percent(80)) {
      object.fields.push_back(Text("period", period));
    } else {
      static constexpr std::string_view kCrons[] = {"*/20 * * * *", "5,35 * * * *", "10 */2 * * *",
                                                    "0,1 1,4,7,13,20 * * *"};
      static constexpr std::string_view kZones[] = {"", "Asia/Kolkata", "America/Phoenix",
                                                    "+01:30"};
      object.fields.push_back(Text("cronExpression", std::string(kCrons[dice_.Below(4)])));
      const std::string_view zone = kZones[dice_.Below(4)];
      if (!zone.empty()) object.fields.push_back(Text("timeZone", std::string(zone)));
    }
    objects().push_back(std::move(object));
  }

  void AddResource(const std::string& id) {
    PipelineObject object{id, id, {Text("type", "Ec2Resource")}};
    if (dice_.Percent(50))
      object.fields.push_back(
          Text("terminateAfter", fmt::format("{} minutes", dice_.Between(30, 240))));
    if (dice_.Percent(30)) object.fields.push_back(Text("initTimeout", "20 minutes"));
    if (dice_.Percent(50)) object.fields.push_back(Text("actionOnResourceFailure", "retryall"));
    if (dice_.Percent(30)) object.fields.push_back(Text("actionOnTaskFailure", "terminate"));
    if (!plan_.on_demand && dice_.Percent(30)) object.fields.push_back(Ref("schedule", "S1"));
    objects().push_back(std::move(object));
  }

  void AddNode(const std::string& id) {
    PipelineObject object{
        id,
        id,
        {Text("type", "S3DataNode"),
         Text("directoryPath", "s3://b/#{format(@scheduledStartTime, 'YYYY-MM-dd')}")}};
    if (!plan_.on_demand && dice_.Percent(20)) object.fields.push_back(Ref("schedule", "S1"));
    objects().push_back(std::move(object));
    plan_.components.push_back(id);
  }

  std::vector<std::string> AddPreconditions() {
    objects().push_back({"P0", "P0", {Text("type", "S3KeyExists"), Text("s3Key", "s3://b/k")}});
    objects().push_back(
        {"P1", "P1", {Text("type", "ShellCommandPrecondition"), Text("command", "true")}});
    if (dice_.Percent(30))
      objects()[objects().size() - 2].fields.push_back(Text("preconditionTimeout", "30 minutes"));
    return {"P0", "P1"};
  }

  void AddActivity(int index, int activities, int nodes, int resources) {
    const std::string id = fmt::format("A{}", index);
    PipelineObject object{
        id,
        id,
        {Text("type", "ShellCommandActivity"), Text("command", "run #{@scheduledStartTime}")}};
    if (resources > 0 && dice_.Percent(50)) {
      object.fields.push_back(Ref("runsOn", fmt::format("R{}", dice_.Below(resources))));
    } else {
      const std::string group = dice_.Percent(70) ? "g0" : "g1";
      object.fields.push_back(Text("workerGroup", group));
    }
    if (!plan_.on_demand && dice_.Percent(25)) object.fields.push_back(Ref("schedule", "S1"));
    for (int other = 0; other < index; ++other) {
      if (dice_.Percent(20)) object.fields.push_back(Ref("dependsOn", fmt::format("A{}", other)));
    }
    // Nodes in the order of activities: an early one is written by early activities and read by
    // late ones, so that the graph has no cycle.
    for (int node = 0; node < nodes; ++node) {
      const int boundary = (node + 1) * activities / (nodes + 1);
      if (!dice_.Percent(40)) continue;
      object.fields.push_back(Ref(index < boundary ? "output" : "input", fmt::format("N{}", node)));
    }
    if (!preconditions_.empty() && dice_.Percent(40))
      object.fields.push_back(Ref("precondition", dice_.Pick(preconditions_)));
    if (dice_.Percent(20))
      object.fields.push_back(
          Text("attemptTimeout", fmt::format("{} minutes", dice_.Between(10, 40))));
    if (dice_.Percent(20)) object.fields.push_back(Text("reportProgressTimeout", "5 minutes"));
    objects().push_back(std::move(object));
    plan_.components.push_back(id);
  }

  Dice& dice_;
  PipelinePlan plan_;
  std::vector<std::string> preconditions_;
};

}  // namespace

Scenario Draw(Dice& dice) {
  Scenario scenario;
  Weather& weather = scenario.weather;
  weather.loss = Sometimes(dice, 25);
  weather.duplicate = Sometimes(dice, 20);
  weather.late = Sometimes(dice, 10);
  weather.crash_before = Sometimes(dice, 20);
  weather.crash_after = Sometimes(dice, 20);
  weather.commit_fails = Sometimes(dice, 6);
  weather.hang = Sometimes(dice, 15);
  weather.die = Sometimes(dice, 15);
  weather.task_fails = Sometimes(dice, 40);
  weather.precondition_unmet = Sometimes(dice, 60);
  weather.effect_fails = Sometimes(dice, 40);
  weather.machine_lost = Sometimes(dice, 20);
  weather.worker_replaced = Sometimes(dice, 20);
  weather.command = Sometimes(dice, 8);
  scenario.workers = dice.Between(1, 4);
  scenario.storm_hours = dice.Between(4, 16);
  scenario.options.default_progress_timeout = std::chrono::minutes(dice.Percent(50) ? 5 : 15);
  scenario.options.wake_batch_max = dice.Percent(50) ? 3 : 512;
  scenario.options.default_max_active_on_demand = dice.Between(1, 2);
  const int pipelines = dice.Between(1, 2);
  for (int i = 0; i < pipelines; ++i) scenario.pipelines.push_back(Author(dice).Write());
  weather.edit = Sometimes(dice, 3);
  weather.clock_jump = Sometimes(dice, 10);
  weather.worker_host_dies = Sometimes(dice, 20);
  return scenario;
}

void DrawEdit(Dice& dice, PipelinePlan& plan) {
  std::vector<PipelineObject>& objects = plan.definition.objects;
  const auto put = [](PipelineObject& object, std::string key, std::string value) {
    std::erase_if(object.fields, [&](const Field& field) { return field.key == key; });
    object.fields.push_back(Text(std::move(key), std::move(value)));
  };
  switch (dice.Below(3)) {
    case 0: {
      const int before = static_cast<int>(plan.components.size());
      PipelineObject added = {fmt::format("{}{}", kAddedPrefix, before), "", {}};
      added.name = added.id;
      added.fields = {Text("type", "ShellCommandActivity"), Text("command", "more"),
                      Text("workerGroup", "g0")};
      if (dice.Percent(50)) added.fields.push_back(Ref("dependsOn", "A0"));
      plan.components.push_back(added.id);
      objects.push_back(std::move(added));
      break;
    }
    case 1:
      for (PipelineObject& object : objects) {
        const Field* occurrences = object.Find("occurrences");
        if (occurrences == nullptr || dice.Percent(50)) continue;
        put(object, "occurrences", std::to_string(std::stoi(occurrences->value) + 1));
      }
      break;
    case 2:
      for (PipelineObject& object : objects) {
        if (object.id == "Default") {
          put(object, "maximumRetries", std::to_string(dice.Below(4)));
          put(object, "retryDelay", fmt::format("{} minutes", dice.Between(2, 15)));
          put(object, "failureAndRerunMode", dice.Percent(50) ? "cascade" : "none");
        } else if (object.Find("command") != nullptr && dice.Percent(30)) {
          put(object, "attemptTimeout", fmt::format("{} minutes", dice.Between(10, 40)));
        }
      }
      break;
  }
}

}  // namespace penstock::sim
