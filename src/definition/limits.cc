#include "definition/limits.h"

#include "base/text.h"

namespace penstock {

Limits OpenLimits() { return Limits{}; }

Limits AwsLimits() {
  using namespace std::chrono_literals;
  constexpr auto kDay = std::chrono::hours(24);
  Limits limits;
  limits.strict = true;
  limits.pipelines_per_account = 100;
  limits.objects_per_pipeline = 100;
  limits.active_instances_per_object = 5;
  limits.fields_per_object = 50;
  limits.name_size_max = 256;
  limits.field_size_max = 10'240;
  limits.object_size_max = 15'360;
  limits.instance_creation_interval = 5min;
  limits.retries_max = 5;
  limits.retry_delay_min = 2min;
  limits.schedule_period_min = 15min;
  limits.schedule_period_max = 3 * 366 * kDay;  // "3 years", whichever years these are
  limits.references_to_one_object = 32;
  limits.parameters_max = 50;
  limits.parameter_values_size_max = 15 * 1024;
  limits.tags_max = 10;
  return limits;
}

const Limits* FindLimits(std::string_view profile) {
  static const Limits open = OpenLimits();
  static const Limits aws = AwsLimits();
  if (EqualsIgnoreCase(profile, "open")) return &open;
  if (EqualsIgnoreCase(profile, "aws")) return &aws;
  return nullptr;
}

}  // namespace penstock
