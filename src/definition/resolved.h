// A definition with its inheritance worked out: what scheduling, evaluation and validation read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "definition/definition.h"
#include "definition/type_catalogue.h"
#include "expr/expression.h"

namespace penstock {

/// How long a chain of parents may be, and how many fields all objects together may inherit: 10,000
/// objects a hundred each. What lies beyond is not inherited, and Validate says so.
inline constexpr size_t kAncestorsMax = 32;
inline constexpr size_t kInheritedFieldsMax = 1'000'000;

/// One value of one field after inheritance. Points into the ResolvedDefinition it came from.
struct ResolvedField {
  const Field* field;            // key, value, is_ref
  const PipelineObject* origin;  // the object that wrote it: this one or an ancestor
  const expr::Text* text;  // parsed value; nullptr: no expression in it, or one that does not parse
  /// A plain string in a reference slot that is some object's id: as good as a reference. Clients
  /// that write only strings depend on it (Terraform's documented example does).
  bool names_object = false;
  std::string_view key() const { return field->key; }
  std::string_view value() const { return field->value; }
  bool is_ref() const { return field->is_ref || names_object; }
};

/// One object with all its fields, own and inherited. Points into the ResolvedDefinition.
struct ResolvedObject {
  const PipelineObject* source = nullptr;
  const TypeInfo* type = nullptr;  // nullptr: no type (Default, abstract parents) or an unknown one
  std::string_view type_name;      // as written; empty if none
  std::vector<ResolvedField>
      fields;  // own fields in their order, then inherited ones; repeated keys stay in order
  std::vector<uint32_t> by_key;  // places in `fields`, stably sorted by key; empty if they are few

  std::string_view id() const { return source->id; }
  std::string_view name() const { return source->name; }
  bool Runnable() const { return type != nullptr && type->Runnable(); }

  /// First value of the field, or nullptr.
  const ResolvedField* Find(std::string_view key) const;
  /// All values of the field, in order.
  std::vector<const ResolvedField*> FindAll(std::string_view key) const;
  /// First value as text; empty if absent.
  std::string_view Value(std::string_view key) const;
  /// Ids that the reference field names, in order.
  std::vector<std::string_view> References(std::string_view key) const;
};

/// Immutable; cheap to copy and safe to share between threads. Never fails: what is wrong in the
/// definition (unknown parent, cycles, duplicate ids) is cut where it starts and reported by
/// Validate.
class ResolvedDefinition {
 public:
  ResolvedDefinition();  // of an empty definition

  const Definition& source() const;
  /// In the order of the definition.
  const std::vector<ResolvedObject>& objects() const;
  /// By id, or nullptr. Of duplicates the first. O(1).
  const ResolvedObject* Find(std::string_view id) const;
  /// Whether some objects lack what they would inherit (kInheritedFieldsMax).
  bool InheritsTooMuch() const;
  /// The object with id Default, or nullptr.
  const ResolvedObject* Default() const { return Find("Default"); }

 private:
  friend ResolvedDefinition Resolve(Definition);
  struct Body;
  std::shared_ptr<const Body> body_;
};

/// Inheritance as the guide has it: `parent` hands down all its fields, an object without one
/// inherits from Default; an own field replaces the parent's whole list; id, name, type and parent
/// are not inherited, nor is what a typed object's type does not know, user fields (my…) excepted.
/// Time is linear in the size of the result.
ResolvedDefinition Resolve(Definition definition);

}  // namespace penstock
