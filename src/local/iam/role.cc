#include "local/iam/role.h"

#include <chrono>

#include "base/encoding.h"

namespace penstock::iam {
namespace {

json::Object MapJson(const std::map<std::string, std::string>& map) {
  json::Object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

Result<std::map<std::string, std::string>> ParseMap(const json::Object& object,
                                                    std::string_view key) {
  ASSIGN_OR_RETURN(const json::Object* members, json::GetObject(object, key));
  std::map<std::string, std::string> map;
  for (const auto& member : *members) {
    ASSIGN_OR_RETURN(map[std::string(member.key())], json::GetString(*members, member.key()));
  }
  return map;
}

Result<Instant> ParseCreated(const json::Object& object) {
  ASSIGN_OR_RETURN(int64_t seconds, json::GetInt(object, "created"));
  return Instant(std::chrono::seconds(seconds));
}

int64_t Seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

}  // namespace

json::Object ToJson(const Role& role) {
  json::Array attached;
  for (const std::string& arn : role.attached) attached.push_back(json::String(arn));
  return {{"name", role.name},
          {"path", role.path},
          {"id", role.id},
          {"arn", role.arn},
          {"trust", role.trust},
          {"description", role.description},
          {"sessionSecondsMax", role.session_seconds_max},
          {"created", Seconds(role.created_at)},
          {"attached", std::move(attached)},
          {"inline", MapJson(role.inlined)},
          {"tags", MapJson(role.tags)}};
}

json::Object ToJson(const InstanceProfile& profile) {
  return {{"name", profile.name},
          {"path", profile.path},
          {"id", profile.id},
          {"arn", profile.arn},
          {"created", Seconds(profile.created_at)},
          {"role", profile.role},
          {"tags", MapJson(profile.tags)}};
}

Result<Role> ParseRole(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  Role role;
  ASSIGN_OR_RETURN(role.name, json::GetString(object, "name"));
  ASSIGN_OR_RETURN(role.path, json::GetString(object, "path"));
  ASSIGN_OR_RETURN(role.id, json::GetString(object, "id"));
  ASSIGN_OR_RETURN(role.arn, json::GetString(object, "arn"));
  ASSIGN_OR_RETURN(role.trust, json::GetString(object, "trust"));
  ASSIGN_OR_RETURN(role.description, json::GetString(object, "description"));
  ASSIGN_OR_RETURN(role.session_seconds_max, json::GetInt(object, "sessionSecondsMax"));
  ASSIGN_OR_RETURN(role.created_at, ParseCreated(object));
  ASSIGN_OR_RETURN(const json::Array* attached, json::GetArray(object, "attached"));
  for (const json::Value& arn : *attached) {
    if (!arn.is_string()) return Corrupt("a stored role has a policy whose name is no string");
    role.attached.emplace_back(arn.get_string());
  }
  ASSIGN_OR_RETURN(role.inlined, ParseMap(object, "inline"));
  ASSIGN_OR_RETURN(role.tags, ParseMap(object, "tags"));
  return role;
}

Result<InstanceProfile> ParseInstanceProfile(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  InstanceProfile profile;
  ASSIGN_OR_RETURN(profile.name, json::GetString(object, "name"));
  ASSIGN_OR_RETURN(profile.path, json::GetString(object, "path"));
  ASSIGN_OR_RETURN(profile.id, json::GetString(object, "id"));
  ASSIGN_OR_RETURN(profile.arn, json::GetString(object, "arn"));
  ASSIGN_OR_RETURN(profile.created_at, ParseCreated(object));
  ASSIGN_OR_RETURN(profile.role, json::GetString(object, "role"));
  ASSIGN_OR_RETURN(profile.tags, ParseMap(object, "tags"));
  return profile;
}

std::string ShownTime(Instant instant) { return FormatDateTime(instant) + "Z"; }

void WriteTags(XmlWriter& xml, const std::map<std::string, std::string>& tags) {
  xml.Open("Tags");
  for (const auto& [key, value] : tags) {
    xml.Open("member");
    xml.Element("Key", key);
    xml.Element("Value", value);
    xml.Close();
  }
  xml.Close();
}

void WriteRole(XmlWriter& xml, const Role& role) {
  xml.Element("Path", role.path);
  xml.Element("RoleName", role.name);
  xml.Element("RoleId", role.id);
  xml.Element("Arn", role.arn);
  xml.Element("CreateDate", ShownTime(role.created_at));
  xml.Element("AssumeRolePolicyDocument", PercentEncode(role.trust));
  if (!role.description.empty()) xml.Element("Description", role.description);
  xml.Element("MaxSessionDuration", role.session_seconds_max);
  if (!role.tags.empty()) WriteTags(xml, role.tags);
}

void WriteInstanceProfile(XmlWriter& xml, const InstanceProfile& profile, const Role* role) {
  xml.Element("Path", profile.path);
  xml.Element("InstanceProfileName", profile.name);
  xml.Element("InstanceProfileId", profile.id);
  xml.Element("Arn", profile.arn);
  xml.Element("CreateDate", ShownTime(profile.created_at));
  xml.Open("Roles");
  if (role != nullptr) {
    xml.Open("member");
    WriteRole(xml, *role);
    xml.Close();
  }
  xml.Close();
  if (!profile.tags.empty()) WriteTags(xml, profile.tags);
}

}  // namespace penstock::iam
