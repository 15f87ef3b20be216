#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

#include "base/encoding.h"
#include "definition/validation.h"

namespace penstock {
namespace {

bool IsReserved(std::string_view key) { return key == "id" || key == "name"; }

void CheckNames(Validation& validation, const PipelineObject& object) {
  const Limits& limits = validation.options.limits;
  if (object.id.empty()) {
    validation.Say(Severity::kFatal, object.id, "id", "MISSING_ID",
                   fmt::format("an object{} has no id",
                               object.name.empty() ? "" : " named '" + object.name + "'"));
  }
  if (object.name.empty()) {
    validation.Say(Severity::kFatal, object.id, "name", "MISSING_NAME", "the object has no name");
  }
  auto check_size = [&](std::string_view what, std::string_view text) {
    if (limits.name_size_max != 0 && text.size() > limits.name_size_max) {
      validation.Error(object.id, what, "LIMIT_EXCEEDED",
                       fmt::format("'{}' has {} bytes; at most {} are allowed", what, text.size(),
                                   limits.name_size_max));
    }
    if (!IsValidUtf8(text))
      validation.Error(object.id, what, "INVALID_FIELD_VALUE",
                       fmt::format("'{}' is not valid UTF-8", what));
  };
  check_size("id", object.id);
  check_size("name", object.name);
}

void CheckSizes(Validation& validation, const PipelineObject& object) {
  const Limits& limits = validation.options.limits;
  size_t total = object.id.size() + object.name.size();
  for (const Field& field : object.fields) {
    total += field.key.size() + field.value.size();
    if (field.key.empty()) {
      validation.Say(Severity::kFatal, object.id, "", "EMPTY_VALUE", "a field has no name");
    } else if (field.value.empty()) {
      validation.Say(Severity::kFatal, object.id, field.key, "EMPTY_VALUE",
                     fmt::format("'{}' is an empty {}; leave the field out instead", field.key,
                                 field.is_ref ? "reference" : "string"));
    }
    if (limits.name_size_max != 0 && field.key.size() > limits.name_size_max) {
      validation.Error(object.id, field.key.substr(0, limits.name_size_max), "LIMIT_EXCEEDED",
                       fmt::format("the field's name has {} bytes; at most {} are allowed",
                                   field.key.size(), limits.name_size_max));
    }
    if (limits.field_size_max != 0 && field.value.size() > limits.field_size_max) {
      validation.Error(object.id, field.key, "LIMIT_EXCEEDED",
                       fmt::format("'{}' has {} bytes; at most {} are allowed", field.key,
                                   field.value.size(), limits.field_size_max));
    }
    if (!IsValidUtf8(field.key) || !IsValidUtf8(field.value)) {
      validation.Error(object.id, "", "INVALID_FIELD_VALUE", "a field is not valid UTF-8");
    }
    if (IsReserved(field.key)) {
      validation.Error(object.id, field.key, "INVALID_FIELD",
                       fmt::format("'{}' is a member of the object, not a field", field.key));
    }
  }
  if (limits.fields_per_object != 0 && object.fields.size() > limits.fields_per_object) {
    validation.Error(object.id, "", "LIMIT_EXCEEDED",
                     fmt::format("the object has {} fields; at most {} are allowed",
                                 object.fields.size(), limits.fields_per_object));
  }
  if (limits.object_size_max != 0 && total > limits.object_size_max) {
    validation.Error(object.id, "", "LIMIT_EXCEEDED",
                     fmt::format("the object has {} bytes, names included; at most {} are allowed",
                                 total, limits.object_size_max));
  }
}

void CheckType(Validation& validation, const ResolvedObject& object, bool is_parent) {
  std::string id(object.id());
  const Field* type = object.source->Find("type");
  if (type == nullptr) {
    if (id != "Default" && !is_parent) {
      validation.Error(id, "type", "MISSING_REQUIRED_FIELD",
                       "'type' is required: write for example ShellCommandActivity (only Default "
                       "and objects that others name "
                       "as their parent need none)");
    }
    return;
  }
  const std::vector<Field>& fields = object.source->fields;
  if (std::count_if(fields.begin(), fields.end(),
                    [](const Field& field) { return field.key == "type"; }) > 1) {
    validation.Error(id, "type", "INVALID_FIELD_VALUE", "an object can have one 'type' only");
  }
  if (type->is_ref) {
    validation.Error(id, "type", "INVALID_FIELD_VALUE", "'type' must be a string, not a reference");
  } else if (object.type == nullptr && !(id == "Default" && type->value == "Default")) {
    std::string suggestion = validation.Suggestion(type->value, [](NearestWord& nearest) {
      for (const TypeInfo& known : AllTypes()) nearest.Offer(known.name);
    });
    validation.Error(id, "type", "INVALID_TYPE",
                     fmt::format("there is no type '{}'{}", type->value, suggestion));
  }
}

void CheckParent(Validation& validation, const ResolvedObject& object) {
  std::vector<const Field*> parents;
  for (const Field& field : object.source->fields) {
    if (field.key == "parent") parents.push_back(&field);
  }
  if (parents.empty()) return;
  if (parents.size() > 1) {
    validation.Error(object.id(), "parent", "INVALID_FIELD_VALUE",
                     "'parent' can name only one object");
  }
  std::vector<const ResolvedObject*> chain;
  for (const ResolvedObject* at = &object; at != nullptr; chain.push_back(at)) {
    const Field* parent = at->source->Find("parent");
    if (parent == nullptr) return;
    at = validation.definition.Find(parent->value);
    if (at == &object) {
      validation.Error(
          object.id(), "parent", "CYCLIC_REFERENCE",
          "following 'parent' from this object leads back to it; remove one of the references");
      return;
    }
    // A cycle that it only leads to is reported on the objects in it.
    if (std::find(chain.begin(), chain.end(), at) != chain.end()) return;
    if (chain.size() > kAncestorsMax) {
      validation.Error(
          object.id(), "parent", "INVALID_FIELD_VALUE",
          fmt::format("the chain of parents is longer than {} objects", kAncestorsMax));
      return;
    }
  }
}

void CheckFieldNames(Validation& validation, const ResolvedObject& object) {
  for (const Field& field : object.source->fields) {
    const std::string& key = field.key;
    if (key.empty() || key == "type" || key == "parent" || IsReserved(key) || IsUserFieldName(key))
      continue;
    const FieldInfo* info =
        object.type != nullptr ? object.type->Find(key) : FindFieldAnywhere(key);
    if (info != nullptr && (info->runtime || info->system)) {
      validation.Warn(object.id(), key, "READ_ONLY_FIELD",
                      fmt::format("'{}' is set by the service; this value has no effect", key));
    } else if (info != nullptr && info->extension && validation.options.limits.strict) {
      validation.Error(object.id(), key, "UNKNOWN_FIELD",
                       fmt::format("'{}' is an extension, which AWS does not know; it needs the "
                                   "'open' profile ([limits] profile = \"open\")",
                                   key));
    } else if (info != nullptr && info->forbidden) {
      validation.Error(object.id(), key, "INVALID_FIELD",
                       fmt::format("'{}' must not be set on {}", key, object.type_name));
    } else if (info == nullptr && (object.type != nullptr || object.type_name.empty())) {
      std::string suggestion = validation.Suggestion(key, [&](NearestWord& nearest) {
        if (object.type == nullptr) {
          for (const TypeInfo& type : AllTypes()) {
            for (const FieldInfo& known : type.fields) nearest.Offer(known.name);
          }
        } else {
          for (const FieldInfo& known : object.type->fields) nearest.Offer(known.name);
        }
      });
      if (object.type == nullptr) {
        validation.Warn(object.id(), key, "UNKNOWN_FIELD",
                        fmt::format("no type has a field '{}'{}", key, suggestion));
      } else {
        validation.Warn(
            object.id(), key, "UNKNOWN_FIELD",
            fmt::format("{} has no field '{}'{}", object.type_name, key,
                        suggestion.empty() ? "; fields of your own begin with 'my'" : suggestion));
      }
    }
  }
}

}  // namespace

void CheckStructure(Validation& validation) {
  const std::vector<ResolvedObject>& objects = validation.definition.objects();
  const Limits& limits = validation.options.limits;
  if (limits.objects_per_pipeline != 0 && objects.size() > limits.objects_per_pipeline) {
    validation.Say(
        Severity::kFatal, "", "", "LIMIT_EXCEEDED",
        fmt::format(
            "Web service limit exceeded: Exceeded maximum number of objects allowed per pipeline "
            "({} objects, at most {} are allowed)",
            objects.size(), limits.objects_per_pipeline));
  }
  if (validation.definition.InheritsTooMuch()) {
    validation.Error("", "", "LIMIT_EXCEEDED",
                     fmt::format("the objects inherit more than {} fields; what is beyond is not "
                                 "inherited, so set fewer on Default and parents",
                                 kInheritedFieldsMax));
  }
  std::unordered_set<std::string_view> ids, parents;
  for (const ResolvedObject& object : objects) {
    if (const Field* parent = object.source->Find("parent")) parents.insert(parent->value);
  }
  for (const ResolvedObject& object : objects) {
    CheckNames(validation, *object.source);
    if (!object.id().empty() && !ids.insert(object.id()).second) {
      validation.Error(object.id(), "id", "DUPLICATE_ID",
                       "another object has the same id; every object needs an id of its own");
    }
    CheckSizes(validation, *object.source);
    CheckType(validation, object, parents.contains(object.id()));
    CheckParent(validation, object);
    CheckFieldNames(validation, object);
  }
}

}  // namespace penstock
