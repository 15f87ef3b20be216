#include "transfer/scan_skew.h"

#include <fmt/core.h>

#include <algorithm>

#include "json/json.h"

namespace penstock {
namespace {

constexpr int kPagesMin = 16;       // fewer are soon read
constexpr double kShareMin = 0.25;  // of all that was read
constexpr uint64_t kThrottlesMin = 10;
constexpr double kThrottleShareMin = 0.5;
constexpr int kSegmentsMin = 3;  // of which one can be said to stand out

}  // namespace

void ScanSkew::SawPage(const SegmentId& segment, double units, std::string_view next_key) {
  if (partition_key_.empty()) return;
  std::string partition;
  if (auto key = json::ParseObject(next_key)) {
    if (const json::Value* value = json::Find(*key, partition_key_))
      partition = json::Write(*value);
  }
  std::lock_guard lock(mutex_);
  units_ += units;
  Run& run = runs_[segment];
  if (!partition.empty() && run.partition == partition) {
    run.units += units;
    ++run.pages;
    return;
  }
  Keep(run);
  run = {std::move(partition), 0, 0};
}

void ScanSkew::SawThrottle(const SegmentId& segment) {
  std::lock_guard lock(mutex_);
  ++throttles_[segment];
}

void ScanSkew::Keep(const Run& run) {
  if (run.units > longest_.units) longest_ = run;
}

std::vector<std::string> ScanSkew::Findings() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> findings;
  if (longest_.pages >= kPagesMin && longest_.units >= kShareMin * units_) {
    findings.push_back(fmt::format(
        "the items with {} = {} are about {:.0f} % of the table: one worker has to read them, page "
        "after page, and one partition to bear it",
        partition_key_, longest_.partition, 100 * longest_.units / units_));
  }
  uint64_t all = 0;
  for (const auto& [segment, count] : throttles_) all += count;
  auto most = std::max_element(throttles_.begin(), throttles_.end(),
                               [](const auto& a, const auto& b) { return a.second < b.second; });
  if (all < kThrottlesMin || most->first.total < kSegmentsMin) return findings;
  if (static_cast<double>(most->second) < kThrottleShareMin * static_cast<double>(all))
    return findings;
  findings.push_back(fmt::format(
      "{} of {} throttled requests were for segment {} of {}: its partition is hot; the other "
      "segments went on meanwhile",
      most->second, all, most->first.index, most->first.total));
  return findings;
}

}  // namespace penstock
