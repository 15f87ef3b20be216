#include "local/s3/post_policy.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "json/json.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

// Fields that prove who signed, or that AWS leaves out of the count.
constexpr std::string_view kUncounted[] = {"awsaccesskeyid", "signature", "policy",
                                           "x-amz-signature", "file"};

std::optional<std::string> TextOf(const json::Value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return std::nullopt;
}

std::optional<uint64_t> SizeOf(const json::Value& value) {
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<uint64_t>(value.get_int64());
  if (value.is_string()) return ParseUint64(std::string_view(value.get_string()));
  return std::nullopt;
}

// ["eq", "$key", "value"], ["starts-with", …], ["content-length-range", 1, 10]
ApiResult<void> ReadListed(const json::Array& array, PostPolicy& policy) {
  auto operation = array.size() == 3 ? TextOf(array[0]) : std::nullopt;
  if (!operation) return s3_error::InvalidPolicyDocument("Invalid Simple-Condition");
  const std::string name = AsciiLower(*operation);
  if (name == "content-length-range") {
    policy.size_least = SizeOf(array[1]);
    policy.size_most = SizeOf(array[2]);
    if (policy.size_least && policy.size_most) return {};
    return s3_error::InvalidPolicyDocument("Invalid content-length-range");
  }
  auto field = TextOf(array[1]), value = TextOf(array[2]);
  if ((name != "eq" && name != "starts-with") || !field || !field->starts_with('$') || !value) {
    return s3_error::InvalidPolicyDocument(
        fmt::format("Invalid condition: operation '{}'", *operation));
  }
  policy.conditions.push_back({name == "starts-with", AsciiLower(field->substr(1)), *value});
  return {};
}

std::string Shown(const PostCondition& condition) {
  return fmt::format("[\"{}\", \"${}\", \"{}\"]", condition.is_prefix ? "starts-with" : "eq",
                     condition.field, condition.value);
}

bool Fits(const PostCondition& condition, std::string_view value) {
  if (!condition.is_prefix) return value == condition.value;
  if (condition.field != "content-type") return value.starts_with(condition.value);
  // A list of types, all of which must fit.
  std::vector<std::string_view> types = Split(value, ',');
  return std::all_of(types.begin(), types.end(),
                     [&](std::string_view type) { return type.starts_with(condition.value); });
}

}  // namespace

ApiResult<PostPolicy> ReadPostPolicy(std::string_view base64) {
  auto text = Base64Decode(base64);
  auto object = text ? json::ParseObject(*text, 8)
                     : Result<json::Object>(InvalidArgument("it is not base64"));
  if (!object) return s3_error::InvalidPolicyDocument("Invalid JSON.");
  PostPolicy policy;
  auto expiration = json::GetString(*object, "expiration");
  auto expires_at = expiration ? ParseIso(*expiration) : std::nullopt;
  if (!expires_at) {
    return s3_error::InvalidPolicyDocument(expiration ? "Invalid 'expiration' value"
                                                      : "Policy missing expiration.");
  }
  policy.expires_at = *expires_at;
  auto conditions = json::GetArray(*object, "conditions");
  if (!conditions) return s3_error::InvalidPolicyDocument("Policy missing conditions.");
  for (const json::Value& condition : **conditions) {
    if (const json::Array* listed = condition.if_array()) {
      RETURN_IF_ERROR(ReadListed(*listed, policy));
      continue;
    }
    const json::Object* exact = condition.if_object();
    if (exact == nullptr || exact->empty())
      return s3_error::InvalidPolicyDocument("Invalid Simple-Condition");
    for (const auto& member : *exact) {
      auto value = TextOf(member.value());
      if (!value) return s3_error::InvalidPolicyDocument("Invalid Simple-Condition: value");
      policy.conditions.push_back({false, AsciiLower(std::string_view(member.key())), *value});
    }
  }
  return policy;
}

ApiResult<void> CheckPostPolicy(const PostPolicy& policy,
                                const std::vector<std::pair<std::string, std::string>>& fields,
                                Instant now) {
  if (now >= policy.expires_at) return s3_error::AgainstPolicy("Policy expired.");
  for (const PostCondition& condition : policy.conditions) {
    bool found = false, fits = true;
    for (const auto& [name, value] : fields) {
      if (name != condition.field) continue;
      found = true;
      fits = fits && Fits(condition, value);
    }
    // A field that is not there is taken for an empty one.
    if (!(found ? fits : Fits(condition, ""))) {
      return s3_error::AgainstPolicy(fmt::format("Policy Condition failed: {}", Shown(condition)));
    }
  }
  for (const auto& [name, value] : fields) {
    const bool uncounted =
        name.starts_with("x-ignore-") ||
        std::find(std::begin(kUncounted), std::end(kUncounted), name) != std::end(kUncounted);
    const bool covered =
        std::any_of(policy.conditions.begin(), policy.conditions.end(),
                    [&](const PostCondition& condition) { return condition.field == name; });
    if (!uncounted && !covered)
      return s3_error::AgainstPolicy(fmt::format("Extra input fields: {}", name));
  }
  return {};
}

}  // namespace penstock
