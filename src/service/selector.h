// The selectors of QueryObjects: what a request may ask, checked and made ready, for instances and
// attempts as a query of the store, for components as a test of their fields. (API reference,
// "Operator", "Selector".) Pure.
#pragma once

#include <string>
#include <vector>

#include "aws/api_error.h"
#include "definition/definition.h"
#include "json/json.h"
#include "store/object_query.h"

namespace penstock {

enum class SelectorOperator { kEq, kRefEq, kGe, kLe, kBetween };

struct Selector {
  std::string field;  // one of the ten that can be asked for
  SelectorOperator operation = SelectorOperator::kEq;
  std::vector<std::string> values;  // kEq, kRefEq: any of them; kBetween: two; else one
  bool operator==(const Selector&) const = default;
};

/// The selectors of a `query` member that CheckRequest has passed (nullptr: none).
/// InvalidRequestException for a field or operator that cannot be asked for, a wrong number of
/// values, a time that is none, more than 10 selectors.
ApiResult<std::vector<Selector>> ParseSelectors(const json::Object* query);

/// For instances and attempts. Several selectors are ANDed; values of one are ORed.
/// CANCELLED means CANCELED and TIMEOUT TIMEDOUT; WAITING means both statuses that begin so.
ObjectQuery MakeObjectQuery(ObjectSphere sphere, const std::vector<Selector>& selectors);

/// Whether a component, described, satisfies all selectors.
bool Matches(const std::vector<Selector>& selectors, const PipelineObject& component);

}  // namespace penstock
