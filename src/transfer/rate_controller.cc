#include "transfer/rate_controller.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "transfer/transfer.h"

namespace penstock {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr double kBucketSeconds = 0.5;
constexpr double kCut = 0.7;
constexpr nanoseconds kCutInterval = 500ms;
constexpr nanoseconds kThrottleWindow = 1s;
constexpr double kRecoveryPerSecond = 0.02;
constexpr double kFactorMin = 0.01;
constexpr double kGuessMax = 40'000;  // AWS's default quota of an on-demand table
constexpr double kProbeMax = 1e8;
constexpr double kHeadroomMin = 0.01;   // of the capacity: so that the job goes on
constexpr double kIndexLearning = 0.3;  // weight of the newest request in an index's cost
constexpr nanoseconds kRefresh = 4s;
constexpr nanoseconds kRefreshAfterFailure = 30s;
constexpr Duration kSleepMax{100};  // so that a new capacity or a stop is noticed

double Seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Status CheckRateOptions(const RateOptions& options, std::string_view ratio_name) {
  if (options.units_per_second) {
    if (!(*options.units_per_second > 0) || std::isinf(*options.units_per_second)) {
      return InvalidArgument(
          fmt::format("the rate must be a number of capacity units a second above 0, not {}",
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
                               Clock* clock, Random* random, OthersSource others)
    : options_(options),
      source_(std::move(source)),
      others_source_(std::move(others)),
      clock_(clock),
      random_(random),
      capacity_(std::move(initial)) {
  if (options_.Mode() == RateMode::kMax) {
    capacity_.is_guess = true;
    capacity_.indexes.clear();
  }
  for (const auto& [name, index] : capacity_.indexes) indexes_[name] = {};
}

double RateController::Bound(const Capacity& capacity) const {
  double units = capacity.units_per_second;
  switch (options_.Mode()) {
    case RateMode::kRatio:
      return options_.ratio * units;
    case RateMode::kAbsolute:
      return *options_.units_per_second;
    case RateMode::kHeadroom:
      return options_.ratio * std::max(units - others_, units * kHeadroomMin);
    case RateMode::kMax:
      return units;
  }
  return units;
}

double RateController::TargetLocked() const { return Bound(capacity_) * factor_; }

double RateController::IndexBound(const std::string& name) const {
  const Capacity& index = capacity_.indexes.at(name);
  return Bound(index.is_guess && capacity_.is_guess ? capacity_ : index) * factor_;
}

bool RateController::RulesAsGuess(const std::string& index) const {
  auto found = capacity_.indexes.find(index);
  return found != capacity_.indexes.end() && found->second.is_guess;
}

void RateController::Advance(nanoseconds now) {
  if (!started_) {
    started_ = true;
    updated_at_ = now;
    next_refresh_ =
        now + kRefresh + nanoseconds(random_->Below(static_cast<uint64_t>(kRefresh.count() / 8)));
    // What others use is known to nobody yet.
    if (options_.Mode() == RateMode::kHeadroom) next_refresh_ = now;
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
  for (auto& [name, bucket] : indexes_) {
    double bound = IndexBound(name);
    double full = std::max(bound * kBucketSeconds, request_max_ * bucket.per_unit);
    bucket.level = std::min(full, bucket.level + bound * seconds);
  }
  Grow(seconds);
}

void RateController::Grow(double seconds) {
  // Old throttles no longer hold us back.
  bool quiet =
      recent_throttles_.empty() || updated_at_ - recent_throttles_.back().first > kThrottleWindow;
  if (!quiet) return;
  if (factor_ < 1) {
    factor_ = std::min(1.0, factor_ + kRecoveryPerSecond * seconds);
  } else if (options_.Mode() != RateMode::kAbsolute) {
    bool is_max = options_.Mode() == RateMode::kMax;
    double growth = is_max && !has_cut_ ? std::exp2(seconds) : 1 + kRecoveryPerSecond * seconds;
    auto grow = [&](Capacity* capacity) {
      double& units = capacity->units_per_second;
      if (capacity->is_guess)
        units = std::min(units * growth, is_max ? kProbeMax : std::max(kGuessMax, units));
    };
    grow(&capacity_);
    for (auto& [name, index] : capacity_.indexes) grow(&index);
  }
}

double RateController::SecondsUntil(double units) const {
  // A request dearer than the bucket goes as soon as the bucket is full.
  auto wait = [](double missing, double rate) {
    if (missing <= 1e-9) return 0.0;
    return rate > 0 ? missing / rate : 1.0;
  };
  double seconds = wait(units - level_, TargetLocked());
  for (const auto& [name, bucket] : indexes_) {
    seconds = std::max(seconds, wait(units * bucket.per_unit - bucket.level, IndexBound(name)));
  }
  return seconds;
}

void RateController::Saw(uint64_t lane, nanoseconds now) {
  LaneUse* slot = &recent_lanes_[0];
  for (LaneUse& use : recent_lanes_) {
    if (use.at && use.lane == lane) {
      slot = &use;
      break;
    }
    if (use.at < slot->at) slot = &use;  // an empty one before all others
  }
  *slot = {lane, now};
}

size_t RateController::LanesAtWork(nanoseconds now) const {
  return static_cast<size_t>(std::count_if(
      recent_lanes_.begin(), recent_lanes_.end(),
      [&](const LaneUse& use) { return use.at && now - *use.at <= kThrottleWindow; }));
}

bool RateController::Reserve(uint64_t lane, double units, const std::stop_token& stop) {
  std::unique_lock turn(turn_);
  nanoseconds began = clock_->Monotonic();
  while (!stop.stop_requested()) {
    Duration wait{};
    bool refresh = false;
    {
      std::lock_guard lock(mutex_);
      nanoseconds now = clock_->Monotonic();
      request_max_ = std::max(request_max_, units);
      Advance(now);
      double seconds = SecondsUntil(units);
      if (seconds == 0) {
        Saw(lane, now);
        level_ -= units;
        in_flight_ += units;
        for (auto& [name, bucket] : indexes_) bucket.level -= units * bucket.per_unit;
        totals_.waited += now - began;
        return true;
      }
      wait = std::clamp(Duration(static_cast<int64_t>(seconds * 1000) + 1), Duration(1), kSleepMax);
      tightest_index_.clear();
      if (units - level_ <= 1e-9) {
        for (const auto& [name, bucket] : indexes_) {
          if (bucket.level < units * bucket.per_unit) tightest_index_ = name;
        }
      }
      refresh = now >= next_refresh_;
    }
    if (refresh) {
      // Others need not wait for what it asks.
      turn.unlock();
      RefreshCapacity();
      turn.lock();
    } else {
      clock_->Sleep(wait);
    }
  }
  return false;
}

void RateController::Settle(double reserved, double consumed, const IndexUnits& index_units) {
  bool refresh;
  {
    std::lock_guard lock(mutex_);
    Advance(clock_->Monotonic());
    in_flight_ = std::max(0.0, in_flight_ - reserved);
    level_ += reserved - consumed;
    double capacity = std::max(TargetLocked() * kBucketSeconds, request_max_);
    level_ = std::min(level_, capacity);
    totals_.consumed += consumed;
    for (auto& [name, bucket] : indexes_) {
      const double expected = reserved * bucket.per_unit;
      double units = expected;
      if (index_units) {
        auto told = index_units->find(name);
        units = told == index_units->end() ? 0 : told->second;
        if (consumed > 0) bucket.per_unit += kIndexLearning * (units / consumed - bucket.per_unit);
      } else {
        totals_.index_consumed += expected;
      }
      bucket.level += expected - units;
    }
    // Those of indexes without a bucket too.
    if (index_units) {
      for (const auto& [name, units] : *index_units) totals_.index_consumed += units;
    }
    refresh = updated_at_ >= next_refresh_;
  }
  if (refresh) RefreshCapacity();
}

void RateController::OnThrottle(uint64_t lane) {
  std::lock_guard lock(mutex_);
  nanoseconds now = clock_->Monotonic();
  Advance(now);
  ++totals_.throttles;
  Saw(lane, now);
  recent_throttles_.emplace_back(now, lane);
  while (now - recent_throttles_.front().first > kThrottleWindow) recent_throttles_.pop_front();
  if (last_cut_ && now - *last_cut_ < kCutInterval) return;
  std::set<uint64_t> lanes;
  for (const auto& [at, throttled] : recent_throttles_) lanes.insert(throttled);
  if (lanes.size() < LanesAtWork(now)) return;
  last_cut_ = now;
  has_cut_ = true;
  if (capacity_.is_guess && options_.Mode() != RateMode::kAbsolute) {
    capacity_.units_per_second = std::max(1.0, capacity_.units_per_second * kCut);
  } else if (RulesAsGuess(tightest_index_) && options_.Mode() != RateMode::kAbsolute) {
    double& units = capacity_.indexes.at(tightest_index_).units_per_second;
    units = std::max(1.0, units * kCut);
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
    next_refresh_ = nanoseconds::max();  // until it is done
  }
  Result<TableCapacity> read = source_();
  std::optional<double> others;
  if (options_.Mode() == RateMode::kHeadroom && others_source_) {
    double own = totals().consumed;
    if (Result<double> told = others_source_(own)) others = *told;
  }
  std::lock_guard lock(mutex_);
  if (others) others_ = *others;
  refreshing_ = false;
  nanoseconds now = clock_->Monotonic();
  Advance(now);
  nanoseconds pause = read ? kRefresh : kRefreshAfterFailure;
  next_refresh_ =
      now + pause + nanoseconds(random_->Below(static_cast<uint64_t>(pause.count() / 8)));
  if (!read)
    return;  // the last known capacity stays; the job's own requests will say if the table is gone
  if (options_.Mode() == RateMode::kMax) read->indexes.clear();
  std::map<std::string, IndexBucket> indexes;
  for (const auto& [name, index] : read->indexes) indexes[name] = indexes_[name];
  indexes_ = std::move(indexes);
  for (auto& [name, index] : read->indexes) {
    auto before = capacity_.indexes.find(name);
    if (index.is_guess && before != capacity_.indexes.end() && before->second.is_guess)
      index.units_per_second = before->second.units_per_second;
  }
  bool keeps_guess = capacity_.is_guess && (read->is_guess || options_.Mode() == RateMode::kMax);
  if (keeps_guess) {
    capacity_.indexes = std::move(read->indexes);
  } else {
    capacity_ = *std::move(read);
  }
}

double RateController::Target() {
  std::lock_guard lock(mutex_);
  return TargetLocked();
}

std::string RateController::Explain() {
  std::lock_guard lock(mutex_);
  std::string what = tightest_index_.empty() ? "" : fmt::format(" of index {}", tightest_index_);
  bool is_index = capacity_.indexes.contains(tightest_index_) &&
                  !(capacity_.is_guess && capacity_.indexes.at(tightest_index_).is_guess);
  const Capacity& capacity = is_index ? capacity_.indexes.at(tightest_index_) : capacity_;
  std::string text;
  switch (options_.Mode()) {
    case RateMode::kRatio:
      text = fmt::format("{} of {:.0f} units/s{} ({})", options_.ratio, capacity.units_per_second,
                         what, capacity.source);
      break;
    case RateMode::kAbsolute:
      text = fmt::format("{} units/s{} as asked", *options_.units_per_second, what);
      break;
    case RateMode::kHeadroom:
      text = fmt::format("{} of what others ({:.0f} units/s) leave of {:.0f} units/s{} ({})",
                         options_.ratio, others_, capacity.units_per_second, what, capacity.source);
      break;
    case RateMode::kMax:
      text = fmt::format("{:.0f} units/s{}, as much as the server bears", capacity.units_per_second,
                         what);
      break;
  }
  if (factor_ < 1) text += fmt::format(", at {:.0f} % after throttles", factor_ * 100);
  return text;
}

void RateController::Totals::AddTo(TransferReport* report) const {
  report->consumed_units += consumed;
  report->index_units += index_consumed;
  report->allowed_units += allowed;
  report->throttled_requests += throttles;
}

RateController::Totals RateController::totals() {
  std::lock_guard lock(mutex_);
  Advance(clock_->Monotonic());
  Totals totals = totals_;
  totals.slowed_by_throttles = factor_ < 1;
  return totals;
}

}  // namespace penstock
