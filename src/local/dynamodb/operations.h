// The operations of local DynamoDB: from a checked request to the JSON text of the answer. One .cc
// file for each group.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"
#include "local/dynamodb/dynamodb_options.h"
#include "local/dynamodb/item_locks.h"
#include "local/dynamodb/table_catalog.h"
#include "local/dynamodb/transaction_tokens.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/key_value.h"
#include "ports/random.h"

namespace penstock::dynamodb {

/// What operations work on. The pointed-to things outlive it.
struct Database {
  KeyValue* store;
  Clock* clock;
  Random* random;
  DynamoDbOptions options;
  TableCatalog* catalog;
  TransactionTokens* tokens;
  ItemLocks* locks;
};

/// One request whose body has passed CheckRequest.
struct Request {
  const Caller& caller;
  const json::Object& body;
};

using Answer = ApiResult<std::string>;

// tables.cc
Answer CreateTable(Database& database, const Request& request);
Answer DescribeTable(Database& database, const Request& request);
Answer UpdateTable(Database& database, const Request& request);
Answer DeleteTable(Database& database, const Request& request);
Answer ListTables(Database& database, const Request& request);
// table_settings.cc
Answer TagResource(Database& database, const Request& request);
Answer UntagResource(Database& database, const Request& request);
Answer ListTagsOfResource(Database& database, const Request& request);
Answer DescribeTimeToLive(Database& database, const Request& request);
Answer UpdateTimeToLive(Database& database, const Request& request);
Answer DescribeContinuousBackups(Database& database, const Request& request);
Answer UpdateContinuousBackups(Database& database, const Request& request);
Answer DescribeLimits(Database& database, const Request& request);
Answer DescribeEndpoints(Database& database, const Request& request);
// put_item.cc
Answer PutItem(Database& database, const Request& request);
Answer DeleteItem(Database& database, const Request& request);
// update_item.cc
Answer UpdateItem(Database& database, const Request& request);
// get_item.cc
Answer GetItem(Database& database, const Request& request);
// batch_get.cc
Answer BatchGetItem(Database& database, const Request& request);
// batch_write.cc
Answer BatchWriteItem(Database& database, const Request& request);
/// The same, of a body that nobody has looked at yet; nullopt: it is not plain (plain_batch.h), and
/// nothing has been done.
std::optional<Answer> BatchWriteItemIfPlain(Database& database, const Caller& caller,
                                            std::string_view body);
// transact_write.cc, transact_get.cc
Answer TransactWriteItems(Database& database, const Request& request);
Answer TransactGetItems(Database& database, const Request& request);
// query.cc, scan.cc
Answer Query(Database& database, const Request& request);
Answer Scan(Database& database, const Request& request);

}  // namespace penstock::dynamodb
