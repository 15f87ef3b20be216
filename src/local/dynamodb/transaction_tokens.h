// TransactionTokens: ClientRequestTokens that were used, so that a transaction which is sent again
// is not done again. Remembered for 10 minutes, across restarts, in the store as
//
//   'k' account '/' token               "<expires at> <digest of the request>"
//   'e' stripe (1 byte) expires at (8 bytes) account '/' token
//                                       empty: when to forget it, in milliseconds
//
// written in the same batch as what the transaction changes. Who uses a token holds the lock of its
// stripe and forgets old tokens of that stripe only: no other token can be used anew between its
// being found old and its removal.
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

  /// Which of the locks is the name's: below kStripes, and the same for ever, since it is stored.
  static size_t StripeOf(std::string_view name);

  /// To be held from Find until what RecordIn added is written: of two requests with the same token
  /// the second then finds what the first has done.
  std::unique_lock<std::mutex> Lock(const std::string& name);
  /// The digest of the request that used the token, if that is not too long ago.
  Result<std::optional<std::string>> Find(const std::string& name) const;
  /// Adds to `batch` the use of the token and the removal of some of its stripe that are forgotten.
  Status RecordIn(const std::string& name, std::string_view digest, WriteBatch& batch) const;

 private:
  static constexpr size_t kStripes = 64;

  KeyValue* const store_;
  Clock* const clock_;
  std::array<std::mutex, kStripes> locks_;
};

}  // namespace penstock::dynamodb
