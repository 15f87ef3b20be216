// What a request may look like, as tables, and the checks that the real service's front end makes
// from such tables before any operation runs: first JSON types (SerializationException), then
// constraints (ValidationException that lists at most ten), each with its words. The tables
// themselves are in operation_shapes.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"

namespace penstock::dynamodb {

struct Member;

/// The shape of one JSON value. All views are of constants.
struct Shape {
  enum class Kind : uint8_t {
    kString,
    kBoolean,
    kInteger,
    kLong,
    kAttributeValue,
    kStructure,
    kList,
    kMap,
  };
  Kind kind = Kind::kString;
  /// Structures: the model's name. Maps: the model's name of the values. Both appear in messages.
  std::string_view class_name = {};
  /// Structures and attribute values that are a member of a structure rather than of a list or map:
  /// other words.
  bool is_field = false;
  /// The real service answers with the words of a failed Java cast where lists and maps are
  /// themselves type parameters.
  bool is_parameterized = false;
  const Shape* element = nullptr;        // lists and maps
  std::span<const Member> members = {};  // structures

  // Constraints. For numbers `least` and `most` bound the value, for strings, lists and maps the
  // length.
  bool is_name = false;  // [a-zA-Z0-9_.-]+
  std::optional<int64_t> least = {};
  std::optional<int64_t> most = {};
  std::span<const std::string_view> choices = {};
  bool keys_are_table_names = false;                           // maps
  std::optional<int64_t> values_least = {}, values_most = {};  // maps of lists: the lists' lengths
};

struct Member {
  std::string_view name;
  const Shape* shape;
  bool not_null = false;
  /// The table name of the control operations, which are checked by an older rule with words of its
  /// own.
  bool is_required_table_name = false;
};

/// Checks a request against the members of its operation.
ApiResult<void> CheckRequest(const json::Object& request, std::span<const Member> members);

/// The member, or nullptr if absent or null. REQUIRES (all below): CheckRequest has passed.
const json::Value* FindMember(const json::Object& object, std::string_view name);
std::optional<std::string_view> FindString(const json::Object& object, std::string_view name);
std::string_view StringOr(const json::Object& object, std::string_view name,
                          std::string_view otherwise);
bool BooleanOr(const json::Object& object, std::string_view name, bool otherwise);
std::optional<int64_t> FindInteger(const json::Object& object, std::string_view name);
const json::Object* FindObject(const json::Object& object, std::string_view name);
const json::Array* FindArray(const json::Object& object, std::string_view name);
std::string_view View(const json::String& text);

}  // namespace penstock::dynamodb
