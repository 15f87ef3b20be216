// JobRate: the one bound of a whole transfer, fed by what the table and CloudWatch say while it
// runs.
#pragma once

#include <memory>
#include <stop_token>

#include "transfer/rate_controller.h"
#include "transfer/table_description.h"
#include "transfer/transfer.h"

namespace penstock {

/// kInvalidArgument: the options ask for headroom and nobody said where CloudWatch is; CloudWatch's
/// errors if it does not answer. What `context` points to outlives it.
Result<std::unique_ptr<RateController>> NewJobRate(const TransferContext& context,
                                                   const RateOptions& options,
                                                   const TableDescription& table, CapacityKind kind,
                                                   std::stop_token stop);

}  // namespace penstock
