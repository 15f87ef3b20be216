#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "aws/endpoint_rules.h"
#include "base/text.h"
#include "cli/format_flags.h"
#include "expr/nearest_word.h"

namespace penstock {
namespace {

/// Flags of the three transfer commands before they become options.
struct TransferFlags {
  double ratio = 0.25;
  double rate = 0;
  std::string rate_mode = "ratio";
  FormatFlags format;
  std::string mode = "overwrite";
  std::string billing = "as-exported";
  std::string memory = "256MiB";
  SourceTableFlags source;
  CLI::Option* ratio_option = nullptr;
  CLI::Option* rate_option = nullptr;
  CLI::Option* rate_mode_option = nullptr;
};

/// A scan's worker or an import's lane takes more than this, so less would be no bound.
constexpr uint64_t kMemoryMin = 16u << 20;

/// A flag with a service's address; what is none is refused with the flag's name. Empty: not given.
void AddUrl(CLI::App* app, const char* flag, std::string* url, const char* description) {
  app->add_option(flag, *url, description)->check([](const std::string& text) {
    return text.empty() || IsServiceUrl(text)
               ? ""
               : text + " is no URL beginning with http:// or https://";
  });
}

void DeclareS3Endpoint(CLI::App* app, EndpointFlags* flags) {
  AddUrl(app, "--endpoint-url-s3", &flags->s3_url, "where S3 is");
  app->add_option("--s3-region", flags->s3_region, "region of the bucket, in place of --region");
  app->add_option("--s3-profile", flags->s3_profile,
                  "profile for S3 alone; its region outranks AWS_REGION");
}

void DeclareEndpoints(CLI::App* app, EndpointFlags* flags) {
  app->add_option("--region", flags->region, "region of the table and the bucket");
  app->add_option("--profile", flags->profile, "profile of the shared AWS files");
  AddUrl(app, "--endpoint-url-dynamodb", &flags->dynamodb_url, "where DynamoDB is");
  app->add_option("--dynamodb-region", flags->dynamodb_region,
                  "region of the table, in place of --region");
  app->add_option("--dynamodb-profile", flags->dynamodb_profile,
                  "profile for DynamoDB alone; its region outranks AWS_REGION");
  AddUrl(app, "--endpoint-url-cloudwatch", &flags->cloudwatch_url,
         "where CloudWatch is, for --rate-mode headroom; region and profile are DynamoDB's");
  DeclareS3Endpoint(app, flags);
}

void DeclareSourceTable(CLI::App* app, SourceTableFlags* flags) {
  AddUrl(app, "--source-endpoint-url-dynamodb", &flags->dynamodb_url,
         "where DynamoDB is for dynamodb://TABLE; as for --table if not given");
  app->add_option("--source-region", flags->region,
                  "region of dynamodb://TABLE; that of --table if not given");
  app->add_option("--source-profile", flags->profile,
                  "profile for dynamodb://TABLE; that for --table if not given");
  AddUrl(app, "--source-endpoint-url-cloudwatch", &flags->cloudwatch_url,
         "where CloudWatch is for dynamodb://TABLE; as for --table if not given");
}

void DeclareEstimate(CLI::App* app, EstimateFlags* flags) {
  CLI::Option* dry_run = app->add_flag("--dry-run", flags->dry_run, "only say what it would take");
  app->add_option("--deadline", flags->deadline,
                  "refuse if it would take longer: 90m, 2h, 1h30m, 3 days");
  app->add_option("--prices", flags->prices, "a JSON file with the prices for --dry-run")
      ->needs(dry_run);
}

void DeclareDisplay(CLI::App* app, DisplayFlags* flags) {
  app->add_option("--report", flags->report, "write an HTML page about the run to this file");
  app->add_flag("--json", flags->json, "print a summary as the last line on stdout");
  app->add_flag("--explain", flags->explain, "say each second what limits the transfer");
}

void DeclareRate(CLI::App* app, TransferFlags* flags, const char* ratio_flag) {
  flags->ratio_option =
      app->add_option(ratio_flag, flags->ratio,
                      "share of the table's capacity to use, above 0 and at most 1")
          ->capture_default_str();
  flags->rate_option =
      app->add_option("--rate", flags->rate, "capacity units a second, instead of a ratio");
  flags->rate_mode_option = app->add_option("--rate-mode", flags->rate_mode, "what bounds the rate")
                                ->check(CLI::IsMember({"ratio", "absolute", "headroom", "max"}));
  app->add_option("--memory", flags->memory, "memory to stay within, 16MiB at least")
      ->capture_default_str();
}

CLI::Option* DeclareFormat(CLI::App* app, FormatFlags* flags, const char* description) {
  return app->add_option("--format", flags->format, description)
      ->check(CLI::IsMember({"datapipeline", "dynamodb-json", "jsonl", "csv", "tsv"}));
}

void DeclareWriteStyle(CLI::App* app, FormatFlags* flags) {
  app->add_option("--compress", flags->compress,
                  "compression of the data files; gzip for dynamodb-json, else none")
      ->check(CLI::IsMember({"none", "gzip", "zstd"}));
  app->add_option("--null-tag", flags->null_tag,
                  "how datapipeline writes a null: nULLValue if not given")
      ->check(CLI::IsMember({"nULLValue", "nULL"}));
  app->add_option("--attribute-order", flags->attribute_order, "order of attributes in a line")
      ->check(CLI::IsMember({"server", "sorted", "java-hashmap"}));
  app->add_option("--columns", flags->columns,
                  "of csv and tsv, as in a header: pk:S,age:N,:M (:M takes all other attributes); "
                  "those of the first items if not given");
}

void DeclareReadStyle(CLI::App* app, FormatFlags* flags) {
  app->add_option("--compress", flags->compress, "needless: files say how they are compressed")
      ->check(CLI::IsMember({"none", "gzip", "zstd"}));
  app->add_flag("--lenient", flags->lenient,
                "take lines that are not JSON but that the original's parser took: single quotes, "
                "none at all, numbers without quotes, unpadded base64");
}

EarlyExit Unusable(std::string message) {
  return {kExitUnusable, "", "penstock: " + std::move(message) + "\n"};
}

Result<RateOptions> Rate(const TransferFlags& flags, std::string_view ratio_flag) {
  RateOptions rate{.ratio = flags.ratio, .units_per_second = std::nullopt};
  const bool given = flags.rate_option->count() > 0;
  const bool has_ratio = flags.ratio_option->count() > 0;
  if (flags.rate_mode == "absolute" && !given)
    return InvalidArgument("--rate-mode absolute needs --rate");
  if (flags.rate_mode_option->count() > 0 && flags.rate_mode == "ratio" && given) {
    return InvalidArgument("--rate is an absolute bound; leave it out with --rate-mode ratio");
  }
  if (given) rate.units_per_second = flags.rate;
  if (given && (flags.rate_mode == "headroom" || flags.rate_mode == "max")) {
    return InvalidArgument("--rate is an absolute bound; leave it out with --rate-mode " +
                           flags.rate_mode);
  }
  if (has_ratio && given) {
    return InvalidArgument(fmt::format(
        "--rate is an absolute bound, in place of {}; leave one of them out", ratio_flag));
  }
  if (has_ratio && flags.rate_mode == "max") {
    return InvalidArgument(
        fmt::format("--rate-mode max takes what the table bears; leave {} out", ratio_flag));
  }
  if (flags.rate_mode == "headroom") rate.mode = RateMode::kHeadroom;
  if (flags.rate_mode == "max") rate.mode = RateMode::kMax;
  RETURN_IF_ERROR(CheckRateOptions(rate, ratio_flag));
  return rate;
}

/// "64MiB", "1.5g", "268435456": bytes, or a unit of 1024 of the next smaller one. Its error names
/// the flag.
Result<uint64_t> Memory(std::string_view text) {
  constexpr std::string_view kUnits = "kmgt";
  auto bad = [&](std::string_view reason) {
    return InvalidArgument(
        fmt::format("--memory {} {}; write a size such as 64MiB or 1GiB, or "
                    "leave it out for 256MiB",
                    text, reason));
  };
  std::string unit = AsciiLower(text);
  const size_t digits = std::min(unit.find_first_not_of("0123456789."), unit.size());
  std::optional<double> number = ParseDouble(std::string_view(unit).substr(0, digits));
  unit = std::string(Trim(std::string_view(unit).substr(digits)));
  double factor = 1;
  if (const size_t power = kUnits.find(unit.substr(0, 1)); !unit.empty() && power != kUnits.npos) {
    factor = std::pow(1024.0, static_cast<double>(power + 1));
    unit.erase(0, unit.substr(1, 1) == "i" ? 2 : 1);
  }
  if (!number || (!unit.empty() && unit != "b")) return bad("is no size");
  const double bytes = *number * factor;
  if (bytes < static_cast<double>(kMemoryMin)) return bad("is below 16MiB, the least a job needs");
  // No machine has more; the rest of the program may count with it.
  if (bytes > static_cast<double>(uint64_t{1} << 50)) return bad("is beyond 1024TiB");
  return static_cast<uint64_t>(bytes);
}

/// A command in the making: what CLI11 writes into, and what it becomes.
struct Draft {
  TransferFlags flags;
  ExportCommand export_table;
  ImportCommand import_table;
  VerifyCommand verify;
};

CLI::App* DeclareExport(CLI::App& root, Draft* draft) {
  CLI::App* app =
      root.add_subcommand("export", "a table into a new export in S3 or in a local folder");
  ExportCommand& command = draft->export_table;
  app->add_option("TABLE", command.options.table, "the table")->required();
  app->add_option("DEST", command.options.destination,
                  "s3://bucket/folder or a local folder; empty or not there")
      ->required();
  DeclareRate(app, &draft->flags, "--read-ratio");
  DeclareFormat(app, &draft->flags.format, "format of the data files; datapipeline if not given");
  DeclareWriteStyle(app, &draft->flags.format);
  app->add_option("--segments", command.options.segments,
                  "segments of the Scan; by the table's size if not given")
      ->check(CLI::Range(1, 1'000'000));
  app->add_flag("--consistent-read", command.options.consistent_read,
                "strongly consistent reads, at twice the cost");
  app->add_flag("--resume", command.options.resume, "go on with the unfinished export at DEST");
  app->add_flag_callback(
      "--overwrite", [&command] { command.options.overwrite = Overwrite::kAnyExport; },
      "replace an export at DEST, which stays until the new one is complete");
  app->add_flag(
      "--split-tail", command.options.splits_tail,
      "halve a slow segment for idle workers, as far as the server proves that it can be");
  app->add_option("--sse-kms-key", command.options.kms_key_id,
                  "encrypt the objects with this KMS key");
  app->add_option("--manifest-base", command.options.manifest_base,
                  "s3://bucket/folder that the export will be copied to: where its manifest says "
                  "the files are; DEST if not given");
  DeclareEstimate(app, &command.estimate);
  DeclareEndpoints(app, &command.endpoints);
  DeclareDisplay(app, &command.display);
  return app;
}

CLI::App* DeclareImport(CLI::App& root, Draft* draft) {
  CLI::App* app = root.add_subcommand("import", "an export into a table");
  ImportCommand& command = draft->import_table;
  app->add_option("SOURCE", command.options.source,
                  "s3://bucket/folder or a local folder with an export")
      ->required();
  app->add_option("TABLE", command.options.table, "the table")->required();
  DeclareRate(app, &draft->flags, "--write-ratio");
  DeclareFormat(app, &draft->flags.format,
                "format of the data files; the manifest or the files tell if not given");
  DeclareReadStyle(app, &draft->flags.format);
  app->add_option("--mode", draft->flags.mode,
                  "overwrite, skip-existing, fail-if-exists or if-newer:ATTRIBUTE")
      ->capture_default_str();
  app->add_flag("--no-manifest", command.options.no_manifest,
                "take all files of a folder that has no manifest");
  app->add_flag("--follow-manifest-urls", command.options.follow_manifest_urls,
                "read files where the manifest says they are, not beside it");
  app->add_option("--sse-kms-key", command.options.kms_key_id,
                  "encrypt the state and the rejected lines with this KMS key");
  app->add_option("--max-rejects", command.options.rejects_max,
                  "items that may be refused before the answer is no")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_flag("--resume", command.options.resume,
                "go on with the unfinished import of SOURCE into TABLE");
  app->add_option(
      "--state-folder", command.options.state_folder,
      "folder under whose _penstock/ the import's state and rejected lines go; SOURCE if not "
      "given");
  CLI::Option* create = app->add_flag("--create-table", command.options.create_table,
                                      "make the table as it was exported, if it is absent");
  app->add_option("--billing", draft->flags.billing,
                  "of a table that is made: as-exported, on-demand, or READ,WRITE units a second")
      ->needs(create)
      ->capture_default_str();
  DeclareEstimate(app, &command.estimate);
  DeclareEndpoints(app, &command.endpoints);
  DeclareDisplay(app, &command.display);
  return app;
}

CLI::App* DeclareVerify(CLI::App& root, Draft* draft) {
  CLI::App* app =
      root.add_subcommand("verify", "an export against its manifest, and against a table");
  VerifyCommand& command = draft->verify;
  app->add_option(
         "EXPORT", command.options.source,
         "s3://bucket/folder or a local folder with an export; dynamodb://TABLE is a table")
      ->required();
  app->add_option("--table", command.options.table, "hold the export's items against this table's");
  app->add_flag("--follow-manifest-urls", command.options.follow_manifest_urls,
                "read files where the manifest says they are, not beside it");
  DeclareRate(app, &draft->flags, "--read-ratio");
  DeclareFormat(app, &draft->flags.format,
                "format of the data files; the manifest or the files tell if not given");
  DeclareReadStyle(app, &draft->flags.format);
  app->add_option("--segments", command.options.segments,
                  "segments of the Scan; by the table's size if not given")
      ->check(CLI::Range(1, 1'000'000));
  app->add_flag("--consistent-read", command.options.consistent_read,
                "strongly consistent reads, at twice the cost");
  DeclareEndpoints(app, &command.endpoints);
  DeclareSourceTable(app, &draft->flags.source);
  DeclareDisplay(app, &command.display);
  return app;
}

CLI::App* DeclareConvert(CLI::App& root, FormatFlags* format, FormatFlags* source_format,
                         ConvertCommand* command) {
  CLI::App* app =
      root.add_subcommand("convert", "an export into another format; no table is asked");
  app->add_option("SOURCE", command->options.source,
                  "s3://bucket/folder or a local folder with an export")
      ->required();
  app->add_option("DEST", command->options.destination,
                  "s3://bucket/folder or a local folder; empty or not there")
      ->required();
  DeclareFormat(app, format, "format of the new data files")->required();
  DeclareWriteStyle(app, format);
  app->add_option("--source-format", source_format->format,
                  "format of the source; its manifest or its files tell if not given")
      ->check(CLI::IsMember({"datapipeline", "dynamodb-json", "jsonl", "csv", "tsv"}));
  app->add_flag("--lenient", source_format->lenient,
                "take lines that are not JSON but that the original's parser took");
  app->add_flag("--no-manifest", command->options.no_manifest,
                "take all files of a folder that has no manifest");
  app->add_option("--sse-kms-key", command->options.kms_key_id,
                  "encrypt the objects with this KMS key");
  app->add_option("--manifest-base", command->options.manifest_base,
                  "s3://bucket/folder that the export will be copied to: where its manifest says "
                  "the files are; DEST if not given");
  app->add_option("--max-rejects", command->options.rejects_max,
                  "lines that may be unreadable before the answer is no")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app->add_option("--region", command->endpoints.region, "region of the buckets");
  app->add_option("--profile", command->endpoints.profile, "profile of the shared AWS files");
  DeclareS3Endpoint(app, &command->endpoints);
  DeclareDisplay(app, &command->display);
  return app;
}

CLI::App* DeclareServe(CLI::App& root, ServeCommand* command) {
  CLI::App* app =
      root.add_subcommand("serve", "the server: API, scheduler, worker and local services");
  app->add_option("--data", command->data,
                  "its folder; default $PENSTOCK_DATA, else ./penstock-data");
  app->add_option("--listen", command->listen, "ADDRESS:PORT; port 0 picks a free one")
      ->capture_default_str();
  app->add_option("--config", command->config, "a TOML file");
  app->add_flag("--drain", command->drain, "at the end, wait for the embedded worker's tasks");
  return app;
}

CLI::App* DeclareEnv(CLI::App& root, EnvCommand* command) {
  CLI::App* app = root.add_subcommand(
      "env",
      "shell variables that lead AWS clients to a server that runs or is starting, for eval");
  app->add_option("--data", command->data,
                  "the server's folder; default $PENSTOCK_DATA, else ./penstock-data");
  return app;
}

/// Which server a command asks.
void DeclareServer(CLI::App* app, StatusCommand* command) {
  app->add_option("--data", command->data, "folder of the server to ask");
  AddUrl(app, "--endpoint-url", &command->endpoint, "address of the server to ask");
  app->add_option("--region", command->region, "region");
  app->add_option("--profile", command->profile, "profile of the shared AWS files");
}

CLI::App* DeclareStatus(CLI::App& root, StatusCommand* command) {
  CLI::App* app = root.add_subcommand("status", "one line for each instance of a pipeline");
  app->add_option("PIPELINE", command->pipeline, "the pipeline's id")->required();
  DeclareServer(app, command);
  return app;
}

CLI::App* DeclareWhy(CLI::App& root, WhyCommand* command) {
  CLI::App* app = root.add_subcommand(
      "why", "the chain from an instance that waits, or failed, to its root cause");
  app->add_option("PIPELINE", command->where.pipeline, "the pipeline's id")->required();
  app->add_option("INSTANCE", command->instance, "the instance's id, as status shows it")
      ->required();
  DeclareServer(app, &command->where);
  return app;
}

CLI::App* DeclareWorker(CLI::App& root, WorkerCommand* command) {
  CLI::App* app =
      root.add_subcommand("worker", "a Task Runner: runs the tasks of one worker group");
  app->add_option("--worker-group,--workerGroup", command->worker_group, "exact and case-sensitive")
      ->required();
  app->add_option("--tasks", command->tasks, "tasks at a time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app->add_option("--endpoint,--endpoint-url", command->endpoint, "address of the service");
  app->add_option("--region", command->region, "region");
  app->add_option("--profile", command->profile, "profile of the shared AWS files");
  app->add_option("--config", command->credentials_file,
                  "credentials.json with access-id and private-key");
  app->add_option("--accessId", command->access_id, "access key id; wins over --config");
  app->add_option("--secretKey", command->secret_key, "secret key; wins over --config");
  app->add_option("--taskrunnerId", command->id, "id for reports");
  app->add_option("--output", command->folder, "folder for the attempts' files and the log");
  app->add_option("--log-uri,--logUri", command->log_uri,
                  "s3://bucket/folder: the worker's log goes there each hour and at the end, and "
                  "those of attempts whose pipeline has no pipelineLogUri");
  CLI::Option* host = app->add_option("--proxy-host,--proxyHost", command->proxy_host,
                                      "an HTTP proxy, instead of HTTPS_PROXY");
  app->add_option("--proxy-port,--proxyPort", command->proxy_port, "its port")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str()
      ->needs(host);
  app->add_option("--proxy-username,--proxyUsername", command->proxy_user, "its user")->needs(host);
  app->add_option("--proxy-password,--proxyPassword", command->proxy_password, "and password")
      ->needs(host);
  app->add_option("--proxy-domain,--proxyDomain", command->proxy_domain, "Windows domain, for NTLM")
      ->needs(host);
  return app;
}

struct ValidateFlags {
  ValidateCommand command;
  std::vector<std::string> parameters;
  std::string limits = "open";
};

CLI::App* DeclareValidate(CLI::App& root, ValidateFlags* flags) {
  CLI::App* app = root.add_subcommand("validate", "definition files, checked as the service would");
  app->add_option("FILE", flags->command.files, "definition files; - is standard input")
      ->required();
  app->add_option("-p,--parameter", flags->parameters, "NAME=VALUE, as given with an activation")
      ->take_all();
  app->add_option("--limits", flags->limits, "which limits hold")
      ->check(CLI::IsMember({"open", "aws"}))
      ->capture_default_str();
  app->add_flag("--json", flags->command.as_json, "one JSON document instead of lines");
  return app;
}

struct PlanFlags {
  PlanCommand command;
  std::string from, until;
  std::vector<std::string> parameters, durations;
};

CLI::App* DeclarePlan(CLI::App& root, PlanFlags* flags) {
  CLI::App* app =
      root.add_subcommand("plan", "what a definition would run, and when; nothing is executed");
  app->add_option("FILE", flags->command.file, "a definition file; - is standard input")
      ->required();
  app->add_option("--from", flags->from, "first activation, as 2014-05-01T00:00:00, UTC")
      ->required();
  app->add_option("--until", flags->until, "the end, exclusive")->required();
  app->add_option("-p,--parameter", flags->parameters, "NAME=VALUE, as given with an activation")
      ->take_all();
  app->add_option("--duration", flags->durations,
                  "COMPONENT=PERIOD, how long its work takes; nothing if not given")
      ->take_all();
  app->add_flag("--all", flags->command.options.all, "data nodes, resources and preconditions too");
  app->add_flag("--json", flags->command.as_json, "one JSON document instead of lines");
  return app;
}

/// The flags as the command wants them.
Result<PlanCommand> ReadPlanFlags(PlanFlags flags) {
  engine::ForecastOptions& options = flags.command.options;
  ASSIGN_OR_RETURN(options.from, ParseMomentArgument("--from", flags.from));
  ASSIGN_OR_RETURN(options.until, ParseMomentArgument("--until", flags.until));
  for (const std::string& text : flags.parameters) {
    ASSIGN_OR_RETURN(ParameterValue value, ParseParameterArgument(text));
    options.values.push_back(std::move(value));
  }
  for (const std::string& text : flags.durations) {
    ASSIGN_OR_RETURN(auto duration, ParseDurationArgument(text));
    options.durations.insert(std::move(duration));
  }
  return std::move(flags.command);
}

CLI::App* DeclareTemplates(CLI::App& root, TemplatesCommand* command) {
  CLI::App* app = root.add_subcommand("templates", "the built-in pipeline templates");
  app->add_flag("--json", command->as_json, "one JSON document, parameters included");
  CLI::App* show = app->add_subcommand("show", "print one as a definition file");
  show->add_option("NAME", command->show, "as listed")->required();
  return app;
}

/// What is wrong with a first argument that is neither a command nor a flag; nullopt: it is one.
std::optional<std::string> UnknownCommand(const CLI::App& root, const std::string& written) {
  if (written.starts_with('-')) return std::nullopt;
  NearestWord nearest(written);
  for (const CLI::App* command : root.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == written) return std::nullopt;
    nearest.Offer(command->get_name());
  }
  const std::string meant = nearest.word().empty() ? "" : " (did you mean " + nearest.word() + "?)";
  return fmt::format("there is no command {}{}; penstock --help lists them", written, meant);
}

}  // namespace

Command ParseCommandLine(const std::vector<std::string>& arguments, std::string_view version) {
  CLI::App root("Runs AWS Data Pipeline definitions on your own machines.", "penstock");
  root.require_subcommand(1);
  root.set_version_flag("--version", "penstock " + std::string(version));
  // One draft a command: all three declare flags of the same names.
  Draft export_draft, import_draft, verify_draft;
  CLI::App* export_app = DeclareExport(root, &export_draft);
  CLI::App* import_app = DeclareImport(root, &import_draft);
  CLI::App* verify_app = DeclareVerify(root, &verify_draft);

  ConvertCommand convert;
  FormatFlags convert_format, convert_source_format;
  CLI::App* convert_app = DeclareConvert(root, &convert_format, &convert_source_format, &convert);

  ServeCommand serve;
  EnvCommand env;
  StatusCommand status;
  WorkerCommand worker;
  CLI::App* serve_app = DeclareServe(root, &serve);
  CLI::App* env_app = DeclareEnv(root, &env);
  CLI::App* status_app = DeclareStatus(root, &status);
  CLI::App* worker_app = DeclareWorker(root, &worker);
  ValidateFlags validate;
  CLI::App* validate_app = DeclareValidate(root, &validate);
  PlanFlags plan;
  CLI::App* plan_app = DeclarePlan(root, &plan);
  WhyCommand why;
  CLI::App* why_app = DeclareWhy(root, &why);
  TemplatesCommand templates;
  CLI::App* templates_app = DeclareTemplates(root, &templates);

  // CLI11 would only say that a command is missing.
  if (!arguments.empty()) {
    if (auto unknown = UnknownCommand(root, arguments[0])) return Unusable(*std::move(unknown));
  }

  // CLI11 reports by exceptions; they end here. It wants the arguments from the last to the first.
  try {
    root.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ExtrasError&) {
    // Its own message has them from the last to the first.
    return Unusable(fmt::format("not expected: {}; run with --help to see what is",
                                Join(root.remaining(/*recurse=*/true), " ")));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    bool good = root.exit(error, out, err) == 0;
    return EarlyExit{good ? kExitDone : kExitUnusable, out.str(), err.str()};
  }

  if (export_app->parsed()) {
    const TransferFlags& flags = export_draft.flags;
    ExportCommand command = std::move(export_draft.export_table);
    auto rate = Rate(flags, "--read-ratio");
    if (!rate) return Unusable(rate.error().message);
    command.options.rate = *rate;
    command.endpoints.needs_cloudwatch = rate->mode == RateMode::kHeadroom;
    auto memory = Memory(flags.memory);
    if (!memory) return Unusable(memory.error().message);
    command.options.memory_bytes = *memory;
    auto style = WriteStyle(flags.format);
    if (!style) return Unusable(style.error().message);
    command.options.style = *std::move(style);
    if (!command.options.kms_key_id.empty()) command.options.server_side_encryption = "aws:kms";
    return command;
  }
  if (import_app->parsed()) {
    const TransferFlags& flags = import_draft.flags;
    ImportCommand command = std::move(import_draft.import_table);
    auto rate = Rate(flags, "--write-ratio");
    if (!rate) return Unusable(rate.error().message);
    command.options.rate = *rate;
    command.endpoints.needs_cloudwatch = rate->mode == RateMode::kHeadroom;
    auto memory = Memory(flags.memory);
    if (!memory) return Unusable(memory.error().message);
    command.options.memory_bytes = *memory;
    auto style = ReadStyleOf(flags.format);
    if (!style) return Unusable(style.error().message);
    command.options.style = *style;
    auto mode = ParseImportMode(flags.mode);
    if (!mode) return Unusable(mode.error().message);
    command.options.mode = *std::move(mode);
    auto billing = ParseTableBilling(flags.billing);
    if (!billing) return Unusable(billing.error().message);
    command.options.billing = *billing;
    if (!command.options.kms_key_id.empty()) command.options.server_side_encryption = "aws:kms";
    return command;
  }
  if (verify_app->parsed()) {
    const TransferFlags& flags = verify_draft.flags;
    VerifyCommand command = std::move(verify_draft.verify);
    auto rate = Rate(flags, "--read-ratio");
    if (!rate) return Unusable(rate.error().message);
    command.options.rate = *rate;
    command.endpoints.needs_cloudwatch = rate->mode == RateMode::kHeadroom;
    auto memory = Memory(flags.memory);
    if (!memory) return Unusable(memory.error().message);
    command.options.memory_bytes = *memory;
    auto style = ReadStyleOf(flags.format);
    if (!style) return Unusable(style.error().message);
    command.options.style = *style;
    if (flags.source != SourceTableFlags{}) {
      if (!command.options.source.starts_with("dynamodb://")) {
        return Unusable(fmt::format(
            "{} is no table: the flags --source-… say where the table of dynamodb://TABLE is; for "
            "an export in S3 there are --endpoint-url-s3, --s3-region and --s3-profile",
            command.options.source));
      }
      command.endpoints.source_table = flags.source;
    }
    return command;
  }
  if (convert_app->parsed()) {
    auto style = WriteStyle(convert_format);
    auto read = ReadStyleOf(convert_source_format);
    if (!style) return Unusable(style.error().message);
    if (!read) return Unusable(read.error().message);
    convert.options.style = *std::move(style);
    if (!convert.options.kms_key_id.empty()) convert.options.server_side_encryption = "aws:kms";
    convert.options.read = *read;
    return convert;
  }
  if (serve_app->parsed()) return serve;
  if (env_app->parsed()) return env;
  if (status_app->parsed()) return status;
  if (why_app->parsed()) return why;
  if (worker_app->parsed()) return worker;
  if (plan_app->parsed()) {
    auto command = ReadPlanFlags(std::move(plan));
    if (!command) return Unusable(command.error().message);
    return *std::move(command);
  }
  if (templates_app->parsed()) return templates;
  if (validate_app->parsed()) {
    for (const std::string& text : validate.parameters) {
      auto parameter = ParseParameterArgument(text);
      if (!parameter) return Unusable(parameter.error().message);
      validate.command.parameters.push_back(*parameter);
    }
    validate.command.limits = *FindLimits(validate.limits);
    return validate.command;
  }
  return Unusable("no command is given; penstock --help lists them");
}

}  // namespace penstock
