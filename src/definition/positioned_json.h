// JSON as people write it in files: a tree that remembers where everything stood and keeps repeated
// keys. For definition files only; everything on a wire goes through json/json.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock {

/// Line and column from 1; columns count bytes.
struct FilePosition {
  int line = 1, column = 1;
  bool operator==(const FilePosition&) const = default;
};

struct JsonNode {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  FilePosition position;
  std::string text;               // of a string: decoded; of a number, true, false: as written
  std::vector<JsonNode> values;   // elements, or the members' values
  std::vector<std::string> keys;  // of an object, in order, repeated ones included
  std::vector<FilePosition> key_positions;  // one for each key
};

/// "an object", "a string", …
std::string_view KindName(JsonNode::Kind kind);

inline constexpr size_t kJsonFileSizeMax = 64 * 1024 * 1024;
inline constexpr int kJsonFileDepthMax = 64;
inline constexpr size_t kJsonFileValuesMax = 2'000'000;

/// Strict RFC 8259 (a byte order mark is skipped). The error starts with "LINE:COLUMN: " and says
/// what to write.
Result<JsonNode> ParsePositionedJson(std::string_view text);

}  // namespace penstock
