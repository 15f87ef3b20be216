// penstock_sim: thousands of small worlds, each drawn from one number. A broken rule prints one
// line with all it takes to see it again.
#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "sim/world.h"

namespace penstock::sim {
namespace {

struct Options {
  uint64_t seeds = 500, first = 1;
  std::optional<uint64_t> minutes;  // instead of a number of seeds
  bool json = false;
};

constexpr std::string_view kUsage =
    "usage: penstock_sim [--seeds N] [--first SEED] [--minutes M] [--json]\n"
    "  --seeds N     worlds to run (default 500)\n"
    "  --first SEED  seed of the first one (default 1)\n"
    "  --minutes M   run for that long instead\n"
    "  --json        the totals as one JSON object on stdout\n";

std::optional<Options> Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      options.json = true;
      continue;
    }
    const auto value = i + 1 < argc ? ParseUint64(argv[i + 1]) : std::nullopt;
    if (!value) return std::nullopt;
    ++i;
    if (flag == "--seeds") {
      options.seeds = *value;
    } else if (flag == "--first") {
      options.first = *value;
    } else if (flag == "--minutes") {
      options.minutes = *value;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

struct Totals {
  uint64_t seeds = 0, events = 0, crashes = 0, failed_commits = 0;
  Duration simulated{0};
};

int Main(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  Totals totals;
  for (uint64_t seed = options.first;; ++seed) {
    const bool over = options.minutes ? seconds() >= static_cast<double>(*options.minutes) * 60
                                      : seed >= options.first + options.seeds;
    if (over) break;
    uint64_t traces[2] = {0, 0};
    const int passes = seed % 10 == 0 ? 2 : 1;
    for (int pass = 0; pass < passes; ++pass) {
      World world(seed);
      if (!world.Run()) {
        fmt::print("seed {} after {} events, {}: {}; replay: penstock_sim --first {} --seeds 1\n",
                   seed, world.server().events, FormatDateTime(world.now()), world.broken(), seed);
        return 1;
      }
      traces[pass] = world.server().trace;
      totals.events += world.server().events;
      totals.crashes += world.server().crashes;
      totals.failed_commits += world.server().failed_commits;
      totals.simulated += world.now() - world.began();
    }
    if (passes == 2 && traces[0] != traces[1]) {
      fmt::print("seed {}: two runs differ; replay: penstock_sim --first {} --seeds 1\n", seed,
                 seed);
      return 1;
    }
    ++totals.seeds;
  }
  const double days = std::chrono::duration<double>(totals.simulated).count() / 86'400;
  if (options.json) {
    fmt::print(
        "{{\"seeds\":{},\"events\":{},\"crashes\":{},\"failedCommits\":{},\"simulatedDays\":{:.1f},"
        "\"seconds\":{:.1f}}}\n",
        totals.seeds, totals.events, totals.crashes, totals.failed_commits, days, seconds());
  } else {
    fmt::print(
        "ok: {} seeds, {} engine events, {} crashes, {} failed commits, {:.1f} simulated days, "
        "{:.1f} s\n",
        totals.seeds, totals.events, totals.crashes, totals.failed_commits, days, seconds());
  }
  return 0;
}

}  // namespace
}  // namespace penstock::sim

int main(int argc, char** argv) {
  const auto options = penstock::sim::Parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "{}", penstock::sim::kUsage);
    return 2;
  }
  return penstock::sim::Main(*options);
}
