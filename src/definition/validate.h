// Checks a definition as the service does on Put, Validate and Activate. All problems at once, in
// the order of the objects.
#pragma once

#include <optional>
#include <vector>

#include "definition/definition.h"
#include "definition/limits.h"
#include "definition/problem.h"
#include "definition/resolved.h"
#include "time/instant.h"

namespace penstock {

struct ValidateOptions {
  Moment moment = Moment::kPut;
  Limits limits = OpenLimits();
  std::optional<Instant> now = {};  // for warnings about starts in the past; absent: none
  std::vector<ParameterValue> activation_values = {};  // given with the activation
};

/// Everything that is wrong. Time grows with the definition's size, not its square; never fails
/// itself.
std::vector<Problem> Validate(const Definition& definition, const ValidateOptions& options = {});
/// The same for a definition that is resolved already.
std::vector<Problem> Validate(const ResolvedDefinition& definition, const ValidateOptions& options);

/// Edits that a pipeline which has been activated does not allow (guide: "Editing a Pipeline"):
/// removing an object, changing the period or start of a schedule, adding, deleting or changing a
/// reference of an existing object, a new object writing to an existing one. Errors, not fatal;
/// `active` is what runs, `latest` what is to replace it.
std::vector<Problem> CheckEdit(const ResolvedDefinition& active, const ResolvedDefinition& latest);

}  // namespace penstock
