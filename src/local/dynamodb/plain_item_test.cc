#include "local/dynamodb/plain_item.h"

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "local/dynamodb/item_key.h"
#include "local/dynamodb/plain_for_test.h"
#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {
namespace {

TableDefinition Definition() {
  TableDefinition definition;
  definition.layout = {.serial = 1,
                       .parts = {{"pk", AttributeType::kString}, {"sk", AttributeType::kNumber}},
                       .has_range = true};
  return definition;
}

std::optional<PlainItem> ReadPlain(std::string_view text) {
  JsonCursor cursor(text);
  auto item = PlainItemReader(text).Read(cursor, Definition());
  return item && cursor.AtEnd() ? std::move(item) : std::nullopt;
}

std::string PutOf(std::string_view item) {
  return fmt::format("{{\"PutRequest\":{{\"Item\":{}}}}}", item);
}

constexpr std::string_view kKey = R"("pk":{"S":"a"},"sk":{"N":"1"})";

std::string ItemWith(std::string_view value) { return fmt::format("{{{},\"v\":{}}}", kKey, value); }

TEST(PlainItem, IsStoredInItsNormalForm) {
  auto item = ReadPlain(
      " { \"sk\" : { \"N\" : \"1.50e1\" } ,\n\"pk\":{\"S\":\"\\u00e9\\/\\n\"},"
      "\"l\":{\"L\":[{\"BOOL\":false},{\"NULL\":true},{\"M\":{}}]} } ");
  ASSERT_TRUE(item);
  auto stored = DecodeStoredItem(item->value);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->json,
            "{\"sk\":{\"N\":\"15\"},\"pk\":{\"S\":\"\xC3\xA9/\\n\"},"
            "\"l\":{\"L\":[{\"BOOL\":false},{\"NULL\":true},{\"M\":{}}]}}");
  auto parsed = ParseStoredJson(stored->json);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(item->value, EncodeStoredItem(*parsed, "sk"));
  EXPECT_EQ(item->key, *KeyOfItem(*parsed, Definition()));
}

class Plain : public testing::TestWithParam<std::string_view> {};

TEST_P(Plain, IsReadBothWaysAlike) {
  EXPECT_TRUE(ReadPlain(ItemWith(GetParam())));
  BothWays both;
  EXPECT_TRUE(both.Agree(PutOf(ItemWith(GetParam()))));
  EXPECT_EQ(both.status(), 200);
}

INSTANTIATE_TEST_SUITE_P(
    All, Plain,
    testing::Values(R"({"S":""})", R"({"S":"\u0000\u001f\ud83d\ude00\"\\"})", R"({"S":"é€😀"})",
                    R"({"N":"0"})", R"({"N":"-0.0"})", R"({"N":"+1e3"})", R"({"N":"007"})",
                    R"({"N":"-1E-130"})", R"({"N":"99999999999999999999999999999999999999"})",
                    R"({"B":""})", R"({"B":"QUJD\/w=="})", R"({"BOOL":true})", R"({"NULL":true})",
                    R"({"SS":["b","a"]})", R"({"NS":["2","1.0"]})", R"({"BS":["QQ==","QUI="]})",
                    R"({"L":[]})", R"({"M":{"":{"S":"x"},"a":{"L":[{"S":"y"}]}}})"));

class NotPlain : public testing::TestWithParam<std::string_view> {};

TEST_P(NotPlain, IsLeftToTheTree) {
  EXPECT_FALSE(ReadPlain(GetParam()));
  BothWays both;
  EXPECT_TRUE(both.Agree(PutOf(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(
    All, NotPlain,
    testing::Values(
        "{}", "[]", R"({"pk":{"S":"a"}})", R"({"pk":{"N":"1"},"sk":{"N":"1"}})",
        R"({"pk":{"S":""},"sk":{"N":"1"}})", R"({"pk":{"S":"a"},"sk":{"N":"1"},"pk":{"S":"b"}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"":{"S":"b"}})", R"({"pk":{"S":"a"},"sk":{"N":"1"},})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":null})", R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"X":"y"}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"a","N":"1"}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"N":"x"}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"N":1}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"B":"QR=="}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"BOOL":"true"}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"NULL":false}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"SS":[]}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"SS":["a","\u0061"]}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"NS":["1","1.0"]}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"M":{"a":{"S":""},"a":{"S":""}}}})",
        R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"\ud800"}})"));

TEST(PlainItem, IsNotOfManyNamesNorDeepNorLarge) {
  auto map_of = [](int names) {
    std::string map;
    for (int i = 0; i < names; ++i)
      map += fmt::format("{}\"{}\":{{\"NULL\":true}}", i > 0 ? "," : "", i);
    return ItemWith("{\"M\":{" + map + "}}");
  };
  EXPECT_TRUE(ReadPlain(map_of(64)));
  EXPECT_FALSE(ReadPlain(map_of(65)));
  auto nested = [](int levels) {
    std::string value = "{\"NULL\":true}";
    for (int i = 0; i < levels; ++i) value = "{\"L\":[" + value + "]}";
    return ItemWith(value);
  };
  EXPECT_TRUE(ReadPlain(nested(32)));
  EXPECT_FALSE(ReadPlain(nested(33)));
  auto of_size = [](size_t bytes) {
    const size_t others = std::string_view("pka").size() + std::string_view("sk").size() + 2 + 1;
    return ItemWith("{\"S\":\"" + std::string(bytes - others, 'x') + "\"}");
  };
  EXPECT_TRUE(ReadPlain(of_size(kItemSizeMax)));
  EXPECT_FALSE(ReadPlain(of_size(kItemSizeMax + 1)));
  for (const std::string& item :
       {map_of(65), nested(32), nested(33), of_size(kItemSizeMax), of_size(kItemSizeMax + 1)}) {
    BothWays both;
    EXPECT_TRUE(both.Agree(PutOf(item)));
  }
}

TEST(PlainBatch, AgreesWithTheTree) {
  const std::string item = PutOf(fmt::format("{{{}}}", kKey));
  const std::string other = PutOf(R"({"pk":{"S":"b"},"sk":{"N":"1"}})");
  std::string many = other;
  for (int i = 0; i < 25; ++i)
    many += "," + PutOf(fmt::format(R"({{"pk":{{"S":"m"}},"sk":{{"N":"{}"}}}})", i));
  for (const std::string& requests :
       {item, item + " , " + other, item + "," + item, std::string(), item + ",null", many,
        many.substr(other.size() + 1),
        item + R"(,{"DeleteRequest":{"Key":{"pk":{"S":"b"},"sk":{"N":"1"}}}})",
        std::string(R"({"PutRequest":{}})"), item + "]},\"RequestItems\":{\"Plain\":[" + other,
        item + "],\"Plain\":[" + other, item + "],\"Absent\":[" + other,
        item + "]},\"ReturnConsumedCapacity\":\"ALL\",\"x\":{\"y\":[", "\xFF" + item}) {
    BothWays both;
    EXPECT_TRUE(both.Agree(other));
    EXPECT_TRUE(both.Agree(requests)) << requests;
    EXPECT_TRUE(both.Agree(item));
  }
}

/// Text of items, of every type, in all the ways of writing them.
class ItemText {
 public:
  std::string Draw() {
    text_.clear();
    Put("{\"pk\":{\"S\":\"" + Pick(kTexts) + "x\"},");
    Put("\"sk\":{\"N\":\"" + Pick(kNumbers) + "\"}");
    for (int i = 0, count = *rc::gen::inRange(0, 4); i < count; ++i) {
      Put(",");
      Put(fmt::format("\"{}{}\"", i, Pick(kTexts)));
      Put(":");
      Value(0);
    }
    Put("}");
    return text_;
  }

 private:
  static constexpr std::string_view kTexts[] = {
      "", "a", "é", "\\u00e9", "\\n", "\\\"", "\\/", "\\ud83d\\ude00", "\\u0000", "a longer text"};
  static constexpr std::string_view kNumbers[] = {"0",   "-0",   "1",     "1.0",   "1e3",
                                                  "0.1", "00.1", "-12.5", "1E125", "100"};
  static constexpr std::string_view kBytes[] = {"", "QQ==", "QUI=", "QUJD", "\\/\\/\\/\\/"};

  template <size_t n>
  static std::string Pick(const std::string_view (&of)[n]) {
    return std::string(of[static_cast<size_t>(*rc::gen::inRange<int>(0, n))]);
  }

  void Put(std::string_view token) {
    if (*rc::gen::inRange(0, 8) == 0) text_ += Pick({" ", "\t", "\r\n"});
    text_ += token;
  }

  void Value(int level) {
    const int type = *rc::gen::inRange(0, level < 3 ? 10 : 8);
    constexpr std::string_view kTypes[] = {"S",  "N",  "B",  "BOOL", "NULL",
                                           "SS", "NS", "BS", "L",    "M"};
    Put("{");
    Put(fmt::format("\"{}\"", kTypes[type]));
    Put(":");
    switch (type) {
      case 0:
        Put("\"" + Pick(kTexts) + "\"");
        break;
      case 1:
        Put("\"" + Pick(kNumbers) + "\"");
        break;
      case 2:
        Put("\"" + Pick(kBytes) + "\"");
        break;
      case 3:
        Put(Pick({"true", "false"}));
        break;
      case 4:
        Put("true");
        break;
      case 5:
        Put("[\"a\",\"b" + Pick(kTexts) + "\"]");
        break;
      case 6:
        Put("[\"7\",\"" + Pick(kNumbers) + "\"]");
        break;
      case 7:
        Put("[\"AAAA\",\"" + Pick(kBytes) + "\"]");
        break;
      default: {
        const bool is_map = type == 9;
        Put(is_map ? "{" : "[");
        for (int i = 0, count = *rc::gen::inRange(0, 3); i < count; ++i) {
          if (i > 0) Put(",");
          if (is_map) Put(fmt::format("\"{}{}\"", i, Pick(kTexts)));
          if (is_map) Put(":");
          Value(level + 1);
        }
        Put(is_map ? "}" : "]");
      }
    }
    Put("}");
  }

  std::string text_;
};

RC_GTEST_PROP(PlainItem, OfEveryTypeIsReadBothWaysAlike, ()) {
  const std::string text = ItemText().Draw();
  RC_ASSERT(ReadPlain(text).has_value());
  BothWays both;
  RC_ASSERT(both.Agree(PutOf(text)));
  RC_ASSERT(both.status() == 200);
}

RC_GTEST_PROP(PlainItem, SpoiltIsReadBothWaysAlike, ()) {
  constexpr std::string_view kBytes = "{}[]\",:\\ 0aSNLM\x01\xC3";
  BothWays both;
  std::string text = ItemText().Draw();
  for (int i = 0, count = *rc::gen::inRange(1, 4); i < count; ++i) {
    const size_t at = static_cast<size_t>(*rc::gen::inRange<int>(0, static_cast<int>(text.size())));
    const char byte = kBytes[static_cast<size_t>(*rc::gen::inRange<int>(0, kBytes.size()))];
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      default:
        text.erase(at, 1);
    }
    RC_ASSERT(both.Agree(PutOf(text)));
  }
}

}  // namespace
}  // namespace penstock::dynamodb
