// Requests of any shape to an S3 service over memory: always exactly one answer, never a crash,
// never a file that nothing names.
//
// The input is a few requests, one after the other, each: a line with method and target, lines of
// header fields, an empty line, the body up to a line of "--".
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "key_value/memory_key_value.h"
#include "local/s3/memory_files_for_test.h"
#include "local/s3/s3_client_for_test.h"
#include "local/s3/s3_service.h"

namespace penstock {
namespace {

constexpr size_t kRequestsMax = 32;

class FixedClock final : public Clock {
 public:
  Instant Now() override { return Instant(Duration(1'700'000'000'000)); }
  std::chrono::nanoseconds Monotonic() override { return {}; }
  void Sleep(Duration) override {}
};

// Upload ids must be guessable by the fuzzer.
class ZeroRandom final : public Random {
 public:
  uint64_t Next() override { return 0; }
};

void SendOne(S3TestClient& client, std::string_view text) {
  size_t end = text.find("\n\n");
  std::string_view head = text.substr(0, end);
  std::string_view body = end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
  std::vector<std::string_view> lines = Split(head, '\n');
  size_t space = lines[0].find(' ');
  std::string method(lines[0].substr(0, space));
  std::string target(space == std::string_view::npos ? "/" : lines[0].substr(space + 1));
  Headers headers;
  for (size_t i = 1; i < lines.size(); ++i) {
    size_t colon = lines[i].find(':');
    if (colon == std::string_view::npos) continue;
    headers.Add(std::string(lines[i].substr(0, colon)),
                std::string(Trim(lines[i].substr(colon + 1))));
  }
  CapturedResponse captured =
      client.Send(std::move(method), std::move(target), body, std::move(headers));
  CHECK(captured.answered);
  CHECK(captured.response.status >= 200 && captured.response.status <= 599);
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  static const bool quiet = (ConfigureLog(LogLevel::kOff, LogFormat::kText), true);
  (void)quiet;
  MemoryFiles files;
  MemoryKeyValue index;
  FixedClock clock;
  ZeroRandom random;
  auto service = S3Service::Open(
      {.folder = "/d", .files = &files, .index = &index, .clock = &clock, .random = &random});
  CHECK(service.has_value());
  S3TestClient client(service->get());
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (size_t i = 0; i < kRequestsMax && !text.empty(); ++i) {
    constexpr std::string_view kSeparator = "\n--\n";
    size_t end = text.find(kSeparator);
    SendOne(client, text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + kSeparator.size());
  }
  // A fresh start finds nothing to sweep: what is on the disk is what the index names.
  const size_t files_before = files.Paths().size();
  service->reset();
  CHECK(S3Service::Open(
            {.folder = "/d", .files = &files, .index = &index, .clock = &clock, .random = &random})
            .has_value());
  CHECK(files.Paths().size() == files_before);
  return 0;
}
