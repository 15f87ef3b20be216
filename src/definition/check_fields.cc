#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "definition/validation.h"
#include "time/period.h"

namespace penstock {
namespace {

constexpr std::string_view kBadReference = "INVALID_REFERENCE";
constexpr std::string_view kMissing = "MISSING_REQUIRED_FIELD";

// What an Integer slot and hours without a unit may be at most.
constexpr double kIntegerMax = 1e9;
constexpr int64_t kHoursMax = 999'999;

// Groups of which only one field may be given; of the others one is enough and several are fine.
constexpr std::string_view kExclusiveGroups[] = {
    "filePathOrDirectoryPath", "startAtOrStartDateTime", "clusterIdOrConnectionString",
    "hiveScriptOrScriptUri",   "scriptOrScriptUri",      "commandOrScriptUri",
    "periodOrCronExpression"};

// "a, b or c", each word between two `quote`.
std::string Words(std::span<const std::string_view> words, std::string_view last,
                  std::string_view quote = "") {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? fmt::format(" {} ", last) : ", ";
    text += fmt::format("{}{}{}", quote, words[i], quote);
  }
  return text;
}

bool IsOneOf(std::string_view value, std::span<const std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return EqualsIgnoreCase(word, value); });
}

bool LooksLikeRegion(std::string_view value) {
  std::vector<std::string_view> pieces = Split(value, '-');
  auto lower = [](std::string_view piece) {
    return !piece.empty() &&
           std::all_of(piece.begin(), piece.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  };
  return pieces.size() >= 3 && pieces.size() <= 4 && lower(pieces[0]) && lower(pieces[1]) &&
         ParseUint64(pieces.back()).has_value();
}

/// Checks one value against its slot. `where` is the object that wrote it.
class ValueCheck {
 public:
  ValueCheck(Validation& validation, const FieldInfo& info, std::string_view type_name,
             std::string_view where)
      : validation_(validation), info_(info), type_name_(type_name), where_(where) {}

  void Check(const std::string& value) {
    switch (info_.slot) {
      case SlotType::kString:
      case SlotType::kReference:
        return;
      case SlotType::kInteger:
        return CheckInteger(value);
      case SlotType::kDouble:
        return CheckDouble(value);
      case SlotType::kBoolean:
        if (!EqualsIgnoreCase(value, "true") && !EqualsIgnoreCase(value, "false"))
          Wrong("must be true or false", value);
        return;
      case SlotType::kDateTime:
        if (!ParseDateTime(value)) {
          Say(
              fmt::format("'{}' value must be a literal datetime value. Write it as "
                          "2011-05-24T17:10:00 (UTC), not '{}'",
                          info_.name, Shown(value)));
        }
        return;
      case SlotType::kPeriod:
        return CheckPeriod(value);
      case SlotType::kEnumeration:
        return CheckEnumeration(value);
    }
  }

 private:
  const Limits& limits() const { return validation_.options.limits; }

  std::string Shown(std::string_view value) const {
    constexpr size_t kShownMax = 80;
    if (info_.secret) return "…";
    return std::string(value.substr(0, kShownMax)) + (value.size() > kShownMax ? "…" : "");
  }
  void Say(std::string_view message) {
    validation_.Error(where_, info_.name, kInvalidFieldValue, message);
  }
  void Wrong(std::string_view rule, std::string_view value) {
    Say(fmt::format("'{}' {}, not '{}'", info_.name, rule, Shown(value)));
  }

  void CheckInteger(const std::string& value) {
    std::optional<int64_t> number = ParseInt64(Trim(value));
    if (!number) return Wrong("must be a whole number", value);
    std::optional<double> max = info_.max, min = info_.min;
    if (info_.name == "maximumRetries") {
      min = 0;
      max = limits().retries_max != 0 ? std::optional<double>(limits().retries_max) : std::nullopt;
    } else if (info_.name == "maxActiveInstances") {
      max = limits().active_instances_per_object != 0
                ? std::optional<double>(limits().active_instances_per_object)
                : std::nullopt;
    }
    const double real = static_cast<double>(*number);
    max = std::min(max.value_or(kIntegerMax), kIntegerMax);
    if (min && real < *min) Wrong(fmt::format("must be at least {:.0f}", *min), value);
    if (real > *max) Wrong(fmt::format("must be at most {:.0f}", *max), value);
  }

  void CheckDouble(const std::string& value) {
    std::optional<double> number = ParseDouble(Trim(value));
    if (!number) return Wrong("must be a number such as 0.25", value);
    bool percent = info_.name.ends_with("ThroughputPercent");
    if (percent && *number > 0 && info_.min && *number < *info_.min && !limits().strict) {
      validation_.Warn(where_, info_.name, kInvalidFieldValue,
                       fmt::format("'{}' is below {}, which AWS refuses", info_.name, *info_.min));
      return;
    }
    if (info_.min && *number < *info_.min) {
      return Wrong(percent && !limits().strict ? "must be above 0 and at most 1"
                                               : fmt::format("must be at least {}", *info_.min),
                   value);
    }
    if (info_.max && *number > *info_.max) {
      Wrong(fmt::format("must be at most {}{}", *info_.max,
                        percent ? " (a share: 0.25 is 25 percent)" : ""),
            value);
    }
  }

  void CheckPeriod(const std::string& value) {
    bool schedule = type_name_ == "Schedule" && info_.name == "period";
    if (schedule && EqualsIgnoreCase(value, "ONDEMAND_PERIOD")) return;
    // EmrCluster's table gives terminateAfter as hours.
    if (info_.name == "terminateAfter") {
      if (auto hours = ParseInt64(Trim(value)); hours && *hours > 0 && *hours <= kHoursMax) {
        validation_.Warn(
            where_, info_.name, kInvalidFieldValue,
            fmt::format("'terminateAfter' {} is taken as hours; write '{} hours'", value, *hours));
        return;
      }
    }
    auto period = ParsePeriod(value);
    if (!period) return Say(fmt::format("'{}': {}", info_.name, period.error().message));
    if (period->unit == PeriodUnit::kSeconds && limits().strict) {
      return Wrong("must be in minutes, hours, days, weeks, months or years", value);
    }
    Duration length = NominalLength(*period);
    if (schedule && length < limits().schedule_period_min) {
      Wrong(fmt::format("must be at least {}", ShownLength(limits().schedule_period_min)), value);
    }
    if (schedule && limits().schedule_period_max.count() != 0 &&
        length > limits().schedule_period_max) {
      Wrong("must be at most 3 years", value);
    }
    if (info_.name == "retryDelay" && length < limits().retry_delay_min) {
      Wrong(fmt::format("must be at least {}", ShownLength(limits().retry_delay_min)), value);
    }
  }

  static std::string ShownLength(Duration length) {
    int64_t seconds = length.count() / 1000;
    return FormatPeriod(seconds % 60 == 0 ? Period{seconds / 60, PeriodUnit::kMinutes}
                                          : Period{seconds, PeriodUnit::kSeconds});
  }

  void CheckEnumeration(const std::string& value) {
    if (info_.enum_values.empty() || IsOneOf(value, info_.enum_values)) return;
    if (info_.name == "startAt" && EqualsIgnoreCase(value, "ONDEMAND_ACTIVATION_TIME")) return;
    if (info_.name == "region") {
      std::string dashed = value;
      std::replace(dashed.begin(), dashed.end(), '_', '-');
      if (dashed != value && LooksLikeRegion(dashed)) {
        validation_.Warn(where_, info_.name, kInvalidFieldValue,
                         fmt::format("'region' is taken as '{}'; write it with hyphens", dashed));
        return;
      }
      if (!limits().strict && LooksLikeRegion(value)) return;
    }
    std::string suggestion = validation_.Suggestion(value, [&](NearestWord& nearest) {
      for (std::string_view word : info_.enum_values) nearest.Offer(word);
    });
    Say(fmt::format("'{}' must be {}, not '{}'{}", info_.name, Words(info_.enum_values, "or"),
                    Shown(value), suggestion));
  }

  Validation& validation_;
  const FieldInfo& info_;
  std::string_view type_name_;
  std::string_view where_;
};

std::string InheritedBy(const ResolvedObject& object, const ResolvedField& field) {
  if (field.origin == object.source) return {};
  return fmt::format(" (inherited by {} '{}')", object.type_name, object.id());
}

// Some write an object's name or type where its id belongs.
bool IsCalled(const ResolvedObject& object, std::string_view written) {
  return !object.id().empty() && (object.name() == written || object.type_name == written);
}

// The suggestion, or a better one when some object is called `written`.
std::string CalledInstead(const Validation& validation, std::string_view written,
                          std::string suggestion) {
  for (const ResolvedObject& object : validation.definition.objects()) {
    if (!IsCalled(object, written)) continue;
    return fmt::format("; '{}' is the {} of the object whose id is '{}'", written,
                       object.name() == written ? "name" : "type", object.id());
  }
  return suggestion;
}

void CheckReference(Validation& validation, const ResolvedObject& object,
                    const ResolvedField& field, const FieldInfo* info) {
  const ResolvedObject* target = validation.definition.Find(field.value());
  std::string_view where = field.origin->id;
  const auto fits = [&](const ResolvedObject& candidate) {
    if (info == nullptr || info->ref_types.empty()) return true;
    return std::any_of(info->ref_types.begin(), info->ref_types.end(),
                       [&](std::string_view wanted) {
                         return wanted == "any" ||
                                (candidate.type != nullptr && TypeMatches(*candidate.type, wanted));
                       });
  };
  // An unknown type is reported where it stands, and may be meant for the right one.
  const auto has_unknown_type = [](const ResolvedObject& candidate) {
    return candidate.type == nullptr && !candidate.type_name.empty();
  };
  if (target == nullptr) {
    std::string suggestion = validation.Suggestion(field.value(), [&](NearestWord& nearest) {
      for (const ResolvedObject& other : validation.definition.objects()) {
        if (fits(other) || has_unknown_type(other))
          nearest.Offer(IsCalled(other, field.value()) ? field.value() : other.id());
      }
    });
    if (!suggestion.empty())
      suggestion = CalledInstead(validation, field.value(), std::move(suggestion));
    validation.Error(where, field.key(), kBadReference,
                     fmt::format("'{}' refers to '{}', but no object has that id{}", field.key(),
                                 field.value(), suggestion));
    return;
  }
  // Types differ in what they let a field refer to; without a type any of them may be meant.
  if (object.type == nullptr || fits(*target) || has_unknown_type(*target)) return;
  validation.Error(
      where, field.key(), kBadReference,
      fmt::format("'{}' must refer to {}, not to {}{}", field.key(), Words(info->ref_types, "or"),
                  target->type == nullptr ? fmt::format("'{}', which has no type", target->id())
                                          : fmt::format("{} '{}'", target->type_name, target->id()),
                  InheritedBy(object, field)));
}

void CheckField(Validation& validation, const ResolvedObject& object, const ResolvedField& field,
                const FieldInfo* info) {
  bool wants_reference = info != nullptr && info->slot == SlotType::kReference;
  if (field.key() == "parent") wants_reference = true;
  if (field.is_ref()) {
    if (info != nullptr && !wants_reference) {
      validation.Error(
          field.origin->id, field.key(), kInvalidFieldValue,
          fmt::format("'{}' must be a {}, not a reference", field.key(), SlotTypeName(info->slot)));
      return;
    }
    if (field.names_object) {
      validation.Warn(
          field.origin->id, field.key(), kInvalidFieldValue,
          fmt::format("'{}' is a string and is taken as a reference to the object '{}'; "
                      "write {{\"ref\": \"{}\"}}",
                      field.key(), field.value(), field.value()));
    }
    return CheckReference(validation, object, field, info);
  }
  if (wants_reference) {
    validation.Error(field.origin->id, field.key(), kInvalidFieldValue,
                     fmt::format("'{}' must be a reference: write {{\"ref\": \"{}\"}}", field.key(),
                                 field.value()));
  }
}

/// Counts and values of one key of one object.
void CheckKey(Validation& validation, const ResolvedObject& object, const ResolvedField& first,
              size_t count, const FieldInfo* info) {
  if (info == nullptr || info->runtime || info->system) return;
  if (count > 1 && !info->multiple && object.type != nullptr) {
    validation.Error(first.origin->id, info->name, kInvalidFieldValue,
                     fmt::format("'{}' can have one value, not {}", info->name, count));
  }
  if (info->count_max != 0 && count > info->count_max) {
    validation.Error(
        first.origin->id, info->name, kInvalidFieldValue,
        fmt::format("'{}' can have at most {} values, not {}", info->name, info->count_max, count));
  }
  if (info->slot == SlotType::kReference || info->slot == SlotType::kString) return;
  ValueCheck check(validation, *info, object.type_name, first.origin->id);
  for (const std::string& value : validation.KnownValues(object, info->name).known)
    check.Check(value);
}

bool HasField(const Validation& validation, const ResolvedObject& object, std::string_view key) {
  const ResolvedField* field = object.Find(key);
  if (field == nullptr) return false;
  if (field->text == nullptr || validation.options.moment == Moment::kPut) return true;
  // An optional parameter without a value takes its field away.
  Validation::Values values = validation.KnownValues(object, key);
  return !values.known.empty() || !values.complete;
}

void CheckRequired(Validation& validation, const ResolvedObject& object) {
  std::map<std::string_view, std::vector<std::string_view>> groups;
  for (const FieldInfo& info : object.type->fields) {
    if (info.extension && validation.options.limits.strict) continue;
    if (!info.required_group.empty()) groups[info.required_group].push_back(info.name);
    // Schedules have rules of their own (check_schedules.cc).
    if (!info.required || info.name == "schedule" || HasField(validation, object, info.name))
      continue;
    const std::string wanted =
        info.slot == SlotType::kReference ? "a reference to " + Words(info.ref_types, "or")
        : !info.enum_values.empty()       ? Words(info.enum_values, "or")
                                    : fmt::format("a value of type {}", SlotTypeName(info.slot));
    validation.Error(
        object.id(), info.name, kMissing,
        fmt::format("'{}' is required: {} needs {}{}", info.name, object.type_name, wanted,
                    object.Find(info.name) != nullptr ? "; its parameter has no value" : ""));
  }
  for (const auto& [group, names] : groups) {
    size_t given = 0;
    for (std::string_view name : names) given += HasField(validation, object, name);
    bool exclusive = std::find(std::begin(kExclusiveGroups), std::end(kExclusiveGroups), group) !=
                     std::end(kExclusiveGroups);
    if (given == 0) {
      if (group == "filePathOrDirectoryPath" && object.Find("manifestFilePath") != nullptr)
        continue;
      validation.Error(
          object.id(), names[0], kMissing,
          fmt::format(
              "{} needs {}{}", object.type_name, Words(names, "or", "'"),
              group == "runsOnOrWorkerGroup" ? "; without it no worker would ever take it" : ""));
    } else if (given > 1 && exclusive) {
      validation.Error(
          object.id(), names[0], kInvalidFieldValue,
          fmt::format("{} exclude each other; give one of them", Words(names, "and", "'")));
    }
  }
}

}  // namespace

void CheckFields(Validation& validation) {
  for (const ResolvedObject& object : validation.definition.objects()) {
    std::map<std::string_view, std::pair<const ResolvedField*, size_t>> keys;
    for (const ResolvedField& field : object.fields) {
      bool inherited = field.origin != object.source;
      // What an object without type inherits is checked where it was written.
      if (inherited && object.type == nullptr) continue;
      if (field.key() == "type" || field.key().empty() || field.value().empty()) continue;
      bool user = IsUserFieldName(field.key());
      const FieldInfo* info = user                     ? nullptr
                              : object.type != nullptr ? object.type->Find(field.key())
                                                       : FindFieldAnywhere(field.key());
      CheckField(validation, object, field, info);
      auto [entry, added] = keys.try_emplace(field.key(), &field, 0);
      ++entry->second.second;
    }
    for (const auto& [key, uses] : keys) {
      if (IsUserFieldName(key)) continue;
      const FieldInfo* info =
          object.type != nullptr ? object.type->Find(key) : FindFieldAnywhere(key);
      CheckKey(validation, object, *uses.first, uses.second, info);
    }
    if (object.type != nullptr) CheckRequired(validation, object);
  }
}

}  // namespace penstock
