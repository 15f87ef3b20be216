#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace penstock {
namespace {

std::atomic<LogLevel> g_least = LogLevel::kWarning;
std::atomic<LogFormat> g_format = LogFormat::kText;

class CopySink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void Set(std::function<void(std::string_view)> copy) {
    std::lock_guard lock(mutex_);
    copy_ = std::move(copy);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (!copy_) return;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    copy_({line.data(), line.size()});
  }
  void flush_() override {}

  std::function<void(std::string_view)> copy_;
};

const std::shared_ptr<CopySink>& Copies() {
  static const auto sink = std::make_shared<CopySink>();
  return sink;
}

// spdlog throws from its constructors only (no memory); logging itself reports through its own
// error handler.
spdlog::logger& Logger() {
  static std::shared_ptr<spdlog::logger> logger = [] {
    std::vector<spdlog::sink_ptr> sinks = {std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                           Copies()};
    auto made = std::make_shared<spdlog::logger>("penstock", sinks.begin(), sinks.end());
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    made->set_pattern("%v");
    return made;
  }();
  return *logger;
}

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
    case LogLevel::kOff:
      break;
  }
  return "off";
}

std::string Escape(std::string_view text, bool json) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      if (json && (c == '"' || c == '\\')) out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace

void ConfigureLog(LogLevel least, LogFormat format) {
  g_least = least;
  g_format = format;
  Logger().set_pattern(format == LogFormat::kJson ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})"
                                                  : "%Y-%m-%dT%H:%M:%S.%eZ %v",
                       spdlog::pattern_time_type::utc);
}

void CopyLog(std::function<void(std::string_view line)> copy) { Copies()->Set(std::move(copy)); }

bool LogEnabled(LogLevel level) { return level >= g_least.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view message) {
  if (!LogEnabled(level)) return;
  if (g_format.load(std::memory_order_relaxed) == LogFormat::kJson) {
    Logger().info("\"level\":\"{}\",\"message\":\"{}\"", Name(level), Escape(message, true));
  } else {
    Logger().info("{} {}", Name(level), Escape(message, false));
  }
}

}  // namespace penstock
