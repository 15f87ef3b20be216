// ReturnItemCollectionMetrics: how large the collections (all items with one partition key, in a
// table with local indexes) are that a request wrote to.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
#pragma once

#include <map>
#include <string>
#include <vector>

#include "local/dynamodb/answer.h"
#include "local/dynamodb/table.h"

namespace penstock::dynamodb {

bool WantsCollectionMetrics(const Request& request);

/// The collections that one request wrote to. Sizes are not kept by collection: the estimate's
/// upper bound is the size of the whole table with its local indexes.
class CollectionMetrics {
 public:
  /// `item` has at least the key. Nothing is added for a table without local indexes. REQUIRES:
  /// this thread holds no part of the table's counts.
  void Add(Table& table, const Item& item);
  /// {"table":[{…},…],…}
  std::string ByTable() const;
  /// The only one, or empty. REQUIRES: at most one was added.
  std::string Single() const;

 private:
  std::map<std::string, std::vector<std::string>> tables_;
};

/// The member of an answer about one item, if the request wants it.
void AddCollectionMetrics(const Request& request, Table& table, const Item& item,
                          ObjectWriter& answer);

}  // namespace penstock::dynamodb
