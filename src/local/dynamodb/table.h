// Table: one table at work: its definition at this moment, its status, its counts, its capacity.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/fair_shared_mutex.h"
#include "local/dynamodb/capacity.h"
#include "local/dynamodb/dynamodb_options.h"
#include "local/dynamodb/table_definition.h"

namespace penstock::dynamodb {

enum class TableStatus : uint8_t { kCreating, kActive, kUpdating, kDeleting };
std::string_view TableStatusName(TableStatus status);  // "CREATING" …

/// Items and bytes (as billed, with storage overhead) of a table or index.
struct Tally {
  int64_t items = 0, bytes = 0;
  bool operator==(const Tally&) const = default;
  Tally& operator+=(const Tally& other) {
    items += other.items;
    bytes += other.bytes;
    return *this;
  }
};

/// What a write costs: the table's units, and those of each index it touches, by the index's
/// serial.
struct WriteCost {
  double table = 0;
  std::vector<std::pair<uint64_t, double>> indexes;
};

/// Thread-safe. Shared by the catalogue and by the requests at work on it.
class Table {
 public:
  /// A part of the counts. It is written in the same batch as the items that it counts, by who
  /// holds its lock: so the counts are exact after any crash, and writers need not wait for each
  /// other. Only the sum of all parts means anything.
  struct CountPart {
    std::mutex mutex;
    std::map<uint64_t, Tally> tallies;  // by serial of the table or index; may be negative
  };
  static constexpr size_t kCountParts = 32;

  using Time = std::chrono::nanoseconds;  // Clock::Monotonic()

  Table(std::shared_ptr<const TableDefinition> definition, const DynamoDbOptions& options,
        Time now);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  uint64_t serial() const { return serial_; }

  /// The definition as it is now; it never changes once given out.
  std::shared_ptr<const TableDefinition> definition() const;
  /// Replaces it and brings the capacity in line.
  void SetDefinition(std::shared_ptr<const TableDefinition> definition, Time now);

  /// Status is a function of time. nullopt: gone.
  std::optional<TableStatus> StatusAt(Time now) const;
  void SetStatus(TableStatus status, Time until);

  /// Shared by who writes items, held alone by who changes what the table is.
  FairSharedMutex& gate() { return gate_; }
  /// Whether the table has been deleted: nothing may be written any more. REQUIRES: the gate is
  /// held; to drop it, alone.
  bool is_dropped() const { return is_dropped_; }
  void Drop() { is_dropped_ = true; }

  CountPart& count_part(size_t index) { return count_parts_[index]; }
  /// A part that nobody holds, if there is one, and its lock.
  size_t LockCountPart(std::unique_lock<std::mutex>* lock);
  Tally Count(uint64_t serial);

  // Capacity. `serial` is the table's or a global index's; a local index draws on its table.
  bool AdmitsRead(uint64_t serial, Time now);
  void TakeRead(uint64_t serial, double units, Time now);
  /// Takes all of it if every meter it touches admits, else nothing. False: throttled.
  bool TryWrite(const WriteCost& cost, Time now);
  /// Takes it in any case: for writes that failed after they were admitted.
  void TakeWrite(const WriteCost& cost, Time now);

 private:
  struct Meters {
    CapacityMeter read, write;
  };
  void UpdateMeters(const TableDefinition& definition, Time now);
  /// REQUIRES: mutex_ is held.
  Meters& MetersOf(uint64_t serial);

  const uint64_t serial_;
  const DynamoDbOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TableDefinition> definition_;
  TableStatus status_ = TableStatus::kActive;
  Time status_until_{0};
  std::map<uint64_t, std::unique_ptr<Meters>>
      meters_;  // of the table and its global indexes; never removed
  FairSharedMutex gate_;
  bool is_dropped_ = false;
  std::array<CountPart, kCountParts> count_parts_;
};

}  // namespace penstock::dynamodb
