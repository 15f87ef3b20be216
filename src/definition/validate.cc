#include "definition/validate.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "definition/evaluate.h"
#include "definition/validation.h"

namespace penstock {

Validation::Validation(const ResolvedDefinition& resolved, const ValidateOptions& validate_options)
    : definition(resolved),
      options(validate_options),
      parameters(Parameters::Of(resolved.source(), validate_options.activation_values)) {
  if (const ResolvedObject* root = definition.Default())
    on_demand_ = ScheduleType(*root) == "ondemand";
}

void Validation::Say(Severity severity, std::string_view object_id, std::string_view field,
                     std::string_view code, std::string_view message) {
  std::string text = fmt::format("{}: {}", code, message);
  if (!said_.emplace(object_id, field, text).second) return;
  problems_.push_back({std::string(object_id), std::string(field), std::move(text), severity});
}

Validation::Values Validation::KnownValues(const ResolvedObject& object,
                                           std::string_view key) const {
  Values values;
  bool has_expression = false;
  for (const ResolvedField* field : object.FindAll(key)) {
    if (field->is_ref()) continue;
    has_expression |= field->text != nullptr;
    values.known.emplace_back(field->value());
  }
  if (!has_expression) return values;
  ComponentScope scope{std::string(object.id())};
  auto evaluated =
      EvaluateField(definition, parameters, scope, key, {.missing = Missing::kKeepText});
  values.known.clear();
  if (!evaluated) {
    values.complete = false;
    return values;
  }
  for (EvaluatedField& field : *evaluated) {
    if (field.is_ref) continue;
    // Values are repeated in messages: of a secret nothing is said.
    if (field.evaluated && !field.secret) {
      values.known.push_back(std::move(field.value));
    } else {
      values.complete = false;
    }
  }
  return values;
}

std::string Validation::KnownValue(const ResolvedObject& object, std::string_view key) const {
  Values values = KnownValues(object, key);
  return values.known.empty() ? std::string() : std::move(values.known[0]);
}

std::string Validation::ScheduleType(const ResolvedObject& object) const {
  return AsciiLower(KnownValue(object, "scheduleType"));
}

std::optional<Recurrence> Validation::RecurrenceOf(const ResolvedObject& schedule) const {
  if (auto period = ParsePeriod(KnownValue(schedule, "period"))) return *period;
  const std::string zone = KnownValue(schedule, "timeZone");
  if (zone.empty() && schedule.Find("timeZone") != nullptr) return std::nullopt;
  const auto clock = CronClock::Parse(KnownValue(schedule, "cronExpression"), zone);
  if (!clock) return std::nullopt;
  return *clock;
}

std::vector<Problem> Validation::Take() && {
  // In the order of the objects; what concerns parameters or the whole comes first.
  std::unordered_map<std::string_view, size_t> place;
  const auto& objects = definition.objects();
  for (size_t i = 0; i < objects.size(); ++i) place.try_emplace(objects[i].id(), i + 1);
  auto rank = [&](const Problem& problem) {
    auto found = place.find(problem.object_id);
    return found == place.end() ? size_t{0} : found->second;
  };
  std::stable_sort(problems_.begin(), problems_.end(),
                   [&](const Problem& a, const Problem& b) { return rank(a) < rank(b); });
  return std::move(problems_);
}

namespace {

void CheckActivationValues(const ValidateOptions& options, std::vector<Problem>& problems) {
  size_t size = 0, max = options.limits.parameter_values_size_max;
  for (const ParameterValue& value : options.activation_values)
    size += value.id.size() + value.value.size();
  if (max == 0 || size <= max) return;
  problems.push_back({"", "",
                      fmt::format("LIMIT_EXCEEDED: the activation's parameter values have {} "
                                  "bytes; at most {} are allowed",
                                  size, max),
                      Severity::kError});
}

}  // namespace

std::vector<Problem> Validate(const ResolvedDefinition& definition,
                              const ValidateOptions& options) {
  Validation validation(definition, options);
  CheckStructure(validation);
  CheckFields(validation);
  CheckExpressions(validation);
  CheckSchedules(validation);
  CheckGraph(validation);
  CheckTransfers(validation);
  CheckTypeRules(validation);
  std::vector<Problem> problems =
      CheckParameters(definition.source(), validation.parameters, options.moment, options.limits);
  CheckActivationValues(options, problems);
  std::vector<Problem> rest = std::move(validation).Take();
  std::move(rest.begin(), rest.end(), std::back_inserter(problems));
  return problems;
}

std::vector<Problem> Validate(const Definition& definition, const ValidateOptions& options) {
  return Validate(Resolve(definition), options);
}

}  // namespace penstock
