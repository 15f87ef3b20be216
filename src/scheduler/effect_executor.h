// EffectExecutor: executes the effects that decisions asked for, on a bounded number of threads,
// each until its handler says that it is over. What is here is also in the outbox, so that a crash
// loses nothing.
#pragma once

#include <chrono>
#include <compare>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "ports/clock.h"
#include "scheduler/effect_handler.h"

namespace penstock {

struct EffectExecutorOptions {
  int threads = 8;            // 0: only RunDue() executes
  Duration retry_min{1'000};  // pause after the first failed try; doubles up to
  Duration retry_max{60'000};
};

/// Thread-safe.
class EffectExecutor {
 public:
  /// Tells what came of a job: an EffectDone, EffectProgress, ResourceGone or WorkerReplaced.
  /// Called from the executor's threads; may wait.
  using Report = std::function<void(engine::EventBody)>;

  /// `handler` and `clock` outlive it.
  EffectExecutor(EffectHandler& handler, Clock& clock, const EffectExecutorOptions& options,
                 Report report);
  ~EffectExecutor();
  EffectExecutor(const EffectExecutor&) = delete;
  EffectExecutor& operator=(const EffectExecutor&) = delete;

  void Start();
  /// Asks running handlers to return, waits for them, and forgets the rest (the outbox has it).
  /// Idempotent.
  void Stop();

  /// Takes a job, due at once. One that is here already, by pipeline and key, is left alone. Of the
  /// jobs with the same effect name (the launch and the end of one resource) one runs at a time: an
  /// end that overtook a launch under way would find nothing to end, and leave it behind.
  void Add(EffectJob job);
  /// Asks once after the health of a running resource.
  void AddCheck(EffectJob job);
  /// Nobody wants it any more: it is not started again. One that runs is not interrupted.
  void Forget(const std::string& pipeline, const std::string& key);
  /// The same for all effects of a pipeline.
  void ForgetPipeline(const std::string& pipeline);

  /// Executes what is due on the calling thread; how many. For tests and the simulator.
  size_t RunDue();
  /// The time until the next job is due; nullopt: there is none waiting.
  std::optional<std::chrono::nanoseconds> UntilDue();
  /// Jobs that wait or run.
  size_t size();

 private:
  enum class Kind { kEffect, kCheck };
  using Key = std::tuple<Kind, std::string, std::string>;  // pipeline id, effect key
  struct Entry {
    EffectJob job;
    std::chrono::nanoseconds due{};  // monotonic
    int failures = 0;                // tries without an answer since the last answer
    bool running = false;
    bool forgotten = false;
    std::optional<EffectJob> next{};  // wanted anew after it was forgotten while it ran
  };
  using Waiting = std::set<std::pair<std::chrono::nanoseconds, Key>>;

  void Insert(Kind kind, EffectJob job);
  /// The entry behind the forgotten one. `mutex_` is held.
  std::map<Key, Entry>::iterator ForgetEntry(std::map<Key, Entry>::iterator entry);
  void Loop(std::stop_token stop);
  /// The first of those waiting whose resource is not being worked on; end() if there is none.
  Waiting::iterator FirstFree();
  /// Takes one due job and executes it; false if none is due. `lock` is held on entry and on
  /// return.
  bool RunOne(std::unique_lock<std::mutex>& lock, std::stop_token stop);
  std::vector<engine::EventBody> Outcome(const Key& key, Entry& entry, EffectResult result,
                                         bool& over);
  Duration Pause(int failures) const;

  EffectHandler& handler_;
  Clock& clock_;
  const EffectExecutorOptions options_;
  const Report report_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<Key, Entry> entries_;  // guarded by mutex_
  Waiting waiting_;               // by due time; those not running; guarded
  std::set<std::string> busy_;    // effect names of running jobs, where they have one; guarded
  std::stop_source stop_;
  std::vector<std::jthread> threads_;
};

}  // namespace penstock
