// From the wire to values: checks what an AttributeValue says (not its JSON types, which
// request_shape.h has checked) and brings numbers to their normal form.
#pragma once

#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

/// Containers within containers; the attribute's own is the first.
constexpr int kNestingMax = 32;

/// A ValidationException with DynamoDB's words if the value is empty, has two types, is no number,
/// repeats a set member…
ApiResult<AttributeValue> ReadAttributeValue(const json::Value& value);
/// Of an item's own attribute; members of maps may be called as they like. A ValidationException.
ApiResult<void> CheckAttributeName(std::string_view name);
/// All attributes of an object, in order, each with a name.
ApiResult<Item> ReadItem(const json::Object& object);

}  // namespace penstock::dynamodb
