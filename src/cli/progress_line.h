// ProgressLine: a transfer's progress for people, on stderr. On a terminal one line that is written
// over; elsewhere a plain line every few seconds, so that a log stays readable.
#pragma once

#include <ostream>

#include "transfer/progress.h"

namespace penstock {

/// What kind of stream people look at.
struct Terminal {
  bool is_terminal = false;
  bool colour = false;  // a terminal, and NO_COLOR is not set
  int width = 80;
};

/// One thread at a time (a transfer calls it so).
class ProgressLine {
 public:
  /// `every_report`: a plain line for each report, with what limits it, in place of the one that is
  /// written over.
  ProgressLine(std::ostream* stream, Terminal terminal, bool every_report);
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const Progress& progress);
  /// Takes the line away, so that something else can be printed.
  void Clear();

  /// The line's text, without colour.
  static std::string Describe(const Progress& progress);

 private:
  std::ostream* const stream_;
  const Terminal terminal_;
  const bool every_report_;
  double next_plain_seconds_ = 0;
  std::string phase_;
  bool shown_ = false;
};

/// "1,234,567".
std::string FormatCount(uint64_t count);
/// "1 item", "1,234 items". `one`: the word for one.
std::string CountOf(uint64_t count, std::string_view one);
/// "1.2 MB".
std::string FormatBytes(uint64_t bytes);
/// "1:05", "2:03:05".
std::string FormatSeconds(double seconds);

}  // namespace penstock
