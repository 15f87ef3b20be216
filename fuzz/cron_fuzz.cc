// Cron expressions on any bytes: first line the zone, then the expression.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "time/calendar.h"
#include "time/cron_clock.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(input.find('\n'), size);
  const auto expression = CronExpression::Parse(input.substr(std::min(line + 1, size)));
  if (!expression) {
    CHECK(!expression.error().message.empty());
    return 0;
  }
  const auto zone = Zone::Find(input.substr(0, line));
  const CronClock clock(*expression, zone ? *zone : Zone());
  for (std::string_view start : {"-9999-01-01T00:00:00", "1911-03-10T23:50:39",
                                 "2024-03-30T12:00:00", "2036-12-31T23:59:59"}) {
    const Instant from = ParseDateTime(start).value_or(InstantMin());
    Instant at = clock.AtOrAfter(from);
    CHECK(at >= from);
    for (int64_t k = 0; k < 20 && at < InstantMax(); ++k) {
      CHECK(clock.Advance(from, k) == at);
      CHECK(clock.Count(from, at) == k);
      const Instant next = clock.Next(at);
      CHECK(next > at);
      at = next;
    }
  }
  return 0;
}
