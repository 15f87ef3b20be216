#include "local/dynamodb/item_transaction.h"

#include <algorithm>
#include <map>
#include <tuple>

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

size_t ItemTransaction::Add(std::shared_ptr<Table> table, std::string key, std::string value) {
  Slot& slot = slots_.emplace_back();
  slot.table = std::move(table);
  slot.key = std::move(key);
  slot.value = std::move(value);
  return slots_.size() - 1;
}

ApiResult<void> ItemTransaction::Begin() {
  std::vector<std::tuple<uint64_t, size_t, Table*>> stripes;
  for (const Slot& slot : slots_) {
    stripes.emplace_back(slot.table->serial(), Table::StripeOf(slot.key), slot.table.get());
  }
  std::sort(stripes.begin(), stripes.end());
  stripes.erase(std::unique(stripes.begin(), stripes.end()), stripes.end());
  // Two batches of a table meet in some stripe. They wait for each other once, here, rather than
  // again and again with stripes in hand, for which others wait in turn.
  for (auto first = stripes.begin(); first != stripes.end();) {
    Table* const table = std::get<Table*>(*first);
    auto last = std::find_if(first, stripes.end(),
                             [&](const auto& stripe) { return std::get<Table*>(stripe) != table; });
    if (static_cast<size_t>(last - first) > Table::kStripes / 4)
      locks_.emplace_back(table->batches());
    first = last;
  }
  for (const auto& [serial, index, table] : stripes) {
    Table::Stripe& stripe = table->stripe(index);
    locks_.emplace_back(stripe.mutex);
    if (stripe.dropped) return ResourceNotFound();
  }
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
  return Intend(position, &item);
}

ApiResult<WriteCost> ItemTransaction::Delete(size_t position) { return Intend(position, nullptr); }

ApiResult<WriteCost> ItemTransaction::Intend(size_t position, const Item* item) {
  Slot& slot = slots_[position];
  // Only now, under the lock, is it certain which indexes there are.
  auto definition = slot.table->definition();
  Change change;
  WriteCost cost;
  std::optional<StoredItem> after;
  if (item != nullptr) {
    change.value = slot.value.empty() ? EncodeStoredItem(*item, definition->layout.range_name())
                                      : std::move(slot.value);
    after = Decoded(*change.value);
  }
  cost.table = ChangeUnits(slot.old_item, after);
  change.counts.push_back({definition->layout.serial, Difference(slot.old_item, after)});
  if (!definition->indexes.empty()) {
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
  std::map<std::tuple<Table*, size_t, uint64_t>, Tally> tallies;  // as they will be
  std::map<Table*, size_t> counting;  // a stripe of each table that is locked: it counts for all
  for (Slot& slot : slots_) {
    if (!slot.change) continue;
    const size_t stripe =
        counting.try_emplace(slot.table.get(), Table::StripeOf(slot.key)).first->second;
    for (const CountChange& count : slot.change->counts) {
      auto [it, is_new] = tallies.try_emplace({slot.table.get(), stripe, count.serial});
      if (is_new) it->second = slot.table->stripe(stripe).tallies[count.serial];
      it->second.items += count.delta.items;
      it->second.bytes += count.delta.bytes;
    }
    if (slot.change->value) {
      batch.Put(std::move(slot.key), *std::move(slot.change->value));
    } else if (slot.old_item) {
      batch.Delete(std::move(slot.key));
    }
    for (auto& operation : slot.change->index_writes.operations) {
      batch.operations.push_back(std::move(operation));
    }
  }
  for (auto it = tallies.begin(); it != tallies.end();) {
    const auto& [table, stripe, serial] = it->first;
    if (table->stripe(stripe).tallies[serial] == it->second) {
      it = tallies.erase(it);
      continue;
    }
    batch.Put(TallyKey(serial, stripe), EncodeTally(it->second));
    ++it;
  }
  if (batch.operations.empty()) {
    locks_.clear();
    return {};
  }
  Status written = store_->Write(batch, durability_);
  if (!written) return InternalServerError(written.error().message);
  for (const auto& [where, tally] : tallies) {
    const auto& [table, stripe, serial] = where;
    table->stripe(stripe).tallies[serial] = tally;
  }
  locks_.clear();
  return {};
}

}  // namespace penstock::dynamodb
