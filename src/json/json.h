// JSON for the control plane: a value tree, a strict parser, a deterministic writer, checked
// getters. One facade over Boost.JSON, whose types it lends. (Bulk data is read without a
// tree: json_cursor.h.)
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::json {

using Value = boost::json::value;
using Object = boost::json::object;  // keeps the order of insertion
using Array = boost::json::array;
using String = boost::json::string;

/// Parses one RFC 8259 text: valid UTF-8, nothing after it, at most `depth_max` levels. The error
/// names the byte offset. Of a repeated key the last value stays, as everywhere. (The definition
/// file reader needs all of them and has its own.)
Result<Value> Parse(std::string_view text, size_t depth_max = 64);
/// Parse() whose result must be an object.
Result<Object> ParseObject(std::string_view text, size_t depth_max = 64);

/// Compact, keys in their order, no final newline; the same tree always gives the same bytes.
std::string Write(const Value& value);
/// Two-space indentation and a final newline, for files that people read.
std::string WritePretty(const Value& value);
/// `text` as a JSON string, quotes included.
std::string Quote(std::string_view text);

/// The member, or nullptr if it is absent **or null** (AWS treats both alike).
const Value* Find(const Object& object, std::string_view key);

/// Required members: an error names the key and what it should have been.
Result<std::string> GetString(const Object& object, std::string_view key);
Result<int64_t> GetInt(const Object& object, std::string_view key);
/// A number that is not negative.
Result<uint64_t> GetCount(const Object& object, std::string_view key);
Result<bool> GetBool(const Object& object, std::string_view key);
Result<const Object*> GetObject(const Object& object,
                                std::string_view key);  // borrowed from `object`
Result<const Array*> GetArray(const Object& object,
                              std::string_view key);  // borrowed from `object`

/// Optional members: nullopt if absent or null, an error if present with another type.
Result<std::optional<std::string>> OptionalString(const Object& object, std::string_view key);
Result<std::optional<int64_t>> OptionalInt(const Object& object, std::string_view key);
Result<std::optional<bool>> OptionalBool(const Object& object, std::string_view key);
Result<std::optional<double>> OptionalDouble(const Object& object, std::string_view key);

}  // namespace penstock::json
