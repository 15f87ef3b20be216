// Date patterns on any bytes: first line the pattern, the rest a text to parse with it.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "time/joda_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t line = input.find('\n');
  auto pattern = JodaPattern::Compile(input.substr(0, line));
  if (!pattern) return 0;
  (void)pattern->Format(*ParseDateTime("2011-05-24T17:10:00"));
  (void)pattern->Format(Instant(Duration(-62198755200000)));
  if (line == std::string_view::npos) return 0;
  if (auto instant = pattern->Parse(input.substr(line + 1))) (void)pattern->Format(*instant);
  return 0;
}
