#include "transfer/table_scan.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>

#include "json/json.h"
#include "transfer/first_error.h"
#include "transfer/item_size.h"
#include "transfer/patience.h"
#include "transfer/scan_page.h"

namespace penstock {
namespace {

constexpr double kPageSize = 1 << 20;  // what a Scan answers at most, in bytes of items
constexpr uint64_t kSegmentSizeMax = 128u << 20;
constexpr uint64_t kSegmentSizeMin = 1u << 20;
constexpr int kSegmentsMax = 1'000'000;
constexpr uint64_t kWorkerMemory = 32u << 20;
constexpr int kWorkersMax = 64;
constexpr double kPageSeconds = 0.5;       // of the target that one page may cost
constexpr double kUnknownItemSize = 1024;  // until the first page tells
constexpr double kLearning = 0.3;          // weight of the newest page in the average

/// What the next request asks for and what to reserve for it.
struct PagePlan {
  int64_t limit = 0;  // items; 0: a full page
  double units = 0;
};

class Scanner {
 public:
  Scanner(const DynamoDbClient& client, const TableScanOptions& options, RateController& rate,
          ProgressMeter& meter, Clock& clock, Random& random,
          const std::function<std::unique_ptr<SegmentSink>(int)>& open, std::stop_token stop)
      : client_(client),
        options_(options),
        rate_(rate),
        meter_(meter),
        clock_(clock),
        random_(random),
        open_(open),
        failure_(std::move(stop)),
        average_(options.average_item_size > 0 ? options.average_item_size : kUnknownItemSize) {}

  Status Run() {
    segments_.resize(static_cast<size_t>(options_.segments));
    std::iota(segments_.begin(), segments_.end(), 0);
    for (size_t i = segments_.size(); i > 1; --i)
      std::swap(segments_[i - 1], segments_[random_.Below(i)]);
    {
      std::vector<std::jthread> workers;
      for (int i = 0; i < std::min(options_.workers, options_.segments); ++i) {
        workers.emplace_back([this] { Work(); });
      }
    }
    return failure_.Outcome("scanning table " + options_.table);
  }

 private:
  void Work() {
    ItemReader reader(ItemDialect::kServer);
    Item item;
    while (!failure_.stop().stop_requested()) {
      size_t taken = next_++;
      if (taken >= segments_.size()) return;
      Status done = ScanSegment(segments_[taken], reader, &item);
      if (!done) failure_.Set(std::move(done.error()));
    }
  }

  Status ScanSegment(int segment, ItemReader& reader, Item* item) {
    std::unique_ptr<SegmentSink> sink = open_(segment);
    Patience patience(&clock_, &random_);
    std::string start_key;  // JSON text
    while (true) {
      PagePlan plan = Plan();
      {
        TimedSpan span(&meter_, &clock_, TimeSpent::kRate);
        if (!rate_.Reserve(plan.units, failure_.stop())) return Stopped();
      }
      CallResult<std::string> answer;
      {
        TimedSpan span(&meter_, &clock_, TimeSpent::kDynamoDb);
        answer = client_.Call("Scan", Request(segment, plan, start_key), RetryPolicy::kNone,
                              failure_.stop());
      }
      if (!answer) {
        rate_.Settle(plan.units, 0);
        if (failure_.stop().stop_requested()) return Stopped();
        RETURN_IF_ERROR(Refused(answer.error(), segment, patience));
        continue;
      }
      patience.Reset();
      std::chrono::nanoseconds began = clock_.Monotonic();
      auto page =
          ReadScanPage(*answer, reader, item, [&](const Item& one) { return sink->Take(one); });
      meter_.Spent(TimeSpent::kProcessor, clock_.Monotonic() - began);
      if (!page) {
        rate_.Settle(plan.units, plan.units);
        return std::move(page.error()).In("scanning table " + options_.table);
      }
      rate_.Settle(plan.units, page->consumed_units >= 0 ? page->consumed_units : plan.units);
      Learn(*page);
      {
        TimedSpan span(&meter_, &clock_, TimeSpent::kStorage);
        RETURN_IF_ERROR(sink->EndPage());
      }
      meter_.Tick();
      if (page->last_evaluated_key.empty()) break;
      start_key = page->last_evaluated_key;
    }
    TimedSpan span(&meter_, &clock_, TimeSpent::kStorage);
    return sink->EndSegment();
  }

  /// Waits out what may pass; the error if it will not.
  Status Refused(const CallError& error, int segment, Patience& patience) {
    const std::string attempted = fmt::format("scanning table {} (segment {} of {})",
                                              options_.table, segment, options_.segments);
    if (error.type == "ResourceNotFoundException") {
      return NotFound(attempted +
                      ": the table is not there any more; what was read so far is not an export");
    }
    if (!error.IsRetryable()) return error.ToError(attempted);
    if (error.IsThrottle()) rate_.OnThrottle(static_cast<uint64_t>(segment));
    TimedSpan span(&meter_, &clock_,
                   error.IsThrottle() ? TimeSpent::kThrottle : TimeSpent::kDynamoDb);
    meter_.Tick();
    if (patience.Wait(failure_.stop())) return {};
    if (failure_.stop().stop_requested()) return Stopped();
    return error.ToError(attempted + ", for 10 minutes without success");
  }

  std::string Request(int segment, const PagePlan& plan, const std::string& start_key) const {
    std::string body = fmt::format("{{\"TableName\":{},\"ReturnConsumedCapacity\":\"TOTAL\"",
                                   json::Quote(options_.table));
    if (options_.segments > 1) {
      body += fmt::format(",\"Segment\":{},\"TotalSegments\":{}", segment, options_.segments);
    }
    if (plan.limit > 0) body += fmt::format(",\"Limit\":{}", plan.limit);
    if (options_.consistent_read) body += ",\"ConsistentRead\":true";
    if (!start_key.empty()) body += ",\"ExclusiveStartKey\":" + start_key;
    return body + "}";
  }

  double BytesPerUnit() const {
    return options_.consistent_read ? kConsistentBytesPerUnit : kEventualBytesPerUnit;
  }

  /// A full page if half a second of the target pays for it, else so many items as it does pay for.
  PagePlan Plan() {
    double full = kPageSize / BytesPerUnit();
    double least = options_.consistent_read ? 1 : 0.5;
    double budget = rate_.Target() * kPageSeconds;
    if (budget >= full) return {0, full};
    double average;
    {
      std::lock_guard lock(mutex_);
      average = average_;
    }
    double limit = std::max(1.0, std::floor(std::max(budget, least) * BytesPerUnit() / average));
    return {static_cast<int64_t>(limit), std::clamp(limit * average / BytesPerUnit(), least, full)};
  }

  void Learn(const ScanPage& page) {
    if (page.items == 0 || page.consumed_units <= 0) return;
    double size = std::clamp(page.consumed_units * BytesPerUnit() / static_cast<double>(page.items),
                             1.0, static_cast<double>(kItemSizeMax));
    std::lock_guard lock(mutex_);
    average_ += kLearning * (size - average_);
  }

  static Error Stopped() { return Canceled("the scan was stopped"); }

  const DynamoDbClient& client_;
  const TableScanOptions& options_;
  RateController& rate_;
  ProgressMeter& meter_;
  Clock& clock_;
  Random& random_;
  const std::function<std::unique_ptr<SegmentSink>(int)>& open_;
  FirstError failure_;
  std::vector<int> segments_;
  std::atomic<size_t> next_ = 0;
  std::mutex mutex_;
  double average_;  // bytes of an item
};

}  // namespace

int WorkerCount(uint64_t memory_bytes) {
  return static_cast<int>(std::clamp<uint64_t>(memory_bytes / kWorkerMemory, 1, kWorkersMax));
}

int SegmentCount(const TableDescription& table, int workers) {
  // A table that says 0 may just not have counted yet.
  if (table.size_bytes == 0) return workers;
  auto ceiling = [&](uint64_t unit) { return (table.size_bytes + unit - 1) / unit; };
  uint64_t count = std::max<uint64_t>(ceiling(kSegmentSizeMax), 4 * static_cast<uint64_t>(workers));
  count = std::min({count, ceiling(kSegmentSizeMin), uint64_t{kSegmentsMax}});
  return static_cast<int>(count);
}

Status ScanTable(const DynamoDbClient& client, const TableScanOptions& options,
                 RateController& rate, ProgressMeter& meter, Clock& clock, Random& random,
                 const std::function<std::unique_ptr<SegmentSink>(int segment)>& open,
                 std::stop_token stop) {
  return Scanner(client, options, rate, meter, clock, random, open, std::move(stop)).Run();
}

}  // namespace penstock
