// Answers to writes, read in one pass: as they would be read by way of a tree, or refused as there.
#include <string_view>

#include "base/check.h"
#include "json/json.h"
#include "transfer/write_answer.h"

namespace penstock {
namespace {

/// Whether nothing is left to be written, or what is left is the same.
void CheckUnprocessed(std::string_view text, const json::Value* value) {
  if (!text.empty()) {
    auto parsed = json::Parse(text, kWriteAnswerDepthMax);
    CHECK(parsed.has_value() && value != nullptr && *parsed == *value, "{}", text);
    return;
  }
  const bool is_empty = value != nullptr && value->is_object() && value->get_object().empty();
  CHECK(value == nullptr || value->is_null() || is_empty, "{}", json::Write(*value));
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto answer = ReadWriteAnswer(text);
  auto tree = json::ParseObject(text, kWriteAnswerDepthMax + 1);
  if (!answer) {
    CHECK(answer.error().code == ErrorCode::kCorrupt);
    CHECK(!tree, "{}", answer.error().message);
    return 0;
  }
  CHECK(tree.has_value(), "{}", tree.error().message);
  CheckUnprocessed(answer->unprocessed, json::Find(*tree, "UnprocessedItems"));
  const json::Value* consumed = json::Find(*tree, "ConsumedCapacity");
  CHECK(answer->consumed ==
        (consumed != nullptr ? ReadConsumedCapacity(*consumed) : ConsumedCapacity()));
  return 0;
}
