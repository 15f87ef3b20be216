#include "local/dynamodb/table.h"

#include <functional>
#include <thread>

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

size_t Table::LockCountPart(std::unique_lock<std::mutex>* lock) {
  for (size_t i = 0; i < kCountParts; ++i) {
    *lock = std::unique_lock(count_parts_[i].mutex, std::try_to_lock);
    if (*lock) return i;
  }
  const size_t any = std::hash<std::thread::id>{}(std::this_thread::get_id()) % kCountParts;
  *lock = std::unique_lock(count_parts_[any].mutex);
  return any;
}

Tally Table::Count(uint64_t serial) {
  Tally sum;
  for (CountPart& part : count_parts_) {
    std::lock_guard lock(part.mutex);
    auto found = part.tallies.find(serial);
    if (found != part.tallies.end()) sum += found->second;
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
