#include "transfer/item_reader.h"

#include <algorithm>
#include <string>

#include "base/byte_copy.h"
#include "base/encoding.h"
#include "base/text.h"
#include "transfer/decimal.h"

namespace penstock {
namespace {

constexpr int kLevelsMax = 32;         // of a file's item: DynamoDB's limit
constexpr int kServerLevelsMax = 128;  // of a server's: where we stop recursing
constexpr size_t kNameSizeMax = 65'535;
constexpr uint32_t kContainerSize = 3;  // that a list or map counts, and 1 for each element

/// The shown part of foreign text in a message.
std::string Shown(std::string_view text) {
  constexpr size_t kShownMax = 60;
  if (text.size() <= kShownMax) return fmt::format("\"{}\"", text);
  while (text.size() > kShownMax || (!text.empty() && (text.back() & 0xC0) == 0x80))
    text.remove_suffix(1);
  return fmt::format("\"{}…\"", text);
}

/// One bit of 64, the same for equal names.
uint64_t SignOf(std::string_view name) {
  if (name.empty()) return 1;
  auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(name[i])); };
  const uint64_t mixed =
      byte(0) | byte(name.size() / 2) << 8 | byte(name.size() - 1) << 16 | name.size() << 24;
  return uint64_t{1} << (mixed * 0x9E3779B97F4A7C15 >> 58);
}

bool ServerTag(std::string_view tag, AttributeType* type) {
  switch (tag.size()) {
    case 1:
      switch (tag[0]) {
        case 'S':
          *type = AttributeType::kS;
          return true;
        case 'N':
          *type = AttributeType::kN;
          return true;
        case 'B':
          *type = AttributeType::kB;
          return true;
        case 'M':
          *type = AttributeType::kM;
          return true;
        case 'L':
          *type = AttributeType::kL;
          return true;
      }
      return false;
    case 2:
      if (tag[1] != 'S') return false;
      switch (tag[0]) {
        case 'S':
          *type = AttributeType::kSS;
          return true;
        case 'N':
          *type = AttributeType::kNS;
          return true;
        case 'B':
          *type = AttributeType::kBS;
          return true;
      }
      return false;
    case 4:
      if (tag == "BOOL")
        *type = AttributeType::kBool;
      else if (tag == "NULL")
        *type = AttributeType::kNull;
      else
        return false;
      return true;
  }
  return false;
}

/// The spellings of four generations of exporters: first letter lowered, all lowered, and the two
/// null tags.
bool FileTag(std::string_view tag, AttributeType* type) {
  switch (tag.size()) {
    case 1:
      switch (tag[0]) {
        case 's':
          *type = AttributeType::kS;
          return true;
        case 'n':
          *type = AttributeType::kN;
          return true;
        case 'b':
          *type = AttributeType::kB;
          return true;
        case 'm':
          *type = AttributeType::kM;
          return true;
        case 'l':
          *type = AttributeType::kL;
          return true;
      }
      return false;
    case 2:
      if (tag[1] != 'S' && tag[1] != 's') return false;
      switch (tag[0]) {
        case 's':
          *type = AttributeType::kSS;
          return true;
        case 'n':
          *type = AttributeType::kNS;
          return true;
        case 'b':
          *type = AttributeType::kBS;
          return true;
      }
      return false;
    case 4:
      if (tag == "bOOL" || tag == "bool")
        *type = AttributeType::kBool;
      else if (tag == "nULL" || tag == "null")
        *type = AttributeType::kNull;
      else
        return false;
      return true;
    case 9:
      *type = AttributeType::kNull;
      return tag == "nULLValue";
  }
  return false;
}

}  // namespace

void ItemReader::Begin(size_t text_size, Item* item) {
  if (item->decoded_capacity_ < text_size) {
    item->decoded_.reset(new char[text_size]);
    item->decoded_capacity_ = text_size;
  }
  scratch_ = item->decoded_.get();
  is_as_expected_ = false;
  place_ = 0;
  unforeseen_ = 1;  // but for Attributes
  item->size_ = 0;
  item->text_size_max_ = 0;
  item->AddNode().type = AttributeType::kM;
}

bool ItemReader::Read(JsonCursor& cursor, Item* item) {
  const size_t begin = cursor.offset();
  Begin(cursor.left(), item);
  if (Attributes(cursor, item) && End(cursor, item)) {
    item->text_size_max_ = cursor.offset() - begin;
    return true;
  }
  expected_.clear();  // its names have not been checked
  return false;
}

bool ItemReader::Attributes(JsonCursor& cursor, Item* item) {
  if (!cursor.Take('{')) return false;
  is_as_expected_ = true;
  unforeseen_ = 0;
  if (cursor.TakeIf('}')) return true;
  do {
    std::string_view name;
    if (!Member(cursor, item, 0, 1, &name)) {
      return name.data() != nullptr && cursor.Relabel(fmt::format("attribute {}: ", Shown(name)));
    }
  } while (cursor.TakeIf(','));
  return cursor.Take('}');
}

bool ItemReader::Member(JsonCursor& cursor, Item* item, uint32_t parent, int depth,
                        std::string_view* name) {
  const uint32_t index = static_cast<uint32_t>(item->size_);
  ItemNode& node = item->AddNode();
  ++item->nodes_[parent].count;
  cursor.Peek();
  const bool can_be_expected = unforeseen_ == 0;
  const size_t place = can_be_expected ? place_++ : 0;
  if (is_as_expected_ && can_be_expected && place < expected_.size()) {
    const Beginning& expected = expected_[place];
    const char* at = expected.depth == depth ? cursor.TakeIfNext(expected.text()) : nullptr;
    if (at != nullptr) {
      const std::string_view own(at + 1, expected.name_size);
      *name = own;
      node.name = own;
      node.name_is_plain = true;
      return Content(cursor, item, index, expected.type, depth);
    }
  }
  is_as_expected_ = is_as_expected_ && !can_be_expected;
  const size_t begin = cursor.offset();
  JsonCursor::Text text;
  if (!cursor.String(&text, &scratch_) || !cursor.Take(':')) return false;
  *name = text.bytes;
  node.name = text.bytes;
  node.name_is_plain = text.is_plain;
  AttributeType type = AttributeType::kNull;
  if (!Tag(cursor, &type)) return false;
  if (can_be_expected) Expect(place, depth, cursor.Since(begin), text, type);
  return Content(cursor, item, index, type, depth);
}

void ItemReader::Expect(size_t place, int depth, std::string_view beginning,
                        const JsonCursor::Text& name, AttributeType type) {
  // What came after is another item's.
  if (place < expected_.size()) expected_.resize(place);
  if (place > expected_.size() || beginning.size() > Beginning::kSizeMax || !name.is_plain) return;
  Beginning& next = expected_.emplace_back();
  CopyBytes(beginning, next.bytes.data());
  next.size = static_cast<uint8_t>(beginning.size());
  next.name_size = static_cast<uint8_t>(name.bytes.size());
  next.depth = static_cast<uint8_t>(depth);
  next.type = type;
}

bool ItemReader::Add(std::string_view name, JsonCursor& value, Item* item) {
  uint32_t index = static_cast<uint32_t>(item->size_);
  item->AddNode().name = name;
  item->text_size_max_ += name.size() + value.left();
  ++item->nodes_[0].count;
  if (Value(value, item, index, 1) && (value.AtEnd() || value.Fail("text after the value")))
    return true;
  return value.Relabel(fmt::format("attribute {}: ", Shown(name)));
}

bool ItemReader::End(JsonCursor& cursor, Item* item) {
  item->nodes_[0].end = static_cast<uint32_t>(item->size_);
  if (is_file() && item->nodes_[0].count == 0) return cursor.Fail("an item without attributes");
  if (is_as_expected_) return true;
  // No reader of what is made of it would take such an item back, nor would DynamoDB.
  for (uint32_t i = 1; i < item->size_; i = item->nodes_[i].end) {
    if (item->nodes_[i].name.empty()) return cursor.Fail("an attribute with an empty name");
  }
  return !is_file() || CheckNames(cursor, *item, 0);
}

bool ItemReader::Tag(JsonCursor& cursor, AttributeType* type) {
  auto is_known = [&](std::string_view tag) {
    return ServerTag(tag, type) || (is_file() && FileTag(tag, type)) ||
           (is_lenient() && FileTag(AsciiLower(tag), type));
  };
  size_t tag_offset = cursor.offset() + 1;
  if (const char letter = cursor.TakeIfTagged()) {
    std::string_view tag(&letter, 1);
    return is_known(tag) || cursor.FailAt(tag_offset, fmt::format("unknown type {}", Shown(tag)));
  }
  if (!cursor.Take('{')) return false;
  if (cursor.Peek() == '}') return cursor.Fail("a value without a type");
  tag_offset = cursor.offset();
  JsonCursor::Text tag;
  if (!cursor.String(&tag, &scratch_)) return false;
  if (!is_known(tag.bytes))
    return cursor.FailAt(tag_offset, fmt::format("unknown type {}", Shown(tag.bytes)));
  return cursor.Take(':');
}

bool ItemReader::Value(JsonCursor& cursor, Item* item, uint32_t index, int depth) {
  AttributeType type = AttributeType::kNull;
  return Tag(cursor, &type) && Content(cursor, item, index, type, depth);
}

bool ItemReader::Content(JsonCursor& cursor, Item* item, uint32_t index, AttributeType type,
                         int depth) {
  item->nodes_[index].type = type;
  bool good = false;
  switch (type) {
    case AttributeType::kS:
    case AttributeType::kN:
    case AttributeType::kB:
      good = Scalar(cursor, item, index);
      break;
    case AttributeType::kSS:
      good = Set(cursor, item, index, AttributeType::kS);
      break;
    case AttributeType::kNS:
      good = Set(cursor, item, index, AttributeType::kN);
      break;
    case AttributeType::kBS:
      good = Set(cursor, item, index, AttributeType::kB);
      break;
    case AttributeType::kM:
      good = Members(cursor, item, index, depth);
      break;
    case AttributeType::kL:
      good = List(cursor, item, index, depth);
      break;
    case AttributeType::kBool:
      good = Bool(cursor, &item->nodes_[index]);
      item->nodes_[index].stored_size = 1;
      break;
    case AttributeType::kNull:
      good = cursor.Peek() == 't' ? cursor.TakeWord("true") : cursor.Fail("NULL must be true");
      item->nodes_[index].stored_size = 1;
      break;
  }
  if (!good) return false;
  if (cursor.Peek() == ',') return cursor.Fail("two types in one value");
  if (!cursor.Take('}')) return false;
  ItemNode& node = item->nodes_[index];
  node.end = static_cast<uint32_t>(item->size_);
  if (type == AttributeType::kM || type == AttributeType::kL)
    node.stored_size = kContainerSize + node.count;
  return true;
}

bool ItemReader::Bool(JsonCursor& cursor, ItemNode* node) {
  if (is_lenient() && cursor.Peek() == '"') {
    size_t offset = cursor.offset();
    JsonCursor::Text word;
    if (!cursor.String(&word, &scratch_)) return false;
    node->truth = word.bytes == "true";
    return node->truth || word.bytes == "false" ||
           cursor.FailAt(offset, "BOOL must be true or false");
  }
  node->truth = cursor.Peek() == 't';
  if (node->truth) return cursor.TakeWord("true");
  return cursor.Peek() == 'f' ? cursor.TakeWord("false")
                              : cursor.Fail("BOOL must be true or false");
}

std::string_view ItemReader::MendedBase64(std::string_view text) {
  std::string mended;
  mended.reserve(text.size() + 2);
  for (char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '=') continue;
    mended += c == '-' ? '+' : c == '_' ? '/' : c;
  }
  while (mended.size() % 4 != 0) mended += '=';
  if (!Base64DecodedSize(mended)) return text;
  // Scratch has room for each value once: text that was decoded is its end and makes way. The
  // padding, two bytes at most, has room where the quotes were.
  const bool in_scratch = text.data() + text.size() == scratch_;
  char* begin = in_scratch ? scratch_ - text.size() : scratch_;
  scratch_ = std::copy(mended.begin(), mended.end(), begin);
  return {begin, mended.size()};
}

bool ItemReader::Scalar(JsonCursor& cursor, Item* item, uint32_t index) {
  ItemNode& node = item->nodes_[index];
  JsonCursor::Text text;
  const bool is_string = cursor.Peek() == '"';
  size_t offset = cursor.offset();
  if (is_string) {
    if (!cursor.String(&text, &scratch_)) return false;
  } else if (is_lenient() && cursor.Peek() != '{' && cursor.Peek() != '[' && cursor.Peek() != 'n') {
    if (!cursor.Skip(&text.bytes)) return false;  // a number, true or false
  } else {
    return cursor.Fail(fmt::format("{} must be a JSON string", AttributeTypeName(node.type)));
  }
  node.text = text.bytes;
  node.text_is_plain = text.is_plain;
  node.end = index + 1;
  if (node.type == AttributeType::kN) {
    const size_t readable = text.is_plain ? node.text.size() + cursor.left() : 0;
    node.number_is_short = ParseShortDecimal(node.text, readable, &node.number);
    if (node.number_is_short) {
      node.stored_size = node.number.StoredSize();
    } else {
      std::optional<Decimal> number = ParseDecimal(node.text);
      if (!number) return cursor.FailAt(offset, fmt::format("not a number: {}", Shown(node.text)));
      if (is_file() && !number->FitsDynamoDb()) {
        return cursor.FailAt(offset,
                             fmt::format("{} is not a number that DynamoDB can hold (38 digits, "
                                         "1E-130 to 9.99E+125)",
                                         Shown(node.text)));
      }
      node.stored_size = number->StoredSize();
    }
    // Digits and signs only, however they were written in JSON.
    node.text_is_plain = true;
  } else if (node.type == AttributeType::kB) {
    // (A bare word has no quotes whose room its padding could take.)
    if (is_string && is_lenient() && !Base64DecodedSize(node.text))
      node.text = MendedBase64(node.text);
    std::optional<size_t> size = Base64DecodedSize(node.text);
    if (!size) {
      return cursor.FailAt(
          offset, fmt::format("not base64 (standard alphabet, padded): {}", Shown(node.text)));
    }
    node.stored_size = static_cast<uint32_t>(*size);
    node.text_is_plain = true;
  } else {
    node.stored_size = static_cast<uint32_t>(node.text.size());
  }
  return true;
}

bool ItemReader::Set(JsonCursor& cursor, Item* item, uint32_t index, AttributeType member) {
  if (!cursor.Take('[')) return false;
  if (!cursor.TakeIf(']')) {
    do {
      uint32_t at = static_cast<uint32_t>(item->size_);
      item->AddNode().type = member;
      ++item->nodes_[index].count;
      if (!Scalar(cursor, item, at)) return false;
    } while (cursor.TakeIf(','));
    if (!cursor.Take(']')) return false;
  }
  if (dialect_ == ItemDialect::kServer) return true;
  if (item->nodes_[index].count == 0) return cursor.Fail("a set must not be empty");
  item->nodes_[index].end = static_cast<uint32_t>(item->size_);
  return CheckMembers(cursor, *item, index);
}

bool ItemReader::List(JsonCursor& cursor, Item* item, uint32_t index, int depth) {
  if (depth > (is_file() ? kLevelsMax : kServerLevelsMax)) {
    return cursor.Fail("nested deeper than 32 levels");
  }
  if (!cursor.Take('[')) return false;
  if (cursor.TakeIf(']')) return true;
  ++unforeseen_;
  do {
    uint32_t at = static_cast<uint32_t>(item->size_);
    item->AddNode();
    ++item->nodes_[index].count;
    if (!Value(cursor, item, at, depth + 1)) return false;
  } while (cursor.TakeIf(','));
  --unforeseen_;
  return cursor.Take(']');
}

bool ItemReader::Members(JsonCursor& cursor, Item* item, uint32_t parent, int depth) {
  if (depth > (is_file() ? kLevelsMax : kServerLevelsMax)) {
    return cursor.Fail("nested deeper than 32 levels");
  }
  if (!cursor.Take('{')) return false;
  if (!cursor.TakeIf('}')) {
    do {
      std::string_view name;
      if (!Member(cursor, item, parent, depth + 1, &name)) return false;
    } while (cursor.TakeIf(','));
    if (!cursor.Take('}')) return false;
  }
  if (dialect_ == ItemDialect::kServer) return true;
  item->nodes_[parent].end = static_cast<uint32_t>(item->size_);
  return (is_as_expected_ && unforeseen_ == 0) || CheckNames(cursor, *item, parent);
}

bool ItemReader::CheckNames(JsonCursor& cursor, const Item& item, uint32_t parent) {
  const ItemNode& map = item.nodes_[parent];
  constexpr uint32_t kQuadraticMax = 24;  // below this, comparing pairs beats sorting
  sorted_.clear();
  uint64_t signs = 0;  // of all names so far: most pairs differ in theirs and need no comparing
  for (uint32_t i = parent + 1; i < map.end; i = item.nodes_[i].end) {
    std::string_view name = item.nodes_[i].name;
    if (name.size() > kNameSizeMax)
      return cursor.Fail("an attribute name is longer than 65,535 bytes");
    const uint64_t sign = SignOf(name);
    if (map.count <= kQuadraticMax && (signs & sign) != 0 &&
        std::find(sorted_.begin(), sorted_.end(), name) != sorted_.end()) {
      return cursor.Fail(fmt::format("attribute name {} occurs twice", Shown(name)));
    }
    signs |= sign;
    sorted_.push_back(name);
  }
  if (map.count <= kQuadraticMax) return true;
  std::sort(sorted_.begin(), sorted_.end());
  auto twice = std::adjacent_find(sorted_.begin(), sorted_.end());
  return twice == sorted_.end() ||
         cursor.Fail(fmt::format("attribute name {} occurs twice", Shown(*twice)));
}

bool ItemReader::CheckMembers(JsonCursor& cursor, const Item& item, uint32_t set) {
  const ItemNode& node = item.nodes_[set];
  if (node.type == AttributeType::kNS) {
    std::vector<Decimal> numbers;
    numbers.reserve(node.count);
    for (uint32_t i = set + 1; i < node.end; ++i)
      numbers.push_back(*ParseDecimal(item.nodes_[i].text));
    std::sort(numbers.begin(), numbers.end(), [](const Decimal& a, const Decimal& b) {
      return std::tuple(a.negative, a.exponent, a.text()) <
             std::tuple(b.negative, b.exponent, b.text());
    });
    auto twice = std::adjacent_find(numbers.begin(), numbers.end());
    return twice == numbers.end() || cursor.Fail("a number set has two members of equal value");
  }
  // Strict base64 is canonical: equal bytes have equal text.
  sorted_.clear();
  for (uint32_t i = set + 1; i < node.end; ++i) sorted_.push_back(item.nodes_[i].text);
  std::sort(sorted_.begin(), sorted_.end());
  auto twice = std::adjacent_find(sorted_.begin(), sorted_.end());
  return twice == sorted_.end() ||
         cursor.Fail(fmt::format("a set has the member {} twice", Shown(*twice)));
}

}  // namespace penstock
