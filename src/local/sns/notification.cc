#include "local/sns/notification.h"

#include <fmt/core.h>

#include "base/encoding.h"
#include "time/instant.h"

namespace penstock::sns {
namespace {

std::string ConfirmLink(const Subscription& subscription, const std::string& base_url) {
  return fmt::format("{}/?Action=ConfirmSubscription&TopicArn={}&Token={}", base_url,
                     PercentEncode(subscription.topic_arn), subscription.token);
}

std::string UnsubscribeLink(const Subscription& subscription, const std::string& base_url) {
  return fmt::format("{}/?Action=Unsubscribe&SubscriptionArn={}&Token={}", base_url,
                     PercentEncode(subscription.Arn()), subscription.token);
}

Delivery Start(const Subscription& subscription, const Message& message, std::string_view type,
               std::string delivery_id) {
  Delivery delivery{.id = std::move(delivery_id),
                    .endpoint = subscription.endpoint,
                    .is_mail = subscription.protocol.starts_with("email"),
                    .subject = message.subject,
                    .message_id = message.id};
  if (delivery.is_mail) return delivery;
  delivery.headers = {{"Content-Type", "text/plain; charset=UTF-8"},
                      {"User-Agent", "Amazon Simple Notification Service Agent"},
                      {"x-amz-sns-message-type", std::string(type)},
                      {"x-amz-sns-message-id", message.id},
                      {"x-amz-sns-topic-arn", message.topic_arn}};
  if (type == "Notification")
    delivery.headers.emplace_back("x-amz-sns-subscription-arn", subscription.Arn());
  return delivery;
}

}  // namespace

Delivery NotificationOf(const Subscription& subscription, const Message& message,
                        const std::string& base_url, std::string delivery_id) {
  Delivery delivery = Start(subscription, message, "Notification", std::move(delivery_id));
  if (delivery.is_mail && delivery.subject.empty())
    delivery.subject = "AWS Notification Message";  // SNS's own words
  std::string unsubscribe = UnsubscribeLink(subscription, base_url);
  if (subscription.protocol == "email") {
    delivery.body = fmt::format("{}\n\n--\nTo stop receiving notifications of {}:\n{}\n",
                                message.text, message.topic_arn, unsubscribe);
    return delivery;
  }
  if (!delivery.is_mail && subscription.IsRaw()) {
    delivery.headers.emplace_back("x-amz-sns-rawdelivery", "true");
    delivery.body = message.text;
    return delivery;
  }
  json::Object document{
      {"Type", "Notification"}, {"MessageId", message.id}, {"TopicArn", message.topic_arn}};
  if (!message.subject.empty()) document["Subject"] = message.subject;
  document["Message"] = message.text;
  document["Timestamp"] = FormatIsoMillis(message.at);
  document["UnsubscribeURL"] = unsubscribe;
  if (!message.attributes.empty()) document["MessageAttributes"] = message.attributes;
  delivery.body = json::Write(document);
  return delivery;
}

Delivery ConfirmationOf(const Subscription& subscription, const Message& message,
                        const std::string& base_url, std::string delivery_id) {
  Delivery delivery =
      Start(subscription, message, "SubscriptionConfirmation", std::move(delivery_id));
  std::string link = ConfirmLink(subscription, base_url);
  delivery.subject = "AWS Notification - Subscription Confirmation";
  if (subscription.protocol == "email") {
    delivery.body = fmt::format(
        "You have chosen to subscribe to the topic:\n{}\n\nTo confirm this subscription, visit:\n"
        "{}\n\nIf it was not you, ignore this message.\n",
        message.topic_arn, link);
    return delivery;
  }
  delivery.body = json::Write(json::Object{
      {"Type", "SubscriptionConfirmation"},
      {"MessageId", message.id},
      {"Token", subscription.token},
      {"TopicArn", message.topic_arn},
      {"Message", fmt::format("You have chosen to subscribe to the topic {}.\nTo confirm the "
                              "subscription, visit the SubscribeURL included in this message.",
                              message.topic_arn)},
      {"SubscribeURL", link},
      {"Timestamp", FormatIsoMillis(message.at)}});
  return delivery;
}

}  // namespace penstock::sns
