// Periods on any bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "time/period.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  auto period = ParsePeriod({reinterpret_cast<const char*>(data), size});
  if (!period) return 0;
  CHECK(*ParsePeriod(FormatPeriod(*period)) == *period);
  Instant start = *ParseDateTime("2011-01-31T00:00:00");
  Instant at = Plus(start, *period, static_cast<int64_t>(size) * 7919);
  int64_t index = IndexOf(start, *period, at);
  CHECK(Plus(start, *period, index) <= at);
  (void)NominalLength(*period);
  return 0;
}
