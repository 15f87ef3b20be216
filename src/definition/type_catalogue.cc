#include "definition/type_catalogue.h"

#include <algorithm>
#include <vector>

#include "definition/type_catalogue_data.h"

namespace penstock {
namespace {

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

template <class Range>
auto FindByName(const Range& sorted, std::string_view name) -> decltype(&*sorted.begin()) {
  auto found = std::lower_bound(
      sorted.begin(), sorted.end(), name,
      [](const auto& entry, std::string_view wanted) { return entry.name < wanted; });
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

// The name under which a reference slot asks for any type of the category; empty if none does.
std::string_view SlotNameOf(TypeCategory category) {
  switch (category) {
    case TypeCategory::kActivity:
      return "Activity";
    case TypeCategory::kDataNode:
      return "DataNode";
    case TypeCategory::kResource:
      return "Resource";
    case TypeCategory::kPrecondition:
      return "Precondition";
    case TypeCategory::kDatabase:
      return "Database";
    case TypeCategory::kDataFormat:
      return "DataFormat";
    case TypeCategory::kAction:
      return "Action";
    case TypeCategory::kSchedule:
    case TypeCategory::kUtility:
      return {};
  }
  return {};
}

// Every field name of any type once, sorted, with the first type's entry.
const std::vector<const FieldInfo*>& FieldsOfAllTypes() {
  static const std::vector<const FieldInfo*>* fields = [] {
    auto* all = new std::vector<const FieldInfo*>;
    for (const TypeInfo& type : AllTypes()) {
      for (const FieldInfo& field : type.fields) all->push_back(&field);
    }
    std::stable_sort(all->begin(), all->end(), [](auto* a, auto* b) { return a->name < b->name; });
    auto same_name = [](auto* a, auto* b) { return a->name == b->name; };
    all->erase(std::unique(all->begin(), all->end(), same_name), all->end());
    return all;
  }();
  return *fields;
}

}  // namespace

const FieldInfo* TypeInfo::Find(std::string_view field) const { return FindByName(fields, field); }

std::span<const TypeInfo> AllTypes() { return TypeCatalogueData(); }

const TypeInfo* FindType(std::string_view name) { return FindByName(AllTypes(), name); }

bool TypeMatches(const TypeInfo& type, std::string_view type_or_category) {
  return type_or_category == type.name || type_or_category == "any" ||
         type_or_category == SlotNameOf(type.category) ||
         (type_or_category == "RunnableObject" && type.Runnable());
}

const FieldInfo* FindFieldAnywhere(std::string_view name) {
  const auto& all = FieldsOfAllTypes();
  auto found = std::lower_bound(
      all.begin(), all.end(), name,
      [](const FieldInfo* field, std::string_view wanted) { return field->name < wanted; });
  return found != all.end() && (*found)->name == name ? *found : nullptr;
}

std::string_view CategoryName(TypeCategory category) {
  switch (category) {
    case TypeCategory::kActivity:
      return "activity";
    case TypeCategory::kDataNode:
      return "data node";
    case TypeCategory::kResource:
      return "resource";
    case TypeCategory::kPrecondition:
      return "precondition";
    case TypeCategory::kSchedule:
      return "schedule";
    case TypeCategory::kDatabase:
      return "database";
    case TypeCategory::kDataFormat:
      return "data format";
    case TypeCategory::kAction:
      return "action";
    case TypeCategory::kUtility:
      return "utility";
  }
  return {};
}

std::string_view SlotTypeName(SlotType slot) {
  switch (slot) {
    case SlotType::kString:
      return "String";
    case SlotType::kInteger:
      return "Integer";
    case SlotType::kDouble:
      return "Double";
    case SlotType::kBoolean:
      return "Boolean";
    case SlotType::kDateTime:
      return "DateTime";
    case SlotType::kPeriod:
      return "Period";
    case SlotType::kEnumeration:
      return "Enumeration";
    case SlotType::kReference:
      return "Reference";
  }
  return {};
}

bool IsUserFieldName(std::string_view name) {
  if (name.starts_with('*')) name.remove_prefix(1);
  if (!name.starts_with("my") || name.size() < 3) return false;
  return IsUpper(name[2]) || name[2] == '_' || (name[2] >= '0' && name[2] <= '9');
}

}  // namespace penstock
