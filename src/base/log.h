// The program's log: JSON lines on stderr, or plain lines for people. Not for the pure folders
// (scripts/check_includes.py holds that). Thread-safe.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace penstock {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };
enum class LogFormat { kText, kJson };

/// Once, from main(), before other threads start. Until then: text, kWarning and above.
void ConfigureLog(LogLevel least, LogFormat format);
/// From now on also gives every line, as written and with its '\n', to `copy`; one at a time, from
/// any thread. It must not log. Empty: no more; returns when the last call has.
void CopyLog(std::function<void(std::string_view line)> copy);
bool LogEnabled(LogLevel level);
/// One line; control characters in `message` are escaped, so that foreign text cannot forge lines.
void LogLine(LogLevel level, std::string_view message);

/// Log(LogLevel::kInfo, "listening on {}", address);
template <class... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(level)) LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace penstock
