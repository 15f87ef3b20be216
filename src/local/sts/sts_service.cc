#include "local/sts/sts_service.h"

#include <fmt/core.h>

#include "aws/error_response.h"
#include "aws/query_protocol.h"
#include "aws/xml_writer.h"
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
  auto fail = [&](const ApiError& error) {
    responder->Respond(ErrorResponse(error, WireProtocol::kQuery, request));
  };
  if (!request.caller) {
    return fail({"MissingAuthenticationToken", "Request is missing Authentication Token", 403, {}});
  }
  Result<std::string> text = ReadAll(body, kBodySizeMax);
  if (!text) return fail({"MalformedInput", text.error().message, 400, {}});
  QueryParameters parameters(request.RawQuery(), *text);
  if (!parameters.IsUtf8())
    return fail({"ValidationError", "The parameters are not UTF-8", 400, {}});
  std::string action = parameters.Action();
  if (action.empty()) {
    return fail(
        {"MissingAction", "The request is missing an action or a required parameter.", 400, {}});
  }
  if (action != "GetCallerIdentity") return fail(Refusal(action));
  XmlWriter xml;
  xml.Open("GetCallerIdentityResponse", kNamespace);
  xml.Open("GetCallerIdentityResult");
  xml.Element("Arn", request.caller->user_arn);
  xml.Element("UserId", UserIdOf(*request.caller));
  xml.Element("Account", request.caller->account);
  xml.Close();
  xml.Open("ResponseMetadata");
  xml.Element("RequestId", request.request_id);
  xml.Close();
  xml.Close();
  responder->Respond(XmlResponse(WireProtocol::kQuery, 200, std::move(xml).Finish(), request));
}

}  // namespace penstock
