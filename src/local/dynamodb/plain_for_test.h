// Holds the two ways of a BatchWriteItem, with and without a tree, against each other.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "local/dynamodb/dynamodb_for_test.h"

namespace penstock::dynamodb {

/// Two databases, alike, that are told the same; to one of them it is said in a way that is not
/// plain. Each has a table "Plain" with a partition key "pk" (S) and a sort key "sk" (N).
class BothWays {
 public:
  BothWays() {
    for (TestDynamoDb* database : {&plain_, &tree_}) database->MakeTable("Plain", "N");
  }

  /// `requests`: the elements of a batch's list. Whether answers and everything stored are equal.
  bool Agree(std::string_view requests) {
    const std::string body = "\"RequestItems\":{\"Plain\":[" + std::string(requests) +
                             "]},\"ReturnConsumedCapacity\":\"TOTAL\"}";
    const HttpResponse one = plain_.Send("BatchWriteItem", "{" + body);
    // A member that the API does not know is dropped, but not by who reads only what is plain.
    const HttpResponse other = tree_.Send("BatchWriteItem", "{\"Unknown\":1," + body);
    status_ = one.status;
    return one.status == other.status && one.body == other.body &&
           plain_.store.Content() == tree_.store.Content();
  }
  /// The last one's.
  int status() const { return status_; }

 private:
  TestDynamoDb plain_{DynamoDbOptions{.enforce_capacity = false}};
  TestDynamoDb tree_{DynamoDbOptions{.enforce_capacity = false}};
  int status_ = 0;
};

}  // namespace penstock::dynamodb
