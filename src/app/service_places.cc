#include "app/service_places.h"

#include <unistd.h>

#include <algorithm>

#include "json/json.h"

namespace penstock {
namespace {

// What a command may know of the machine it runs on.
constexpr std::string_view kInherited[] = {
    "AWS_CA_BUNDLE", "HOME",       "HTTPS_PROXY",  "HTTP_PROXY",    "LANG",   "LC_ALL", "LOGNAME",
    "PATH",          "SHELL",      "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ",     "USER",
    "http_proxy",    "https_proxy"};

// The name that configuration and the SDKs' rules have for a service, by what requests to it are
// signed for.
std::string PlainName(const std::string& signing_name) {
  if (signing_name == "elasticmapreduce") return "emr";
  if (signing_name == "monitoring") return "cloudwatch";
  if (signing_name == "datapipeline") return "data pipeline";
  return signing_name;
}

std::string_view KindName(EndpointConfig::Kind kind) {
  switch (kind) {
    case EndpointConfig::Kind::kLocal:
      return "local";
    case EndpointConfig::Kind::kAws:
      return "aws";
    case EndpointConfig::Kind::kUrl:
      return "url";
  }
  return "local";
}

}  // namespace

ServicePlaces::ServicePlaces(ServicePlacesOptions options)
    : options_(std::move(options)),
      profiles_(LoadProfileFile(options_.environment, *options_.files)) {}

Result<ServiceEndpoint> ServicePlaces::Find(const std::string& service, const std::string& region) {
  std::string name = PlainName(service);
  auto configured = options_.endpoints.find(name);
  EndpointConfig config =
      configured == options_.endpoints.end() ? EndpointConfig() : configured->second;
  std::string profile = config.profile.empty() ? options_.profile : config.profile;
  if (profile.empty()) profile = ProfileName(options_.environment);
  std::string place = RegionOf(config, region);
  ServiceEndpoint endpoint{
      .url = {}, .region = place, .credentials = nullptr, .ca_bundle = config.ca_bundle};
  switch (config.kind) {
    case EndpointConfig::Kind::kLocal:
      if (options_.own) {
        endpoint.url = options_.own->url;
        endpoint.credentials = StaticCredentials(options_.own->key);
        return endpoint;
      }
      endpoint.url = EndpointOf(options_.environment, profiles_, profile, name, place);
      break;
    case EndpointConfig::Kind::kAws:
      endpoint.url = RegionalEndpoint(name, place);
      break;
    case EndpointConfig::Kind::kUrl:
      endpoint.url = config.url;
      break;
  }
  if (!IsServiceUrl(endpoint.url)) {
    return InvalidArgument(fmt::format(
        "\"{}\" is given as the address of {} ({}); it must be a URL beginning with http:// or "
        "https://",
        endpoint.url, name,
        config.kind == EndpointConfig::Kind::kUrl
            ? "by a flag or the configuration"
            : "by AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_… or the profile"));
  }
  endpoint.credentials = CredentialsFor(config, place);
  return endpoint;
}

std::string ServicePlaces::RegionOf(const EndpointConfig& config, const std::string& region) const {
  if (!config.region.empty()) return config.region;
  if (!region.empty()) return region;
  // AWS_REGION is meant for all services; a profile that one of them has to itself knows better.
  if (auto own = profiles_.Get(config.profile, "region")) return *own;
  const std::string general =
      options_.profile.empty() ? ProfileName(options_.environment) : options_.profile;
  return ConfiguredRegion(options_.environment, profiles_, general)
      .value_or(options_.default_region);
}

std::shared_ptr<CredentialsProvider> ServicePlaces::CredentialsFor(const EndpointConfig& config,
                                                                   const std::string& region) {
  std::lock_guard lock(mutex_);
  auto& provider = providers_[config.profile + '\n' + config.role_arn];
  if (provider) return provider;
  CredentialsChainOptions chain{
      .environment = options_.environment,
      .profile = config.profile.empty() ? options_.profile : config.profile,
      .region = profiles_.Get(config.profile, "region").value_or(""),
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
                           .sts_url = EndpointOf(options_.environment, profiles_,
                                                 ProfileName(options_.environment), "sts", region),
                           .region = region};
    provider =
        AssumeRoleCredentials(provider, role, options_.http, options_.clock, options_.random);
  }
  return provider;
}

std::string EncodeForeignServices(const ForeignServices& services) {
  json::Object endpoints, environment;
  for (const auto& [name, config] : services.endpoints) {
    endpoints[name] = json::Object{{"kind", KindName(config.kind)}, {"url", config.url},
                                   {"profile", config.profile},     {"region", config.region},
                                   {"roleArn", config.role_arn},    {"caBundle", config.ca_bundle}};
  }
  for (const auto& [name, value] : services.environment) environment[name] = value;
  return json::Write(
      json::Object{{"endpoints", std::move(endpoints)}, {"environment", std::move(environment)}});
}

Result<ForeignServices> DecodeForeignServices(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object in, json::ParseObject(text));
  ASSIGN_OR_RETURN(const json::Object* endpoints, json::GetObject(in, "endpoints"));
  ASSIGN_OR_RETURN(const json::Object* environment, json::GetObject(in, "environment"));
  ForeignServices services;
  for (const auto& member : *endpoints) {
    ASSIGN_OR_RETURN(const json::Object* entry, json::GetObject(*endpoints, member.key()));
    EndpointConfig config;
    ASSIGN_OR_RETURN(std::string kind, json::GetString(*entry, "kind"));
    ASSIGN_OR_RETURN(config.url, json::GetString(*entry, "url"));
    ASSIGN_OR_RETURN(config.profile, json::GetString(*entry, "profile"));
    ASSIGN_OR_RETURN(config.region, json::GetString(*entry, "region"));
    ASSIGN_OR_RETURN(config.role_arn, json::GetString(*entry, "roleArn"));
    ASSIGN_OR_RETURN(config.ca_bundle, json::GetString(*entry, "caBundle"));
    config.kind = kind == "aws"   ? EndpointConfig::Kind::kAws
                  : kind == "url" ? EndpointConfig::Kind::kUrl
                                  : EndpointConfig::Kind::kLocal;
    services.endpoints.emplace(member.key(), config);
  }
  for (const auto& member : *environment) {
    ASSIGN_OR_RETURN(std::string value, json::GetString(*environment, member.key()));
    services.environment.emplace(member.key(), std::move(value));
  }
  return services;
}

Environment WorkerEnvironment(const Environment& ours, const OwnServer& own,
                              const std::string& region,
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
  host.resize(host.rfind(':'));
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    auto set = ours.find(name);
    environment[name] = set == ours.end() || set->second.empty() ? host : set->second + "," + host;
  }
  bool all_local = std::all_of(endpoints.begin(), endpoints.end(), [](const auto& entry) {
    return entry.second.kind == EndpointConfig::Kind::kLocal;
  });
  if (all_local) return environment;
  ForeignServices services{.endpoints = endpoints, .environment = {}};
  for (const auto& [name, value] : ours) {
    if (name.starts_with("AWS_")) services.environment.emplace(name, value);
  }
  environment["PENSTOCK_SERVICES"] = EncodeForeignServices(services);
  return environment;
}

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    std::string_view text(*entry);
    size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

}  // namespace penstock
