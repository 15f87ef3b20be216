// ReportPage: a transfer as one HTML page that needs nothing else: its figures, what went wrong,
// and a plot of consumed against allowed capacity units a second.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "transfer/progress.h"
#include "transfer/transfer.h"

namespace penstock {

/// One thread at a time (progress is reported so). Memory does not grow with the run: samples are
/// thinned out as they become many.
class ReportPage {
 public:
  explicit ReportPage(std::string title) : title_(std::move(title)) {}

  /// Remembers what is plotted.
  void Add(const Progress& progress);

  /// The page. `report`: of a run that came to its end; else `error` says why not.
  std::string Html(const TransferReport* report, const Error* error) const;

 private:
  struct Sample {
    double seconds;
    double consumed, allowed;  // units a second, means of the sample's time
    uint64_t throttles;
    std::string limited_by;
  };

  std::string Plot() const;

  const std::string title_;
  std::vector<Sample> samples_;
  size_t reports_per_sample_ = 1;
  size_t reports_in_last_ = 0;
  double base_seconds_ = 0;  // of the phases before this one
  double phase_seconds_ = 0;
  std::string phase_;
  uint64_t throttles_before_ = 0;
};

}  // namespace penstock
