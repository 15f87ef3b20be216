#include "scheduler/effect_executor.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace penstock {
namespace {

using namespace engine;

// A clock that somebody set, or a manual one, must not keep a thread asleep for long.
constexpr std::chrono::milliseconds kSleepMax{1'000};

}  // namespace

EffectExecutor::EffectExecutor(EffectHandler& handler, Clock& clock,
                               const EffectExecutorOptions& options, Report report)
    : handler_(handler), clock_(clock), options_(options), report_(std::move(report)) {}

EffectExecutor::~EffectExecutor() { Stop(); }

void EffectExecutor::Start() {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Loop(stop_.get_token()); });
  }
}

void EffectExecutor::Stop() {
  stop_.request_stop();
  changed_.notify_all();
  threads_.clear();  // joins
  std::lock_guard lock(mutex_);
  entries_.clear();
  waiting_.clear();
}

void EffectExecutor::Add(EffectJob job) { Insert(Kind::kEffect, std::move(job)); }

void EffectExecutor::AddCheck(EffectJob job) { Insert(Kind::kCheck, std::move(job)); }

void EffectExecutor::Insert(Kind kind, EffectJob job) {
  std::lock_guard lock(mutex_);
  Key key(kind, job.pipeline.id, job.effect.key);
  auto [entry, inserted] = entries_.try_emplace(key);
  if (!inserted) {
    // Forgotten while it runs: what is wanted now is another execution, after this one.
    if (entry->second.forgotten) entry->second.next = std::move(job);
    return;
  }
  entry->second.job = std::move(job);
  entry->second.due = clock_.Monotonic();
  waiting_.emplace(entry->second.due, std::move(key));
  changed_.notify_one();
}

void EffectExecutor::Forget(const std::string& pipeline, const std::string& key) {
  std::lock_guard lock(mutex_);
  auto entry = entries_.find(Key(Kind::kEffect, pipeline, key));
  if (entry != entries_.end()) ForgetEntry(entry);
}

void EffectExecutor::ForgetPipeline(const std::string& pipeline) {
  std::lock_guard lock(mutex_);
  auto entry = entries_.lower_bound(Key(Kind::kEffect, pipeline, ""));
  while (entry != entries_.end() && std::get<0>(entry->first) == Kind::kEffect &&
         std::get<1>(entry->first) == pipeline) {
    entry = ForgetEntry(entry);
  }
}

std::map<EffectExecutor::Key, EffectExecutor::Entry>::iterator EffectExecutor::ForgetEntry(
    std::map<Key, Entry>::iterator entry) {
  if (entry->second.running) {
    entry->second.forgotten = true;
    entry->second.next.reset();
    return std::next(entry);
  }
  waiting_.erase({entry->second.due, entry->first});
  return entries_.erase(entry);
}

Duration EffectExecutor::Pause(int failures) const {
  Duration pause = options_.retry_min;
  for (int i = 1; i < failures && pause < options_.retry_max; ++i) pause *= 2;
  return std::min(pause, options_.retry_max);
}

std::vector<EventBody> EffectExecutor::Outcome(const Key& key, Entry& entry, EffectResult result,
                                               bool& over) {
  const EffectJob& job = entry.job;
  std::vector<EventBody> events;
  if (!result) {
    Duration pause = Pause(++entry.failures);
    Log(LogLevel::kWarning, "effect {} {} of pipeline {} could not be tried; again in {} ms: {}",
        EffectKindName(job.effect.kind), job.effect.key, job.pipeline.id, pause.count(),
        result.error().message);
    entry.due = clock_.Monotonic() + pause;
    over = false;
  } else if (auto* pending = std::get_if<EffectPending>(&*result)) {
    entry.due = clock_.Monotonic() + std::max(pending->again_after, Duration(1));
    entry.failures = 0;
    if (!pending->fields.empty()) {
      events.push_back(
          EffectProgress{std::get<1>(key), std::get<2>(key), std::move(pending->fields)});
    }
    over = false;
  } else {
    auto& finished = std::get<EffectFinished>(*result);
    events.push_back(EffectDone{std::get<1>(key), std::get<2>(key), finished.outcome,
                                std::move(finished.error_id), std::move(finished.error_message),
                                std::move(finished.fields)});
    over = true;
  }
  return events;
}

EffectExecutor::Waiting::iterator EffectExecutor::FirstFree() {
  return std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& waiting) {
    return !busy_.contains(entries_.at(waiting.second).job.effect.name);
  });
}

bool EffectExecutor::RunOne(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  auto first = FirstFree();
  if (first == waiting_.end() || first->first > clock_.Monotonic()) return false;
  Key key = first->second;
  waiting_.erase(first);
  Entry& entry = entries_.at(
      key);  // stays: a running entry is never erased but here and in Stop, which joins first
  entry.running = true;
  const std::string name = entry.job.effect.name;
  if (!name.empty()) busy_.insert(name);
  lock.unlock();

  std::vector<EventBody> events;
  bool over = true;
  if (std::get<0>(key) == Kind::kCheck) {
    const EffectRecord& effect = entry.job.effect;
    Result<ResourceHealth> health = handler_.CheckResource(entry.job, stop);
    if (health && health->state == ResourceHealth::State::kGone) {
      events.push_back(ResourceGone{entry.job.pipeline.id, effect.instance, effect.attempt,
                                    std::move(health->error_id), std::move(health->error_message)});
    } else if (health && health->state == ResourceHealth::State::kWorkerReplaced) {
      events.push_back(WorkerReplaced{entry.job.pipeline.id, effect.instance, effect.attempt});
    }
  } else {
    EffectResult result = handler_.Execute(entry.job, stop);
    entry.job.tries++;
    events = Outcome(key, entry, std::move(result), over);
  }
  // While the entry is still here, so that its key is not executed again before its outcome is on
  // the way.
  if (!stop.stop_requested()) {
    for (EventBody& event : events) report_(std::move(event));
  }

  lock.lock();
  entry.running = false;
  busy_.erase(name);
  if (entry.next) {
    entry = Entry{.job = *std::exchange(entry.next, std::nullopt), .due = clock_.Monotonic()};
    waiting_.emplace(entry.due, key);
  } else if (over || entry.forgotten) {
    entries_.erase(key);
  } else {
    waiting_.emplace(entry.due, key);
  }
  changed_.notify_one();
  return true;
}

void EffectExecutor::Loop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (RunOne(lock, stop)) continue;
    std::chrono::nanoseconds sleep = kSleepMax;
    if (auto first = FirstFree(); first != waiting_.end()) {
      sleep = std::clamp<std::chrono::nanoseconds>(first->first - clock_.Monotonic(),
                                                   std::chrono::milliseconds(1), kSleepMax);
    }
    changed_.wait_for(lock, sleep);
  }
}

size_t EffectExecutor::RunDue() {
  std::unique_lock lock(mutex_);
  size_t count = 0;
  while (RunOne(lock, stop_.get_token())) ++count;
  return count;
}

std::optional<std::chrono::nanoseconds> EffectExecutor::UntilDue() {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) return std::nullopt;
  return std::max(waiting_.begin()->first - clock_.Monotonic(), std::chrono::nanoseconds::zero());
}

size_t EffectExecutor::size() {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace penstock
