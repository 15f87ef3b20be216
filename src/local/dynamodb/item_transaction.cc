#include "local/dynamodb/item_transaction.h"

#include <map>
#include <mutex>

#include "base/check.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/table_catalog.h"

namespace penstock::dynamodb {

namespace {

Tally Weight(const StoredItem& item) {
  return {1, static_cast<int64_t>(item.item_size + kStorageOverhead)};
}

/// What the counts of a table or index change by.
Tally Difference(const std::optional<StoredItem>& before, const std::optional<StoredItem>& after) {
  Tally delta;
  if (after) delta = Weight(*after);
  if (before) {
    Tally old = Weight(*before);
    delta.items -= old.items;
    delta.bytes -= old.bytes;
  }
  return delta;
}

double ChangeUnits(const std::optional<StoredItem>& before,
                   const std::optional<StoredItem>& after) {
  uint64_t larger = std::max(before ? before->item_size : 0, after ? after->item_size : 0);
  return WriteUnits(larger);
}

StoredItem Decoded(std::string_view value) {
  auto decoded = DecodeStoredItem(value);
  CHECK(decoded.has_value(), "a value that was just encoded");
  return *decoded;
}

/// The counts of a table, and of its indexes, that a transaction changes.
struct TableCounts {
  Table* table = nullptr;
  std::map<uint64_t, Tally> tallies;  // by serial: the difference, and after Apply the new value
  size_t part = 0;
  std::unique_lock<std::mutex> lock;

  /// Adds the difference to a part of the counts, which stays locked.
  void Apply(WriteBatch& batch) {
    part = table->LockCountPart(&lock);
    for (auto& [serial, tally] : tallies) {
      tally += table->count_part(part).tallies[serial];
      batch.Put(TallyKey(serial, part), EncodeTally(tally));
    }
  }
  /// Now that it is written.
  void Keep() {
    for (const auto& [serial, tally] : tallies) table->count_part(part).tallies[serial] = tally;
  }
};

/// What an index holds for one item.
struct Entry {
  std::string key;
  std::string value;
};

std::optional<Entry> EntryOf(const IndexDefinition& index, const Item& item) {
  auto key = index.layout.Encode(item);
  if (!key) return std::nullopt;
  return Entry{std::move(*key), EncodeStoredItem(index.Project(item), index.layout.range_name())};
}

}  // namespace

size_t ItemTransaction::Add(std::shared_ptr<Table> table, std::string key) {
  Slot& slot = slots_.emplace_back();
  slot.table = std::move(table);
  slot.key = std::move(key);
  return slots_.size() - 1;
}

ApiResult<void> ItemTransaction::Begin() {
  std::map<uint64_t, Table*> tables;
  std::vector<std::string_view> keys;
  keys.reserve(slots_.size());
  for (const Slot& slot : slots_) {
    tables.emplace(slot.table->serial(), slot.table.get());
    keys.push_back(slot.key);
  }
  // All gates before the first item: who has items waits for nobody who waits at a gate.
  for (const auto& [serial, table] : tables) {
    gates_.emplace_back(table->gate());
    if (table->is_dropped()) return ResourceNotFound();
  }
  held_ = locks_->Lock(keys);
  for (Slot& slot : slots_) {
    auto value = store_->Get(slot.key);
    if (!value) return InternalServerError(value.error().message);
    if (!*value) continue;
    slot.old_value = std::move(**value);
    auto item = DecodeStoredItem(slot.old_value);
    if (!item) return InternalServerError(item.error().message);
    slot.old_item = *item;
  }
  return {};
}

ApiResult<Item> ItemTransaction::OldItem(size_t position) const {
  const Slot& slot = slots_[position];
  if (!slot.old_item) return Item();
  auto item = ParseStoredJson(slot.old_item->json);
  if (!item) return InternalServerError(item.error().message);
  return std::move(*item);
}

ApiResult<WriteCost> ItemTransaction::Put(size_t position, const Item& item) {
  const auto definition = slots_[position].table->definition();
  return Intend(position, EncodeStoredItem(item, definition->layout.range_name()), &item);
}

ApiResult<WriteCost> ItemTransaction::PutStored(size_t position, std::string value) {
  return Intend(position, std::move(value), nullptr);
}

ApiResult<WriteCost> ItemTransaction::Delete(size_t position) {
  return Intend(position, std::nullopt, nullptr);
}

ApiResult<WriteCost> ItemTransaction::Intend(size_t position, std::optional<std::string> value,
                                             const Item* item) {
  Slot& slot = slots_[position];
  // Only now, under the lock, is it certain which indexes there are.
  auto definition = slot.table->definition();
  Change change{.value = std::move(value)};
  WriteCost cost;
  std::optional<StoredItem> after;
  if (change.value) after = Decoded(*change.value);
  cost.table = ChangeUnits(slot.old_item, after);
  change.counts.push_back({definition->layout.serial, Difference(slot.old_item, after)});
  if (!definition->indexes.empty()) {
    std::optional<Item> parsed;
    if (after && item == nullptr) {
      auto read = ParseStoredJson(after->json);
      if (!read) return InternalServerError(read.error().message);
      item = &parsed.emplace(std::move(*read));
    }
    RETURN_IF_ERROR(ChangeIndexes(slot, *definition, item, change, cost));
  }
  slot.change = std::move(change);
  return cost;
}

ApiResult<void> ItemTransaction::ChangeIndexes(Slot& slot, const TableDefinition& definition,
                                               const Item* item, Change& change, WriteCost& cost) {
  ASSIGN_OR_RETURN(Item old_item, OldItem(static_cast<size_t>(&slot - slots_.data())));
  for (const IndexDefinition& index : definition.indexes) {
    auto before = slot.old_item ? EntryOf(index, old_item) : std::nullopt;
    auto after = item != nullptr ? EntryOf(index, *item) : std::nullopt;
    auto size_before = before ? std::optional(Decoded(before->value)) : std::nullopt;
    auto size_after = after ? std::optional(Decoded(after->value)) : std::nullopt;
    double units = 0;
    if (before && after && before->key == after->key) {
      if (before->value == after->value) continue;
      units = ChangeUnits(size_before, size_after);
    } else {
      if (before) {
        units += ChangeUnits(size_before, std::nullopt);
        change.index_writes.Delete(before->key);
      }
      if (after) units += ChangeUnits(std::nullopt, size_after);
    }
    if (after) change.index_writes.Put(std::move(after->key), std::move(after->value));
    if (units > 0) {
      cost.indexes.emplace_back(index.layout.serial, units);
      change.counts.push_back({index.layout.serial, Difference(size_before, size_after)});
    }
  }
  return {};
}

void ItemTransaction::AddWrites(WriteBatch writes) {
  for (auto& operation : writes.operations) {
    other_writes_.operations.push_back(std::move(operation));
  }
}

ApiResult<void> ItemTransaction::Commit() {
  WriteBatch batch = std::move(other_writes_);
  batch.operations.reserve(batch.operations.size() + slots_.size() + 1);
  std::map<uint64_t, TableCounts> tables;  // by the table's serial, in which order they are locked
  for (Slot& slot : slots_) {
    if (!slot.change) continue;
    TableCounts& counts = tables[slot.table->serial()];
    counts.table = slot.table.get();
    for (const CountChange& count : slot.change->counts)
      counts.tallies[count.serial] += count.delta;
    if (slot.change->value) {
      batch.Put(std::move(slot.key), *std::move(slot.change->value));
    } else if (slot.old_item) {
      batch.Delete(std::move(slot.key));
    }
    for (auto& operation : slot.change->index_writes.operations) {
      batch.operations.push_back(std::move(operation));
    }
  }
  for (auto& [serial, counts] : tables) {
    std::erase_if(counts.tallies, [](const auto& tally) { return tally.second == Tally(); });
    if (!counts.tallies.empty()) counts.Apply(batch);
  }
  if (!batch.operations.empty()) {
    Status written = store_->Write(batch, durability_);
    if (!written) return InternalServerError(written.error().message);
    for (auto& [serial, counts] : tables) counts.Keep();
  }
  held_.clear();
  gates_.clear();
  return {};
}

}  // namespace penstock::dynamodb
