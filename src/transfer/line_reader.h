// LineReader: one line of an export, of any generation, -> Item:
//   A   name ETX json STX name ETX json     Hive's text format (to 2014), names raw; ETX is 0x03,
//                                           STX 0x02
//   B1  {"name":{"s":"x"},"gone":{"nULL":true}}        MapReduce jar
//   B2  {"name":{"s":"x"},"gone":{"nULLValue":true}}   connectors 4.2 to 4.17
//   C   as B1                                          connectors from 5.0
// of DynamoDB's own export, full {"Item":{"name":{"S":"x"}}} and incremental
// {"Metadata":{…},"Keys":{…},"NewImage":{…}}, and JSON lines, {"name":{"S":"x"}}. Pure.
#pragma once

#include <string>
#include <string_view>

#include "transfer/item_reader.h"
#include "transfer/record_reader.h"

namespace penstock {

/// What a line may be. Control-character text is read in the first and the last.
enum class LineShape {
  kBare,     // the attributes: an item is an item, even one whose only attribute is called Item
  kWrapped,  // {"Item":{…}}
  kChange,   // of an incremental export
  kAny,      // bare, unless its sole member "Item" is an object of objects
};

class LineReader : public RecordReader {
 public:
  explicit LineReader(LineShape shape, Leniency leniency = Leniency::kStrict);

  LineKind Read(std::string_view line, Item* item) override;

 private:
  LineKind ReadStrictly(std::string_view line, Item* item);
  LineKind ReadJson(std::string_view line, Item* item);
  LineKind ReadWrapped(JsonCursor cursor, Item* item);
  LineKind ReadChange(JsonCursor cursor, Item* item);
  LineKind ReadControlText(std::string_view line, Item* item);
  LineKind Checked(bool good, JsonCursor& cursor, const Item& item);

  const LineShape shape_;
  const Leniency leniency_;
  ItemReader reader_;
  std::string strict_;  // a lenient line in strict JSON
};

}  // namespace penstock
