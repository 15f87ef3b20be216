#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "definition/validation.h"
#include "time/period.h"

namespace penstock {
namespace {

bool IsOnDemandSchedule(const Validation& validation, const ResolvedObject& schedule) {
  return EqualsIgnoreCase(validation.KnownValue(schedule, "period"), "ONDEMAND_PERIOD") ||
         EqualsIgnoreCase(validation.KnownValue(schedule, "startAt"), "ONDEMAND_ACTIVATION_TIME");
}

/// cronExpression and timeZone, which are our own. (That they exclude a period is a matter of their
/// required group.)
void CheckCron(Validation& validation, const ResolvedObject& schedule) {
  if (validation.options.limits.strict) return;  // unknown fields there
  const std::string expression = validation.KnownValue(schedule, "cronExpression");
  const std::string zone = validation.KnownValue(schedule, "timeZone");
  if (!expression.empty()) {
    if (auto parsed = CronExpression::Parse(expression); !parsed)
      validation.Error(schedule.Find("cronExpression")->origin->id, "cronExpression",
                       kInvalidFieldValue, parsed.error().message);
  }
  if (schedule.Find("timeZone") == nullptr) return;
  const std::string_view where = schedule.Find("timeZone")->origin->id;
  if (schedule.Find("period") != nullptr && schedule.Find("cronExpression") == nullptr) {
    validation.Error(where, "timeZone", kInvalidFieldValue,
                     "'timeZone' goes with cronExpression only, a period is counted in UTC; for "
                     "days of that zone write cronExpression '@daily' in place of the period");
  }
  if (zone.empty() || Zone::Find(zone)) return;
  const std::string suggestion = validation.Suggestion(zone, [](NearestWord& nearest) {
    for (std::string_view name : ZoneNames()) nearest.Offer(name);
  });
  validation.Error(where, "timeZone", kInvalidFieldValue,
                   fmt::format("'timeZone': {}{}", Zone::Find(zone).error().message, suggestion));
}

/// A schedule makes the runs: what only a run knows cannot go into it.
void CheckKnownBeforeRuns(Validation& validation, const ResolvedObject& schedule) {
  for (const ResolvedField& field : schedule.fields) {
    if (field.text == nullptr || IsUserFieldName(field.key())) continue;
    for (const expr::NameUse& use : field.text->Names()) {
      if (!use.path.back().starts_with('@')) continue;
      validation.Error(field.origin->id, field.key(), kInvalidFieldValue,
                       fmt::format("'{}' cannot use '{}', which only a run has; a schedule can use "
                                   "parameters and other fields",
                                   field.key(), use.path.back()));
    }
  }
}

void CheckSchedule(Validation& validation, const ResolvedObject& schedule) {
  CheckKnownBeforeRuns(validation, schedule);
  CheckCron(validation, schedule);
  if (schedule.Find("endDateTime") != nullptr && schedule.Find("occurrences") != nullptr) {
    validation.Error(schedule.id(), "occurrences", kInvalidFieldValue,
                     "'occurrences' and 'endDateTime' exclude each other; give one of them");
  }
  bool period_on_demand =
      EqualsIgnoreCase(validation.KnownValue(schedule, "period"), "ONDEMAND_PERIOD");
  bool start_on_demand =
      EqualsIgnoreCase(validation.KnownValue(schedule, "startAt"), "ONDEMAND_ACTIVATION_TIME");
  if (period_on_demand != start_on_demand) {
    validation.Error(schedule.id(), period_on_demand ? "startAt" : "period", kInvalidFieldValue,
                     "an on-demand schedule needs both period ONDEMAND_PERIOD and startAt "
                     "ONDEMAND_ACTIVATION_TIME");
  }
  auto start = ParseDateTime(validation.KnownValue(schedule, "startDateTime"));
  auto end = ParseDateTime(validation.KnownValue(schedule, "endDateTime"));
  if (!start || !end) return;
  if (*end <= *start) {
    validation.Error(
        schedule.id(), "endDateTime", kInvalidFieldValue,
        fmt::format("'endDateTime' must be later than startDateTime ({})", FormatDateTime(*start)));
    return;
  }
  const auto recurrence = validation.RecurrenceOf(schedule);
  if (!recurrence) return;
  auto period = ParsePeriod(validation.KnownValue(schedule, "period"));
  const Instant first_end = recurrence->Boundary(*start, 1);
  if (period && first_end > *end) {
    validation.Error(
        schedule.id(), "endDateTime", kInvalidFieldValue,
        fmt::format(
            "not one whole period of {} fits between startDateTime and 'endDateTime'; the first "
            "ends {}",
            FormatPeriod(*period), FormatDateTime(first_end)));
  }
  const Instant first = recurrence->Boundary(*start, 0);
  if (first >= *end) {
    validation.Error(schedule.id(), "endDateTime", kInvalidFieldValue,
                     fmt::format("'cronExpression' does not fire between startDateTime and "
                                 "'endDateTime'; after the start it fires {} (UTC)",
                                 FormatDateTime(first)));
  }
}

const ResolvedObject* ScheduleOf(const Validation& validation, const ResolvedObject& object) {
  const ResolvedField* field = object.Find("schedule");
  if (field == nullptr || !field->is_ref()) return nullptr;
  const ResolvedObject* schedule = validation.definition.Find(field->value());
  return schedule != nullptr && schedule->type_name == "Schedule" ? schedule : nullptr;
}

void CheckOnDemand(Validation& validation, const ResolvedObject& object) {
  const Field* own = object.source->Find("scheduleType");
  std::string type = validation.ScheduleType(object);
  if (own != nullptr && type == "ondemand" && object.id() != "Default" && !validation.OnDemand()) {
    validation.Error(object.id(), "scheduleType", kInvalidFieldValue,
                     "'scheduleType' ondemand works for the whole pipeline only: set it on the "
                     "object Default and "
                     "nowhere else");
  }
  if (!validation.OnDemand()) return;
  if (own != nullptr && !type.empty() && type != "ondemand") {
    validation.Error(
        object.id(), "scheduleType", kInvalidFieldValue,
        fmt::format(
            "'scheduleType' {} does not go with a pipeline that runs on demand; leave it out",
            type));
  }
  const ResolvedObject* schedule = ScheduleOf(validation, object);
  if (schedule != nullptr && !IsOnDemandSchedule(validation, *schedule)) {
    const ResolvedField* field = object.Find("schedule");
    validation.Error(
        field->origin->id, "schedule", kInvalidFieldValue,
        fmt::format("'schedule' {} does not go with a pipeline that runs on demand; leave it out",
                    schedule->id()));
  }
}

void CheckHasSchedule(Validation& validation, const ResolvedObject& object) {
  const FieldInfo* info = object.type->Find("schedule");
  if (info == nullptr || !info->required || validation.OnDemand() ||
      object.Find("schedule") != nullptr)
    return;
  if (object.type->category == TypeCategory::kActivity) {
    validation.Error(object.id(), "schedule", "MISSING_REQUIRED_FIELD",
                     "'schedule' is required: refer to a Schedule here or on Default, or set "
                     "Default's scheduleType to "
                     "ondemand");
  } else {
    validation.Warn(object.id(), "schedule", "MISSING_FIELD",
                    fmt::format("the {} has no schedule and follows the activities that use it",
                                CategoryName(object.type->category)));
  }
}

// The guide both says that a start more than a day ago blocks and that it is the way to begin at
// once: we say how many past intervals there are, and what becomes of them.
void WarnOfPastStart(Validation& validation, const ResolvedObject& schedule) {
  if (!validation.options.now || validation.OnDemand()) return;
  Instant now = *validation.options.now;
  auto start = ParseDateTime(validation.KnownValue(schedule, "startDateTime"));
  const auto recurrence = validation.RecurrenceOf(schedule);
  if (!start || !recurrence || now - *start <= std::chrono::hours(24)) return;
  auto end = ParseDateTime(validation.KnownValue(schedule, "endDateTime"));
  int64_t intervals = recurrence->IndexOf(*start, std::min(end.value_or(now), now));
  if (auto count = ParseInt64(validation.KnownValue(schedule, "occurrences")))
    intervals = std::min(intervals, *count);
  if (intervals < 1) return;
  // What AWS does has neither a choice nor a limit.
  const std::string what =
      validation.options.limits.strict
          ? fmt::format("about {} past intervals are run first, one after the other", intervals)
          : fmt::format(
                "there are about {} past intervals; unless myBackfill or a startTimestamp "
                "says otherwise they are run first, and above [engine] backfill_max they "
                "must be asked for",
                intervals);
  validation.Warn(schedule.id(), "startDateTime", "BACKFILL",
                  fmt::format("'startDateTime' is more than a day ago: {}", what));
}

// The guide's own words.
void WarnOfBackfill(Validation& validation, const ResolvedObject& object) {
  if (!validation.options.now || validation.OnDemand()) return;
  if (!EqualsIgnoreCase(validation.KnownValue(object, "failureAndRerunMode"), "cascade")) return;
  const ResolvedObject* schedule = ScheduleOf(validation, object);
  if (schedule == nullptr) return;
  auto start = ParseDateTime(validation.KnownValue(*schedule, "startDateTime"));
  if (!start || *start >= *validation.options.now) return;
  validation.Warn(object.id(), "failureAndRerunMode", "BACKFILL",
                  fmt::format("{} has 'failureAndRerunMode' field set to 'cascade' and you are "
                              "about to create a backfill "
                              "with scheduleStartTime {}. This can result in rapid creation of "
                              "pipeline objects in case "
                              "of failures.",
                              object.name(), FormatDateTime(*start)));
}

}  // namespace

void CheckSchedules(Validation& validation) {
  for (const ResolvedObject& object : validation.definition.objects()) {
    CheckOnDemand(validation, object);
    if (object.type == nullptr) continue;
    if (object.type->category == TypeCategory::kSchedule) {
      CheckSchedule(validation, object);
      WarnOfPastStart(validation, object);
    }
    CheckHasSchedule(validation, object);
    WarnOfBackfill(validation, object);
  }
}

}  // namespace penstock
