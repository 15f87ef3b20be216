#include "activities/activities.h"

#include "activities/emr_activity.h"
#include "activities/shell_command_activity.h"

namespace penstock {

Activity* FindActivity(std::string_view type) {
  static ShellCommandActivity shell_command_activity;
  static EmrActivity emr_activity;
  struct Entry {
    std::string_view type;
    Activity* activity;
  };
  const Entry kActivities[] = {
      {"EmrActivity", &emr_activity},
      {"ShellCommandActivity", &shell_command_activity},
      {"ShellCommandPrecondition", &shell_command_activity},
  };
  for (const Entry& entry : kActivities) {
    if (entry.type == type) return entry.activity;
  }
  return nullptr;
}

}  // namespace penstock
