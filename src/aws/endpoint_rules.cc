#include "aws/endpoint_rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace penstock {
namespace {

std::optional<std::string> Get(const Environment& environment, const std::string& name) {
  auto found = environment.find(name);
  if (found == environment.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

bool IsTrue(const std::optional<std::string>& text) {
  return text && EqualsIgnoreCase(*text, "true");
}

std::string SettingName(std::string_view service) {
  std::string name(service);
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

std::optional<std::string> WithoutSlash(std::optional<std::string> url) {
  while (url && url->ends_with('/')) url->pop_back();
  return url;
}

}  // namespace

std::string ProfileName(const Environment& environment) {
  for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    if (auto profile = Get(environment, name)) return *profile;
  }
  return "default";
}

std::optional<std::string> ConfiguredRegion(const Environment& environment,
                                            const ProfileFile& files, const std::string& profile) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = Get(environment, name)) return region;
  }
  return files.Get(profile, "region");
}

std::optional<std::string> ConfiguredEndpoint(const Environment& environment,
                                              const ProfileFile& files, const std::string& profile,
                                              std::string_view service) {
  auto ignore = Get(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (!ignore) ignore = files.Get(profile, "ignore_configured_endpoint_urls");
  if (IsTrue(ignore)) return std::nullopt;
  std::string key = SettingName(service);
  if (auto url = Get(environment, "AWS_ENDPOINT_URL_" + AsciiUpper(key))) return WithoutSlash(url);
  if (auto url = Get(environment, "AWS_ENDPOINT_URL")) return WithoutSlash(url);
  if (auto services = files.Get(profile, "services")) {
    if (auto url = files.GetService(*services, key, "endpoint_url")) return WithoutSlash(url);
  }
  return WithoutSlash(files.Get(profile, "endpoint_url"));
}

bool IsServiceUrl(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string name = AsciiLower(text.substr(0, scheme));
  const std::string_view host = text.substr(scheme + 3);
  return (name == "http" || name == "https") && !host.empty() &&
         std::string_view("/:?#").find(host[0]) == std::string_view::npos;
}

std::string SigningName(std::string_view service) {
  if (service == "cloudwatch") return "monitoring";
  if (service == "emr") return "elasticmapreduce";
  std::string name(service);
  std::erase(name, ' ');
  return name;
}

std::string RegionalEndpoint(std::string_view service, std::string_view region) {
  std::string_view suffix = "amazonaws.com";
  if (region.starts_with("cn-")) suffix = "amazonaws.com.cn";
  if (region.starts_with("us-iso-")) suffix = "c2s.ic.gov";
  if (region.starts_with("us-isob-")) suffix = "sc2s.sgov.gov";
  return fmt::format("https://{}.{}.{}", SigningName(service), region, suffix);
}

std::string EndpointOf(const Environment& environment, const ProfileFile& files,
                       const std::string& profile, std::string_view service,
                       std::string_view region) {
  auto configured = ConfiguredEndpoint(environment, files, profile, service);
  return configured ? *configured : RegionalEndpoint(service, region);
}

}  // namespace penstock
