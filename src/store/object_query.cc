#include "store/object_query.h"

#include <algorithm>

namespace penstock {
namespace {

using namespace engine;

bool InRange(std::optional<Instant> value, const ObjectCondition::Range& range) {
  if (!value) return false;
  auto second = std::chrono::floor<std::chrono::seconds>(*value);
  return (!range.from || second >= std::chrono::floor<std::chrono::seconds>(*range.from)) &&
         (!range.until || second <= std::chrono::floor<std::chrono::seconds>(*range.until));
}

bool Holds(const ObjectCondition& condition, const InstanceRecord& instance,
           const AttemptRecord* attempt) {
  auto text_is = [&](const std::string& value) {
    return std::ranges::find(condition.any_of, value) != condition.any_of.end();
  };
  auto time_in = [&](std::optional<Instant> value) {
    return std::ranges::any_of(condition.ranges,
                               [&](const auto& range) { return InRange(value, range); });
  };
  switch (condition.column) {
    case ObjectColumn::kId:
      return text_is(attempt ? AttemptId(attempt->instance, attempt->number) : instance.id);
    case ObjectColumn::kComponent:
      return text_is(instance.component);
    case ObjectColumn::kInstance:
      return attempt != nullptr && text_is(attempt->instance);
    case ObjectColumn::kStatus: {
      RunStatus status = attempt ? attempt->status : instance.status;
      return std::ranges::find(condition.any_status, status) != condition.any_status.end();
    }
    case ObjectColumn::kScheduledStart:
      return time_in(instance.scheduled_start);
    case ObjectColumn::kScheduledEnd:
      return time_in(instance.scheduled_end);
    case ObjectColumn::kActualStart:
      return time_in(attempt ? attempt->started_at : instance.actual_start);
    case ObjectColumn::kActualEnd:
      return time_in(attempt ? attempt->ended_at : instance.actual_end);
  }
  return false;
}

}  // namespace

bool Matches(const ObjectQuery& query, const InstanceRecord& instance,
             const AttemptRecord* attempt) {
  return std::ranges::all_of(query.conditions, [&](const ObjectCondition& condition) {
    return Holds(condition, instance, attempt);
  });
}

}  // namespace penstock
