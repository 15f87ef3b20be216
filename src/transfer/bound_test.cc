// The promise about capacity, held against whole transfers in all weathers: over any 10 s at most
// 1.05 times the target and one request, and over the run at least 0.95 of it unless the server
// itself slows the job.
#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;

/// What happens to the table.
struct Weather {
  const char* name;
  FakeAws::Faults faults = {};
  bool is_enforced = false;  // the table throttles what is beyond its capacity
  double others_share = 0;   // of the capacity, taken by others
  uint64_t hot_slots = 0;    // reads only
  /// Its capacity that long after the beginning; for writes eight times as much.
  std::function<double(double seconds)> units = [](double) { return 20.0; };
  /// Whether the server lets the job reach its target.
  bool reaches = true;
  bool throttles = false;  // whether there are any
};

const Weather kWeathers[] = {
    {.name = "fair"},
    {.name = "capacity goes up and down",
     .is_enforced = true,
     .units = [](double seconds) { return seconds < 8    ? 20.0
                                          : seconds < 16 ? 40.0
                                                         : 10.0; }},
    {.name = "others take nearly all",
     .is_enforced = true,
     .others_share = 0.9,
     .reaches = false,
     .throttles = true},
    {.name = "a hot partition", .hot_slots = 256, .throttles = true},
    {.name = "throttles", .faults = {.throttle_every = 6}, .reaches = false, .throttles = true},
    {.name = "server errors", .faults = {.server_error_every = 6}},
    {.name = "lost answers", .faults = {.lost_answer_every = 6}},
};

class BoundTest : public testing::PagedFixture {
 protected:
  static constexpr double kRatio = 0.25;
  static constexpr double kFollowed = 5;  // seconds until a new capacity is known
  static constexpr double kWrites = 8;

  BoundTest() { Fill(800, 1900); }

  /// Lets it happen each second of a job on that table.
  ProgressCallback Let(const Weather& weather, const std::string& name) {
    began_ = clock_.Seconds();
    others_at_ = 0;
    const double scale = name == "U" ? kWrites : 1;
    capacities_ = {{began_, scale * weather.units(0)}};
    return [this, &weather, name, scale](const Progress& now) {
      if (now.phase == "checking files") return;
      std::lock_guard lock(aws_.mutex);
      FakeAws::Table& table = aws_.tables[name];
      const double seconds = clock_.Seconds() - began_;
      const double units = scale * weather.units(seconds);
      table.read_units = table.write_units = units;
      capacities_[clock_.Seconds()] = units;
      const double passed = seconds - std::exchange(others_at_, seconds);
      table.read_level -= weather.others_share * units * passed;
      table.write_level -= weather.others_share * units * passed;
    };
  }

  /// Holds what was spent against the capacities that there were.
  void ExpectBound(const std::vector<FakeAws::Spent>& spent, const TransferReport& report,
                   double item, const Weather& weather) {
    ASSERT_FALSE(spent.empty());
    double largest = 0;
    for (const auto& [since, units] : capacities_) largest = std::max(largest, units);
    // Half a second of the largest target, and what an item too many costs.
    const double request = 0.5 * kRatio * largest + item;
    double sum = 0;
    size_t first = 0;
    for (const FakeAws::Spent& one : spent) {
      sum += one.units;
      while (spent[first].at <= one.at - 10) sum -= spent[first++].units;
      ASSERT_LE(sum, 1.05 * AllowedBefore(one.at) + request)
          << weather.name << ", " << one.at - began_ << " s";
    }
    if (weather.reaches) {
      EXPECT_GE(report.consumed_units, 0.95 * report.allowed_units - request) << weather.name;
    }
    EXPECT_EQ(report.throttled_requests > 0, weather.throttles) << weather.name;
  }

  /// What the share allows in the 10 s before: of the largest capacity known of each second.
  double AllowedBefore(double end) const {
    double allowed = 0;
    for (double at = end - 10; at < end; at += 0.1) {
      double units = 0;
      for (const auto& [since, capacity] : capacities_) {
        if (since > at) break;
        auto next = capacities_.upper_bound(since);
        if (next == capacities_.end() || next->first >= at - kFollowed)
          units = std::max(units, capacity);
      }
      allowed += 0.1 * kRatio * units;
    }
    return allowed;
  }

  std::map<double, double> capacities_;  // since when
  double began_ = 0, others_at_ = 0;
};

TEST_F(BoundTest, ExportsKeepIt) {
  for (const Weather& weather : kWeathers) {
    SCOPED_TRACE(weather.name);
    FakeAws::Table& table = aws_.tables["T"];
    table.read_units = weather.units(0);
    table.is_enforced = weather.is_enforced;
    table.hot_slots = weather.hot_slots;
    table.hot_units = 0.75;
    aws_.faults = weather.faults;
    aws_.faults.latency = Duration(20);
    aws_.reads.clear();
    ExportOptions options = Export(weather.name);
    options.rate.ratio = kRatio;
    options.segments = 16;
    auto exported = RunExport(Context(), options, Let(weather, "T"));
    ASSERT_GOOD(exported);
    EXPECT_EQ(exported->items, 800u);
    ExpectBound(aws_.reads, *exported, /*item=*/0.5, weather);
  }
}

TEST_F(BoundTest, ImportsKeepIt) {
  aws_.faults.latency = Duration(0);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  for (const Weather& weather : kWeathers) {
    if (weather.hot_slots > 0) continue;
    SCOPED_TRACE(weather.name);
    FakeAws::Table& table = aws_.tables["U"];
    table.items.clear();
    table.write_units = kWrites * weather.units(0);
    table.is_enforced = weather.is_enforced;
    aws_.faults = weather.faults;
    aws_.faults.latency = Duration(20);
    aws_.writes.clear();
    ImportOptions options = Import("out");
    options.rate.ratio = kRatio;
    auto imported = RunImport(Context(), options, Let(weather, "U"));
    ASSERT_GOOD(imported);
    EXPECT_EQ(table.items, aws_.tables["T"].items);
    ExpectBound(aws_.writes, *imported, /*item=*/2, weather);
  }
}

}  // namespace
}  // namespace penstock
