#include "engine/engine.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "base/check.h"
#include "engine/advance.h"
#include "engine/commands.h"
#include "engine/deactivate.h"
#include "engine/explain.h"
#include "engine/instances.h"
#include "engine/lease.h"
#include "engine/lifecycle.h"
#include "engine/outcome.h"
#include "engine/precondition.h"
#include "engine/resource.h"
#include "engine/runtime_scope.h"

namespace penstock::engine {
namespace {

constexpr std::string_view kIdAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr int kIdLength = 20;  // after "df-"

/// Spreads entropy over as many words as are asked for (splitmix64).
class Dice {
 public:
  explicit Dice(const std::array<uint64_t, 2>& entropy)
      : state_(entropy[0] ^ (entropy[1] * 0x9E3779B97F4A7C15u)), more_(entropy[1]) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= std::exchange(more_, 0);
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_, more_;
};

std::string MakePipelineId(const State& state, const std::array<uint64_t, 2>& entropy) {
  Dice dice(entropy);
  for (;;) {
    std::string id = "df-";
    for (int i = 0; i < kIdLength; ++i) id.push_back(kIdAlphabet[dice.Next() % kIdAlphabet.size()]);
    if (state.Find(id) == nullptr) return id;
  }
}

Refusal NoPipeline(const std::string& id) {
  return {RefusalKind::kPipelineNotFound, fmt::format("Pipeline with id: {} does not exist", id)};
}

/// Decides one event.
class Decider {
 public:
  Decider(const State& state, const Event& event) : state_(state), event_(event) {}

  Decision Decide() && {
    decision_.reply = std::visit([this](const auto& body) { return (*this)(body); }, event_.body);
    if (std::holds_alternative<Refusal>(decision_.reply)) drafts_.clear();
    decision_.wake_at = WakeAt();
    for (auto& [id, draft] : drafts_) std::move(*draft).Commit(decision_);
    std::sort(decision_.ready.begin(), decision_.ready.end());
    decision_.ready.erase(std::unique(decision_.ready.begin(), decision_.ready.end()),
                          decision_.ready.end());
    return std::move(decision_);
  }

  // ---- pipelines

  Reply operator()(const CreatePipeline& body) {
    const auto known = state_.by_unique_id.find(
        {event_.scope.account, event_.scope.region, body.name, body.unique_id});
    if (known != state_.by_unique_id.end()) return Created{known->second};
    const Limits& limits = state_.options.limits;
    if (limits.tags_max > 0 && body.tags.size() > limits.tags_max) {
      return Refusal{RefusalKind::kInvalidRequest,
                     fmt::format("a pipeline has at most {} tags; {} were given", limits.tags_max,
                                 body.tags.size())};
    }
    if (limits.pipelines_per_account > 0) {
      const int64_t count = std::count_if(
          state_.by_unique_id.begin(), state_.by_unique_id.end(), [&](const auto& entry) {
            return std::get<0>(entry.first) == event_.scope.account &&
                   std::get<1>(entry.first) == event_.scope.region;
          });
      if (count >= limits.pipelines_per_account) {
        return Refusal{RefusalKind::kInvalidRequest,
                       fmt::format("Web service limit exceeded: Exceeded maximum number of "
                                   "pipelines per account ({} of {})",
                                   count, limits.pipelines_per_account)};
      }
    }
    const PipelineKey key{event_.scope, MakePipelineId(state_, event_.entropy)};
    Draft& draft = Open(key, nullptr);
    PipelineRecord& record = draft.EditRecord();
    record.name = body.name;
    record.unique_id = body.unique_id;
    record.description = body.description;
    record.creator = body.creator;
    record.created_at = event_.at;
    Reply tagged = ChangeTags(draft, AddTags{key.id, body.tags});
    if (std::holds_alternative<Refusal>(tagged)) return tagged;
    return Created{key.id};
  }
  Reply operator()(const PutDefinition& body) {
    return On(body.pipeline, [&](Draft& draft) { return StoreDefinition(draft, body); });
  }
  Reply operator()(const Activate& body) {
    return On(body.pipeline, [&](Draft& draft) { return ActivatePipeline(draft, body); });
  }
  Reply operator()(const Deactivate& body) {
    return On(body.pipeline,
              [&](Draft& draft) { return DeactivatePipeline(draft, body.cancel_active); });
  }
  Reply operator()(const SetStatus& body) {
    return On(body.pipeline, [&](Draft& draft) { return SetStatusOf(draft, body); });
  }
  Reply operator()(const AddTags& body) {
    return On(body.pipeline, [&](Draft& draft) { return ChangeTags(draft, body); });
  }
  Reply operator()(const RemoveTags& body) {
    return On(body.pipeline, [&](Draft& draft) { return ChangeTags(draft, body); });
  }
  Reply operator()(const DeletePipeline& body) {
    const PipelineWork* work = nullptr;
    if (auto refusal = Find(body.pipeline, &work)) return *refusal;
    DeletePipelineInto(decision_, state_, *work, event_.at);
    deleted_ = body.pipeline;
    return Done{};
  }

  // ---- workers

  Reply operator()(const Poll& body) {
    const auto group = state_.offered.find({event_.scope, body.worker_group});
    if (group == state_.offered.end()) return NoTask{};
    for (const Offered& offered : group->second) {
      const PipelineWork* work = state_.Find(offered.pipeline);
      CHECK(work != nullptr);
      Draft& draft = Open(work->key, work);
      const InstanceRecord* record = draft.Find(offered.instance);
      const AttemptRecord* attempt = draft.LiveAttempt(offered.instance);
      // Evaluating one task that fails may have ended another of the same pipeline.
      if (record == nullptr || attempt == nullptr || IsTerminal(record->status)) continue;
      auto objects = DraftObjects(draft).Task(*record, *attempt);
      if (!objects) {
        End(draft, offered.instance, RunStatus::kFailed,
            {"ExpressionError", objects.error().message, ""});
        Settle(draft);
        continue;
      }
      Task task;
      task.attempt_id = AttemptId(offered.instance, attempt->number);
      task.objects = *std::move(objects);
      task.key = HandOut(draft, offered.instance, body);
      return task;
    }
    return NoTask{};
  }
  Reply operator()(const ReportProgress& body) {
    return On(body.task.pipeline, [&](Draft& draft) { return NoteProgress(draft, body); });
  }
  Reply operator()(const SetTaskStatus& body) {
    return On(body.task.pipeline, [&](Draft& draft) { return NoteOutcome(draft, body); });
  }
  Reply operator()(const Heartbeat& body) {
    // A worker of a resource that is gone has nothing to live for; a user's own worker outlives
    // pipelines.
    const size_t end = body.worker_group.find("_@");
    if (!body.worker_group.starts_with("df-") || end == std::string::npos)
      return HeartbeatNoted{false};
    const PipelineWork* work = state_.Find(body.worker_group.substr(0, end));
    if (work == nullptr || work->key.scope != event_.scope) return HeartbeatNoted{false};
    bool wanted = false;
    for (const auto& [id, run] : work->runs) {
      wanted |= run.instance.worker_group == body.worker_group && !IsTerminal(run.instance.status);
    }
    if (!wanted) return HeartbeatNoted{true};
    // A resource has one worker process: what another one held was left by a dead one.
    OfferAgainWhere(*work, [&](const AttemptRecord& attempt) {
      return attempt.worker_group == body.worker_group && !attempt.worker.empty() &&
             attempt.worker != body.worker;
    });
    return HeartbeatNoted{false};
  }

  // ---- the world

  Reply operator()(const Wake&) {
    int served = 0;
    std::map<std::string, std::vector<Timer>> due;
    for (const Timer& timer : state_.timers) {
      if (timer.at > event_.at || ++served > state_.options.wake_batch_max) break;
      due[timer.pipeline].push_back(timer);
    }
    for (const auto& [pipeline, timers] : due) {
      const PipelineWork* work = state_.Find(pipeline);
      CHECK(work != nullptr);
      Draft& draft = Open(work->key, work);
      for (const Timer& timer : timers) {
        switch (timer.kind) {
          case Timer::Kind::kComponent:
            CreateDue(draft, timer.subject);
            break;
          case Timer::Kind::kInstance:
            draft.Touch(timer.subject);
            break;
        }
      }
      Settle(draft);
    }
    return Done{};
  }
  Reply operator()(const EffectDone& body) {
    const PipelineWork* work = state_.Find(body.pipeline);
    if (work == nullptr) return Done{};
    Draft& draft = Open(work->key, work);
    const EffectRecord* found = draft.FindEffect(body.key);
    if (found == nullptr) return Done{};
    const EffectRecord effect = *found;
    draft.EraseEffect(body.key);
    if (work->deleted) return Done{};
    const Failure why{body.error_id, body.error_message, ""};
    switch (effect.kind) {
      case EffectKind::kLaunchResource:
        if (body.outcome == EffectOutcome::kSucceeded) {
          LaunchDone(draft, effect.instance, body.fields);
        } else {
          LaunchFailed(draft, effect.instance, why);
        }
        break;
      case EffectKind::kTerminateResource: {
        const InstanceRecord* record = draft.Find(effect.instance);
        if (record != nullptr && record->attempts == effect.attempt) {
          TerminateDone(draft, effect.instance,
                        body.outcome == EffectOutcome::kFailed ? why : Failure{});
        }
        break;
      }
      case EffectKind::kCheckPrecondition:
        CheckDone(draft, effect.instance, body);
        break;
      case EffectKind::kPublishAlarm:
        break;
    }
    Settle(draft);
    return Done{};
  }
  Reply operator()(const EffectProgress& body) {
    const PipelineWork* work = state_.Find(body.pipeline);
    if (work == nullptr || work->deleted) return Done{};
    Draft& draft = Open(work->key, work);
    const EffectRecord* effect = draft.FindEffect(body.key);
    if (effect == nullptr || draft.Find(effect->instance) == nullptr) return Done{};
    MergeFields(draft.Edit(effect->instance).fields, body.fields);
    return Done{};
  }
  Reply operator()(const ResourceGone& body) {
    return OnResource(body.pipeline, body.instance, body.attempt, [&](Draft& draft) {
      MachineLost(draft, body.instance, {body.error_id, body.error_message, ""});
    });
  }
  Reply operator()(const WorkerLost& body) {
    for (const auto& [id, work] : state_.pipelines) {
      OfferAgainWhere(work,
                      [&](const AttemptRecord& attempt) { return attempt.worker == body.worker; });
    }
    return Done{};
  }
  Reply operator()(const WorkerReplaced& body) {
    return OnResource(body.pipeline, body.instance, body.attempt, [&](Draft& draft) {
      for (const std::string& user : draft.UsersOf(body.instance)) {
        const AttemptRecord* attempt = draft.LiveAttempt(user);
        if (attempt != nullptr && attempt->lease != 0) OfferAgain(draft, user);
      }
    });
  }

 private:
  Draft& Open(const PipelineKey& key, const PipelineWork* work) {
    auto& draft = drafts_[key.id];
    if (draft == nullptr) draft = std::make_unique<Draft>(state_, work, key, event_.at);
    return *draft;
  }

  // Puts the handed-out attempts that fit back on offer.
  template <class Fits>
  void OfferAgainWhere(const PipelineWork& work, Fits fits) {
    if (work.deleted) return;
    Draft* draft = nullptr;
    for (const auto& [id, run] : work.runs) {
      if (IsTerminal(run.instance.status)) continue;
      if (draft == nullptr) draft = &Open(work.key, &work);
      const AttemptRecord* attempt = draft->LiveAttempt(id);
      if (attempt != nullptr && attempt->lease != 0 && fits(*attempt)) OfferAgain(*draft, id);
    }
    if (draft != nullptr) Settle(*draft);
  }

  std::optional<Refusal> Find(const std::string& id, const PipelineWork** work) const {
    const PipelineWork* found = state_.Find(id);
    if (found == nullptr || found->key.scope != event_.scope) return NoPipeline(id);
    if (found->deleted)
      return Refusal{RefusalKind::kPipelineDeleted,
                     fmt::format("Pipeline with id: {} has been deleted", id)};
    *work = found;
    return std::nullopt;
  }

  template <class Act>
  Reply On(const std::string& id, Act act) {
    const PipelineWork* work = nullptr;
    if (auto refusal = Find(id, &work)) return *refusal;
    Draft& draft = Open(work->key, work);
    Reply reply = act(draft);
    if (!std::holds_alternative<Refusal>(reply)) Settle(draft);
    return reply;
  }

  template <class Act>
  Reply OnResource(const std::string& pipeline, const std::string& instance, int attempt, Act act) {
    const PipelineWork* work = state_.Find(pipeline);
    if (work == nullptr || work->deleted) return Done{};
    Draft& draft = Open(work->key, work);
    const InstanceRecord* record = draft.Find(instance);
    // News of a machine that was replaced since is no news.
    if (record == nullptr || IsTerminal(record->status) || record->attempts != attempt)
      return Done{};
    act(draft);
    Settle(draft);
    return Done{};
  }

  std::optional<Instant> WakeAt() const {
    std::optional<Instant> wake;
    for (const auto& [id, draft] : drafts_) {
      const auto next = draft->NextWake();
      if (next && (!wake || *next < *wake)) wake = next;
    }
    for (const Timer& timer : state_.timers) {
      if (wake && timer.at >= *wake) break;
      if (timer.pipeline == deleted_) continue;
      auto draft = drafts_.find(timer.pipeline);
      if (draft != drafts_.end() && draft->second->Replaces(timer)) continue;
      return timer.at;
    }
    return wake;
  }

  const State& state_;
  const Event& event_;
  Decision decision_;
  std::map<std::string, std::unique_ptr<Draft>> drafts_;
  std::string deleted_;
};

}  // namespace

Decision Decide(const State& state, const Event& event) { return Decider(state, event).Decide(); }

}  // namespace penstock::engine
