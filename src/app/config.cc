#include "app/config.h"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include <functional>
#include <set>

#include "base/text.h"
#include "net/smtp_mailer.h"
#include "time/period.h"

namespace penstock {
namespace {

constexpr std::string_view kServices[] = {"dynamodb", "s3", "sns", "cloudwatch", "emr"};
constexpr size_t kGroupBytesMax = 1024;  // workerGroup of PollForTask

// Reads the tables of one file; the first problem found stays.
class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  using Handler = std::function<void(const toml::node& node)>;

  // Every key of `table` must have a handler.
  void Table(const toml::table& table, const std::string& name,
             const std::map<std::string, Handler>& handlers) {
    for (const auto& [key, node] : table) {
      auto handler = handlers.find(std::string(key.str()));
      if (handler == handlers.end()) {
        std::vector<std::string> known;
        for (const auto& entry : handlers) known.push_back(entry.first);
        Fail(key.source(), fmt::format("unknown key \"{}\" in {}; known are {}", key.str(), name,
                                       Join(known, ", ")));
      } else {
        handler->second(node);
      }
    }
  }

  Handler Section(const std::string& name, std::map<std::string, Handler> handlers) {
    return [this, name, handlers = std::move(handlers)](const toml::node& node) {
      if (const toml::table* table = node.as_table()) {
        Table(*table, "[" + name + "]", handlers);
      } else {
        Fail(node.source(), fmt::format("{} must be a table", name));
      }
    };
  }

  Handler Bool(bool& target) {
    return [this, &target](const toml::node& node) {
      if (auto value = node.value_exact<bool>()) {
        target = *value;
      } else {
        Fail(node.source(), "must be true or false");
      }
    };
  }

  Handler Int(int& target, int least, int most) {
    return [this, &target, least, most](const toml::node& node) {
      auto value = node.value_exact<int64_t>();
      if (value && *value >= least && *value <= most) {
        target = static_cast<int>(*value);
      } else {
        Fail(node.source(), fmt::format("must be a whole number from {} to {}", least, most));
      }
    };
  }

  Handler String(std::string& target) {
    return [this, &target](const toml::node& node) {
      if (auto value = node.value_exact<std::string>()) {
        target = *value;
      } else {
        Fail(node.source(), "must be a string");
      }
    };
  }

  // http(s)://host[:port], kept without a final slash.
  Handler Url(std::string& target) {
    return [this, &target](const toml::node& node) {
      auto value = node.value_exact<std::string>();
      if (!value || !(value->starts_with("http://") || value->starts_with("https://"))) {
        return Fail(node.source(), "must be a URL beginning with http:// or https://");
      }
      target = *value;
      while (target.ends_with('/')) target.pop_back();
    };
  }

  Handler Strings(std::vector<std::string>& target) {
    return [this, &target](const toml::node& node) {
      const toml::array* array = node.as_array();
      if (array == nullptr) return Fail(node.source(), "must be a list of strings");
      target.clear();
      for (const toml::node& element : *array) {
        auto value = element.value_exact<std::string>();
        if (!value) return Fail(element.source(), "must be a string");
        target.push_back(*value);
      }
    };
  }

  // Worker groups: each polled by one runner.
  Handler Groups(std::vector<std::string>& target) {
    return [this, &target](const toml::node& node) {
      Strings(target)(node);
      std::set<std::string> seen;
      for (const std::string& group : target) {
        if (group.empty() || group.size() > kGroupBytesMax) {
          Fail(node.source(),
               fmt::format("a worker group's name must have 1 to {} characters", kGroupBytesMax));
        } else if (!seen.insert(group).second) {
          Fail(node.source(), fmt::format("names the worker group \"{}\" twice", group));
        }
      }
    };
  }

  // A period of fixed length, e.g. "10 minutes".
  Handler Time(Duration& target) {
    return [this, &target](const toml::node& node) {
      auto value = node.value_exact<std::string>();
      if (!value) return Fail(node.source(), "must be a period, e.g. \"10 minutes\"");
      Result<Period> period = ParsePeriod(*value);
      if (!period) return Fail(node.source(), period.error().message);
      if (period->unit == PeriodUnit::kMonths || period->unit == PeriodUnit::kYears) {
        return Fail(node.source(),
                    "must be a period of fixed length: seconds, minutes, hours, days or weeks");
      }
      target = NominalLength(*period);
    };
  }

  template <class T>
  Handler Choice(T& target, std::vector<std::pair<std::string, T>> choices) {
    return [this, &target, choices = std::move(choices)](const toml::node& node) {
      auto value = node.value_exact<std::string>();
      std::vector<std::string> names;
      for (const auto& [name, meaning] : choices) {
        if (value == name) {
          target = meaning;
          return;
        }
        names.push_back('"' + name + '"');
      }
      Fail(node.source(), "must be one of " + Join(names, ", "));
    };
  }

  Handler Endpoint(EndpointConfig& target) {
    return [this, &target](const toml::node& node) {
      if (const toml::table* table = node.as_table()) {
        Table(*table, "an endpoint",
              {{"url", Address(target)},
               {"profile", String(target.profile)},
               {"region", String(target.region)},
               {"role_arn", String(target.role_arn)},
               {"ca_bundle", String(target.ca_bundle)}});
        bool foreign_only =
            !target.profile.empty() || !target.role_arn.empty() || !target.ca_bundle.empty();
        if (target.kind == EndpointConfig::Kind::kLocal && foreign_only) {
          Fail(node.source(),
               "profile, role_arn and ca_bundle are for services elsewhere; give url = \"aws\" or "
               "a URL as "
               "well");
        }
      } else {
        Address(target)(node);
      }
    };
  }

  void Fail(const toml::source_region& where, const std::string& message) {
    if (error_) return;
    error_ = InvalidArgument(
        fmt::format("{}:{}:{}: {}", file_, where.begin.line, where.begin.column, message));
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  Handler Address(EndpointConfig& target) {
    return [this, &target](const toml::node& node) {
      auto value = node.value_exact<std::string>();
      if (value == "local") {
        target.kind = EndpointConfig::Kind::kLocal;
      } else if (value == "aws") {
        target.kind = EndpointConfig::Kind::kAws;
      } else if (value && (value->starts_with("http://") || value->starts_with("https://"))) {
        target.kind = EndpointConfig::Kind::kUrl;
        target.url = *value;
        while (target.url.ends_with('/')) target.url.pop_back();
      } else {
        Fail(node.source(),
             "must be \"local\", \"aws\" or a URL beginning with http:// or https://");
      }
    };
  }

  std::string file_;
  std::optional<Error> error_;
};

}  // namespace

Result<ServerConfig> ParseConfig(std::string_view text, const std::string& file) {
  toml::parse_result parsed = toml::parse(text, file);
  if (!parsed) {
    const toml::source_region& where = parsed.error().source();
    return InvalidArgument(fmt::format("{}:{}:{}: {}", file, where.begin.line, where.begin.column,
                                       parsed.error().description()));
  }
  ServerConfig config;
  Reader in(file);
  std::map<std::string, Reader::Handler> endpoints;
  for (std::string_view service : kServices) {
    endpoints[std::string(service)] = in.Endpoint(config.endpoints[std::string(service)]);
  }
  in.Table(
      parsed.table(), "the file",
      {{"server", in.Section("server", {{"threads", in.Int(config.threads, 0, 1024)},
                                        {"public_url", in.Url(config.public_url)},
                                        {"tls_certificate", in.String(config.tls_certificate)},
                                        {"tls_key", in.String(config.tls_key)}})},
       {"log",
        in.Section(
            "log",
            {{"level", in.Choice<LogLevel>(config.log_level, {{"debug", LogLevel::kDebug},
                                                              {"info", LogLevel::kInfo},
                                                              {"warning", LogLevel::kWarning},
                                                              {"error", LogLevel::kError},
                                                              {"off", LogLevel::kOff}})},
             {"format", in.Choice<LogFormat>(config.log_format, {{"text", LogFormat::kText},
                                                                 {"json", LogFormat::kJson}})}})},
       {"endpoints", in.Section("endpoints", endpoints)},
       {"regions", in.Section("regions", {{"shared", in.Bool(config.shared_regions)},
                                          {"default", in.String(config.default_region)}})},
       {"limits",
        in.Section("limits", {{"profile", in.Choice<bool>(config.aws_limits,
                                                          {{"open", false}, {"aws", true}})}})},
       {"engine",
        in.Section("engine",
                   {{"default_maximum_retries", in.Int(config.default_maximum_retries, 0, 1000)},
                    {"default_retry_delay", in.Time(config.default_retry_delay)},
                    {"ack_timeout", in.Time(config.ack_timeout)},
                    {"default_progress_timeout", in.Time(config.default_progress_timeout)},
                    {"precondition_poll", in.Time(config.precondition_poll)},
                    {"backfill_max", in.Int(config.backfill_max, 0, 1'000'000'000)},
                    {"ondemand_reactivate", in.Choice<bool>(config.ondemand_cancels_running,
                                                            {{"refuse", false}, {"cancel", true}})},
                    {"late_means", in.Choice<bool>(config.late_until_finished,
                                                   {{"start", false}, {"completion", true}})}})},
       {"dynamodb", in.Section("dynamodb", {{"enforce", in.Bool(config.dynamodb_enforce)},
                                            {"durability", in.Choice<bool>(config.dynamodb_fsync,
                                                                           {{"process", false},
                                                                            {"fsync", true}})}})},
       {"s3", in.Section("s3", {{"domain", in.String(config.s3_domain)}})},
       {"smtp", in.Section("smtp", {{"url", in.String(config.smtp_url)},
                                    {"from", in.String(config.smtp_from)},
                                    {"user", in.String(config.smtp_user)},
                                    {"password_file", in.String(config.smtp_password_file)},
                                    {"require_tls", in.Bool(config.smtp_require_tls)}})},
       {"worker", in.Section("worker", {{"groups", in.Groups(config.worker_groups)},
                                        {"tasks", in.Int(config.worker_tasks, 1, 1000)}})}});
  if (in.error()) return *in.error();
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    return InvalidArgument(file + ": [server] needs both tls_certificate and tls_key, or neither");
  }
  if (!config.smtp_url.empty() && !config.smtp_url.starts_with("smtp://") &&
      !config.smtp_url.starts_with("smtps://")) {
    return InvalidArgument(file + ": [smtp] url must begin with smtp:// or smtps://");
  }
  if (!IsMailAddress(config.smtp_from)) {
    return InvalidArgument(file + ": [smtp] from must be a mail address");
  }
  if (config.smtp_user.empty() != config.smtp_password_file.empty()) {
    return InvalidArgument(file + ": [smtp] needs both user and password_file, or neither");
  }
  return config;
}

}  // namespace penstock
