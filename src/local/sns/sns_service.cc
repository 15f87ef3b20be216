#include "local/sns/sns_service.h"

#include <fmt/core.h>

#include <algorithm>

#include "aws/query_service.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "json/json.h"
#include "local/sns/notification.h"

namespace penstock::sns {
namespace {

constexpr char kXmlns[] = "http://sns.amazonaws.com/doc/2010-03-31/";
constexpr uint64_t kBodyBytesMax = 1 << 20;
constexpr size_t kMessageBytesMax = 262'144;  // SNS's
constexpr size_t kSubjectMax = 100;           // SNS's
constexpr size_t kPageSize = 100;             // SNS's, of every list
constexpr char kKeyAttribute[] = "penstock-key";
// How long a keyed message is remembered: longer than any outbox waits for a server to come back.
constexpr Duration kKeyMemory{std::chrono::hours(24 * 30)};
constexpr Duration kForgetEvery{std::chrono::hours(24)};
constexpr size_t kForgetBatch = 1'000;

ApiError InvalidParameter(const std::string& what) {
  return {"InvalidParameter", "Invalid parameter: " + what, 400, {}};
}

ApiError NotFoundError(const std::string& what) {
  return {"NotFound", what + " does not exist", 404, {}};
}

ApiError Internal(const Error& error) {
  Log(LogLevel::kError, "sns: {}", error.message);
  return {"InternalError", "The request could not be carried out: " + error.message, 500, {}};
}

ApiResult<std::string> Required(const QueryParameters& in, const std::string& name) {
  std::optional<std::string> value = in.Get(name);
  if (value && !value->empty()) return *std::move(value);
  return InvalidParameter(name + " Reason: it is required");
}

bool IsSubject(std::string_view subject) {
  if (subject.size() > kSubjectMax) return false;
  return std::all_of(subject.begin(), subject.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool IsSubscriptionAttribute(std::string_view name) { return name == "RawMessageDelivery"; }

bool IsTopicAttribute(std::string_view name) {
  return name == "DisplayName" || name == "Policy" || name == "DeliveryPolicy" ||
         name == "TracingConfig" || name == "SignatureVersion" || name == "KmsMasterKeyId";
}

// The attributes of a message, as its document shows them.
ApiResult<json::Object> MessageAttributes(const QueryParameters& in) {
  json::Object attributes;
  for (const QueryParameters& entry : in.Structures("MessageAttributes")) {
    std::optional<std::string> name = entry.Get("Name"), type = entry.Get("Value.DataType"),
                               text = entry.Get("Value.StringValue"),
                               binary = entry.Get("Value.BinaryValue");
    if (!name || name->empty() || !type)
      return InvalidParameter("MessageAttributes Reason: an attribute needs Name and DataType");
    if (!text && !binary)
      return InvalidParameter(fmt::format("MessageAttributes Reason: {} has no value", *name));
    attributes[*name] = json::Object{{"Type", *type}, {"Value", text ? *text : *binary}};
  }
  return attributes;
}

std::string AttributeText(const json::Object& attributes, std::string_view name) {
  Result<const json::Object*> attribute = json::GetObject(attributes, name);
  return attribute ? json::GetString(**attribute, "Value").value_or("") : "";
}

// With MessageStructure=json the message is a document of texts by protocol.
ApiResult<json::Object> Structure(const QueryParameters& in, const std::string& message) {
  std::optional<std::string> structure = in.Get("MessageStructure");
  if (!structure || structure->empty()) return json::Object{{"default", message}};
  if (*structure != "json") return InvalidParameter("MessageStructure");
  Result<json::Object> document = json::ParseObject(message);
  if (!document) return InvalidParameter("Message Structure - JSON message body failed to parse");
  if (!json::GetString(*document, "default"))
    return InvalidParameter("Message Structure - No default entry in JSON message body");
  return *std::move(document);
}

void WriteAttributes(XmlWriter& out, const Attributes& attributes) {
  out.Open("Attributes");
  for (const auto& [name, value] : attributes) {
    out.Open("entry");
    out.Element("key", name);
    out.Element("value", value);
    out.Close();
  }
  out.Close();
}

void WriteSubscription(XmlWriter& out, const Subscription& subscription) {
  std::optional<Arn> arn = ParseArn(subscription.topic_arn);
  out.Open("member");
  out.Element("SubscriptionArn",
              subscription.confirmed ? subscription.Arn() : std::string("PendingConfirmation"));
  out.Element("Owner", arn ? arn->account : std::string());
  out.Element("Protocol", subscription.protocol);
  out.Element("Endpoint", subscription.endpoint);
  out.Element("TopicArn", subscription.topic_arn);
  out.Close();
}

}  // namespace

struct SnsService::Operation {
  std::string_view name;
  Reply (SnsService::*run)(Call&);
  bool has_result = true;
  bool by_link = false;  // may come unsigned, with a token
};

SnsService::SnsService(KeyValue& store, HttpClient& http, Mailer* mailer, Clock& clock,
                       Random& random, SnsOptions options)
    : store_(store),
      clock_(clock),
      random_(random),
      options_(std::move(options)),
      deliveries_(store, http, mailer, clock) {}

Result<std::unique_ptr<SnsService>> SnsService::Open(KeyValue& store, HttpClient& http,
                                                     Mailer* mailer, Clock& clock, Random& random,
                                                     SnsOptions options) {
  std::unique_ptr<SnsService> service(
      new SnsService(store, http, mailer, clock, random, std::move(options)));
  RETURN_IF_ERROR(service->ForgetOldKeys());
  RETURN_IF_ERROR(service->deliveries_.Load());
  service->deliveries_.Start(service->options_.delivery_threads);
  return service;
}

Status SnsService::ForgetOldKeys() {
  forgot_at_ = clock_.Now();
  const int64_t oldest = (forgot_at_ - kKeyMemory).time_since_epoch().count();
  WriteBatch batch;
  auto at = store_.NewIterator("sns/published/", PrefixEnd("sns/published/"));
  for (at->Seek("sns/published/"); at->Valid(); at->Next()) {
    Result<json::Object> record = json::ParseObject(at->value());
    if (record && json::GetInt(*record, "at").value_or(0) >= oldest) continue;
    batch.Delete(std::string(at->key()));
    if (batch.operations.size() < kForgetBatch) continue;
    RETURN_IF_ERROR(store_.Write(batch, Durability::kProcess));
    batch.operations.clear();
  }
  RETURN_IF_ERROR(at->status());
  if (batch.operations.empty()) return {};
  return store_.Write(batch, Durability::kProcess);
}

void SnsService::Serve(HttpRequest request, BodySource& body,
                       std::unique_ptr<Responder> responder) {
  static constexpr Operation kOperations[] = {
      {"ConfirmSubscription", &SnsService::ConfirmSubscription, true, true},
      {"CreateTopic", &SnsService::CreateTopic},
      {"DeleteTopic", &SnsService::DeleteTopic, false},
      {"GetSubscriptionAttributes", &SnsService::GetSubscriptionAttributes},
      {"GetTopicAttributes", &SnsService::GetTopicAttributes},
      {"ListSubscriptions", &SnsService::ListSubscriptions},
      {"ListSubscriptionsByTopic", &SnsService::ListSubscriptionsByTopic},
      {"ListTagsForResource", &SnsService::ListTagsForResource},
      {"ListTopics", &SnsService::ListTopics},
      {"Publish", &SnsService::Publish},
      {"SetSubscriptionAttributes", &SnsService::SetSubscriptionAttributes, false},
      {"SetTopicAttributes", &SnsService::SetTopicAttributes, false},
      {"Subscribe", &SnsService::Subscribe},
      {"TagResource", &SnsService::TagResource},
      {"Unsubscribe", &SnsService::Unsubscribe, false, true},
      {"UntagResource", &SnsService::UntagResource},
  };
  ApiResult<QueryParameters> in = ReadQuery(request, body, kBodyBytesMax, "InvalidParameter");
  if (!in) return FailQuery(request, in.error(), *responder);
  const std::string action = in->Action();
  const Operation* operation = std::ranges::find(kOperations, action, &Operation::name);
  if (operation == std::end(kOperations)) {
    return FailQuery(
        request,
        {"InvalidAction",
         fmt::format(
             "This SNS service has no operation {}; see docs/compatibility.md for those it has.",
             action),
         400,
         {}},
        *responder);
  }
  if (!request.caller && !operation->by_link)
    return FailQuery(request, MissingAuthenticationToken(), *responder);
  auto run = [&](XmlWriter& result) {
    Call call{request.caller, *in, result};
    std::lock_guard lock(mutex_);
    return (this->*operation->run)(call);
  };
  AnswerQuery(request, {action, kXmlns, operation->has_result}, run, *responder);
}

std::string SnsService::NewUuid() {
  std::string bytes(16, '\0');
  random_.Fill(bytes);
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);  // version 4, RFC 4122
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  std::string hex = HexEncode(bytes);
  for (size_t at : {20, 16, 12, 8}) hex.insert(at, "-");
  return hex;
}

std::string SnsService::NewToken() {
  std::string bytes(32, '\0');
  random_.Fill(bytes);
  return HexEncode(bytes);
}

std::string SnsService::Scope(std::string_view account, std::string_view region) const {
  return fmt::format("{}/{}", account, options_.shared_regions ? "-" : region);
}

std::string SnsService::TopicKey(const Arn& arn) const {
  return fmt::format("sns/topic/{}/{}", Scope(arn.account, arn.region), arn.topic);
}

std::string SnsService::SubscriptionPrefix(const Arn& arn) const {
  return fmt::format("sns/subscription/{}/{}/", Scope(arn.account, arn.region), arn.topic);
}

ApiResult<Arn> SnsService::TopicOf(const Call& call, const std::string& parameter) {
  ASSIGN_OR_RETURN(std::string text, Required(call.in, parameter));
  std::optional<Arn> arn = ParseArn(text);
  if (!arn || !arn->subscription.empty()) return InvalidParameter(parameter);
  if (call.caller && arn->account != call.caller->account)
    return ApiError{"AuthorizationError", "The topic belongs to another account", 403, {}};
  if (call.caller && !options_.shared_regions && arn->region != call.caller->region)
    return InvalidParameter(parameter + " Reason: it is in another region");
  return *std::move(arn);
}

ApiResult<Topic> SnsService::LoadTopic(const Arn& arn) {
  Result<std::optional<std::string>> text = store_.Get(TopicKey(arn));
  if (!text) return Internal(text.error());
  if (!*text) return NotFoundError("Topic");
  Result<Topic> topic = DecodeTopic(**text);
  if (!topic) return Internal(topic.error());
  return *std::move(topic);
}

Status SnsService::SaveTopic(const Arn& arn, const Topic& topic) {
  WriteBatch batch;
  batch.Put(TopicKey(arn), EncodeTopic(topic));
  return store_.Write(batch, Durability::kDisk);
}

SnsService::Reply SnsService::CreateTopic(Call& call) {
  ASSIGN_OR_RETURN(std::string name, Required(call.in, "Name"));
  if (name.ends_with(".fifo"))
    return InvalidParameter("Topic Name Reason: this service has no FIFO topics");
  if (!IsTopicName(name)) return InvalidParameter("Topic Name");
  Topic topic{.name = name};
  for (auto& [key, value] : call.in.Map("Attributes")) {
    if (!IsTopicAttribute(key))
      return InvalidParameter("Attributes Reason: Unknown attribute " + key);
    topic.attributes[key] = value;
  }
  for (const QueryParameters& tag : call.in.Structures("Tags"))
    topic.tags[tag.Get("Key").value_or("")] = tag.Get("Value").value_or("");
  Arn arn{call.caller->region, call.caller->account, name, {}};
  ApiResult<Topic> before = LoadTopic(arn);
  if (!before && before.error().type != "NotFound") return std::move(before).error();
  if (before) {
    // A repeat finds the same; another topic of that name it is not.
    for (const auto& [key, value] : topic.attributes) {
      auto known = before->attributes.find(key);
      if (known == before->attributes.end() || known->second != value)
        return InvalidParameter(
            "Attributes Reason: Topic already exists with different attributes");
    }
    if (!topic.tags.empty() && topic.tags != before->tags)
      return InvalidParameter("Tags Reason: Topic already exists with different tags");
  } else if (Status saved = SaveTopic(arn, topic); !saved) {
    return Internal(saved.error());
  }
  call.out.Element("TopicArn", TopicArn(arn.region, arn.account, name));
  return {};
}

SnsService::Reply SnsService::DeleteTopic(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "TopicArn"));
  const std::string prefix = SubscriptionPrefix(arn);
  ASSIGN_OR_RETURN(std::vector<Subscription> subscriptions, SubscriptionsUnder(prefix));
  WriteBatch batch;
  batch.Delete(TopicKey(arn));
  batch.DeleteRange(prefix, PrefixEnd(prefix));
  for (const Subscription& subscription : subscriptions)
    batch.Delete("sns/token/" + subscription.token);
  std::string published =
      fmt::format("sns/published/{}/{}/", Scope(arn.account, arn.region), arn.topic);
  batch.DeleteRange(published, PrefixEnd(published));
  if (Status written = store_.Write(batch, Durability::kDisk); !written)
    return Internal(written.error());
  return {};
}

SnsService::Reply SnsService::ListTopics(Call& call) {
  std::string prefix =
      fmt::format("sns/topic/{}/", Scope(call.caller->account, call.caller->region));
  std::string after = PercentDecode(call.in.Get("NextToken").value_or(""));
  auto at = store_.NewIterator(prefix, PrefixEnd(prefix));
  size_t count = 0;
  std::string last;
  call.out.Open("Topics");
  for (at->Seek(prefix + after); at->Valid() && count < kPageSize; at->Next()) {
    std::string name(at->key().substr(prefix.size()));
    if (name == after) continue;
    call.out.Open("member");
    call.out.Element("TopicArn", TopicArn(call.caller->region, call.caller->account, name));
    call.out.Close();
    last = name;
    ++count;
  }
  call.out.Close();
  if (at->Valid()) call.out.Element("NextToken", PercentEncode(last));
  if (Status walked = at->status(); !walked) return Internal(walked.error());
  return {};
}

SnsService::Reply SnsService::GetTopicAttributes(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "TopicArn"));
  ASSIGN_OR_RETURN(Topic topic, LoadTopic(arn));
  ASSIGN_OR_RETURN(std::vector<Subscription> subscriptions,
                   SubscriptionsUnder(SubscriptionPrefix(arn)));
  auto confirmed = std::count_if(subscriptions.begin(), subscriptions.end(),
                                 [](const Subscription& one) { return one.confirmed; });
  Attributes shown = topic.attributes;
  shown["TopicArn"] = TopicArn(arn.region, arn.account, arn.topic);
  shown["Owner"] = arn.account;
  shown.try_emplace("DisplayName", "");
  shown["SubscriptionsConfirmed"] = std::to_string(confirmed);
  shown["SubscriptionsPending"] =
      std::to_string(static_cast<int64_t>(subscriptions.size()) - confirmed);
  shown["SubscriptionsDeleted"] = "0";
  WriteAttributes(call.out, shown);
  return {};
}

SnsService::Reply SnsService::SetTopicAttributes(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "TopicArn"));
  ASSIGN_OR_RETURN(Topic topic, LoadTopic(arn));
  ASSIGN_OR_RETURN(std::string name, Required(call.in, "AttributeName"));
  if (!IsTopicAttribute(name)) return InvalidParameter("AttributeName");
  topic.attributes[name] = call.in.Get("AttributeValue").value_or("");
  if (Status saved = SaveTopic(arn, topic); !saved) return Internal(saved.error());
  return {};
}

SnsService::Reply SnsService::Subscribe(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "TopicArn"));
  ASSIGN_OR_RETURN(std::string protocol, Required(call.in, "Protocol"));
  ASSIGN_OR_RETURN(std::string endpoint, Required(call.in, "Endpoint"));
  const bool is_mail = protocol == "email" || protocol == "email-json";
  if (protocol == "http" || protocol == "https") {
    if (!endpoint.starts_with(protocol + "://"))
      return InvalidParameter("Endpoint Reason: Endpoint must match the specified protocol");
  } else if (!is_mail) {
    return InvalidParameter(fmt::format(
        "Protocol Reason: this service delivers to http, https, email and email-json, not {}",
        protocol));
  } else if (!options_.sends_mail) {
    return InvalidParameter("Protocol Reason: this server sends no mail; configure [smtp] url");
  } else if (endpoint.find('@') == std::string::npos) {
    return InvalidParameter("Endpoint Reason: it is not a mail address");
  }
  RETURN_IF_ERROR(LoadTopic(arn));
  Subscription subscription{.id = NewUuid(),
                            .topic_arn = TopicArn(arn.region, arn.account, arn.topic),
                            .protocol = protocol,
                            .endpoint = endpoint,
                            .token = NewToken()};
  for (auto& [key, value] : call.in.Map("Attributes")) {
    if (!IsSubscriptionAttribute(key))
      return InvalidParameter("Attributes Reason: this service does not know " + key);
    subscription.attributes[key] = value;
  }
  ASSIGN_OR_RETURN(std::vector<Subscription> others, SubscriptionsUnder(SubscriptionPrefix(arn)));
  for (Subscription& other : others) {
    if (other.protocol == protocol && other.endpoint == endpoint) subscription = std::move(other);
  }
  if (!subscription.confirmed) {
    Message message{.id = NewUuid(), .topic_arn = subscription.topic_arn, .at = clock_.Now()};
    Delivery delivery = ConfirmationOf(subscription, message, options_.base_url, NewUuid());
    WriteBatch batch;
    std::string key = SubscriptionPrefix(arn) + subscription.id;
    batch.Put(key, EncodeSubscription(subscription));
    batch.Put("sns/token/" + subscription.token, key);
    DeliveryQueue::Put(batch, delivery);
    if (Status written = store_.Write(batch, Durability::kDisk); !written)
      return Internal(written.error());
    deliveries_.Add(std::move(delivery));
  }
  bool show = subscription.confirmed ||
              EqualsIgnoreCase(call.in.Get("ReturnSubscriptionArn").value_or(""), "true");
  call.out.Element("SubscriptionArn",
                   show ? subscription.Arn() : std::string("pending confirmation"));
  return {};
}

SnsService::Reply SnsService::ConfirmSubscription(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "TopicArn"));
  ASSIGN_OR_RETURN(std::string token, Required(call.in, "Token"));
  Result<std::optional<std::string>> key = store_.Get("sns/token/" + token);
  if (!key) return Internal(key.error());
  if (!*key || !(*key)->starts_with(SubscriptionPrefix(arn))) return InvalidParameter("Token");
  Result<std::optional<std::string>> text = store_.Get(**key);
  if (!text) return Internal(text.error());
  if (!*text) return InvalidParameter("Token");
  Result<Subscription> subscription = DecodeSubscription(**text);
  if (!subscription) return Internal(subscription.error());
  if (!subscription->confirmed) {
    subscription->confirmed = true;
    WriteBatch batch;
    batch.Put(**key, EncodeSubscription(*subscription));
    if (Status written = store_.Write(batch, Durability::kDisk); !written)
      return Internal(written.error());
  }
  call.out.Element("SubscriptionArn", subscription->Arn());
  return {};
}

ApiResult<std::pair<std::string, Subscription>> SnsService::LoadSubscription(const Call& call) {
  ASSIGN_OR_RETURN(std::string text, Required(call.in, "SubscriptionArn"));
  std::optional<Arn> arn = ParseArn(text);
  if (!arn || arn->subscription.empty()) return InvalidParameter("SubscriptionArn");
  if (call.caller && arn->account != call.caller->account)
    return ApiError{"AuthorizationError", "The subscription belongs to another account", 403, {}};
  std::string key = SubscriptionPrefix(*arn) + arn->subscription;
  Result<std::optional<std::string>> stored = store_.Get(key);
  if (!stored) return Internal(stored.error());
  if (!*stored) return NotFoundError("Subscription");
  Result<Subscription> subscription = DecodeSubscription(**stored);
  if (!subscription) return Internal(subscription.error());
  return std::pair(std::move(key), *std::move(subscription));
}

SnsService::Reply SnsService::Unsubscribe(Call& call) {
  ApiResult<std::pair<std::string, Subscription>> found = LoadSubscription(call);
  // Ended already: that is what was wanted.
  if (!found && found.error().type == "NotFound" && call.caller) return {};
  if (!found) return std::move(found).error();
  const auto& [key, subscription] = *found;
  bool by_link = !call.caller;
  if (by_link && !ConstantTimeEquals(call.in.Get("Token").value_or(""), subscription.token))
    return InvalidParameter("Token");
  WriteBatch batch;
  batch.Delete(key);
  batch.Delete("sns/token/" + subscription.token);
  if (Status written = store_.Write(batch, Durability::kDisk); !written)
    return Internal(written.error());
  return {};
}

ApiResult<std::vector<Subscription>> SnsService::SubscriptionsUnder(const std::string& prefix) {
  std::vector<Subscription> found;
  auto at = store_.NewIterator(prefix, PrefixEnd(prefix));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    Result<Subscription> subscription = DecodeSubscription(at->value());
    if (!subscription) {
      // One broken record must not keep the others from their messages.
      Log(LogLevel::kError, "sns: {} is skipped, it cannot be read: {}", at->key(),
          subscription.error().message);
      continue;
    }
    found.push_back(*std::move(subscription));
  }
  if (Status walked = at->status(); !walked) return Internal(walked.error());
  return found;
}

SnsService::Reply SnsService::ListPage(Call& call, std::vector<Subscription> all) {
  std::sort(all.begin(), all.end(),
            [](const Subscription& a, const Subscription& b) { return a.id < b.id; });
  std::string after = call.in.Get("NextToken").value_or("");
  auto first =
      std::find_if(all.begin(), all.end(), [&](const Subscription& one) { return one.id > after; });
  size_t count = std::min(kPageSize, static_cast<size_t>(all.end() - first));
  auto last = first + static_cast<ptrdiff_t>(count);
  call.out.Open("Subscriptions");
  for (auto one = first; one != last; ++one) WriteSubscription(call.out, *one);
  call.out.Close();
  if (last != all.end()) call.out.Element("NextToken", std::prev(last)->id);
  return {};
}

SnsService::Reply SnsService::ListSubscriptions(Call& call) {
  ASSIGN_OR_RETURN(std::vector<Subscription> all,
                   SubscriptionsUnder(fmt::format(
                       "sns/subscription/{}/", Scope(call.caller->account, call.caller->region))));
  return ListPage(call, std::move(all));
}

SnsService::Reply SnsService::ListSubscriptionsByTopic(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "TopicArn"));
  RETURN_IF_ERROR(LoadTopic(arn));
  ASSIGN_OR_RETURN(std::vector<Subscription> all, SubscriptionsUnder(SubscriptionPrefix(arn)));
  return ListPage(call, std::move(all));
}

SnsService::Reply SnsService::GetSubscriptionAttributes(Call& call) {
  ASSIGN_OR_RETURN(auto found, LoadSubscription(call));
  const Subscription& subscription = found.second;
  Attributes shown = subscription.attributes;
  shown["SubscriptionArn"] = subscription.Arn();
  shown["TopicArn"] = subscription.topic_arn;
  shown["Owner"] = call.caller->account;
  shown["Protocol"] = subscription.protocol;
  shown["Endpoint"] = subscription.endpoint;
  shown["PendingConfirmation"] = subscription.confirmed ? "false" : "true";
  shown["ConfirmationWasAuthenticated"] = "false";
  shown.try_emplace("RawMessageDelivery", "false");
  WriteAttributes(call.out, shown);
  return {};
}

SnsService::Reply SnsService::SetSubscriptionAttributes(Call& call) {
  ASSIGN_OR_RETURN(auto found, LoadSubscription(call));
  ASSIGN_OR_RETURN(std::string name, Required(call.in, "AttributeName"));
  std::string value = call.in.Get("AttributeValue").value_or("");
  if (!IsSubscriptionAttribute(name))
    return InvalidParameter("AttributeName Reason: this service does not know " + name);
  if (!EqualsIgnoreCase(value, "true") && !EqualsIgnoreCase(value, "false"))
    return InvalidParameter(name + " Reason: it is true or false");
  found.second.attributes[name] = value;
  WriteBatch batch;
  batch.Put(found.first, EncodeSubscription(found.second));
  if (Status written = store_.Write(batch, Durability::kDisk); !written)
    return Internal(written.error());
  return {};
}

SnsService::Reply SnsService::Publish(Call& call) {
  if (call.in.Get("PhoneNumber"))
    return InvalidParameter("PhoneNumber Reason: this service sends no text messages");
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, call.in.Get("TopicArn") ? "TopicArn" : "TargetArn"));
  std::string text = call.in.Get("Message").value_or("");
  std::string subject = call.in.Get("Subject").value_or("");
  if (text.empty()) return InvalidParameter("Empty message");
  if (text.size() > kMessageBytesMax) return InvalidParameter("Message too long");
  if (!IsSubject(subject)) return InvalidParameter("Subject");
  ASSIGN_OR_RETURN(json::Object attributes, MessageAttributes(call.in));
  ASSIGN_OR_RETURN(json::Object by_protocol, Structure(call.in, text));
  RETURN_IF_ERROR(LoadTopic(arn));
  if (clock_.Now() - forgot_at_ > kForgetEvery) {
    if (Status forgotten = ForgetOldKeys(); !forgotten) return Internal(forgotten.error());
  }

  std::string key = AttributeText(attributes, kKeyAttribute), record;
  if (!key.empty()) {
    record = fmt::format("sns/published/{}/{}/{}", Scope(arn.account, arn.region), arn.topic,
                         HexEncode(Sha256(key)));
    Result<std::optional<std::string>> before = store_.Get(record);
    if (!before) return Internal(before.error());
    if (*before) {
      Result<json::Object> known = json::ParseObject(**before);
      call.out.Element("MessageId",
                       known ? json::GetString(*known, "messageId").value_or("") : std::string());
      return {};
    }
  }
  ASSIGN_OR_RETURN(std::vector<Subscription> subscriptions,
                   SubscriptionsUnder(SubscriptionPrefix(arn)));
  Message message{.id = NewUuid(),
                  .topic_arn = TopicArn(arn.region, arn.account, arn.topic),
                  .subject = subject,
                  .attributes = std::move(attributes),
                  .at = clock_.Now()};
  WriteBatch batch;
  if (!record.empty()) {
    batch.Put(record, json::Write(json::Object{{"messageId", message.id},
                                               {"at", message.at.time_since_epoch().count()}}));
  }
  std::vector<Delivery> deliveries;
  for (const Subscription& subscription : subscriptions) {
    if (!subscription.confirmed) continue;
    Result<std::string> own = json::GetString(by_protocol, subscription.protocol);
    message.text = own ? *own : *json::GetString(by_protocol, "default");
    deliveries.push_back(NotificationOf(subscription, message, options_.base_url, NewUuid()));
    DeliveryQueue::Put(batch, deliveries.back());
  }
  if (!batch.operations.empty()) {
    if (Status written = store_.Write(batch, Durability::kDisk); !written)
      return Internal(written.error());
  }
  for (Delivery& delivery : deliveries) deliveries_.Add(std::move(delivery));
  call.out.Element("MessageId", message.id);
  return {};
}

SnsService::Reply SnsService::TagResource(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "ResourceArn"));
  ASSIGN_OR_RETURN(Topic topic, LoadTopic(arn));
  for (const QueryParameters& tag : call.in.Structures("Tags"))
    topic.tags[tag.Get("Key").value_or("")] = tag.Get("Value").value_or("");
  if (Status saved = SaveTopic(arn, topic); !saved) return Internal(saved.error());
  return {};
}

SnsService::Reply SnsService::UntagResource(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "ResourceArn"));
  ASSIGN_OR_RETURN(Topic topic, LoadTopic(arn));
  for (const std::string& key : call.in.List("TagKeys")) topic.tags.erase(key);
  if (Status saved = SaveTopic(arn, topic); !saved) return Internal(saved.error());
  return {};
}

SnsService::Reply SnsService::ListTagsForResource(Call& call) {
  ASSIGN_OR_RETURN(Arn arn, TopicOf(call, "ResourceArn"));
  ASSIGN_OR_RETURN(Topic topic, LoadTopic(arn));
  call.out.Open("Tags");
  for (const auto& [key, value] : topic.tags) {
    call.out.Open("member");
    call.out.Element("Key", key);
    call.out.Element("Value", value);
    call.out.Close();
  }
  call.out.Close();
  return {};
}

}  // namespace penstock::sns
