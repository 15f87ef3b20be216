#include "engine/actions.h"

#include <fmt/core.h>

#include "engine/outcome.h"
#include "engine/runtime_scope.h"

namespace penstock::engine {

void FireActions(Draft& draft, const std::string& id, const std::vector<std::string>& actions,
                 std::string_view slot) {
  for (const std::string& action : actions) {
    const InstanceRecord& record = *draft.Find(id);
    const ResolvedObject* object = draft.DefinitionOf(record).resolved.Find(action);
    if (object == nullptr) continue;
    if (object->type_name == "Terminate") {
      if (IsTerminal(record.status)) continue;
      draft.Edit(id).cancellation_reason = fmt::format("its {} {} ended it", slot, action);
      End(draft, id, RunStatus::kCanceled);
    } else if (object->type_name == "SnsAlarm") {
      EffectRecord effect;
      // The time keeps a second failure, after a rerun, apart from the first.
      effect.key = fmt::format("{}_{}={}_{}", id, slot, action, FormatIsoMillis(draft.now()));
      effect.kind = EffectKind::kPublishAlarm;
      effect.object = action;
      effect.instance = id;
      effect.attempt = record.attempts;
      effect.fields = DraftObjects(draft).ActionFields(record, *object);
      draft.PutEffect(std::move(effect));
    }
  }
}

void DecideOutcomeActions(Draft& draft, const std::string& id) {
  const InstanceRecord& record = *draft.Find(id);
  if (record.actions_decided) return;
  const Component& component = *draft.ComponentOf(record);
  switch (record.status) {
    case RunStatus::kFinished:
      if (component.on_success.empty()) return;
      draft.Edit(id).actions_decided = true;
      FireActions(draft, id, component.on_success, "onSuccess");
      return;
    case RunStatus::kFailed:
    case RunStatus::kCascadeFailed:
    case RunStatus::kTimedOut:
      if (component.on_fail.empty()) return;
      draft.Edit(id).actions_decided = true;
      FireActions(draft, id, component.on_fail, "onFail");
      return;
    default:
      return;
  }
}

}  // namespace penstock::engine
