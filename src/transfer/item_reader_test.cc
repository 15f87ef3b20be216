#include "transfer/item_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"
#include "transfer/content_digest.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"

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

TEST(ItemReader, WhatItExpectsChangesNothing) {
  // Items of few names, so that many are like the one before, or begin like it; some are wrong.
  constexpr std::string_view kNames[] = {"a", "b", "longer name", "\\u0061", "c"};
  constexpr std::string_view kValues[] = {R"({"s":"x"})",
                                          R"({"n":"1.50"})",
                                          R"({"n":"1.5e0"})",
                                          R"({ "n":"7"})",
                                          R"({"sS":["x","y"]})",
                                          R"({"b":"QUI="})",
                                          R"({"m":{"x":{"s":"y"}}})",
                                          R"({"n":"x"})",
                                          R"({"s":})"};
  std::mt19937 random(1);
  ItemReader warm(ItemDialect::kFile);
  ItemHasher warm_hasher;
  Item warm_item;
  int good = 0, bad = 0;
  std::string last = "{";
  for (int i = 0; i < 50'000; ++i) {
    std::string text = "{";
    if (random() % 2 == 0) text = last.substr(0, last.rfind(','));
    for (size_t more = random() % 4; more > 0; --more) {
      if (text != "{") text += random() % 8 == 0 ? ", " : ",";
      text += fmt::format("\"{}\":{}", kNames[random() % std::size(kNames)],
                          kValues[random() % std::size(kValues)]);
    }
    last = text;
    text += '}';
    ItemReader fresh(ItemDialect::kFile);
    ItemHasher fresh_hasher;
    Item item;
    JsonCursor warm_cursor(text), cursor(text);
    const bool is_good = fresh.Read(cursor, &item);
    ASSERT_EQ(warm.Read(warm_cursor, &warm_item), is_good) << text;
    ASSERT_EQ(warm_cursor.error(), cursor.error()) << text;
    ASSERT_EQ(warm_cursor.offset(), cursor.offset()) << text;
    ++(is_good ? good : bad);
    if (!is_good) continue;
    ASSERT_EQ(warm_hasher.Hash(warm_item), fresh_hasher.Hash(item)) << text;
    LineBuffer wire, warm_wire;
    ItemWriter::AppendWire(item, &wire);
    ItemWriter::AppendWire(warm_item, &warm_wire);
    ASSERT_EQ(warm_wire.view(), wire.view()) << text;
    ASSERT_EQ(ItemSize(warm_item), ItemSize(item)) << text;
  }
  EXPECT_GT(good, 5000);
  EXPECT_GT(bad, 5000);
}

}  // namespace
}  // namespace penstock
