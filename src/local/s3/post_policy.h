// The policy of a browser's upload: until when, and what the form's fields and the file may be.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/api_error.h"
#include "time/instant.h"

namespace penstock {

struct PostCondition {
  bool is_prefix = false;  // starts-with, else eq
  std::string field;       // lower case, without "$"
  std::string value;
  bool operator==(const PostCondition&) const = default;
};

struct PostPolicy {
  Instant expires_at{};
  std::vector<PostCondition> conditions;
  std::optional<uint64_t> size_least, size_most;
};

/// Reads the policy from base64: InvalidPolicyDocument.
ApiResult<PostPolicy> ReadPostPolicy(std::string_view base64);

/// Holds the form against it: every field (lower-case names; `bucket` is one) must have a
/// condition, and every condition must fit its field each time that it is given. AccessDenied.
ApiResult<void> CheckPostPolicy(const PostPolicy& policy,
                                const std::vector<std::pair<std::string, std::string>>& fields,
                                Instant now);

}  // namespace penstock
