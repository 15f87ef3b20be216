// The AWS-managed policies that pipelines use, so that what attaches and shows them works. Nothing
// here is enforced: this server's keys are all of their account's full rights.
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/)
#pragma once

#include <span>
#include <string_view>

namespace penstock::iam {

struct ManagedPolicy {
  std::string_view arn;  // arn:aws:iam::aws:policy/<path>/<name>
  std::string_view id;   // "ANPA" and 17 characters
  std::string_view description;
  std::string_view version;   // of the document: "v1"
  std::string_view document;  // JSON
};

std::span<const ManagedPolicy> AllManagedPolicies();
/// nullptr if it is none of them.
const ManagedPolicy* FindManagedPolicy(std::string_view arn);
/// "AWSDataPipelineRole" of an ARN; and the path before it, "/service-role/".
std::string_view PolicyName(std::string_view arn);
std::string_view PolicyPath(std::string_view arn);

}  // namespace penstock::iam
