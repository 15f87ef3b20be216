#include "local/dynamodb/document_path.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace penstock::dynamodb {

namespace {

/// The paths as a tree: what to keep below one value.
struct Selection {
  std::vector<PathElement> elements;
  std::vector<Selection> below;  // one for each element
  bool whole = false;            // keep all of it
};

void Select(Selection& selection, const DocumentPath& path, size_t depth) {
  if (depth == path.size()) {
    selection.whole = true;
    return;
  }
  auto known = std::find(selection.elements.begin(), selection.elements.end(), path[depth]);
  size_t index = static_cast<size_t>(known - selection.elements.begin());
  if (known == selection.elements.end()) {
    selection.elements.push_back(path[depth]);
    selection.below.emplace_back();
  }
  Select(selection.below[index], path, depth + 1);
}

std::optional<AttributeValue> Keep(const Selection& selection, const AttributeValue& value);

Item KeepMembers(const Selection& selection, const Item& item) {
  Item kept;
  for (size_t i = 0; i < selection.elements.size(); ++i) {
    const std::string* name = std::get_if<std::string>(&selection.elements[i]);
    const AttributeValue* value = name != nullptr ? Find(item, *name) : nullptr;
    if (value == nullptr) continue;
    if (auto part = Keep(selection.below[i], *value)) kept.push_back({*name, std::move(*part)});
  }
  return kept;
}

std::vector<AttributeValue> KeepElements(const Selection& selection,
                                         const std::vector<AttributeValue>& list) {
  std::vector<std::pair<size_t, const Selection*>> positions;
  for (size_t i = 0; i < selection.elements.size(); ++i) {
    const size_t* position = std::get_if<size_t>(&selection.elements[i]);
    if (position != nullptr && *position < list.size())
      positions.emplace_back(*position, &selection.below[i]);
  }
  std::sort(positions.begin(), positions.end());
  std::vector<AttributeValue> kept;
  for (const auto& [position, below] : positions) {
    if (auto part = Keep(*below, list[position])) kept.push_back(std::move(*part));
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
    std::vector<AttributeValue> kept = KeepElements(selection, value.list());
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
