// The list of a BatchWriteItem of local DynamoDB, read with and without a tree: the answers and
// what is stored are the same.
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/check.h"
#include "local/dynamodb/plain_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using penstock::dynamodb::BothWays;
  static auto both = std::make_unique<BothWays>();
  static int requests = 0;
  // A fresh one from time to time, so that a finding needs few inputs to repeat.
  if (++requests % 64 == 0) both = std::make_unique<BothWays>();
  CHECK(both->Agree({reinterpret_cast<const char*>(data), size}));
  return 0;
}
