// A local service that speaks Amazon SNS (2010-03-31, query protocol), as far as notifications need
// it: standard topics; subscriptions of http, https, email and email-json endpoints, confirmed by
// them; messages with subject, structure and attributes. A message with the attribute
// `penstock-key` is published once, however often it is sent.
//
// Operations: CreateTopic, DeleteTopic, ListTopics, Get/SetTopicAttributes, Subscribe,
// ConfirmSubscription, Unsubscribe, ListSubscriptions, ListSubscriptionsByTopic,
// Get/SetSubscriptionAttributes, Publish, TagResource, UntagResource, ListTagsForResource.
//
// Keys in the store; <scope> is account/region, or account/- where regions are one:
//   sns/topic/<scope>/<name>                      topic.h
//   sns/subscription/<scope>/<name>/<id>          topic.h
//   sns/token/<token>                             the subscription's key
//   sns/published/<scope>/<name>/<hash of key>    {"messageId", "at"}
//   sns/delivery/<id>                             delivery_queue.h
#pragma once

#include <mutex>

#include "aws/api_error.h"
#include "aws/query_protocol.h"
#include "aws/xml_writer.h"
#include "local/sns/delivery_queue.h"
#include "local/sns/topic.h"
#include "ports/random.h"

namespace penstock::sns {

struct SnsOptions {
  bool shared_regions = true;
  std::string base_url;      // of the links in messages
  bool sends_mail = false;   // else email endpoints are refused
  int delivery_threads = 4;  // 0: only RunDue() of the queue delivers
};

class SnsService : public HttpService {
 public:
  /// The pointees outlive the service. `mailer` may be null if not options.sends_mail.
  static Result<std::unique_ptr<SnsService>> Open(KeyValue& store, HttpClient& http, Mailer* mailer,
                                                  Clock& clock, Random& random, SnsOptions options);

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

  DeliveryQueue& deliveries() { return deliveries_; }

 private:
  /// One request. `caller` is absent for the links of messages, which carry a token.
  struct Call {
    const std::optional<Caller>& caller;
    const QueryParameters& in;
    XmlWriter& out;  // inside <…Result>
  };
  using Reply = ApiResult<void>;
  struct Operation;

  SnsService(KeyValue& store, HttpClient& http, Mailer* mailer, Clock& clock, Random& random,
             SnsOptions options);
  /// Of messages that were published long ago. REQUIRES: mutex_ is held, or nobody else is there.
  Status ForgetOldKeys();

  Reply CreateTopic(Call& call);
  Reply DeleteTopic(Call& call);
  Reply ListTopics(Call& call);
  Reply GetTopicAttributes(Call& call);
  Reply SetTopicAttributes(Call& call);
  Reply Subscribe(Call& call);
  Reply ConfirmSubscription(Call& call);
  Reply Unsubscribe(Call& call);
  Reply ListSubscriptions(Call& call);
  Reply ListSubscriptionsByTopic(Call& call);
  Reply GetSubscriptionAttributes(Call& call);
  Reply SetSubscriptionAttributes(Call& call);
  Reply Publish(Call& call);
  Reply TagResource(Call& call);
  Reply UntagResource(Call& call);
  Reply ListTagsForResource(Call& call);

  std::string Scope(std::string_view account, std::string_view region) const;
  std::string TopicKey(const Arn& arn) const;
  std::string SubscriptionPrefix(const Arn& arn) const;  // of a topic
  /// The topic that a parameter names, which must be the caller's.
  ApiResult<Arn> TopicOf(const Call& call, const std::string& parameter);
  ApiResult<Topic> LoadTopic(const Arn& arn);
  Status SaveTopic(const Arn& arn, const Topic& topic);
  ApiResult<std::pair<std::string, Subscription>> LoadSubscription(const Call& call);
  ApiResult<std::vector<Subscription>> SubscriptionsUnder(const std::string& prefix);
  Reply ListPage(Call& call, std::vector<Subscription> all);
  std::string NewUuid();
  std::string NewToken();

  KeyValue& store_;
  Clock& clock_;
  Random& random_;
  const SnsOptions options_;
  DeliveryQueue deliveries_;
  Instant forgot_at_{};  // when old keys were last looked for; guarded
  std::mutex mutex_;     // one operation at a time: there are few, and each is short
};

}  // namespace penstock::sns
