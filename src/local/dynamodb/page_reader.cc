#include "local/dynamodb/page_reader.h"

#include "local/dynamodb/capacity.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_size.h"
#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {

namespace {

/// Adds one item to the page, if it passes the filter.
ApiResult<void> Take(const PageRequest& request, std::string_view json, Page& page) {
  Item item;
  if (request.filter != nullptr || (request.projection != nullptr && !request.count_only)) {
    auto parsed = ParseStoredJson(json);
    if (!parsed) return InternalServerError(parsed.error().message);
    item = std::move(*parsed);
  }
  if (request.filter != nullptr && !Matches(*request.filter, item)) return {};
  ++page.count;
  if (request.count_only) return {};
  if (!page.items.empty()) page.items.push_back(',');
  if (request.projection != nullptr) {
    AppendJson(Project(*request.projection, item), page.items);
  } else {
    page.items += json;
  }
  return {};
}

/// The table's whole item that an index entry stands for.
ApiResult<std::string> Fetch(KeyValue& store, const KeyLayout& table, const KeyLayout& index,
                             std::string_view entry_key) {
  auto keys = index.Decode(entry_key);
  auto key = keys ? table.Encode(*keys) : std::nullopt;
  if (!key) return InternalServerError("an index entry has an unreadable key");
  auto value = store.Get(*key);
  if (!value) return InternalServerError(value.error().message);
  return std::move(*value).value_or("");
}

}  // namespace

ApiResult<Page> ReadPage(KeyValue& store, const KeyLayout& layout, const PageRequest& request) {
  Page page;
  KeyRange range = request.range;
  if (request.start_after) {
    if (request.forward) {
      // The key that follows directly: no stored key lies between.
      range.begin = std::max(range.begin, *request.start_after + '\0');
    } else {
      range.end = std::min(range.end, *request.start_after);
    }
  }
  if (range.begin >= range.end) return page;
  auto iterator = store.NewIterator(range.begin, range.end);
  if (request.forward) {
    iterator->Seek(range.begin);
  } else {
    iterator->SeekForPrevious(range.end);
    // The end itself is outside.
    if (iterator->Valid() && iterator->key() >= range.end) iterator->Previous();
  }
  uint64_t page_size = 0;
  bool full = false;
  std::string last_key;
  for (; iterator->Valid() && !full; request.forward ? iterator->Next() : iterator->Previous()) {
    auto stored = DecodeStoredItem(iterator->value());
    if (!stored) return InternalServerError(stored.error().message);
    ++page.scanned;
    page.bytes += stored->item_size;
    page_size += stored->page_size;
    if (request.fetch_from != nullptr) {
      ASSIGN_OR_RETURN(std::string value,
                       Fetch(store, *request.fetch_from, layout, iterator->key()));
      // The item may have gone since this view was taken.
      if (!value.empty()) {
        auto whole = DecodeStoredItem(value);
        if (!whole) return InternalServerError(whole.error().message);
        page.fetch_units += ReadUnits(whole->item_size, true);
        RETURN_IF_ERROR(Take(request, whole->json, page));
      }
    } else {
      RETURN_IF_ERROR(Take(request, stored->json, page));
    }
    full = page_size >= kPageSizeMax ||
           (request.limit && page.scanned >= static_cast<uint64_t>(*request.limit));
    if (full) last_key = iterator->key();
  }
  if (Status status = iterator->status(); !status)
    return InternalServerError(status.error().message);
  if (full) {
    page.last_key = layout.Decode(last_key);
    if (!page.last_key) return InternalServerError("a stored item has an unreadable key");
  }
  return page;
}

}  // namespace penstock::dynamodb
