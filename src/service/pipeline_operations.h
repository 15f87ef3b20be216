// Operations on pipelines as wholes. Each answers its exchange exactly once, now or when the engine
// has decided.
#pragma once

#include "service/exchange.h"

namespace penstock {

void ServeCreatePipeline(ServiceContext& context, ExchangePointer exchange);
void ServeDeletePipeline(ServiceContext& context, ExchangePointer exchange);
void ServeAddTags(ServiceContext& context, ExchangePointer exchange);
void ServeRemoveTags(ServiceContext& context, ExchangePointer exchange);
void ServeDescribePipelines(ServiceContext& context, Exchange& exchange);
void ServeListPipelines(ServiceContext& context, Exchange& exchange);

}  // namespace penstock
