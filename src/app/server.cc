#include "app/server.h"

#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "app/door.h"
#include "app/server_folder.h"
#include "app/service_places.h"
#include "app/status_pages.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "gateway/gateway.h"
#include "key_value/rocksdb_key_value.h"
#include "local/dynamodb/dynamodb_service.h"
#include "local/emr/emr_service.h"
#include "local/iam/iam_service.h"
#include "local/s3/s3_service.h"
#include "local/sns/sns_service.h"
#include "local/sts/sts_service.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/smtp_mailer.h"
#include "runner/aws_shim.h"
#include "runner/runner.h"
#include "scheduler/aws_effects.h"
#include "scheduler/scheduler.h"
#include "service/data_pipeline_service.h"
#include "store/sqlite_store.h"
#include "system/host_name.h"
#include "system/posix_files.h"
#include "system/posix_processes.h"
#include "system/process_worker_host.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

constexpr Duration kStopGrace{10'000};
constexpr char kEmbeddedWorker[] = "embedded";

// The key that an account's workers sign with: the same after every start, and nobody's but theirs.
Credentials WorkerKey(std::string_view secret_key, std::string_view account) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string id_bytes = HmacSha256(secret_key, fmt::format("worker key id {}", account));
  std::string id = "AKIA";
  for (size_t i = 0; i < 16; ++i)
    id += kDigits[static_cast<unsigned char>(id_bytes[i]) % kDigits.size()];
  std::string secret =
      HexEncode(HmacSha256(secret_key, fmt::format("worker key secret {}", account)));
  return {.access_key_id = id,
          .secret_access_key = secret.substr(0, 40),
          .session_token = "",
          .expires_at = {}};
}

engine::EngineOptions EngineOptionsOf(const ServerConfig& config) {
  engine::EngineOptions options;
  options.default_maximum_retries = config.default_maximum_retries;
  options.default_retry_delay = config.default_retry_delay;
  options.ack_timeout = config.ack_timeout;
  options.default_progress_timeout = config.default_progress_timeout;
  options.precondition_poll = config.precondition_poll;
  options.backfill_max = config.backfill_max;
  options.on_demand_cancels_running = config.ondemand_cancels_running;
  options.late_until_finished = config.late_until_finished;
  options.limits = config.aws_limits ? AwsLimits() : OpenLimits();
  return options;
}

// "127.0.0.1" of a listener on all addresses, for our own calls.
std::string OwnUrl(const std::string& address, bool tls) {
  std::string host = address;
  for (std::string_view any : {"0.0.0.0:", "[::]:"}) {
    if (host.starts_with(any)) host = "127.0.0.1:" + host.substr(any.size());
  }
  return (tls ? "https://" : "http://") + host;
}

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// "127.0.0.1:7400" gives "127.0.0.1".
std::string_view HostOf(std::string_view address) { return address.substr(0, address.rfind(':')); }

std::vector<std::pair<std::string, std::string>> AsPairs(const Environment& environment) {
  return {environment.begin(), environment.end()};
}

}  // namespace

// In the order of making; destroyed from the last to the first.
struct Server::Parts {
  explicit Parts(ServerOptions given) : options(std::move(given)) {}

  const ServerOptions options;
  SystemClock clock;
  SystemRandom random;
  PosixFiles files;
  PosixProcesses processes;
  CurlHttpClient http{HttpClientOptions{.ca_bundle = Variable("AWS_CA_BUNDLE")}};
  HealthPage health;
  std::optional<ServerFolder> folder;
  KeyRing keys;
  Credentials worker_key;
  std::optional<OwnServer> own;

  std::unique_ptr<RocksDbKeyValue> s3_index, tables, services_store;
  std::unique_ptr<S3Service> s3;
  std::unique_ptr<DynamoDbService> dynamodb;
  std::unique_ptr<SmtpMailer> mailer;
  std::unique_ptr<sns::SnsService> sns;
  std::unique_ptr<iam::IamService> iam;
  StsService sts;

  std::unique_ptr<SecretBox> secret_box;
  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<ServicePlaces> places;
  std::unique_ptr<ProcessWorkerHost> workers;
  std::unique_ptr<emr::EmrService> emr;
  std::unique_ptr<AwsEffects> effects;
  std::unique_ptr<Scheduler> scheduler;
  std::unique_ptr<DataPipelineService> pipelines;

  std::unique_ptr<MetricsPage> metrics;
  std::unique_ptr<Gateway> gateway;
  Door door;
  std::unique_ptr<HttpServer> server;

  std::vector<std::unique_ptr<Runner>> runners;
  std::stop_source runners_stop;
  std::vector<std::jthread> runner_threads;
  bool stopped = false;

  Status OpenFolder();
  Status OpenLocalServices();
  Status OpenNotifications();
  Status OpenPipelines();
  Status Listen();
  void OpenGateway();
  Status StartWorkers();
  ServicePlacesOptions PlacesOptions();
};

Status Server::Parts::OpenFolder() {
  ASSIGN_OR_RETURN(ServerFolder opened, ServerFolder::Open(options.data, files, random));
  folder.emplace(std::move(opened));
  worker_key = WorkerKey(folder->secret_key(), folder->account());
  keys.Add({.access_key_id = folder->root_key().access_key_id,
            .secret = folder->root_key().secret_access_key,
            .account = folder->account(),
            .user_arn = RootArn(folder->account()),
            .is_root = true,
            .session_token = {}});
  keys.Add({.access_key_id = worker_key.access_key_id,
            .secret = worker_key.secret_access_key,
            .account = folder->account(),
            .user_arn = fmt::format("arn:aws:iam::{}:user/penstock-worker", folder->account()),
            .session_token = {}});
  return {};
}

Status Server::Parts::OpenLocalServices() {
  const ServerConfig& config = options.config;
  auto open = [&](const std::string& name) {
    return RocksDbKeyValue::Open({.path = folder->Sub(name)});
  };
  ASSIGN_OR_RETURN(s3_index, open("s3/index"));
  ASSIGN_OR_RETURN(tables, open("dynamodb"));
  ASSIGN_OR_RETURN(services_store, open("services"));
  ASSIGN_OR_RETURN(s3, S3Service::Open({.folder = folder->Sub("s3"),
                                        .files = &files,
                                        .index = s3_index.get(),
                                        .clock = &clock,
                                        .random = &random,
                                        .default_region = config.default_region}));
  DynamoDbOptions dynamodb_options;
  dynamodb_options.shared_regions = config.shared_regions;
  dynamodb_options.enforce_capacity = config.dynamodb_enforce;
  dynamodb_options.durability = config.dynamodb_fsync ? Durability::kDisk : Durability::kProcess;
  ASSIGN_OR_RETURN(dynamodb,
                   DynamoDbService::Open(tables.get(), &clock, &random, dynamodb_options));
  return {};
}

Status Server::Parts::OpenNotifications() {
  const ServerConfig& config = options.config;
  if (!config.smtp_url.empty()) {
    SmtpOptions smtp{.url = config.smtp_url,
                     .from = config.smtp_from,
                     .user = config.smtp_user,
                     .require_tls = config.smtp_require_tls};
    if (!config.smtp_password_file.empty()) {
      ASSIGN_OR_RETURN(std::string password, files.Read(config.smtp_password_file));
      smtp.password = Trim(password);
    }
    mailer = std::make_unique<SmtpMailer>(std::move(smtp));
  }
  iam = std::make_unique<iam::IamService>(*services_store, clock, random);
  ASSIGN_OR_RETURN(sns, sns::SnsService::Open(
                            *services_store, http, mailer.get(), clock, random,
                            {.shared_regions = config.shared_regions,
                             .base_url = config.public_url.empty() ? own->url : config.public_url,
                             .sends_mail = mailer != nullptr}));
  return {};
}

ServicePlacesOptions Server::Parts::PlacesOptions() {
  return {.own = own,
          .endpoints = options.config.endpoints,
          .default_region = options.config.default_region,
          .environment = ProcessEnvironment(),
          .profile = {},
          .files = &files,
          .http = &http,
          .clock = &clock,
          .random = &random,
          .processes = &processes};
}

Status Server::Parts::OpenPipelines() {
  const ServerConfig& config = options.config;
  secret_box = std::make_unique<SecretBox>(folder->secret_key(), random);
  ASSIGN_OR_RETURN(store, SqliteStore::Open(folder->Sub("pipelines.db"), *secret_box));
  places = std::make_unique<ServicePlaces>(PlacesOptions());

  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  if (length <= 0) return IoError("this program's own path cannot be read from /proc/self/exe");
  std::string program(self, static_cast<size_t>(length));
  WorkerHostOptions host;
  host.folder = folder->Sub("workers");
  host.address = own->url;
  host.arguments = [program](const WorkerSpec& spec) {
    return std::vector<std::string>{program, "worker", "--worker-group", spec.worker_group};
  };
  host.environment = [this](const WorkerSpec& spec) {
    return AsPairs(
        WorkerEnvironment(ProcessEnvironment(), *own, spec.region, options.config.endpoints));
  };
  ASSIGN_OR_RETURN(workers, ProcessWorkerHost::Open(host, files, processes, clock, random));
  emr = std::make_unique<emr::EmrService>(*services_store, *workers, clock, random,
                                          config.shared_regions);

  auto clusters = config.endpoints.find("emr");
  const bool clusters_elsewhere =
      clusters != config.endpoints.end() && clusters->second.kind != EndpointConfig::Kind::kLocal;
  if (clusters_elsewhere && config.public_url.empty()) {
    Log(LogLevel::kWarning,
        "[endpoints] emr is not \"local\", but [server] public_url is not set: a cluster's worker "
        "finds this server only if a bootstrapAction sets AWS_ENDPOINT_URL there");
  }
  effects = std::make_unique<AwsEffects>(
      ClientContext{&http, &clock, &random},
      [this](const std::string&) -> ServiceDirectory& { return *places; }, workers.get(),
      clusters_elsewhere ? config.public_url : "", config.default_region);
  SchedulerOptions scheduling;
  scheduling.engine = EngineOptionsOf(config);
  scheduling.resource_check_interval = Duration(5'000);
  scheduler = std::make_unique<Scheduler>(scheduling, *store, clock, random, *effects);
  RETURN_IF_ERROR(scheduler->Load());
  DataPipelineOptions api;
  api.limits = config.aws_limits ? AwsLimits() : OpenLimits();
  api.regions_shared = config.shared_regions;
  pipelines =
      std::make_unique<DataPipelineService>(api, folder->secret_key(), *scheduler, *store, clock);
  return {};
}

Status Server::Parts::Listen() {
  const ServerConfig& config = options.config;
  HttpServerOptions http_options;
  if (!config.tls_certificate.empty())
    http_options.tls = TlsFiles{config.tls_certificate, config.tls_key};
  if (config.threads > 0) http_options.request_threads = static_cast<size_t>(config.threads);
  http_options.is_urgent = [](const HttpRequest& request) {
    return request.RawPath() == "/_penstock/health";
  };
  // A port of the system's choice is kept over restarts where possible: worker processes that
  // outlived the last server know no other.
  if (options.listen.ends_with(":0") && HostOf(options.listen) == HostOf(folder->last_address())) {
    http_options.listen = folder->last_address();
    if (auto again = HttpServer::Start(http_options, &door, &clock, &random))
      server = *std::move(again);
  }
  if (!server) {
    http_options.listen = options.listen;
    ASSIGN_OR_RETURN(server, HttpServer::Start(http_options, &door, &clock, &random));
  }
  own = OwnServer{OwnUrl(server->address(), !config.tls_certificate.empty()), worker_key};
  return {};
}

void Server::Parts::OpenGateway() {
  GatewayOptions gateway_options{.clock = &clock, .random = &random, .key_ring = &keys};
  gateway_options.region = options.config.default_region;
  gateway_options.s3_domain = options.config.s3_domain;
  gateway = std::make_unique<Gateway>(gateway_options);
  metrics = std::make_unique<MetricsPage>(*scheduler, server);
  gateway->RegisterPath("/_penstock/health", &health);
  gateway->RegisterPath("/_penstock/metrics", metrics.get(), PathAccess::kMetrics);
  gateway->Register("s3", s3.get());
  gateway->Register("dynamodb", dynamodb.get());
  gateway->Register("elasticmapreduce", emr.get());
  gateway->Register("sns", sns.get());
  gateway->Register("iam", iam.get());
  gateway->Register("sts", &sts);
  gateway->Register("datapipeline", pipelines.get());
}

Status Server::Parts::StartWorkers() {
  const ServerConfig& config = options.config;
  std::string runner_folder = folder->Sub("workers/" + std::string(kEmbeddedWorker));
  RETURN_IF_ERROR(files.RemoveTree(runner_folder));
  Environment environment =
      WorkerEnvironment(ProcessEnvironment(), *own, config.default_region, config.endpoints);
  // What a crash leaves of the embedded worker's commands is found by this, as for worker
  // processes.
  environment["PENSTOCK_WORKER"] = kEmbeddedWorker;
  environment["PENSTOCK_WORKER_HOME"] = folder->Sub("workers");
  std::string shim = runner_folder + "/bin";
  RETURN_IF_ERROR(WriteAwsShim(files, shim));
  environment["PATH"] = shim + ":" + environment["PATH"];
  ClientContext clients{&http, &clock, &random};
  // What the last server's embedded worker held ended with it, whatever its groups were.
  ASSIGN_OR_RETURN(engine::Reply lost, scheduler->Call({}, engine::WorkerLost{kEmbeddedWorker}));
  for (const std::string& group : config.worker_groups) {
    RunnerOptions runner;
    runner.worker_group = group;
    runner.id = kEmbeddedWorker;
    runner.hostname = HostName();
    runner.tasks = config.worker_tasks;
    runner.folder = fmt::format("{}/{}", runner_folder, runners.size());
    runner.leaves_interrupted = true;
    runner.environment = AsPairs(environment);
    DataPipelineClient api(clients,
                           {own->url, config.default_region, StaticCredentials(worker_key)});
    runners.push_back(std::make_unique<Runner>(runner, api, clients, *places, files, processes));
    runner_threads.emplace_back([this, raw = runners.back().get(), group] {
      if (Status ended = raw->Run(runners_stop.get_token()); !ended) {
        Log(LogLevel::kError, "the embedded worker of group {} ended: {}", group,
            ended.error().message);
      }
    });
  }
  return {};
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Stop(false); }

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  // Absolute: commands run in folders of their own, and worker processes are known by their
  // folder's name.
  std::error_code failure;
  std::filesystem::path data = std::filesystem::weakly_canonical(options.data, failure);
  if (failure)
    return IoError(fmt::format("the data folder {}: {}", options.data, failure.message()));
  options.data = data.string();
  auto made = std::unique_ptr<Server>(new Server(std::make_unique<Parts>(std::move(options))));
  Parts& parts = *made->parts_;
  RETURN_IF_ERROR(parts.OpenFolder());
  RETURN_IF_ERROR(parts.OpenLocalServices());
  RETURN_IF_ERROR(parts.Listen());
  RETURN_IF_ERROR(parts.OpenNotifications());
  RETURN_IF_ERROR(parts.OpenPipelines());
  parts.OpenGateway();
  parts.scheduler->Start();
  parts.door.Open(parts.gateway.get());
  RETURN_IF_ERROR(parts.StartWorkers());
  RETURN_IF_ERROR(parts.folder->WriteAddress(parts.server->address(), parts.own->url,
                                             parts.options.config.default_region));
  return made;
}

const std::string& Server::address() const { return parts_->server->address(); }

void Server::Stop(bool drain, std::stop_token hurry) {
  Parts& parts = *parts_;
  if (std::exchange(parts.stopped, true)) return;
  if (drain) {
    std::stop_callback give_up(hurry, [&] { parts.runners_stop.request_stop(); });
    for (auto& runner : parts.runners) runner->Drain();
    parts.runner_threads.clear();
  }
  parts.runners_stop.request_stop();
  parts.runner_threads.clear();
  if (parts.server) parts.server->Stop(kStopGrace);
  if (parts.scheduler) parts.scheduler->Stop();
  if (parts.sns) parts.sns->deliveries().Stop();
  if (parts.folder && parts.server) parts.folder->RemoveAddress();
}

std::string DefaultDataFolder() {
  const char* set = std::getenv("PENSTOCK_DATA");
  return set != nullptr && *set != '\0' ? set : "penstock-data";
}

}  // namespace penstock
