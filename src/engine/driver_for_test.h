// Drives the engine in tests as the scheduler would, over a map for a store and a clock that is set
// by hand.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/codec.h"
#include "engine/engine.h"

namespace penstock::engine {

inline Instant At(std::string_view text) {
  const auto instant = ParseDateTime(text);
  EXPECT_TRUE(instant) << text;
  return instant.value_or(Instant{});
}

/// "key=value", or "key->id" for a reference.
inline PipelineObject Object(std::string id, std::vector<std::string> fields) {
  PipelineObject object{id, id, {}};
  for (const std::string& field : fields) {
    const size_t arrow = field.find("->"), equals = field.find('=');
    if (arrow != std::string::npos && (equals == std::string::npos || arrow < equals)) {
      object.fields.push_back({field.substr(0, arrow), field.substr(arrow + 2), true});
    } else {
      object.fields.push_back({field.substr(0, equals), field.substr(equals + 1), false});
    }
  }
  return object;
}

class Driver {
 public:
  explicit Driver(std::string_view start = "2014-05-01T00:00:00") : now_(At(start)) {}

  State state;
  std::map<std::string, std::string> rows;  // the store
  std::vector<EffectRecord> effects;        // in the order in which they were decided
  std::vector<Offer> offers;

  Instant now() const { return now_; }

  Reply Send(EventBody body) {
    Event event{now_, {++count_, 7}, {"000000000001", "us-east-1"}, std::move(body)};
    for (const Need& need : Needs(state, event)) Load(need);
    Decision decision = Decide(state, event);
    const Decision again = Decide(state, event);
    EXPECT_EQ(decision.writes, again.writes);
    if (std::holds_alternative<Refusal>(decision.reply)) {
      EXPECT_TRUE(decision.writes.empty());
    }
    Apply(state, decision.writes);
    EXPECT_EQ(decision.wake_at, NextWake(state));
    Store(decision.writes);
    effects.insert(effects.end(), decision.effects.begin(), decision.effects.end());
    offers.insert(offers.end(), decision.ready.begin(), decision.ready.end());
    return decision.reply;
  }

  /// Lets time pass, waking the engine whenever it asked to be.
  void RunTo(Instant until) {
    for (int wakes = 0; NextWake(state) && *NextWake(state) <= until; ++wakes) {
      ASSERT_LT(wakes, 100'000) << "the engine wakes without end";
      now_ = std::max(now_, *NextWake(state));
      Send(Wake{});
    }
    now_ = until;
  }
  void RunTo(std::string_view until) { RunTo(At(until)); }
  void Run(Duration length) { RunTo(now_ + length); }

  /// A restart: memory is what the store has.
  void Restart() {
    State fresh;
    fresh.options = state.options;
    std::vector<Write> writes;
    for (const auto& [key, value] : rows) {
      auto write = DecodeRecord(key, value);
      ASSERT_TRUE(write) << write.error().message;
      if (IsWorkingSet(write->change)) writes.push_back(*std::move(write));
    }
    Apply(fresh, writes);
    state = std::move(fresh);
  }

  // ---- pipelines

  std::string Create(std::vector<PipelineObject> objects) {
    const Reply created = Send(CreatePipeline{"p", "u" + std::to_string(count_), "", "me", {}});
    EXPECT_TRUE(std::holds_alternative<Created>(created));
    pipeline = std::get<Created>(created).pipeline;
    Put(std::move(objects));
    return pipeline;
  }
  void Put(std::vector<PipelineObject> objects) {
    Definition definition;
    definition.objects = std::move(objects);
    const Reply put = Send(PutDefinition{pipeline, std::move(definition)});
    ASSERT_TRUE(std::holds_alternative<DefinitionStored>(put)) << RefusalText(put);
    for (const Problem& problem : std::get<DefinitionStored>(put).problems) {
      EXPECT_TRUE(problem.severity == Severity::kWarning)
          << problem.object_id << "." << problem.field << ": " << problem.message;
    }
  }
  void Activated(std::vector<PipelineObject> objects) {
    Create(std::move(objects));
    Ok(Activate{pipeline, {}, {}});
    Send(Wake{});
  }
  void Ok(EventBody body) {
    const Reply reply = Send(std::move(body));
    EXPECT_FALSE(std::holds_alternative<Refusal>(reply)) << RefusalText(reply);
  }
  std::string Refused(EventBody body) {
    const Reply reply = Send(std::move(body));
    EXPECT_TRUE(std::holds_alternative<Refusal>(reply));
    return RefusalText(reply);
  }
  static std::string RefusalText(const Reply& reply) {
    const auto* refusal = std::get_if<Refusal>(&reply);
    return refusal == nullptr ? "" : refusal->message;
  }
  void Command(std::string id, std::string status) {
    Ok(SetStatus{pipeline, {std::move(id)}, std::move(status)});
  }

  std::string pipeline;

  // ---- workers

  std::optional<Task> Poll(std::string group = "g", std::string worker = "w") {
    const Reply reply = Send(engine::Poll{std::move(group), std::move(worker), "host"});
    if (const auto* task = std::get_if<Task>(&reply)) return *task;
    return std::nullopt;
  }
  /// Poll that must find work.
  Task Take(std::string group = "g") {
    const auto task = Poll(group);
    EXPECT_TRUE(task) << "no work for group " << group;
    return task.value_or(Task{});
  }
  /// The attempt ids of everything the group has to offer now.
  std::vector<std::string> PollAll(std::string group = "g") {
    std::vector<std::string> ids;
    while (auto task = Poll(group)) {
      ids.push_back(task->attempt_id);
      held[task->attempt_id] = task->key;
    }
    return ids;
  }
  std::map<std::string, TaskKey> held;
  Reply Report(const TaskKey& task) { return Send(ReportProgress{task, {}}); }
  Reply Finish(const TaskKey& task) {
    return Send(SetTaskStatus{task, TaskOutcome::kFinished, "", "", ""});
  }
  Reply Fail(const TaskKey& task) {
    return Send(SetTaskStatus{task, TaskOutcome::kFailed, "E", "it broke", ""});
  }
  /// Takes and finishes tasks until there are none; their attempt ids.
  std::vector<std::string> WorkAll(std::string group = "g") {
    std::vector<std::string> ids;
    while (auto task = Poll(group)) {
      ids.push_back(task->attempt_id);
      Finish(task->key);
    }
    return ids;
  }
  /// Answers every effect of that kind that is in the outbox.
  int Answer(EffectKind kind, EffectOutcome outcome, std::string message = "") {
    std::vector<EffectRecord> waiting;
    for (const auto& [id, work] : state.pipelines) {
      for (const auto& [key, effect] : work.effects) {
        if (effect.kind == kind) waiting.push_back(effect);
      }
    }
    for (const EffectRecord& effect : waiting) {
      Send(EffectDone{pipeline, effect.key, outcome, message.empty() ? "" : "E", message, {}});
    }
    return static_cast<int>(waiting.size());
  }

  // ---- looking

  std::optional<InstanceRecord> Instance(const std::string& id) const {
    auto it = rows.find(RecordKey(Key(), RecordKind::kInstance, id));
    if (it == rows.end()) return std::nullopt;
    return std::get<InstanceRecord>(DecodeRecord(it->first, it->second)->change);
  }
  std::string Status(const std::string& id) const {
    const auto instance = Instance(id);
    return instance ? std::string(StatusName(instance->status)) : "-";
  }
  std::string Waiting(const std::string& id) const {
    return Instance(id) ? Instance(id)->waiting_reason : "-";
  }
  std::string PipelineStatus() const {
    auto it = rows.find(RecordKey(Key(), RecordKind::kPipeline, ""));
    if (it == rows.end()) return "-";
    return std::string(PipelineStateName(
        std::get<PipelineRecord>(DecodeRecord(it->first, it->second)->change).state));
  }
  PipelineKey Key() const { return {{"000000000001", "us-east-1"}, pipeline}; }

 private:
  void Load(const Need& need) {
    auto row = rows.find(RecordKey(need.pipeline, RecordKind::kInstance, need.instance));
    if (row == rows.end()) return;
    const Write write = *DecodeRecord(row->first, row->second);
    LoadHistory(state, write);
    const int attempts = std::get<InstanceRecord>(write.change).attempts;
    auto attempt = rows.find(
        RecordKey(need.pipeline, RecordKind::kAttempt, AttemptId(need.instance, attempts)));
    if (attempt != rows.end()) LoadHistory(state, *DecodeRecord(attempt->first, attempt->second));
  }
  void Store(const std::vector<Write>& writes) {
    for (const Write& write : writes) {
      const std::string key = RecordKey(write);
      if (std::holds_alternative<ErasePipeline>(write.change)) {
        std::erase_if(rows, [&](const auto& row) { return row.first.starts_with(key); });
      } else if (std::holds_alternative<EraseRecord>(write.change)) {
        rows.erase(key);
      } else {
        rows[key] = EncodeRecord(write.change);
      }
    }
  }

  Instant now_;
  uint64_t count_ = 0;
};

}  // namespace penstock::engine
