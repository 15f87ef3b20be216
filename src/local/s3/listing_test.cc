// Listing against a model: a std::set of keys, folded one at a time.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "key_value/memory_key_value.h"
#include "local/s3/index_key.h"
#include "local/s3/object_store.h"

namespace penstock {
namespace {

struct Entries {
  std::vector<std::string> keys, prefixes;
  bool truncated = false;
  std::string last;
  bool operator==(const Entries&) const = default;
};

// The definition: every key gives an entry, itself or its common prefix; entries after `after`,
// without repeats, in order.
Entries ModelList(const std::set<std::string>& keys, const ListQuery& query) {
  Entries page;
  std::string previous;
  for (const std::string& key : keys) {
    if (!key.starts_with(query.prefix)) continue;
    size_t at = query.delimiter.empty() ? std::string::npos
                                        : key.find(query.delimiter, query.prefix.size());
    bool folded = at != std::string::npos;
    std::string entry = folded ? key.substr(0, at + query.delimiter.size()) : key;
    if (entry <= query.after) continue;
    if (folded && !page.prefixes.empty() && page.prefixes.back() == entry) continue;
    if (page.keys.size() + page.prefixes.size() == query.count_max) {
      page.truncated = query.count_max > 0;
      break;
    }
    (folded ? page.prefixes : page.keys).push_back(entry);
    page.last = entry;
  }
  return page;
}

// Few letters, so that prefixes, delimiters and markers meet.
rc::Gen<std::string> Key() {
  return rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::element('a', 'b', '/', '/', '\xC3', '\0')));
}

RC_GTEST_PROP(ListingProperty, EqualsTheModel, ()) {
  const auto keys = *rc::gen::container<std::set<std::string>>(Key());
  ListQuery query;
  query.prefix = *rc::gen::oneOf(rc::gen::just(std::string()), Key());
  query.delimiter =
      *rc::gen::element(std::string(), std::string("/"), std::string("a"), std::string("//"));
  query.after = *rc::gen::oneOf(rc::gen::just(std::string()), Key());
  query.count_max = static_cast<size_t>(*rc::gen::inRange(0, 6));

  MemoryKeyValue index;
  WriteBatch batch;
  ObjectRecord record;
  for (const std::string& key : keys) batch.Put(index_key::Object("bucket", key), Encode(record));
  batch.Put(index_key::Object("bucke", "before"), Encode(record));
  batch.Put(index_key::Object("bucket2", "after"), Encode(record));
  RC_ASSERT(index.Write(batch, Durability::kProcess).has_value());
  Storage storage(&index, nullptr);
  ObjectStore store(&storage);

  // Page by page, as a client walks.
  for (int pages = 0; pages < 1000; ++pages) {
    auto page = store.List("bucket", query);
    RC_ASSERT(page.has_value());
    Entries got{{}, page->common_prefixes, page->truncated, page->last};
    for (const ListedObject& object : page->objects) got.keys.push_back(object.key);
    RC_ASSERT(got == ModelList(keys, query));
    if (!page->truncated) return;
    query.after = page->last;
  }
  RC_FAIL("the walk does not end");
}

}  // namespace
}  // namespace penstock
