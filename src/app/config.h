// The server's configuration: a TOML file. Every key is optional; an unknown key, a wrong type or
// an impossible value is an error with file, line and column, so that a misspelt limit never goes
// unnoticed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "time/instant.h"

namespace penstock {

/// Where a service is: ours, AWS's, or a URL.
struct EndpointConfig {
  enum class Kind { kLocal, kAws, kUrl };
  Kind kind = Kind::kLocal;
  std::string url;                        // kUrl
  std::string profile, region, role_arn;  // empty: not given
  std::string ca_bundle;  // PEM file with the certificates to trust there; empty: as elsewhere
  bool operator==(const EndpointConfig&) const = default;
};

struct ServerConfig {
  // [server]
  int threads = 0;                       // of request handling; 0: 32
  std::string tls_certificate, tls_key;  // PEM files; both or none
  std::string public_url;  // where machines elsewhere reach this server; empty: they cannot
  // [log]
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  // [endpoints]: dynamodb, s3, sns, cloudwatch, emr
  std::map<std::string, EndpointConfig> endpoints;
  // [regions]
  bool shared_regions = true;
  std::string default_region = "us-east-1";
  // [limits]
  bool aws_limits = false;  // profile = "aws" as against "open"
  // [engine]
  int default_maximum_retries = 2;
  Duration default_retry_delay{600'000};
  Duration ack_timeout{120'000};
  Duration default_progress_timeout{900'000};
  Duration precondition_poll{60'000};
  int backfill_max = 100;  // past instances that an activation may make unasked; 0: any number
  bool ondemand_cancels_running = false;  // ondemand_reactivate = "cancel" as against "refuse"
  bool late_until_finished = false;       // late_means = "completion" as against "start"
  // [dynamodb]
  bool dynamodb_enforce = true;
  bool dynamodb_fsync = false;  // durability = "fsync"
  // [s3]
  std::string s3_domain;
  // [smtp]: how notifications become mail; without a URL they do not
  std::string smtp_url, smtp_from = "penstock@localhost", smtp_user, smtp_password_file;
  bool smtp_require_tls = false;
  // [worker]
  std::vector<std::string> worker_groups = {"default"};
  int worker_tasks = 2;
};

/// `file` names the text in errors.
Result<ServerConfig> ParseConfig(std::string_view text, const std::string& file);

}  // namespace penstock
