#include "transfer/rate_controller.h"

#include <algorithm>
#include <set>

#include "base/check.h"

namespace penstock {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr double kBucketSeconds = 0.5;
constexpr double kCut = 0.7;
constexpr nanoseconds kCutInterval = 500ms;
constexpr nanoseconds kThrottleWindow = 1s;
constexpr size_t kLanesForCut = 3;
constexpr double kRecoveryPerSecond = 0.02;
constexpr double kFactorMin = 0.01;
constexpr double kGuessMax = 40'000;  // AWS's default quota of an on-demand table
constexpr nanoseconds kRefresh = 4s;
constexpr nanoseconds kRefreshAfterFailure = 30s;
constexpr Duration kSleepMax{100};  // so that a new capacity or a stop is noticed

double Seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Status CheckRateOptions(const RateOptions& options, std::string_view ratio_name) {
  if (options.units_per_second) {
    if (!(*options.units_per_second > 0)) {
      return InvalidArgument(fmt::format("the rate must be above 0 capacity units a second, not {}",
                                         *options.units_per_second));
    }
    return {};
  }
  if (!(options.ratio > 0 && options.ratio <= 1)) {
    return InvalidArgument(
        fmt::format("{} must be above 0 and at most 1 (the share of the table's capacity), not {}",
                    ratio_name, options.ratio));
  }
  return {};
}

RateController::RateController(RateOptions options, TableCapacity initial, CapacitySource source,
                               Clock* clock, Random* random)
    : options_(options),
      source_(std::move(source)),
      clock_(clock),
      random_(random),
      capacity_(std::move(initial)) {}

double RateController::TargetLocked() const {
  double bound = options_.units_per_second ? *options_.units_per_second
                                           : options_.ratio * capacity_.units_per_second;
  return bound * factor_;
}

void RateController::Advance(nanoseconds now) {
  if (!started_) {
    started_ = true;
    updated_at_ = now;
    next_refresh_ =
        now + kRefresh + nanoseconds(random_->Below(static_cast<uint64_t>(kRefresh.count() / 8)));
    return;
  }
  if (now <= updated_at_) return;
  double seconds = Seconds(now - updated_at_);
  updated_at_ = now;
  double target = TargetLocked();
  totals_.allowed += target * seconds;
  double capacity = std::max(target * kBucketSeconds, request_max_);
  double room = std::min(capacity - level_, capacity + request_max_ - level_ - in_flight_);
  level_ += std::clamp(target * seconds, 0.0, std::max(room, 0.0));
  // Old throttles no longer hold us back.
  bool quiet = recent_throttles_.empty() || now - recent_throttles_.back().first > kThrottleWindow;
  if (quiet && factor_ < 1) factor_ = std::min(1.0, factor_ + kRecoveryPerSecond * seconds);
  if (quiet && factor_ == 1 && capacity_.is_guess && !options_.units_per_second) {
    capacity_.units_per_second =
        std::min(kGuessMax, capacity_.units_per_second * (1 + kRecoveryPerSecond * seconds));
  }
}

bool RateController::Reserve(double units, const std::stop_token& stop) {
  std::lock_guard turn(turn_);
  nanoseconds began = clock_->Monotonic();
  while (!stop.stop_requested()) {
    Duration wait{};
    bool refresh = false;
    {
      std::lock_guard lock(mutex_);
      nanoseconds now = clock_->Monotonic();
      request_max_ = std::max(request_max_, units);
      Advance(now);
      // A request dearer than the bucket goes as soon as the bucket is full.
      if (level_ >= units - 1e-9) {
        level_ -= units;
        in_flight_ += units;
        totals_.waited += now - began;
        return true;
      }
      double target = TargetLocked();
      double seconds = target > 0 ? (units - level_) / target : 1;
      wait = std::clamp(Duration(static_cast<int64_t>(seconds * 1000) + 1), Duration(1), kSleepMax);
      refresh = now >= next_refresh_;
    }
    if (refresh) {
      RefreshCapacity();
    } else {
      clock_->Sleep(wait);
    }
  }
  return false;
}

void RateController::Settle(double reserved, double consumed) {
  bool refresh;
  {
    std::lock_guard lock(mutex_);
    Advance(clock_->Monotonic());
    in_flight_ = std::max(0.0, in_flight_ - reserved);
    level_ += reserved - consumed;
    double capacity = std::max(TargetLocked() * kBucketSeconds, request_max_);
    level_ = std::min(level_, capacity);
    totals_.consumed += consumed;
    refresh = updated_at_ >= next_refresh_;
  }
  if (refresh) RefreshCapacity();
}

void RateController::OnThrottle(uint64_t lane) {
  std::lock_guard lock(mutex_);
  nanoseconds now = clock_->Monotonic();
  Advance(now);
  ++totals_.throttles;
  recent_throttles_.emplace_back(now, lane);
  while (now - recent_throttles_.front().first > kThrottleWindow) recent_throttles_.pop_front();
  if (last_cut_ && now - *last_cut_ < kCutInterval) return;
  std::set<uint64_t> lanes;
  for (const auto& [at, throttled] : recent_throttles_) lanes.insert(throttled);
  if (lanes.size() < kLanesForCut) return;
  last_cut_ = now;
  if (capacity_.is_guess && !options_.units_per_second) {
    capacity_.units_per_second = std::max(1.0, capacity_.units_per_second * kCut);
  } else {
    factor_ = std::max(kFactorMin, factor_ * kCut);
  }
  level_ = std::min(level_, 0.0);
}

void RateController::RefreshCapacity() {
  {
    std::lock_guard lock(mutex_);
    if (refreshing_) return;
    refreshing_ = true;
  }
  Result<TableCapacity> read = source_();
  std::lock_guard lock(mutex_);
  refreshing_ = false;
  nanoseconds now = clock_->Monotonic();
  Advance(now);
  nanoseconds pause = read ? kRefresh : kRefreshAfterFailure;
  next_refresh_ =
      now + pause + nanoseconds(random_->Below(static_cast<uint64_t>(pause.count() / 8)));
  if (!read)
    return;  // the last known capacity stays; the job's own requests will say if the table is gone
  bool both_guess = read->is_guess && capacity_.is_guess;
  if (!both_guess) capacity_ = *std::move(read);
}

double RateController::Target() {
  std::lock_guard lock(mutex_);
  return TargetLocked();
}

std::string RateController::Explain() {
  std::lock_guard lock(mutex_);
  std::string text = options_.units_per_second
                         ? fmt::format("{} units/s as asked", *options_.units_per_second)
                         : fmt::format("{} of {:.0f} units/s ({})", options_.ratio,
                                       capacity_.units_per_second, capacity_.source);
  if (factor_ < 1) text += fmt::format(", at {:.0f} % after throttles", factor_ * 100);
  return text;
}

RateController::Totals RateController::totals() {
  std::lock_guard lock(mutex_);
  Advance(clock_->Monotonic());
  Totals totals = totals_;
  totals.slowed_by_throttles = factor_ < 1;
  return totals;
}

}  // namespace penstock
