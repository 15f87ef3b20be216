#include "transfer/line_reader.h"

#include "transfer/item_size.h"
#include "transfer/utf8_check.h"

namespace penstock {
namespace {

constexpr char kStx = '\x02';  // between attributes
constexpr char kEtx = '\x03';  // between name and value

bool IsBlank(std::string_view line) {
  for (char c : line) {
    if (c != ' ' && c != '\t') return false;
  }
  return true;
}

enum class NativeShape { kNo, kFull, kIncremental };

/// Whether the line is of DynamoDB's own export: {"Item":{"a":{…}…}} or with Metadata, Keys,
/// NewImage, OldImage.
NativeShape GuessNative(std::string_view line, char* scratch) {
  JsonCursor cursor(line);
  JsonCursor::Text name, first;
  if (!cursor.Take('{') || cursor.Peek() != '"' || !cursor.String(&name, &scratch) ||
      !cursor.TakeIf(':')) {
    return NativeShape::kNo;
  }
  bool incremental = name.bytes == "Keys" || name.bytes == "NewImage" || name.bytes == "OldImage" ||
                     name.bytes == "Metadata";
  if (name.bytes != "Item" && !incremental) return NativeShape::kNo;
  JsonCursor rest = cursor;
  if (!cursor.TakeIf('{')) return NativeShape::kNo;
  if (cursor.Peek() != '}') {
    if (cursor.Peek() != '"' || !cursor.String(&first, &scratch) || !cursor.TakeIf(':') ||
        cursor.Peek() != '{') {
      return NativeShape::kNo;
    }
  }
  if (incremental) return NativeShape::kIncremental;
  // With a second attribute beside it, "Item" is an attribute. A torn line is taken for what it
  // began as.
  std::string_view value;
  return rest.Skip(&value) && rest.Peek() == ',' ? NativeShape::kNo : NativeShape::kFull;
}

}  // namespace

LineKind LineReader::Bad(size_t column, std::string reason) {
  column_ = column;
  reason_ = std::move(reason);
  return LineKind::kBad;
}

LineKind LineReader::Read(std::string_view line, Item* item) {
  is_control_text_ = false;
  if (IsBlank(line)) return LineKind::kBlank;
  if (!IsUtf8(line)) return Bad(0, "not valid UTF-8");
  size_t first = line.find_first_not_of(" \t");
  if (line[first] == '{') return ReadJson(line, item);
  if (line.find(kEtx) != std::string_view::npos) return ReadControlText(line, item);
  return Bad(first, "neither a JSON object nor attributes in the control-character text format");
}

LineKind LineReader::ReadJson(std::string_view line, Item* item) {
  NativeShape native = NativeShape::kNo;
  if (shape_ == LineShape::kAny) {
    reader_.Begin(line.size(), item);
    native = GuessNative(line, reader_.scratch());
  }
  if (native == NativeShape::kIncremental) {
    return Bad(0, "a line of an incremental DynamoDB export, which cannot be imported yet");
  }
  JsonCursor cursor(line);
  bool good;
  if (native == NativeShape::kFull) {
    JsonCursor::Text name;
    char* scratch = reader_.scratch();
    good = cursor.Take('{') && cursor.String(&name, &scratch) && cursor.Take(':') &&
           reader_.Read(cursor, item) && cursor.Take('}');
  } else {
    good = reader_.Read(cursor, item);
  }
  if (good && !cursor.AtEnd()) good = cursor.Fail("text after the item");
  if (!good) return Bad(cursor.offset(), cursor.error());
  return CheckSize(*item);
}

LineKind LineReader::ReadControlText(std::string_view line, Item* item) {
  reader_.Begin(line.size(), item);
  size_t at = 0;
  while (at <= line.size()) {
    size_t end = std::min(line.find(kStx, at), line.size());
    std::string_view field = line.substr(at, end - at);
    size_t separator = field.find(kEtx);
    if (separator == std::string_view::npos) {
      return Bad(at, "an attribute without the separator 0x03 between name and value");
    }
    JsonCursor value(field.substr(separator + 1));
    if (!reader_.Add(field.substr(0, separator), value, item)) {
      return Bad(at + separator + 1 + value.offset(), value.error());
    }
    at = end + 1;
  }
  JsonCursor whole(line);
  if (!reader_.End(whole, item)) return Bad(0, whole.error());
  is_control_text_ = true;
  return CheckSize(*item);
}

LineKind LineReader::CheckSize(const Item& item) {
  uint64_t size = ItemSize(item);
  if (size > kItemSizeMax)
    return Bad(0, fmt::format("the item has {} bytes; DynamoDB takes {}", size, kItemSizeMax));
  return LineKind::kItem;
}

}  // namespace penstock
