#include "scheduler/parked_polls.h"

namespace penstock {

void ParkedPolls::Park(PollRequest poll) {
  if (poll.ticket == 0) poll.ticket = ++last_ticket_;
  Group group(poll.scope, poll.poll.worker_group);
  deadlines_.insert({poll.deadline, poll.ticket, group});
  uint64_t ticket = poll.ticket;
  groups_[std::move(group)].emplace(ticket, std::move(poll));
}

PollRequest ParkedPolls::Extract(std::map<Group, std::map<uint64_t, PollRequest>>::iterator group,
                                 std::map<uint64_t, PollRequest>::iterator poll) {
  deadlines_.erase({poll->second.deadline, poll->first, group->first});
  PollRequest taken = std::move(poll->second);
  group->second.erase(poll);
  if (group->second.empty()) groups_.erase(group);
  return taken;
}

std::optional<PollRequest> ParkedPolls::Take(const Group& name) {
  while (true) {
    auto group = groups_.find(name);
    if (group == groups_.end()) return std::nullopt;
    PollRequest poll = Extract(group, group->second.begin());
    if (poll.connected()) return poll;
  }
}

std::vector<PollRequest> ParkedPolls::TakeExpired(std::chrono::nanoseconds now) {
  std::vector<PollRequest> expired;
  while (!deadlines_.empty() && deadlines_.begin()->at <= now) {
    auto group = groups_.find(deadlines_.begin()->group);
    expired.push_back(Extract(group, group->second.find(deadlines_.begin()->ticket)));
  }
  return expired;
}

std::vector<PollRequest> ParkedPolls::TakeAll() {
  return TakeExpired(std::chrono::nanoseconds::max());
}

size_t ParkedPolls::DropDisconnected() {
  std::vector<std::pair<Group, uint64_t>> gone;
  for (const auto& [name, polls] : groups_) {
    for (const auto& [ticket, poll] : polls) {
      if (!poll.connected()) gone.emplace_back(name, ticket);
    }
  }
  for (const auto& [name, ticket] : gone) {
    auto group = groups_.find(name);
    Extract(group, group->second.find(ticket));
  }
  return gone.size();
}

std::optional<std::chrono::nanoseconds> ParkedPolls::NextDeadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->at;
}

}  // namespace penstock
