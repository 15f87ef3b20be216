#include "transfer/scan_page.h"

#include "base/encoding.h"

namespace penstock {
namespace {

void AddCapacity(const json::Value& value, ConsumedCapacity* sum) {
  if (!value.is_object()) return;
  auto units = json::OptionalDouble(value.get_object(), "CapacityUnits");
  if (!units || !*units) return;
  double own = **units;
  const json::Value* indexes = json::Find(value.get_object(), "GlobalSecondaryIndexes");
  // A write that touches no index is broken down too: into the table alone.
  bool is_broken_down = indexes != nullptr || json::Find(value.get_object(), "Table") != nullptr;
  if (is_broken_down && !sum->indexes) sum->indexes.emplace();
  if (indexes != nullptr && indexes->is_object()) {
    for (const auto& [name, index] : indexes->get_object()) {
      if (!index.is_object()) continue;
      auto index_units = json::OptionalDouble(index.get_object(), "CapacityUnits");
      if (!index_units || !*index_units) continue;
      (*sum->indexes)[std::string(name)] += **index_units;
      own -= **index_units;
    }
  }
  sum->units = std::max(sum->units, 0.0) + std::max(0.0, own);
}

/// The array of items, the cursor at its '['. A failure of `each` is left in `*failed`.
bool ReadItems(JsonCursor& cursor, ItemReader& reader, Item* item,
               const std::function<Status(const Item&)>& each, uint64_t* count, Status* failed) {
  if (!cursor.Take('[')) return false;
  if (cursor.TakeIf(']')) return true;
  do {
    if (!reader.Read(cursor, item)) return false;
    ++*count;
    if (*failed = each(*item); !*failed) return false;
  } while (cursor.TakeIf(','));
  return cursor.Take(']');
}

}  // namespace

ConsumedCapacity ReadConsumedCapacity(std::string_view json_text) {
  auto value = json::Parse(json_text);
  return value ? ReadConsumedCapacity(*value) : ConsumedCapacity();
}

ConsumedCapacity ReadConsumedCapacity(const json::Value& value) {
  ConsumedCapacity sum;
  if (value.is_array()) {
    for (const json::Value& element : value.get_array()) AddCapacity(element, &sum);
  } else {
    AddCapacity(value, &sum);
  }
  return sum;
}

Result<ScanPage> ReadScanPage(std::string_view body, ItemReader& reader, Item* item,
                              const std::function<Status(const Item&)>& each) {
  if (!IsValidUtf8(body)) return Corrupt("the answer to Scan is not valid UTF-8");
  ScanPage page;
  JsonCursor cursor(body);
  Status failed;
  bool has_items = false;
  auto read = [&] {
    if (!cursor.Take('{')) return false;
    if (cursor.TakeIf('}')) return true;
    do {
      std::string_view name, value;
      if (cursor.Peek() != '"') return cursor.Fail("expected a member name");
      if (!cursor.Skip(&name) || !cursor.Take(':')) return false;
      if (name == "\"Items\"") {
        has_items = true;
        if (!ReadItems(cursor, reader, item, each, &page.items, &failed)) return false;
        continue;
      }
      if (!cursor.Skip(&value)) return false;
      if (name == "\"LastEvaluatedKey\"" && value != "null" && value != "{}")
        page.last_evaluated_key = value;
      if (name == "\"ConsumedCapacity\"") page.consumed_units = ReadConsumedCapacity(value).units;
    } while (cursor.TakeIf(','));
    return cursor.Take('}') && (cursor.AtEnd() || cursor.Fail("text after the answer"));
  };
  if (!read()) {
    if (!failed) return failed.error();
    return Corrupt(fmt::format("the answer to Scan cannot be read at byte {}: {}", cursor.offset(),
                               cursor.error()));
  }
  if (!has_items) return Corrupt("the answer to Scan has no Items");
  return page;
}

}  // namespace penstock
