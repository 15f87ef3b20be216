#include "service/definition_json.h"

#include <fmt/core.h>

#include "service/data_pipeline_error.h"

namespace penstock {
namespace {

// CheckRequest has passed the request: what is there has the right type.
std::string Text(const json::Object& object, std::string_view key) {
  const json::Value* value = json::Find(object, key);
  return value == nullptr ? std::string() : std::string(value->get_string());
}

const json::Array& List(const json::Object& object, std::string_view key) {
  static const json::Array empty;
  const json::Value* value = json::Find(object, key);
  return value == nullptr ? empty : value->get_array();
}

Field ParseField(const json::Object& object) {
  bool is_ref = json::Find(object, "refValue") != nullptr;
  return {Text(object, "key"), Text(object, is_ref ? "refValue" : "stringValue"), is_ref};
}

}  // namespace

std::vector<Field> ParseFields(const json::Object& request, std::string_view member) {
  std::vector<Field> fields;
  const json::Array& list = List(request, member);
  fields.reserve(list.size());
  for (const json::Value& field : list) fields.push_back(ParseField(field.get_object()));
  return fields;
}

std::vector<std::string> ParseStrings(const json::Object& request, std::string_view member) {
  std::vector<std::string> strings;
  for (const json::Value& value : List(request, member)) strings.emplace_back(value.get_string());
  return strings;
}

std::vector<ParameterValue> ParseParameterValues(const json::Object& request) {
  std::vector<ParameterValue> values;
  for (const json::Value& value : List(request, "parameterValues")) {
    values.push_back({Text(value.get_object(), "id"), Text(value.get_object(), "stringValue")});
  }
  return values;
}

Definition ParseDefinition(const json::Object& request) {
  Definition definition;
  for (const json::Value& value : List(request, "pipelineObjects")) {
    const json::Object& object = value.get_object();
    definition.objects.push_back(
        {Text(object, "id"), Text(object, "name"), ParseFields(object, "fields")});
  }
  for (const json::Value& value : List(request, "parameterObjects")) {
    const json::Object& object = value.get_object();
    ParameterObject parameter{Text(object, "id"), {}};
    for (const json::Value& attribute : List(object, "attributes")) {
      parameter.attributes.push_back(
          {Text(attribute.get_object(), "key"), Text(attribute.get_object(), "stringValue")});
    }
    definition.parameters.push_back(std::move(parameter));
  }
  definition.values = ParseParameterValues(request);
  return definition;
}

ApiResult<void> CheckFieldValues(const json::Object& request) {
  for (const json::Value& value : List(request, "pipelineObjects")) {
    const json::Object& object = value.get_object();
    for (const json::Value& field : List(object, "fields")) {
      const json::Object& members = field.get_object();
      if (json::Find(members, "stringValue") == nullptr ||
          json::Find(members, "refValue") == nullptr) {
        continue;
      }
      return InvalidRequestException(fmt::format(
          "The field '{}' of the object '{}' has both a stringValue and a refValue; give one of "
          "them",
          Text(members, "key"), Text(object, "id")));
    }
  }
  return {};
}

json::Array FieldsJson(const std::vector<Field>& fields) {
  json::Array array;
  array.reserve(fields.size());
  for (const Field& field : fields) {
    array.push_back(
        json::Object{{"key", field.key}, {field.is_ref ? "refValue" : "stringValue", field.value}});
  }
  return array;
}

json::Object PipelineObjectJson(const PipelineObject& object) {
  return {{"id", object.id}, {"name", object.name}, {"fields", FieldsJson(object.fields)}};
}

json::Object DefinitionJson(const Definition& definition) {
  json::Object answer;
  json::Array& objects = answer["pipelineObjects"].emplace_array();
  for (const PipelineObject& object : definition.objects)
    objects.push_back(PipelineObjectJson(object));
  if (!definition.parameters.empty()) {
    json::Array& parameters = answer["parameterObjects"].emplace_array();
    for (const ParameterObject& parameter : definition.parameters) {
      json::Array attributes;
      for (const ParameterAttribute& attribute : parameter.attributes) {
        attributes.push_back(
            json::Object{{"key", attribute.key}, {"stringValue", attribute.value}});
      }
      parameters.push_back(
          json::Object{{"id", parameter.id}, {"attributes", std::move(attributes)}});
    }
  }
  if (!definition.values.empty()) {
    json::Array& values = answer["parameterValues"].emplace_array();
    for (const ParameterValue& value : definition.values) {
      values.push_back(json::Object{{"id", value.id}, {"stringValue", value.value}});
    }
  }
  return answer;
}

}  // namespace penstock
