// Document paths: "a.b[2].#c", resolved to names and list positions.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

/// A name within a map, or a position within a list.
using PathElement = std::variant<std::string, size_t>;
/// The first element is a name. Never empty once parsed.
using DocumentPath = std::vector<PathElement>;

/// A path of one top-level attribute.
DocumentPath TopLevelPath(std::string name);
/// The attribute that the path starts from.
const std::string& PathHead(const DocumentPath& path);
/// "[a, b, [2]]", as error messages show it.
std::string ShowPath(const DocumentPath& path);

/// What is at the path, or nullptr. Lives until the item changes.
const AttributeValue* Resolve(const DocumentPath& path, const Item& item);
AttributeValue* Resolve(const DocumentPath& path, Item& item);

/// Only what lies at the paths, in the shape of the original; list elements close ranks in their
/// order.
Item Project(const std::vector<DocumentPath>& paths, const Item& item);

}  // namespace penstock::dynamodb
