// ItemEncoder: items -> the text of one data file, in one of the formats. Pure.
#pragma once

#include <memory>
#include <optional>
#include <string>

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
  /// Appends all that was held back; more may follow, perhaps by an encoder made with the result,
  /// in another process.
  virtual Result<std::string> Save(LineBuffer* out) = 0;
};

/// `saved`: of an encoder that is to be gone on with. kCorrupt: it is none.
Result<std::unique_ptr<ItemEncoder>> NewItemEncoder(const FileStyle& style,
                                                    const std::optional<std::string>& saved = {});

}  // namespace penstock
