#include "transfer/write_answer.h"

#include "json/json_cursor.h"

namespace penstock {

Result<WriteAnswer> ReadWriteAnswer(std::string_view body) {
  WriteAnswer answer;
  JsonCursor cursor(body);
  auto read = [&] {
    if (!cursor.Take('{')) return false;
    if (cursor.TakeIf('}')) return true;
    do {
      std::string_view name, value;
      if (cursor.Peek() != '"') return cursor.Fail("expected a member name");
      if (!cursor.Skip(&name) || !cursor.Take(':') || !cursor.Skip(&value)) return false;
      if (name == "\"UnprocessedItems\"" && value != "null" && value != "{}")
        answer.unprocessed = value;
      if (name == "\"ConsumedCapacity\"") answer.consumed = ReadConsumedCapacity(value);
    } while (cursor.TakeIf(','));
    return cursor.Take('}');
  };
  if (read() && (cursor.AtEnd() || cursor.Fail("text after the answer"))) return answer;
  return Corrupt(fmt::format("at byte {}: {}", cursor.offset(), cursor.error()));
}

}  // namespace penstock
