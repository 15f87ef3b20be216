// WriteAnswer: the answer to one BatchWriteItem or PutItem request, read in one pass. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "transfer/scan_page.h"

namespace penstock {

/// Levels of brackets below the answer's own: more than any item has.
constexpr int kWriteAnswerDepthMax = 200;

struct WriteAnswer {
  std::string_view unprocessed;  // JSON text of UnprocessedItems; empty: nothing is left
  ConsumedCapacity consumed;
};

/// kCorrupt: it is no JSON object, be it only in a part that nobody asks for: what is garbled may
/// have said that items are left. Of a member that is there twice the last counts. Views of `body`.
Result<WriteAnswer> ReadWriteAnswer(std::string_view body);

}  // namespace penstock
