// The object types of Data Pipeline and their fields, as data: generated from object-types.json by
// scripts/generate_type_catalogue.py. Adding a type or a field means editing that file. Everything
// returned is constant and lives for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace penstock {

enum class TypeCategory {
  kActivity,
  kDataNode,
  kResource,
  kPrecondition,
  kSchedule,
  kDatabase,
  kDataFormat,
  kAction,
  kUtility,
};

enum class SlotType {
  kString,
  kInteger,
  kDouble,
  kBoolean,
  kDateTime,
  kPeriod,
  kEnumeration,
  kReference
};

/// One field of one type, group fields included.
struct FieldInfo {
  std::string_view name;
  SlotType slot = SlotType::kString;
  bool required = false;
  std::string_view required_group = {};  // at least one field of that group; empty: none
  bool multiple = false;
  bool runtime = false;  // set by the service while running; readable in expressions, not settable
  bool system = false;   // set by the service on every object
  bool forbidden = false;  // an error if set on the object itself
  bool secret = false;
  bool deprecated = false;
  bool documented = true;  // false: not in the guide's tables, but in real definitions
  bool extension = false;  // our own: unknown in the `aws` profile
  std::span<const std::string_view> enum_values = {};  // empty: any
  std::span<const std::string_view> ref_types = {};    // type or category names ("DataNode", "any")
  std::optional<double> min = {}, max = {};            // Integer, Double
  size_t count_max = 0;                                // values of a multiple field; 0: any number
  std::string_view period_min = {}, period_max = {};   // Period, as text
  std::string_view default_value = {};
};

struct TypeInfo {
  std::string_view name;
  TypeCategory category = TypeCategory::kUtility;
  std::span<const FieldInfo> fields;  // sorted by name
  bool documented = true;
  bool managed_by_service = false;  // preconditions only: the service checks it, not a worker

  /// The field, or nullptr. Names are case-sensitive.
  const FieldInfo* Find(std::string_view field) const;
  /// Data nodes, activities, resources and preconditions have instances.
  bool Runnable() const {
    return category == TypeCategory::kActivity || category == TypeCategory::kDataNode ||
           category == TypeCategory::kResource || category == TypeCategory::kPrecondition;
  }
};

/// All types, sorted by name.
std::span<const TypeInfo> AllTypes();
/// The type, or nullptr. Names are case-sensitive.
const TypeInfo* FindType(std::string_view name);
/// Whether `type` satisfies a reference slot's entry: its own name, a category name ("Activity",
/// "RunnableObject") or "any".
bool TypeMatches(const TypeInfo& type, std::string_view type_or_category);
/// The slot of `name` in any type, for objects without a type and for Default; nullptr if no type
/// has such a field. Where types disagree the first by type name wins.
const FieldInfo* FindFieldAnywhere(std::string_view name);

/// "activity", "data node", ...
std::string_view CategoryName(TypeCategory category);
/// "Period", "Reference", ...
std::string_view SlotTypeName(SlotType slot);
/// "my" and then a capital, '_' or digit; a leading '*' (secret) allowed.
bool IsUserFieldName(std::string_view name);

}  // namespace penstock
