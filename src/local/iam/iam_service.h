// A local service that speaks AWS IAM (2010-05-08, query protocol), as far as those who set up
// pipelines call it: roles, their policies, instance profiles. `aws datapipeline
// create-default-roles`, `aws emr create-default-roles` and infrastructure tools find what they
// look for. Everything is recorded and shown; nothing is enforced: who has a key of the account may
// do all.
//
// Operations: CreateRole, GetRole, UpdateRole, UpdateAssumeRolePolicy, DeleteRole, ListRoles,
// AttachRolePolicy, DetachRolePolicy, ListAttachedRolePolicies, PutRolePolicy, GetRolePolicy,
// DeleteRolePolicy, ListRolePolicies, TagRole, UntagRole, ListRoleTags, GetPolicy,
// GetPolicyVersion, CreateInstanceProfile, GetInstanceProfile, DeleteInstanceProfile,
// AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile, ListInstanceProfiles,
// ListInstanceProfilesForRole. Others answer InvalidAction.
// (https://docs.aws.amazon.com/IAM/latest/APIReference/)
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "aws/api_error.h"
#include "aws/query_protocol.h"
#include "aws/xml_writer.h"
#include "local/iam/role.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/key_value.h"
#include "ports/random.h"

namespace penstock::iam {

/// Thread-safe. IAM knows no regions: everything belongs to the caller's account.
class IamService : public HttpService {
 public:
  /// The arguments outlive the service. Roles are kept in `store` under "iam/"; an answered write
  /// survives power loss.
  IamService(KeyValue& store, Clock& clock, Random& random)
      : store_(store), clock_(clock), random_(random) {}

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  struct Call {
    const Caller& caller;
    const QueryParameters& parameters;
    XmlWriter& result;  // inside <…Result>
  };
  using Handler = ApiResult<void> (IamService::*)(const Call&);
  struct Action {
    std::string_view name;
    Handler handler;
    bool has_result;
  };
  static const Action kActions[];

  ApiResult<void> CreateRole(const Call& call);
  ApiResult<void> GetRole(const Call& call);
  ApiResult<void> UpdateRole(const Call& call);
  ApiResult<void> UpdateAssumeRolePolicy(const Call& call);
  ApiResult<void> DeleteRole(const Call& call);
  ApiResult<void> ListRoles(const Call& call);
  ApiResult<void> AttachRolePolicy(const Call& call);
  ApiResult<void> DetachRolePolicy(const Call& call);
  ApiResult<void> ListAttachedRolePolicies(const Call& call);
  ApiResult<void> PutRolePolicy(const Call& call);
  ApiResult<void> GetRolePolicy(const Call& call);
  ApiResult<void> DeleteRolePolicy(const Call& call);
  ApiResult<void> ListRolePolicies(const Call& call);
  ApiResult<void> TagRole(const Call& call);
  ApiResult<void> UntagRole(const Call& call);
  ApiResult<void> ListRoleTags(const Call& call);
  ApiResult<void> GetPolicy(const Call& call);
  ApiResult<void> GetPolicyVersion(const Call& call);
  ApiResult<void> CreateInstanceProfile(const Call& call);
  ApiResult<void> GetInstanceProfile(const Call& call);
  ApiResult<void> DeleteInstanceProfile(const Call& call);
  ApiResult<void> AddRoleToInstanceProfile(const Call& call);
  ApiResult<void> RemoveRoleFromInstanceProfile(const Call& call);
  ApiResult<void> ListInstanceProfiles(const Call& call);
  ApiResult<void> ListInstanceProfilesForRole(const Call& call);

  // Storage. Names are unique without regard to case, as IAM has them.
  ApiResult<std::optional<Role>> FindRole(const Caller& caller, std::string_view name);
  ApiResult<Role> LoadRole(const Caller& caller, std::string_view name);
  ApiResult<std::optional<InstanceProfile>> FindProfile(const Caller& caller,
                                                        std::string_view name);
  ApiResult<InstanceProfile> LoadProfile(const Caller& caller, std::string_view name);
  ApiResult<void> Save(const Caller& caller, const Role& role);
  ApiResult<void> Save(const Caller& caller, const InstanceProfile& profile);
  ApiResult<void> Erase(std::string key);
  ApiResult<std::vector<InstanceProfile>> AllProfiles(const Caller& caller);
  ApiResult<void> WriteProfile(const Call& call, const InstanceProfile& profile);
  std::string NewId(std::string_view prefix);

  KeyValue& store_;
  Clock& clock_;
  Random& random_;
  std::mutex mutex_;  // one call at a time: they are few and short
};

}  // namespace penstock::iam
