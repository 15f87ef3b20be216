#include "transfer/line_reader.h"

#include "base/encoding.h"
#include "transfer/gson_text.h"

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

LineReader::LineReader(LineShape shape, Leniency leniency)
    : shape_(shape),
      leniency_(leniency),
      reader_(leniency == Leniency::kGson ? ItemDialect::kLenientFile : ItemDialect::kFile) {}

LineKind LineReader::Read(std::string_view line, Item* item) {
  LineKind kind = ReadStrictly(line, item);
  if (kind != LineKind::kBad || leniency_ == Leniency::kStrict) return kind;
  // What is wrong may be something that Gson would have let pass; if not, the first reason stands.
  const std::string strict_reason = reason();
  const size_t strict_column = column();
  if (IsValidUtf8(line) && RewriteGsonText(line, &strict_)) {
    kind = ReadStrictly(strict_, item);
    if (kind != LineKind::kBad) return kind;
  }
  return Bad(strict_column, strict_reason);
}

LineKind LineReader::ReadStrictly(std::string_view line, Item* item) {
  if (IsBlank(line)) return LineKind::kBlank;
  if (!IsValidUtf8(line)) return Bad(0, "not valid UTF-8");
  size_t first = line.find_first_not_of(" \t");
  if (line[first] == '{') return ReadJson(line, item);
  bool may_be_control_text = shape_ == LineShape::kBare || shape_ == LineShape::kAny;
  if (may_be_control_text && line.find(kEtx) != std::string_view::npos)
    return ReadControlText(line, item);
  return Bad(first,
             may_be_control_text
                 ? "neither a JSON object nor attributes in the control-character text format"
                 : "not a JSON object");
}

LineKind LineReader::ReadJson(std::string_view line, Item* item) {
  JsonCursor cursor(line);
  switch (shape_) {
    case LineShape::kWrapped:
      return ReadWrapped(cursor, item);
    case LineShape::kChange:
      return ReadChange(cursor, item);
    case LineShape::kBare:
      break;
    case LineShape::kAny:
      reader_.Begin(line.size(), item);
      switch (GuessNative(line, reader_.scratch())) {
        case NativeShape::kFull:
          return ReadWrapped(cursor, item);
        case NativeShape::kIncremental:
          return Bad(0,
                     "a line of an incremental DynamoDB export, which can be read only by way of "
                     "its manifest: give the folder that has AWSDynamoDB/ in it");
        case NativeShape::kNo:
          break;
      }
      break;
  }
  bool good = reader_.Read(cursor, item);
  return Checked(good, cursor, *item);
}

LineKind LineReader::ReadWrapped(JsonCursor cursor, Item* item) {
  std::string_view name;
  bool good = cursor.Take('{');
  good = good && (cursor.Peek() == '"' || cursor.Fail("expected the member \"Item\"")) &&
         cursor.Skip(&name) &&
         (name == "\"Item\"" ||
          cursor.Fail(fmt::format("expected the member \"Item\", found {}", name.substr(0, 60)))) &&
         cursor.Take(':') && reader_.Read(cursor, item) && cursor.Take('}');
  return Checked(good, cursor, *item);
}

LineKind LineReader::ReadChange(JsonCursor cursor, Item* item) {
  std::optional<JsonCursor> keys, new_image;
  auto members = [&] {
    if (!cursor.Take('{')) return false;
    do {
      std::string_view name, value;
      if (cursor.Peek() != '"') return cursor.Fail("expected a member name");
      if (!cursor.Skip(&name) || !cursor.Take(':')) return false;
      JsonCursor at = cursor;
      if (!cursor.Skip(&value)) return false;
      if (name == "\"Keys\"") keys = at;
      if (name == "\"NewImage\"" && value != "null") new_image = at;
    } while (cursor.TakeIf(','));
    return cursor.Take('}') &&
           (keys.has_value() || cursor.Fail("a change without the member \"Keys\"")) &&
           (cursor.AtEnd() || cursor.Fail("text after the change"));
  };
  if (!members()) return Bad(cursor.offset(), cursor.error());
  JsonCursor image = new_image.value_or(*keys);
  if (!reader_.Read(image, item)) return Bad(image.offset(), image.error());
  LineKind kind = CheckSize(*item);
  return kind == LineKind::kItem && !new_image ? LineKind::kDelete : kind;
}

LineKind LineReader::Checked(bool good, JsonCursor& cursor, const Item& item) {
  good = good && (cursor.AtEnd() || cursor.Fail("text after the item"));
  return good ? CheckSize(item) : Bad(cursor.offset(), cursor.error());
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
  return CheckSize(*item);
}

}  // namespace penstock
