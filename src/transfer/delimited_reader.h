// DelimitedReader: records of a CSV or TSV file (delimited_writer.h has the format) -> items. Files
// of other programs are read too: a column without a type is of type S, unless a cell says \N;
// lines may end in CRLF; true and false in any case. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "transfer/item_reader.h"
#include "transfer/line_buffer.h"
#include "transfer/record_reader.h"

namespace penstock {

class DelimitedReader : public RecordReader {
 public:
  explicit DelimitedReader(char separator);

  /// The first record is the header.
  LineKind Read(std::string_view record, Item* item) override;
  bool NeedsHeader() const override { return columns_.empty(); }
  const std::vector<Column>& columns() const { return columns_; }

 private:
  /// Appends a cell as a member of the item's JSON. False: then Bad has been said.
  bool AppendMember(const Column& column, std::string_view cell, size_t offset);

  const char separator_;
  std::vector<Column> columns_;
  ItemReader reader_{ItemDialect::kFile};
  std::string cell_;  // without its quotes
  LineBuffer json_;   // the record as an item in JSON
  struct Place {
    size_t json, record;
  };
  std::vector<Place> places_;  // where in both a cell begins
};

/// A header record: "pk:S,age:N,:M". kInvalidArgument names the column that is wrong.
Result<std::vector<Column>> ParseColumns(std::string_view header, char separator,
                                         StrayColon stray = StrayColon::kInName);

}  // namespace penstock
