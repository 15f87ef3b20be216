// What the checks of Validate() share. Internal to definition/: users see validate.h.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "definition/parameters.h"
#include "definition/validate.h"
#include "expr/nearest_word.h"
#include "time/recurrence.h"

namespace penstock {

/// The definition under check and the list of what is wrong with it.
class Validation {
 public:
  Validation(const ResolvedDefinition& definition, const ValidateOptions& options);

  const ResolvedDefinition& definition;
  const ValidateOptions& options;
  const Parameters parameters;

  /// Notes a problem once, however many objects inherit it. `code` as AWS writes them:
  /// "INVALID_FIELD_VALUE".
  void Say(Severity severity, std::string_view object_id, std::string_view field,
           std::string_view code, std::string_view message);
  void Error(std::string_view object_id, std::string_view field, std::string_view code,
             std::string_view message) {
    Say(Severity::kError, object_id, field, code, message);
  }
  void Warn(std::string_view object_id, std::string_view field, std::string_view code,
            std::string_view message) {
    Say(Severity::kWarning, object_id, field, code, message);
  }

  /// "; did you mean 'x'?" or "". `offer` calls NearestWord::Offer for each candidate; it is not
  /// called any more once enough suggestions were made, so that the cost stays bounded.
  template <class Offer>
  std::string Suggestion(std::string_view written, Offer offer) {
    constexpr int kSuggestionsMax = 50;
    if (suggestions_ == kSuggestionsMax) return {};
    ++suggestions_;
    NearestWord nearest(written);
    offer(nearest);
    return nearest.word().empty() ? "" : "; did you mean '" + nearest.word() + "'?";
  }

  /// A field's values as far as they are known now: literals, and expressions over parameters and
  /// other fields. `complete` is false if some are known only at run time, with the activation's
  /// parameter values, or are secret.
  struct Values {
    std::vector<std::string> known;
    bool complete = true;
  };
  Values KnownValues(const ResolvedObject& object, std::string_view key) const;
  /// The first known value; empty if there is none.
  std::string KnownValue(const ResolvedObject& object, std::string_view key) const;

  /// Whether the whole pipeline runs on demand (Default's scheduleType).
  bool OnDemand() const { return on_demand_; }
  /// scheduleType in force, lower case: "cron", "timeseries", "ondemand"; "" when none is set.
  std::string ScheduleType(const ResolvedObject& object) const;

  /// What a Schedule repeats, by its period or cronExpression; nullopt while neither is known or
  /// right.
  std::optional<Recurrence> RecurrenceOf(const ResolvedObject& schedule) const;

  std::vector<Problem> Take() &&;

 private:
  std::vector<Problem> problems_;
  std::set<std::tuple<std::string, std::string, std::string>> said_;
  int suggestions_ = 0;
  bool on_demand_ = false;
};

/// Ids, names, sizes, types, parents, unknown fields; the fatal ones.
void CheckStructure(Validation& validation);
/// Values against their slots, references against their targets, required and forbidden fields.
void CheckFields(Validation& validation);
/// Syntax of expressions, names they use, fields that need their own value.
void CheckExpressions(Validation& validation);
/// Schedules, schedule types, on-demand rules, backfill.
void CheckSchedules(Validation& validation);
/// Objects that would wait for each other for ever; too many references to one object.
void CheckGraph(Validation& validation);
/// Imports that would run again over newer data, exports that would find one another.
void CheckTransfers(Validation& validation);
/// Rules of single types, and advice.
void CheckTypeRules(Validation& validation);

}  // namespace penstock
