#include "activities/sns_alarm.h"

#include <gmock/gmock.h>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using ::testing::HasSubstr;

// Answers one request after the other and keeps what was asked.
class FakeSns : public HttpClient {
 public:
  using HttpClient::Send;
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink*,
                            std::stop_token) override {
    body = source == nullptr ? request.body : *ReadAll(*source, 1 << 20);
    url = request.url;
    return HttpResponse{.status = status, .headers = {}, .body = answer};
  }
  int status = 200;
  std::string answer, body, url;
};

class SnsAlarmTest : public WorldTest {
 protected:
  Status Publish(const SnsMessage& message) {
    return PublishAlarm(message, {&sns_, &clock_, &random_}, aws_, {});
  }
  std::string Sent(const std::string& name) {
    for (const auto& [key, value] : ParseQuery(sns_.body)) {
      if (key == name) return value;
    }
    return "(none)";
  }
  FakeSns sns_;
  const SnsMessage message_{.topic_arn = "arn:aws:sns:eu-west-1:111111111111:Alarms",
                            .subject = "late\n\xC3\xA4",
                            .text = "100 % & more\n",
                            .key = "@A_2026_onFail=Alarm"};
};

TEST_F(SnsAlarmTest, ACallOfPublishWithItsKey) {
  ASSERT_TRUE(Publish(message_));
  EXPECT_EQ(sns_.url, "http://sns.test/");
  EXPECT_EQ(Sent("Action"), "Publish");
  EXPECT_EQ(Sent("TopicArn"), message_.topic_arn);
  EXPECT_EQ(Sent("Subject"), "late");  // what SNS refuses is left out
  EXPECT_EQ(Sent("Message"), message_.text);
  EXPECT_EQ(Sent("MessageAttributes.entry.1.Name"), "penstock-key");
  EXPECT_EQ(Sent("MessageAttributes.entry.1.Value.StringValue"), message_.key);
}

TEST_F(SnsAlarmTest, LongTextsAreCutBetweenCharacters) {
  SnsMessage message = message_;
  message.subject = std::string(300, 's');
  message.text.clear();
  for (int i = 0; i < 100'000; ++i) message.text += "\xE2\x82\xAC";  // three bytes each
  ASSERT_TRUE(Publish(message));
  EXPECT_EQ(Sent("Subject").size(), 100u);
  EXPECT_EQ(Sent("Message").size(), 262'143u);
  EXPECT_TRUE(IsValidUtf8(Sent("Message")));
}

TEST_F(SnsAlarmTest, WhatMayPassIsToldFromWhatWillNot) {
  sns_.status = 503;
  EXPECT_EQ(Publish(message_).error().code, ErrorCode::kUnavailable);
  sns_.status = 404;
  sns_.answer =
      "<ErrorResponse><Error><Code>NotFound</Code><Message>Topic does not exist</Message></Error>"
      "</ErrorResponse>";
  Status refused = Publish(message_);
  EXPECT_NE(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("Topic does not exist"));
  EXPECT_THAT(Publish({.topic_arn = "arn:aws:s3:::b", .subject = "", .text = "", .key = ""})
                  .error()
                  .message,
              HasSubstr("is not the ARN of an SNS topic"));
}

}  // namespace
}  // namespace penstock
