// Where each AWS service is, and as whom to call it: this server's own services, AWS's, or a URL,
// one by one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "activities/activity.h"
#include "app/config.h"
#include "aws/credentials_chain.h"
#include "aws/endpoint_rules.h"
#include "ports/files.h"
#include "ports/http.h"
#include "ports/process.h"

namespace penstock {

/// A server and the key to call it with.
struct OwnServer {
  std::string url;
  Credentials key;
};

struct ServicePlacesOptions {
  std::optional<OwnServer>
      own;  // where the services are that are "local"; absent: the SDKs' rules say
  std::map<std::string, EndpointConfig>
      endpoints;  // by "dynamodb", "s3", "sns", "cloudwatch", "emr"
  std::string default_region = "us-east-1";
  Environment environment;  // for the SDKs' rules and the credential chain
  std::string profile;      // --profile; empty: as the environment says
  Files* files = nullptr;
  HttpClient* http = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  Processes* processes = nullptr;
};

/// Thread-safe.
class ServicePlaces : public ServiceDirectory {
 public:
  explicit ServicePlaces(ServicePlacesOptions options);

  /// `service` is a signing name: "s3", "dynamodb", "elasticmapreduce", "monitoring", "sns",
  /// "datapipeline".
  /// An empty `region` is the one of the service's own profile, else the one that the SDKs' rules
  /// find, else the default. kInvalidArgument: the address found is no http(s) URL.
  Result<ServiceEndpoint> Find(const std::string& service, const std::string& region) override;

 private:
  std::string RegionOf(const EndpointConfig& config, const std::string& region) const;
  std::shared_ptr<CredentialsProvider> CredentialsFor(const EndpointConfig& config,
                                                      const std::string& region);

  const ServicePlacesOptions options_;
  const ProfileFile profiles_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<CredentialsProvider>> providers_;  // by profile and role
};

/// What a worker of the server must know when some services are elsewhere. SECRETS IN CLEAR, never
/// for users' commands.
struct ForeignServices {
  std::map<std::string, EndpointConfig> endpoints;
  Environment environment;  // the server's own AWS_… variables: as whom to call them
  bool operator==(const ForeignServices&) const = default;
};
/// As one variable's text (PENSTOCK_SERVICES), and back.
std::string EncodeForeignServices(const ForeignServices& services);
Result<ForeignServices> DecodeForeignServices(std::string_view text);

/// What a worker of the server finds in its environment: where everything is, and a key that is not
/// the root's. Of the server's own environment (`ours`) only what has no secrets, and, in
/// PENSTOCK_SERVICES, what services elsewhere need.
Environment WorkerEnvironment(const Environment& ours, const OwnServer& own,
                              const std::string& region,
                              const std::map<std::string, EndpointConfig>& endpoints);

/// This process's environment.
Environment ProcessEnvironment();

}  // namespace penstock
