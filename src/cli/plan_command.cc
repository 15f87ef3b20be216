#include "cli/plan_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "definition/definition_file.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr int kDone = 0, kUnusable = 2;

void PrintJson(const engine::Forecast& forecast, std::ostream& out) {
  json::Array runs, warnings;
  for (const engine::ForecastRun& run : forecast.runs) {
    runs.push_back(json::Object{{"component", run.component},
                                {"type", run.type},
                                {"scheduledStartTime", FormatDateTime(run.scheduled_start)},
                                {"scheduledEndTime", FormatDateTime(run.scheduled_end)},
                                {"startsAt", FormatDateTime(run.starts_at)}});
  }
  for (const std::string& warning : forecast.warnings) warnings.emplace_back(warning);
  out << json::WritePretty(
      json::Object{{"runs", std::move(runs)}, {"warnings", std::move(warnings)}});
}

void PrintLines(const engine::Forecast& forecast, std::ostream& out) {
  size_t component = 0, type = 0;
  for (const engine::ForecastRun& run : forecast.runs) {
    component = std::max(component, run.component.size());
    type = std::max(type, run.type.size());
  }
  for (const engine::ForecastRun& run : forecast.runs) {
    out << fmt::format("{}  {:<{}}  {:<{}}  for {}", FormatDateTime(run.starts_at), run.component,
                       component, run.type, type, FormatDateTime(run.scheduled_start));
    if (run.scheduled_end > run.scheduled_start) out << " to " << FormatDateTime(run.scheduled_end);
    out << '\n';
  }
}

}  // namespace

Result<std::pair<std::string, Period>> ParseDurationArgument(std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return InvalidArgument(fmt::format(
        "'{}' is no duration; write COMPONENT=PERIOD, e.g. \"Copy=20 minutes\"", argument));
  }
  auto period = ParsePeriod(argument.substr(equals + 1));
  if (!period) {
    return InvalidArgument(
        fmt::format("the duration of {}: {}", argument.substr(0, equals), period.error().message));
  }
  return std::pair(std::string(argument.substr(0, equals)), *period);
}

Result<Instant> ParseMomentArgument(std::string_view flag, std::string_view argument) {
  if (auto instant = ParseIso(argument)) return std::chrono::floor<std::chrono::seconds>(*instant);
  return InvalidArgument(
      fmt::format("{} '{}' is no time; write it as 2014-05-01T00:00:00, in UTC", flag, argument));
}

int RunPlan(const PlanCommand& command, std::ostream& out, std::ostream& errors) {
  const std::string name = command.file == "-" ? "<stdin>" : command.file;
  const auto text = command.read(command.file);
  if (!text) {
    errors << name << ": " << text.error().message << '\n';
    return kUnusable;
  }
  const auto file = ParseDefinitionFile(*text);
  if (!file) {
    // The reader's errors begin with line and column, so that editors can jump there.
    errors << name << ':' << file.error().message << '\n';
    return kUnusable;
  }
  const auto forecast = engine::ForecastRuns(file->definition, command.options);
  if (!forecast) {
    errors << name << ": " << forecast.error().message << '\n';
    return kUnusable;
  }
  if (command.as_json) {
    PrintJson(*forecast, out);
    return kDone;
  }
  PrintLines(*forecast, out);
  for (const std::string& warning : forecast->warnings) errors << "warning: " << warning << '\n';
  return kDone;
}

}  // namespace penstock
