#include "scheduler/committer.h"

#include <utility>

#include "base/check.h"

namespace penstock {

Committer::~Committer() { Stop(); }

void Committer::Start(std::function<void()> landed) {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this, landed = std::move(landed)] { Loop(landed); });
}

void Committer::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Committer::Begin(std::span<const engine::Write> writes) {
  std::lock_guard lock(mutex_);
  CHECK(!writes_ && !result_, "a commit is under way");
  writes_ = writes;
  changed_.notify_all();
}

bool Committer::Landed() {
  std::lock_guard lock(mutex_);
  return result_.has_value() || !thread_.joinable();
}

Status Committer::Wait() {
  std::unique_lock lock(mutex_);
  CHECK(writes_ || result_, "no commit is under way");
  if (!thread_.joinable()) return store_.Commit(*std::exchange(writes_, std::nullopt));
  changed_.wait(lock, [&] { return result_.has_value(); });
  return *std::exchange(result_, std::nullopt);
}

void Committer::Loop(const std::function<void()>& landed) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopped_ || (writes_ && !result_); });
    if (stopped_) return;
    std::span<const engine::Write> writes = *writes_;
    lock.unlock();
    Status committed = store_.Commit(writes);
    lock.lock();
    writes_.reset();
    result_ = std::move(committed);
    lock.unlock();
    changed_.notify_all();
    landed();
    lock.lock();
  }
}

}  // namespace penstock
