#include "local/dynamodb/transaction_tokens.h"

#include <fmt/core.h>

#include "base/digest.h"
#include "base/text.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kNameSpace = "k";
constexpr std::string_view kExpirySpace = "e";
constexpr Duration kRemembered{10 * 60 * 1000};
/// So that no request pays for a crowd of others; two for each new one is enough to catch up.
constexpr int kForgottenAtOnce = 16;

std::string NameKey(std::string_view name) { return fmt::format("{}{}", kNameSpace, name); }

std::string StripePrefix(size_t stripe) {
  std::string key(kExpirySpace);
  key.push_back(static_cast<char>(stripe));
  return key;
}

std::string ExpiryPrefix(size_t stripe, Instant at) {
  auto milliseconds = static_cast<uint64_t>(at.time_since_epoch().count());
  std::string key = StripePrefix(stripe);
  for (int shift = 56; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(milliseconds >> shift));
  }
  return key;
}

}  // namespace

std::string TransactionTokens::Name(std::string_view account, std::string_view token) {
  return fmt::format("{}/{}", account, token);
}

size_t TransactionTokens::StripeOf(std::string_view name) {
  return static_cast<unsigned char>(Sha256(name)[0]) % kStripes;
}

std::unique_lock<std::mutex> TransactionTokens::Lock(const std::string& name) {
  return std::unique_lock(locks_[StripeOf(name)]);
}

Result<std::optional<std::string>> TransactionTokens::Find(const std::string& name) const {
  ASSIGN_OR_RETURN(std::optional<std::string> value, store_->Get(NameKey(name)));
  if (!value) return std::optional<std::string>();
  size_t blank = value->find(' ');
  auto expires_at = ParseInt64(std::string_view(*value).substr(0, blank));
  if (blank == std::string::npos || !expires_at) {
    return Corrupt("the token of a transaction is not readable");
  }
  if (Instant(Duration(*expires_at)) <= clock_->Now()) return std::optional<std::string>();
  return std::optional<std::string>(value->substr(blank + 1));
}

Status TransactionTokens::RecordIn(const std::string& name, std::string_view digest,
                                   WriteBatch& batch) const {
  Instant now = clock_->Now();
  const size_t stripe = StripeOf(name);
  const std::string first = StripePrefix(stripe), last = ExpiryPrefix(stripe, now);
  auto iterator = store_->NewIterator(first, last);
  int forgotten = 0;
  for (iterator->Seek(first); iterator->Valid() && forgotten < kForgottenAtOnce;
       iterator->Next(), ++forgotten) {
    std::string expiry(iterator->key());
    std::string old_name = expiry.substr(std::min(expiry.size(), last.size()));
    batch.Delete(std::move(expiry));
    // It may have been used again since.
    ASSIGN_OR_RETURN(std::optional<std::string> in_use, Find(old_name));
    if (!in_use) batch.Delete(NameKey(old_name));
  }
  RETURN_IF_ERROR(iterator->status());
  Instant expires_at = now + kRemembered;
  batch.Put(NameKey(name), fmt::format("{} {}", expires_at.time_since_epoch().count(), digest));
  batch.Put(ExpiryPrefix(stripe, expires_at) + name, "");
  return {};
}

}  // namespace penstock::dynamodb
