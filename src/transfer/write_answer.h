// WriteAnswer: the answer to one BatchWriteItem or PutItem request, read in one pass. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "transfer/scan_page.h"

namespace penstock {

struct WriteAnswer {
  std::string_view unprocessed;  // JSON text of UnprocessedItems; empty: nothing is left
  ConsumedCapacity consumed;
};

/// kCorrupt: it is no JSON object. Views of `body`.
Result<WriteAnswer> ReadWriteAnswer(std::string_view body);

}  // namespace penstock
