#include "aws/credentials_chain.h"

#include <fmt/core.h>

#include <mutex>
#include <set>

#include "aws/service_client.h"
#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "base/text.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr Duration kRenewBefore{5 * 60 * 1000};
// After a failed renewal the old key is used while it lasts; asking again at every call would only
// slow them all.
constexpr Duration kRetryRenewalAfter{30 * 1000};
constexpr Duration kMetadataTimeout{1000};
constexpr Duration kProcessTimeout{60 * 1000};
constexpr std::string_view kDefaultSession = "penstock";
constexpr int kRoleDepthMax = 8;

std::string GetOr(const Environment& environment, const std::string& name,
                  std::string fallback = {}) {
  auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? std::move(fallback) : found->second;
}

std::string InHome(const Environment& environment, std::string_view path) {
  return GetOr(environment, "HOME", ".") + "/" + std::string(path);
}

std::string Expanded(const Environment& environment, std::string path) {
  return path.starts_with("~/") ? InHome(environment, path.substr(2)) : path;
}

// {"AccessKeyId", "SecretAccessKey", "Token" or "SessionToken", "Expiration"}: what
// credential_process, containers and instances all answer.
Result<Credentials> ReadCredentialsJson(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  Credentials credentials;
  ASSIGN_OR_RETURN(credentials.access_key_id, json::GetString(object, "AccessKeyId"));
  ASSIGN_OR_RETURN(credentials.secret_access_key, json::GetString(object, "SecretAccessKey"));
  for (const char* key : {"SessionToken", "Token"}) {
    ASSIGN_OR_RETURN(std::optional<std::string> token, json::OptionalString(object, key));
    if (token && credentials.session_token.empty()) credentials.session_token = *token;
  }
  ASSIGN_OR_RETURN(std::optional<std::string> expiration,
                   json::OptionalString(object, "Expiration"));
  if (expiration) {
    credentials.expires_at = ParseIso(*expiration);
    if (!credentials.expires_at)
      return Corrupt(fmt::format("\"Expiration\" is no time: {}", *expiration));
  }
  return credentials;
}

Result<Credentials> ReadStsAnswer(std::string_view body, const std::string& result_name) {
  ASSIGN_OR_RETURN(XmlElement root, ParseXml(body));
  const XmlElement* result = root.Child(result_name);
  const XmlElement* found = result == nullptr ? nullptr : result->Child("Credentials");
  if (found == nullptr) return Corrupt("the answer of STS has no Credentials");
  Credentials credentials{std::string(found->ChildText("AccessKeyId")),
                          std::string(found->ChildText("SecretAccessKey")),
                          std::string(found->ChildText("SessionToken")),
                          ParseIso(found->ChildText("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    return Corrupt("the answer of STS has no keys");
  }
  return credentials;
}

std::string FormBody(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string body;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    if (!body.empty()) body += '&';
    body.append(name).append("=").append(PercentEncode(value));
  }
  return body;
}

// Keeps what Resolve() gave until shortly before it expires.
class RenewingCredentials : public CredentialsProvider {
 public:
  explicit RenewingCredentials(Clock* clock) : clock_(clock) {}

  Result<Credentials> Get() final {
    std::lock_guard lock(mutex_);
    Instant now = clock_->Now();
    bool usable = current_ && (!current_->expires_at || *current_->expires_at > now);
    bool fresh = usable && (!current_->expires_at || *current_->expires_at > now + kRenewBefore ||
                            now < renew_at_);
    if (fresh) return *current_;
    Result<Credentials> renewed = Resolve();
    if (renewed) {
      current_ = *renewed;
      renew_at_ = Instant{};
      return renewed;
    }
    if (!usable) return renewed;
    renew_at_ = now + kRetryRenewalAfter;
    return *current_;
  }

 protected:
  virtual Result<Credentials> Resolve() = 0;

 private:
  Clock* const clock_;
  std::mutex mutex_;
  std::optional<Credentials> current_;
  Instant renew_at_{};
};

class RoleCredentials : public RenewingCredentials {
 public:
  RoleCredentials(std::shared_ptr<CredentialsProvider> source, AssumeRoleOptions role,
                  ClientContext context)
      : RenewingCredentials(context.clock),
        source_(std::move(source)),
        role_(std::move(role)),
        context_(context) {}

 protected:
  Result<Credentials> Resolve() override {
    std::string body =
        FormBody({{"Action", "AssumeRole"},
                  {"Version", "2011-06-15"},
                  {"RoleArn", role_.role_arn},
                  {"RoleSessionName",
                   role_.session_name.empty() ? std::string(kDefaultSession) : role_.session_name},
                  {"DurationSeconds", std::to_string(role_.duration_s)},
                  {"ExternalId", role_.external_id}});
    ServiceCall call;
    call.service = "sts";
    call.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    call.body = body;
    auto answer =
        CallService(context_, {role_.sts_url, role_.region, source_}, call, RetryPolicy::kStandard);
    std::string attempted =
        fmt::format("assuming the role {} at {}", role_.role_arn, role_.sts_url);
    if (!answer) return answer.error().ToError(attempted);
    auto credentials = ReadStsAnswer(answer->body, "AssumeRoleResult");
    if (!credentials) return std::move(credentials).error().In(attempted);
    return credentials;
  }

 private:
  const std::shared_ptr<CredentialsProvider> source_;
  const AssumeRoleOptions role_;
  const ClientContext context_;
};

class ChainCredentials : public RenewingCredentials {
 public:
  explicit ChainCredentials(CredentialsChainOptions options)
      : RenewingCredentials(options.clock), options_(std::move(options)) {}

 protected:
  Result<Credentials> Resolve() override {
    ProfileFile files = LoadProfileFile(options_.environment, *options_.files);
    std::string profile =
        options_.profile.empty() ? ProfileName(options_.environment) : options_.profile;
    // Only --profile outranks keys in the environment; AWS_PROFILE does not.
    if (!options_.profile.empty()) return NamedProfile(files, profile);
    if (auto found = FromEnvironment()) return *std::move(found);
    if (auto found = FromWebIdentity()) return *std::move(found);
    if (auto found = FromProfile(files, profile)) return *std::move(found);
    bool named = !GetOr(options_.environment, "AWS_PROFILE").empty();
    if (named && !files.HasProfile(profile)) return NamedProfile(files, profile);
    if (auto found = FromContainer()) return *std::move(found);
    if (auto found = FromInstance()) return *std::move(found);
    return NotFound(
        fmt::format("no AWS credentials: looked for AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in "
                    "the environment, profile \"{}\" in "
                    "{} and {}, a web identity token, and the container's and instance's metadata. "
                    "Set the two variables, or run "
                    "`aws configure`",
                    profile, CredentialsPath(), ConfigPath()));
  }

 private:
  using Found = std::optional<Result<Credentials>>;  // nullopt: this source is not configured

  const Environment& environment() const { return options_.environment; }
  std::string CredentialsPath() const {
    return GetOr(environment(), "AWS_SHARED_CREDENTIALS_FILE",
                 InHome(environment(), ".aws/credentials"));
  }
  std::string ConfigPath() const {
    return GetOr(environment(), "AWS_CONFIG_FILE", InHome(environment(), ".aws/config"));
  }

  Result<Credentials> NamedProfile(const ProfileFile& files, const std::string& profile) {
    if (auto found = FromProfile(files, profile)) return *std::move(found);
    return NotFound(fmt::format("the AWS profile \"{}\" has no credentials in {} or {}", profile,
                                CredentialsPath(), ConfigPath()));
  }

  Found FromEnvironment() const {
    std::string id = GetOr(environment(), "AWS_ACCESS_KEY_ID");
    std::string secret = GetOr(environment(), "AWS_SECRET_ACCESS_KEY");
    if (id.empty() && secret.empty()) return std::nullopt;
    if (id.empty() || secret.empty()) {
      return InvalidArgument(
          fmt::format("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together; {} is not set",
                      id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY"));
    }
    return Credentials{id, secret, GetOr(environment(), "AWS_SESSION_TOKEN"), {}};
  }

  std::string RegionFor(const ProfileFile& files, const std::string& profile) const {
    if (!options_.region.empty()) return options_.region;
    return ConfiguredRegion(environment(), files, profile).value_or("us-east-1");
  }

  Found FromWebIdentity() const {
    std::string path = GetOr(environment(), "AWS_WEB_IDENTITY_TOKEN_FILE");
    std::string role = GetOr(environment(), "AWS_ROLE_ARN");
    if (path.empty() || role.empty()) return std::nullopt;
    return AssumeWithWebIdentity(
        LoadProfileFile(environment(), *options_.files), ProfileName(environment()), path, role,
        GetOr(environment(), "AWS_ROLE_SESSION_NAME", std::string(kDefaultSession)));
  }

  Result<Credentials> AssumeWithWebIdentity(const ProfileFile& files, const std::string& profile,
                                            const std::string& token_path, const std::string& role,
                                            const std::string& session) const {
    ASSIGN_OR_RETURN(std::string token, options_.files->Read(Expanded(environment(), token_path)));
    std::string url = EndpointOf(environment(), files, profile, "sts", RegionFor(files, profile));
    ClientRequest request;
    request.method = "POST";
    request.url = url + "/";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    request.body = FormBody({{"Action", "AssumeRoleWithWebIdentity"},
                             {"Version", "2011-06-15"},
                             {"RoleArn", role},
                             {"RoleSessionName", session},
                             {"WebIdentityToken", std::string(Trim(token))}});
    std::string attempted = fmt::format("assuming the role {} with the web identity in {} at {}",
                                        role, token_path, url);
    auto answer = options_.http->Send(request);
    if (!answer) return std::move(answer).error().In(attempted);
    if (answer->status != 200) return ReadCallError(*answer).ToError(attempted);
    auto credentials = ReadStsAnswer(answer->body, "AssumeRoleWithWebIdentityResult");
    if (!credentials) return std::move(credentials).error().In(attempted);
    return credentials;
  }

  Found FromProfile(const ProfileFile& files, const std::string& profile) {
    std::set<std::string> visited;
    return FromProfile(files, profile, visited);
  }

  Found FromProfile(const ProfileFile& files, const std::string& profile,
                    std::set<std::string>& visited) {
    if (files.Get(profile, "role_arn")) return FromRole(files, profile, visited);
    if (auto fixed = StaticKeys(files, profile)) return fixed;
    if (auto command = files.Get(profile, "credential_process"))
      return FromProcess(profile, *command);
    if (files.Get(profile, "sso_session") || files.Get(profile, "sso_start_url")) {
      return FailedPrecondition(
          fmt::format("the AWS profile \"{0}\" uses SSO, which needs a browser. Run `aws sso login "
                      "--profile {0}` and then `eval "
                      "\"$(aws configure export-credentials --profile {0} --format env)\"`, or set "
                      "credential_process in the profile "
                      "to `aws configure export-credentials --profile {0}`",
                      profile));
    }
    return std::nullopt;
  }

  Found StaticKeys(const ProfileFile& files, const std::string& profile) const {
    auto id = files.Get(profile, "aws_access_key_id");
    auto secret = files.Get(profile, "aws_secret_access_key");
    if (!id && !secret) return std::nullopt;
    if (!id || !secret) {
      return InvalidArgument(fmt::format("the AWS profile \"{}\" has {} but not {}", profile,
                                         id ? "aws_access_key_id" : "aws_secret_access_key",
                                         id ? "aws_secret_access_key" : "aws_access_key_id"));
    }
    return Credentials{*id, *secret, files.Get(profile, "aws_session_token").value_or(""), {}};
  }

  Found FromRole(const ProfileFile& files, const std::string& profile,
                 std::set<std::string>& visited) {
    if (!visited.insert(profile).second || visited.size() > kRoleDepthMax) {
      return InvalidArgument(
          fmt::format("the AWS profile \"{}\" is its own source_profile", profile));
    }
    std::string role = *files.Get(profile, "role_arn");
    std::string session =
        files.Get(profile, "role_session_name").value_or(std::string(kDefaultSession));
    if (auto path = files.Get(profile, "web_identity_token_file")) {
      return AssumeWithWebIdentity(files, profile, *path, role, session);
    }
    if (files.Get(profile, "mfa_serial")) {
      return FailedPrecondition(
          fmt::format("the AWS profile \"{0}\" asks for an MFA code, which nobody can type here. "
                      "Run `eval \"$(aws configure "
                      "export-credentials --profile {0} --format env)\"` first",
                      profile));
    }
    auto source_profile = files.Get(profile, "source_profile");
    auto source_name = files.Get(profile, "credential_source");
    Found source;
    std::string wanted;
    if (source_profile) {
      wanted = fmt::format("source_profile = {}", *source_profile);
      // A profile may be its own source if it has keys of its own.
      source = *source_profile == profile ? StaticKeys(files, profile)
                                          : FromProfile(files, *source_profile, visited);
    } else if (source_name) {
      wanted = fmt::format("credential_source = {}", *source_name);
      if (*source_name == "Environment") source = FromEnvironment();
      if (*source_name == "EcsContainer") source = FromContainer();
      if (*source_name == "Ec2InstanceMetadata") source = FromInstance();
    } else {
      return InvalidArgument(fmt::format(
          "the AWS profile \"{}\" has a role_arn but neither source_profile nor credential_source",
          profile));
    }
    if (!source)
      return NotFound(fmt::format("the AWS profile \"{}\" has {}, which gives no credentials",
                                  profile, wanted));
    if (!*source)
      return std::move(*source).error().In(
          fmt::format("the AWS profile \"{}\" ({})", profile, wanted));
    AssumeRoleOptions assume;
    assume.role_arn = role;
    assume.external_id = files.Get(profile, "external_id").value_or("");
    assume.session_name = session;
    assume.duration_s = static_cast<int>(
        ParseInt64(files.Get(profile, "duration_seconds").value_or("3600")).value_or(3600));
    assume.region = RegionFor(files, profile);
    assume.sts_url = EndpointOf(environment(), files, profile, "sts", assume.region);
    return AssumeRoleCredentials(StaticCredentials(**source), assume, options_.http, options_.clock,
                                 options_.random)
        ->Get();
  }

  // The command's output goes through a file that only we can read: the process port has no pipes.
  Result<Credentials> FromProcess(const std::string& profile, const std::string& command) const {
    std::string attempted = fmt::format("credential_process of the AWS profile \"{}\"", profile);
    if (options_.processes == nullptr) return FailedPrecondition(attempted + " cannot be run here");
    std::string name =
        fmt::format("{}/penstock-credentials-{:016x}{:016x}", options_.temporary_folder,
                    options_.random->Next(), options_.random->Next());
    ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> output, options_.files->Create(name, 0600));
    RETURN_IF_ERROR(output->Close());
    Result<Credentials> credentials = RunProcess(attempted, command, name);
    Status removed = options_.files->Remove(name);
    if (credentials && !removed) return std::move(removed).error();
    return credentials;
  }

  Result<Credentials> RunProcess(const std::string& attempted, const std::string& command,
                                 const std::string& output_path) const {
    ProcessSpec spec;
    spec.arguments = {"/bin/sh", "-c", command};
    for (const auto& [name, value] : environment()) spec.environment.emplace_back(name, value);
    spec.stdout_path = output_path;
    auto process = options_.processes->Start(spec);
    if (!process) return std::move(process).error().In(attempted);
    auto exit = options_.processes->Wait(*process, kProcessTimeout);
    if (!exit) {
      constexpr int kSigKill = 9;
      Status killed = options_.processes->Signal(*process, kSigKill);
      return DeadlineExceeded(fmt::format("{}: it did not end within {} s{}", attempted,
                                          kProcessTimeout.count() / 1000,
                                          killed ? "" : " and could not be killed"));
    }
    if (exit->code != 0) {
      return FailedPrecondition(fmt::format(
          "{}: it ended with {}; run it by hand to see why", attempted,
          exit->code ? fmt::format("exit code {}", *exit->code) : std::string("a signal")));
    }
    ASSIGN_OR_RETURN(std::string text, options_.files->Read(output_path));
    auto credentials = ReadCredentialsJson(text);
    // Never the text itself: it may hold a secret.
    if (!credentials)
      return std::move(credentials).error().In(attempted + ": its output is not what it should be");
    return credentials;
  }

  Found FromContainer() const {
    std::string relative = GetOr(environment(), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    std::string full = GetOr(environment(), "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative.empty() && full.empty()) return std::nullopt;
    ClientRequest request;
    request.url = relative.empty() ? full : "http://169.254.170.2" + relative;
    request.connect_timeout = request.timeout = kMetadataTimeout;
    std::string token = GetOr(environment(), "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    std::string token_path = GetOr(environment(), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    if (!token_path.empty()) {
      auto read = options_.files->Read(token_path);
      if (!read) return std::move(read).error();
      token = Trim(*read);
    }
    if (!token.empty()) request.headers.Add("Authorization", token);
    return Ask(request, "the container's credentials");
  }

  Result<Credentials> Ask(const ClientRequest& request, std::string_view what) const {
    std::string attempted = fmt::format("{} at {}", what, request.url);
    auto answer = options_.http->Send(request);
    if (!answer) return std::move(answer).error().In(attempted);
    if (answer->status != 200)
      return Unavailable(fmt::format("{}: HTTP {}", attempted, answer->status));
    auto credentials = ReadCredentialsJson(answer->body);
    if (!credentials) return std::move(credentials).error().In(attempted);
    return credentials;
  }

  // IMDSv2 only. That nobody answers means that this is no EC2 instance.
  Found FromInstance() const {
    if (EqualsIgnoreCase(GetOr(environment(), "AWS_EC2_METADATA_DISABLED"), "true"))
      return std::nullopt;
    std::string base =
        GetOr(environment(), "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254");
    while (base.ends_with('/')) base.pop_back();
    ClientRequest request;
    request.connect_timeout = request.timeout = kMetadataTimeout;
    request.method = "PUT";
    request.url = base + "/latest/api/token";
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    auto token = options_.http->Send(request);
    if (!token || token->status != 200) return std::nullopt;
    request.method = "GET";
    request.headers = {{"X-aws-ec2-metadata-token", std::string(Trim(token->body))}};
    request.url = base + "/latest/meta-data/iam/security-credentials/";
    auto role = options_.http->Send(request);
    if (!role || role->status != 200) return std::nullopt;
    std::string_view name = Trim(role->body);
    request.url += name.substr(0, name.find('\n'));
    return Ask(request, "the instance's credentials");
  }

  const CredentialsChainOptions options_;
};

}  // namespace

ProfileFile LoadProfileFile(const Environment& environment, Files& files) {
  ProfileFile loaded;
  auto credentials =
      files.Read(Expanded(environment, GetOr(environment, "AWS_SHARED_CREDENTIALS_FILE",
                                             InHome(environment, ".aws/credentials"))));
  if (credentials) loaded.AddCredentials(*credentials);
  auto config = files.Read(Expanded(
      environment, GetOr(environment, "AWS_CONFIG_FILE", InHome(environment, ".aws/config"))));
  if (config) loaded.AddConfig(*config);
  return loaded;
}

std::shared_ptr<CredentialsProvider> CredentialsChain(CredentialsChainOptions options) {
  return std::make_shared<ChainCredentials>(std::move(options));
}

std::shared_ptr<CredentialsProvider> AssumeRoleCredentials(
    std::shared_ptr<CredentialsProvider> source, AssumeRoleOptions role, HttpClient* http,
    Clock* clock, Random* random) {
  return std::make_shared<RoleCredentials>(std::move(source), std::move(role),
                                           ClientContext{http, clock, random});
}

}  // namespace penstock
