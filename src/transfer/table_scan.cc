#include "transfer/table_scan.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "json/json.h"
#include "transfer/first_error.h"
#include "transfer/item_size.h"
#include "transfer/patience.h"
#include "transfer/scan_page.h"
#include "transfer/segment_queue.h"

namespace penstock {
namespace {

constexpr double kPageSize = 1 << 20;  // what a Scan answers at most, in bytes of items
constexpr uint64_t kSegmentSizeMax = 128u << 20;
constexpr uint64_t kSegmentSizeMin = 1u << 20;
constexpr int kSegmentsMax = 1'000'000;
constexpr int kSplitDepth = 4;
constexpr uint64_t kWorkerMemory = 32u << 20;
constexpr int kScanWorkersMax = 64;
constexpr double kPageSeconds = 0.5;       // of the target that one page may cost
constexpr double kUnknownItemSize = 1024;  // until the first page tells
constexpr double kRounding = 1e-9;         // of a quotient that should be whole
constexpr double kLearning = 0.3;          // weight of the newest page in the average

/// A Scan of the table reads no index.
const RateController::IndexUnits kNoIndexes = std::map<std::string, double>();

double BytesPerUnit(bool consistent_read) {
  return consistent_read ? kConsistentBytesPerUnit : kEventualBytesPerUnit;
}

/// What a request is rounded up to.
double LeastUnits(bool consistent_read) { return consistent_read ? 1 : 0.5; }

class Scanner {
 public:
  Scanner(const DynamoDbClient& client, const TableScanOptions& options, RateController& rate,
          ProgressMeter& meter, Clock& clock, Random& random, const OpenSegment& open,
          std::stop_token stop)
      : client_(client),
        options_(options),
        rate_(rate),
        meter_(meter),
        clock_(clock),
        random_(random),
        open_(open),
        failure_(std::move(stop)),
        queue_(&clock, options.splits_tail),
        splits_(options.splits_tail),
        average_(options.average_item_size > 0 ? options.average_item_size : kUnknownItemSize) {}

  Status Run() {
    std::vector<SegmentStart> segments = options_.segments;
    for (size_t i = segments.size(); i > 1; --i)
      std::swap(segments[i - 1], segments[random_.Below(i)]);
    for (SegmentStart& start : segments) queue_.Add(std::move(start));
    {
      std::stop_callback on_stop(failure_.stop(), [this] { queue_.Close(); });
      std::vector<std::jthread> workers;
      size_t count = static_cast<size_t>(options_.workers);
      if (!options_.splits_tail) count = std::min(count, segments.size());
      for (size_t i = 0; i < count; ++i) workers.emplace_back([this] { Work(); });
    }
    queue_.InterruptParked();
    return failure_.Outcome("scanning table " + options_.table);
  }

 private:
  void Work() {
    ItemReader reader(ItemDialect::kServer);
    Item item;
    while (std::optional<SegmentWork> work = queue_.Take()) {
      Result<Turn> turn = ScanSegment(*work, reader, &item);
      if (!turn) {
        if (work->sink != nullptr) work->sink->Interrupt();
        failure_.Set(std::move(turn.error()));
      }
      if (turn && *turn == Turn::kParked) {
        queue_.Park(*std::move(work));
      } else {
        queue_.Done();
      }
    }
  }

  enum class Turn { kEnded, kParked };

  Result<Turn> ScanSegment(SegmentWork& work, ItemReader& reader, Item* item) {
    if (work.sink == nullptr) {
      ASSIGN_OR_RETURN(work.sink, open_(&work.at));
      work.patience.emplace(&clock_, &random_);
    }
    RETURN_IF_ERROR(Rest(work));
    while (true) {
      PagePlan plan = Plan();
      {
        TimedSpan span(&meter_, TimeSpent::kRate);
        if (!rate_.Reserve(LaneOf(work.at.segment), plan.units, failure_.stop())) return Stopped();
      }
      CallResult<std::string> answer;
      {
        TimedSpan span(&meter_, TimeSpent::kDynamoDb);
        answer =
            client_.Call("Scan", Request(work.at, plan.limit), RetryPolicy::kNone, failure_.stop());
      }
      if (!answer) {
        // When no answer came the page may have been read; to count all of it keeps the bound.
        rate_.Settle(plan.units, answer.error().http == 0 ? plan.units : 0, kNoIndexes);
        if (failure_.stop().stop_requested()) return Stopped();
        RETURN_IF_ERROR(Refused(answer.error(), work));
        // Another segment may lie elsewhere.
        if (answer.error().IsThrottle() && queue_.HasSooner(work.rests_until)) return Turn::kParked;
        RETURN_IF_ERROR(Rest(work));
        continue;
      }
      work.patience->Reset();
      std::chrono::nanoseconds began = clock_.Monotonic();
      auto page = ReadScanPage(*answer, reader, item,
                               [&](const Item& one) { return work.sink->Take(one); });
      meter_.Spent(TimeSpent::kProcessor, clock_.Monotonic() - began);
      if (!page) {
        rate_.Settle(plan.units, plan.units, kNoIndexes);
        return std::move(page.error()).In("scanning table " + options_.table);
      }
      rate_.Settle(plan.units, page->consumed_units >= 0 ? page->consumed_units : plan.units,
                   kNoIndexes);
      Learn(*page);
      if (options_.skew != nullptr)
        options_.skew->SawPage(work.at.segment, page->consumed_units, page->last_evaluated_key);
      work.at.key = page->last_evaluated_key;
      {
        TimedSpan span(&meter_, TimeSpent::kStorage);
        RETURN_IF_ERROR(work.sink->EndPage(work.at.key));
      }
      meter_.Tick();
      if (work.at.key.empty()) break;
      if (splits_ && queue_.HasIdle()) {
        ASSIGN_OR_RETURN(bool split, Split(work));
        if (split) return Turn::kEnded;
      }
    }
    TimedSpan span(&meter_, TimeSpent::kStorage);
    RETURN_IF_ERROR(work.sink->EndSegment({}));
    return Turn::kEnded;
  }

  Status Rest(const SegmentWork& work) {
    std::chrono::nanoseconds now = clock_.Monotonic();
    if (work.rests_until <= now) return {};
    TimedSpan span(&meter_, work.rests_for);
    meter_.Tick();
    Duration left = std::chrono::ceil<Duration>(work.rests_until - now);
    if (!Patience::SleepUnlessStopped(clock_, left, failure_.stop())) return Stopped();
    return {};
  }

  /// Says when to try again; the error if that will not help.
  Status Refused(const CallError& error, SegmentWork& work) {
    const SegmentId& segment = work.at.segment;
    const std::string attempted = fmt::format("scanning table {} (segment {} of {})",
                                              options_.table, segment.index, segment.total);
    if (error.type == "ResourceNotFoundException") {
      return NotFound(attempted +
                      ": the table is not there any more, and what was read is not all of it");
    }
    if (!error.IsRetryable()) return error.ToError(attempted);
    if (error.IsThrottle()) rate_.OnThrottle(LaneOf(segment));
    if (error.IsThrottle() && options_.skew != nullptr) options_.skew->SawThrottle(segment);
    std::optional<Duration> pause = work.patience->Next();
    if (!pause) return error.ToError(attempted + ", for 10 minutes without success");
    work.rests_until = clock_.Monotonic() + *pause;
    work.rests_for = error.IsThrottle() ? TimeSpent::kThrottle : TimeSpent::kDynamoDb;
    return {};
  }

  static uint64_t LaneOf(const SegmentId& segment) {
    return (static_cast<uint64_t>(segment.total) << 32) + static_cast<uint64_t>(segment.index);
  }

  /// Gives half of what is left to the queue. True: the segment has ended, its rest goes on as
  /// segments of their own. An error only if the sink has one.
  Result<bool> Split(SegmentWork& work) {
    SegmentId parent = work.at.segment;
    for (int depth = 0; depth < kSplitDepth && parent.total <= kSegmentsMax / 2; ++depth) {
      SegmentId first{2 * parent.index, 2 * parent.total};
      SegmentId second{2 * parent.index + 1, 2 * parent.total};
      std::optional<Probe> in_first = Ask({first, work.at.key});
      std::optional<Probe> in_second = Ask({second, work.at.key});
      if (!in_first || !in_second) return false;  // not now
      if (in_first->is_accepted == in_second->is_accepted) {
        splits_ = false;
        return false;
      }
      if (in_second->is_accepted) {
        parent = second;  // the first half is behind us
        continue;
      }
      std::optional<Probe> other = Ask({second, ""});
      if (!other || other->next_key.empty()) return false;  // there is next to nothing in it
      std::optional<Probe> is_ours = Ask({parent, other->next_key});
      std::optional<Probe> is_firsts = Ask({first, other->next_key});
      if (!is_ours || !is_firsts) return false;
      if (!is_ours->is_accepted || is_firsts->is_accepted) {
        splits_ = false;
        return false;
      }
      RETURN_IF_ERROR(work.sink->EndSegment({{first, work.at.key}, {second, ""}}));
      queue_.Add({first, work.at.key});
      queue_.Add({second, ""});
      return true;
    }
    return false;
  }

  struct Probe {
    bool is_accepted = false;
    std::string next_key;
  };

  /// Whether the server takes a key for that segment; nullopt: it did not say.
  std::optional<Probe> Ask(const SegmentStart& at) {
    const double units = 1;
    if (!rate_.Reserve(LaneOf(at.segment), units, failure_.stop())) return std::nullopt;
    auto answer = client_.Call("Scan", Request(at, 1), RetryPolicy::kNone, failure_.stop());
    if (!answer) {
      rate_.Settle(units, answer.error().http == 0 ? units : 0, kNoIndexes);
      if (answer.error().type != "ValidationException") return std::nullopt;
      return Probe{false, ""};
    }
    ItemReader reader(ItemDialect::kServer);
    Item item;
    auto page = ReadScanPage(*answer, reader, &item, [](const Item&) { return Status(); });
    rate_.Settle(units, page && page->consumed_units >= 0 ? page->consumed_units : units,
                 kNoIndexes);
    if (!page) return std::nullopt;
    return Probe{true, std::string(page->last_evaluated_key)};
  }

  std::string Request(const SegmentStart& at, int64_t limit) const {
    std::string body = fmt::format("{{\"TableName\":{},\"ReturnConsumedCapacity\":\"TOTAL\"",
                                   json::Quote(options_.table));
    if (at.segment.total > 1) {
      body +=
          fmt::format(",\"Segment\":{},\"TotalSegments\":{}", at.segment.index, at.segment.total);
    }
    if (limit > 0) body += fmt::format(",\"Limit\":{}", limit);
    if (options_.consistent_read) body += ",\"ConsistentRead\":true";
    if (!at.key.empty()) body += ",\"ExclusiveStartKey\":" + at.key;
    return body + "}";
  }

  PagePlan Plan() {
    double average;
    {
      std::lock_guard lock(mutex_);
      average = average_;
    }
    return PlanPage(rate_.Target(), average, options_.consistent_read);
  }

  void Learn(const ScanPage& page) {
    if (page.items == 0 || page.consumed_units <= 0) return;
    // Units are rounded up, so that of a small page only bounds of its items' size are known.
    const double per_item =
        BytesPerUnit(options_.consistent_read) / static_cast<double>(page.items);
    const double most = page.consumed_units * per_item;
    const double least = most - LeastUnits(options_.consistent_read) * per_item;
    std::lock_guard lock(mutex_);
    if (average_ >= least && average_ <= most) return;
    const double size = std::clamp((least + most) / 2, 1.0, static_cast<double>(kItemSizeMax));
    average_ += kLearning * (size - average_);
  }

  static Error Stopped() { return Canceled("the scan was stopped"); }

  const DynamoDbClient& client_;
  const TableScanOptions& options_;
  RateController& rate_;
  ProgressMeter& meter_;
  Clock& clock_;
  Random& random_;
  const OpenSegment& open_;
  FirstError failure_;
  SegmentQueue queue_;
  std::atomic<bool> splits_;
  std::mutex mutex_;
  double average_;  // bytes of an item
};

}  // namespace

std::vector<SegmentStart> WholeTable(int count) {
  std::vector<SegmentStart> segments;
  for (int i = 0; i < count; ++i) segments.push_back({{i, count}, ""});
  return segments;
}

int WorkerCount(uint64_t memory_bytes) {
  return static_cast<int>(std::clamp<uint64_t>(memory_bytes / kWorkerMemory, 1, kScanWorkersMax));
}

int SegmentCount(const TableDescription& table, int workers) {
  // A table that says 0 may just not have counted yet.
  if (table.size_bytes == 0) return workers;
  auto ceiling = [&](uint64_t unit) { return (table.size_bytes + unit - 1) / unit; };
  uint64_t count = std::max<uint64_t>(ceiling(kSegmentSizeMax), 4 * static_cast<uint64_t>(workers));
  count = std::min({count, ceiling(kSegmentSizeMin), uint64_t{kSegmentsMax}});
  return static_cast<int>(count);
}

PagePlan PlanPage(double target, double average_item_size, bool consistent_read) {
  const double bytes_per_unit = BytesPerUnit(consistent_read);
  const double full = kPageSize / bytes_per_unit;
  const double least = LeastUnits(consistent_read);
  const double budget = target * kPageSeconds;
  if (budget >= full) return {0, full};
  const double average = average_item_size > 0 ? average_item_size : kUnknownItemSize;
  const double limit =
      std::max(1.0, std::floor(std::max(budget, least) * bytes_per_unit / average));
  const double units = std::ceil(limit * average / bytes_per_unit / least - kRounding) * least;
  return {static_cast<int64_t>(limit), std::clamp(units, least, full)};
}

Status ScanTable(const DynamoDbClient& client, const TableScanOptions& options,
                 RateController& rate, ProgressMeter& meter, Clock& clock, Random& random,
                 const OpenSegment& open, std::stop_token stop) {
  return Scanner(client, options, rate, meter, clock, random, open, std::move(stop)).Run();
}

}  // namespace penstock
