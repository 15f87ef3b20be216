#include "scheduler/parked_polls.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using std::chrono::seconds;

const engine::Scope kParkedScope{"123456789012", "us-east-1"};
const ParkedPolls::Group kGroup{kParkedScope, "wg"};

PollRequest Poll(std::string host, int deadline_seconds = 90, const bool* connected = nullptr,
                 std::string group = "wg") {
  PollRequest poll;
  poll.scope = kParkedScope;
  poll.poll = {std::move(group), "", std::move(host)};
  poll.deadline = seconds(deadline_seconds);
  poll.connected = [connected] { return connected == nullptr || *connected; };
  poll.reply = [](Result<engine::Reply>) {};
  return poll;
}

TEST(ParkedPolls, FirstInFirstOutWithinItsGroup) {
  ParkedPolls parked;
  parked.Park(Poll("a", 90));
  parked.Park(Poll("other", 90, nullptr, "WG"));
  parked.Park(Poll("b", 10));
  EXPECT_EQ(parked.size(), 3u);
  EXPECT_EQ(parked.Take(kGroup)->poll.hostname, "a");
  EXPECT_EQ(parked.Take(kGroup)->poll.hostname, "b");
  EXPECT_FALSE(parked.Take(kGroup));
  EXPECT_FALSE(parked.Take({{"999999999999", "us-east-1"}, "WG"}));
  EXPECT_EQ(parked.size(), 1u);
}

TEST(ParkedPolls, OneThatComesBackKeepsItsPlace) {
  ParkedPolls parked;
  parked.Park(Poll("a"));
  parked.Park(Poll("b"));
  parked.Park(*parked.Take(kGroup));
  EXPECT_EQ(parked.Take(kGroup)->poll.hostname, "a");
}

TEST(ParkedPolls, ExpireByDeadline) {
  ParkedPolls parked;
  parked.Park(Poll("late", 90));
  parked.Park(Poll("soon", 10));
  parked.Park(Poll("sooner", 5));
  EXPECT_EQ(parked.NextDeadline(), seconds(5));
  EXPECT_TRUE(parked.TakeExpired(seconds(4)).empty());
  auto expired = parked.TakeExpired(seconds(10));
  ASSERT_EQ(expired.size(), 2u);
  EXPECT_EQ(expired[0].poll.hostname, "sooner");
  EXPECT_EQ(expired[1].poll.hostname, "soon");
  EXPECT_EQ(parked.NextDeadline(), seconds(90));
  EXPECT_EQ(parked.TakeAll().size(), 1u);
  EXPECT_EQ(parked.NextDeadline(), std::nullopt);
}

TEST(ParkedPolls, TheDeadAreNeverTaken) {
  ParkedPolls parked;
  bool alive = false;
  parked.Park(Poll("dead", 90, &alive));
  parked.Park(Poll("dead too", 90, &alive));
  parked.Park(Poll("alive"));
  EXPECT_EQ(parked.Take(kGroup)->poll.hostname, "alive");
  parked.Park(Poll("dead again", 90, &alive));
  EXPECT_EQ(parked.DropDisconnected(), 1u);
  EXPECT_EQ(parked.size(), 0u);
}

}  // namespace
}  // namespace penstock
