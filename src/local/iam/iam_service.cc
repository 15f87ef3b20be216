#include "local/iam/iam_service.h"

#include <fmt/core.h>

#include <algorithm>

#include "aws/query_service.h"
#include "base/encoding.h"
#include "base/log.h"
#include "base/text.h"
#include "local/iam/iam_error.h"
#include "local/iam/managed_policy.h"

namespace penstock::iam {
namespace {

constexpr std::string_view kNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
constexpr uint64_t kBodySizeMax = 1 << 20;
constexpr size_t kDocumentSizeMax = 131'072;
constexpr size_t kTagsMax = 50;
constexpr int64_t kPageDefault = 100, kPageMax = 1000;
constexpr std::string_view kAwsPolicies = "arn:aws:iam::aws:policy/";

std::string RoleKey(const Caller& caller, std::string_view name) {
  return fmt::format("iam/{}/role/{}", caller.account, AsciiLower(name));
}
std::string ProfileKey(const Caller& caller, std::string_view name) {
  return fmt::format("iam/{}/instance-profile/{}", caller.account, AsciiLower(name));
}

/// "RoleName" is called 'roleName' in messages.
std::string Called(std::string_view parameter) {
  std::string name(parameter);
  name[0] = static_cast<char>(name[0] | 0x20);
  return name;
}

ApiResult<std::string> Required(const QueryParameters& parameters, const std::string& name) {
  std::optional<std::string> value = parameters.Get(name);
  if (!value) return ValidationError(nullptr, Called(name), "Member must not be null");
  return *std::move(value);
}

/// A name of an entity: `length_max` characters of [\w+=,.@-].
ApiResult<std::string> Name(const QueryParameters& parameters, const std::string& name,
                            size_t length_max) {
  ASSIGN_OR_RETURN(std::string value, Required(parameters, name));
  if (value.empty()) {
    return ValidationError(&value, Called(name),
                           "Member must have length greater than or equal to 1");
  }
  if (value.size() > length_max) {
    return ValidationError(
        &value, Called(name),
        fmt::format("Member must have length less than or equal to {}", length_max));
  }
  bool fits = std::ranges::all_of(value, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").find(c) != std::string_view::npos;
  });
  if (!fits) {
    return ValidationError(&value, Called(name),
                           "Member must satisfy regular expression pattern: [\\w+=,.@-]+");
  }
  return value;
}

ApiResult<std::string> RoleName(const QueryParameters& parameters) {
  return Name(parameters, "RoleName", 64);
}
ApiResult<std::string> ProfileName(const QueryParameters& parameters) {
  return Name(parameters, "InstanceProfileName", 128);
}

ApiResult<std::string> Path(const QueryParameters& parameters) {
  std::string path = parameters.Get("Path").value_or("/");
  bool fits = path.size() <= 512 && path.starts_with('/') && path.ends_with('/') &&
              std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7F; });
  if (fits) return path;
  return ValidationError(&path, "path",
                         "Member must begin and end with '/' and have printable ASCII characters");
}

/// A policy document: a JSON object with statements.
ApiResult<std::string> Document(const QueryParameters& parameters, const std::string& name) {
  ASSIGN_OR_RETURN(std::string text, Required(parameters, name));
  if (text.empty() || text.size() > kDocumentSizeMax) {
    return ValidationError(
        &text, Called(name),
        fmt::format("Member must have length between 1 and {}", kDocumentSizeMax));
  }
  Result<json::Object> document = json::ParseObject(text);
  if (!document) {
    return MalformedPolicyDocument("This policy contains invalid Json: " +
                                   document.error().message);
  }
  const json::Value* statement = json::Find(*document, "Statement");
  if (statement == nullptr || !(statement->is_array() || statement->is_object()))
    return MalformedPolicyDocument("Syntax errors in policy: it has no Statement.");
  return text;
}

ApiResult<std::map<std::string, std::string>> Tags(const QueryParameters& parameters) {
  std::map<std::string, std::string> tags;
  for (const QueryParameters& tag : parameters.Structures("Tags")) {
    ASSIGN_OR_RETURN(std::string key, Required(tag, "Key"));
    ASSIGN_OR_RETURN(std::string value, Required(tag, "Value"));
    if (key.empty() || key.size() > 128 || value.size() > 256) {
      return ValidationError(&key, "tags",
                             "A key must have 1 to 128 characters and a value at most 256");
    }
    tags.insert_or_assign(std::move(key), std::move(value));
  }
  return tags;
}

ApiResult<void> AddTags(std::map<std::string, std::string>& tags,
                        std::map<std::string, std::string> added) {
  for (auto& [key, value] : added) tags.insert_or_assign(key, std::move(value));
  if (tags.size() > kTagsMax) {
    return LimitExceeded(fmt::format("Cannot exceed quota for TagsPerRole: {}", kTagsMax));
  }
  return {};
}

ApiResult<int64_t> SessionSeconds(const QueryParameters& parameters, int64_t otherwise) {
  std::optional<std::string> text = parameters.Get("MaxSessionDuration");
  if (!text) return otherwise;
  std::optional<int64_t> seconds = ParseInt64(*text);
  if (seconds && *seconds >= 3600 && *seconds <= 43'200) return *seconds;
  return ValidationError(&*text, "maxSessionDuration", "Member must be between 3600 and 43200");
}

/// Writes a page of `entries` (sorted by name) from Marker on, and what tells of the rest.
template <class Entry, class WriteEntry>
ApiResult<void> WritePage(XmlWriter& xml, const QueryParameters& parameters, std::string_view list,
                          const std::vector<Entry>& entries,
                          std::string_view (*name_of)(const Entry&), WriteEntry write) {
  int64_t count = kPageDefault;
  if (std::optional<std::string> items = parameters.Get("MaxItems")) {
    count = ParseInt64(*items).value_or(0);
    if (count < 1 || count > kPageMax) {
      return ValidationError(&*items, "maxItems",
                             fmt::format("Member must be between 1 and {}", kPageMax));
    }
  }
  std::string after = parameters.Get("Marker").value_or("");
  std::string last;
  bool more = false;
  xml.Open(list);
  for (const Entry& entry : entries) {
    std::string_view name = name_of(entry);
    if (!after.empty() && name <= after) continue;
    if (count-- == 0) {
      more = true;
      break;
    }
    write(entry);
    last = name;
  }
  xml.Close();
  xml.Element("IsTruncated", more);
  if (more) xml.Element("Marker", last);
  return {};
}

std::string_view NameOfRole(const Role& role) { return role.name; }
std::string_view NameOfProfile(const InstanceProfile& profile) { return profile.name; }
std::string_view NameOfText(const std::string& text) { return text; }

// In a list: one broken record must not hide the others.
void LogSkipped(std::string_view key, const Error& error) {
  Log(LogLevel::kError, "iam: {} is skipped, it cannot be read: {}", key, error.message);
}

ApiError Unreadable(const Error& error) {
  Log(LogLevel::kError, "iam: {}: {}", ErrorCodeName(error.code), error.message);
  return ServiceFailure("The request could not be completed; the server's log has the reason.");
}

}  // namespace

const IamService::Action IamService::kActions[] = {
    {"AddRoleToInstanceProfile", &IamService::AddRoleToInstanceProfile, false},
    {"AttachRolePolicy", &IamService::AttachRolePolicy, false},
    {"CreateInstanceProfile", &IamService::CreateInstanceProfile, true},
    {"CreateRole", &IamService::CreateRole, true},
    {"DeleteInstanceProfile", &IamService::DeleteInstanceProfile, false},
    {"DeleteRole", &IamService::DeleteRole, false},
    {"DeleteRolePolicy", &IamService::DeleteRolePolicy, false},
    {"DetachRolePolicy", &IamService::DetachRolePolicy, false},
    {"GetInstanceProfile", &IamService::GetInstanceProfile, true},
    {"GetPolicy", &IamService::GetPolicy, true},
    {"GetPolicyVersion", &IamService::GetPolicyVersion, true},
    {"GetRole", &IamService::GetRole, true},
    {"GetRolePolicy", &IamService::GetRolePolicy, true},
    {"ListAttachedRolePolicies", &IamService::ListAttachedRolePolicies, true},
    {"ListInstanceProfiles", &IamService::ListInstanceProfiles, true},
    {"ListInstanceProfilesForRole", &IamService::ListInstanceProfilesForRole, true},
    {"ListRolePolicies", &IamService::ListRolePolicies, true},
    {"ListRoleTags", &IamService::ListRoleTags, true},
    {"ListRoles", &IamService::ListRoles, true},
    {"PutRolePolicy", &IamService::PutRolePolicy, false},
    {"RemoveRoleFromInstanceProfile", &IamService::RemoveRoleFromInstanceProfile, false},
    {"TagRole", &IamService::TagRole, false},
    {"UntagRole", &IamService::UntagRole, false},
    {"UpdateAssumeRolePolicy", &IamService::UpdateAssumeRolePolicy, false},
    {"UpdateRole", &IamService::UpdateRole, true},
};

void IamService::Serve(HttpRequest request, BodySource& body,
                       std::unique_ptr<Responder> responder) {
  if (!request.caller) return FailQuery(request, MissingAuthenticationToken(), *responder);
  ApiResult<QueryParameters> in = ReadQuery(request, body, kBodySizeMax, "ValidationError");
  if (!in) return FailQuery(request, in.error(), *responder);
  const std::string name = in->Action();
  const Action* action = std::ranges::find(kActions, name, &Action::name);
  if (action == std::end(kActions)) return FailQuery(request, InvalidAction(name), *responder);
  auto run = [&](XmlWriter& result) {
    std::lock_guard lock(mutex_);
    return (this->*action->handler)({*request.caller, *in, result});
  };
  AnswerQuery(request, {name, kNamespace, action->has_result}, run, *responder);
}

ApiResult<void> IamService::CreateRole(const Call& call) {
  Role role;
  ASSIGN_OR_RETURN(role.name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(role.path, Path(call.parameters));
  ASSIGN_OR_RETURN(role.trust, Document(call.parameters, "AssumeRolePolicyDocument"));
  ASSIGN_OR_RETURN(role.session_seconds_max,
                   SessionSeconds(call.parameters, role.session_seconds_max));
  role.description = call.parameters.Get("Description").value_or("");
  ASSIGN_OR_RETURN(auto tags, Tags(call.parameters));
  RETURN_IF_ERROR(AddTags(role.tags, std::move(tags)));
  ASSIGN_OR_RETURN(std::optional<Role> old, FindRole(call.caller, role.name));
  if (old) return EntityAlreadyExists("Role", role.name);
  role.id = NewId("AROA");
  role.arn = fmt::format("arn:aws:iam::{}:role{}{}", call.caller.account, role.path, role.name);
  role.created_at = clock_.Now();
  RETURN_IF_ERROR(Save(call.caller, role));
  call.result.Open("Role");
  WriteRole(call.result, role);
  call.result.Close();
  return {};
}

ApiResult<void> IamService::GetRole(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  call.result.Open("Role");
  WriteRole(call.result, role);
  call.result.Close();
  return {};
}

ApiResult<void> IamService::UpdateRole(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  ASSIGN_OR_RETURN(role.session_seconds_max,
                   SessionSeconds(call.parameters, role.session_seconds_max));
  role.description = call.parameters.Get("Description").value_or(role.description);
  return Save(call.caller, role);
}

ApiResult<void> IamService::UpdateAssumeRolePolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  ASSIGN_OR_RETURN(role.trust, Document(call.parameters, "PolicyDocument"));
  return Save(call.caller, role);
}

ApiResult<void> IamService::DeleteRole(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  if (!role.attached.empty() || !role.inlined.empty())
    return DeleteConflict(role.attached.empty()
                              ? "Cannot delete entity, must delete policies first."
                              : "Cannot delete entity, must detach all policies first.");
  ASSIGN_OR_RETURN(std::vector<InstanceProfile> profiles, AllProfiles(call.caller));
  for (const InstanceProfile& profile : profiles) {
    if (EqualsIgnoreCase(profile.role, role.name)) {
      return DeleteConflict("Cannot delete entity, must remove roles from instance profile first.");
    }
  }
  return Erase(RoleKey(call.caller, role.name));
}

ApiResult<void> IamService::ListRoles(const Call& call) {
  std::string prefix = RoleKey(call.caller, "");
  std::string path = call.parameters.Get("PathPrefix").value_or("/");
  std::vector<Role> roles;
  auto at = store_.NewIterator(prefix, PrefixEnd(prefix));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    Result<Role> role = ParseRole(at->value());
    if (!role) {
      LogSkipped(at->key(), role.error());
      continue;
    }
    if (role->path.starts_with(path)) roles.push_back(*std::move(role));
  }
  if (Status walked = at->status(); !walked) return Unreadable(walked.error());
  std::ranges::sort(roles, {}, &Role::name);
  return WritePage(call.result, call.parameters, "Roles", roles, NameOfRole, [&](const Role& role) {
    call.result.Open("member");
    WriteRole(call.result, role);
    call.result.Close();
  });
}

ApiResult<void> IamService::AttachRolePolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(std::string arn, Required(call.parameters, "PolicyArn"));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  // Any name among AWS's own may be right: there are more than a thousand.
  if (!arn.starts_with(kAwsPolicies) || PolicyName(arn).empty() || arn.size() > 2048) {
    return ApiError{
        "NoSuchEntity",
        fmt::format("Policy {} does not exist or is not attachable.", arn.substr(0, 256)),
        404,
        {}};
  }
  auto place = std::ranges::lower_bound(role.attached, arn);
  if (place == role.attached.end() || *place != arn) role.attached.insert(place, arn);
  return Save(call.caller, role);
}

ApiResult<void> IamService::DetachRolePolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(std::string arn, Required(call.parameters, "PolicyArn"));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  if (std::erase(role.attached, arn) == 0) {
    return ApiError{
        "NoSuchEntity", fmt::format("Policy {} was not found.", arn.substr(0, 256)), 404, {}};
  }
  return Save(call.caller, role);
}

ApiResult<void> IamService::ListAttachedRolePolicies(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  return WritePage(call.result, call.parameters, "AttachedPolicies", role.attached, NameOfText,
                   [&](const std::string& arn) {
                     call.result.Open("member");
                     call.result.Element("PolicyName", PolicyName(arn));
                     call.result.Element("PolicyArn", arn);
                     call.result.Close();
                   });
}

ApiResult<void> IamService::PutRolePolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(std::string policy, Name(call.parameters, "PolicyName", 128));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  ASSIGN_OR_RETURN(role.inlined[policy], Document(call.parameters, "PolicyDocument"));
  return Save(call.caller, role);
}

ApiResult<void> IamService::GetRolePolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(std::string policy, Name(call.parameters, "PolicyName", 128));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  auto found = role.inlined.find(policy);
  if (found == role.inlined.end()) return NoSuchEntity("role policy", policy);
  call.result.Element("RoleName", role.name);
  call.result.Element("PolicyName", policy);
  call.result.Element("PolicyDocument", PercentEncode(found->second));
  return {};
}

ApiResult<void> IamService::DeleteRolePolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(std::string policy, Name(call.parameters, "PolicyName", 128));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  if (role.inlined.erase(policy) == 0) return NoSuchEntity("role policy", policy);
  return Save(call.caller, role);
}

ApiResult<void> IamService::ListRolePolicies(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  std::vector<std::string> names;
  for (const auto& [policy, document] : role.inlined) names.push_back(policy);
  return WritePage(call.result, call.parameters, "PolicyNames", names, NameOfText,
                   [&](const std::string& policy) { call.result.Element("member", policy); });
}

ApiResult<void> IamService::TagRole(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(auto tags, Tags(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  RETURN_IF_ERROR(AddTags(role.tags, std::move(tags)));
  return Save(call.caller, role);
}

ApiResult<void> IamService::UntagRole(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  for (const std::string& key : call.parameters.List("TagKeys")) role.tags.erase(key);
  return Save(call.caller, role);
}

ApiResult<void> IamService::ListRoleTags(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  WriteTags(call.result, role.tags);
  call.result.Element("IsTruncated", false);
  return {};
}

ApiResult<void> IamService::GetPolicy(const Call& call) {
  ASSIGN_OR_RETURN(std::string arn, Required(call.parameters, "PolicyArn"));
  const ManagedPolicy* policy = FindManagedPolicy(arn);
  if (policy == nullptr) {
    return ApiError{
        "NoSuchEntity", fmt::format("Policy {} was not found.", arn.substr(0, 256)), 404, {}};
  }
  XmlWriter& xml = call.result;
  xml.Open("Policy");
  xml.Element("PolicyName", PolicyName(policy->arn));
  xml.Element("PolicyId", policy->id);
  xml.Element("Arn", policy->arn);
  xml.Element("Path", PolicyPath(policy->arn));
  xml.Element("DefaultVersionId", policy->version);
  xml.Element("AttachmentCount", 0);
  xml.Element("IsAttachable", true);
  xml.Element("Description", policy->description);
  xml.Close();
  return {};
}

ApiResult<void> IamService::GetPolicyVersion(const Call& call) {
  ASSIGN_OR_RETURN(std::string arn, Required(call.parameters, "PolicyArn"));
  ASSIGN_OR_RETURN(std::string version, Required(call.parameters, "VersionId"));
  const ManagedPolicy* policy = FindManagedPolicy(arn);
  if (policy == nullptr || policy->version != version) {
    return ApiError{"NoSuchEntity",
                    fmt::format("Policy {} version {} does not exist or is not attachable.",
                                arn.substr(0, 256), version.substr(0, 64)),
                    404,
                    {}};
  }
  XmlWriter& xml = call.result;
  xml.Open("PolicyVersion");
  xml.Element("Document", PercentEncode(policy->document));
  xml.Element("VersionId", policy->version);
  xml.Element("IsDefaultVersion", true);
  xml.Close();
  return {};
}

ApiResult<void> IamService::CreateInstanceProfile(const Call& call) {
  InstanceProfile profile;
  ASSIGN_OR_RETURN(profile.name, ProfileName(call.parameters));
  ASSIGN_OR_RETURN(profile.path, Path(call.parameters));
  ASSIGN_OR_RETURN(auto tags, Tags(call.parameters));
  RETURN_IF_ERROR(AddTags(profile.tags, std::move(tags)));
  ASSIGN_OR_RETURN(std::optional<InstanceProfile> old, FindProfile(call.caller, profile.name));
  if (old) {
    return ApiError{"EntityAlreadyExists",
                    fmt::format("Instance Profile {} already exists.", profile.name),
                    409,
                    {}};
  }
  profile.id = NewId("AIPA");
  profile.arn = fmt::format("arn:aws:iam::{}:instance-profile{}{}", call.caller.account,
                            profile.path, profile.name);
  profile.created_at = clock_.Now();
  RETURN_IF_ERROR(Save(call.caller, profile));
  call.result.Open("InstanceProfile");
  RETURN_IF_ERROR(WriteProfile(call, profile));
  call.result.Close();
  return {};
}

ApiResult<void> IamService::GetInstanceProfile(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, ProfileName(call.parameters));
  ASSIGN_OR_RETURN(InstanceProfile profile, LoadProfile(call.caller, name));
  call.result.Open("InstanceProfile");
  RETURN_IF_ERROR(WriteProfile(call, profile));
  call.result.Close();
  return {};
}

ApiResult<void> IamService::DeleteInstanceProfile(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, ProfileName(call.parameters));
  ASSIGN_OR_RETURN(InstanceProfile profile, LoadProfile(call.caller, name));
  if (!profile.role.empty()) {
    return DeleteConflict("Cannot delete entity, must remove roles from instance profile first.");
  }
  return Erase(ProfileKey(call.caller, profile.name));
}

ApiResult<void> IamService::AddRoleToInstanceProfile(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, ProfileName(call.parameters));
  ASSIGN_OR_RETURN(std::string role_name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(InstanceProfile profile, LoadProfile(call.caller, name));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, role_name));
  if (!profile.role.empty())
    return LimitExceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
  profile.role = role.name;
  return Save(call.caller, profile);
}

ApiResult<void> IamService::RemoveRoleFromInstanceProfile(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, ProfileName(call.parameters));
  ASSIGN_OR_RETURN(std::string role, RoleName(call.parameters));
  ASSIGN_OR_RETURN(InstanceProfile profile, LoadProfile(call.caller, name));
  if (!EqualsIgnoreCase(profile.role, role)) return NoSuchEntity("role", role);
  profile.role.clear();
  return Save(call.caller, profile);
}

ApiResult<void> IamService::ListInstanceProfiles(const Call& call) {
  ASSIGN_OR_RETURN(std::vector<InstanceProfile> profiles, AllProfiles(call.caller));
  std::string path = call.parameters.Get("PathPrefix").value_or("/");
  std::erase_if(profiles, [&](const auto& profile) { return !profile.path.starts_with(path); });
  ApiResult<void> written;
  RETURN_IF_ERROR(WritePage(call.result, call.parameters, "InstanceProfiles", profiles,
                            NameOfProfile, [&](const InstanceProfile& profile) {
                              call.result.Open("member");
                              if (auto one = WriteProfile(call, profile); !one) written = one;
                              call.result.Close();
                            }));
  return written;
}

ApiResult<void> IamService::ListInstanceProfilesForRole(const Call& call) {
  ASSIGN_OR_RETURN(std::string name, RoleName(call.parameters));
  ASSIGN_OR_RETURN(Role role, LoadRole(call.caller, name));
  ASSIGN_OR_RETURN(std::vector<InstanceProfile> profiles, AllProfiles(call.caller));
  std::erase_if(profiles, [&](const auto& profile) { return profile.role != role.name; });
  return WritePage(call.result, call.parameters, "InstanceProfiles", profiles, NameOfProfile,
                   [&](const InstanceProfile& profile) {
                     call.result.Open("member");
                     WriteInstanceProfile(call.result, profile, &role);
                     call.result.Close();
                   });
}

ApiResult<std::optional<Role>> IamService::FindRole(const Caller& caller, std::string_view name) {
  Result<std::optional<std::string>> stored = store_.Get(RoleKey(caller, name));
  if (!stored) return Unreadable(stored.error());
  if (!*stored) return std::optional<Role>();
  Result<Role> role = ParseRole(**stored);
  if (!role) return Unreadable(role.error());
  return std::optional<Role>(*std::move(role));
}

ApiResult<Role> IamService::LoadRole(const Caller& caller, std::string_view name) {
  ASSIGN_OR_RETURN(std::optional<Role> role, FindRole(caller, name));
  if (!role) return NoSuchEntity("role", name);
  return *std::move(role);
}

ApiResult<std::optional<InstanceProfile>> IamService::FindProfile(const Caller& caller,
                                                                  std::string_view name) {
  Result<std::optional<std::string>> stored = store_.Get(ProfileKey(caller, name));
  if (!stored) return Unreadable(stored.error());
  if (!*stored) return std::optional<InstanceProfile>();
  Result<InstanceProfile> profile = ParseInstanceProfile(**stored);
  if (!profile) return Unreadable(profile.error());
  return std::optional<InstanceProfile>(*std::move(profile));
}

ApiResult<InstanceProfile> IamService::LoadProfile(const Caller& caller, std::string_view name) {
  ASSIGN_OR_RETURN(std::optional<InstanceProfile> profile, FindProfile(caller, name));
  if (!profile) {
    return ApiError{
        "NoSuchEntity", fmt::format("Instance Profile {} cannot be found.", name), 404, {}};
  }
  return *std::move(profile);
}

ApiResult<void> IamService::Save(const Caller& caller, const Role& role) {
  WriteBatch batch;
  batch.Put(RoleKey(caller, role.name), json::Write(ToJson(role)));
  if (Status written = store_.Write(batch, Durability::kDisk); !written)
    return Unreadable(written.error());
  return {};
}

ApiResult<void> IamService::Save(const Caller& caller, const InstanceProfile& profile) {
  WriteBatch batch;
  batch.Put(ProfileKey(caller, profile.name), json::Write(ToJson(profile)));
  if (Status written = store_.Write(batch, Durability::kDisk); !written)
    return Unreadable(written.error());
  return {};
}

ApiResult<void> IamService::Erase(std::string key) {
  WriteBatch batch;
  batch.Delete(std::move(key));
  if (Status written = store_.Write(batch, Durability::kDisk); !written)
    return Unreadable(written.error());
  return {};
}

ApiResult<std::vector<InstanceProfile>> IamService::AllProfiles(const Caller& caller) {
  std::string prefix = ProfileKey(caller, "");
  std::vector<InstanceProfile> profiles;
  auto at = store_.NewIterator(prefix, PrefixEnd(prefix));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    Result<InstanceProfile> profile = ParseInstanceProfile(at->value());
    if (!profile) {
      LogSkipped(at->key(), profile.error());
      continue;
    }
    profiles.push_back(*std::move(profile));
  }
  if (Status walked = at->status(); !walked) return Unreadable(walked.error());
  std::ranges::sort(profiles, {}, &InstanceProfile::name);
  return profiles;
}

ApiResult<void> IamService::WriteProfile(const Call& call, const InstanceProfile& profile) {
  std::optional<Role> role;
  if (!profile.role.empty()) {
    ASSIGN_OR_RETURN(role, FindRole(call.caller, profile.role));
  }
  WriteInstanceProfile(call.result, profile, role ? &*role : nullptr);
  return {};
}

std::string IamService::NewId(std::string_view prefix) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id(prefix);
  for (int i = 0; i < 17; ++i) id += kDigits[random_.Below(kDigits.size())];
  return id;
}

}  // namespace penstock::iam
