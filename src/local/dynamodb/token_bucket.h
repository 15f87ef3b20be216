// A token bucket as DynamoDB's provisioned capacity behaves: refilled at the provisioned rate,
// unused capacity kept for up to 300 s, and, since the price of a request is known only once it is
// done, requests are admitted while there is anything in it and may leave it in debt.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/burst-adaptive-capacity.html
#pragma once

#include <algorithm>
#include <chrono>

namespace penstock::dynamodb {

/// Value type; not thread-safe. Times are Clock::Monotonic().
class TokenBucket {
 public:
  /// Rate in units per second; `kept` is for how long unused capacity is kept, `initial` how much
  /// of that is there at once.
  TokenBucket(double rate, std::chrono::duration<double> kept,
              std::chrono::duration<double> initial, std::chrono::nanoseconds now)
      : rate_(rate), kept_(kept), tokens_(rate * std::min(initial, kept).count()), at_(now) {}

  /// From now on; what has been saved stays, as far as it fits.
  void SetRate(double rate, std::chrono::nanoseconds now) {
    Refill(now);
    rate_ = rate;
    tokens_ = std::min(tokens_, rate_ * kept_.count());
  }

  bool Admits(std::chrono::nanoseconds now) {
    Refill(now);
    return tokens_ > 0;
  }

  void Take(double units, std::chrono::nanoseconds now) {
    Refill(now);
    tokens_ -= units;
  }

  double rate() const { return rate_; }
  /// Negative: in debt.
  double tokens() const { return tokens_; }

 private:
  void Refill(std::chrono::nanoseconds now) {
    if (now <= at_) return;
    double seconds = std::chrono::duration<double>(now - at_).count();
    tokens_ = std::min(tokens_ + seconds * rate_, rate_ * kept_.count());
    at_ = now;
  }

  double rate_;
  std::chrono::duration<double> kept_;
  double tokens_;
  std::chrono::nanoseconds at_;
};

}  // namespace penstock::dynamodb
