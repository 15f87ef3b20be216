// LineReader: one line of an export, of any generation, -> Item:
//   A   name ETX json STX name ETX json     Hive's text format (to 2014), names raw; ETX is 0x03,
//   STX 0x02 B1  {"name":{"s":"x"},"gone":{"nULL":true}}        MapReduce jar B2
//   {"name":{"s":"x"},"gone":{"nULLValue":true}}   connectors 4.2 to 4.17 C   as B1 connectors
//   from 5.0
// and lines of DynamoDB's own export, {"Item":{"name":{"S":"x"}}}, where they are allowed. Strict.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "transfer/item_reader.h"

namespace penstock {

enum class LineShape {
  kDataPipeline,  // an item is an item, even one whose only attribute is called Item
  kAny,           // a sole member "Item" with an object of objects is DynamoDB's own export
};

enum class LineKind { kItem, kBlank, kBad };

/// One thread at a time.
class LineReader {
 public:
  explicit LineReader(LineShape shape) : shape_(shape), reader_(ItemDialect::kFile) {}

  /// kItem: `item` is read, its views borrow from `line`, and no limit of DynamoDB is broken but
  /// perhaps the table's key. kBad: reason() and column() say why and where.
  LineKind Read(std::string_view line, Item* item);

  const std::string& reason() const { return reason_; }
  /// Bytes of the line before the fault.
  size_t column() const { return column_; }
  /// Whether the last item came from a line of generation A.
  bool is_control_text() const { return is_control_text_; }

 private:
  LineKind Bad(size_t column, std::string reason);
  LineKind ReadJson(std::string_view line, Item* item);
  LineKind ReadControlText(std::string_view line, Item* item);
  LineKind CheckSize(const Item& item);

  const LineShape shape_;
  ItemReader reader_;
  std::string reason_;
  size_t column_ = 0;
  bool is_control_text_ = false;
};

}  // namespace penstock
