// penstock_sim: thousands of small worlds, each drawn from one number. A broken rule prints one
// line with all it takes to see it again.
#include <fmt/core.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "sim/mutations.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace penstock::sim {
namespace {

constexpr uint64_t kSeeds = 500, kMutationSeeds = 300;

struct Options {
  std::optional<uint64_t> seeds;
  uint64_t first = 1;
  std::optional<uint64_t> minutes;  // instead of a number of seeds
  uint64_t jobs = 1;
  bool json = false, trace = false;
  bool mutations = false;
  std::string_view mutation;  // the only one
};

constexpr std::string_view kUsage =
    "usage: penstock_sim [--seeds N] [--first SEED] [--minutes M] [--jobs J] [--json] [--trace]\n"
    "       penstock_sim --mutations [--mutation NAME] [--seeds N]\n"
    "  --seeds N     worlds to run (default 500)\n"
    "  --first SEED  seed of the first one (default 1)\n"
    "  --minutes M   run for that long instead\n"
    "  --jobs J      processes that share the work (default 1)\n"
    "  --json        the totals as one JSON object on stdout\n"
    "  --trace       every event that changed something, on stderr\n"
    "  --mutations   break the engine, the store or the executor on purpose, in every way it "
    "knows,\n"
    "                and see that each is noticed within N worlds (default 300)\n";

std::optional<Options> Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      options.json = true;
      continue;
    }
    if (flag == "--trace") {
      options.trace = true;
      continue;
    }
    if (flag == "--mutations") {
      options.mutations = true;
      continue;
    }
    if (flag == "--mutation" && i + 1 < argc) {
      options.mutations = true;
      options.mutation = argv[++i];
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
    } else if (flag == "--jobs" && *value > 0) {
      options.jobs = *value;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// A decision that never ends cannot be counted by the world it happens in.
constexpr unsigned kSecondsPerSeed = 300;

char stuck_message[96];
size_t stuck_message_size = 0;

void ReportStuck(int) {
  // Only what a signal handler may do.
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, stuck_message, stuck_message_size);
  _exit(1);
}

/// From now on until the next call, being stuck for too long ends the process with that seed.
void Watch(uint64_t seed) {
  const auto end = fmt::format_to_n(
      stuck_message, sizeof(stuck_message) - 1,
      "seed {} does not end; replay: penstock_sim --first {} --seeds 1\n", seed, seed);
  stuck_message_size = static_cast<size_t>(end.out - stuck_message);
  signal(SIGALRM, ReportStuck);
  alarm(kSecondsPerSeed);
}

/// Worlds that once broke a rule: they are run first, whatever the range. A change to what is drawn
/// makes another world of a seed, so that each fault has a unit test or a patch of its own.
struct Pinned {
  uint64_t seed;
  std::string_view why;
};
constexpr Pinned kPinned[] = {
    {6, "a new file's rollback journal came back after a power cut and undid all of it"},
};

/// Half of the worlds have the one, half the other, also of those that are run twice.
ServerKind KindOf(uint64_t seed) {
  return (seed + seed / 10) % 2 == 0 ? ServerKind::kReal : ServerKind::kMap;
}

struct Totals {
  uint64_t seeds = 0, events = 0, crashes = 0, failed_commits = 0, disk_faults = 0;
  Duration simulated{0};

  void Add(const Totals& other) {
    seeds += other.seeds;
    events += other.events;
    crashes += other.crashes;
    failed_commits += other.failed_commits;
    disk_faults += other.disk_faults;
    simulated += other.simulated;
  }
};

/// Runs one seed, every tenth twice. Whether every rule held; if not, says which on stdout.
bool RunSeed(uint64_t seed, bool trace, Totals& totals) {
  Watch(seed);
  uint64_t traces[2] = {0, 0};
  const int passes = seed % 10 == 0 ? 2 : 1;
  for (int pass = 0; pass < passes; ++pass) {
    World world(seed, KindOf(seed));
    if (trace) {
      world.server().observer = [](const engine::Event& event, const engine::Decision& decision,
                                   std::string_view fate) {
        const std::string text = Describe(event, decision);
        if (!text.empty()) fmt::print(stderr, "{}  ({})\n", text, fate);
      };
    }
    if (!world.Run()) {
      fmt::print("seed {} after {} events, {}: {}; replay: penstock_sim --first {} --seeds 1\n",
                 seed, world.server().events, FormatDateTime(world.now()), world.broken(), seed);
      return false;
    }
    traces[pass] = world.server().trace;
    totals.events += world.server().events;
    totals.crashes += world.server().crashes;
    totals.failed_commits += world.server().failed_commits;
    totals.disk_faults += world.server().disk_faults;
    totals.simulated += world.now() - world.began();
  }
  if (passes == 2 && traces[0] != traces[1]) {
    fmt::print("seed {}: two runs differ; replay: penstock_sim --first {} --seeds 1\n", seed, seed);
    return false;
  }
  ++totals.seeds;
  return true;
}

using SteadyClock = std::chrono::steady_clock;

double SecondsSince(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

/// The pinned worlds, unless one seed is replayed.
bool RunPinned(const Options& options, Totals& totals) {
  if (options.seeds == 1 && !options.minutes) return true;
  for (const Pinned& pinned : kPinned) {
    if (RunSeed(pinned.seed, false, totals)) continue;
    fmt::print("seed {} is pinned: {}\n", pinned.seed, pinned.why);
    return false;
  }
  return true;
}

/// The part of the range that is `job`'s: each `options.jobs`-th seed.
bool RunRange(const Options& options, uint64_t job, SteadyClock::time_point began, Totals& totals) {
  const uint64_t end = options.first + options.seeds.value_or(kSeeds);
  for (uint64_t seed = options.first + job;; seed += options.jobs) {
    const bool over = options.minutes
                          ? SecondsSince(began) >= static_cast<double>(*options.minutes) * 60
                          : seed >= end;
    if (over) return true;
    if (!RunSeed(seed, options.trace, totals)) return false;
  }
}

/// A process for each job, as a world is one thread's and SQLite's disk is the process's. Each
/// tells its totals at its end, and none if a rule broke.
bool RunInChildren(const Options& options, SteadyClock::time_point began, Totals& totals) {
  std::vector<std::pair<pid_t, int>> children;
  for (uint64_t job = 0; job < options.jobs; ++job) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      Totals own;
      const bool held = RunRange(options, job, began, own);
      fflush(stdout);
      _exit(held && write(ends[1], &own, sizeof(own)) == sizeof(own) ? 0 : 1);
    }
    close(ends[1]);
    children.emplace_back(child, ends[0]);
  }
  bool held = true;
  for (const auto& [child, from] : children) {
    Totals own;
    held &= read(from, &own, sizeof(own)) == sizeof(own);
    if (held) totals.Add(own);
    close(from);
    waitpid(child, nullptr, 0);
  }
  return held;
}

int Main(const Options& options) {
  if (options.mutations) {
    const bool noticed = RunMutations(options.seeds.value_or(kMutationSeeds), options.mutation);
    return noticed ? 0 : 1;
  }
  const SteadyClock::time_point began = SteadyClock::now();
  Totals totals;
  if (!RunPinned(options, totals)) return 1;
  const bool held = options.jobs == 1 ? RunRange(options, 0, began, totals)
                                      : RunInChildren(options, began, totals);
  if (!held) return 1;
  const double days = std::chrono::duration<double>(totals.simulated).count() / 86'400;
  if (options.json) {
    fmt::print(
        "{{\"seeds\":{},\"events\":{},\"crashes\":{},\"failedCommits\":{},\"diskFaults\":{},"
        "\"simulatedDays\":{:.1f},\"seconds\":{:.1f}}}\n",
        totals.seeds, totals.events, totals.crashes, totals.failed_commits, totals.disk_faults,
        days, SecondsSince(began));
  } else {
    fmt::print(
        "ok: {} seeds, {} engine events, {} crashes, {} failed commits, {} disk faults, {:.1f} "
        "simulated days, {:.1f} s\n",
        totals.seeds, totals.events, totals.crashes, totals.failed_commits, totals.disk_faults,
        days, SecondsSince(began));
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
  // What the product's own parts say of so much trouble is no news.
  penstock::ConfigureLog(penstock::LogLevel::kOff, penstock::LogFormat::kText);
  return penstock::sim::Main(*options);
}
