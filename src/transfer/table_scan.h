// TableScan: reads a whole table by a parallel segmented Scan, under a rate. Small segments lie in
// one queue; a worker takes one, reads it to its end page by page, and takes the next, so that the
// fast ones do the slow ones' work. A worker does everything with its page itself: memory is one
// page and one sink for each.
//
// Every throttle, server fault and broken connection is waited out (up to 10 minutes without a
// page), so that nothing is ever skipped. The segments' order is shuffled: neighbours need not be
// read together.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "aws/dynamodb_client.h"
#include "ports/random.h"
#include "transfer/item.h"
#include "transfer/progress.h"
#include "transfer/rate_controller.h"
#include "transfer/table_description.h"

namespace penstock {

/// Takes one segment's items. Used by one thread at a time; the first error ends the scan.
class SegmentSink {
 public:
  virtual ~SegmentSink() = default;
  virtual Status Take(const Item& item) = 0;
  /// After each page. What it spends here counts as storage.
  virtual Status EndPage() { return {}; }
  /// After the segment's last page.
  virtual Status EndSegment() { return {}; }
};

struct TableScanOptions {
  std::string table;
  bool consistent_read = false;
  int segments = 1;
  int workers = 1;
  double average_item_size = 0;  // bytes; 0: unknown
};

/// How many workers a memory budget allows: each holds a page, its JSON, and what its sink holds.
int WorkerCount(uint64_t memory_bytes);

/// N of the Scan for a table of that size: enough to keep the workers busy and each below 128 MiB,
/// but no more than one a MiB, as every segment costs a request.
int SegmentCount(const TableDescription& table, int workers);

/// Scans all of it. `open` makes the sink of each segment, on the worker's thread, in any order.
/// Returns when all threads are gone. kCanceled when `stop` came, else the first error.
Status ScanTable(const DynamoDbClient& client, const TableScanOptions& options,
                 RateController& rate, ProgressMeter& meter, Clock& clock, Random& random,
                 const std::function<std::unique_ptr<SegmentSink>(int segment)>& open,
                 std::stop_token stop);

}  // namespace penstock
