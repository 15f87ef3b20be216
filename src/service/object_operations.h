// Operations on the objects of a pipeline: components, instances, attempts. Each answers its
// exchange exactly once, now or when the engine has decided.
#pragma once

#include "service/exchange.h"

namespace penstock {

void ServeQueryObjects(ServiceContext& context, Exchange& exchange);
void ServeDescribeObjects(ServiceContext& context, Exchange& exchange);
void ServeEvaluateExpression(ServiceContext& context, Exchange& exchange);
void ServeSetStatus(ServiceContext& context, ExchangePointer exchange);

}  // namespace penstock
