// The expression parsers, and the evaluation of what they accept.
#include <cstdint>
#include <string_view>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/expression_parser.h"
#include "local/dynamodb/item_update.h"
#include "local/dynamodb/key_condition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock::dynamodb;
  static const Item item = *ReadItem(*penstock::json::ParseObject(
      R"j({"a":{"S":"x"},"n":{"N":"5"},"l":{"L":[{"N":"1"},{"M":{"k":{"S":"v"}}}]},"ss":{"SS":["x"]},"m":{"M":{"k":{"N":"1"}}}})j",
      200));
  static const Item values = *ReadItem(*penstock::json::ParseObject(
      R"j({":a":{"S":"x"},":n":{"N":"5"},":l":{"L":[]},":s":{"SS":["x"]},":b":{"BOOL":true},":S":{"S":"S"}})j",
      200));
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Placeholders placeholders;
  placeholders.names = {{"#a", "a"}, {"#m", "m"}};
  placeholders.values = values;
  if (auto condition = ParseCondition(text, placeholders)) {
    Matches(condition->expression, item);
    (void)ToKeyConditions(condition->expression).has_value();
  }
  if (auto paths = ParseProjection(text, placeholders)) Project(*paths, item);
  if (auto update = ParseUpdate(text, placeholders)) {
    Item changed = item;
    (void)ApplyUpdate(*update, changed).has_value();
  }
  return 0;
}
