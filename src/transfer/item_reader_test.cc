#include "transfer/item_reader.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace penstock {
namespace {

// Each case with a fresh Item, whose memory is then just what the line needs.
TEST(ItemReader, MendsBase64InTheRoomOfItsLine) {
  const std::string bytes(1024, '\xFB');  // "+/v7…", and so every '/' may be "\/"
  const std::string strict = Base64Encode(bytes);
  std::string broken, escaped, url;
  for (size_t i = 0; i < strict.size(); ++i) {
    if (i > 0 && i % 76 == 0) broken += "\\n";
    broken += strict[i];
    escaped += strict[i] == '/' ? std::string("\\/") : std::string(1, strict[i]);
    url += strict[i] == '+' ? '-' : strict[i] == '/' ? '_' : strict[i];
  }
  ASSERT_TRUE(strict.ends_with("="));
  auto unpadded = [](std::string text) { return text.substr(0, text.find('=')); };
  for (const std::string& text :
       {broken, unpadded(broken), unpadded(escaped), unpadded(strict), url, unpadded(url)}) {
    const std::string line = "{\"b\":{\"b\":\"" + text + "\"}}";
    Item item;
    ItemReader reader(ItemDialect::kLenientFile);
    JsonCursor cursor(line);
    ASSERT_TRUE(reader.Read(cursor, &item)) << cursor.error();
    EXPECT_EQ(item.Find("b")->text, strict);
  }
}

TEST(ItemReader, MendsEachMemberOfABinarySet) {
  std::string line = "{\"b\":{\"bS\":[";
  std::vector<std::string> strict;
  for (char c = 0; c < 64; ++c) {
    strict.push_back(Base64Encode(std::string(1, c)));
    // Unpadded, every other one with an escape.
    line += (c > 0 ? ",\"" : "\"") + strict.back().substr(0, 2) + (c % 2 == 0 ? "\\n\"" : "\"");
  }
  line += "]}}";
  Item item;
  ItemReader reader(ItemDialect::kLenientFile);
  JsonCursor cursor(line);
  ASSERT_TRUE(reader.Read(cursor, &item)) << cursor.error();
  const ItemNode* set = item.Find("b");
  ASSERT_EQ(set->count, strict.size());
  for (uint32_t i = 0; i < set->count; ++i) EXPECT_EQ(item.node(2 + i).text, strict[i]);
}

TEST(ItemReader, ShowsWhatItCannotMendAsItWas) {
  for (std::string_view line :
       {R"({"b":{"b":"A\n?="}})", R"({"b":{"b":"A"}})", R"({"b":{"bS":[AA,AQ,Ag,Aw,BA,BQ]}})"}) {
    Item item;
    ItemReader reader(ItemDialect::kLenientFile);
    JsonCursor cursor(line);
    ASSERT_FALSE(reader.Read(cursor, &item)) << line;
    EXPECT_NE(cursor.error().find("not base64"), std::string::npos) << cursor.error();
  }
}

}  // namespace
}  // namespace penstock
