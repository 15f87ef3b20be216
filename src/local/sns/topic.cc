#include "local/sns/topic.h"

#include <fmt/core.h>

#include "base/text.h"
#include "json/json.h"

namespace penstock::sns {
namespace {

json::Object EncodeAttributes(const Attributes& attributes) {
  json::Object out;
  for (const auto& [name, value] : attributes) out[name] = value;
  return out;
}

Result<Attributes> DecodeAttributes(const json::Object& in, std::string_view key) {
  ASSIGN_OR_RETURN(const json::Object* object, json::GetObject(in, key));
  Attributes attributes;
  for (const auto& member : *object) {
    ASSIGN_OR_RETURN(std::string value, json::GetString(*object, member.key()));
    attributes.emplace(member.key(), std::move(value));
  }
  return attributes;
}

}  // namespace

bool Subscription::IsRaw() const {
  auto raw = attributes.find("RawMessageDelivery");
  return raw != attributes.end() && EqualsIgnoreCase(raw->second, "true");
}

std::string EncodeTopic(const Topic& topic) {
  return json::Write(json::Object{{"name", topic.name},
                                  {"attributes", EncodeAttributes(topic.attributes)},
                                  {"tags", EncodeAttributes(topic.tags)}});
}

Result<Topic> DecodeTopic(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object in, json::ParseObject(text));
  Topic topic;
  ASSIGN_OR_RETURN(topic.name, json::GetString(in, "name"));
  ASSIGN_OR_RETURN(topic.attributes, DecodeAttributes(in, "attributes"));
  ASSIGN_OR_RETURN(topic.tags, DecodeAttributes(in, "tags"));
  return topic;
}

std::string EncodeSubscription(const Subscription& subscription) {
  return json::Write(json::Object{{"id", subscription.id},
                                  {"topicArn", subscription.topic_arn},
                                  {"protocol", subscription.protocol},
                                  {"endpoint", subscription.endpoint},
                                  {"confirmed", subscription.confirmed},
                                  {"token", subscription.token},
                                  {"attributes", EncodeAttributes(subscription.attributes)}});
}

Result<Subscription> DecodeSubscription(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object in, json::ParseObject(text));
  Subscription subscription;
  ASSIGN_OR_RETURN(subscription.id, json::GetString(in, "id"));
  ASSIGN_OR_RETURN(subscription.topic_arn, json::GetString(in, "topicArn"));
  ASSIGN_OR_RETURN(subscription.protocol, json::GetString(in, "protocol"));
  ASSIGN_OR_RETURN(subscription.endpoint, json::GetString(in, "endpoint"));
  ASSIGN_OR_RETURN(subscription.confirmed, json::GetBool(in, "confirmed"));
  ASSIGN_OR_RETURN(subscription.token, json::GetString(in, "token"));
  ASSIGN_OR_RETURN(subscription.attributes, DecodeAttributes(in, "attributes"));
  return subscription;
}

bool IsTopicName(std::string_view name) {
  constexpr size_t kNameMax = 256;
  for (char c : name) {
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_';
    if (!good) return false;
  }
  return !name.empty() && name.size() <= kNameMax;
}

std::optional<Arn> ParseArn(std::string_view text) {
  std::vector<std::string_view> parts = Split(text, ':');
  if (parts.size() < 6 || parts.size() > 7 || parts[0] != "arn" || parts[2] != "sns" ||
      parts[3].empty() || parts[4].empty() || parts[5].empty())
    return std::nullopt;
  Arn arn{std::string(parts[3]), std::string(parts[4]), std::string(parts[5]), {}};
  if (parts.size() == 7) arn.subscription = parts[6];
  return arn;
}

std::string TopicArn(std::string_view region, std::string_view account, std::string_view name) {
  return fmt::format("arn:aws:sns:{}:{}:{}", region, account, name);
}

}  // namespace penstock::sns
