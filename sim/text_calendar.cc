#include "sim/text_calendar.h"

#include <charconv>

#include "base/check.h"

namespace penstock::sim {
namespace {

const PipelineObject* FindObject(const Definition& definition, std::string_view id) {
  for (const PipelineObject& object : definition.objects) {
    if (object.id == id) return &object;
  }
  return nullptr;
}

/// The field of an object, or what Default says of it.
const Field* FindInherited(const Definition& definition, const PipelineObject& object,
                           std::string_view key) {
  if (const Field* own = object.Find(key)) return own;
  const PipelineObject* fallback = FindObject(definition, "Default");
  return fallback == nullptr ? nullptr : fallback->Find(key);
}

int64_t NumberOf(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::optional<int64_t> Beat::IndexOf(Instant interval_start) const {
  const Duration since = interval_start - start;
  if (since < Duration::zero() || since % period != Duration::zero()) return std::nullopt;
  const int64_t k = since / period;
  return k < occurrences ? std::optional(k) : std::nullopt;
}

std::optional<Beat> BeatOf(const Definition& definition, std::string_view id) {
  const PipelineObject* object = FindObject(definition, id);
  if (object == nullptr) return std::nullopt;
  const Field* type = FindInherited(definition, *object, "scheduleType");
  const Field* ref = FindInherited(definition, *object, "schedule");
  if (ref == nullptr || type == nullptr || type->value == "ondemand") return std::nullopt;
  const PipelineObject* schedule = FindObject(definition, ref->value);
  CHECK(schedule != nullptr);
  const std::string& period = schedule->Find("period")->value;
  Beat beat;
  beat.start = *ParseDateTime(schedule->Find("startDateTime")->value);
  beat.period = NumberOf(period) * (period.find("hour") != std::string::npos
                                        ? Duration(std::chrono::hours(1))
                                        : Duration(std::chrono::minutes(1)));
  beat.occurrences = NumberOf(schedule->Find("occurrences")->value);
  beat.at_end = type->value == "timeseries";
  return beat;
}

std::vector<std::pair<std::string, Instant>> NeedsOf(const Definition& definition,
                                                     std::string_view id, Instant start) {
  std::vector<std::pair<std::string, Instant>> needs;
  const PipelineObject* object = FindObject(definition, id);
  if (object == nullptr) return needs;
  const auto own = BeatOf(definition, id);
  for (const Field& field : object->fields) {
    if (field.key != "dependsOn" && field.key != "input") continue;
    const auto other = BeatOf(definition, field.value);
    if (!own || !other) {
      needs.emplace_back(field.value, start);
      continue;
    }
    for (int64_t k = 0; k < other->occurrences; ++k) {
      if (other->StartOf(k) < start + own->period && other->StartOf(k + 1) > start)
        needs.emplace_back(field.value, other->StartOf(k));
    }
  }
  return needs;
}

}  // namespace penstock::sim
