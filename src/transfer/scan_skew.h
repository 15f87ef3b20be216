// ScanSkew: where a table that is scanned is uneven, for people: a partition key so large that one
// worker has to read most of the table alone, a segment that throttles while the others do not.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/segment.h"

namespace penstock {

/// Thread-safe. One for each scan.
class ScanSkew {
 public:
  /// `partition_key`: its attribute's name. Empty: the table has no sort key, and so each of its
  /// keys has one item.
  explicit ScanSkew(std::string partition_key) : partition_key_(std::move(partition_key)) {}

  /// A page of a segment was read and cost so much. `next_key`: its LastEvaluatedKey; empty after
  /// the segment's last page.
  void SawPage(const SegmentId& segment, double units, std::string_view next_key);
  void SawThrottle(const SegmentId& segment);

  /// What is worth telling at the end, a sentence each.
  std::vector<std::string> Findings() const;

 private:
  /// Pages in a row with one partition key at both ends: all of their items have it.
  struct Run {
    std::string partition;  // as JSON
    double units = 0;
    int pages = 0;
  };

  void Keep(const Run& run);

  const std::string partition_key_;
  mutable std::mutex mutex_;
  std::map<SegmentId, Run> runs_;
  Run longest_;
  double units_ = 0;
  std::map<SegmentId, uint64_t> throttles_;
};

}  // namespace penstock
