// The parts that several operations' answers share.
#pragma once

#include <string>

#include "local/dynamodb/capacity.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {

/// Appends members to a JSON object that is being written.
class ObjectWriter {
 public:
  ObjectWriter() : text_("{") {}
  /// `json`: a JSON text.
  void Add(std::string_view name, std::string_view json);
  std::string Finish() && { return std::move(text_) + "}"; }

 private:
  std::string text_;
};

/// What to raise when capacity is used up.
ApiError Throttled(const TableDefinition& definition);
/// A write's cost in the terms of an answer.
ConsumedCapacity Consumed(const TableDefinition& definition, const WriteCost& cost);
/// The write's cost if the condition fails: as if it had been written.
WriteCost FailedWriteCost(const std::optional<StoredItem>& old_item, uint64_t new_size);
CapacityReport RequestedReport(const Request& request);

}  // namespace penstock::dynamodb
