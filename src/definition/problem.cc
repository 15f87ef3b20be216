#include "definition/problem.h"

#include <algorithm>

namespace penstock {

bool HasFatal(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.severity == Severity::kFatal; });
}

bool HasErrors(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.severity != Severity::kWarning; });
}

}  // namespace penstock
