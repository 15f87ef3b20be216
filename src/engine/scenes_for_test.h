// Definitions that several chapters of the engine's tests begin with.
#pragma once

#include <string>
#include <vector>

#include "engine/driver_for_test.h"

namespace penstock::engine {

using Objects = std::vector<PipelineObject>;

/// A shell activity's surroundings: hourly from midnight, worker group g.
inline Objects Hourly(std::string type, Objects more, std::vector<std::string> schedule = {}) {
  Objects objects = {Object("Default", {"scheduleType=" + type, "schedule->S", "workerGroup=g",
                                        "role=r", "resourceRole=rr"})};
  std::vector<std::string> fields = {"type=Schedule", "period=1 hour",
                                     "startDateTime=2014-05-01T00:00:00"};
  fields.insert(fields.end(), schedule.begin(), schedule.end());
  objects.push_back(Object("S", fields));
  objects.insert(objects.end(), more.begin(), more.end());
  return objects;
}

inline Objects OnDemand(Objects more) {
  Objects objects = {
      Object("Default", {"scheduleType=ondemand", "workerGroup=g", "role=r", "resourceRole=rr"})};
  objects.insert(objects.end(), more.begin(), more.end());
  return objects;
}

inline PipelineObject Shell(std::string id, std::vector<std::string> fields = {}) {
  fields.insert(fields.begin(), {"type=ShellCommandActivity", "command=true"});
  return Object(std::move(id), std::move(fields));
}

inline PipelineObject Alarm() {
  return Object("Alarm", {"type=SnsAlarm", "topicArn=arn:t", "role=r", "subject=s", "message=m"});
}

/// Activities A and B on the resource R, every hour.
inline Objects WithResource(std::vector<std::string> resource = {},
                            std::vector<std::string> activity = {}) {
  resource.insert(resource.begin(), "type=Ec2Resource");
  activity.insert(activity.begin(), "runsOn->R");
  return Hourly("cron", {Object("R", resource), Shell("A", activity), Shell("B", activity)});
}

inline constexpr char kR[] = "@R_2014-05-01T00:00:00";
inline constexpr char kA[] = "@A_2014-05-01T00:00:00";
inline constexpr char kB[] = "@B_2014-05-01T00:00:00";

}  // namespace penstock::engine
