#include "local/dynamodb/document_path.h"

#include <algorithm>
#include <map>

namespace penstock::dynamodb {

namespace {

/// The paths as a tree: what to keep below one value. A node without children keeps all of it.
struct Selection {
  std::vector<std::pair<std::string, Selection>> names;
  std::map<size_t, Selection> positions;
  bool whole = false;
};

void Select(Selection& selection, const DocumentPath& path, size_t depth) {
  if (depth == path.size()) {
    selection.whole = true;
    return;
  }
  if (const size_t* position = std::get_if<size_t>(&path[depth])) {
    Select(selection.positions[*position], path, depth + 1);
    return;
  }
  const std::string& name = std::get<std::string>(path[depth]);
  for (auto& [known, below] : selection.names) {
    if (known == name) return Select(below, path, depth + 1);
  }
  Select(selection.names.emplace_back(name, Selection()).second, path, depth + 1);
}

std::optional<AttributeValue> Keep(const Selection& selection, const AttributeValue& value);

Item KeepMembers(const Selection& selection, const Item& item) {
  Item kept;
  for (const auto& [name, below] : selection.names) {
    const AttributeValue* value = Find(item, name);
    if (value == nullptr) continue;
    if (auto part = Keep(below, *value)) kept.push_back({name, std::move(*part)});
  }
  return kept;
}

std::optional<AttributeValue> Keep(const Selection& selection, const AttributeValue& value) {
  if (selection.whole) return value;
  if (value.type == AttributeType::kMap) {
    Item kept = KeepMembers(selection, value.map());
    if (kept.empty()) return std::nullopt;
    return AttributeValue::Map(std::move(kept));
  }
  if (value.type == AttributeType::kList) {
    std::vector<AttributeValue> kept;
    for (const auto& [position, below] : selection.positions) {
      if (position >= value.list().size()) break;
      if (auto part = Keep(below, value.list()[position])) kept.push_back(std::move(*part));
    }
    if (kept.empty()) return std::nullopt;
    return AttributeValue::List(std::move(kept));
  }
  return std::nullopt;
}

}  // namespace

DocumentPath TopLevelPath(std::string name) {
  DocumentPath path;
  path.emplace_back(std::move(name));
  return path;
}

const std::string& PathHead(const DocumentPath& path) {
  return std::get<std::string>(path.front());
}

std::string ShowPath(const DocumentPath& path) {
  std::string text = "[";
  for (const PathElement& element : path) {
    if (text.size() > 1) text += ", ";
    if (const size_t* position = std::get_if<size_t>(&element)) {
      text += "[" + std::to_string(*position) + "]";
    } else {
      text += std::get<std::string>(element);
    }
  }
  return text + "]";
}

const AttributeValue* Resolve(const DocumentPath& path, const Item& item) {
  const AttributeValue* value = Find(item, PathHead(path));
  for (size_t i = 1; i < path.size() && value != nullptr; ++i) {
    if (const size_t* position = std::get_if<size_t>(&path[i])) {
      bool there = value->type == AttributeType::kList && *position < value->list().size();
      value = there ? &value->list()[*position] : nullptr;
    } else {
      bool is_map = value->type == AttributeType::kMap;
      value = is_map ? Find(value->map(), std::get<std::string>(path[i])) : nullptr;
    }
  }
  return value;
}

AttributeValue* Resolve(const DocumentPath& path, Item& item) {
  return const_cast<AttributeValue*>(Resolve(path, std::as_const(item)));
}

Item Project(const std::vector<DocumentPath>& paths, const Item& item) {
  Selection selection;
  for (const DocumentPath& path : paths) Select(selection, path, 0);
  return KeepMembers(selection, item);
}

}  // namespace penstock::dynamodb
