// DelimitedWriter: items -> a CSV (RFC 4180) or TSV file that keeps types and loses nothing.
//
//   pk:S,age:N,tags:SS,:M
//   ann,41,"[""a"",""b""]",
//   bob,,,"{""age"":{""S"":""unknown""}}"
//
// The header names each column and its type. Cells: strings, numbers and base64 as they are, true
// and false, sets, lists and maps as DynamoDB's JSON without the type around. Nothing between two
// separators is an absent attribute, "" an empty string, \N without quotes a null whatever the
// column's type. The column :M without name holds the attributes that have no column: those of
// another name, or of another type than the column of their name. Lines end in LF. TSV is the same
// with tabs. A cell is quoted when it is empty, or has a separator, quote or line end in it, or
// could be taken for \N, or begins or ends with a space.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "transfer/item_encoder.h"
#include "transfer/item_reader.h"

namespace penstock {

class DelimitedWriter : public ItemEncoder {
 public:
  /// With the style's columns, exactly these, and kInvalidArgument for an item that does not fit.
  /// Without, the columns of the first items, which wait until there are enough of them, and, if
  /// more items follow, :M.
  explicit DelimitedWriter(const FileStyle& style);

  Status Append(const Item& item, LineBuffer* out) override;
  Status Finish(LineBuffer* out) override;
  /// The header, so that a file that goes on elsewhere keeps its columns.
  Result<std::string> Save(LineBuffer* out) override;
  /// Before the first item: goes on after Save. kCorrupt: `saved` is not from there.
  Status GoOn(std::string_view saved);

 private:
  void CollectColumns(const Item& item);
  /// Settles the columns; `more`: items may follow.
  Status WritePending(bool more, LineBuffer* out);
  void WriteHeader(LineBuffer* out);
  void IndexColumns();
  Status WriteRow(const Item& item, LineBuffer* out);
  /// The cell of an attribute, or of no attribute if null.
  void WriteCell(const Item& item, const ItemNode* node, LineBuffer* out);
  void WriteText(std::string_view text, LineBuffer* out);
  size_t FindColumn(const ItemNode& node) const;

  const char separator_;
  const bool sorted_;
  std::vector<Column> columns_;
  bool collecting_;
  LineBuffer pending_;  // items in wire form, a line each, until the columns are known
  size_t pending_items_ = 0;
  std::unordered_multimap<std::string, size_t> by_name_;  // columns
  std::vector<const ItemNode*> cells_;                    // of the row being written
  std::vector<const ItemNode*> rest_;
  LineBuffer scratch_;
};

}  // namespace penstock
