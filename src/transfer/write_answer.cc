#include "transfer/write_answer.h"

#include <algorithm>

#include "json/json.h"
#include "json/json_cursor.h"

namespace penstock {
namespace {

/// A member's name without its quotes, decoded where it has escapes or more than ASCII. False: it
/// is no JSON string.
bool DecodeName(std::string_view quoted, std::string* name) {
  auto is_plain = [](char c) { return c != '\\' && static_cast<signed char>(c) >= 0; };
  if (std::all_of(quoted.begin(), quoted.end(), is_plain)) {
    *name = quoted.substr(1, quoted.size() - 2);
    return true;
  }
  auto decoded = json::Parse(quoted);
  if (!decoded) return false;
  *name = decoded->get_string();
  return true;
}

bool IsNothing(std::string_view value) { return value == "{}" || value == "null"; }

/// One member, the cursor behind its colon.
bool ReadMember(JsonCursor& cursor, std::string_view name, WriteAnswer* answer) {
  cursor.Peek();
  const size_t begin = cursor.offset();
  std::string_view text;
  if (!cursor.Skip(&text, kWriteAnswerDepthMax)) return false;
  if (name == "UnprocessedItems") answer->unprocessed = IsNothing(text) ? "" : text;
  if (name == "ConsumedCapacity") answer->consumed = {};
  if (IsNothing(text)) return true;
  // The cursor saw to brackets and strings only.
  auto value = json::Parse(text, kWriteAnswerDepthMax);
  if (!value) return cursor.FailAt(begin, value.error().message);
  if (name == "ConsumedCapacity") answer->consumed = ReadConsumedCapacity(*value);
  return true;
}

}  // namespace

Result<WriteAnswer> ReadWriteAnswer(std::string_view body) {
  WriteAnswer answer;
  JsonCursor cursor(body);
  auto read = [&] {
    if (!cursor.Take('{')) return false;
    if (cursor.TakeIf('}')) return true;
    std::string name;
    do {
      if (cursor.Peek() != '"') return cursor.Fail("expected a member name");
      std::string_view quoted;
      if (!cursor.Skip(&quoted)) return false;
      if (!DecodeName(quoted, &name)) return cursor.Fail("the member's name is no JSON string");
      if (!cursor.Take(':') || !ReadMember(cursor, name, &answer)) return false;
    } while (cursor.TakeIf(','));
    return cursor.Take('}');
  };
  if (read() && (cursor.AtEnd() || cursor.Fail("text after the answer"))) return answer;
  return Corrupt(fmt::format("at byte {}: {}", cursor.offset(), cursor.error()));
}

}  // namespace penstock
