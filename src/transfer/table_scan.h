// TableScan: reads a whole table by a parallel segmented Scan, under a rate. Small segments lie in
// one queue; a worker takes one, reads it to its end page by page, and takes the next, so that the
// fast ones do the slow ones' work. A worker does everything with its page itself: memory is one
// page and one sink for each.
//
// Every throttle, server fault and broken connection is waited out (up to 10 minutes without a
// page), so that nothing is ever skipped. A segment that is throttled, which is what a hot
// partition does, is parked and its worker reads another meanwhile. The segments' order is
// shuffled: neighbours need not be read together.
//
// When the queue is empty a worker may take half of what another has left, if that was asked for:
// segment i of N is taken to be segments 2i and 2i + 1 of 2N. No API promises that. So each time
// the server itself is asked which half the cursor and a key of the other half belong to, by the
// ExclusiveStartKeys it refuses; if its answers do not fit, nothing is split any more. What that
// cannot show is that a segment is read in the order of its halves, as AWS's are, in the order of
// hashes: hence it has to be asked for.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "aws/dynamodb_client.h"
#include "ports/random.h"
#include "transfer/item.h"
#include "transfer/progress.h"
#include "transfer/rate_controller.h"
#include "transfer/scan_skew.h"
#include "transfer/segment.h"
#include "transfer/table_description.h"

namespace penstock {

/// Takes one segment's items. Used by one thread at a time; the first error ends the scan.
class SegmentSink {
 public:
  virtual ~SegmentSink() = default;
  virtual Status Take(const Item& item) = 0;
  /// After each page. `next_key`: where the next one begins; empty after the last. What it spends
  /// here counts as storage.
  virtual Status EndPage(std::string_view next_key) = 0;
  /// After the segment's last page. `rest`: what is left of it, when it was split.
  virtual Status EndSegment(const std::vector<SegmentStart>& rest) = 0;
  /// The scan ends early, between two pages.
  virtual void Interrupt() {}
};

struct TableScanOptions {
  std::string table;
  bool consistent_read = false;
  std::vector<SegmentStart> segments;
  int workers = 1;
  double average_item_size = 0;  // bytes; 0: unknown
  bool splits_tail = false;
  ScanSkew* skew = nullptr;  // is told what was seen; null: nobody asks
};

/// All of a table in `count` segments.
std::vector<SegmentStart> WholeTable(int count);

/// How many workers a memory budget allows: each holds a page, its JSON, and what its sink holds.
int WorkerCount(uint64_t memory_bytes);

/// N of the Scan for a table of that size: enough to keep the workers busy and each below 128 MiB,
/// but no more than one a MiB, as every segment costs a request.
int SegmentCount(const TableDescription& table, int workers);

/// What one request of a Scan asks for and what to reserve for it.
struct PagePlan {
  int64_t limit = 0;  // items; 0: a full page
  double units = 0;
};
/// A full page if half a second of `target` (units a second) pays for it, else so many items as it
/// does pay for. `average_item_size`: bytes; 0: unknown.
PagePlan PlanPage(double target, double average_item_size, bool consistent_read);

/// Makes the sink of a segment, on the worker's thread, in any order. It may move the start back.
using OpenSegment = std::function<Result<std::unique_ptr<SegmentSink>>(SegmentStart* at)>;

/// Scans all of `options.segments`. Returns when all threads are gone. kCanceled when `stop` came,
/// else the first error.
Status ScanTable(const DynamoDbClient& client, const TableScanOptions& options,
                 RateController& rate, ProgressMeter& meter, Clock& clock, Random& random,
                 const OpenSegment& open, std::stop_token stop);

}  // namespace penstock
