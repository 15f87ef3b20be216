#include "app/service_places.h"

#include <unistd.h>

#include "json/json.h"

namespace penstock {
namespace {

// What a command may know of the machine it runs on.
constexpr std::string_view kInherited[] = {"HOME", "LANG", "LC_ALL",     "LOGNAME",    "PATH",        "SHELL",
                                           "TZ",   "USER", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"};

// The name that configuration and the SDKs' rules have for a service, by what requests to it are signed for.
std::string PlainName(const std::string& signing_name) {
  if (signing_name == "elasticmapreduce") return "emr";
  if (signing_name == "monitoring") return "cloudwatch";
  if (signing_name == "datapipeline") return "data pipeline";
  return signing_name;
}

std::string_view KindName(EndpointConfig::Kind kind) {
  switch (kind) {
    case EndpointConfig::Kind::kLocal: return "local";
    case EndpointConfig::Kind::kAws: return "aws";
    case EndpointConfig::Kind::kUrl: return "url";
  }
  return "local";
}

}  // namespace

ServicePlaces::ServicePlaces(ServicePlacesOptions options)
    : options_(std::move(options)), profiles_(LoadProfileFile(options_.environment, *options_.files)) {}

Result<ServiceEndpoint> ServicePlaces::Find(const std::string& service, const std::string& region) {
  std::string name = PlainName(service);
  auto configured = options_.endpoints.find(name);
  EndpointConfig config = configured == options_.endpoints.end() ? EndpointConfig() : configured->second;
  std::string profile = config.profile.empty() ? options_.profile : config.profile;
  if (profile.empty()) profile = ProfileName(options_.environment);
  std::string place = !config.region.empty() ? config.region
                      : !region.empty()      ? region
                                             : ConfiguredRegion(options_.environment, profiles_, profile)
                                              .value_or(options_.default_region);
  ServiceEndpoint endpoint{.url = {}, .region = place, .credentials = nullptr};
  switch (config.kind) {
    case EndpointConfig::Kind::kLocal:
      if (options_.own) {
        endpoint.url = options_.own->url;
        endpoint.credentials = StaticCredentials(options_.own->key);
        return endpoint;
      }
      endpoint.url = EndpointOf(options_.environment, profiles_, profile, name, place);
      break;
    case EndpointConfig::Kind::kAws: endpoint.url = RegionalEndpoint(name, place); break;
    case EndpointConfig::Kind::kUrl: endpoint.url = config.url; break;
  }
  endpoint.credentials = CredentialsFor(config, place);
  return endpoint;
}

std::shared_ptr<CredentialsProvider> ServicePlaces::CredentialsFor(const EndpointConfig& config,
                                                                   const std::string& region) {
  std::lock_guard lock(mutex_);
  auto& provider = providers_[config.profile + '\n' + config.role_arn];
  if (provider) return provider;
  CredentialsChainOptions chain{.environment = options_.environment,
                                .profile = config.profile.empty() ? options_.profile : config.profile,
                                .files = options_.files,
                                .http = options_.http,
                                .clock = options_.clock,
                                .random = options_.random,
                                .processes = options_.processes};
  provider = CredentialsChain(chain);
  if (!config.role_arn.empty()) {
    AssumeRoleOptions role{.role_arn = config.role_arn,
                           .external_id = {},
                           .session_name = {},
                           .sts_url = EndpointOf(options_.environment, profiles_, ProfileName(options_.environment), "sts",
                                                 region),
                           .region = region};
    provider = AssumeRoleCredentials(provider, role, options_.http, options_.clock, options_.random);
  }
  return provider;
}

std::string EncodeEndpoints(const std::map<std::string, EndpointConfig>& endpoints) {
  json::Object out;
  for (const auto& [name, config] : endpoints) {
    out[name] = json::Object{{"kind", KindName(config.kind)},
                             {"url", config.url},
                             {"profile", config.profile},
                             {"region", config.region},
                             {"roleArn", config.role_arn}};
  }
  return json::Write(out);
}

Result<std::map<std::string, EndpointConfig>> DecodeEndpoints(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object in, json::ParseObject(text));
  std::map<std::string, EndpointConfig> endpoints;
  for (const auto& member : in) {
    ASSIGN_OR_RETURN(const json::Object* entry, json::GetObject(in, member.key()));
    EndpointConfig config;
    ASSIGN_OR_RETURN(std::string kind, json::GetString(*entry, "kind"));
    ASSIGN_OR_RETURN(config.url, json::GetString(*entry, "url"));
    ASSIGN_OR_RETURN(config.profile, json::GetString(*entry, "profile"));
    ASSIGN_OR_RETURN(config.region, json::GetString(*entry, "region"));
    ASSIGN_OR_RETURN(config.role_arn, json::GetString(*entry, "roleArn"));
    config.kind = kind == "aws"   ? EndpointConfig::Kind::kAws
                  : kind == "url" ? EndpointConfig::Kind::kUrl
                                  : EndpointConfig::Kind::kLocal;
    endpoints.emplace(member.key(), config);
  }
  return endpoints;
}

Environment WorkerEnvironment(const Environment& ours, const OwnServer& own, const std::string& region,
                              const std::map<std::string, EndpointConfig>& endpoints) {
  Environment environment;
  for (std::string_view name : kInherited) {
    if (auto at = ours.find(std::string(name)); at != ours.end()) environment.insert(*at);
  }
  environment.try_emplace("PATH", "/usr/local/bin:/usr/bin:/bin");
  environment["AWS_ENDPOINT_URL"] = own.url;
  environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region;
  environment["AWS_ACCESS_KEY_ID"] = own.key.access_key_id;
  environment["AWS_SECRET_ACCESS_KEY"] = own.key.secret_access_key;
  environment["AWS_PAGER"] = "";
  environment["AWS_EC2_METADATA_DISABLED"] = "true";
  std::string host = own.url.substr(own.url.find("//") + 2);
  environment["NO_PROXY"] = environment["no_proxy"] = host.substr(0, host.rfind(':'));
  for (const auto& [name, config] : endpoints) {
    if (config.kind == EndpointConfig::Kind::kLocal) continue;
    environment["PENSTOCK_SERVICES"] = EncodeEndpoints(endpoints);
    break;
  }
  return environment;
}

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace penstock
