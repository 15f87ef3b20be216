// Committer: the thread on which batches become durable, one at a time, while the engine's thread
// goes on deciding the next one.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "base/result.h"
#include "engine/decision.h"
#include "store/store.h"

namespace penstock {

/// All calls but `landed` come from one thread.
class Committer {
 public:
  /// `store` outlives it.
  explicit Committer(Store& store) : store_(store) {}
  ~Committer();
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// Starts the thread. `landed` is called on it after each commit. Without a thread, Wait() does
  /// the work.
  void Start(std::function<void()> landed);
  /// Ends the thread. REQUIRES: nothing is under way.
  void Stop();

  /// Begins a commit. `writes` stay as they are until Wait(). REQUIRES: nothing is under way.
  void Begin(std::span<const engine::Write> writes);
  /// Whether Wait() would not have to wait for the thread. REQUIRES: something is under way.
  bool Landed();
  /// What became of the commit. Nothing is under way afterwards.
  Status Wait();

 private:
  void Loop(const std::function<void()>& landed);

  Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::span<const engine::Write>> writes_;  // to be committed; guarded by mutex_
  std::optional<Status> result_;                          // of the last commit; guarded
  bool stopped_ = false;                                  // guarded
  std::thread thread_;
};

}  // namespace penstock
