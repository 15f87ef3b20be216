// penstock: the program. The only place where real clocks, files, sockets and processes meet the
// rest.

#include <fmt/core.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <iterator>
#include <thread>

#include "app/server.h"
#include "app/server_folder.h"
#include "app/service_places.h"
#include "app/worker.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/convert_command.h"
#include "cli/plan_command.h"
#include "cli/status_command.h"
#include "cli/transfer_command.h"
#include "cli/why_command.h"
#include "net/http_client.h"
#include "system/posix_files.h"
#include "system/posix_processes.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

// SIGINT and SIGTERM as a stop token: blocked in every thread, waited for in one.
class StopSignals {
 public:
  // REQUIRES: made before any other thread.
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, SIGUSR1);  // ends the waiting thread
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    signal(SIGPIPE, SIG_IGN);
    waiter_ = std::thread([this] {
      int number = 0;
      while (sigwait(&signals_, &number) == 0 && !ending_.load()) {
        if (number == SIGUSR1) continue;
        if (!stop_.request_stop()) hurry_.request_stop();
      }
    });
  }
  ~StopSignals() {
    ending_.store(true);
    pthread_kill(waiter_.native_handle(), SIGUSR1);
    waiter_.join();
  }

  std::stop_token token() const { return stop_.get_token(); }
  // Stopped by a second signal.
  std::stop_token hurry() const { return hurry_.get_token(); }
  void Wait() {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait(lock, stop_.get_token(), [] { return false; });
  }

 private:
  sigset_t signals_;
  std::stop_source stop_, hurry_;
  std::atomic<bool> ending_ = false;
  std::thread waiter_;
};

// The world outside, once per process.
struct World {
  explicit World(HttpProxy proxy = {})
      : http({.ca_bundle = Variable("AWS_CA_BUNDLE"), .proxy = std::move(proxy)}) {}

  SystemClock clock;
  SystemRandom random;
  PosixFiles files;
  PosixProcesses processes;
  Environment environment = ProcessEnvironment();
  CurlHttpClient http;

  std::string Variable(const std::string& name) const {
    auto at = environment.find(name);
    return at == environment.end() ? "" : at->second;
  }
  ServicePlacesOptions Places() {
    return {.own = {},
            .endpoints = {},
            .default_region = "us-east-1",
            .environment = environment,
            .profile = {},
            .files = &files,
            .http = &http,
            .clock = &clock,
            .random = &random,
            .processes = &processes};
  }
};

int Complain(const Error& error) {
  std::cerr << "penstock: " << error.message << '\n';
  return kExitUnusable;
}

std::string WithoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// Flags first, then what the SDKs do.
class FlagResolver : public EndpointResolver {
 public:
  explicit FlagResolver(World& world) : world_(world) {}

  Result<ServiceEndpoint> Resolve(const ServiceFlags& flags) override {
    ServicePlacesOptions options = world_.Places();
    options.profile = flags.profile;
    EndpointConfig& config = options.endpoints[flags.service];
    if (!flags.url.empty()) {
      config.kind = EndpointConfig::Kind::kUrl;
      config.url = WithoutSlash(flags.url);
    }
    config.profile = flags.own_profile;
    return ServicePlaces(options).Find(flags.service, flags.region);
  }

 private:
  World& world_;
};

Terminal StandardError(const World& world) {
  Terminal terminal{.is_terminal = isatty(STDERR_FILENO) == 1};
  terminal.colour = terminal.is_terminal && world.Variable("NO_COLOR").empty();
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  return terminal;
}

template <class TransferCommand>
int Transfer(const TransferCommand& command,
             int (*run)(const TransferWorld&, const TransferCommand&)) {
  StopSignals signals;
  World world;
  FlagResolver resolver(world);
  return run(TransferWorld{.http = &world.http,
                           .clock = &world.clock,
                           .random = &world.random,
                           .files = &world.files,
                           .endpoints = &resolver,
                           .out = &std::cout,
                           .err = &std::cerr,
                           .terminal = StandardError(world),
                           .stop = signals.token()},
             command);
}

// A descriptor for every connection: the usual soft limit of 1,024 would cap them.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Serve(const ServeCommand& command) {
  StopSignals signals;
  RaiseDescriptorLimit();
  PosixFiles files;
  ServerOptions options{.data = command.data.empty() ? DefaultDataFolder() : command.data,
                        .listen = command.listen,
                        .config = {}};
  if (!command.config.empty()) {
    Result<std::string> text = files.Read(command.config);
    if (!text) return Complain(text.error());
    Result<ServerConfig> config = ParseConfig(*text, command.config);
    if (!config) return Complain(config.error());
    options.config = *std::move(config);
  }
  ConfigureLog(options.config.log_level, options.config.log_format);
  // Tables and objects are nobody else's to read.
  mode_t mask = umask(0077);
  Status made = files.MakeDirectories(options.data);
  umask(mask);
  if (!made) return Complain(made.error());
  Result<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server) return Complain(server.error());
  std::cerr << fmt::format("penstock {} serves {} at {}\n", PENSTOCK_VERSION, options.data,
                           (*server)->address());
  signals.Wait();
  std::cerr << (command.drain
                    ? "ending once the tasks under way are done; a second signal ends at once\n"
                    : "ending\n");
  (*server)->Stop(command.drain, signals.hurry());
  return kExitDone;
}

// For a shell, whatever it holds.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// `serve` begun a moment ago is there soon: it is waited for, so that a script may begin with
/// both.
constexpr std::chrono::seconds kStartMax{5};

int PrintEnv(const EnvCommand& command) {
  PosixFiles files;
  SystemClock clock;
  const std::string folder = command.data.empty() ? DefaultDataFolder() : command.data;
  Result<ServerAccess> server = ReadServerAccess(folder, files);
  const auto deadline = clock.Monotonic() + kStartMax;
  while (!server && server.error().code == ErrorCode::kNotFound && clock.Monotonic() < deadline) {
    clock.Sleep(std::chrono::milliseconds(50));
    server = ReadServerAccess(folder, files);
  }
  if (!server) return Complain(server.error());
  std::string host = server->url.substr(server->url.find("//") + 2);
  host.resize(host.rfind(':'));
  const char* set = std::getenv("NO_PROXY");
  std::string no_proxy = set == nullptr || *set == '\0' ? host : std::string(set) + "," + host;
  std::cout << fmt::format(
      "export AWS_ENDPOINT_URL={}\nexport AWS_REGION={}\nexport AWS_DEFAULT_REGION={}\n"
      "export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}\nunset AWS_SESSION_TOKEN "
      "AWS_PROFILE\n"
      "export AWS_PAGER=\"\"\nexport AWS_EC2_METADATA_DISABLED=true\nexport NO_PROXY={}\n",
      server->url, server->region, server->region, server->root_key.access_key_id,
      server->root_key.secret_access_key, Quoted(no_proxy));
  return kExitDone;
}

/// The service of the server that a command asks.
Result<ServiceEndpoint> Find(World& world, const StatusCommand& command) {
  ServicePlacesOptions options = world.Places();
  options.profile = command.profile;
  // A folder given, or nothing else to go by: the server that runs on it.
  bool configured = !command.endpoint.empty() || !world.Variable("AWS_ENDPOINT_URL").empty() ||
                    !world.Variable("AWS_ENDPOINT_URL_DATA_PIPELINE").empty() ||
                    !command.profile.empty();
  if (!command.data.empty() || !configured) {
    Result<ServerAccess> server =
        ReadServerAccess(command.data.empty() ? DefaultDataFolder() : command.data, world.files);
    if (!server) return server.error();
    options.own = OwnServer{server->url, server->root_key};
    options.default_region = server->region;
  }
  if (!command.endpoint.empty()) {
    options.endpoints["data pipeline"] = {
        EndpointConfig::Kind::kUrl, WithoutSlash(command.endpoint), {}, {}, {}};
  }
  return ServicePlaces(options).Find("datapipeline", command.region);
}

/// Asks that service what `ask` wants to know. Its exit code.
template <class Ask>
int AskServer(const StatusCommand& command, Ask ask) {
  World world;
  Result<ServiceEndpoint> endpoint = Find(world, command);
  if (!endpoint) return Complain(endpoint.error());
  return ask(DataPipelineClient({&world.http, &world.clock, &world.random}, *endpoint));
}

int ShowStatus(const StatusCommand& command) {
  return AskServer(command, [&](const DataPipelineClient& client) {
    return PrintStatus(client, command.pipeline, std::cout, std::cerr);
  });
}

int ShowWhy(const WhyCommand& command) {
  return AskServer(command.where, [&](const DataPipelineClient& client) {
    return PrintWhy(client, command.where.pipeline, command.instance, std::cout, std::cerr);
  });
}

int Work(const WorkerCommand& command) {
  StopSignals signals;
  ConfigureLog(LogLevel::kInfo, LogFormat::kText);
  World world(HttpProxy{.host = command.proxy_host,
                        .port = command.proxy_port,
                        .user = command.proxy_user,
                        .password = command.proxy_password,
                        .domain = command.proxy_domain});
  Status ended = RunWorker(command, world.Places(), signals.token());
  return ended ? kExitDone : Complain(ended.error());
}

/// A whole file, or standard input for "-".
Result<std::string> ReadInput(const std::string& path) {
  if (path != "-") return PosixFiles().Read(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

int Validate(ValidateCommand command) {
  command.now = SystemClock().Now();
  command.color = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  command.read = ReadInput;
  return RunValidate(command, std::cout, std::cerr);
}

int ShowPlan(PlanCommand command) {
  command.read = ReadInput;
  return RunPlan(command, std::cout, std::cerr);
}

int Run(const Command& command) {
  return std::visit(
      [](const auto& given) -> int {
        using Given = std::decay_t<decltype(given)>;
        if constexpr (std::is_same_v<Given, EarlyExit>) {
          std::cout << given.out;
          std::cerr << given.err;
          return given.code;
        } else if constexpr (std::is_same_v<Given, ExportCommand>) {
          return Transfer(given, RunExportCommand);
        } else if constexpr (std::is_same_v<Given, ImportCommand>) {
          return Transfer(given, RunImportCommand);
        } else if constexpr (std::is_same_v<Given, VerifyCommand>) {
          return Transfer(given, RunVerifyCommand);
        } else if constexpr (std::is_same_v<Given, ConvertCommand>) {
          return Transfer(given, RunConvertCommand);
        } else if constexpr (std::is_same_v<Given, ServeCommand>) {
          return Serve(given);
        } else if constexpr (std::is_same_v<Given, EnvCommand>) {
          return PrintEnv(given);
        } else if constexpr (std::is_same_v<Given, StatusCommand>) {
          return ShowStatus(given);
        } else if constexpr (std::is_same_v<Given, WhyCommand>) {
          return ShowWhy(given);
        } else if constexpr (std::is_same_v<Given, PlanCommand>) {
          return ShowPlan(given);
        } else if constexpr (std::is_same_v<Given, ValidateCommand>) {
          return Validate(given);
        } else if constexpr (std::is_same_v<Given, TemplatesCommand>) {
          return RunTemplates(given, std::cout, std::cerr);
        } else {
          return Work(given);
        }
      },
      command);
}

/// Whether standard output is a pipe that nobody reads any more, as `| head` leaves it.
bool IsOutputUnwanted() {
  pollfd out{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/// `code`, unless what was to be printed could not be: somebody would take its absence for the
/// answer.
int AfterOutput(int code) {
  errno = 0;
  std::cout.flush();
  if (std::cout || IsOutputUnwanted()) return code;
  // An earlier flush may have failed, and its reason is gone.
  std::cerr << "penstock: stdout cannot be written"
            << (errno != 0 ? fmt::format(": {}", std::strerror(errno)) : "")
            << "; what was to be printed there is lost\n";
  return code == kExitDone ? kExitUnusable : code;
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) {
  return penstock::AfterOutput(penstock::Run(penstock::ParseCommandLine(
      std::vector<std::string>(argv + 1, argv + argc), PENSTOCK_VERSION)));
}
