// What the local SNS keeps: topics, subscriptions. Value types; the JSON form is what the store
// holds. Names and limits: Amazon SNS API Reference, 2010-03-31.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/instant.h"

namespace penstock::sns {

using Attributes = std::map<std::string, std::string>;

struct Topic {
  std::string name;
  Attributes attributes;  // as they were set: DisplayName, Policy, …
  Attributes tags;
  bool operator==(const Topic&) const = default;
};
std::string EncodeTopic(const Topic& topic);
Result<Topic> DecodeTopic(std::string_view text);

struct Subscription {
  std::string id;  // a UUID, the end of its ARN
  std::string topic_arn;
  std::string protocol;  // "http", "https", "email", "email-json"
  std::string endpoint;
  bool confirmed = false;
  std::string token;  // confirms it, and lets its endpoint end it
  Attributes attributes;
  bool IsRaw() const;  // RawMessageDelivery: the message alone goes out
  std::string Arn() const { return topic_arn + ":" + id; }
  bool operator==(const Subscription&) const = default;
};
std::string EncodeSubscription(const Subscription& subscription);
Result<Subscription> DecodeSubscription(std::string_view text);

/// 1 to 256 letters, digits, hyphens and underscores.
bool IsTopicName(std::string_view name);

/// "arn:aws:sns:<region>:<account>:<name>" and, of a subscription, ":<id>".
struct Arn {
  std::string region, account, topic;
  std::string subscription;  // empty: it is a topic's
  bool operator==(const Arn&) const = default;
};
std::optional<Arn> ParseArn(std::string_view text);
std::string TopicArn(std::string_view region, std::string_view account, std::string_view name);

}  // namespace penstock::sns
