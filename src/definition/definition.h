// A pipeline definition as users put it and get it back: objects, parameters, values, in their
// order. This is both the wire form (API 2012-10-29: PipelineObject, ParameterObject,
// ParameterValue) and what the store keeps. Value types.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// One value of one field. A list is the same key repeated, order kept.
struct Field {
  std::string key;
  std::string value;    // the string, or the id of the object referred to
  bool is_ref = false;  // {"ref": "id"} in a file, refValue on the wire
  bool operator==(const Field&) const = default;
};

struct PipelineObject {
  std::string id;
  std::string name;  // equals the id unless given
  std::vector<Field> fields;
  bool operator==(const PipelineObject&) const = default;

  /// The first value of that field, or nullptr. Lives as long as the object is not changed.
  const Field* Find(std::string_view key) const {
    for (const Field& field : fields) {
      if (field.key == key) return &field;
    }
    return nullptr;
  }
};

struct ParameterAttribute {
  std::string key;
  std::string value;
  bool operator==(const ParameterAttribute&) const = default;
};

struct ParameterObject {
  std::string id;
  std::vector<ParameterAttribute> attributes;
  bool operator==(const ParameterObject&) const = default;
};

struct ParameterValue {
  std::string id;  // repeated for a list
  std::string value;
  bool operator==(const ParameterValue&) const = default;
};

struct Definition {
  std::vector<PipelineObject> objects;
  std::vector<ParameterObject> parameters;
  std::vector<ParameterValue> values;
  bool operator==(const Definition&) const = default;
};

}  // namespace penstock
