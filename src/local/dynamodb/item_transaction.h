// ItemTransaction: reads, decides and writes some items of one or several tables as one step.
// Items, index entries and counts become durable in one batch.
#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "base/fair_shared_mutex.h"
#include "local/dynamodb/item_locks.h"
#include "local/dynamodb/stored_item.h"
#include "local/dynamodb/table.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

/// One thread, one use: Add…, Begin, then Put/Delete/Cancel by position, Commit. Without a Commit
/// it lets go of its locks when destroyed.
class ItemTransaction {
 public:
  ItemTransaction(KeyValue* store, ItemLocks* locks, Durability durability)
      : store_(store), locks_(locks), durability_(durability) {}

  /// The item's position. REQUIRES: no other item of this transaction has the same key.
  size_t Add(std::shared_ptr<Table> table, std::string key);
  /// Locks all items (in an order that all transactions share) and reads them. ResourceNotFound: a
  /// table has been deleted.
  ApiResult<void> Begin();

  /// The item as it was; views live as long as the transaction.
  const std::optional<StoredItem>& old_item(size_t position) const {
    return slots_[position].old_item;
  }
  /// Parsed; empty if there was none.
  ApiResult<Item> OldItem(size_t position) const;

  /// Intends a change and says what it costs. REQUIRES: the item has that key.
  ApiResult<WriteCost> Put(size_t position, const Item& item);
  /// The same of an item as it is stored (stored_item.h), made before there were locks.
  ApiResult<WriteCost> PutStored(size_t position, std::string value);
  ApiResult<WriteCost> Delete(size_t position);
  void Cancel(size_t position) { slots_[position].change.reset(); }

  /// Something else that is to become durable together with the items.
  void AddWrites(WriteBatch writes);
  /// Lets go of the locks as well.
  ApiResult<void> Commit();

 private:
  struct CountChange {
    uint64_t serial;
    Tally delta;
  };
  struct Change {
    std::optional<std::string> value;  // none: delete
    WriteBatch index_writes;
    std::vector<CountChange> counts;
  };
  struct Slot {
    std::shared_ptr<Table> table;
    std::string key;
    std::string old_value;
    std::optional<StoredItem> old_item;  // views into old_value
    std::optional<Change> change;
  };

  /// `value`: of the item as it is to be; none: delete. `item`: the same, if it is at hand.
  ApiResult<WriteCost> Intend(size_t position, std::optional<std::string> value, const Item* item);
  ApiResult<void> ChangeIndexes(Slot& slot, const TableDefinition& definition, const Item* item,
                                Change& change, WriteCost& cost);

  KeyValue* const store_;
  ItemLocks* const locks_;
  const Durability durability_;
  // old_item's views must not move, so it is filled only once the slots are complete.
  std::vector<Slot> slots_;
  WriteBatch other_writes_;
  std::vector<std::shared_lock<FairSharedMutex>> gates_;
  ItemLocks::Held held_;
};

}  // namespace penstock::dynamodb
