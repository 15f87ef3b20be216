// Operations that workers call. Each answers its exchange exactly once, when the engine has
// decided; a poll may wait for work until then.
#pragma once

#include "service/exchange.h"

namespace penstock {

void ServePollForTask(ServiceContext& context, ExchangePointer exchange);
void ServeReportTaskProgress(ServiceContext& context, ExchangePointer exchange);
void ServeSetTaskStatus(ServiceContext& context, ExchangePointer exchange);
void ServeReportTaskRunnerHeartbeat(ServiceContext& context, ExchangePointer exchange);

}  // namespace penstock
