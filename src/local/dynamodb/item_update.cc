#include "local/dynamodb/item_update.h"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_set>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/number.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

using Kind = Expression::Kind;

ApiError WrongOperandType() {
  return ValidationError("An operand in the update expression has an incorrect data type");
}

ApiError InvalidPath() {
  return ValidationError(
      "The document path provided in the update expression is invalid for update");
}

ApiError MissingAttribute() {
  return ValidationError(
      "The provided expression refers to an attribute that does not exist in the item");
}

ApiResult<AttributeValue> Sum(const AttributeValue& a, const AttributeValue& b, bool subtract) {
  auto x = Number::Parse(a.text()), y = Number::Parse(b.text());
  if (!x || !y) return WrongOperandType();
  auto sum = Number::Add(*x, subtract ? y->Negated() : *y);
  if (!sum) return ValidationError(DescribeFault(sum.error(), {}));
  return AttributeValue::Number(sum->ToString());
}

ApiResult<AttributeValue> Compute(const Expression& operand, const Item& item) {
  switch (operand.kind) {
    case Kind::kValue:
      return operand.value;
    case Kind::kPath: {
      const AttributeValue* value = Resolve(operand.path, item);
      if (value == nullptr) return MissingAttribute();
      return *value;
    }
    case Kind::kIfNotExists: {
      const AttributeValue* value = Resolve(operand.arguments[0].path, item);
      if (value != nullptr) return *value;
      return Compute(operand.arguments[1], item);
    }
    case Kind::kPlus:
    case Kind::kMinus: {
      ASSIGN_OR_RETURN(AttributeValue a, Compute(operand.arguments[0], item));
      ASSIGN_OR_RETURN(AttributeValue b, Compute(operand.arguments[1], item));
      if (a.type != AttributeType::kNumber || b.type != AttributeType::kNumber)
        return WrongOperandType();
      return Sum(a, b, operand.kind == Kind::kMinus);
    }
    case Kind::kListAppend: {
      ASSIGN_OR_RETURN(AttributeValue a, Compute(operand.arguments[0], item));
      ASSIGN_OR_RETURN(AttributeValue b, Compute(operand.arguments[1], item));
      if (a.type != AttributeType::kList || b.type != AttributeType::kList)
        return WrongOperandType();
      for (AttributeValue& element : b.list()) a.list().push_back(std::move(element));
      return a;
    }
    default:
      return WrongOperandType();
  }
}

/// The map or list that holds the path's last element; an error if there is none.
struct Parent {
  Item* map = nullptr;
  std::vector<AttributeValue>* list = nullptr;
};

std::optional<Parent> FindParent(const DocumentPath& path, Item& item) {
  if (path.size() == 1) return Parent{.map = &item};
  AttributeValue* value = Resolve(DocumentPath(path.begin(), path.end() - 1), item);
  if (value == nullptr) return std::nullopt;
  bool wants_list = std::holds_alternative<size_t>(path.back());
  if (wants_list && value->type == AttributeType::kList) return Parent{.list = &value->list()};
  if (!wants_list && value->type == AttributeType::kMap) return Parent{.map = &value->map()};
  return std::nullopt;
}

ApiResult<void> Store(const DocumentPath& path, AttributeValue value, Item& item) {
  auto parent = FindParent(path, item);
  if (!parent) return InvalidPath();
  if (parent->map != nullptr) {
    Assign(*parent->map, std::get<std::string>(path.back()), std::move(value));
    return {};
  }
  size_t position = std::get<size_t>(path.back());
  // Beyond the end means at the end.
  if (position < parent->list->size()) {
    (*parent->list)[position] = std::move(value);
  } else {
    parent->list->push_back(std::move(value));
  }
  return {};
}

ApiResult<void> Erase(const DocumentPath& path, Item& item) {
  auto parent = FindParent(path, item);
  if (!parent) return InvalidPath();
  if (parent->map != nullptr) {
    Remove(*parent->map, std::get<std::string>(path.back()));
    return {};
  }
  size_t position = std::get<size_t>(path.back());
  if (position < parent->list->size()) {
    parent->list->erase(parent->list->begin() + static_cast<std::ptrdiff_t>(position));
  }
  return {};
}

// Sets of 400 KB have some 200,000 members: comparing each with each would take minutes.
using Members = std::unordered_set<std::string>;

void AddMembers(const AttributeValue& more, AttributeValue& set) {
  const Members known(set.members().begin(), set.members().end());
  for (const std::string& member : more.members()) {
    if (!known.contains(member)) set.members().push_back(member);
  }
}

/// False: nothing is left, and an empty set may not be.
bool RemoveMembers(const AttributeValue& fewer, AttributeValue& set) {
  const Members removed(fewer.members().begin(), fewer.members().end());
  std::erase_if(set.members(), [&](const std::string& member) { return removed.contains(member); });
  return !set.members().empty();
}

ApiResult<void> AddTo(const DocumentPath& path, const AttributeValue& operand, Item& item) {
  AttributeValue* existing = Resolve(path, item);
  if (existing == nullptr) return Store(path, operand, item);
  if (existing->type != operand.type) return WrongOperandType();
  if (operand.type == AttributeType::kNumber) {
    ASSIGN_OR_RETURN(*existing, Sum(*existing, operand, false));
  } else {
    AddMembers(operand, *existing);
  }
  return {};
}

ApiResult<void> DeleteFrom(const DocumentPath& path, const AttributeValue& operand, Item& item) {
  if (!FindParent(path, item)) return InvalidPath();
  AttributeValue* existing = Resolve(path, item);
  if (existing == nullptr) return {};
  if (existing->type != operand.type) return WrongOperandType();
  if (!RemoveMembers(operand, *existing)) return Erase(path, item);
  return {};
}

/// Deeper and later list positions first, so that no removal moves what another one names.
bool RemovesBefore(const UpdateAction* a, const UpdateAction* b) {
  return std::lexicographical_compare(b->path.begin(), b->path.end(), a->path.begin(),
                                      a->path.end());
}

}  // namespace

ApiResult<void> ApplyUpdate(const ParsedUpdate& update, Item& item) {
  std::vector<std::pair<const UpdateAction*, AttributeValue>> sets;
  std::vector<const UpdateAction*> removes;
  for (const UpdateAction& action : update.actions) {
    if (action.kind == UpdateAction::Kind::kSet) {
      ASSIGN_OR_RETURN(AttributeValue value, Compute(action.operand, item));
      sets.emplace_back(&action, std::move(value));
    } else if (action.kind == UpdateAction::Kind::kRemove) {
      removes.push_back(&action);
    }
  }
  // Positions beyond a list's end append in their order.
  std::stable_sort(sets.begin(), sets.end(),
                   [](const auto& a, const auto& b) { return a.first->path < b.first->path; });
  for (auto& [action, value] : sets) RETURN_IF_ERROR(Store(action->path, std::move(value), item));
  for (const UpdateAction& action : update.actions) {
    if (action.kind == UpdateAction::Kind::kAdd) {
      RETURN_IF_ERROR(AddTo(action.path, action.operand.value, item));
    } else if (action.kind == UpdateAction::Kind::kDelete) {
      RETURN_IF_ERROR(DeleteFrom(action.path, action.operand.value, item));
    }
  }
  std::sort(removes.begin(), removes.end(), RemovesBefore);
  for (const UpdateAction* action : removes) RETURN_IF_ERROR(Erase(action->path, item));
  return {};
}

ApiResult<std::vector<AttributeUpdate>> ReadAttributeUpdates(const json::Object& updates) {
  std::vector<AttributeUpdate> read;
  for (const auto& member : updates) {
    if (!member.value().is_object()) continue;
    const json::Object& object = member.value().get_object();
    AttributeUpdate update{.attribute = std::string(member.key())};
    std::string_view action = StringOr(object, "Action", "PUT");
    if (action == "ADD") {
      update.action = AttributeUpdate::Action::kAdd;
    } else if (action == "DELETE") {
      update.action = AttributeUpdate::Action::kDelete;
    } else if (action != "PUT") {
      return ValidationError(
          fmt::format("1 validation error detected: Value '{}' at "
                      "'attributeUpdates.{}.member.action' failed to satisfy "
                      "constraint: Member must satisfy enum value set: [ADD, DELETE, PUT]",
                      action, update.attribute));
    }
    if (const json::Value* value = FindMember(object, "Value")) {
      ASSIGN_OR_RETURN(update.value, ReadAttributeValue(*value));
    }
    if (!update.value && update.action != AttributeUpdate::Action::kDelete) {
      return InvalidParameterValues(
          "Only DELETE action is allowed when no attribute value is specified");
    }
    if (update.value && !update.value->IsSet()) {
      AttributeType type = update.value->type;
      if (update.action == AttributeUpdate::Action::kDelete) {
        return InvalidParameterValues(fmt::format(
            "DELETE action with value is not supported for the type {}", TypeName(type)));
      }
      if (update.action == AttributeUpdate::Action::kAdd && type != AttributeType::kNumber &&
          type != AttributeType::kList) {
        return InvalidParameterValues(
            fmt::format("ADD action is not supported for the type {}", TypeName(type)));
      }
    }
    read.push_back(std::move(update));
  }
  return read;
}

ApiResult<void> ApplyUpdates(const std::vector<AttributeUpdate>& updates, Item& item) {
  for (const AttributeUpdate& update : updates) {
    AttributeValue* existing = Find(item, update.attribute);
    bool combines =
        update.value && update.action != AttributeUpdate::Action::kPut && existing != nullptr;
    if (combines && existing->type != update.value->type) {
      return ValidationError("Type mismatch for attribute to update");
    }
    switch (update.action) {
      case AttributeUpdate::Action::kPut:
        Assign(item, update.attribute, *update.value);
        break;
      case AttributeUpdate::Action::kAdd:
        if (existing == nullptr) {
          Assign(item, update.attribute, *update.value);
        } else if (update.value->type == AttributeType::kNumber) {
          ASSIGN_OR_RETURN(*existing, Sum(*existing, *update.value, false));
        } else if (update.value->type == AttributeType::kList) {
          for (const AttributeValue& element : update.value->list())
            existing->list().push_back(element);
        } else {
          AddMembers(*update.value, *existing);
        }
        break;
      case AttributeUpdate::Action::kDelete:
        if (!update.value || (existing != nullptr && !RemoveMembers(*update.value, *existing))) {
          Remove(item, update.attribute);
        }
        break;
    }
  }
  return {};
}

std::vector<DocumentPath> ItemUpdate::Paths() const {
  std::vector<DocumentPath> paths;
  if (expression) {
    for (const UpdateAction& action : expression->actions) paths.push_back(action.path);
  }
  for (const AttributeUpdate& one : legacy) paths.push_back(TopLevelPath(one.attribute));
  return paths;
}

bool ItemUpdate::OnlyRemoves() const {
  auto removes = [](UpdateAction::Kind kind) {
    return kind == UpdateAction::Kind::kRemove || kind == UpdateAction::Kind::kDelete;
  };
  bool any = !legacy.empty() || (expression && !expression->actions.empty());
  return any &&
         (!expression ||
          std::all_of(expression->actions.begin(), expression->actions.end(),
                      [&](const UpdateAction& action) { return removes(action.kind); })) &&
         std::all_of(legacy.begin(), legacy.end(), [](const AttributeUpdate& one) {
           return one.action == AttributeUpdate::Action::kDelete;
         });
}

ApiResult<void> CheckUpdatedPaths(const std::vector<DocumentPath>& paths,
                                  const TableDefinition& definition) {
  for (const DocumentPath& path : paths) RETURN_IF_ERROR(CheckAttributeName(PathHead(path)));
  for (const KeyAttribute& part : definition.layout.parts) {
    for (const DocumentPath& path : paths) {
      if (PathHead(path) != part.name) continue;
      return InvalidParameterValues(
          fmt::format("Cannot update attribute {}. This attribute is part of the key", part.name));
    }
  }
  return CheckKeyPaths(paths, definition);
}

ApiResult<std::optional<Item>> UpdatedItem(const ItemUpdate& update, const Item& key, Item old_item,
                                           const TableDefinition& definition) {
  bool is_new = old_item.empty();
  Item item = is_new ? key : std::move(old_item);
  if (update.expression) RETURN_IF_ERROR(ApplyUpdate(*update.expression, item));
  RETURN_IF_ERROR(ApplyUpdates(update.legacy, item));
  if (is_new && update.OnlyRemoves()) return std::optional<Item>();
  if (ItemSize(item) > kItemSizeMax) {
    return ValidationError("Item size to update has exceeded the maximum allowed size");
  }
  RETURN_IF_ERROR(KeyOfItem(item, definition));  // index keys may have got a wrong type
  return std::optional<Item>(std::move(item));
}

}  // namespace penstock::dynamodb
