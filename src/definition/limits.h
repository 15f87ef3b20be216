// The numbers a definition is held to (Developer Guide, "AWS Data Pipeline Limits"). 0 means no
// limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "time/instant.h"

namespace penstock {

struct Limits {
  bool strict = false;  // published profile: what AWS refuses is refused, extensions included
  int64_t pipelines_per_account = 0;
  size_t objects_per_pipeline = 0;
  int64_t active_instances_per_object = 0;
  size_t fields_per_object = 0;
  size_t name_size_max = 1024;             // bytes of a field name or an id
  size_t field_size_max = 0;               // bytes of one field value
  size_t object_size_max = 0;              // bytes of an object, names included
  Duration instance_creation_interval{0};  // least time between two new instances of one object
  int64_t retries_max = 0;
  Duration retry_delay_min{0};
  Duration schedule_period_min{1000};
  Duration schedule_period_max{0};
  size_t references_to_one_object = 0;  // "roll-ups"
  size_t parameters_max = 0;
  size_t parameter_values_size_max = 0;  // bytes of all values together
  size_t tags_max = 10;

  bool operator==(const Limits&) const = default;
};

/// Periods down to one second, no caps.
Limits OpenLimits();
/// Every published limit.
Limits AwsLimits();
/// "open" or "aws" (any case); nullptr otherwise.
const Limits* FindLimits(std::string_view profile);

}  // namespace penstock
