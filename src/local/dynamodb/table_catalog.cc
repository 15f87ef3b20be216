#include "local/dynamodb/table_catalog.h"

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/text.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/index_backfill.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kSerialKey = "n";
constexpr std::string_view kTableSpace = "t";
constexpr std::string_view kTallySpace = "c";
constexpr size_t kSerialSize = 8;

Result<Tally> DecodeTally(std::string_view text) {
  auto pieces = Split(text, ' ');
  auto items = pieces.size() == 2 ? ParseInt64(pieces[0]) : std::nullopt;
  auto bytes = pieces.size() == 2 ? ParseInt64(pieces[1]) : std::nullopt;
  if (!items || !bytes) return Corrupt("a table's counts are not readable");
  return Tally{*items, *bytes};
}

std::vector<uint64_t> Serials(const TableDefinition& definition) {
  std::vector<uint64_t> serials = {definition.layout.serial};
  for (const IndexDefinition& index : definition.indexes) serials.push_back(index.layout.serial);
  return serials;
}

void DropContent(const KeyLayout& layout, WriteBatch& batch) {
  KeyRange items = layout.All();
  batch.DeleteRange(std::move(items.begin), std::move(items.end));
  batch.DeleteRange(TallyKey(layout.serial, 0), TallyKey(layout.serial + 1, 0));
}

}  // namespace

std::string TallyKey(uint64_t serial, size_t part) {
  return fmt::format("{}{}{}", kTallySpace, BigEndian(serial, kSerialSize),
                     static_cast<char>(part));
}

std::string EncodeTally(const Tally& tally) {
  return fmt::format("{} {}", tally.items, tally.bytes);
}

Result<std::unique_ptr<TableCatalog>> TableCatalog::Load(KeyValue* store, Clock* clock,
                                                         const DynamoDbOptions& options) {
  std::unique_ptr<TableCatalog> catalog(new TableCatalog(store, clock, options));
  RETURN_IF_ERROR(catalog->ReadAll());
  return catalog;
}

Status TableCatalog::ReadAll() {
  ASSIGN_OR_RETURN(auto serial, store_->Get(kSerialKey));
  if (serial) {
    auto number = ParseUint64(*serial);
    if (!number) return Corrupt("the table catalogue's serial number is not readable");
    next_serial_ = *number;
  }
  std::map<uint64_t, std::shared_ptr<Table>> by_serial;
  auto tables = store_->NewIterator(std::string(kTableSpace), PrefixEnd(std::string(kTableSpace)));
  for (tables->Seek(kTableSpace); tables->Valid(); tables->Next()) {
    auto definition = DecodeDefinition(tables->value());
    if (!definition) return std::move(definition).error().In("table catalogue");
    auto table =
        std::make_shared<Table>(std::make_shared<const TableDefinition>(std::move(*definition)),
                                options_, clock_->Monotonic());
    for (uint64_t number : Serials(*table->definition())) by_serial[number] = table;
    tables_.emplace(tables->key(), std::move(table));
  }
  RETURN_IF_ERROR(tables->status());
  auto tallies = store_->NewIterator(std::string(kTallySpace), PrefixEnd(std::string(kTallySpace)));
  for (tallies->Seek(kTallySpace); tallies->Valid(); tallies->Next()) {
    std::string_view key = tallies->key();
    if (key.size() != kTallySpace.size() + kSerialSize + 1)
      return Corrupt("a table's counts have an unknown key");
    const uint64_t number = FromBigEndian(key.substr(kTallySpace.size(), kSerialSize));
    const size_t part = static_cast<unsigned char>(key.back());
    auto owner = by_serial.find(number);
    if (owner == by_serial.end() || part >= Table::kCountParts) continue;
    ASSIGN_OR_RETURN(owner->second->count_part(part).tallies[number],
                     DecodeTally(tallies->value()));
  }
  return tallies->status();
}

std::string TableCatalog::Key(const Caller& caller, std::string_view name) const {
  return fmt::format("{}{}/{}/{}", kTableSpace, caller.account,
                     options_.shared_regions ? "*" : std::string_view(caller.region), name);
}

std::shared_ptr<Table> TableCatalog::Find(const Caller& caller, std::string_view name) {
  std::lock_guard lock(mutex_);
  auto found = tables_.find(Key(caller, name));
  if (found == tables_.end()) return nullptr;
  if (!found->second->StatusAt(clock_->Monotonic())) {
    tables_.erase(found);
    return nullptr;
  }
  return found->second;
}

ApiResult<std::shared_ptr<Table>> TableCatalog::FindForData(const Caller& caller,
                                                            std::string_view name) {
  std::shared_ptr<Table> table = Find(caller, name);
  auto status = table ? table->StatusAt(clock_->Monotonic()) : std::nullopt;
  if (!status || *status == TableStatus::kCreating || *status == TableStatus::kDeleting) {
    return ResourceNotFound();
  }
  return table;
}

std::vector<std::string> TableCatalog::List(const Caller& caller, std::string_view start,
                                            size_t limit, bool& more) {
  std::lock_guard lock(mutex_);
  std::string prefix = Key(caller, "");
  std::vector<std::string> names;
  more = false;
  for (auto it = tables_.upper_bound(prefix + std::string(start)); it != tables_.end(); ++it) {
    if (!it->first.starts_with(prefix)) break;
    if (!it->second->StatusAt(clock_->Monotonic())) continue;
    if (names.size() == limit) {
      more = true;
      break;
    }
    names.push_back(it->first.substr(prefix.size()));
  }
  return names;
}

void TableCatalog::NumberLayouts(TableDefinition& definition) {
  if (definition.layout.serial == 0) definition.layout.serial = next_serial_++;
  for (IndexDefinition& index : definition.indexes) {
    if (index.layout.serial == 0) index.layout.serial = next_serial_++;
  }
}

ApiResult<std::shared_ptr<Table>> TableCatalog::Create(const Caller& caller,
                                                       TableDefinition definition) {
  NumberLayouts(definition);
  WriteBatch batch;
  batch.Put(std::string(kSerialKey), std::to_string(next_serial_));
  batch.Put(Key(caller, definition.name), EncodeDefinition(definition));
  Status written = store_->Write(batch, options_.durability);
  if (!written) return InternalServerError(written.error().message);
  std::string key = Key(caller, definition.name);
  auto now = clock_->Monotonic();
  auto table = std::make_shared<Table>(
      std::make_shared<const TableDefinition>(std::move(definition)), options_, now);
  table->SetStatus(TableStatus::kCreating, now + options_.create_delay);
  std::lock_guard lock(mutex_);
  tables_.insert_or_assign(std::move(key), table);
  return table;
}

ApiResult<void> TableCatalog::Replace(const Caller& caller, Table& table,
                                      TableDefinition definition) {
  auto before = table.definition();
  uint64_t serial_before = next_serial_;
  NumberLayouts(definition);
  if (next_serial_ != serial_before) {
    // First of all, so that a crash in the midst of filling an index leaves entries that nobody
    // ever sees.
    WriteBatch batch;
    batch.Put(std::string(kSerialKey), std::to_string(next_serial_));
    Status written = store_->Write(batch, options_.durability);
    if (!written) return InternalServerError(written.error().message);
  }
  std::lock_guard alone(table.gate());
  WriteBatch batch;
  batch.Put(Key(caller, definition.name), EncodeDefinition(definition));
  for (const IndexDefinition& index : definition.indexes) {
    if (index.layout.serial < serial_before) continue;
    auto tally = BackfillIndex(*store_, options_.durability, definition, index);
    if (!tally) return InternalServerError(tally.error().message);
    constexpr size_t kPart = 0;
    std::lock_guard lock(table.count_part(kPart).mutex);
    table.count_part(kPart).tallies[index.layout.serial] = *tally;
    batch.Put(TallyKey(index.layout.serial, kPart), EncodeTally(*tally));
  }
  for (const IndexDefinition& index : before->indexes) {
    if (definition.FindIndex(index.name) != nullptr) continue;
    DropContent(index.layout, batch);
    for (size_t i = 0; i < Table::kCountParts; ++i) {
      std::lock_guard lock(table.count_part(i).mutex);
      table.count_part(i).tallies.erase(index.layout.serial);
    }
  }
  Status written = store_->Write(batch, options_.durability);
  if (!written) return InternalServerError(written.error().message);
  table.SetDefinition(std::make_shared<const TableDefinition>(std::move(definition)),
                      clock_->Monotonic());
  return {};
}

ApiResult<void> TableCatalog::Drop(const Caller& caller, const std::shared_ptr<Table>& table) {
  auto definition = table->definition();
  WriteBatch batch;
  batch.Delete(Key(caller, definition->name));
  DropContent(definition->layout, batch);
  for (const IndexDefinition& index : definition->indexes) DropContent(index.layout, batch);
  // Alone in it, nobody is between looking and writing, and whoever comes next sees that it is
  // dropped.
  std::lock_guard alone(table->gate());
  Status written = store_->Write(batch, options_.durability);
  if (!written) return InternalServerError(written.error().message);
  table->Drop();
  table->SetStatus(TableStatus::kDeleting, clock_->Monotonic() + options_.delete_delay);
  return {};
}

}  // namespace penstock::dynamodb
