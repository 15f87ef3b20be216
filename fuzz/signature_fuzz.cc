// Signatures as a stranger may send them. Input: a method line, a target line, header lines "Name:
// value".
#include "aws/signature_check.h"
#include "base/check.h"
#include "base/text.h"
#include "gateway/request_route.h"
#include "gateway/signature_error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  HttpRequest request;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t line_number = 0;
  for (std::string_view line : Split(text, '\n')) {
    if (line_number == 0) request.method = line;
    if (line_number == 1) request.target = line;
    if (line_number++ < 2) continue;
    size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      request.headers.Add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
    }
  }
  Instant now = *ParseAmzDate("20240501T120000Z");
  Route route = RouteOf(request);
  SignatureErrorContext context{route.service, route.protocol, request, now};
  auto claim = ParseSignature(request);
  if (!claim) {
    CHECK(ErrorResponse(SignatureError(context, claim.error(), nullptr), route.protocol, request)
              .status >= 400);
    return 0;
  }
  if (auto fits = CheckTime(*claim, now); !fits) {
    CHECK(!SignatureError(context, fits.error(), &*claim).type.empty());
  }
  static SigningKeyCache keys;
  auto right =
      CheckSignature(*claim, request, {"UNSIGNED-PAYLOAD", request.target}, "no such secret", keys);
  // Forging one by chance is beyond any fuzzer.
  CHECK(!right);
  CHECK(ErrorResponse(SignatureError(context, right.error(), &*claim), route.protocol, request)
            .status >= 400);
  UncoveredHeaders(*claim, request.headers);
  return 0;
}
