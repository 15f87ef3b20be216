// Items through the codecs: golden bytes of the EMR connector, bad lines, sizes and digests.
#include <gtest/gtest.h>
#include <xxhash.h>

#include <fstream>
#include <random>
#include <sstream>

#include "base/byte_copy.h"
#include "base/encoding.h"
#include "base/text.h"
#include "json/json.h"
#include "transfer/content_digest.h"
#include "transfer/decimal.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"
#include "transfer/key_schema.h"
#include "transfer/line_reader.h"
#include "transfer/line_source.h"
#include "transfer/scan_page.h"

namespace penstock {
namespace {

std::string Golden(const std::string& name) {
  std::ifstream file(std::string(PENSTOCK_SOURCE_DIR) + "/tests/golden/transfer/" + name,
                     std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string_view> Lines(const std::string& text) {
  std::vector<std::string_view> lines = Split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

const KeySchema kPk{{{"pk", AttributeType::kS}}};

TEST(Codec, WritesTheConnectorsBytes) {
  std::string items = Golden("tricky-items.jsonl");
  for (auto [tag, name] : {std::pair(NullTag::kNullValue, "tricky-legacy-v4.jsonl"),
                           std::pair(NullTag::kNull, "tricky-legacy-v6.jsonl")}) {
    std::string expected = Golden(name);
    std::vector<std::string_view> expected_lines = Lines(expected);
    std::vector<std::string_view> lines = Lines(items);
    ASSERT_EQ(lines.size(), 74u);
    ASSERT_EQ(expected_lines.size(), 74u);
    LineReader reader(LineShape::kAny);
    ItemWriter writer({tag, AttributeOrder::kJavaHashMap});
    Item item;
    LineBuffer all;
    for (size_t i = 0; i < lines.size(); ++i) {
      LineBuffer out;
      ASSERT_EQ(reader.Read(lines[i], &item), LineKind::kItem) << i << reader.reason();
      EXPECT_EQ(kPk.Fault(item), std::nullopt) << i;
      writer.AppendLine(item, &out);
      EXPECT_EQ(out.view().substr(0, out.size() - 1), expected_lines[i]) << i;
      all.Append(out.view());
    }
    EXPECT_TRUE(all.view() == expected) << name;
  }
}

TEST(Codec, ReadsBackWhatItWrites) {
  std::string items = Golden("tricky-items.jsonl");
  for (std::string_view line : Lines(items)) {
    LineReader native(LineShape::kAny), legacy(LineShape::kBare);
    Item original, again;
    ItemHasher hasher;
    ASSERT_EQ(native.Read(line, &original), LineKind::kItem);
    for (AttributeOrder order :
         {AttributeOrder::kServer, AttributeOrder::kSorted, AttributeOrder::kJavaHashMap}) {
      LineBuffer out;
      ItemWriter({NullTag::kNull, order}).AppendLine(original, &out);
      std::string_view written = out.view().substr(0, out.size() - 1);
      ASSERT_EQ(legacy.Read(written, &again), LineKind::kItem) << legacy.reason() << written;
      EXPECT_EQ(hasher.Hash(original), hasher.Hash(again)) << written;
      EXPECT_EQ(ItemSize(original), ItemSize(again));
    }
    // Wire form: the same tree as the source, in the same order.
    LineBuffer wire;
    ItemWriter::AppendWire(original, &wire);
    auto source = json::ParseObject(line, 200);
    auto written = json::ParseObject(wire.view(), 200);
    ASSERT_TRUE(source && written);
    EXPECT_EQ(json::Write(source->at("Item")), json::Write(*written));
  }
}

TEST(Codec, BothNullTagsHaveOneDigest) {
  std::string v4 = Golden("tricky-legacy-v4.jsonl"), v6 = Golden("tricky-legacy-v6.jsonl");
  ContentDigest sums[2];
  for (int i = 0; i < 2; ++i) {
    LineReader reader(LineShape::kBare);
    ItemHasher hasher;
    Item item;
    for (std::string_view line : Lines(i == 0 ? v4 : v6)) {
      ASSERT_EQ(reader.Read(line, &item), LineKind::kItem) << reader.reason();
      sums[i].Add(hasher.Hash(item));
    }
  }
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(ParseDigest(FormatDigest(sums[0])), sums[0]);
}

TEST(Codec, RefusesBadLines) {
  std::string bad = Golden("tricky-invalid.jsonl");
  int rejected = 0, blank = 0, accepted = 0;
  for (std::string_view entry : Lines(bad)) {
    auto parsed = json::ParseObject(entry);
    ASSERT_TRUE(parsed);
    std::string line = *json::GetString(*parsed, "line"), why = *json::GetString(*parsed, "why");
    std::string file = line + "\n";
    StringSource bytes(file);
    LineSource lines(&bytes);
    auto next = lines.Next();
    ASSERT_TRUE(next && *next) << why;
    LineReader reader(LineShape::kAny);
    Item item;
    LineKind kind = reader.Read((*next)->text, &item);
    if (kind == LineKind::kBlank) {
      ++blank;
    } else if (kind == LineKind::kBad || kPk.Fault(item)) {
      ++rejected;
      EXPECT_EQ(kind == LineKind::kBad, !reader.reason().empty()) << why;
      EXPECT_LE(reader.column(), line.size());
    } else {
      ++accepted;
      EXPECT_TRUE(lines.had_byte_order_mark()) << why << reader.reason();
    }
  }
  EXPECT_EQ(rejected, 44);
  EXPECT_EQ(blank, 2);
  EXPECT_EQ(accepted, 1);
}

TEST(Codec, ReadsControlText) {
  LineReader reader(LineShape::kBare);
  Item item;
  std::string line =
      "Id\x03{\"n\":\"101\"}\x02Ti tle:{,\x03{\"s\":\"Book\\u00031\"}\x02g\x03{\"nULLValue\":true}";
  ASSERT_EQ(reader.Read(line, &item), LineKind::kItem) << reader.reason();
  LineBuffer wire;
  ItemWriter::AppendWire(item, &wire);
  EXPECT_EQ(
      wire.view(),
      "{\"Id\":{\"N\":\"101\"},\"Ti tle:{,\":{\"S\":\"Book\\u00031\"},\"g\":{\"NULL\":true}}");
  EXPECT_EQ(reader.Read("Id\x03{\"n\":\"101\"}\x02Title", &item), LineKind::kBad);
  EXPECT_EQ(reader.Read("Id\x03{\"n\":\"101\"} x", &item), LineKind::kBad);
  EXPECT_EQ(reader.Read("Id\x03{\"n\":\"1\"}\x02Id\x03{\"n\":\"1\"}", &item), LineKind::kBad);
  EXPECT_EQ(reader.Read("a,b,c", &item), LineKind::kBad);
}

TEST(Codec, OnlyMembersOfMapsMayHaveEmptyNames) {
  LineReader reader(LineShape::kBare);
  Item item;
  const std::string line = R"({"pk":{"s":"x"},"m":{"m":{"":{"l":[{"m":{"":{"n":"1"}}}]}}}})";
  ASSERT_EQ(reader.Read(line, &item), LineKind::kItem) << reader.reason();
  for (AttributeOrder order :
       {AttributeOrder::kServer, AttributeOrder::kSorted, AttributeOrder::kJavaHashMap}) {
    LineBuffer out;
    Item again;
    ItemHasher hasher;
    ItemWriter({NullTag::kNull, order}).AppendLine(item, &out);
    ASSERT_EQ(reader.Read(out.view().substr(0, out.size() - 1), &again), LineKind::kItem)
        << reader.reason();
    EXPECT_EQ(hasher.Hash(item), hasher.Hash(again));
  }
  EXPECT_EQ(reader.Read(R"({"m":{"m":{"":{"s":"a"},"":{"s":"b"}}}})", &item), LineKind::kBad);
  EXPECT_NE(reader.reason().find("\"\" occurs twice"), std::string::npos) << reader.reason();
  // Also after one that began alike.
  for (const char* bad : {R"({"pk":{"s":"x"},"":{"s":"y"}})", R"({"":{"s":"x"}})"}) {
    EXPECT_EQ(reader.Read(bad, &item), LineKind::kBad) << bad;
    EXPECT_EQ(reader.reason(), "an attribute with an empty name") << bad;
  }
  // Not from a server either: nobody could read what would be written.
  ItemReader server(ItemDialect::kServer);
  JsonCursor nested(R"({"pk":{"S":"x"},"m":{"M":{"":{"S":"y"}}}})"), top(R"({"":{"S":"x"}})");
  EXPECT_TRUE(server.Read(nested, &item)) << nested.error();
  EXPECT_FALSE(server.Read(top, &item));
  EXPECT_EQ(top.error(), "an attribute with an empty name");
  auto page = ReadScanPage(R"({"Items":[{"pk":{"S":"x"}},{"pk":{"S":"y"},"":{"S":"z"}}]})", server,
                           &item, [](const Item&) { return Status(); });
  ASSERT_FALSE(page);
  EXPECT_NE(page.error().message.find("an attribute with an empty name"), std::string::npos)
      << page.error().message;
}

TEST(Codec, AnAttributeMayBeCalledItem) {
  LineReader reader(LineShape::kAny), legacy(LineShape::kBare);
  Item item;
  for (const char* line :
       {R"({"Item":{"S":"x"}})", R"({"Item":{"m":{"a":{"s":"x"}}},"pk":{"s":"y"}})"}) {
    ASSERT_EQ(reader.Read(line, &item), LineKind::kItem) << reader.reason();
    EXPECT_NE(item.Find("Item"), nullptr) << line;
  }
  ASSERT_EQ(reader.Read(R"({"Item":{"pk":{"S":"x"}}})", &item), LineKind::kItem);
  EXPECT_NE(item.Find("pk"), nullptr);
  EXPECT_EQ(legacy.Read(R"({"Item":{"pk":{"S":"x"}}})", &item), LineKind::kBad);
  EXPECT_EQ(reader.Read(R"({"Keys":{"pk":{"S":"x"}},"NewImage":{}})", &item), LineKind::kBad);
  EXPECT_NE(reader.reason().find("incremental"), std::string::npos);
}

struct DecimalCase {
  const char* text;
  bool valid;
  bool fits;
  uint32_t size;
  const char* same_as;
};

TEST(Decimal, ValuesAndSizes) {
  const DecimalCase cases[] = {
      {"0", true, true, 1, "-0.000e5"},
      {"1234", true, true, 3, "1.234E3"},
      {"123.4", true, true, 4, "0123.40"},
      {"-1", true, true, 3, "-1.0"},
      {"+5", true, true, 2, "5"},
      {".5", true, true, 2, "0.5"},
      {"5.", true, true, 2, "5"},
      {"100", true, true, 2, "1e2"},
      {"1E-130", true, true, 2, "0.1e-129"},
      {"1E-131", true, false, 2, nullptr},
      {"9.9999999999999999999999999999999999999E+125", true, true, 20, nullptr},
      {"1E+126", true, false, 2, nullptr},
      {"12345678901234567890123456789012345678", true, true, 20, nullptr},
      {"123456789012345678901234567890123456789", true, false, 21, nullptr},
      {"1e400", true, false, 2, nullptr},
      {"", false, false, 0, nullptr},
      {"-", false, false, 0, nullptr},
      {".", false, false, 0, nullptr},
      {"1e", false, false, 0, nullptr},
      {"1.2.3", false, false, 0, nullptr},
      {" 1", false, false, 0, nullptr},
      {"0x10", false, false, 0, nullptr},
      {"NaN", false, false, 0, nullptr},
      {"1_000", false, false, 0, nullptr},
      {"1e99999999999999999999", false, false, 0, nullptr},
  };
  for (const DecimalCase& one : cases) {
    std::optional<Decimal> number = ParseDecimal(one.text);
    ASSERT_EQ(number.has_value(), one.valid) << one.text;
    if (!number) continue;
    EXPECT_EQ(number->FitsDynamoDb(), one.fits) << one.text;
    EXPECT_EQ(number->StoredSize(), one.size) << one.text;
    if (one.same_as == nullptr) continue;
    EXPECT_TRUE(*number == *ParseDecimal(one.same_as)) << one.text;
  }
}

TEST(Decimal, OneReaderForShortOnesAndOneForTheRest) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = random() % 3 == 0 ? "-" : "";
    for (uint32_t left = random() % 42; left > 0; --left) text += "00123456789."[random() % 12];
    auto either = ParseDecimal(text), slow = ParseDecimal(text + "E0");
    ASSERT_EQ(either.has_value(), slow.has_value()) << text;
    EXPECT_TRUE(!either || *either == *slow) << text;
    ShortDecimal brief, quick;
    const bool is_brief = ParseShortDecimal(text, text.size(), &brief);
    EXPECT_TRUE(!is_brief || (either && either->FitsDynamoDb())) << text;
    // The same with more to read behind it, whatever that is.
    const std::string more = text + "0.1234567890.123";
    const std::string_view front = std::string_view(more).substr(0, text.size());
    EXPECT_EQ(ParseShortDecimal(front, more.size(), &quick), is_brief) << text;
    EXPECT_TRUE(quick == brief) << text;
  }
}

TEST(SameBytes, SeesEveryByteOfEverySize) {
  for (size_t size = 0; size <= 70; ++size) {
    const std::string text(size, 'a');
    EXPECT_TRUE(SameBytes(text, std::string(size, 'a'))) << size;
    EXPECT_FALSE(SameBytes(text, text + 'a')) << size;
    for (size_t at = 0; at < size; ++at) {
      std::string other = text;
      other[at] = 'b';
      EXPECT_FALSE(SameBytes(text, other)) << size << ", " << at;
    }
  }
}

TEST(ItemSize, FollowsTheRules) {
  LineReader reader(LineShape::kBare);
  Item item;
  struct {
    const char* line;
    uint64_t size;
  } cases[] = {
      {R"({"pk":{"S":"abc"}})", 5},
      {R"({"pk":{"S":"\u00e9"}})", 4},
      {R"({"b":{"B":"AAH/"}})", 4},
      {R"({"t":{"BOOL":true},"z":{"NULL":true}})", 4},
      {R"({"l":{"L":[]}})", 4},
      {R"({"l":{"L":[{"S":"a"},{"N":"1"}]}})", 1 + 3 + 2 + 1 + 2},
      {R"({"m":{"M":{"key":{"S":"v"}}}})", 1 + 3 + 1 + 3 + 1},
      {R"({"ss":{"SS":["a","bc"]}})", 5},
  };
  for (const auto& one : cases) {
    ASSERT_EQ(reader.Read(one.line, &item), LineKind::kItem) << one.line << reader.reason();
    EXPECT_EQ(ItemSize(item), one.size) << one.line;
  }
  EXPECT_EQ(WriteUnits(0), 1);
  EXPECT_EQ(WriteUnits(1024), 1);
  EXPECT_EQ(WriteUnits(1025), 2);
}

TEST(Digest, SpellingAndOrderDoNotMatterContentDoes) {
  LineReader reader(LineShape::kBare);
  ItemHasher hasher;
  auto hash = [&](const char* line) {
    Item item;
    EXPECT_EQ(reader.Read(line, &item), LineKind::kItem) << line << reader.reason();
    return hasher.Hash(item);
  };
  ContentDigest one =
      hash(R"({"a":{"n":"1.0"},"b":{"sS":["x","y"]},"c":{"m":{"p":{"s":"\u0041"},"q":{"l":[]}}}})");
  EXPECT_EQ(
      one,
      hash(R"({"c":{"M":{"q":{"L":[]},"p":{"S":"A"}}},"b":{"SS":["y","x"]},"a":{"N":"1E0"}})"));
  for (const char* other :
       {R"({"a":{"s":"1"},"b":{"sS":["x","y"]},"c":{"m":{"p":{"s":"A"},"q":{"l":[]}}}})",
        R"({"a":{"n":"1"},"b":{"sS":["x","yy"]},"c":{"m":{"p":{"s":"A"},"q":{"l":[]}}}})",
        R"({"a":{"n":"1"},"b":{"sS":["x","y"]},"c":{"m":{"p":{"s":"A"},"q":{"m":{}}}}})",
        R"({"a":{"n":"-1"},"b":{"sS":["x","y"]},"c":{"m":{"p":{"s":"A"},"q":{"l":[]}}}})"}) {
    EXPECT_FALSE(one == hash(other)) << other;
  }
  // Addition carries, and a pair does not cancel itself.
  ContentDigest sum{0, UINT64_MAX};
  sum.Add({0, 1});
  EXPECT_EQ(sum, (ContentDigest{1, 0}));
}

TEST(Digest, IsAsDocumented) {
  // docs/internals/digest.md has this example.
  constexpr char kCanonical[] =
      "M\1\0\0\0\2\0\0\0IdN+\3\0\0\0\3\0\0\0"
      "103";
  static_assert(sizeof(kCanonical) - 1 == 24);
  XXH128_hash_t hash = XXH3_128bits(kCanonical, 24);
  LineReader reader(LineShape::kBare);
  ItemHasher hasher;
  Item item;
  ASSERT_EQ(reader.Read(R"({"Id":{"n":"103"}})", &item), LineKind::kItem);
  EXPECT_EQ(hasher.Hash(item), (ContentDigest{hash.high64, hash.low64}));
  EXPECT_EQ(FormatDigest(hasher.Hash(item)), "xxh3-128-sum:af81eb409ed742d5b1a516e8df3e773c");
  EXPECT_EQ(FormatDigest({}), "xxh3-128-sum:00000000000000000000000000000000");
}

/// Gives out `text` in pieces of `step`.
class SlowSource : public BodySource {
 public:
  SlowSource(std::string_view text, size_t step) : left_(text), step_(step) {}
  Result<size_t> Read(std::span<char> buffer) override {
    size_t count = std::min({step_, buffer.size(), left_.size()});
    std::memcpy(buffer.data(), left_.data(), count);
    left_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view left_;
  size_t step_;
};

TEST(LineSource, KnowsAllLineEndsAndPlaces) {
  std::string file =
      "\xEF\xBB\xBF"
      "one\ntwo\r\nthree\rfour\n\n\r\nlast";
  for (size_t step : {1u, 2u, 3u, 7u, 100u}) {
    SlowSource bytes(file, step);
    LineSource lines(&bytes);
    std::vector<std::string> texts;
    std::vector<uint64_t> offsets;
    while (true) {
      auto line = lines.Next();
      ASSERT_TRUE(line);
      if (!*line) break;
      texts.emplace_back((*line)->text);
      offsets.push_back((*line)->offset);
      EXPECT_EQ((*line)->number, texts.size());
    }
    EXPECT_EQ(texts, (std::vector<std::string>{"one", "two", "three", "four", "", "", "last"}))
        << step;
    EXPECT_EQ(offsets, (std::vector<uint64_t>{3, 7, 12, 18, 23, 24, 26})) << step;
    EXPECT_TRUE(lines.had_byte_order_mark());
    EXPECT_EQ(lines.offset(), file.size());
  }
}

TEST(LineSource, CutsEndlessLines) {
  std::string file = "a\n" + std::string(LineSource::kLineSizeMax + 5'000'000, 'x') + "\nb\n";
  StringSource bytes(file);
  LineSource lines(&bytes);
  EXPECT_EQ((**lines.Next()).text, "a");
  auto line = lines.Next();
  EXPECT_TRUE((*line)->too_long);
  EXPECT_EQ((*line)->offset, 2u);
  line = lines.Next();
  EXPECT_EQ((*line)->text, "b");
  EXPECT_EQ((*line)->offset, file.size() - 2);
  EXPECT_FALSE(*lines.Next());
}

}  // namespace
}  // namespace penstock
