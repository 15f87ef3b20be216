// The table of activities and worker-run preconditions, by object type.
#pragma once

#include <string_view>

#include "activities/activity.h"

namespace penstock {

/// nullptr if a worker cannot run objects of that type. The result lives as long as the program.
Activity* FindActivity(std::string_view type);

}  // namespace penstock
