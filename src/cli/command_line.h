// The command line: argv -> the command it asks for, as a plain struct. Nothing runs here; main()
// visits the result. To add a command: a struct below, its place in Command, and its Declare…
// function in the .cc (the only file that sees CLI11).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/plan_command.h"
#include "cli/templates_command.h"
#include "cli/validate_command.h"
#include "transfer/converter.h"
#include "transfer/transfer.h"

namespace penstock {

/// Exit codes of every command.
enum ExitCode : int {
  kExitDone = 0,
  kExitNo = 1,           // it ran, and the answer is no
  kExitUnusable = 2,     // the input cannot be used
  kExitInterrupted = 3,  // stopped or cut off; it can be resumed
};

/// Nothing to run: help, version, or a mistake.
struct EarlyExit {
  int code = kExitDone;
  std::string out, err;  // what to print where
};

/// Where the table is that verify has in the place of an export. Empty: as of the other table.
struct SourceTableFlags {
  std::string dynamodb_url, cloudwatch_url, region, profile;
  bool operator==(const SourceTableFlags&) const = default;
};

/// Where DynamoDB and S3 are and as whom to call them. Empty: as the SDKs' rules say.
struct EndpointFlags {
  std::string region, profile;  // of both
  std::string dynamodb_url, s3_url;
  std::string dynamodb_region, s3_region;
  std::string dynamodb_profile, s3_profile;
  std::string cloudwatch_url;                         // its region and profile are DynamoDB's
  bool needs_cloudwatch = false;                      // the rate mode asks it
  std::optional<SourceTableFlags> source_table = {};  // a second table, in another place
};

/// How a transfer shows itself.
struct DisplayFlags {
  bool json = false;     // a summary as the last line on stdout
  bool explain = false;  // each second a line with what limits it
  std::string report;    // a file for an HTML page about the run; empty: none
};

/// Whether to do it at all.
struct EstimateFlags {
  bool dry_run = false;
  std::string deadline;  // a length of time; empty: none
  std::string prices;    // a file; empty: none
};

struct ExportCommand {
  ExportOptions options;
  EstimateFlags estimate;
  EndpointFlags endpoints;
  DisplayFlags display;
};
struct ImportCommand {
  ImportOptions options;
  EstimateFlags estimate;
  EndpointFlags endpoints;
  DisplayFlags display;
};
struct VerifyCommand {
  VerifyOptions options;
  EndpointFlags endpoints;
  DisplayFlags display;
};

struct ConvertCommand {
  ConvertOptions options;
  EndpointFlags endpoints;
  DisplayFlags display;
};

struct ServeCommand {
  std::string data;  // empty: $PENSTOCK_DATA, else ./penstock-data
  std::string listen = "127.0.0.1:7400";
  std::string config;  // a TOML file; empty: none
  bool drain = false;  // at the end, wait for the embedded worker's tasks
};
struct EnvCommand {
  std::string data;
};
struct StatusCommand {
  std::string pipeline;
  std::string data;      // a running server's folder; empty: as the SDKs' rules say, or the default
                         // folder's server
  std::string endpoint;  // --endpoint-url
  std::string region, profile;
};
/// What `penstock why` asks about; the rest says which server, as for `penstock status`.
struct WhyCommand {
  std::string instance;
  StatusCommand where;  // its pipeline too
};
/// Also takes the options of the original Task Runner, in its spelling.
struct WorkerCommand {
  std::string worker_group;
  std::string id;  // --taskrunnerId; empty: drawn
  int tasks = 2;
  std::string endpoint;  // empty: as the SDKs' rules say
  std::string region, profile;
  std::string credentials_file;  // --config: the original's credentials.json
  std::string access_id, secret_key;
  std::string folder;   // --output; empty: a temporary folder
  std::string log_uri;  // s3://…: where logs go that no pipeline wants; empty: nowhere
  std::string proxy_host, proxy_user, proxy_password, proxy_domain;
  int proxy_port = 80;
};

using Command = std::variant<EarlyExit, ExportCommand, ImportCommand, VerifyCommand, ConvertCommand,
                             ServeCommand, EnvCommand, StatusCommand, WorkerCommand,
                             ValidateCommand, TemplatesCommand, PlanCommand, WhyCommand>;

/// `arguments` without the program's name. Mistakes and flags that are not supported yet are an
/// EarlyExit with code 2 and a message that names the flag.
Command ParseCommandLine(const std::vector<std::string>& arguments, std::string_view version);

}  // namespace penstock
