// export, import and verify by hand: clients from flags, progress, the summary, the exit code.
#pragma once

#include <functional>
#include <ostream>
#include <stop_token>

#include "aws/service_client.h"
#include "cli/command_line.h"
#include "cli/progress_line.h"
#include "ports/files.h"

namespace penstock {

/// What flags say of one service. Empty: not given.
struct ServiceFlags {
  std::string service;  // "dynamodb", "s3", "cloudwatch"
  std::string url, region;
  std::string own_profile;  // of this service's side alone; its region outranks AWS_REGION
  std::string profile;      // of all services
};

/// Finds services as the AWS SDKs do: flags, environment, profiles. Thread-safe.
class EndpointResolver {
 public:
  virtual ~EndpointResolver() = default;
  /// The error says what was looked for and how to provide it.
  virtual Result<ServiceEndpoint> Resolve(const ServiceFlags& flags) = 0;
};

/// The world of a command. The pointees outlive it.
struct TransferWorld {
  HttpClient* http;
  Clock* clock;
  Random* random;
  Files* files;
  EndpointResolver* endpoints;
  std::ostream* out;  // results
  std::ostream* err;  // progress and diagnostics
  Terminal terminal;  // what err is
  std::stop_token stop;
};

/// Whether an address is in S3, so that a client for it is needed.
bool IsInS3(const std::string& where);

/// What these commands have in common: clients, run, print, exit code. `done`: what a good end is
/// called ("exported"). `what`: the job, for the title of its page ("export of T to out").
int RunTransfer(const TransferWorld& world, const EndpointFlags& endpoints,
                const DisplayFlags& display, bool needs_table, bool needs_s3, std::string_view done,
                const std::string& what,
                const std::function<Result<TransferReport>(const TransferContext& context,
                                                           const ProgressCallback& progress)>& run);

/// Each runs one command and returns its exit code (ExitCode).
int RunExportCommand(const TransferWorld& world, const ExportCommand& command);
int RunImportCommand(const TransferWorld& world, const ImportCommand& command);
int RunVerifyCommand(const TransferWorld& world, const VerifyCommand& command);

/// The --json line: one object, no newline.
std::string SummaryJson(const TransferReport& report);

}  // namespace penstock
