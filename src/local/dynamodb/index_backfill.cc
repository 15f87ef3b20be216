#include "local/dynamodb/index_backfill.h"

#include "local/dynamodb/item_size.h"
#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {

namespace {

constexpr size_t kEntriesPerWrite = 1000;

}  // namespace

Result<Tally> BackfillIndex(KeyValue& store, Durability durability,
                            const TableDefinition& definition, const IndexDefinition& index) {
  Tally tally;
  WriteBatch batch;
  KeyRange range = definition.layout.All();
  auto iterator = store.NewIterator(range.begin, range.end);
  for (iterator->Seek(range.begin); iterator->Valid(); iterator->Next()) {
    ASSIGN_OR_RETURN(StoredItem stored, DecodeStoredItem(iterator->value()));
    ASSIGN_OR_RETURN(Item item, ParseStoredJson(stored.json));
    auto key = index.layout.Encode(item);
    if (!key) continue;
    Item entry = index.Project(item);
    tally += {1, static_cast<int64_t>(ItemSize(entry) + kStorageOverhead)};
    batch.Put(std::move(*key), EncodeStoredItem(entry, index.layout.range_name()));
    if (batch.operations.size() < kEntriesPerWrite) continue;
    RETURN_IF_ERROR(store.Write(batch, durability));
    batch.operations.clear();
  }
  RETURN_IF_ERROR(iterator->status());
  if (!batch.operations.empty()) RETURN_IF_ERROR(store.Write(batch, durability));
  return tally;
}

}  // namespace penstock::dynamodb
