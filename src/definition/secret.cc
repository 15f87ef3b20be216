#include "definition/secret.h"

#include <map>
#include <utility>

#include "expr/expression.h"

namespace penstock {
namespace {

// "#{*myPassword}" and the like: text that names a secret without holding one.
bool OnlyNames(std::string_view text) {
  auto parsed = expr::Text::Parse(text);
  return parsed && parsed->IsSingleExpression() && !parsed->SingleName().empty();
}

// The n-th value of each (owner, key), as the stored definition has it.
using StoredValues =
    std::map<std::pair<std::string_view, std::string_view>, std::vector<std::string_view>>;

class Restorer {
 public:
  void Know(std::string_view owner, std::string_view key, std::string_view value) {
    if (HoldsSecret(key, value)) {
      stored_[{owner, key}].push_back(value);
    } else {
      stored_[{owner, key}].push_back({});
    }
  }
  void Restore(std::string_view owner, std::string_view key, std::string& value) {
    size_t n = seen_[{std::string(owner), std::string(key)}]++;
    if (!IsSecretName(key) || value != kSecretMask) return;
    auto found = stored_.find({owner, key});
    if (found != stored_.end() && n < found->second.size() && !found->second[n].empty())
      value = found->second[n];
  }

 private:
  StoredValues stored_;
  std::map<std::pair<std::string, std::string>, size_t> seen_;
};

}  // namespace

bool HoldsSecret(std::string_view name, std::string_view value) {
  return IsSecretName(name) && !value.empty() && !OnlyNames(value);
}

Definition MaskSecrets(Definition definition) {
  for (PipelineObject& object : definition.objects) {
    for (Field& field : object.fields) {
      if (!field.is_ref && HoldsSecret(field.key, field.value)) field.value = kSecretMask;
    }
  }
  for (ParameterObject& parameter : definition.parameters) {
    for (ParameterAttribute& attribute : parameter.attributes) {
      if (attribute.key == "default" && HoldsSecret(parameter.id, attribute.value))
        attribute.value = kSecretMask;
    }
  }
  for (ParameterValue& value : definition.values) {
    if (HoldsSecret(value.id, value.value)) value.value = kSecretMask;
  }
  return definition;
}

Definition RestoreSecrets(Definition incoming, const Definition& stored) {
  Restorer fields, defaults, values;
  for (const PipelineObject& object : stored.objects) {
    for (const Field& field : object.fields) fields.Know(object.id, field.key, field.value);
  }
  for (const ParameterObject& parameter : stored.parameters) {
    for (const ParameterAttribute& attribute : parameter.attributes) {
      if (attribute.key == "default") defaults.Know({}, parameter.id, attribute.value);
    }
  }
  for (const ParameterValue& value : stored.values) values.Know({}, value.id, value.value);

  for (PipelineObject& object : incoming.objects) {
    for (Field& field : object.fields) fields.Restore(object.id, field.key, field.value);
  }
  for (ParameterObject& parameter : incoming.parameters) {
    for (ParameterAttribute& attribute : parameter.attributes) {
      if (attribute.key == "default") defaults.Restore({}, parameter.id, attribute.value);
    }
  }
  for (ParameterValue& value : incoming.values) values.Restore({}, value.id, value.value);
  return incoming;
}

}  // namespace penstock
