#include "definition/definition_file.h"

#include <fmt/core.h>

#include <algorithm>

#include "json/json.h"

namespace penstock {
namespace {

using Kind = JsonNode::Kind;

Error FailAt(FilePosition position, std::string_view what) {
  return InvalidArgument(fmt::format("{}:{}: {}", position.line, position.column, what));
}

Error WrongKind(const JsonNode& node, std::string_view what, std::string_view wanted) {
  return FailAt(node.position,
                fmt::format("{} must be {}, not {}", what, wanted, KindName(node.kind)));
}

bool IsScalar(const JsonNode& node) {
  return node.kind == Kind::kString || node.kind == Kind::kNumber || node.kind == Kind::kBoolean;
}

class Reader {
 public:
  Result<DefinitionFile> Run(const JsonNode& root) {
    if (root.kind != Kind::kObject)
      return WrongKind(root, "a definition", "an object with the member \"objects\"");
    bool has_objects = false;
    for (size_t i = 0; i < root.keys.size(); ++i) {
      const JsonNode& value = root.values[i];
      if (root.keys[i] == "objects") {
        has_objects = true;
        RETURN_IF_ERROR(ReadObjects(value));
      } else if (root.keys[i] == "parameters") {
        RETURN_IF_ERROR(ReadParameters(value));
      } else if (root.keys[i] == "values") {
        RETURN_IF_ERROR(ReadValues(value));
      } else if (root.keys[i] == "metadata") {
        ReadMetadata(value);
      } else {
        Note("", "",
             fmt::format(
                 "the member \"{}\" is ignored; known are objects, parameters, values and metadata",
                 root.keys[i]));
      }
    }
    if (!has_objects) return FailAt(root.position, "the member \"objects\" is missing");
    return std::move(file_);
  }

 private:
  void Note(std::string object, std::string field, std::string message) {
    file_.notes.push_back(
        {std::move(object), std::move(field), std::move(message), Severity::kWarning});
  }

  void NoteUnquoted(const std::string& object, const std::string& field, const JsonNode& value) {
    Note(object, field,
         fmt::format("{} is taken as \"{}\"; put it in quotes, the AWS CLI refuses it otherwise",
                     value.text, value.text));
  }

  Status ReadObjects(const JsonNode& list) {
    if (list.kind != Kind::kArray) return WrongKind(list, "\"objects\"", "a list of objects");
    for (const JsonNode& node : list.values) RETURN_IF_ERROR(ReadObject(node));
    return {};
  }

  Status ReadObject(const JsonNode& node) {
    if (node.kind != Kind::kObject) return WrongKind(node, "a pipeline object", "an object");
    PipelineObject object;
    bool has_name = false;
    RETURN_IF_ERROR(ReadMember(node, "id", object.id, object.id));
    RETURN_IF_ERROR(ReadMember(node, "name", object.id, object.name, &has_name));
    if (!has_name) object.name = object.id;
    bool repeated = !file_.positions.try_emplace({object.id, ""}, node.position).second;
    for (size_t i = 0; i < node.keys.size(); ++i) {
      const std::string& key = node.keys[i];
      file_.positions.try_emplace({object.id, key}, node.key_positions[i]);
      // A repeated id is to be seen where it is repeated.
      if (repeated && key == "id") file_.positions[{object.id, key}] = node.key_positions[i];
      if (key != "id" && key != "name") RETURN_IF_ERROR(AppendValues(object, key, node.values[i]));
    }
    // As the AWS CLI sends them.
    std::stable_sort(object.fields.begin(), object.fields.end(),
                     [](const Field& a, const Field& b) { return a.key < b.key; });
    file_.definition.objects.push_back(std::move(object));
    return {};
  }

  // A string member; the last of repeated ones. Notes are about the object `id`, which may be
  // `out`.
  Status ReadMember(const JsonNode& node, std::string_view key, const std::string& id,
                    std::string& out, bool* found = nullptr) {
    const JsonNode* last = nullptr;
    bool repeated = false;
    for (size_t i = 0; i < node.keys.size(); ++i) {
      if (node.keys[i] != key) continue;
      repeated |= last != nullptr;
      last = &node.values[i];
      if (!IsScalar(*last)) return WrongKind(*last, fmt::format("\"{}\"", key), "a string");
    }
    if (found != nullptr) *found = last != nullptr;
    if (last == nullptr) return {};
    out = last->text;
    if (last->kind != Kind::kString) NoteUnquoted(id, std::string(key), *last);
    if (repeated)
      Note(id, std::string(key),
           fmt::format("'{}' is given more than once; the last one counts", key));
    return {};
  }

  Status AppendValues(PipelineObject& object, const std::string& key, const JsonNode& value) {
    if (value.kind == Kind::kArray) {
      for (const JsonNode& element : value.values) {
        if (element.kind == Kind::kArray)
          return FailAt(element.position, fmt::format("\"{}\" is a list inside a list", key));
        RETURN_IF_ERROR(AppendValues(object, key, element));
      }
      return {};
    }
    if (value.kind == Kind::kObject) {
      if (value.keys.size() != 1 || value.keys[0] != "ref" ||
          value.values[0].kind != Kind::kString) {
        // As the API's calls have it.
        const bool of_api =
            std::find(value.keys.begin(), value.keys.end(), "key") != value.keys.end();
        return FailAt(
            value.position,
            fmt::format("\"{}\" must be a string, a list or a reference {{\"ref\": \"id\"}}{}", key,
                        of_api ? "; this is how the API writes fields, a file has them as members "
                                 "of the object, e.g. \"type\": \"Schedule\""
                               : ""));
      }
      object.fields.push_back({key, value.values[0].text, true});
      return {};
    }
    if (value.kind == Kind::kNull)
      return WrongKind(value, fmt::format("\"{}\"", key), "a string, a reference or a list");
    if (value.kind != Kind::kString) NoteUnquoted(object.id, key, value);
    object.fields.push_back({key, value.text, false});
    return {};
  }

  Status ReadParameters(const JsonNode& list) {
    if (list.kind != Kind::kArray) return WrongKind(list, "\"parameters\"", "a list of objects");
    for (const JsonNode& node : list.values) {
      if (node.kind != Kind::kObject) return WrongKind(node, "a parameter", "an object");
      // A parameter is an object without name and references.
      PipelineObject object;
      RETURN_IF_ERROR(ReadMember(node, "id", object.id, object.id));
      if (object.id.empty())
        return FailAt(node.position, "a parameter needs an \"id\", e.g. \"myBucket\"");
      file_.positions.try_emplace({object.id, ""}, node.position);
      for (size_t i = 0; i < node.keys.size(); ++i) {
        if (node.keys[i] == "id") continue;
        file_.positions.try_emplace({object.id, node.keys[i]}, node.key_positions[i]);
        RETURN_IF_ERROR(AppendValues(object, node.keys[i], node.values[i]));
      }
      ParameterObject parameter{object.id, {}};
      std::stable_sort(object.fields.begin(), object.fields.end(),
                       [](const Field& a, const Field& b) { return a.key < b.key; });
      for (Field& field : object.fields) {
        if (field.is_ref)
          return FailAt(node.position,
                        fmt::format("\"{}\" of a parameter cannot be a reference", field.key));
        parameter.attributes.push_back({std::move(field.key), std::move(field.value)});
      }
      file_.definition.parameters.push_back(std::move(parameter));
    }
    return {};
  }

  Status ReadValues(const JsonNode& node) {
    if (node.kind != Kind::kObject)
      return WrongKind(node, "\"values\"", "an object from parameter ids to values");
    for (size_t i = 0; i < node.keys.size(); ++i) {
      file_.positions.try_emplace({node.keys[i], ""}, node.key_positions[i]);
      PipelineObject object{node.keys[i], "", {}};
      RETURN_IF_ERROR(AppendValues(object, node.keys[i], node.values[i]));
      for (Field& field : object.fields) {
        if (field.is_ref)
          return FailAt(node.values[i].position, "a parameter's value cannot be a reference");
        file_.definition.values.push_back({node.keys[i], std::move(field.value)});
      }
    }
    return {};
  }

  void ReadMetadata(const JsonNode& node) {
    for (size_t i = 0; i < node.keys.size(); ++i) {
      if (node.keys[i] == "templateName") file_.template_name = node.values[i].text;
      if (node.keys[i] == "templateDescription") file_.template_description = node.values[i].text;
    }
  }

  DefinitionFile file_;
};

json::Value ToJson(const Field& field) {
  if (field.is_ref) return json::Object{{"ref", field.value}};
  return json::String(field.value);
}

/// Adds `value` under `key`; a second one makes a list of both.
void Fold(json::Object& object, const std::string& key, json::Value value) {
  json::Value* found = object.if_contains(key);
  if (found == nullptr) {
    object[key] = std::move(value);
  } else if (found->is_array()) {
    found->as_array().push_back(std::move(value));
  } else {
    json::Value first = std::move(*found);
    *found = json::Array{std::move(first), std::move(value)};
  }
}

}  // namespace

FilePosition DefinitionFile::PositionOf(const Problem& problem) const {
  auto found = positions.find(std::pair(problem.object_id, problem.field));
  if (found == positions.end()) found = positions.find(std::pair(problem.object_id, std::string()));
  return found == positions.end() ? FilePosition{} : found->second;
}

Result<DefinitionFile> ParseDefinitionFile(std::string_view text) {
  ASSIGN_OR_RETURN(JsonNode root, ParsePositionedJson(text));
  return Reader().Run(root);
}

namespace {

void AppendDefinition(const Definition& definition, json::Object& root) {
  json::Array objects;
  for (const PipelineObject& object : definition.objects) {
    json::Object out;
    out["id"] = object.id;
    if (object.name != object.id) out["name"] = object.name;
    for (const Field& field : object.fields) Fold(out, field.key, ToJson(field));
    objects.push_back(std::move(out));
  }
  root["objects"] = std::move(objects);
  if (!definition.parameters.empty()) {
    json::Array parameters;
    for (const ParameterObject& parameter : definition.parameters) {
      json::Object out;
      out["id"] = parameter.id;
      for (const ParameterAttribute& attribute : parameter.attributes) {
        Fold(out, attribute.key, json::String(attribute.value));
      }
      parameters.push_back(std::move(out));
    }
    root["parameters"] = std::move(parameters);
  }
  if (!definition.values.empty()) {
    json::Object values;
    for (const ParameterValue& value : definition.values)
      Fold(values, value.id, json::String(value.value));
    root["values"] = std::move(values);
  }
}

}  // namespace

std::string WriteDefinitionFile(const Definition& definition) {
  json::Object root;
  AppendDefinition(definition, root);
  return json::WritePretty(root);
}

std::string WriteDefinitionFile(const DefinitionFile& file) {
  json::Object root, metadata;
  if (!file.template_name.empty()) metadata["templateName"] = file.template_name;
  if (!file.template_description.empty())
    metadata["templateDescription"] = file.template_description;
  if (!metadata.empty()) root["metadata"] = std::move(metadata);
  AppendDefinition(file.definition, root);
  return json::WritePretty(root);
}

}  // namespace penstock
