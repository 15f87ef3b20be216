#include "local/dynamodb/table.h"

#include "base/check.h"

namespace penstock::dynamodb {

std::string_view TableStatusName(TableStatus status) {
  switch (status) {
    case TableStatus::kCreating:
      return "CREATING";
    case TableStatus::kActive:
      return "ACTIVE";
    case TableStatus::kUpdating:
      return "UPDATING";
    case TableStatus::kDeleting:
      return "DELETING";
  }
  return "";
}

Table::Table(std::shared_ptr<const TableDefinition> definition, const DynamoDbOptions& options,
             Time now)
    : serial_(definition->layout.serial), options_(options), definition_(std::move(definition)) {
  std::lock_guard lock(mutex_);
  UpdateMeters(*definition_, now);
}

std::shared_ptr<const TableDefinition> Table::definition() const {
  std::lock_guard lock(mutex_);
  return definition_;
}

void Table::SetDefinition(std::shared_ptr<const TableDefinition> definition, Time now) {
  std::lock_guard lock(mutex_);
  definition_ = std::move(definition);
  UpdateMeters(*definition_, now);
}

std::optional<TableStatus> Table::StatusAt(Time now) const {
  std::lock_guard lock(mutex_);
  if (now < status_until_) return status_;
  if (status_ == TableStatus::kDeleting) return std::nullopt;
  return TableStatus::kActive;
}

void Table::SetStatus(TableStatus status, Time until) {
  std::lock_guard lock(mutex_);
  status_ = status;
  status_until_ = until;
}

size_t Table::StripeOf(std::string_view key) {
  // The first byte of the partition's hash, after the space and the serial (key_codec.h).
  constexpr size_t kHashOffset = 9;
  CHECK(key.size() > kHashOffset);
  return static_cast<unsigned char>(key[kHashOffset]) % kStripes;
}

Tally Table::Count(uint64_t serial) {
  Tally sum;
  for (Stripe& stripe : stripes_) {
    std::lock_guard lock(stripe.mutex);
    auto found = stripe.tallies.find(serial);
    if (found == stripe.tallies.end()) continue;
    sum.items += found->second.items;
    sum.bytes += found->second.bytes;
  }
  return sum;
}

void Table::UpdateMeters(const TableDefinition& definition, Time now) {
  auto update = [&](uint64_t serial, const Throughput& throughput) {
    CapacityMeter::Limits read{.on_demand = definition.on_demand,
                               .units_per_second = static_cast<double>(throughput.read),
                               .initial_burst = options_.initial_burst};
    CapacityMeter::Limits write = read;
    write.units_per_second = static_cast<double>(throughput.write);
    if (definition.on_demand) {
      read.units_per_second = kOnDemandInitialReadUnits;
      write.units_per_second = kOnDemandInitialWriteUnits;
    }
    auto found = meters_.find(serial);
    if (found == meters_.end()) {
      meters_.emplace(serial, new Meters{CapacityMeter(read, now), CapacityMeter(write, now)});
    } else {
      found->second->read.SetLimits(read, now);
      found->second->write.SetLimits(write, now);
    }
  };
  update(definition.layout.serial, definition.throughput);
  for (const IndexDefinition& index : definition.indexes) {
    if (index.global) update(index.layout.serial, index.throughput);
  }
}

Table::Meters& Table::MetersOf(uint64_t serial) {
  auto found = meters_.find(serial);
  return found != meters_.end() ? *found->second : *meters_.at(serial_);
}

bool Table::AdmitsRead(uint64_t serial, Time now) {
  if (!options_.enforce_capacity) return true;
  std::lock_guard lock(mutex_);
  return MetersOf(serial).read.Admits(now);
}

void Table::TakeRead(uint64_t serial, double units, Time now) {
  std::lock_guard lock(mutex_);
  MetersOf(serial).read.Take(units, now);
}

bool Table::TryWrite(const WriteCost& cost, Time now) {
  if (!options_.enforce_capacity) return true;
  std::lock_guard lock(mutex_);
  if (!MetersOf(serial_).write.Admits(now)) return false;
  for (const auto& [serial, units] : cost.indexes) {
    if (units > 0 && !MetersOf(serial).write.Admits(now)) return false;
  }
  MetersOf(serial_).write.Take(cost.table, now);
  for (const auto& [serial, units] : cost.indexes) MetersOf(serial).write.Take(units, now);
  return true;
}

void Table::TakeWrite(const WriteCost& cost, Time now) {
  std::lock_guard lock(mutex_);
  MetersOf(serial_).write.Take(cost.table, now);
  for (const auto& [serial, units] : cost.indexes) MetersOf(serial).write.Take(units, now);
}

}  // namespace penstock::dynamodb
