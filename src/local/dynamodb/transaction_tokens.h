// TransactionTokens: ClientRequestTokens that were used, so that a transaction which is sent again
// is not done again. Remembered for 10 minutes, across restarts, in the store as
//
//   'k' account '/' token                        "<expires at> <digest of the request>"
//   'e' expires at (8 bytes) account '/' token   empty: when to forget it, in milliseconds
//
// written in the same batch as what the transaction changes.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/key_value.h"

namespace penstock::dynamodb {

/// Thread-safe. `store` and `clock` outlive it.
class TransactionTokens {
 public:
  TransactionTokens(KeyValue* store, Clock* clock) : store_(store), clock_(clock) {}

  /// "account/token".
  static std::string Name(std::string_view account, std::string_view token);

  /// To be held from Find until what RecordIn added is written: of two requests with the same token
  /// the second then finds what the first has done.
  std::unique_lock<std::mutex> Lock(const std::string& name);
  /// The digest of the request that used the token, if that is not too long ago.
  Result<std::optional<std::string>> Find(const std::string& name) const;
  /// Adds to `batch` the use of the token and the removal of some that are forgotten.
  Status RecordIn(const std::string& name, std::string_view digest, WriteBatch& batch) const;

 private:
  static constexpr size_t kLocks = 64;

  KeyValue* const store_;
  Clock* const clock_;
  std::array<std::mutex, kLocks> locks_;
};

}  // namespace penstock::dynamodb
