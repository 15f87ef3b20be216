#include "transfer/delimited_writer.h"

#include <algorithm>

#include "base/check.h"
#include "transfer/delimited_reader.h"

namespace penstock {
namespace {

constexpr size_t kPendingBytesMax = 4u << 20;
/// More than a spreadsheet or database takes; attributes beyond go to the rest.
constexpr size_t kColumnsFoundMax = 1000;
constexpr size_t kNoColumn = SIZE_MAX;

}  // namespace

DelimitedWriter::DelimitedWriter(const FileStyle& style)
    : separator_(style.format == FileFormat::kTsv ? '\t' : ','),
      sorted_(style.line.order == AttributeOrder::kSorted),
      columns_(style.columns),
      collecting_(style.columns.empty()) {}

Status DelimitedWriter::Append(const Item& item, LineBuffer* out) {
  if (collecting_) {
    CollectColumns(item);
    ItemWriter::AppendWire(item, &pending_);
    pending_.Append('\n');
    ++pending_items_;
    if (pending_.size() < kPendingBytesMax) return {};
    return WritePending(/*more=*/true, out);
  }
  if (by_name_.empty()) WriteHeader(out);
  return WriteRow(item, out);
}

Status DelimitedWriter::Finish(LineBuffer* out) {
  if (collecting_) return WritePending(/*more=*/false, out);
  if (by_name_.empty()) WriteHeader(out);
  return {};
}

Result<std::string> DelimitedWriter::Save(LineBuffer* out) {
  if (collecting_ && pending_items_ == 0) return std::string();
  if (collecting_) RETURN_IF_ERROR(WritePending(/*more=*/true, out));
  if (by_name_.empty()) WriteHeader(out);
  LineBuffer header;
  WriteHeader(&header);
  return std::string(header.view().substr(0, header.size() - 1));
}

Status DelimitedWriter::GoOn(std::string_view saved) {
  if (saved.empty()) return {};
  auto columns = ParseColumns(saved, separator_);
  if (!columns) return Corrupt("the saved header of a file: " + columns.error().message);
  columns_ = *std::move(columns);
  collecting_ = false;
  IndexColumns();
  return {};
}

void DelimitedWriter::CollectColumns(const Item& item) {
  for (uint32_t i = 1; i < item.root().end; i = item.node(i).end) {
    const ItemNode& node = item.node(i);
    if (FindColumn(node) != kNoColumn || columns_.size() >= kColumnsFoundMax) continue;
    by_name_.emplace(std::string(node.name), columns_.size());
    columns_.push_back({std::string(node.name), node.type});
  }
}

Status DelimitedWriter::WritePending(bool more, LineBuffer* out) {
  collecting_ = false;
  if (columns_.empty()) return {};  // no items: an empty file
  if (more || columns_.size() >= kColumnsFoundMax) columns_.push_back({"", AttributeType::kM});
  if (sorted_) {
    std::stable_sort(columns_.begin(), columns_.end(), [](const Column& a, const Column& b) {
      return std::pair(a.is_rest(), std::string_view(a.name)) <
             std::pair(b.is_rest(), std::string_view(b.name));
    });
  }
  WriteHeader(out);
  ItemReader reader(ItemDialect::kServer);
  Item item;
  std::string_view left = pending_.view();
  for (; pending_items_ > 0; --pending_items_) {
    std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(line.size() + 1);
    JsonCursor cursor(line);
    CHECK(reader.Read(cursor, &item), "an item does not come back: {}", cursor.error());
    RETURN_IF_ERROR(WriteRow(item, out));
  }
  pending_ = {};
  return {};
}

void DelimitedWriter::WriteHeader(LineBuffer* out) {
  IndexColumns();
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out->Append(separator_);
    WriteText(ColumnText(columns_[i]), out);
  }
  out->Append('\n');
}

void DelimitedWriter::IndexColumns() {
  by_name_.clear();
  for (size_t i = 0; i < columns_.size(); ++i) by_name_.emplace(columns_[i].name, i);
}

/// The column of the node's name and type; for a null any column of its name.
size_t DelimitedWriter::FindColumn(const ItemNode& node) const {
  auto [at, end] = by_name_.equal_range(std::string(node.name));
  for (; at != end; ++at) {
    if (columns_[at->second].type == node.type || node.type == AttributeType::kNull)
      return at->second;
  }
  return kNoColumn;
}

Status DelimitedWriter::WriteRow(const Item& item, LineBuffer* out) {
  cells_.assign(columns_.size(), nullptr);
  rest_.clear();
  for (uint32_t i = 1; i < item.root().end; i = item.node(i).end) {
    const ItemNode& node = item.node(i);
    size_t column = FindColumn(node);
    if (column == kNoColumn) {
      rest_.push_back(&node);
    } else {
      cells_[column] = &node;
    }
  }
  auto rest_column = std::find_if(columns_.begin(), columns_.end(),
                                  [](const Column& column) { return column.is_rest(); });
  if (!rest_.empty() && rest_column == columns_.end()) {
    return InvalidArgument(fmt::format(
        "an item has the attribute \"{}\" of type {}, for which there is no column; add {}, or :M "
        "for all attributes without a column",
        rest_[0]->name, AttributeTypeName(rest_[0]->type),
        ColumnText({std::string(rest_[0]->name), rest_[0]->type})));
  }
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) out->Append(separator_);
    if (!columns_[i].is_rest()) {
      WriteCell(item, cells_[i], out);
    } else if (!rest_.empty()) {
      scratch_.Clear();
      for (const ItemNode* node : rest_) {
        scratch_.Append(scratch_.empty() ? '{' : ',');
        ItemWriter::AppendWireMember(item, *node, &scratch_);
      }
      scratch_.Append('}');
      WriteText(scratch_.view(), out);
    }
  }
  out->Append('\n');
  return {};
}

void DelimitedWriter::WriteCell(const Item& item, const ItemNode* node, LineBuffer* out) {
  if (node == nullptr) return;
  switch (node->type) {
    case AttributeType::kS:
    case AttributeType::kN:
    case AttributeType::kB:
      WriteText(node->text, out);
      break;
    case AttributeType::kBool:
      out->Append(node->truth ? "true" : "false");
      break;
    case AttributeType::kNull:
      out->Append("\\N");
      break;
    case AttributeType::kSS:
    case AttributeType::kNS:
    case AttributeType::kBS:
    case AttributeType::kM:
    case AttributeType::kL: {
      // {"SS":[…]} without the type around it.
      scratch_.Clear();
      ItemWriter::AppendWireValue(item, *node, &scratch_);
      size_t tag = AttributeTypeName(node->type).size() + 4;
      WriteText(scratch_.view().substr(tag, scratch_.size() - tag - 1), out);
      break;
    }
  }
}

void DelimitedWriter::WriteText(std::string_view text, LineBuffer* out) {
  bool quoted = text.empty() || text == "\\N" || text.front() == ' ' || text.back() == ' ' ||
                text.find(separator_) != std::string_view::npos ||
                text.find_first_of("\"\r\n") != std::string_view::npos;
  if (!quoted) return out->Append(text);
  out->Append('"');
  while (true) {
    size_t quote = text.find('"');
    out->Append(text.substr(0, quote));
    if (quote == std::string_view::npos) break;
    out->Append("\"\"");
    text.remove_prefix(quote + 1);
  }
  out->Append('"');
}

}  // namespace penstock
