#include "local/sns/sns_service.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "base/encoding.h"
#include "json/json.h"
#include "key_value/memory_key_value.h"
#include "system/system_random.h"

namespace penstock::sns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class FakeClock : public Clock {
 public:
  Instant Now() override { return now_; }
  std::chrono::nanoseconds Monotonic() override { return now_.time_since_epoch(); }
  void Sleep(Duration duration) override { now_ += duration; }

 private:
  Instant now_ = *FromCivil({2026, 1, 2, 3, 4, 5});
};

// What endpoints on the net received, and what they answer.
class FakeEndpoints : public HttpClient {
 public:
  using HttpClient::Send;
  Result<HttpResponse> Send(const ClientRequest& request, BodySource*, BodySink* sink,
                            std::stop_token) override {
    received.push_back(request);
    if (status == 0) return Unavailable("no network");
    if (status / 100 == 2) {
      RETURN_IF_ERROR(sink->Write(body));
    } else if (body.size() > request.answer_bytes_max) {
      return ResourceExhausted("the answer is too long");
    }
    return HttpResponse{.status = status, .headers = {}, .body = ""};
  }
  int status = 200;
  std::string body;
  std::vector<ClientRequest> received;
};

// A store that remembers its largest write.
class WatchedStore : public KeyValue {
 public:
  Result<std::optional<std::string>> Get(std::string_view key) override { return map_.Get(key); }
  Status Write(const WriteBatch& batch, Durability durability) override {
    largest_batch = std::max(largest_batch, batch.operations.size());
    return map_.Write(batch, durability);
  }
  std::unique_ptr<KeyValueIterator> NewIterator(std::string lower, std::string upper) override {
    return map_.NewIterator(std::move(lower), std::move(upper));
  }
  size_t CountOf(const std::string& prefix) const {
    MemoryKeyValue::Map content = map_.Content();
    return static_cast<size_t>(std::count_if(content.begin(), content.end(), [&](const auto& one) {
      return one.first.starts_with(prefix);
    }));
  }
  size_t largest_batch = 0;

 private:
  MemoryKeyValue map_;
};

class FakeMailer : public Mailer {
 public:
  Status Send(const Mail& mail, std::stop_token) override {
    sent.push_back(mail);
    return {};
  }
  std::vector<Mail> sent;
};

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

constexpr char kTopic[] = "arn:aws:sns:us-east-1:111111111111:Alarms";

// The text between <name> and </name>, the first; empty if there is none.
std::string Element(const std::string& xml, const std::string& name) {
  size_t begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return "";
  begin += name.size() + 2;
  return xml.substr(begin, xml.find("</" + name + ">") - begin);
}

class SnsServiceTest : public testing::Test {
 protected:
  SnsServiceTest() { Restart(); }

  void Restart(bool shared_regions = true, bool sends_mail = true) {
    service_.reset();
    auto opened = SnsService::Open(store_, endpoints_, &mailer_, clock_, random_,
                                   {.shared_regions = shared_regions,
                                    .base_url = "http://penstock:7400",
                                    .sends_mail = sends_mail,
                                    .delivery_threads = 0});
    ASSERT_TRUE(opened) << opened.error().message;
    service_ = *std::move(opened);
  }

  HttpResponse Call(const std::string& action,
                    std::vector<std::pair<std::string, std::string>> parameters,
                    const std::string& account = "111111111111",
                    const std::string& region = "us-east-1") {
    std::string body = "Action=" + action;
    for (const auto& [name, value] : parameters) body += "&" + name + "=" + PercentEncode(value);
    HttpRequest request{.method = "POST", .target = "/", .request_id = "r"};
    request.caller = Caller{.account = account, .region = region, .service = "sns"};
    return Serve(std::move(request), body);
  }
  // A link of a message.
  HttpResponse Follow(const std::string& link) {
    return Serve({.method = "GET", .target = link.substr(link.find("/?")), .request_id = "r"}, "");
  }
  HttpResponse Serve(HttpRequest request, const std::string& body) {
    HttpResponse response;
    StringSource source(body);
    service_->Serve(std::move(request), source, std::make_unique<KeepResponse>(response));
    return response;
  }
  std::string ErrorCodeOf(const HttpResponse& response) {
    EXPECT_GE(response.status, 400) << response.body;
    return Element(response.body, "Code");
  }

  // Subscribes and confirms; the subscription's ARN.
  std::string Subscribed(const std::string& protocol, const std::string& endpoint) {
    HttpResponse answer = Call("Subscribe", {{"TopicArn", kTopic},
                                             {"Protocol", protocol},
                                             {"Endpoint", endpoint},
                                             {"ReturnSubscriptionArn", "true"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    service_->deliveries().RunDue();
    std::string link;
    if (protocol == "email") {
      const std::string& text = mailer_.sent.back().text;
      size_t begin = text.find("http://");
      link = text.substr(begin, text.find('\n', begin) - begin);
    } else {
      link = *json::GetString(*json::ParseObject(endpoints_.received.back().body), "SubscribeURL");
    }
    EXPECT_EQ(Follow(link).status, 200);
    endpoints_.received.clear();
    mailer_.sent.clear();
    return Element(answer.body, "SubscriptionArn");
  }

  WatchedStore store_;
  FakeEndpoints endpoints_;
  FakeMailer mailer_;
  FakeClock clock_;
  SystemRandom random_;
  std::unique_ptr<SnsService> service_;
};

TEST_F(SnsServiceTest, ATopicIsMadeOnceListedAndDeleted) {
  EXPECT_EQ(Element(Call("CreateTopic", {{"Name", "Alarms"}}).body, "TopicArn"), kTopic);
  EXPECT_EQ(Call("CreateTopic", {{"Name", "Alarms"}}).status, 200);
  EXPECT_THAT(Call("ListTopics", {}).body, HasSubstr(kTopic));
  EXPECT_THAT(Call("ListTopics", {}, "222222222222").body, Not(HasSubstr("Alarms")));
  EXPECT_EQ(Call("DeleteTopic", {{"TopicArn", kTopic}}).status, 200);
  EXPECT_EQ(Call("DeleteTopic", {{"TopicArn", kTopic}}).status, 200);
  EXPECT_THAT(Call("ListTopics", {}).body, Not(HasSubstr("Alarms")));
}

TEST_F(SnsServiceTest, ListsArePaged) {
  for (int i = 0; i < 250; ++i) Call("CreateTopic", {{"Name", fmt::format("t{:03}", i)}});
  size_t pages = 0, topics = 0;
  std::string token;
  do {
    std::string body = Call("ListTopics", {{"NextToken", token}}).body;
    for (size_t at = body.find("<member>"); at != std::string::npos;
         at = body.find("<member>", at + 1))
      ++topics;
    token = Element(body, "NextToken");
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3u);
  EXPECT_EQ(topics, 250u);
}

TEST_F(SnsServiceTest, AnEndpointHearsNothingUntilItConfirms) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  HttpResponse answer = Call(
      "Subscribe", {{"TopicArn", kTopic}, {"Protocol", "http"}, {"Endpoint", "http://hook/alarm"}});
  EXPECT_EQ(Element(answer.body, "SubscriptionArn"), "pending confirmation");
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "lost"}});
  service_->deliveries().RunDue();
  ASSERT_THAT(endpoints_.received, SizeIs(1));
  const ClientRequest& request = endpoints_.received[0];
  EXPECT_EQ(request.url, "http://hook/alarm");
  EXPECT_EQ(request.headers.Get("x-amz-sns-message-type"), "SubscriptionConfirmation");
  std::string link = *json::GetString(*json::ParseObject(request.body), "SubscribeURL");
  EXPECT_THAT(Call("ListSubscriptions", {}).body, HasSubstr("PendingConfirmation"));

  EXPECT_EQ(Follow(link + "0").status, 400);
  answer = Follow(link);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(Element(answer.body, "SubscriptionArn"), HasSubstr(std::string(kTopic) + ":"));
  EXPECT_EQ(Follow(link).status, 200);
  EXPECT_THAT(Call("ListSubscriptionsByTopic", {{"TopicArn", kTopic}}).body,
              Not(HasSubstr("PendingConfirmation")));
}

TEST_F(SnsServiceTest, AMessageGoesToEachEndpointInItsForm) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/json");
  std::string raw = Subscribed("https", "https://hook/raw");
  Subscribed("email", "ops@example.com");
  EXPECT_EQ(Call("SetSubscriptionAttributes", {{"SubscriptionArn", raw},
                                               {"AttributeName", "RawMessageDelivery"},
                                               {"AttributeValue", "true"}})
                .status,
            200);
  HttpResponse answer =
      Call("Publish", {{"TopicArn", kTopic},
                       {"Subject", "late"},
                       {"MessageStructure", "json"},
                       {"Message", R"({"default":"the run is late","email":"Dear operator"})"},
                       {"MessageAttributes.entry.1.Name", "level"},
                       {"MessageAttributes.entry.1.Value.DataType", "String"},
                       {"MessageAttributes.entry.1.Value.StringValue", "high"}});
  std::string id = Element(answer.body, "MessageId");
  EXPECT_THAT(id, SizeIs(36));
  service_->deliveries().RunDue();
  ASSERT_THAT(endpoints_.received, SizeIs(2));
  for (const ClientRequest& request : endpoints_.received) {
    EXPECT_EQ(request.headers.Get("x-amz-sns-message-id"), id);
    if (request.url == "https://hook/raw") {
      EXPECT_EQ(request.body, "the run is late");
      continue;
    }
    json::Object document = *json::ParseObject(request.body);
    EXPECT_EQ(*json::GetString(document, "Type"), "Notification");
    EXPECT_EQ(*json::GetString(document, "Subject"), "late");
    EXPECT_EQ(*json::GetString(document, "Message"), "the run is late");
    EXPECT_EQ(*json::GetString(document, "Timestamp"), "2026-01-02T03:04:05.000Z");
    EXPECT_EQ(json::Write(document["MessageAttributes"]),
              R"({"level":{"Type":"String","Value":"high"}})");
  }
  ASSERT_THAT(mailer_.sent, SizeIs(1));
  EXPECT_EQ(mailer_.sent[0].to, "ops@example.com");
  EXPECT_EQ(mailer_.sent[0].subject, "late");
  EXPECT_THAT(mailer_.sent[0].text, HasSubstr("Dear operator"));
  EXPECT_EQ(service_->deliveries().size(), 0u);
}

TEST_F(SnsServiceTest, AKeyedMessageIsPublishedOnce) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  auto publish = [&](const std::string& key) {
    return Element(Call("Publish", {{"TopicArn", kTopic},
                                    {"Message", "m"},
                                    {"MessageAttributes.entry.1.Name", "penstock-key"},
                                    {"MessageAttributes.entry.1.Value.DataType", "String"},
                                    {"MessageAttributes.entry.1.Value.StringValue", key}})
                       .body,
                   "MessageId");
  };
  std::string first = publish("a");
  EXPECT_EQ(publish("a"), first);
  Restart();
  EXPECT_EQ(publish("a"), first);
  EXPECT_NE(publish("b"), first);
  service_->deliveries().RunDue();
  EXPECT_THAT(endpoints_.received, SizeIs(2));
  // After a month it is forgotten.
  clock_.Sleep(Duration(std::chrono::hours(24 * 31)));
  std::string second = publish("a");
  EXPECT_NE(second, first);
  EXPECT_EQ(store_.CountOf("sns/published/"), 1u);
  clock_.Sleep(Duration(std::chrono::hours(24 * 31)));
  Restart();
  EXPECT_EQ(store_.CountOf("sns/published/"), 0u);
  EXPECT_NE(publish("a"), second);
}

TEST_F(SnsServiceTest, OldKeysAreForgottenInBatches) {
  WriteBatch old;
  for (int i = 0; i < 2'500; ++i)
    old.Put("sns/published/111111111111/-/Alarms/" + std::to_string(i),
            R"({"messageId":"m","at":0})");
  ASSERT_TRUE(store_.Write(old, Durability::kProcess));
  store_.largest_batch = 0;
  Restart();
  EXPECT_EQ(store_.CountOf("sns/published/"), 0u);
  EXPECT_EQ(store_.largest_batch, 1'000u);
}

TEST_F(SnsServiceTest, WhatIsNotUtf8IsRefused) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  const struct {
    const char* action;
    std::vector<std::pair<std::string, std::string>> parameters;
  } kCases[] = {
      {"Publish", {{"TopicArn", kTopic}, {"Message", "\xFF"}}},
      {"Subscribe", {{"TopicArn", kTopic}, {"Protocol", "http"}, {"Endpoint", "http://h/\xC3"}}},
      {"CreateTopic", {{"Name", "Other"}, {"Tags.member.1.Key", "\xED\xA0\x80"}}},
      {"TagResource", {{"ResourceArn", kTopic}, {"Tags.member.1.Key", "\xFF"}}},
      {"Publish", {{"TopicArn", kTopic}, {"Message", "m"}, {"%FF", "x"}}},
      {"\xFF", {}},
  };
  for (const auto& one : kCases) {
    HttpResponse response = Call(one.action, one.parameters);
    EXPECT_EQ(ErrorCodeOf(response), "InvalidParameter") << response.body;
    EXPECT_THAT(Element(response.body, "Message"), HasSubstr("UTF-8"));
  }
  Restart();
  EXPECT_EQ(service_->deliveries().size(), 0u);
  EXPECT_EQ(Call("ListTagsForResource", {{"ResourceArn", kTopic}}).status, 200);
}

TEST_F(SnsServiceTest, BrokenRecordsKeepNothingElseFromWorking) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  endpoints_.status = 503;
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  WriteBatch broken;
  broken.Put("sns/delivery/0", "{\"endpoint\":\"\xFF\"}");
  broken.Put("sns/delivery/~", "");
  broken.Put("sns/subscription/111111111111/-/Alarms/0", "{\"id\":\"\xFF\"}");
  ASSERT_TRUE(store_.Write(broken, Durability::kProcess));
  endpoints_.status = 200;
  Restart();
  EXPECT_EQ(service_->deliveries().size(), 1u);
  EXPECT_EQ(Call("Publish", {{"TopicArn", kTopic}, {"Message", "n"}}).status, 200);
  service_->deliveries().RunDue();
  EXPECT_THAT(endpoints_.received, SizeIs(2));
  EXPECT_THAT(Call("ListSubscriptions", {}).body, HasSubstr("http://hook/"));
  // The topic takes what cannot be read along.
  EXPECT_EQ(Call("DeleteTopic", {{"TopicArn", kTopic}}).status, 200);
  EXPECT_EQ(store_.CountOf("sns/subscription/"), 0u);
  EXPECT_EQ(store_.CountOf("sns/token/"), 0u);
}

TEST_F(SnsServiceTest, AnEndpointsAnswerIsBoundedInTimeAndSize) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  endpoints_.body = std::string((64 << 10) + 1, 'x');
  // It took the message, whatever it says at length.
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  service_->deliveries().RunDue();
  ASSERT_THAT(endpoints_.received, SizeIs(1));
  EXPECT_EQ(endpoints_.received[0].total, Duration(15'000));
  EXPECT_EQ(endpoints_.received[0].answer_bytes_max, 64u << 10);
  EXPECT_EQ(service_->deliveries().size(), 0u);
  // It did not, for reasons unread.
  endpoints_.status = 503;
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  service_->deliveries().RunDue();
  EXPECT_EQ(service_->deliveries().size(), 1u);
}

TEST_F(SnsServiceTest, TheLogHasNoSecretsOfEndpoints) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("https", "https://user:pass1@hook/path?token=secret1");
  Subscribed("email", "ops@example.com");
  endpoints_.status = 404;
  testing::internal::CaptureStderr();
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  service_->deliveries().RunDue();
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("https://hook/path"));
  EXPECT_THAT(log, HasSubstr("given up"));
  EXPECT_THAT(log, Not(HasSubstr("pass1")));
  EXPECT_THAT(log, Not(HasSubstr("secret1")));
  EXPECT_EQ(endpoints_.received.at(0).url, "https://user:pass1@hook/path?token=secret1");
}

TEST_F(SnsServiceTest, WhatCannotBeDeliveredIsTriedAgainAfterARestartToo) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  endpoints_.status = 503;
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  service_->deliveries().RunDue();
  EXPECT_THAT(endpoints_.received, SizeIs(4));  // at once, and three times without a pause
  Restart();
  endpoints_.status = 200;
  service_->deliveries().RunDue();
  EXPECT_THAT(endpoints_.received, SizeIs(5));
  EXPECT_EQ(service_->deliveries().size(), 0u);
  Restart();
  EXPECT_EQ(service_->deliveries().size(), 0u);
}

TEST_F(SnsServiceTest, WhatAnEndpointRefusesIsGivenUp) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  endpoints_.status = 404;
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  service_->deliveries().RunDue();
  EXPECT_THAT(endpoints_.received, SizeIs(1));
  endpoints_.status = 0;
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  for (int i = 0; i < 100; ++i) {
    service_->deliveries().RunDue();
    clock_.Sleep(Duration(20'000));
  }
  EXPECT_THAT(endpoints_.received, SizeIs(1 + 51));  // the first try and fifty more
  EXPECT_EQ(service_->deliveries().size(), 0u);
}

TEST_F(SnsServiceTest, AnEndpointEndsItsSubscriptionByItsLinkOnly) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  std::string arn = Subscribed("http", "http://hook/");
  Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}});
  service_->deliveries().RunDue();
  std::string link =
      *json::GetString(*json::ParseObject(endpoints_.received.at(0).body), "UnsubscribeURL");
  EXPECT_EQ(Follow(link.substr(0, link.find("&Token=")) + "&Token=0").status, 400);
  EXPECT_EQ(Follow(link).status, 200);
  EXPECT_EQ(ErrorCodeOf(Call("GetSubscriptionAttributes", {{"SubscriptionArn", arn}})), "NotFound");
  EXPECT_EQ(Call("Unsubscribe", {{"SubscriptionArn", arn}}).status, 200);
}

TEST_F(SnsServiceTest, Attributes) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  Subscribed("http", "http://hook/");
  EXPECT_EQ(Call("SetTopicAttributes", {{"TopicArn", kTopic},
                                        {"AttributeName", "DisplayName"},
                                        {"AttributeValue", "Alarms of ours"}})
                .status,
            200);
  std::string body = Call("GetTopicAttributes", {{"TopicArn", kTopic}}).body;
  EXPECT_THAT(body, HasSubstr("Alarms of ours"));
  EXPECT_THAT(body, HasSubstr("<key>SubscriptionsConfirmed</key><value>1</value>"));
  EXPECT_EQ(Call("TagResource", {{"ResourceArn", kTopic},
                                 {"Tags.member.1.Key", "team"},
                                 {"Tags.member.1.Value", "data"}})
                .status,
            200);
  EXPECT_THAT(Call("ListTagsForResource", {{"ResourceArn", kTopic}}).body,
              HasSubstr("<Key>team</Key><Value>data</Value>"));
  Call("UntagResource", {{"ResourceArn", kTopic}, {"TagKeys.member.1", "team"}});
  EXPECT_THAT(Call("ListTagsForResource", {{"ResourceArn", kTopic}}).body, Not(HasSubstr("team")));
}

TEST_F(SnsServiceTest, RegionsAreOneOrApart) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  EXPECT_THAT(Call("ListTopics", {}, "111111111111", "eu-west-1").body,
              HasSubstr("arn:aws:sns:eu-west-1:111111111111:Alarms"));
  Restart(false);
  Call("CreateTopic", {{"Name", "Alarms"}});
  EXPECT_THAT(Call("ListTopics", {}, "111111111111", "eu-west-1").body, Not(HasSubstr("Alarms")));
  EXPECT_EQ(ErrorCodeOf(Call("Publish", {{"TopicArn", kTopic}, {"Message", "m"}}, "111111111111",
                             "eu-west-1")),
            "InvalidParameter");
}

TEST_F(SnsServiceTest, MistakesAreNamed) {
  Call("CreateTopic", {{"Name", "Alarms"}});
  struct Case {
    std::string action;
    std::vector<std::pair<std::string, std::string>> parameters;
    std::string code, text;
  };
  const Case kCases[] = {
      {"Nonsense", {}, "InvalidAction", "Nonsense"},
      {"CreateTopic", {}, "InvalidParameter", "Name"},
      {"CreateTopic", {{"Name", "a b"}}, "InvalidParameter", "Topic Name"},
      {"CreateTopic", {{"Name", "a.fifo"}}, "InvalidParameter", "FIFO"},
      {"Publish", {{"TopicArn", "x"}, {"Message", "m"}}, "InvalidParameter", "TopicArn"},
      {"Publish",
       {{"TopicArn", std::string(kTopic) + "x"}, {"Message", "m"}},
       "NotFound",
       "Topic does not exist"},
      {"Publish",
       {{"TopicArn", "arn:aws:sns:us-east-1:222222222222:Alarms"}, {"Message", "m"}},
       "AuthorizationError",
       "another account"},
      {"Publish", {{"TopicArn", kTopic}, {"Message", ""}}, "InvalidParameter", "Empty message"},
      {"Publish",
       {{"TopicArn", kTopic}, {"Message", std::string(262'145, 'x')}},
       "InvalidParameter",
       "too long"},
      {"Publish",
       {{"TopicArn", kTopic}, {"Message", "m"}, {"Subject", "a\nb"}},
       "InvalidParameter",
       "Subject"},
      {"Publish",
       {{"TopicArn", kTopic}, {"Message", "{}"}, {"MessageStructure", "json"}},
       "InvalidParameter",
       "default"},
      {"Subscribe",
       {{"TopicArn", kTopic}, {"Protocol", "sqs"}, {"Endpoint", "q"}},
       "InvalidParameter",
       "sqs"},
      {"Subscribe",
       {{"TopicArn", kTopic}, {"Protocol", "https"}, {"Endpoint", "http://x"}},
       "InvalidParameter",
       "Endpoint"},
      {"ConfirmSubscription",
       {{"TopicArn", kTopic}, {"Token", "nonsense"}},
       "InvalidParameter",
       "Token"},
      {"GetSubscriptionAttributes",
       {{"SubscriptionArn", kTopic}},
       "InvalidParameter",
       "SubscriptionArn"},
  };
  for (const Case& one : kCases) {
    HttpResponse response = Call(one.action, one.parameters);
    EXPECT_EQ(ErrorCodeOf(response), one.code) << one.action << response.body;
    EXPECT_THAT(Element(response.body, "Message"), HasSubstr(one.text));
  }
  Restart(true, false);
  EXPECT_THAT(
      Call("Subscribe", {{"TopicArn", kTopic}, {"Protocol", "email"}, {"Endpoint", "a@b"}}).body,
      HasSubstr("[smtp] url"));
  // Unsigned, only the links of messages are served.
  EXPECT_EQ(Follow("http://x/?Action=ListTopics&Token=1").status, 403);
}

TEST(PauseAfterTest, IsSnssDefaultPolicy) {
  std::vector<int64_t> pauses;
  for (int failures = 1; auto pause = PauseAfter(failures); ++failures)
    pauses.push_back(pause->count());
  ASSERT_THAT(pauses, SizeIs(50));
  EXPECT_THAT(std::vector<int64_t>(pauses.begin(), pauses.begin() + 6),
              ElementsAre(0, 0, 0, 1'000, 1'000, 1'000));
  EXPECT_EQ(pauses[14], 20'000);
  EXPECT_EQ(pauses.back(), 20'000);
}

}  // namespace
}  // namespace penstock::sns
