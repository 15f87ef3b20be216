// Where a service is when nobody says so outright: the SDKs' rules, in their order:
// AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section, the profile's
// endpoint_url, AWS's regional endpoint. Pure: the environment and the files' texts come in.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "aws/profile_file.h"

namespace penstock {

using Environment = std::map<std::string, std::string>;

/// AWS_PROFILE, AWS_DEFAULT_PROFILE, else "default".
std::string ProfileName(const Environment& environment);

/// AWS_REGION, AWS_DEFAULT_REGION, the profile's region; nullopt if none is set.
std::optional<std::string> ConfiguredRegion(const Environment& environment,
                                            const ProfileFile& files, const std::string& profile);

/// The configured endpoint of `service` ("dynamodb", "s3", "sns", "cloudwatch", "emr", "data
/// pipeline", "sts"), without a final slash; nullopt if none is configured or the rules are
/// switched off (AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, ignore_configured_endpoint_urls).
std::optional<std::string> ConfiguredEndpoint(const Environment& environment,
                                              const ProfileFile& files, const std::string& profile,
                                              std::string_view service);

/// AWS's own endpoint: "https://dynamodb.eu-west-1.amazonaws.com"; also the China, GovCloud and
/// isolated partitions.
std::string RegionalEndpoint(std::string_view service, std::string_view region);

/// ConfiguredEndpoint, else RegionalEndpoint.
std::string EndpointOf(const Environment& environment, const ProfileFile& files,
                       const std::string& profile, std::string_view service,
                       std::string_view region);

/// Whether a text can be a service's address: http:// or https:// and a host.
bool IsServiceUrl(std::string_view text);

/// What a request to `service` is signed for: "cloudwatch" gives "monitoring", "emr"
/// "elasticmapreduce".
std::string SigningName(std::string_view service);

}  // namespace penstock
