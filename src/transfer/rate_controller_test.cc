#include "transfer/rate_controller.h"

#include <gtest/gtest.h>

#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;
using testing::WindowMax;

const RateController::IndexUnits kNoIndexes = std::map<std::string, double>();

struct World {
  FakeClock clock;
  FakeRandom random;
  TableCapacity capacity{{1000, "provisioned", false}};
  bool refuses = false;
  int asked = 0;
  RateController::CapacitySource Source() {
    return [this]() -> Result<TableCapacity> {
      ++asked;
      if (refuses) return Unavailable("throttled");
      return capacity;
    };
  }
};

TEST(RateController, BoundHoldsAndIsUsed) {
  for (double ratio : {0.001, 0.05, 0.25, 1.0}) {
    for (double page : {0.5, 20.0, 128.0}) {
      World world;
      RateController rate({.ratio = ratio}, world.capacity, world.Source(), &world.clock,
                          &world.random);
      double target = 1000 * ratio;
      std::vector<FakeAws::Spent> spent;
      double began = world.clock.Seconds();
      double run = std::max(60.0, 40 * page / target);
      while (world.clock.Seconds() - began < run) {
        ASSERT_TRUE(rate.Reserve(0, page, {}));
        // Pages cost less than they may, and sometimes more.
        double cost = page * (0.7 + 0.4 * static_cast<double>(world.random.Below(1000)) / 1000);
        spent.push_back({world.clock.Seconds(), cost});
        if (page > 1 && world.random.Below(4) == 0)
          world.clock.Sleep(Duration(world.random.Below(20)));
        rate.Settle(page, cost, kNoIndexes);
      }
      double sum = 0;
      for (const auto& one : spent) sum += one.units;
      double seconds = world.clock.Seconds() - began;
      EXPECT_LE(WindowMax(spent), 1.05 * target * 10 + 1.1 * page) << ratio << " " << page;
      EXPECT_GE(sum, 0.95 * target * seconds - page) << ratio << " " << page;
      EXPECT_NEAR(rate.totals().consumed, sum, 1e-6 * sum);
    }
  }
}

TEST(RateController, RequestsThatHangDoNotSaveUpABurst) {
  World world;
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  std::vector<FakeAws::Spent> spent;
  ASSERT_TRUE(rate.Reserve(0, 128, {}));
  ASSERT_TRUE(rate.Reserve(0, 128, {}));
  world.clock.Sleep(Duration(60'000));
  for (int i = 0; i < 2; ++i) {
    spent.push_back({world.clock.Seconds(), 128});
    rate.Settle(128, 128, kNoIndexes);
  }
  double began = world.clock.Seconds();
  while (world.clock.Seconds() - began < 12) {
    ASSERT_TRUE(rate.Reserve(0, 128, {}));
    spent.push_back({world.clock.Seconds(), 128});
    rate.Settle(128, 128, kNoIndexes);
  }
  EXPECT_LE(WindowMax(spent), 1.05 * 10'000 + 128);
}

TEST(RateController, StartsEmpty) {
  World world;
  RateController rate({.ratio = 0.1}, world.capacity, world.Source(), &world.clock, &world.random);
  double began = world.clock.Seconds();
  ASSERT_TRUE(rate.Reserve(0, 50, {}));
  EXPECT_NEAR(world.clock.Seconds() - began, 0.5, 0.02);
}

TEST(RateController, FollowsTheTableWithinFiveSeconds) {
  World world;
  RateController rate({.ratio = 0.5}, world.capacity, world.Source(), &world.clock, &world.random);
  ASSERT_TRUE(rate.Reserve(0, 1, {}));
  world.capacity.units_per_second = 4000;
  double began = world.clock.Seconds();
  while (world.clock.Seconds() - began < 5) {
    ASSERT_TRUE(rate.Reserve(0, 20, {}));
    rate.Settle(20, 20, kNoIndexes);
  }
  EXPECT_EQ(rate.Target(), 2000);
  EXPECT_EQ(rate.Explain(), "0.5 of 4000 units/s (provisioned)");
  // A refusal keeps what is known, and is not asked again at once.
  world.refuses = true;
  world.asked = 0;
  while (world.clock.Seconds() - began < 30) {
    ASSERT_TRUE(rate.Reserve(0, 1000, {}));
    rate.Settle(1000, 1000, kNoIndexes);
  }
  EXPECT_EQ(rate.Target(), 2000);
  EXPECT_LE(world.asked, 2);
}

TEST(RateController, AbsoluteRateIgnoresTheTable) {
  World world;
  RateController rate({.ratio = 0.25, .units_per_second = 7.5}, world.capacity, world.Source(),
                      &world.clock, &world.random);
  EXPECT_EQ(rate.Target(), 7.5);
  EXPECT_EQ(rate.Explain(), "7.5 units/s as asked");
}

TEST(RateController, OneHotSegmentDoesNotSlowTheJob) {
  World world;
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  for (int i = 0; i < 50; ++i) {
    for (uint64_t lane : {1, 2, 7, 8}) {
      ASSERT_TRUE(rate.Reserve(lane, 1, {}));
      rate.Settle(1, lane >= 7 ? 0 : 1, kNoIndexes);
      if (lane >= 7) rate.OnThrottle(lane);
    }
    world.clock.Sleep(Duration(10));
  }
  EXPECT_EQ(rate.Target(), 1000);
  EXPECT_EQ(rate.totals().throttles, 100u);
}

TEST(RateController, FewLanesAreHeardToo) {
  for (uint64_t lanes : {1, 2}) {
    World world;
    RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
    for (uint64_t lane = 0; lane < lanes; ++lane) {
      ASSERT_TRUE(rate.Reserve(lane, 1, {}));
      rate.Settle(1, 1, kNoIndexes);
    }
    for (uint64_t lane = 0; lane < lanes; ++lane) {
      EXPECT_EQ(rate.Target(), 1000);
      rate.OnThrottle(lane);
    }
    EXPECT_DOUBLE_EQ(rate.Target(), 700) << lanes;
  }
}

TEST(RateController, ALaneThatIsThroughIsNoMoreAtWork) {
  World world;
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  for (uint64_t lane : {1, 2, 3, 4}) {
    ASSERT_TRUE(rate.Reserve(lane, 1, {}));
    rate.Settle(1, 1, kNoIndexes);
  }
  rate.OnThrottle(4);
  EXPECT_EQ(rate.Target(), 1000);
  world.clock.Sleep(Duration(1500));
  rate.OnThrottle(4);
  EXPECT_NEAR(rate.Target(), 700, 1);
}

TEST(RateController, ThrottlesEverywhereCutAndRecover) {
  World world;
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  ASSERT_TRUE(rate.Reserve(0, 1, {}));
  for (uint64_t lane = 0; lane < 10; ++lane) rate.OnThrottle(lane);
  EXPECT_DOUBLE_EQ(rate.Target(), 700);  // once, however many at a time
  world.clock.Sleep(Duration(600));
  rate.OnThrottle(1);
  rate.OnThrottle(2);
  rate.OnThrottle(3);
  EXPECT_NEAR(rate.Target(), 490, 1);
  EXPECT_NE(rate.Explain().find("after throttles"), std::string::npos);
  world.clock.Sleep(Duration(11'000));
  rate.totals();
  EXPECT_NEAR(rate.Target(), 490 + 220, 25);
  world.clock.Sleep(Duration(60'000));
  rate.totals();
  EXPECT_EQ(rate.Target(), 1000);
}

TEST(RateController, GuessesForUndeclaredTables) {
  World world;
  world.capacity = {{kOnDemandGuess, "first guess for an on-demand table", true}};
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(rate.Reserve(0, 400, {}));
    rate.Settle(400, 400, kNoIndexes);
  }
  EXPECT_GT(rate.Target(), 4400);
  double before = rate.Target();
  for (uint64_t lane = 0; lane < 3; ++lane) rate.OnThrottle(lane);
  EXPECT_NEAR(rate.Target(), before * 0.7, before * 0.01);
}

TEST(RateController, MaxProbesTheServer) {
  World world;
  RateController rate({.mode = RateMode::kMax}, world.capacity, world.Source(), &world.clock,
                      &world.random);
  double began = world.clock.Seconds();
  while (world.clock.Seconds() - began < 3) {
    ASSERT_TRUE(rate.Reserve(0, 100, {}));
    rate.Settle(100, 100, kNoIndexes);
  }
  EXPECT_GT(rate.Target(), 4000);  // doubled each second, whatever the table declares
  double before = rate.Target();
  for (uint64_t lane = 0; lane < 3; ++lane) rate.OnThrottle(lane);
  EXPECT_NEAR(rate.Target(), before * 0.7, before * 0.05);
  before = rate.Target();
  world.clock.Sleep(Duration(3000));
  rate.totals();
  EXPECT_LT(rate.Target(), before * 1.1);  // from the first throttle on it feels its way
  EXPECT_NE(rate.Explain().find("as much as the server bears"), std::string::npos);
}

TEST(RateController, HeadroomIsWhatOthersLeave) {
  World world;
  double others = 600, own = 0;
  RateController rate({.ratio = 0.5, .mode = RateMode::kHeadroom}, world.capacity, world.Source(),
                      &world.clock, &world.random, [&](double units) -> Result<double> {
                        own = units;
                        return others;
                      });
  double began = world.clock.Seconds();
  auto run = [&](double seconds) {
    while (world.clock.Seconds() - began < seconds) {
      ASSERT_TRUE(rate.Reserve(0, 20, {}));
      rate.Settle(20, 20, kNoIndexes);
    }
  };
  run(5);
  EXPECT_EQ(rate.Target(), 200);  // 0.5 of 1000 - 600
  EXPECT_GT(own, 0);
  others = 5000;
  run(10);
  EXPECT_EQ(rate.Target(), 5);  // never nothing
}

TEST(RateController, HeadroomIsKnownBeforeTheFirstRequest) {
  World world;
  RateController rate({.ratio = 1, .mode = RateMode::kHeadroom}, world.capacity, world.Source(),
                      &world.clock, &world.random, [](double) -> Result<double> { return 990; });
  double began = world.clock.Seconds();
  ASSERT_TRUE(rate.Reserve(0, 20, {}));
  EXPECT_NEAR(world.clock.Seconds() - began, 2, 0.2);
}

TEST(RateController, NobodyWaitsForTheOneWhoAsks) {
  World world;
  RateController* other = nullptr;
  bool served = false;
  auto source = [&]() -> Result<TableCapacity> {
    // The turn is free, and nobody else is sent to ask.
    served = other->Reserve(0, 1, {});
    return world.capacity;
  };
  RateController rate({.ratio = 1}, world.capacity, source, &world.clock, &world.random);
  other = &rate;
  ASSERT_TRUE(rate.Reserve(0, 1, {}));
  rate.Settle(1, 1, kNoIndexes);
  world.clock.Sleep(Duration(5000));
  ASSERT_TRUE(rate.Reserve(0, 400, {}));
  rate.Settle(400, 400, kNoIndexes);
  ASSERT_TRUE(rate.Reserve(0, 400, {}));  // waits, and finds that it is time to ask
  EXPECT_TRUE(served);
}

TEST(RateController, TheTightestIndexRules) {
  World world;
  world.capacity.indexes["ByDate"] = {100, "provisioned", false};
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  double began = world.clock.Seconds(), index_units = 0;
  std::vector<FakeAws::Spent> spent;
  while (world.clock.Seconds() - began < 40) {
    ASSERT_TRUE(rate.Reserve(0, 10, {}));
    spent.push_back({world.clock.Seconds(), 20});
    index_units += 20;
    rate.Settle(10, 10, {{{"ByDate", 20}}});
  }
  EXPECT_LE(WindowMax(spent), 1.05 * 100 * 10 + 20 + 20);
  EXPECT_GE(index_units, 0.95 * 100 * 40 - 20);
  EXPECT_EQ(rate.totals().index_consumed, index_units);
  EXPECT_NE(rate.Explain().find("of index ByDate"), std::string::npos) << rate.Explain();
}

TEST(RateController, IndexesNobodyTellsOfAreNotFree) {
  World world;
  world.capacity.indexes["ByDate"] = {100, "provisioned", false};
  RateController rate({.ratio = 1}, world.capacity, world.Source(), &world.clock, &world.random);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(rate.Reserve(0, 10, {}));
    rate.Settle(10, 10, {{{"ByDate", 20}}});
  }
  double told = rate.totals().index_consumed, began = world.clock.Seconds();
  EXPECT_EQ(told, 400);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(rate.Reserve(0, 10, {}));
    rate.Settle(10, 10, std::nullopt);
  }
  // Nothing was learnt from silence: each still costs 20.
  EXPECT_NEAR(rate.totals().index_consumed - told, 50 * 20, 20);
  EXPECT_NEAR(world.clock.Seconds() - began, 50 * 20 / 100.0, 0.6);
  // What is told to cost nothing is given back.
  began = world.clock.Seconds();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(rate.Reserve(0, 10, {}));
    rate.Settle(10, 10, kNoIndexes);
  }
  EXPECT_LT(world.clock.Seconds() - began, 3);
}

/// A table whose index ByDate, on demand, declares nothing, under writes that cost both the same.
struct OnDemandIndexWorld : World {
  explicit OnDemandIndexWorld(Capacity table) {
    capacity = {std::move(table)};
    capacity.indexes["ByDate"] = {kOnDemandGuess, "first guess for an on-demand table", true};
    rate.emplace(RateOptions{.ratio = 1}, capacity, Source(), &clock, &random);
  }
  /// As many units a second as there are, for so long.
  double Run(double seconds) {
    double began = clock.Seconds(), units = 0;
    while (clock.Seconds() - began < seconds) {
      if (!rate->Reserve(0, 400, {})) break;
      rate->Settle(400, 400, {{{"ByDate", 400}}});
      units += 400;
    }
    return units / (clock.Seconds() - began);
  }
  std::optional<RateController> rate;
};

TEST(RateController, AnIndexesGuessFollowsTheTables) {
  OnDemandIndexWorld world({kOnDemandGuess, "first guess for an on-demand table", true});
  world.Run(40);
  EXPECT_GT(world.Run(10), 8000);  // 2 % a second more
  for (uint64_t lane = 0; lane < 3; ++lane) world.rate->OnThrottle(lane);
  double target = world.rate->Target();
  EXPECT_NEAR(world.Run(2), target, 0.1 * target);
}

TEST(RateController, AnIndexThatNobodyDeclaresIsFeltFor) {
  OnDemandIndexWorld world({40'000, "on-demand maximum", false});
  world.Run(40);
  double before = world.Run(10);
  EXPECT_GT(before, 8000);
  world.rate->OnThrottle(0);
  EXPECT_EQ(world.rate->Target(), 40'000);  // it was not the table
  EXPECT_NEAR(world.Run(2), 0.7 * before, 0.15 * before);
}

TEST(RateController, StopsWaiting) {
  World world;
  RateController rate({.ratio = 0.001}, world.capacity, world.Source(), &world.clock,
                      &world.random);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(rate.Reserve(0, 1000, stop.get_token()));
}

TEST(RateOptions, SayWhatIsWrong) {
  EXPECT_TRUE(CheckRateOptions({.ratio = 1}, "--read-ratio"));
  for (double ratio : {0.0, -1.0, 1.01, 50.0, std::nan("")}) {
    auto status = CheckRateOptions({.ratio = ratio}, "--read-ratio");
    ASSERT_FALSE(status) << ratio;
    EXPECT_NE(status.error().message.find("--read-ratio"), std::string::npos);
  }
  EXPECT_FALSE(CheckRateOptions({.units_per_second = 0}, "x"));
}

}  // namespace
}  // namespace penstock
