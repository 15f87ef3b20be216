#include <fmt/core.h>

#include "base/text.h"
#include "definition/transfer_fields.h"
#include "definition/validation.h"

namespace penstock {
namespace {

/// One table transfer of an EmrActivity's step: which way, and the address it names.
struct Transfer {
  bool is_import = false;
  std::string path;
};

/// The step as the connector reads it: JAR,…,CLASS,PATH,TABLE,RATIO.
std::optional<Transfer> ReadStep(std::string_view step) {
  std::optional<Transfer> found;
  while (!step.empty()) {
    const size_t comma = step.find(',');
    const std::string_view argument = Trim(step.substr(0, comma));
    step = comma == std::string_view::npos ? std::string_view() : step.substr(comma + 1);
    if (found) {
      found->path = argument;
      return found;
    }
    const std::string_view name = argument.substr(argument.rfind('.') + 1);
    if (EqualsIgnoreCase(name, "DynamoDBImport")) found = Transfer{true, {}};
    if (EqualsIgnoreCase(name, "DynamoDBExport")) found = Transfer{false, {}};
  }
  return std::nullopt;
}

bool Allowed(const Validation& validation, const ResolvedObject& activity, std::string_view word) {
  const Parameter* parameter = validation.parameters.Find(word);
  if (parameter != nullptr && !parameter->values.empty())
    return EqualsIgnoreCase(parameter->values.front(), "true");
  return EqualsIgnoreCase(validation.KnownValue(activity, word), "true");
}

/// Whether endDateTime leaves no second interval; which one it cuts off depends on when runs
/// happen, at an interval's start (cron) or its end.
bool EndsAfterOneRun(const Validation& validation, const ResolvedObject& activity,
                     const ResolvedObject& schedule) {
  const auto start = ParseDateTime(validation.KnownValue(schedule, "startDateTime"));
  const auto end = ParseDateTime(validation.KnownValue(schedule, "endDateTime"));
  const auto recurrence = validation.RecurrenceOf(schedule);
  if (!start || !end || !recurrence) return false;
  return validation.ScheduleType(activity) == "cron" ? recurrence->Boundary(*start, 1) >= *end
                                                     : recurrence->Boundary(*start, 2) > *end;
}

bool Recurs(const Validation& validation, const ResolvedObject& activity) {
  if (validation.OnDemand()) return false;
  const auto ids = activity.References("schedule");
  const ResolvedObject* schedule = ids.empty() ? nullptr : validation.definition.Find(ids.front());
  return schedule != nullptr && validation.KnownValue(*schedule, "occurrences") != "1" &&
         !EndsAfterOneRun(validation, activity, *schedule);
}

/// What `#{expression}` is in every run: a parameter, or a field of a node that the activity refers
/// to. nullopt: not known, or not the same.
std::optional<std::string> FixedValue(const Validation& validation, const ResolvedObject& activity,
                                      std::string_view expression) {
  const size_t dot = expression.find('.');
  if (dot == std::string_view::npos) {
    const Parameter* parameter = validation.parameters.Find(expression);
    if (parameter == nullptr || parameter->values.empty()) return std::nullopt;
    // It is repeated in a message: of a secret nothing is said.
    if (parameter->id.starts_with('*')) return std::nullopt;
    return parameter->values.front();
  }
  const auto nodes = activity.References(expression.substr(0, dot));
  const ResolvedObject* node = nodes.empty() ? nullptr : validation.definition.Find(nodes.front());
  if (node == nullptr) return std::nullopt;
  const Validation::Values values = validation.KnownValues(*node, expression.substr(dot + 1));
  if (!values.complete || values.known.empty()) return std::nullopt;
  return values.known.front();
}

/// The address, when it is known to be the same in every run.
std::string FixedPath(const Validation& validation, const ResolvedObject& activity,
                      const Transfer& transfer) {
  std::string path;
  for (std::string_view rest = transfer.path; !rest.empty();) {
    const size_t begin = rest.find("#{");
    path += rest.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const size_t end = rest.find('}', begin);
    if (end == std::string_view::npos) return {};
    const auto value =
        FixedValue(validation, activity, Trim(rest.substr(begin + 2, end - begin - 2)));
    if (!value) return {};
    path += *value;
    rest.remove_prefix(end + 1);
  }
  return path;
}

void CheckTransfer(Validation& validation, const ResolvedObject& activity,
                   const Transfer& transfer) {
  const std::string path = FixedPath(validation, activity, transfer);
  if (path.empty()) return;
  const std::string_view remedy =
      transfer.is_import ? kAllowRecurringImport : kAllowFixedExportPath;
  if (Allowed(validation, activity, remedy)) return;
  const std::string message =
      transfer.is_import
          ? fmt::format(
                "each run imports the same {} again, over whatever was written since: run it "
                "on demand, give the source a time, or say that it is meant with {} = true "
                "(a user field or a parameter value)",
                path, remedy)
          : fmt::format(
                "every run after the first finds the export of another at {}: give the path "
                "a time, e.g. #{{format(@scheduledStartTime,'YYYY-MM-dd-HH-mm-ss')}}, or say "
                "that each is to replace the one before with {} = true (a user field or a "
                "parameter value)",
                path, remedy);
  const bool refuse =
      validation.options.moment == Moment::kActivate && !validation.options.limits.strict;
  validation.Say(refuse ? Severity::kError : Severity::kWarning, activity.id(), "step",
                 transfer.is_import ? "RECURRING_IMPORT" : "FIXED_EXPORT_PATH", message);
}

}  // namespace

void CheckTransfers(Validation& validation) {
  for (const ResolvedObject& object : validation.definition.objects()) {
    if (object.type_name != "EmrActivity" || !Recurs(validation, object)) continue;
    for (const ResolvedField* step : object.FindAll("step")) {
      if (auto transfer = ReadStep(step->value())) CheckTransfer(validation, object, *transfer);
    }
  }
}

}  // namespace penstock
