// A job's many like pieces on a few threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "transfer/first_error.h"

namespace penstock {

/// Files that are read at once: what one disk and one connection each keep busy.
inline constexpr int kReadersMax = 4;

/// Does work(0) … work(count - 1), each once, in about this order, on up to `workers` threads;
/// returns when all are gone. The first error goes to `failure`, and no further piece is begun.
inline void InParallel(size_t count, int workers, FirstError& failure,
                       const std::function<Status(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::vector<std::jthread> threads;
  for (size_t i = 0; i < std::min(count, static_cast<size_t>(workers)); ++i) {
    threads.emplace_back([&] {
      while (!failure.stop().stop_requested()) {
        size_t piece = next++;
        if (piece >= count) return;
        Status done = work(piece);
        if (!done) failure.Set(std::move(done.error()));
      }
    });
  }
}

}  // namespace penstock
