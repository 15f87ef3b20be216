#include "transfer/job_rate.h"

#include "transfer/foreign_load.h"

namespace penstock {

Result<std::unique_ptr<RateController>> NewJobRate(const TransferContext& context,
                                                   const RateOptions& options,
                                                   const TableDescription& table, CapacityKind kind,
                                                   std::stop_token stop) {
  auto capacity = [client = context.dynamodb, name = table.name, kind,
                   stop]() -> Result<TableCapacity> {
    ASSIGN_OR_RETURN(TableDescription now, DescribeTable(*client, name, stop));
    return now.CapacityFor(kind);
  };
  RateController::OthersSource others;
  if (options.Mode() == RateMode::kHeadroom) {
    if (!context.cloudwatch) {
      return InvalidArgument(
          "the rate mode headroom asks CloudWatch what others use, and no CloudWatch endpoint is "
          "configured; use a ratio or an absolute rate");
    }
    auto load = std::make_shared<ForeignLoad>(context.cloudwatch->client,
                                              context.cloudwatch->endpoint, table.name, kind);
    // Without its answer there is no bound to begin with; a later failure keeps the last one.
    if (auto first = load->UnitsPerSecond(0, stop); !first) return std::move(first.error());
    others = [load, stop](double own_units) { return load->UnitsPerSecond(own_units, stop); };
  }
  return std::make_unique<RateController>(options, table.CapacityFor(kind), std::move(capacity),
                                          context.clock, context.random, std::move(others));
}

}  // namespace penstock
