// Requests from anybody: the parser must not crash, must take no more than it was given, and must
// understand the same whether the bytes come at once or in pieces.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/request_parser.h"

namespace {

struct Outcome {
  bool head_done = false, done = false;
  int fault = 0;
  std::string method, target, body;
  penstock::Headers headers, trailers;
  bool operator==(const Outcome&) const = default;
};

Outcome Parse(std::string_view bytes, size_t step) {
  penstock::RequestParser parser({.line_bytes_max = 256, .head_bytes_max = 1024});
  Outcome outcome;
  size_t taken = 0;
  for (size_t end = 0; end < bytes.size() && !parser.done() && outcome.fault == 0;) {
    end += std::min(step, bytes.size() - end);
    bool go_on = true;
    while (go_on && !parser.done()) {
      bool had_head = parser.head_done();
      auto count = parser.Feed(bytes.substr(taken, end - taken), outcome.body);
      if (!count) {
        outcome.fault = count.error().status;
        break;
      }
      CHECK(*count <= end - taken);
      taken += *count;
      go_on = !had_head && parser.head_done();
    }
  }
  outcome.head_done = outcome.fault == 0 && parser.head_done();
  outcome.done = outcome.fault == 0 && parser.done();
  if (outcome.head_done) {
    outcome.method = parser.head().method;
    outcome.target = parser.head().target;
    outcome.headers = parser.head().headers;
  }
  if (outcome.done) outcome.trailers = parser.trailers();
  if (outcome.fault != 0) outcome.body.clear();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Outcome whole = Parse(bytes, SIZE_MAX);
  Outcome pieces = Parse(bytes, 1 + size % 5);
  // An error later in the input may hide behind an earlier one, so only good requests must agree.
  if (whole.done) CHECK(whole == pieces);
  return 0;
}
