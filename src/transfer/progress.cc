#include "transfer/progress.h"

#include <algorithm>
#include <condition_variable>

#include "transfer/rate_controller.h"

namespace penstock {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds kReportInterval = std::chrono::seconds(1);
constexpr auto kPulse = std::chrono::milliseconds(250);
constexpr nanoseconds kRateWindow = std::chrono::seconds(10);  // over which the bound is promised

double ToSeconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

ProgressMeter::ProgressMeter(std::string phase, const ProgressCallback& callback, Clock* clock,
                             RateController* rate)
    : phase_(std::move(phase)),
      callback_(callback),
      clock_(clock),
      rate_(rate),
      began_(clock->Monotonic()),
      reported_at_(began_),
      consumed_{{began_, 0}} {
  if (callback_) pulse_ = std::jthread([this](const std::stop_token& stop) { Pulse(stop); });
}

void ProgressMeter::Pulse(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    never.wait_for(lock, stop, kPulse, [] { return false; });
    if (!stop.stop_requested()) Tick();
  }
}

void ProgressMeter::Add(uint64_t items, uint64_t bytes) {
  items_ += items;
  bytes_ += bytes;
}

void ProgressMeter::Found(uint64_t items, uint64_t bytes) {
  found_items_ += items;
  Add(items, bytes);
}

void ProgressMeter::Spent(TimeSpent on, nanoseconds time) {
  std::lock_guard lock(accounts_mutex_);
  accounts_[static_cast<size_t>(on)].spent += time.count();
}

nanoseconds ProgressMeter::Begin(TimeSpent on) {
  std::lock_guard lock(accounts_mutex_);
  nanoseconds now = clock_->Monotonic();
  Account& account = accounts_[static_cast<size_t>(on)];
  account.began += now.count();
  ++account.running;
  return now;
}

void ProgressMeter::End(TimeSpent on, nanoseconds began) {
  std::lock_guard lock(accounts_mutex_);
  Account& account = accounts_[static_cast<size_t>(on)];
  account.began -= began.count();
  --account.running;
  account.spent += (clock_->Monotonic() - began).count();
}

double ProgressMeter::Seconds() const { return ToSeconds(clock_->Monotonic() - began_); }

void ProgressMeter::Tick() {
  if (!callback_) return;
  // Whoever finds the second over reports; the others go on working.
  std::unique_lock lock(report_mutex_, std::try_to_lock);
  if (!lock || clock_->Monotonic() - reported_at_ < kReportInterval) return;
  Report();
}

void ProgressMeter::Finish() {
  if (!callback_) return;
  std::lock_guard lock(report_mutex_);
  Report();
}

void ProgressMeter::Report() {
  nanoseconds now = clock_->Monotonic();
  Progress progress;
  progress.phase = phase_;
  const uint64_t found = found_items_;  // before items_, which has them too
  progress.items = items_;
  progress.bytes = bytes_;
  progress.seconds = ToSeconds(now - began_);
  if (rate_ != nullptr) {
    RateController::Totals totals = rate_->totals();
    progress.consumed_units = totals.consumed;
    progress.throttles = totals.throttles;
    progress.target = rate_->Target();
    while (consumed_.size() > 1 && now - consumed_[1].first >= kRateWindow) consumed_.pop_front();
    const auto& [since, units] = consumed_.front();
    if (now > since) progress.units_per_second = (totals.consumed - units) / ToSeconds(now - since);
    consumed_.emplace_back(now, totals.consumed);
  }
  if (uint64_t expected = expected_items_; expected > 0 && progress.items > 0) {
    // The table's own count is hours old: past it, nobody knows.
    double fraction = static_cast<double>(progress.items) / static_cast<double>(expected);
    if (fraction <= 1) {
      progress.fraction = fraction;
      if (progress.items > found) {
        progress.eta_seconds = progress.seconds * static_cast<double>(expected - progress.items) /
                               static_cast<double>(progress.items - found);
      }
    }
  }
  progress.limited_by = Limiter(now);
  reported_at_ = now;
  callback_(progress);
}

std::string ProgressMeter::Limiter(nanoseconds now) {
  size_t most = 0;
  int64_t most_time = 0;
  {
    std::lock_guard lock(accounts_mutex_);
    for (size_t i = 0; i < accounts_.size(); ++i) {
      Account& account = accounts_[i];
      int64_t so_far = account.spent + account.running * now.count() - account.began;
      int64_t time = so_far - account.reported;
      account.reported = so_far;
      if (time > most_time) {
        most = i;
        most_time = time;
      }
    }
  }
  if (most_time == 0) return "";
  switch (static_cast<TimeSpent>(most)) {
    case TimeSpent::kRate:
      return rate_ != nullptr ? "rate: " + rate_->Explain() : "rate";
    case TimeSpent::kThrottle:
      return "throttling by DynamoDB";
    case TimeSpent::kDynamoDb:
      return "DynamoDB";
    case TimeSpent::kStorage:
      return "storage";
    case TimeSpent::kProcessor:
      return "processor";
  }
  return "";
}

}  // namespace penstock
