// Stored rows are bytes like any others: whatever they are, they decode to a record that encodes to
// the same row, or to an error.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "engine/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t split = input.find('\n');
  if (split == std::string_view::npos) return 0;
  const auto write =
      penstock::engine::DecodeRecord(input.substr(0, split), input.substr(split + 1));
  if (!write) return 0;
  const std::string key = penstock::engine::RecordKey(*write);
  const auto again =
      penstock::engine::DecodeRecord(key, penstock::engine::EncodeRecord(write->change));
  CHECK(again.has_value());
  CHECK(*again == *write);
  return 0;
}
