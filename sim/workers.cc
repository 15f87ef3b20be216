#include "sim/workers.h"

#include <memory>

#include "sim/world.h"

namespace penstock::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Worker : std::enable_shared_from_this<Worker> {
  Worker(World& w, std::string g, std::string n, bool m)
      : world(w), group(std::move(g)), name(std::move(n)), on_machine(m) {}

  World& world;
  const std::string group, name;
  const bool on_machine;
  bool busy = false;
  int life = 0;              // of its host
  uint64_t task_number = 0;  // answers to an earlier task mean nothing to this one
  engine::TaskKey task;
  Instant done_at{};
  bool is_precondition = false;

  void Poll() {
    if (on_machine && !world.IsUp(group)) return;
    if (life != world.LifeOf(name)) {
      life = world.LifeOf(name);
      busy = false;
      ++task_number;
    }
    if (!busy && !world.IsDead(name)) {
      world.Request(engine::Poll{group, name, "host"},
                    [self = shared_from_this()](const engine::Decision& decision) {
                      const auto* given = std::get_if<engine::Task>(&decision.reply);
                      if (given == nullptr || self->busy || !self->Lives()) return;
                      self->Begin(*given);
                    });
    }
    world.In(seconds(20) + milliseconds(world.dice().Below(20'000)),
             [self = shared_from_this()] { self->Poll(); });
  }

  bool Lives() const { return life == world.LifeOf(name) && !world.IsDead(name); }

  void Begin(const engine::Task& given) {
    Dice& dice = world.dice();
    const Weather& weather = world.weather();
    world.checkers().Began(given.key);
    if (world.storm() && dice.Percent(weather.die)) return;  // never heard of again
    busy = true;
    ++task_number;
    task = given.key;
    is_precondition = given.objects.front().Find("node") != nullptr;
    done_at = world.now() + seconds(dice.Between(5, 1200));
    Work(task_number);
  }

  void Work(uint64_t number) {
    if (!busy || number != task_number || !Lives()) return;
    if (on_machine && !world.IsUp(group)) return;
    Dice& dice = world.dice();
    if (world.now() >= done_at) {
      Report(number, 0, Outcome());
      return;
    }
    if (world.storm() && dice.Percent(world.weather().hang)) {
      // Wakes up long after its lease may have passed to another.
      world.In(minutes(dice.Between(1, 40)),
               [self = shared_from_this(), number] { self->Work(number); });
      return;
    }
    world.Request(engine::ReportProgress{task, {{"percentComplete", "50", false}}},
                  [self = shared_from_this(), number](const engine::Decision& decision) {
                    if (number != self->task_number) return;
                    const auto* noted = std::get_if<engine::ProgressNoted>(&decision.reply);
                    if (noted == nullptr || noted->canceled) self->busy = false;
                  });
    world.In(seconds(dice.Between(30, 60)),
             [self = shared_from_this(), number] { self->Work(number); });
  }

  engine::TaskOutcome Outcome() {
    Dice& dice = world.dice();
    if (world.storm() && is_precondition && dice.Percent(world.weather().precondition_unmet)) {
      return engine::TaskOutcome::kFalse;
    }
    if (world.storm() && dice.Percent(world.weather().task_fails))
      return engine::TaskOutcome::kFailed;
    return engine::TaskOutcome::kFinished;
  }

  /// Says it until it was heard, or the worker gives up.
  void Report(uint64_t number, int tries, engine::TaskOutcome outcome) {
    if (!busy || number != task_number || !Lives()) return;
    if (tries > 20) {
      busy = false;
      return;
    }
    engine::SetTaskStatus report{task, outcome, "", "", ""};
    if (outcome == engine::TaskOutcome::kFailed) report.error_message = "exit status 1";
    world.Request(
        report, [self = shared_from_this(), number, outcome](const engine::Decision& decision) {
          if (std::holds_alternative<engine::Done>(decision.reply) &&
              outcome == engine::TaskOutcome::kFinished) {
            for (const auto& [key, record] : ReadPipelines(self->world.server().disk())) {
              if (key.id == self->task.pipeline && number == self->task_number) {
                self->world.checkers().Acknowledged(self->world.server().disk(), key, self->task);
              }
            }
          }
          if (number == self->task_number) self->busy = false;
        });
    world.In(seconds(10), [self = shared_from_this(), number, tries, outcome] {
      self->Report(number, tries + 1, outcome);
    });
  }
};

}  // namespace

void StartWorker(World& world, const std::string& group, const std::string& name, bool on_machine) {
  auto worker = std::make_shared<Worker>(world, group, name, on_machine);
  world.In(milliseconds(world.dice().Below(5'000)), [worker] { worker->Poll(); });
}

}  // namespace penstock::sim
