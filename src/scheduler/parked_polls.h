// ParkedPolls: workers that asked for work when there was none. First in, first out for each worker
// group. A parked poll costs its callback and a deadline, no thread. Belongs to the engine's
// thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/decision.h"
#include "engine/event.h"

namespace penstock {

/// Hears what became of an event: the engine's reply once it is durable, or an Error if it could
/// not be made durable and nothing was changed. Called once, on the engine's thread: it must not
/// wait.
using ReplyCallback = std::function<void(Result<engine::Reply>)>;

struct PollRequest {
  engine::Scope scope;
  engine::Poll poll;
  std::chrono::nanoseconds deadline{};  // monotonic; then it is answered NoTask
  std::function<bool()>
      connected;  // whether the asker is still there; a task is never handed to one who is not
  ReplyCallback reply;  // dropped uncalled when the asker is gone
  uint64_t ticket = 0;  // place in the queue; set by ParkedPolls
};

class ParkedPolls {
 public:
  using Group = std::pair<engine::Scope, std::string>;

  /// Behind the others of its group; one that was taken and comes back takes its old place.
  void Park(PollRequest poll);
  /// The first of the group whose asker is still there; those who are not are dropped.
  std::optional<PollRequest> Take(const Group& group);
  /// All whose deadline has come, in order of deadline.
  std::vector<PollRequest> TakeExpired(std::chrono::nanoseconds now);
  std::vector<PollRequest> TakeAll();
  /// Drops those whose asker is gone; how many.
  size_t DropDisconnected();

  std::optional<std::chrono::nanoseconds> NextDeadline() const;
  size_t size() const { return deadlines_.size(); }

 private:
  struct Deadline {
    std::chrono::nanoseconds at;
    uint64_t ticket;
    Group group;
    auto operator<=>(const Deadline&) const = default;
  };
  PollRequest Extract(std::map<Group, std::map<uint64_t, PollRequest>>::iterator group,
                      std::map<uint64_t, PollRequest>::iterator poll);

  std::map<Group, std::map<uint64_t, PollRequest>> groups_;
  std::set<Deadline> deadlines_;
  uint64_t last_ticket_ = 0;
};

}  // namespace penstock
