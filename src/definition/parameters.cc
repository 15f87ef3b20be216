#include "definition/parameters.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "definition/type_catalogue.h"
#include "expr/nearest_word.h"

namespace penstock {
namespace {

constexpr std::string_view kS3Scheme = "s3://";

struct TypeName {
  std::string_view name;
  ParameterType type;
};
constexpr TypeName kTypeNames[] = {
    {"String", ParameterType::kString},
    {"Integer", ParameterType::kInteger},
    {"Double", ParameterType::kDouble},
    {"AWS::S3::ObjectKey", ParameterType::kS3ObjectKey},
};

std::optional<ParameterType> TypeByName(std::string_view name) {
  for (const TypeName& type : kTypeNames) {
    if (EqualsIgnoreCase(type.name, name)) return type.type;
  }
  return std::nullopt;
}

std::string_view NameOfType(ParameterType type) {
  for (const TypeName& entry : kTypeNames) {
    if (entry.type == type) return entry.name;
  }
  return {};
}

bool IsTrue(std::string_view text) { return EqualsIgnoreCase(Trim(text), "true"); }

// A single string may stand for a list: "a,b,c" when no value equals it as a whole.
std::vector<std::string> AllowedValues(const std::vector<std::string>& written) {
  if (written.size() != 1 || written[0].find(',') == std::string::npos) return written;
  std::vector<std::string> values = written;
  for (std::string_view piece : Split(written[0], ',')) values.emplace_back(Trim(piece));
  return values;
}

Parameter Declared(const ParameterObject& object) {
  Parameter parameter;
  parameter.id = object.id;
  parameter.secret = object.id.starts_with('*');
  std::vector<std::string> allowed;
  for (const ParameterAttribute& attribute : object.attributes) {
    const std::string& value = attribute.value;
    if (attribute.key == "type") {
      parameter.type = TypeByName(value).value_or(ParameterType::kString);
    } else if (attribute.key == "description") {
      parameter.description = value;
    } else if (attribute.key == "optional") {
      parameter.optional = IsTrue(value);
    } else if (attribute.key == "isArray") {
      parameter.is_array = IsTrue(value);
    } else if (attribute.key == "allowedValues") {
      allowed.push_back(value);
    } else if (attribute.key == "default" && !value.empty()) {
      parameter.values.push_back(value);
    }
  }
  parameter.allowed_values = AllowedValues(allowed);
  return parameter;
}

bool LooksLikeS3Key(std::string_view value) {
  if (!EqualsIgnoreCase(value.substr(0, kS3Scheme.size()), kS3Scheme)) return false;
  std::string_view bucket = value.substr(kS3Scheme.size());
  bucket = bucket.substr(0, bucket.find('/'));
  return !bucket.empty();
}

bool FitsType(std::string_view value, ParameterType type) {
  switch (type) {
    case ParameterType::kString:
      return true;
    case ParameterType::kInteger:
      return ParseInt64(Trim(value)).has_value();
    case ParameterType::kDouble:
      return ParseDouble(Trim(value)).has_value();
    case ParameterType::kS3ObjectKey:
      return LooksLikeS3Key(value);
  }
  return true;
}

std::string_view Example(ParameterType type) {
  switch (type) {
    case ParameterType::kString:
      return "text";
    case ParameterType::kInteger:
      return "a whole number such as 2";
    case ParameterType::kDouble:
      return "a number such as 0.25";
    case ParameterType::kS3ObjectKey:
      return "an address such as s3://bucket/folder";
  }
  return {};
}

std::string Shown(const Parameter& parameter, const std::string& value) {
  return parameter.secret ? "the secret value" : "'" + value + "'";
}

// What is wrong with parameters so far; a message begins with AWS's word for its kind.
class Problems {
 public:
  void Error(std::string_view id, std::string_view field, std::string_view code,
             std::string_view message) {
    Say(Severity::kError, id, field, code, message);
  }
  void Warn(std::string_view id, std::string_view field, std::string_view code,
            std::string_view message) {
    Say(Severity::kWarning, id, field, code, message);
  }
  std::vector<Problem> Finish() && { return std::move(list_); }

 private:
  void Say(Severity severity, std::string_view id, std::string_view field, std::string_view code,
           std::string_view message) {
    list_.push_back(
        {std::string(id), std::string(field), fmt::format("{}: {}", code, message), severity});
  }

  std::vector<Problem> list_;
};

constexpr std::string_view kNoValue = "MISSING_REQUIRED_FIELD";
constexpr std::string_view kTooMuch = "LIMIT_EXCEEDED";

void CheckDeclaration(const ParameterObject& object, Problems& problems) {
  if (!IsUserFieldName(object.id)) {
    problems.Error(
        object.id, "id", kInvalidFieldValue,
        "a parameter's id must begin with 'my' and a capital, or '*my' for a secret, e.g. "
        "'myBucket'");
  }
  for (const ParameterAttribute& attribute : object.attributes) {
    if (attribute.key == "type" && !TypeByName(attribute.value)) {
      NearestWord nearest(attribute.value);
      for (const TypeName& type : kTypeNames) nearest.Offer(type.name);
      problems.Error(
          object.id, "type", "INVALID_TYPE",
          fmt::format(
              "unknown parameter type '{}'; write String, Integer, Double or AWS::S3::ObjectKey{}",
              attribute.value,
              nearest.word().empty() ? "" : fmt::format(" (did you mean {}?)", nearest.word())));
    }
    if ((attribute.key == "optional" || attribute.key == "isArray") && !IsTrue(attribute.value) &&
        !EqualsIgnoreCase(Trim(attribute.value), "false")) {
      problems.Error(object.id, attribute.key, kInvalidFieldValue,
                     fmt::format("must be true or false, not '{}'", attribute.value));
    }
  }
}

void CheckValues(const Parameter& parameter, Moment moment, Problems& problems) {
  if (parameter.values.empty()) {
    if (parameter.optional || !parameter.declared) return;
    if (moment == Moment::kActivate) {
      problems.Error(parameter.id, "", kNoValue,
                     "needs a value: give one on activation, in 'values', or declare a default");
    } else {
      problems.Warn(parameter.id, "", kNoValue,
                    "has no value yet: it must be given with the activation");
    }
    return;
  }
  if (parameter.declared && !parameter.is_array && parameter.values.size() > 1) {
    problems.Error(
        parameter.id, "", kInvalidFieldValue,
        fmt::format("has {} values but is no array; set isArray to true", parameter.values.size()));
  }
  for (const std::string& value : parameter.values) {
    if (!FitsType(value, parameter.type)) {
      problems.Error(parameter.id, "", kInvalidFieldValue,
                     fmt::format("{} is no {}; write {}", Shown(parameter, value),
                                 NameOfType(parameter.type), Example(parameter.type)));
    }
    const auto& allowed = parameter.allowed_values;
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      problems.Error(parameter.id, "", kInvalidFieldValue,
                     fmt::format("{} is not one of the allowed values: {}", Shown(parameter, value),
                                 Join(allowed, ", ")));
    }
  }
}

}  // namespace

Parameters Parameters::Of(const Definition& definition,
                          const std::vector<ParameterValue>& at_activation) {
  Parameters result;
  for (const ParameterObject& object : definition.parameters)
    result.all_.try_emplace(object.id, Declared(object));
  // Later sources replace all the values of earlier ones.
  for (const std::vector<ParameterValue>* source : {&definition.values, &at_activation}) {
    std::map<std::string_view, std::vector<std::string>> given;
    for (const ParameterValue& value : *source) {
      if (!value.value.empty()) given[value.id].push_back(value.value);
    }
    for (auto& [id, values] : given) {
      auto [entry, added] = result.all_.try_emplace(std::string(id));
      Parameter& parameter = entry->second;
      if (added) {
        parameter.id = id;
        parameter.declared = false;
        parameter.is_array = true;
        parameter.secret = id.starts_with('*');
      }
      parameter.values = std::move(values);
    }
  }
  return result;
}

const Parameter* Parameters::Find(std::string_view id) const {
  auto found = all_.find(id);
  return found == all_.end() ? nullptr : &found->second;
}

std::vector<Problem> CheckParameters(const Definition& definition, const Parameters& parameters,
                                     Moment moment, const Limits& limits) {
  Problems problems;
  std::map<std::string_view, int> declared;
  for (const ParameterObject& object : definition.parameters) {
    if (++declared[object.id] == 2) {
      problems.Error(object.id, "", kInvalidFieldValue,
                     "is declared more than once; the first declaration counts");
    }
    CheckDeclaration(object, problems);
  }
  if (limits.parameters_max != 0 && definition.parameters.size() > limits.parameters_max) {
    problems.Error("", "", kTooMuch,
                   fmt::format("{} parameters are declared; at most {} are allowed",
                               definition.parameters.size(), limits.parameters_max));
  }
  size_t size = 0;
  for (const ParameterValue& value : definition.values)
    size += value.id.size() + value.value.size();
  if (limits.parameter_values_size_max != 0 && size > limits.parameter_values_size_max) {
    problems.Error("", "", kTooMuch,
                   fmt::format("the parameter values have {} bytes; at most {} are allowed", size,
                               limits.parameter_values_size_max));
  }
  for (const auto& [id, parameter] : parameters.all()) CheckValues(parameter, moment, problems);
  return std::move(problems).Finish();
}

}  // namespace penstock
