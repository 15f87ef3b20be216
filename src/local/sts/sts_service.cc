#include "local/sts/sts_service.h"

#include <fmt/core.h>

#include "aws/query_service.h"
#include "base/digest.h"

namespace penstock {
namespace {

constexpr std::string_view kNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";
constexpr uint64_t kBodySizeMax = 64 << 10;

// The root user's id is its account's; others have one of their own, here drawn from their ARN.
std::string UserIdOf(const Caller& caller) {
  if (caller.user_arn.ends_with(":root")) return caller.account;
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  constexpr size_t kDigitsWanted = 17;
  std::string id = "AIDA";
  for (char byte : Sha256(caller.user_arn).substr(0, kDigitsWanted))
    id += kDigits[static_cast<unsigned char>(byte) % kDigits.size()];
  return id;
}

ApiError Refusal(std::string_view action) {
  if (action.empty()) {
    return {"MissingAction", "The request is missing an action or a required parameter.", 400, {}};
  }
  constexpr std::string_view kTokens[] = {"AssumeRole", "AssumeRoleWithSAML",
                                          "AssumeRoleWithWebIdentity", "GetFederationToken",
                                          "GetSessionToken"};
  for (std::string_view known : kTokens) {
    if (action != known) continue;
    return {"AccessDenied",
            fmt::format("{}: this server gives no temporary credentials; sign with a permanent key",
                        action),
            403,
            {}};
  }
  return {"InvalidAction",
          fmt::format("Could not find operation {} for version 2011-06-15", action),
          400,
          {}};
}

}  // namespace

void StsService::Serve(HttpRequest request, BodySource& body,
                       std::unique_ptr<Responder> responder) {
  if (!request.caller) return FailQuery(request, MissingAuthenticationToken(), *responder);
  ApiResult<QueryParameters> in = ReadQuery(request, body, kBodySizeMax, "ValidationError");
  if (!in) return FailQuery(request, in.error(), *responder);
  const std::string action = in->Action();
  if (action != "GetCallerIdentity") return FailQuery(request, Refusal(action), *responder);
  auto write = [&](XmlWriter& result) -> ApiResult<void> {
    result.Element("Arn", request.caller->user_arn);
    result.Element("UserId", UserIdOf(*request.caller));
    result.Element("Account", request.caller->account);
    return {};
  };
  AnswerQuery(request, {action, kNamespace}, write, *responder);
}

}  // namespace penstock
