// The words that an expression may name only through a placeholder.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
#pragma once

#include <string_view>

namespace penstock::dynamodb {

/// Letter case does not matter.
bool IsReservedWord(std::string_view word);

}  // namespace penstock::dynamodb
