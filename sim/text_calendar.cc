#include "sim/text_calendar.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/text.h"

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

/// Whether one field of a cron expression names that value: "*", "*/n", or "a,b,c".
bool Names(std::string_view field, int64_t value) {
  if (field == "*") return true;
  if (field.starts_with("*/")) return value % NumberOf(field.substr(2)) == 0;
  for (const std::string_view one : Split(field, ',')) {
    if (NumberOf(one) == value) return true;
  }
  return false;
}

/// What the clock on the wall is ahead of UTC.
Duration OffsetOf(std::string_view zone) {
  using std::chrono::minutes;
  if (zone == "Asia/Kolkata") return minutes(5 * 60 + 30);
  if (zone == "America/Phoenix") return -minutes(7 * 60);
  return zone.empty() ? Duration::zero()
                      : Duration(minutes(NumberOf(zone.substr(1, 2)) * 60 +
                                         NumberOf(zone.substr(4, 2))));  // "+01:30"
}

/// Minute after minute: is it one that the expression names?
std::vector<Instant> Firings(std::string_view expression, std::string_view zone, Instant from,
                             size_t count) {
  const std::vector<std::string_view> fields = Split(expression, ' ');
  std::vector<Instant> firings;
  for (Instant at = from; firings.size() < count; at += std::chrono::minutes(1)) {
    const int64_t minute =
        std::chrono::floor<std::chrono::minutes>((at + OffsetOf(zone)).time_since_epoch()).count();
    if (Names(fields[0], minute % 60) && Names(fields[1], minute / 60 % 24)) firings.push_back(at);
  }
  return firings;
}

}  // namespace

std::optional<int64_t> Beat::IndexOf(Instant interval_start) const {
  const auto found = std::find(bounds.begin(), bounds.end(), interval_start);
  const int64_t k = found - bounds.begin();
  return k < occurrences() ? std::optional(k) : std::nullopt;
}

std::optional<Beat> BeatOf(const Definition& definition, std::string_view id) {
  const PipelineObject* object = FindObject(definition, id);
  if (object == nullptr) return std::nullopt;
  const Field* type = FindInherited(definition, *object, "scheduleType");
  const Field* ref = FindInherited(definition, *object, "schedule");
  if (ref == nullptr || type == nullptr || type->value == "ondemand") return std::nullopt;
  const PipelineObject* schedule = FindObject(definition, ref->value);
  CHECK(schedule != nullptr);
  Beat beat;
  const Instant start = *ParseDateTime(schedule->Find("startDateTime")->value);
  const auto bounds = static_cast<size_t>(NumberOf(schedule->Find("occurrences")->value)) + 1;
  if (const Field* cron = schedule->Find("cronExpression")) {
    const Field* zone = schedule->Find("timeZone");
    beat.bounds = Firings(cron->value, zone == nullptr ? "" : zone->value, start, bounds);
  } else {
    const std::string& text = schedule->Find("period")->value;
    const Duration unit = text.find("hour") != std::string::npos
                              ? Duration(std::chrono::hours(1))
                              : Duration(std::chrono::minutes(1));
    const Duration period = NumberOf(text) * unit;
    for (size_t k = 0; k < bounds; ++k)
      beat.bounds.push_back(start + static_cast<int64_t>(k) * period);
  }
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
    const auto interval = own->IndexOf(start);
    if (!interval) continue;
    for (int64_t k = 0; k < other->occurrences(); ++k) {
      if (other->StartOf(k) < own->EndOf(*interval) && other->EndOf(k) > start)
        needs.emplace_back(field.value, other->StartOf(k));
    }
  }
  return needs;
}

}  // namespace penstock::sim
