#include "sim/trace.h"

#include <fmt/core.h>

namespace penstock::sim {
namespace {

std::string Task(const engine::TaskKey& task) {
  return fmt::format("{} attempt {} lease {}", task.instance, task.attempt, task.lease);
}

struct EventText {
  std::string operator()(const engine::CreatePipeline& e) { return "CreatePipeline " + e.name; }
  std::string operator()(const engine::PutDefinition& e) { return "PutDefinition " + e.pipeline; }
  std::string operator()(const engine::Activate& e) { return "Activate " + e.pipeline; }
  std::string operator()(const engine::Deactivate& e) {
    return fmt::format("Deactivate {} cancelActive={}", e.pipeline, e.cancel_active);
  }
  std::string operator()(const engine::DeletePipeline& e) { return "DeletePipeline " + e.pipeline; }
  std::string operator()(const engine::SetStatus& e) {
    std::string text = "SetStatus " + e.status;
    for (const std::string& id : e.object_ids) text += " " + id;
    return text;
  }
  std::string operator()(const engine::AddTags& e) { return "AddTags " + e.pipeline; }
  std::string operator()(const engine::RemoveTags& e) { return "RemoveTags " + e.pipeline; }
  std::string operator()(const engine::Poll& e) {
    return fmt::format("Poll {} by {}", e.worker_group, e.worker);
  }
  std::string operator()(const engine::ReportProgress& e) {
    return "ReportProgress " + Task(e.task);
  }
  std::string operator()(const engine::SetTaskStatus& e) {
    return fmt::format("SetTaskStatus {} outcome {}", Task(e.task), static_cast<int>(e.outcome));
  }
  std::string operator()(const engine::Heartbeat& e) { return "Heartbeat " + e.worker; }
  std::string operator()(const engine::Wake&) { return "Wake"; }
  std::string operator()(const engine::EffectDone& e) {
    return fmt::format("EffectDone {} outcome {}", e.key, static_cast<int>(e.outcome));
  }
  std::string operator()(const engine::EffectProgress& e) { return "EffectProgress " + e.key; }
  std::string operator()(const engine::ResourceGone& e) { return "ResourceGone " + e.instance; }
  std::string operator()(const engine::WorkerReplaced& e) { return "WorkerReplaced " + e.instance; }
  std::string operator()(const engine::WorkerLost& e) { return "WorkerLost " + e.worker; }
};

struct ChangeText {
  std::string operator()(const engine::PipelineRecord& r) {
    return fmt::format("pipeline {}", engine::PipelineStateName(r.state));
  }
  std::string operator()(const engine::DefinitionRecord& r) {
    return fmt::format("definition {}", r.version);
  }
  std::string operator()(const engine::ComponentRecord& r) {
    return fmt::format("component {} next interval {}{}{}", r.id, r.next_interval,
                       r.paused ? ", paused" : "",
                       r.wake_at ? ", wakes " + FormatDateTime(*r.wake_at) : "");
  }
  std::string operator()(const engine::InstanceRecord& r) {
    std::string text = fmt::format("{} {}{}: {}", r.id, engine::StatusName(r.status),
                                   r.resumes ? ", to be resumed" : "", r.waiting_reason);
    for (const std::string& id : r.waiting_on) text += "; waits for " + id;
    for (const std::string& id : r.blocked_by) text += "; blocked by " + id;
    if (!r.error_message.empty()) text += "; error: " + r.error_message;
    return text;
  }
  std::string operator()(const engine::AttemptRecord& r) {
    return fmt::format("{} {} lease {} of {} in group '{}'{}",
                       engine::AttemptId(r.instance, r.number), engine::StatusName(r.status),
                       r.lease, r.worker.empty() ? "nobody" : r.worker, r.worker_group,
                       r.held ? ", held" : "");
  }
  std::string operator()(const engine::EffectRecord& r) {
    return fmt::format("effect {}: {}", r.key, engine::EffectKindName(r.kind));
  }
  std::string operator()(const engine::TombstoneRecord&) { return "tombstone"; }
  std::string operator()(const engine::EraseRecord& r) { return "erased " + r.id; }
  std::string operator()(const engine::ErasePipeline&) { return "erased the pipeline"; }
};

}  // namespace

std::string Describe(const engine::Event& event, const engine::Decision& decision) {
  const auto* refusal = std::get_if<engine::Refusal>(&decision.reply);
  if (decision.writes.empty() && refusal == nullptr) return {};
  std::string text =
      fmt::format("{} {}{}\n", FormatIsoMillis(event.at), std::visit(EventText{}, event.body),
                  refusal != nullptr ? ": refused: " + refusal->message : "");
  for (const engine::Write& write : decision.writes)
    text += fmt::format("    {}\n", std::visit(ChangeText{}, write.change));
  return text;
}

}  // namespace penstock::sim
