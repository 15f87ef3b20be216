// Operations on a pipeline's text and on whether it runs. Each answers its exchange exactly once,
// now or when the engine has decided.
#pragma once

#include "service/exchange.h"

namespace penstock {

void ServePutPipelineDefinition(ServiceContext& context, ExchangePointer exchange);
void ServeValidatePipelineDefinition(ServiceContext& context, Exchange& exchange);
void ServeGetPipelineDefinition(ServiceContext& context, Exchange& exchange);
void ServeActivatePipeline(ServiceContext& context, ExchangePointer exchange);
void ServeDeactivatePipeline(ServiceContext& context, ExchangePointer exchange);

}  // namespace penstock
