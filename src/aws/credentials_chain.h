// Finds credentials as the AWS SDKs do. In this order: the environment (with session token), web
// identity, the profile in the shared files (role_arn with source_profile or credential_source,
// static keys, credential_process), the container's endpoint, the EC2 instance's metadata (IMDSv2).
// A profile named on the command line (`profile`) is the only source then. SSO profiles are
// refused, saying what to do instead.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
#pragma once

#include <memory>
#include <string>

#include "aws/credentials.h"
#include "aws/endpoint_rules.h"
#include "ports/clock.h"
#include "ports/files.h"
#include "ports/http.h"
#include "ports/process.h"
#include "ports/random.h"

namespace penstock {

struct CredentialsChainOptions {
  Environment environment;
  std::string profile;      // --profile; empty: as the environment says
  std::string region = {};  // where STS is asked; empty: as the environment and the profile say
  Files* files = nullptr;
  HttpClient* http = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  Processes* processes = nullptr;         // may be absent: credential_process is then an error
  std::string temporary_folder = "/tmp";  // for the output of credential_process
};

/// The shared files of this environment (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else under
/// HOME); a missing file is an empty one.
ProfileFile LoadProfileFile(const Environment& environment, Files& files);

/// Resolves at the first Get() and again when what was found is about to expire (5 minutes before).
/// Thread-safe; the pointees outlive it.
std::shared_ptr<CredentialsProvider> CredentialsChain(CredentialsChainOptions options);

/// `source`, turned into the role's temporary credentials by STS at `sts_url`, renewed in time.
struct AssumeRoleOptions {
  std::string role_arn;
  std::string external_id;   // may be empty
  std::string session_name;  // empty: "penstock"
  int duration_s = 3600;
  std::string sts_url;
  std::string region;
};
std::shared_ptr<CredentialsProvider> AssumeRoleCredentials(
    std::shared_ptr<CredentialsProvider> source, AssumeRoleOptions role, HttpClient* http,
    Clock* clock, Random* random);

}  // namespace penstock
