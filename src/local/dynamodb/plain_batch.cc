#include "local/dynamodb/plain_batch.h"

#include <algorithm>

#include "base/encoding.h"

namespace penstock::dynamodb {

namespace {

class BatchReader {
 public:
  BatchReader(std::string_view text, const Caller& caller, TableCatalog& catalog)
      : cursor_(text), items_(text), caller_(caller), catalog_(catalog) {}

  bool Read(PlainBatch* batch) {
    bool has_items = false, has_report = false;
    if (!cursor_.Take('{')) return false;
    do {
      auto name = items_.String(cursor_);
      if (!name || !cursor_.Take(':')) return false;
      if (*name == "RequestItems" && !has_items) {
        has_items = true;
        if (!Tables(batch)) return false;
      } else if (*name == "ReturnConsumedCapacity" && !has_report) {
        has_report = true;
        auto report = items_.String(cursor_);
        if (!report || (*report != "NONE" && *report != "TOTAL" && *report != "INDEXES"))
          return false;
        batch->report = ReadCapacityReport(*report);
      } else {
        return false;
      }
    } while (cursor_.TakeIf(','));
    return has_items && cursor_.Take('}') && cursor_.AtEnd() && KeysDiffer(*batch);
  }

 private:
  bool Tables(PlainBatch* batch) {
    if (!cursor_.Take('{')) return false;
    do {
      auto name = items_.String(cursor_);
      if (!name || !cursor_.Take(':')) return false;
      for (const PlainPut& put : batch->puts) {
        if (put.table_name == *name) return false;
      }
      auto table = catalog_.FindForData(caller_, *name);
      if (!table || !Puts(*name, *table, batch)) return false;
    } while (cursor_.TakeIf(','));
    return cursor_.Take('}');
  }

  bool Puts(std::string_view name, const std::shared_ptr<Table>& table, PlainBatch* batch) {
    const auto definition = table->definition();
    if (!cursor_.Take('[')) return false;
    do {
      cursor_.Peek();
      const size_t begin = cursor_.offset();
      if (batch->puts.size() == kBatchWritesMax || !Opening("PutRequest") || !Opening("Item"))
        return false;
      auto item = items_.Read(cursor_, *definition);
      if (!item || !cursor_.Take('}') || !cursor_.Take('}')) return false;
      batch->puts.push_back({name, table, std::move(*item), cursor_.Since(begin)});
    } while (cursor_.TakeIf(','));
    return cursor_.Take(']');
  }

  /// `{"name":`
  bool Opening(std::string_view name) {
    if (!cursor_.Take('{')) return false;
    auto found = items_.String(cursor_);
    return found == name && cursor_.Take(':');
  }

  static bool KeysDiffer(const PlainBatch& batch) {
    std::vector<std::string_view> keys;
    keys.reserve(batch.puts.size());
    for (const PlainPut& put : batch.puts) keys.push_back(put.item.key);
    std::ranges::sort(keys);
    return std::ranges::adjacent_find(keys) == keys.end();
  }

  JsonCursor cursor_;
  PlainItemReader items_;
  const Caller& caller_;
  TableCatalog& catalog_;
};

}  // namespace

std::optional<PlainBatch> ReadPlainBatch(std::string_view text, const Caller& caller,
                                         TableCatalog& catalog) {
  PlainBatch batch;
  if (!IsValidUtf8(text) || !BatchReader(text, caller, catalog).Read(&batch)) return std::nullopt;
  return batch;
}

}  // namespace penstock::dynamodb
