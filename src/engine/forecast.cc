#include "engine/forecast.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>

#include "engine/codec.h"
#include "engine/engine.h"

namespace penstock::engine {
namespace {

const Scope kNowhere = {"000000000000", "nowhere"};
constexpr char kWorker[] = "forecast";
// Events that one run takes are few; a forecast that needs more than this does not come to an end.
constexpr size_t kEventsPerRunMax = 200;
// Silence of a worker is no part of the forecast, unless the definition sets a limit to it.
constexpr Duration kPatience = std::chrono::hours(24 * 365 * 100);

class Forecaster {
 public:
  explicit Forecaster(const ForecastOptions& options) : options_(options), now_(options.from) {
    state_.options = options.engine;
    state_.options.default_progress_timeout = kPatience;
  }

  Result<Forecast> Run(const Definition& definition) && {
    RETURN_IF_ERROR(Begin(definition));
    Settle();
    while (Proceed()) Settle();
    Conclude();
    return std::move(forecast_);
  }

 private:
  Reply Send(EventBody body) {
    Event event{now_, {++events_, 1}, kNowhere, std::move(body)};
    for (const Need& need : Needs(state_, event)) {
      for (RecordKind kind : {RecordKind::kInstance, RecordKind::kAttempt}) {
        auto found = history_.find({kind, need.instance});
        if (found != history_.end()) LoadHistory(state_, found->second);
      }
    }
    Decision decision = Decide(state_, event);
    Apply(state_, decision.writes);
    for (const Write& write : decision.writes) Note(write);
    effects_.insert(effects_.end(), decision.effects.begin(), decision.effects.end());
    for (const Offer& offer : decision.ready) groups_.insert(offer.worker_group);
    return std::move(decision.reply);
  }

  Status Begin(const Definition& definition) {
    Reply reply = Send(CreatePipeline{"forecast", "forecast", "", "", {}});
    pipeline_ = std::get<Created>(reply).pipeline;
    // With the values that it will run with: what it warns of is said about those.
    Definition filled = definition;
    for (const ParameterValue& given : options_.values) {
      std::erase_if(filled.values, [&](const ParameterValue& old) { return old.id == given.id; });
    }
    filled.values.insert(filled.values.end(), options_.values.begin(), options_.values.end());
    reply = Send(PutDefinition{pipeline_, std::move(filled)});
    if (const auto* refusal = std::get_if<Refusal>(&reply))
      return InvalidArgument(refusal->message);
    for (const Problem& problem : std::get<DefinitionStored>(reply).problems) {
      if (problem.severity == Severity::kWarning) {
        Warn(fmt::format("{}{}{}: {}", problem.object_id, problem.field.empty() ? "" : ".",
                         problem.field, problem.message));
      }
    }
    reply = Send(Activate{pipeline_, options_.values, {}});
    if (const auto* refusal = std::get_if<Refusal>(&reply); refusal != nullptr) {
      // It is shown what it is that was not taken to be meant.
      const std::string why = refusal->message;
      state_.options.backfill_max = 0;
      reply = Send(Activate{pipeline_, options_.values, {}});
      if (!std::holds_alternative<Refusal>(reply)) Warn(why);
    }
    if (const auto* refusal = std::get_if<Refusal>(&reply))
      return InvalidArgument(refusal->message);
    const Plan& plan = Work().Active()->plan;
    for (const auto& [component, period] : options_.durations) {
      if (!plan.OfObject(component)) {
        return InvalidArgument(
            fmt::format("a duration is given for '{}', which is no activity or precondition of the "
                        "definition",
                        component));
      }
    }
    return {};
  }

  const PipelineWork& Work() const { return *state_.Find(pipeline_); }

  /// Does everything that can be done now.
  void Settle() {
    while (!Spent() && (!effects_.empty() || !groups_.empty())) {
      if (!effects_.empty()) {
        const EffectRecord effect = std::move(effects_.front());
        effects_.pop_front();
        Send(EffectDone{pipeline_, effect.key, EffectOutcome::kSucceeded, "", "", {}});
        continue;
      }
      const Reply reply = Send(Poll{*groups_.begin(), kWorker, kWorker});
      if (const auto* task = std::get_if<Task>(&reply)) {
        Start(task->key);
      } else {
        groups_.erase(groups_.begin());
      }
    }
  }

  /// Goes to the next moment at which anything happens. False at the end.
  bool Proceed() {
    const auto wake = NextWake(state_);
    const bool finishes = !ends_.empty() && (!wake || ends_.begin()->first <= *wake);
    if (!finishes && !wake) return false;
    const Instant next = std::max(now_, finishes ? ends_.begin()->first : *wake);
    if (next >= options_.until || Spent()) return false;
    now_ = next;
    if (finishes) {
      const TaskKey task = ends_.begin()->second;
      ends_.erase(ends_.begin());
      at_work_.erase(task.instance);
      Finish(task);
      return true;
    }
    // Whoever is at work is heard of before its silence counts.
    std::vector<std::string> silent;
    for (const Timer& timer : state_.timers) {
      if (timer.at > now_) break;
      if (at_work_.contains(timer.subject)) silent.push_back(timer.subject);
    }
    for (const std::string& instance : silent) Send(ReportProgress{at_work_.at(instance), {}});
    Send(Wake{});
    return true;
  }

  void Start(const TaskKey& task) {
    const auto run = Work().runs.find(task.instance);
    Record(run->second.instance);
    const auto duration = options_.durations.find(run->second.instance.component);
    if (duration == options_.durations.end()) {
      Finish(task);
      return;
    }
    Send(ReportProgress{task, {}});
    at_work_[task.instance] = task;
    ends_.emplace(Plus(now_, duration->second), task);
  }
  // Refused when its time had run out before: the attempt failed, as it would.
  void Finish(const TaskKey& task) {
    Send(SetTaskStatus{task, TaskOutcome::kFinished, "", "", ""});
  }

  void Note(const Write& write) {
    if (const auto* attempt = std::get_if<AttemptRecord>(&write.change)) {
      history_.insert_or_assign({RecordKind::kAttempt, attempt->instance}, write);
      return;
    }
    const auto* instance = std::get_if<InstanceRecord>(&write.change);
    if (instance == nullptr) return;
    history_.insert_or_assign({RecordKind::kInstance, instance->id}, write);
    const Plan& plan = Work().Active()->plan;
    const auto index = plan.OfInstance(instance->id);
    if (!index) return;
    switch (plan.components[*index].kind) {
      case ComponentKind::kActivity:
        break;
      case ComponentKind::kDataNode:
        if (instance->status == RunStatus::kFinished) Record(*instance);
        break;
      case ComponentKind::kResource:
        if (instance->status == RunStatus::kCreating) Record(*instance);
        break;
      case ComponentKind::kPrecondition:
        if (instance->status == RunStatus::kRunning) Record(*instance);
        break;
    }
    if (instance->status == RunStatus::kFailed)
      WarnOnce(instance->component,
               fmt::format("{} would fail: {}", instance->id, instance->error_message));
  }

  void Record(const InstanceRecord& instance) {
    if (!recorded_.insert(instance.id).second) return;
    const Plan& plan = Work().Active()->plan;
    const Component& component = plan.components[*plan.OfInstance(instance.id)];
    if (component.kind != ComponentKind::kActivity && !options_.all) return;
    forecast_.runs.push_back({component.id, std::string(component.type), instance.scheduled_start,
                              instance.scheduled_end, now_});
  }

  bool Spent() const {
    return recorded_.size() > options_.runs_max ||
           events_ > kEventsPerRunMax * (options_.runs_max + 1);
  }

  void Conclude() {
    if (Spent()) {
      Warn(fmt::format("only the first {} runs, until {}, are looked at: choose an earlier end",
                       options_.runs_max, FormatDateTime(now_)));
    }
    for (const auto& [id, run] : Work().runs) {
      const InstanceRecord& instance = run.instance;
      if (IsTerminal(instance.status) || instance.due_at >= options_.until || Spent()) continue;
      if (at_work_.contains(id) || instance.waiting_reason.empty()) continue;
      WarnOnce(instance.component,
               fmt::format("{} would not have run by then: it {}", id, instance.waiting_reason));
    }
    std::sort(forecast_.runs.begin(), forecast_.runs.end(),
              [](const ForecastRun& a, const ForecastRun& b) {
                return std::tie(a.starts_at, a.component, a.scheduled_start) <
                       std::tie(b.starts_at, b.component, b.scheduled_start);
              });
  }

  void Warn(std::string text) { forecast_.warnings.push_back(std::move(text)); }
  void WarnOnce(const std::string& component, std::string text) {
    if (warned_.insert(component).second) Warn(std::move(text));
  }

  const ForecastOptions& options_;
  Instant now_;
  State state_;
  std::map<std::pair<RecordKind, std::string>, Write> history_;  // the newest of each instance
  std::string pipeline_;
  std::deque<EffectRecord> effects_;        // to be answered
  std::set<std::string> groups_;            // that may have work
  std::multimap<Instant, TaskKey> ends_;    // of the work that takes time
  std::map<std::string, TaskKey> at_work_;  // the same, by instance
  std::set<std::string> recorded_, warned_;
  size_t events_ = 0;
  Forecast forecast_;
};

}  // namespace

Result<Forecast> ForecastRuns(const Definition& definition, const ForecastOptions& options) {
  if (options.until <= options.from) {
    return InvalidArgument(fmt::format("nothing lies between {} and {}: the end must be later",
                                       FormatDateTime(options.from),
                                       FormatDateTime(options.until)));
  }
  return Forecaster(options).Run(definition);
}

}  // namespace penstock::engine
