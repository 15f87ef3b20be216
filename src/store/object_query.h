// ObjectQuery: which instances or attempts of a pipeline somebody wants to see. The selectors of
// QueryObjects, reduced to what the store indexes. Pure values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/record.h"
#include "engine/status.h"

namespace penstock {

enum class ObjectSphere { kInstance, kAttempt };

/// What can be asked for. An attempt has the component and the scheduled times of its instance.
enum class ObjectColumn {
  kId,              // name: equals the id
  kComponent,       // @componentParent, parent
  kInstance,        // @instanceParent; attempts only
  kStatus,          // @status, in AWS's spelling
  kScheduledStart,  // @scheduledStartTime …
  kScheduledEnd,
  kActualStart,
  kActualEnd,
};
constexpr bool IsTimeColumn(ObjectColumn column) { return column >= ObjectColumn::kScheduledStart; }

/// One thing that must hold. An absent value fails it.
struct ObjectCondition {
  ObjectColumn column = ObjectColumn::kId;
  /// Text columns: the value is one of these. None: nothing matches.
  std::vector<std::string> any_of{};
  /// kStatus: the status is one of these.
  std::vector<engine::RunStatus> any_status{};
  /// Time columns, by whole seconds, both ends included: the value lies in one of these ranges.
  struct Range {
    std::optional<Instant> from{}, until{};
    bool operator==(const Range&) const = default;
  };
  std::vector<Range> ranges{};
  bool operator==(const ObjectCondition&) const = default;
};

struct ObjectQuery {
  ObjectSphere sphere = ObjectSphere::kInstance;
  std::vector<ObjectCondition> conditions;  // all must hold
  bool operator==(const ObjectQuery&) const = default;
};

/// Whether an instance, or one attempt of it, fits. The meaning of a query in code; the SQLite
/// store's WHERE clause must agree with it. REQUIRES: `attempt` != nullptr exactly for kAttempt.
bool Matches(const ObjectQuery& query, const engine::InstanceRecord& instance,
             const engine::AttemptRecord* attempt);

}  // namespace penstock
