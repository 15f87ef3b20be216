#include "local/sts/sts_service.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

class KeepResponse : public Responder {
 public:
  explicit KeepResponse(HttpResponse& response) : response_(response) {}
  void Respond(HttpResponse response) override { response_ = std::move(response); }
  Status Begin(int, Headers, std::optional<uint64_t>) override { return {}; }
  Status Write(std::string_view) override { return {}; }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }

 private:
  HttpResponse& response_;
};

HttpResponse Call(std::string_view form, const std::string& user_arn) {
  HttpRequest request{.method = "POST", .target = "/", .request_id = "r-1"};
  request.caller = Caller{.account = "111111111111", .user_arn = user_arn, .service = "sts"};
  HttpResponse response;
  StringSource source(form);
  StsService().Serve(request, source, std::make_unique<KeepResponse>(response));
  return response;
}

TEST(StsService, SaysWhoCalls) {
  EXPECT_EQ(
      Call("Action=GetCallerIdentity&Version=2011-06-15", "arn:aws:iam::111111111111:root").body,
      "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
      "<GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:root</Arn>"
      "<UserId>111111111111</UserId><Account>111111111111</Account>"
      "</GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId>"
      "</ResponseMetadata></GetCallerIdentityResponse>");
  std::string user = Call("Action=GetCallerIdentity", "arn:aws:iam::111111111111:user/u").body;
  EXPECT_NE(user.find("<UserId>AIDA"), std::string::npos) << user;
  EXPECT_EQ(user, Call("Action=GetCallerIdentity", "arn:aws:iam::111111111111:user/u").body);
}

TEST(StsService, RefusesTheRest) {
  for (const char* form : {"", "Action=", "Action=Nothing", "Action=AssumeRole", "Action=%FF"}) {
    HttpResponse response = Call(form, "arn:aws:iam::111111111111:root");
    EXPECT_GE(response.status, 400) << form;
    EXPECT_NE(response.body.find("<ErrorResponse"), std::string::npos) << response.body;
    EXPECT_EQ(response.body.find('\xFF'), std::string::npos) << response.body;
  }
}

}  // namespace
}  // namespace penstock
