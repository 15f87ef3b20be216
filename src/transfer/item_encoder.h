// ItemEncoder: items -> the text of one data file, in one of the formats. Pure.
#pragma once

#include <memory>

#include "base/result.h"
#include "transfer/file_format.h"
#include "transfer/item.h"
#include "transfer/line_buffer.h"

namespace penstock {

/// One for each file, one thread at a time.
class ItemEncoder {
 public:
  virtual ~ItemEncoder() = default;
  /// Appends what the item adds to the file; that may be nothing yet. kInvalidArgument: the format
  /// cannot hold it; then nothing was appended.
  virtual Status Append(const Item& item, LineBuffer* out) = 0;
  /// Appends what is still missing at the end.
  virtual Status Finish(LineBuffer* out) = 0;
};

std::unique_ptr<ItemEncoder> NewItemEncoder(const FileStyle& style);

}  // namespace penstock
