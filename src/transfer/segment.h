// What a parallel Scan is made of. Pure.
#pragma once

#include <compare>
#include <string>

namespace penstock {

/// Segment `index` of a Scan in `total` segments.
struct SegmentId {
  int index = 0;
  int total = 1;
  auto operator<=>(const SegmentId&) const = default;
};

/// A segment and where in it to begin.
struct SegmentStart {
  SegmentId segment;
  std::string key;  // an ExclusiveStartKey as JSON text; empty: at its beginning
  bool operator==(const SegmentStart&) const = default;
};

}  // namespace penstock
