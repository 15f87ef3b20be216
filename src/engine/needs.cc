// What of the history an event wants to see.
#include <set>

#include "base/text.h"
#include "engine/commands.h"
#include "engine/engine.h"
#include "engine/instances.h"

namespace penstock::engine {
namespace {

class Gatherer {
 public:
  Gatherer(const State& state, const Event& event) : state_(state), event_(event) {}

  void operator()(const ReportProgress& report) { Task(report.task); }
  void operator()(const SetTaskStatus& report) { Task(report.task); }
  void operator()(const SetStatus& request) {
    const auto command = ParseCommand(request.status);
    const PipelineWork* work = Find(request.pipeline);
    if (!command || work == nullptr || *command == Command::kPause || *command == Command::kResume)
      return;
    const Draft draft(state_, work, work->key, event_.at);
    for (const std::string& id : request.object_ids) {
      for (std::string& other : LooksAt(draft, *command, id)) Add(*work, std::move(other));
    }
  }
  void operator()(const Activate& request) {
    const PipelineWork* work = Find(request.pipeline);
    if (work == nullptr) return;
    for (const auto& [id, run] : work->runs) {
      if (run.instance.resumes && !run.instance.resource.empty()) Add(*work, run.instance.resource);
    }
  }
  void operator()(const Wake&) {
    int served = 0;
    for (const Timer& timer : state_.timers) {
      if (timer.at > event_.at || ++served > state_.options.wake_batch_max) break;
      if (timer.kind != Timer::Kind::kComponent) continue;
      const PipelineWork* work = state_.Find(timer.pipeline);
      if (work == nullptr) continue;
      const Draft draft(state_, work, work->key, event_.at);
      for (std::string& id : LooksAt(draft, timer.subject)) Add(*work, std::move(id));
    }
  }
  template <class Other>
  void operator()(const Other&) {}

  std::vector<Need> Take() { return {needs_.begin(), needs_.end()}; }

 private:
  const PipelineWork* Find(const std::string& id) const {
    const PipelineWork* work = state_.Find(id);
    return work == nullptr || work->deleted || work->key.scope != event_.scope ? nullptr : work;
  }
  void Task(const TaskKey& task) {
    if (const PipelineWork* work = Find(task.pipeline)) Add(*work, task.instance);
  }
  void Add(const PipelineWork& work, std::string id) {
    if (!work.runs.contains(id)) needs_.insert({work.key, std::move(id)});
  }

  const State& state_;
  const Event& event_;
  std::set<Need> needs_;
};

}  // namespace

std::vector<Need> Needs(const State& state, const Event& event) {
  Gatherer gatherer(state, event);
  std::visit(gatherer, event.body);
  return gatherer.Take();
}

}  // namespace penstock::engine
