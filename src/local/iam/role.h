// Roles and instance profiles as the local IAM keeps and shows them. Value types.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/xml_writer.h"
#include "base/result.h"
#include "json/json.h"
#include "time/instant.h"

namespace penstock::iam {

struct Role {
  std::string name, path = "/";
  std::string id;     // "AROA" and 17 characters
  std::string arn;    // arn:aws:iam::<account>:role<path><name>
  std::string trust;  // the assume-role policy, as given
  std::string description;
  int64_t session_seconds_max = 3600;
  Instant created_at{};
  std::vector<std::string> attached;           // ARNs of managed policies, sorted
  std::map<std::string, std::string> inlined;  // policy documents, as given, by name
  std::map<std::string, std::string> tags;
  bool operator==(const Role&) const = default;
};

struct InstanceProfile {
  std::string name, path = "/";
  std::string id;   // "AIPA" and 17 characters
  std::string arn;  // arn:aws:iam::<account>:instance-profile<path><name>
  Instant created_at{};
  std::string role;  // its name; empty: none. IAM allows one at most
  std::map<std::string, std::string> tags;
  bool operator==(const InstanceProfile&) const = default;
};

/// The stored form, one JSON object each.
json::Object ToJson(const Role& role);
json::Object ToJson(const InstanceProfile& profile);
/// kCorrupt if a member is missing or of the wrong type.
Result<Role> ParseRole(std::string_view text);
Result<InstanceProfile> ParseInstanceProfile(std::string_view text);

/// Writes what stands inside <Role> and <InstanceProfile>. Policy documents are percent-encoded, as
/// IAM sends them. `role` of a profile may be null.
void WriteRole(XmlWriter& xml, const Role& role);
void WriteInstanceProfile(XmlWriter& xml, const InstanceProfile& profile, const Role* role);
/// <Tags><member>…
void WriteTags(XmlWriter& xml, const std::map<std::string, std::string>& tags);
/// "2014-05-01T00:00:00Z"
std::string ShownTime(Instant instant);

}  // namespace penstock::iam
