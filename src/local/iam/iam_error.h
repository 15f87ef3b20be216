// The errors of IAM, in its words. (https://docs.aws.amazon.com/IAM/latest/APIReference/)
#pragma once

#include <string_view>

#include "aws/api_error.h"

namespace penstock::iam {

/// "The role with name X cannot be found."
ApiError NoSuchEntity(std::string_view kind, std::string_view name);
ApiError EntityAlreadyExists(std::string_view kind, std::string_view name);
ApiError DeleteConflict(std::string_view message);
ApiError LimitExceeded(std::string_view message);
ApiError MalformedPolicyDocument(std::string_view message);
/// "1 validation error detected: Value '…' at 'roleName' failed to satisfy constraint: …"; `value`
/// null: the parameter is missing.
ApiError ValidationError(const std::string* value, std::string_view parameter,
                         std::string_view constraint);
ApiError InvalidAction(std::string_view action);
ApiError ServiceFailure(std::string_view message);

}  // namespace penstock::iam
