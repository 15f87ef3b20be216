// An ordered map of byte strings that survives a crash. RocksDB in the product, std::map in tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock {

/// What is written together: all of it or nothing. Applied in order. Value type.
struct WriteBatch {
  enum class Kind { kPut, kDelete, kDeleteRange };
  struct Operation {
    Kind kind;
    std::string key;
    std::string value;  // kPut: the value; kDeleteRange: the end, exclusive
  };
  std::vector<Operation> operations;

  void Put(std::string key, std::string value) {
    operations.push_back({Kind::kPut, std::move(key), std::move(value)});
  }
  void Delete(std::string key) { operations.push_back({Kind::kDelete, std::move(key), {}}); }
  void DeleteRange(std::string begin, std::string end) {
    operations.push_back({Kind::kDeleteRange, std::move(begin), std::move(end)});
  }
};

enum class Durability {
  kProcess,  // survives kill -9
  kDisk,     // survives power loss
};

/// Walks keys in byte order over one consistent view, taken when it was made. One thread at a time.
class KeyValueIterator {
 public:
  virtual ~KeyValueIterator() = default;
  virtual void Seek(std::string_view key) = 0;             // first key >= `key`
  virtual void SeekForPrevious(std::string_view key) = 0;  // last key <= `key`
  virtual void Next() = 0;
  virtual void Previous() = 0;
  virtual bool Valid() const = 0;
  /// Views live until the iterator moves. REQUIRES: Valid().
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  /// An error that made Valid() false, as against the end of the data. Ask after a walk.
  virtual Status status() const = 0;
};

/// Thread-safe.
class KeyValue {
 public:
  virtual ~KeyValue() = default;
  virtual Result<std::optional<std::string>> Get(std::string_view key) = 0;
  virtual Status Write(const WriteBatch& batch, Durability durability) = 0;
  /// Keys in [lower, upper); an empty `upper` means no bound. Not positioned yet.
  virtual std::unique_ptr<KeyValueIterator> NewIterator(std::string lower = {},
                                                        std::string upper = {}) = 0;
};

/// The first key after all keys with this prefix; empty if there is none (prefix all 0xFF).
inline std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) prefix.pop_back();
  if (!prefix.empty())
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace penstock
