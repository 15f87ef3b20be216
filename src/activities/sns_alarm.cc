#include "activities/sns_alarm.h"

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr size_t kSubjectMax = 100;
constexpr size_t kMessageBytesMax = 262'144;

// SNS refuses a subject with line breaks, control or non-ASCII characters, or longer than 100.
std::string SafeSubject(std::string_view subject) {
  std::string safe;
  for (char c : subject) {
    if (safe.size() == kSubjectMax) break;
    safe += c >= 0x20 && c < 0x7F ? c : ' ';
  }
  return std::string(Trim(safe));
}

// At most SNS's limit, cut between characters.
std::string_view SafeText(std::string_view text) {
  if (text.size() <= kMessageBytesMax) return text;
  size_t size = kMessageBytesMax;
  while (size > 0 && (text[size] & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

// "arn:aws:sns:<region>:<account>:<name>"
std::string RegionOfTopic(std::string_view arn) {
  std::vector<std::string_view> parts = Split(arn, ':');
  return parts.size() >= 6 && parts[2] == "sns" ? std::string(parts[3]) : "";
}

}  // namespace

Status PublishAlarm(const SnsMessage& message, const ClientContext& clients,
                    ServiceDirectory& services, std::stop_token stop) {
  std::string region = RegionOfTopic(message.topic_arn);
  if (region.empty()) {
    return InvalidArgument(
        fmt::format("topicArn \"{}\" is not the ARN of an SNS topic", message.topic_arn));
  }
  ASSIGN_OR_RETURN(ServiceEndpoint endpoint, services.Find("sns", region));
  std::string body = "Action=Publish&Version=2010-03-31";
  auto add = [&](std::string_view name, std::string_view value) {
    body += fmt::format("&{}={}", name, PercentEncode(value));
  };
  add("TopicArn", message.topic_arn);
  if (std::string subject = SafeSubject(message.subject); !subject.empty()) add("Subject", subject);
  add("Message", SafeText(message.text));
  add("MessageAttributes.entry.1.Name", "penstock-key");
  add("MessageAttributes.entry.1.Value.DataType", "String");
  add("MessageAttributes.entry.1.Value.StringValue", message.key);
  ServiceCall call{
      .service = "sns",
      .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
      .body = body};
  CallResult<HttpResponse> answer =
      CallService(clients, endpoint, call, RetryPolicy::kStandard, nullptr, stop);
  if (answer) return {};
  return answer.error().ToError("publishing to " + message.topic_arn);
}

}  // namespace penstock
