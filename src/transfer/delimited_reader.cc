#include "transfer/delimited_reader.h"

#include "base/encoding.h"
#include "base/text.h"
#include "transfer/json_string.h"

namespace penstock {
namespace {

constexpr size_t kColumnsMax = 10'000;

/// Cells of one record, from the first to the last.
class Cells {
 public:
  Cells(std::string_view record, char separator) : record_(record), separator_(separator) {}

  bool AtEnd() const { return ended_; }
  /// Where the next cell begins.
  size_t offset() const { return at_; }

  /// The next cell's text. False: it is not quoted as it must be; `*fault` says how, at offset().
  bool Next(std::string* text, bool* quoted, std::string* fault) {
    text->clear();
    *quoted = at_ < record_.size() && record_[at_] == '"';
    if (!*quoted) {
      size_t end = std::min(record_.find(separator_, at_), record_.size());
      std::string_view cell = record_.substr(at_, end - at_);
      if (size_t quote = cell.find('"'); quote != std::string_view::npos) {
        *fault = "a quote inside a cell that is not quoted";
        at_ += quote;
        return false;
      }
      text->assign(cell);
      return EndAt(end);
    }
    for (size_t from = at_ + 1;;) {
      size_t quote = record_.find('"', from);
      if (quote == std::string_view::npos) {
        *fault = "a quoted cell has no end; all to the end of the file was taken for it";
        return false;
      }
      text->append(record_.substr(from, quote - from));
      if (quote + 1 == record_.size() || record_[quote + 1] != '"') {
        if (quote + 1 != record_.size() && record_[quote + 1] != separator_) {
          *fault = "text after the closing quote of a cell";
          at_ = quote + 1;
          return false;
        }
        return EndAt(quote + 1);
      }
      text->push_back('"');
      from = quote + 2;
    }
  }

 private:
  bool EndAt(size_t end) {
    ended_ = end == record_.size();
    at_ = ended_ ? end : end + 1;
    return true;
  }

  const std::string_view record_;
  const char separator_;
  size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace

Result<std::vector<Column>> ParseColumns(std::string_view header, char separator,
                                         StrayColon stray) {
  std::vector<Column> columns;
  Cells cells(header, separator);
  while (!cells.AtEnd()) {
    std::string text, fault;
    bool quoted = false;
    if (!cells.Next(&text, &quoted, &fault))
      return InvalidArgument(fmt::format("column {}: {}", columns.size() + 1, fault));
    auto column = ParseColumn(text, stray);
    if (!column) {
      return InvalidArgument(
          fmt::format("column {}: {}", columns.size() + 1, column.error().message));
    }
    columns.push_back(*std::move(column));
    if (columns.size() > kColumnsMax)
      return InvalidArgument(fmt::format("more than {} columns", kColumnsMax));
  }
  std::vector<std::string> seen;
  for (const Column& column : columns) seen.push_back(ColumnText(column));
  std::sort(seen.begin(), seen.end());
  if (auto twice = std::adjacent_find(seen.begin(), seen.end()); twice != seen.end())
    return InvalidArgument(fmt::format("column {} occurs twice", *twice));
  return columns;
}

DelimitedReader::DelimitedReader(char separator) : separator_(separator) {}

LineKind DelimitedReader::Read(std::string_view record, Item* item) {
  if (!IsValidUtf8(record)) return Bad(0, "not valid UTF-8");
  if (NeedsHeader()) {
    auto columns = ParseColumns(record, separator_);
    if (!columns) return Bad(0, "the header: " + columns.error().message);
    columns_ = *std::move(columns);
    return LineKind::kHeader;
  }
  if (record.empty()) return LineKind::kBlank;

  json_.Clear();
  json_.Append('{');
  places_.clear();
  Cells cells(record, separator_);
  size_t count = 0;
  for (; !cells.AtEnd(); ++count) {
    size_t offset = cells.offset();
    std::string fault;
    bool quoted = false;
    if (!cells.Next(&cell_, &quoted, &fault)) return Bad(cells.offset(), std::move(fault));
    if (count >= columns_.size()) continue;
    const Column& column = columns_[count];
    bool absent = cell_.empty() && (!quoted || column.type != AttributeType::kS) &&
                  !(quoted && column.type == AttributeType::kB);
    if (absent) continue;
    places_.push_back({json_.size(), offset});
    if (json_.size() > 1) json_.Append(',');
    if (!quoted && cell_ == "\\N" && !column.is_rest()) {
      AppendJsonString(column.name, &json_);
      json_.Append(":{\"NULL\":true}");
    } else if (!AppendMember(column, cell_, offset)) {
      return LineKind::kBad;
    }
  }
  if (count != columns_.size()) {
    return Bad(0,
               fmt::format("the record has {} cells, the header has {}", count, columns_.size()));
  }
  json_.Append('}');

  JsonCursor cursor(json_.view());
  if (reader_.Read(cursor, item)) return CheckSize(*item);
  size_t column = 0;
  for (const Place& place : places_) {
    if (place.json <= cursor.offset()) column = place.record;
  }
  return Bad(column, cursor.error());
}

bool DelimitedReader::AppendMember(const Column& column, std::string_view cell, size_t offset) {
  auto bad = [&](std::string_view reason) {
    Bad(offset, fmt::format("column {}: {}", ColumnText(column), reason));
    return false;
  };
  if (!column.is_rest()) {
    AppendJsonString(column.name, &json_);
    json_.Append(":{\"");
    json_.Append(AttributeTypeName(column.type));
    json_.Append("\":");
  }
  switch (column.type) {
    case AttributeType::kS:
    case AttributeType::kN:
    case AttributeType::kB:
      AppendJsonString(cell, &json_);
      break;
    case AttributeType::kBool:
      if (!EqualsIgnoreCase(cell, "true") && !EqualsIgnoreCase(cell, "false"))
        return bad("must be true or false");
      json_.Append(AsciiLower(cell));
      break;
    case AttributeType::kNull:
      if (!EqualsIgnoreCase(cell, "true")) return bad("must be \\N or nothing");
      json_.Append("true");
      break;
    case AttributeType::kSS:
    case AttributeType::kNS:
    case AttributeType::kBS:
    case AttributeType::kL:
    case AttributeType::kM: {
      // One value and nothing else: what follows it would become part of the item.
      JsonCursor cursor(cell);
      std::string_view value;
      if (!cursor.Skip(&value) || !(cursor.AtEnd() || cursor.Fail("text after the value")))
        return bad("not JSON: " + cursor.error());
      if (column.is_rest()) {
        if (!value.starts_with('{') || value.size() < 2) return bad("must be an object");
        value = Trim(value.substr(1, value.size() - 2));
        if (value.empty()) json_.Truncate(json_.size() - (json_.view().ends_with(',') ? 1 : 0));
        json_.Append(value);
        return true;
      }
      json_.Append(value);
      break;
    }
  }
  json_.Append('}');
  return true;
}

}  // namespace penstock
