// Requests of any shape to the local IAM and STS over a store in memory, one form body a line:
// every one is answered, with well-formed XML and never a failure of the server's.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aws/xml_reader.h"
#include "base/check.h"
#include "base/text.h"
#include "key_value/memory_key_value.h"
#include "local/iam/iam_service.h"
#include "local/sts/sts_service.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

constexpr size_t kLinesMax = 32;

class CheckAnswer : public Responder {
 public:
  void Respond(HttpResponse response) override {
    CHECK(response.status < 500, "{}", response.body);
    CHECK(response.body.starts_with('<'));
    CHECK(ParseXml(response.body).has_value(), "{}", response.body);
  }
  Status Begin(int, Headers, std::optional<uint64_t>) override { return {}; }
  Status Write(std::string_view) override { return {}; }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }
};

void Send(HttpService& service, std::string_view form) {
  HttpRequest request{.method = "POST", .target = "/", .request_id = "r"};
  request.caller = Caller{.account = "111111111111",
                          .access_key_id = "AKIA",
                          .user_arn = "arn:aws:iam::111111111111:root",
                          .region = "us-east-1",
                          .service = "iam"};
  StringSource body(form);
  service.Serve(std::move(request), body, std::make_unique<CheckAnswer>());
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  MemoryKeyValue store;
  SystemClock clock;
  SystemRandom random;
  iam::IamService iam(store, clock, random);
  StsService sts;
  size_t left = kLinesMax;
  for (std::string_view line : Split({reinterpret_cast<const char*>(data), size}, '\n')) {
    if (left-- == 0) break;
    Send(iam, line);
    Send(sts, line);
  }
  return 0;
}
