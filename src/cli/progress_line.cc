#include "cli/progress_line.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

constexpr double kPlainInterval = 5;  // seconds
constexpr std::string_view kToStartAndErase = "\r\x1b[K";
constexpr std::string_view kDim = "\x1b[2m", kPlain = "\x1b[0m";

/// The first `width` characters: UTF-8 continuation bytes do not count.
std::string Cut(const std::string& text, int width) {
  int characters = 0;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((text[at] & 0xC0) != 0x80 && ++characters > width) break;
  }
  return text.substr(0, at);
}

}  // namespace

ProgressLine::ProgressLine(std::ostream* stream, Terminal terminal, bool every_report)
    : stream_(stream), terminal_(terminal), every_report_(every_report) {}

std::string ProgressLine::Describe(const Progress& progress) {
  std::string text = fmt::format("{}: {}", progress.phase, CountOf(progress.items, "item"));
  if (progress.bytes > 0) text += ", " + FormatBytes(progress.bytes);
  if (progress.fraction) text += fmt::format(", {:.0f} %", *progress.fraction * 100);
  if (progress.target > 0) {
    text += fmt::format(", {:.1f} of {:.1f} units/s", progress.units_per_second, progress.target);
  }
  if (progress.eta_seconds) text += ", " + FormatSeconds(*progress.eta_seconds) + " left";
  if (progress.throttles > 0)
    text += fmt::format(", {} throttled", FormatCount(progress.throttles));
  if (!progress.limited_by.empty()) text += "; limited by " + progress.limited_by;
  return text;
}

void ProgressLine::Show(const Progress& progress) {
  std::string text = Describe(progress);
  if (terminal_.is_terminal && !every_report_) {
    text = Cut(text, std::max(terminal_.width - 1, 20));
    *stream_ << kToStartAndErase;
    if (terminal_.colour) *stream_ << kDim;
    *stream_ << text;
    if (terminal_.colour) *stream_ << kPlain;
    stream_->flush();
    shown_ = true;
    return;
  }
  if (progress.phase != phase_) {
    phase_ = progress.phase;
    next_plain_seconds_ = 0;
  }
  if (!every_report_ && progress.seconds < next_plain_seconds_) return;
  next_plain_seconds_ = progress.seconds + kPlainInterval;
  *stream_ << text << "\n";
  stream_->flush();
}

void ProgressLine::Clear() {
  if (!shown_) return;
  *stream_ << kToStartAndErase;
  stream_->flush();
  shown_ = false;
}

std::string FormatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string CountOf(uint64_t count, std::string_view one) {
  return fmt::format("{} {}{}", FormatCount(count), one, count == 1 ? "" : "s");
}

std::string FormatBytes(uint64_t bytes) {
  constexpr const char* kUnits[] = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  for (value /= 1000; value >= 999.95 && unit < std::size(kUnits) - 1; ++unit) value /= 1000;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string FormatSeconds(double seconds) {
  uint64_t whole = static_cast<uint64_t>(std::max(0.0, std::round(seconds)));
  uint64_t hours = whole / 3600, minutes = whole / 60 % 60;
  if (hours > 0) return fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60);
  return fmt::format("{}:{:02}", minutes, whole % 60);
}

}  // namespace penstock
