#include "engine/cascade.h"

#include <fmt/core.h>

#include <algorithm>

#include "engine/outcome.h"

namespace penstock::engine {

bool CascadeFailure(Draft& draft, const std::string& id) {
  const InstanceRecord& record = *draft.Find(id);
  const Component* component = draft.ComponentOf(record);
  if (record.blocked_by.empty()) return false;
  // A precondition follows the object it guards.
  const Component* decides = component;
  if (component->node) decides = &draft.PlanOf(record).components[*component->node];
  if (!decides->cascade) return false;
  if (component->node) {
    draft.Edit(id).cancellation_reason = fmt::format("{} failed", record.blocked_by.front());
    End(draft, id, RunStatus::kCanceled);
    return true;
  }
  if (!record.resource.empty() && std::find(record.blocked_by.begin(), record.blocked_by.end(),
                                            record.resource) != record.blocked_by.end()) {
    draft.Edit(id).cancellation_reason = fmt::format("its resource {} failed", record.resource);
    End(draft, id, RunStatus::kCanceled);
    return true;
  }
  std::vector<std::string> chain = {record.blocked_by.front()};
  if (const InstanceRecord* origin = draft.Find(chain.front())) {
    chain.insert(chain.end(), origin->cascade_failed_on.begin(), origin->cascade_failed_on.end());
  }
  draft.Edit(id).cascade_failed_on = chain;
  End(draft, id, RunStatus::kCascadeFailed,
      {"CascadeFailed", fmt::format("{} failed", chain.back()), ""});
  return true;
}

}  // namespace penstock::engine
