// A clock that only tests move, and known randomness. For tests only.
#pragma once

#include <atomic>
#include <thread>

#include "ports/clock.h"
#include "ports/random.h"

namespace penstock::testing {

/// Time passes when somebody sleeps. Threads that sleep at once sleep at the same time.
class FakeClock : public Clock {
 public:
  Instant Now() override { return Instant(std::chrono::duration_cast<Duration>(Monotonic())); }
  std::chrono::nanoseconds Monotonic() override { return std::chrono::nanoseconds(now_.load()); }
  void Sleep(Duration duration) override {
    int64_t until = now_.load() + std::chrono::nanoseconds(duration).count();
    int64_t now = now_.load();
    while (now < until && !now_.compare_exchange_weak(now, until)) {
    }
    // Others must not fall behind; one that sleeps alone need not stand aside each time.
    const bool is_alone =
        sleeper_.exchange(std::this_thread::get_id()) == std::this_thread::get_id();
    if (!is_alone || ++sleeps_ % kSleepsAlone == 0) std::this_thread::yield();
  }
  double Seconds() { return std::chrono::duration<double>(Monotonic()).count(); }

 private:
  static constexpr int kSleepsAlone = 16;

  std::atomic<int64_t> now_ = 1'000'000'000'000;
  std::atomic<std::thread::id> sleeper_;  // the last
  std::atomic<int> sleeps_ = 0;
};

/// A known sequence.
class FakeRandom : public Random {
 public:
  explicit FakeRandom(uint64_t seed = 1) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<uint64_t> state_;
};

}  // namespace penstock::testing
