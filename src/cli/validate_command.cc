#include "cli/validate_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <unordered_set>

#include "definition/definition_file.h"
#include "definition/validate.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr std::string_view kRed = "\033[1;31m", kYellow = "\033[1;33m", kBold = "\033[1m",
                           kReset = "\033[0m";

std::string_view NameOf(Severity severity) {
  switch (severity) {
    case Severity::kFatal:
      return "fatal";
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
  }
  return {};
}

struct Checked {
  DefinitionFile file;
  std::unordered_set<std::string> parameters;  // ids that are no object's
  std::vector<Problem> problems;               // by place in the file
};

Result<Checked> CheckFile(const ValidateCommand& command, const std::string& name) {
  ASSIGN_OR_RETURN(std::string text, command.read(name));
  ASSIGN_OR_RETURN(DefinitionFile file, ParseDefinitionFile(text));
  ValidateOptions options;
  options.limits = command.limits;
  options.now = command.now;
  options.activation_values = command.parameters;
  if (!command.parameters.empty()) options.moment = Moment::kActivate;
  Checked checked{std::move(file), {}, {}};
  const Definition& definition = checked.file.definition;
  for (const ParameterObject& parameter : definition.parameters)
    checked.parameters.insert(parameter.id);
  for (const ParameterValue& value : definition.values) checked.parameters.insert(value.id);
  for (const ParameterValue& value : command.parameters) checked.parameters.insert(value.id);
  for (const PipelineObject& object : definition.objects) checked.parameters.erase(object.id);
  checked.problems = Validate(definition, options);
  checked.problems.insert(checked.problems.end(), checked.file.notes.begin(),
                          checked.file.notes.end());
  std::stable_sort(checked.problems.begin(), checked.problems.end(),
                   [&](const Problem& a, const Problem& b) {
                     FilePosition x = checked.file.PositionOf(a), y = checked.file.PositionOf(b);
                     return std::pair(x.line, x.column) < std::pair(y.line, y.column);
                   });
  return checked;
}

// `object "X" field "y": `, as far as it applies.
std::string Subject(const Checked& checked, const Problem& problem) {
  if (problem.object_id.empty()) return {};
  std::string text = fmt::format(
      "{} \"{}\"", checked.parameters.contains(problem.object_id) ? "parameter" : "object",
      problem.object_id);
  if (!problem.field.empty()) text += fmt::format(" field \"{}\"", problem.field);
  return text + ": ";
}

void PrintLines(const ValidateCommand& command, const std::string& name, const Checked& checked,
                std::ostream& out) {
  auto colored = [&](std::string_view color, std::string_view text) {
    return command.color ? fmt::format("{}{}{}", color, text, kReset) : std::string(text);
  };
  for (const Problem& problem : checked.problems) {
    FilePosition at = checked.file.PositionOf(problem);
    std::string place = fmt::format("{}:{}:{}:", name, at.line, at.column);
    out << colored(kBold, place) << ' '
        << colored(problem.severity == Severity::kWarning ? kYellow : kRed,
                   fmt::format("{}:", NameOf(problem.severity)))
        << ' ' << Subject(checked, problem) << problem.message << '\n';
  }
}

json::Value ToJson(const std::string& name, const Checked& checked) {
  json::Array problems;
  for (const Problem& problem : checked.problems) {
    FilePosition at = checked.file.PositionOf(problem);
    problems.push_back(json::Object{{"severity", NameOf(problem.severity)},
                                    {"object", problem.object_id},
                                    {"field", problem.field},
                                    {"line", at.line},
                                    {"column", at.column},
                                    {"message", problem.message}});
  }
  return json::Object{
      {"file", name}, {"valid", !HasErrors(checked.problems)}, {"problems", std::move(problems)}};
}

}  // namespace

Result<ParameterValue> ParseParameterArgument(std::string_view argument) {
  size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return InvalidArgument(
        fmt::format("'{}' is no parameter value; write name=value, e.g. myTable=Cities", argument));
  }
  return ParameterValue{std::string(argument.substr(0, equals)),
                        std::string(argument.substr(equals + 1))};
}

int RunValidate(const ValidateCommand& command, std::ostream& out, std::ostream& errors) {
  int code = 0;
  json::Array files;
  for (const std::string& path : command.files) {
    auto checked = CheckFile(command, path);
    const std::string name = path == "-" ? "<stdin>" : path;
    if (!checked) {
      // The reader's errors begin with line and column, so that editors can jump there.
      errors << name << ':' << checked.error().message << '\n';
      if (command.as_json) {
        files.push_back(
            json::Object{{"file", name}, {"valid", false}, {"error", checked.error().message}});
      }
      code = 2;
      continue;
    }
    if (HasErrors(checked->problems)) code = std::max(code, 1);
    if (command.as_json) {
      files.push_back(ToJson(name, *checked));
    } else {
      PrintLines(command, name, *checked, out);
    }
  }
  if (command.as_json) out << json::WritePretty(json::Object{{"files", std::move(files)}});
  return code;
}

}  // namespace penstock
