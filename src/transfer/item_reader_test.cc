#include "transfer/item_reader.h"

#include <fmt/format.h>
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

/// Values of few names and shapes, so that many are like the one before, or begin like it; some are
/// wrong.
class FewValues {
 public:
  std::string Draw(int depth = 0) {
    constexpr std::string_view kScalars[] = {
        R"({"s":"x"})",    R"({"n":"1.50"})",     R"({"n":"1.5e0"})",
        R"({ "n":"7"})",   R"({"sS":["x","y"]})", R"({"nS":["1","-2.5"]})",
        R"({"b":"QUI="})", R"({"n":"x"})",        R"({"s":})"};
    const size_t shape = random_() % (depth < 3 ? 6 : 4);
    if (shape < 4) {  // seldom one that is wrong
      const size_t right = std::size(kScalars) - 2;
      return std::string(kScalars[random_() % 16 == 0 ? right + random_() % 2 : random_() % right]);
    }
    std::string text = shape == 4 ? "{\"m\":{" : "{\"l\":[";
    for (size_t i = 0, count = random_() % 3; i < count; ++i) {
      if (i > 0) text += ',';
      text += shape == 4 ? Member(depth + 1) : Draw(depth + 1);
    }
    return text + (shape == 4 ? "}}" : "]}");
  }
  /// `"name":{…}`
  std::string Member(int depth = 0) {
    constexpr std::string_view kNames[] = {"a", "b", "longer name", "\\u0061", "c",
                                           "d", "e", "f",           "g",       "h"};
    return fmt::format("\"{}\":{}", kNames[random_() % std::size(kNames)], Draw(depth));
  }
  size_t Below(size_t bound) { return random_() % bound; }

 private:
  std::mt19937 random_{1};
};

TEST(ItemReader, WhatItExpectsChangesNothing) {
  FewValues values;
  ItemReader warm(ItemDialect::kFile);
  ItemHasher warm_hasher;
  Item warm_item;
  int good = 0, bad = 0;
  std::vector<std::string> last;  // good one's
  for (int i = 0; i < 50'000; ++i) {
    std::vector<std::string> members = last;
    members.resize(members.size() - values.Below(std::min<size_t>(members.size(), 2) + 1));
    for (size_t more = values.Below(3); more > 0; --more) members.push_back(values.Member());
    std::string text = fmt::format("{{{}}}", fmt::join(members, values.Below(8) == 0 ? ", " : ","));
    // Another name somewhere, perhaps deep in it.
    if (size_t at = text.find("\"a\":", values.Below(text.size()));
        at != std::string::npos && values.Below(4) == 0) {
      text[at + 1] = 'b';
    }
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
    last = std::move(members);
    if (last.size() > 6) last.clear();
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

TEST(ItemReader, FindsDoublesOfWhatItExpectsElsewhere) {
  const std::pair<std::string_view, std::string_view> kBeforeAndAfter[] = {
      {R"({"a":{"m":{"b":{"s":"x"}}},"b":{"s":"x"}})",
       R"({"a":{"m":{"b":{"s":"x"},"b":{"s":"x"}}}})"},
      {R"({"a":{"m":{"b":{"s":"x"}}},"c":{"m":{"b":{"s":"x"}}}})",
       R"({"a":{"m":{"b":{"s":"x"},"c":{"m":{}},"b":{"s":"x"}}}})"},
      {R"({"l":{"l":[{"m":{"b":{"s":"x"}}},{"m":{"b":{"s":"x"}}}]}})",
       R"({"l":{"l":[{"m":{"b":{"s":"x"},"b":{"s":"x"}}}]}})"}};
  for (const auto& [before, after] : kBeforeAndAfter) {
    ItemReader reader(ItemDialect::kFile);
    Item item;
    for (int i = 0; i < 2; ++i) {
      JsonCursor cursor(before);
      ASSERT_TRUE(reader.Read(cursor, &item)) << cursor.error();
    }
    JsonCursor cursor(after);
    EXPECT_FALSE(reader.Read(cursor, &item)) << after;
    EXPECT_NE(cursor.error().find("occurs twice"), std::string::npos) << cursor.error();
  }
}

}  // namespace
}  // namespace penstock
