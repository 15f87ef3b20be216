#include "local/dynamodb/plain_item.h"

#include <algorithm>
#include <functional>

#include "base/encoding.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/number.h"
#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {

namespace {

/// Of a map with more names, finding one that occurs twice wants a better way than this one.
constexpr size_t kNamesMax = 64;

uint64_t SignOf(std::string_view name) {
  return uint64_t{1} << (std::hash<std::string_view>{}(name) % 64);
}

bool IsKey(const KeyLayout& layout, std::string_view name) {
  for (const KeyAttribute& part : layout.parts) {
    if (part.name == name) return true;
  }
  return false;
}

std::optional<AttributeType> TakeType(JsonCursor& cursor, PlainItemReader& reader) {
  if (const char letter = cursor.TakeIfTagged()) return TypeFromName({&letter, 1});
  if (!cursor.Take('{')) return std::nullopt;
  auto name = reader.String(cursor);
  if (!name || !cursor.Take(':')) return std::nullopt;
  return TypeFromName(*name);
}

}  // namespace

std::optional<PlainItem> PlainItemReader::Read(JsonCursor& cursor,
                                               const TableDefinition& definition) {
  json_.clear();
  names_.clear();
  key_.clear();
  ItemSizes sizes;
  if (!definition.indexes.empty() || !Attributes(cursor, definition.layout, &sizes) ||
      sizes.billed() > kItemSizeMax) {
    return std::nullopt;
  }
  auto key = KeyOfItem(key_, definition);
  if (!key) return std::nullopt;
  return PlainItem{std::move(*key), EncodeStoredJson(json_, sizes)};
}

std::optional<std::string_view> PlainItemReader::String(JsonCursor& cursor) {
  JsonCursor::Text text;
  if (!cursor.String(&text, &scratch_)) return std::nullopt;
  return text.bytes;
}

bool PlainItemReader::Attributes(JsonCursor& cursor, const KeyLayout& layout, ItemSizes* sizes) {
  Names names{.first = names_.size()};
  if (!cursor.Take('{')) return false;
  char separator = '{';
  do {
    json_.push_back(separator);
    separator = ',';
    std::string_view name;
    AttributeType type;
    ValueSizes value;
    if (!Name(cursor, &names, &name) || name.empty() || !Value(cursor, 0, &type, &value))
      return false;
    sizes->Add(name.size(), value, layout.has_range && name == layout.range_name());
    if (IsKey(layout, name)) {
      AttributeValue& part = key_.emplace_back(Attribute{std::string(name), {}}).value;
      part.type = type;
      if (type == AttributeType::kBinary) {
        part.data = Base64Decode(scalar_).value_or("");
      } else if (type == AttributeType::kString || type == AttributeType::kNumber) {
        part.data = std::string(scalar_);
      }
    }
  } while (cursor.TakeIf(','));
  json_.push_back('}');
  return cursor.Take('}');
}

bool PlainItemReader::Name(JsonCursor& cursor, Names* names, std::string_view* name) {
  JsonCursor::Text text;
  if (!cursor.String(&text, &scratch_) || !cursor.Take(':')) return false;
  *name = text.bytes;
  const uint64_t sign = SignOf(*name);
  const auto first = names_.begin() + static_cast<ptrdiff_t>(names->first);
  if (names_.size() - names->first == kNamesMax) return false;
  if ((names->signs & sign) != 0 && std::find(first, names_.end(), *name) != names_.end())
    return false;
  names->signs |= sign;
  names_.push_back(*name);
  WriteString(text);
  json_.push_back(':');
  return true;
}

bool PlainItemReader::Value(JsonCursor& cursor, int level, AttributeType* type, ValueSizes* sizes) {
  auto found = TakeType(cursor, *this);
  if (!found) return false;
  *type = *found;
  json_ += "{\"";
  json_ += TypeName(*type);
  json_ += "\":";
  if (!Content(cursor, level, *type, sizes)) return false;
  json_.push_back('}');
  return cursor.Take('}');
}

bool PlainItemReader::Content(JsonCursor& cursor, int level, AttributeType type,
                              ValueSizes* sizes) {
  switch (type) {
    case AttributeType::kString:
    case AttributeType::kNumber:
    case AttributeType::kBinary:
      return Scalar(cursor, type, sizes);
    case AttributeType::kBoolean: {
      const std::string_view word = cursor.Peek() == 't' ? "true" : "false";
      json_ += word;
      *sizes = ValueSizes::OfBoolean();
      return cursor.TakeWord(word);
    }
    case AttributeType::kNull:
      json_ += "true";
      *sizes = ValueSizes::OfNull();
      return cursor.TakeWord("true");
    case AttributeType::kStringSet:
      return Set(cursor, AttributeType::kString, sizes);
    case AttributeType::kNumberSet:
      return Set(cursor, AttributeType::kNumber, sizes);
    case AttributeType::kBinarySet:
      return Set(cursor, AttributeType::kBinary, sizes);
    case AttributeType::kList:
      return List(cursor, level, sizes);
    case AttributeType::kMap:
      return Map(cursor, level, sizes);
  }
  return false;
}

bool PlainItemReader::Scalar(JsonCursor& cursor, AttributeType type, ValueSizes* sizes) {
  JsonCursor::Text text;
  if (!cursor.String(&text, &scratch_)) return false;
  scalar_ = text.bytes;
  if (type == AttributeType::kString) {
    *sizes = ValueSizes::OfString(scalar_.size());
    WriteString(text);
    return true;
  }
  if (type == AttributeType::kBinary) {
    auto size = Base64DecodedSize(scalar_);
    if (!size) return false;
    *sizes = ValueSizes::OfBinary(*size);
  } else if (auto size = Number::StoredSizeOfNormal(scalar_)) {
    *sizes = ValueSizes::OfNumber(*size);
  } else {
    auto number = Number::Parse(scalar_);
    if (!number) return false;
    number_ = number->ToString();
    scalar_ = number_;
    *sizes = ValueSizes::OfNumber(number->StoredSize());
  }
  // Nothing in a number or in base64 wants an escape.
  json_.push_back('"');
  json_ += scalar_;
  json_.push_back('"');
  return true;
}

bool PlainItemReader::Set(JsonCursor& cursor, AttributeType member, ValueSizes* sizes) {
  if (!cursor.Take('[')) return false;
  members_.clear();
  size_t bytes = 0;
  char separator = '[';
  do {
    json_.push_back(separator);
    separator = ',';
    const size_t begin = json_.size();
    ValueSizes size;
    if (!Scalar(cursor, member, &size)) return false;
    bytes += size.billed;
    members_.emplace_back(begin, json_.size() - begin);
  } while (cursor.TakeIf(','));
  json_.push_back(']');
  *sizes = ValueSizes::OfSet(bytes, members_.size());
  // Equal members have equal texts by now.
  auto text = [this](const std::pair<size_t, size_t>& place) {
    return std::string_view(json_).substr(place.first, place.second);
  };
  std::ranges::sort(members_, {}, text);
  return std::ranges::adjacent_find(members_, {}, text) == members_.end() && cursor.Take(']');
}

bool PlainItemReader::List(JsonCursor& cursor, int level, ValueSizes* sizes) {
  if (level >= kNestingMax || !cursor.Take('[')) return false;
  *sizes = ValueSizes::OfContainer();
  json_.push_back('[');
  if (!cursor.TakeIf(']')) {
    do {
      if (json_.back() != '[') json_.push_back(',');
      AttributeType type;
      ValueSizes element;
      if (!Value(cursor, level + 1, &type, &element)) return false;
      sizes->AddElement(element);
    } while (cursor.TakeIf(','));
    if (!cursor.Take(']')) return false;
  }
  json_.push_back(']');
  return true;
}

bool PlainItemReader::Map(JsonCursor& cursor, int level, ValueSizes* sizes) {
  if (level >= kNestingMax || !cursor.Take('{')) return false;
  *sizes = ValueSizes::OfContainer();
  Names names{.first = names_.size()};
  json_.push_back('{');
  if (!cursor.TakeIf('}')) {
    do {
      if (json_.back() != '{') json_.push_back(',');
      std::string_view name;
      AttributeType type;
      ValueSizes member;
      if (!Name(cursor, &names, &name) || !Value(cursor, level + 1, &type, &member)) return false;
      sizes->AddMember(name.size(), member);
    } while (cursor.TakeIf(','));
    if (!cursor.Take('}')) return false;
  }
  json_.push_back('}');
  names_.resize(names.first);
  return true;
}

void PlainItemReader::WriteString(const JsonCursor::Text& text) {
  if (!text.is_plain) return AppendJsonString(text.bytes, json_);
  json_.push_back('"');
  json_ += text.bytes;
  json_.push_back('"');
}

}  // namespace penstock::dynamodb
