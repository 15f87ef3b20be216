// TableCatalog: which tables there are, by account, region and name. Kept in the store as
//
//   'n'                                       the next serial number, decimal
//   't' account '/' region '/' name           a TableDefinition (table_definition.h)
//   'c' serial (8 bytes) part (1 byte)        a CountPart's Tally: "items bytes", in decimals
//
// beside the items (key_codec.h) and the tokens of transactions (transaction_tokens.h). Region is
// "*" where all regions are one name space.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "local/dynamodb/dynamodb_options.h"
#include "local/dynamodb/table.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

/// The store's key of a part of the counts.
std::string TallyKey(uint64_t serial, size_t part);
std::string EncodeTally(const Tally& tally);

/// Thread-safe. Control operations run one at a time; they are rare. What it points to outlives it.
class TableCatalog {
 public:
  /// Reads all tables; they are all ACTIVE.
  static Result<std::unique_ptr<TableCatalog>> Load(KeyValue* store, Clock* clock,
                                                    const DynamoDbOptions& options);

  /// The caller's table, in any status; nullptr if there is none.
  std::shared_ptr<Table> Find(const Caller& caller, std::string_view name);
  /// For data operations: also refuses tables that are being made or deleted.
  ApiResult<std::shared_ptr<Table>> FindForData(const Caller& caller, std::string_view name);
  /// At most `limit` names after `start`, sorted; `more` tells whether there are others.
  std::vector<std::string> List(const Caller& caller, std::string_view start, size_t limit,
                                bool& more);

  /// Makes the table CREATING. Serial numbers of the definition and its indexes are filled in here.
  ApiResult<std::shared_ptr<Table>> Create(const Caller& caller, TableDefinition definition);
  /// Durably replaces the definition: fills indexes that are new (their serial number is 0) and
  /// empties those that are gone. Writers wait meanwhile.
  ApiResult<void> Replace(const Caller& caller, Table& table, TableDefinition definition);
  /// Removes the table and all that is in it; it is DELETING for a while.
  ApiResult<void> Drop(const Caller& caller, const std::shared_ptr<Table>& table);

  /// Held by a control operation from its look at a table to its change.
  std::unique_lock<std::mutex> LockControl() { return std::unique_lock(control_mutex_); }

 private:
  TableCatalog(KeyValue* store, Clock* clock, const DynamoDbOptions& options)
      : store_(store), clock_(clock), options_(options) {}
  Status ReadAll();
  std::string Key(const Caller& caller, std::string_view name) const;
  void NumberLayouts(TableDefinition& definition);

  KeyValue* const store_;
  Clock* const clock_;
  const DynamoDbOptions options_;
  std::mutex control_mutex_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Table>, std::less<>> tables_;  // by the store's key
  uint64_t next_serial_ = 1;                                           // guarded by control_mutex_
};

}  // namespace penstock::dynamodb
