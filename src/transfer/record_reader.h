// RecordReader: one record of a data file, a line or what CSV has for one, -> Item. Pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "transfer/file_format.h"
#include "transfer/item.h"

namespace penstock {

enum class LineKind {
  kItem,
  kDelete,  // of an incremental export: `item` is the key of what is gone
  kBlank,
  kHeader,  // says how the others are to be read
  kBad,
};

/// One for each file, one thread at a time.
class RecordReader {
 public:
  virtual ~RecordReader() = default;

  /// kItem: `item` is read, its views borrow from `record` and the reader until the next call, and
  /// no limit of DynamoDB is broken but perhaps the table's key. kBad: reason() and column() say
  /// why and where.
  virtual LineKind Read(std::string_view record, Item* item) = 0;

  const std::string& reason() const { return reason_; }
  /// Bytes of the record before the fault.
  size_t column() const { return column_; }
  /// Without this record the file's others have no meaning.
  virtual bool NeedsHeader() const { return false; }

 protected:
  LineKind Bad(size_t column, std::string reason) {
    column_ = column;
    reason_ = std::move(reason);
    return LineKind::kBad;
  }
  /// kItem, or kBad if the item is too large for a table.
  LineKind CheckSize(const Item& item);

 private:
  std::string reason_;
  size_t column_ = 0;
};

}  // namespace penstock
