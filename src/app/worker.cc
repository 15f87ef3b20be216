#include "app/worker.h"

#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "app/worker_log.h"
#include "aws/s3_client.h"
#include "base/encoding.h"
#include "base/log.h"
#include "json/json.h"
#include "runner/aws_shim.h"
#include "runner/runner.h"
#include "system/host_name.h"

namespace penstock {
namespace {

// The original's file: {"access-id": "…", "private-key": "…", …}.
Result<Credentials> ReadCredentialsJson(Files& files, const std::string& path) {
  ASSIGN_OR_RETURN(std::string text, files.Read(path));
  auto read = [&]() -> Result<Credentials> {
    ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
    Credentials key;
    ASSIGN_OR_RETURN(key.access_key_id, json::GetString(object, "access-id"));
    ASSIGN_OR_RETURN(key.secret_access_key, json::GetString(object, "private-key"));
    return key;
  };
  Result<Credentials> key = read();
  if (!key) return std::move(key).error().In(path);
  return key;
}

constexpr std::chrono::minutes kPushInterval(1);

// The worker's log as files and, if it is to go to S3, their pushes. From then until the end of its
// life every line that is logged goes there too.
class KeptLog {
 public:
  /// `log_uri` may be empty: the files stay in `folder`.
  static Result<std::unique_ptr<KeptLog>> Open(const std::string& folder,
                                               const std::string& log_uri, const std::string& id,
                                               ServicePlaces& places, const ClientContext& clients,
                                               Files& files) {
    WorkerLog::Push push;
    if (!log_uri.empty()) {
      Result<S3Location> parsed = ParseS3Uri(log_uri);
      if (!parsed) return std::move(parsed).error().In("--logUri");
      S3Location target = *std::move(parsed);
      if (!target.key.empty() && !target.key.ends_with('/')) target.key += '/';
      // A worker that comes back under the same name within the hour replaces nothing.
      target.key += id + "/" + FormatDateTime(clients.clock->Now()) + "/";
      push = [target, clients, &places](const std::string& name, std::string_view text) -> Status {
        ASSIGN_OR_RETURN(ServiceEndpoint endpoint, places.Find("s3", ""));
        S3Location at = target;
        at.key += name;
        CallResult<std::string> stored =
            S3Client(clients, endpoint).PutObject(at, text, {.content_type = "application/gzip"});
        if (!stored) return stored.error().ToError("storing " + FormatS3Uri(at));
        return {};
      };
    }
    ASSIGN_OR_RETURN(std::unique_ptr<WorkerLog> log,
                     WorkerLog::Open(folder, std::move(push), files, *clients.clock));
    return std::make_unique<KeptLog>(std::move(log));
  }

  explicit KeptLog(std::unique_ptr<WorkerLog> log) : log_(std::move(log)) {
    CopyLog([this](std::string_view line) { log_->Write(line); });
    pushes_ = std::jthread([this](std::stop_token stop) {
      std::mutex mutex;
      std::condition_variable_any wake;
      std::unique_lock lock(mutex);
      while (!wake.wait_for(lock, stop, kPushInterval, [&] { return stop.stop_requested(); }))
        Warn(log_->PushEndedHours());
    });
  }
  ~KeptLog() {
    pushes_ = {};
    CopyLog({});
    Warn(log_->PushAll());
  }

 private:
  static void Warn(const Status& pushed) {
    if (!pushed) Log(LogLevel::kWarning, "the log was not pushed: {}", pushed.error().message);
  }

  std::unique_ptr<WorkerLog> log_;
  std::jthread pushes_;
};

}  // namespace

Status RunWorker(const WorkerCommand& command, ServicePlacesOptions options, std::stop_token stop) {
  Environment& environment = options.environment;
  Files& files = *options.files;
  auto variable = [&](const std::string& name) {
    auto at = environment.find(name);
    return at == environment.end() ? std::string() : at->second;
  };
  options.profile = command.profile;
  if (!command.region.empty())
    environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = command.region;

  // Keys given outright go into the environment, so that commands of users have them too.
  Credentials key;
  if (!command.credentials_file.empty()) {
    ASSIGN_OR_RETURN(key, ReadCredentialsJson(files, command.credentials_file));
  }
  if (!command.access_id.empty() || !command.secret_key.empty()) {
    if (command.access_id.empty() || command.secret_key.empty()) {
      return InvalidArgument("--accessId and --secretKey go together");
    }
    key = {.access_key_id = command.access_id,
           .secret_access_key = command.secret_key,
           .session_token = "",
           .expires_at = {}};
  }
  if (!key.access_key_id.empty()) {
    environment["AWS_ACCESS_KEY_ID"] = key.access_key_id;
    environment["AWS_SECRET_ACCESS_KEY"] = key.secret_access_key;
    environment.erase("AWS_SESSION_TOKEN");
  }
  if (!command.endpoint.empty()) environment["AWS_ENDPOINT_URL_DATA_PIPELINE"] = command.endpoint;

  // What commands of users see: as this process, without what is the worker's alone.
  Environment for_commands = environment;
  for_commands.erase("PENSTOCK_SERVICES");
  for_commands.erase("PENSTOCK_WORKER_FOLDER");

  // A server's own worker: some services may be elsewhere, with the server's keys.
  if (std::string text = variable("PENSTOCK_SERVICES"); !text.empty()) {
    Result<ForeignServices> services = DecodeForeignServices(text);
    if (!services) return std::move(services).error().In("PENSTOCK_SERVICES");
    options.endpoints = std::move(services->endpoints);
    options.own = OwnServer{variable("AWS_ENDPOINT_URL"),
                            {.access_key_id = variable("AWS_ACCESS_KEY_ID"),
                             .secret_access_key = variable("AWS_SECRET_ACCESS_KEY"),
                             .session_token = "",
                             .expires_at = {}}};
    std::string region = variable("AWS_REGION");
    std::erase_if(environment, [](const auto& entry) { return entry.first.starts_with("AWS_"); });
    environment.merge(services->environment);
    environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region;
  }

  // Absolute: commands run in folders of their own.
  std::error_code failure;
  std::string chosen = command.folder.empty() ? variable("PENSTOCK_WORKER_FOLDER") : command.folder;
  std::string folder = chosen.empty() ? "" : std::filesystem::absolute(chosen, failure).string();
  if (failure) return IoError(fmt::format("the folder {}: {}", command.folder, failure.message()));
  std::string temporary;
  if (folder.empty()) {
    folder = (variable("TMPDIR").empty() ? "/tmp" : variable("TMPDIR")) + "/penstock-worker-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr)
      return IoError("no temporary folder could be made: " + folder);
    temporary = folder;
  }
  struct Removal {
    ~Removal() {
      if (!folder.empty()) (void)files.RemoveTree(folder);
    }
    Files& files;
    const std::string& folder;
  } removal{files, temporary};
  std::string shim = folder + "/bin";
  RETURN_IF_ERROR(WriteAwsShim(files, shim));

  RunnerOptions runner{
      .worker_group = command.worker_group, .id = command.id, .hostname = HostName()};
  if (runner.id.empty()) {
    std::string bytes(8, '\0');
    options.random->Fill(bytes);
    runner.id = fmt::format("{}-{}", runner.hostname, HexEncode(bytes));
  }
  runner.tasks = command.tasks;
  runner.folder = folder + "/attempts";
  std::string path = for_commands["PATH"];
  for_commands["PATH"] = path.empty() ? shim : shim + ":" + path;
  runner.environment = {for_commands.begin(), for_commands.end()};

  ServicePlaces places(options);
  ASSIGN_OR_RETURN(ServiceEndpoint endpoint, places.Find("datapipeline", command.region));
  ClientContext clients{options.http, options.clock, options.random};
  runner.log_uri = command.log_uri;
  std::unique_ptr<KeptLog> kept;
  if (!command.log_uri.empty() || !command.folder.empty()) {
    ASSIGN_OR_RETURN(
        kept, KeptLog::Open(folder + "/logs", command.log_uri, runner.id, places, clients, files));
    Log(LogLevel::kInfo, "logging to {}/logs", folder);
  }
  Log(LogLevel::kInfo, "worker {} of group {} at {}", runner.id, runner.worker_group, endpoint.url);
  return Runner(runner, DataPipelineClient(clients, endpoint), clients, places, files,
                *options.processes)
      .Run(stop);
}

}  // namespace penstock
