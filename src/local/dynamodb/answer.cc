#include "local/dynamodb/answer.h"

#include <algorithm>

#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

void ObjectWriter::Add(std::string_view name, std::string_view json) {
  if (text_.size() > 1) text_.push_back(',');
  AppendJsonString(name, text_);
  text_.push_back(':');
  text_ += json;
}

ApiError Throttled(const TableDefinition& definition) {
  return definition.on_demand ? Throttling() : ProvisionedThroughputExceeded();
}

ConsumedCapacity Consumed(const TableDefinition& definition, const WriteCost& cost) {
  ConsumedCapacity consumed{.table = definition.name, .table_units = cost.table};
  for (const auto& [serial, units] : cost.indexes) {
    for (const IndexDefinition& index : definition.indexes) {
      if (index.layout.serial == serial) consumed.AddIndex(index.global, index.name, units);
    }
  }
  return consumed;
}

WriteCost FailedWriteCost(const std::optional<StoredItem>& old_item, uint64_t new_size) {
  return {.table = WriteUnits(std::max(old_item ? old_item->item_size : 0, new_size))};
}

CapacityReport RequestedReport(const Request& request) {
  return ReadCapacityReport(StringOr(request.body, "ReturnConsumedCapacity", ""));
}

}  // namespace penstock::dynamodb
