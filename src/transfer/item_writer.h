// ItemWriter: Item -> a line of the Data Pipeline export format, or DynamoDB's wire form.
// Text-preserving: numbers and binaries leave as they came. Pure.
//
// The line, byte for byte as the EMR connector writes it: {"name":{"s":"x"},…}, tags with the first
// letter lowered, no white space, strings as in json_string.h, LF at the end.
#pragma once

#include <string>
#include <vector>

#include "transfer/item.h"
#include "transfer/line_buffer.h"

namespace penstock {

/// How a null is written: connectors 4.2 to 4.17 (and their readers) use nULLValue, older and newer
/// ones nULL.
enum class NullTag { kNullValue, kNull };

/// The order of attributes, and of members in maps. kJavaHashMap is what the connector's
/// java.util.HashMap gave.
enum class AttributeOrder { kServer, kSorted, kJavaHashMap };

struct LineStyle {
  NullTag null_tag = NullTag::kNullValue;
  AttributeOrder order = AttributeOrder::kServer;
  bool operator==(const LineStyle&) const = default;
};

/// One thread at a time.
class ItemWriter {
 public:
  explicit ItemWriter(LineStyle style) : style_(style) {}

  /// Appends the item's line, LF included.
  void AppendLine(const Item& item, LineBuffer* out);
  /// Appends {"name":{"S":"x"},…} as DynamoDB takes it, in the item's own order.
  static void AppendWire(const Item& item, LineBuffer* out);
  /// The same in the style's order.
  void AppendWireInOrder(const Item& item, LineBuffer* out);
  /// Appends one value, {"S":"x"}, as DynamoDB takes it; or with its name, "name":{"S":"x"}.
  static void AppendWireValue(const Item& item, const ItemNode& node, LineBuffer* out);
  static void AppendWireMember(const Item& item, const ItemNode& node, LineBuffer* out);

 private:
  const LineStyle style_;
  std::vector<uint32_t> order_;    // of members, one run of it for each level we are in
  std::vector<uint64_t> buckets_;  // scratch of the hash order
  friend struct ItemEmitter;
};

/// The hash of java.lang.String over UTF-16 units, for valid UTF-8.
uint32_t JavaStringHash(std::string_view utf8);

}  // namespace penstock
