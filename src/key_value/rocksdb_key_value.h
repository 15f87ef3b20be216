// RocksDbKeyValue: the product's KeyValue, one RocksDB database in a folder of its own. Bloom
// filters over whole keys make a Get of an absent key cost no read; blocks are compressed with LZ4
// (Snappy, where RocksDB was built without it); every write goes through the write-ahead log, with
// an fsync for Durability::kDisk, and writers that wait together are committed together.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "ports/key_value.h"

namespace rocksdb {
class DB;
}  // namespace rocksdb

namespace penstock {

struct RocksDbOptions {
  std::string path;  // the folder; made with its parents
  size_t write_buffer_bytes = size_t{64} << 20;
  size_t block_cache_bytes = size_t{64} << 20;
};

/// Thread-safe. Errors: kResourceExhausted for a full disk (writes work again once there is room),
/// kCorrupt for damaged files, kFailedPrecondition when another process has the folder open, kIo
/// otherwise. All carry the path.
class RocksDbKeyValue final : public KeyValue {
 public:
  static Result<std::unique_ptr<RocksDbKeyValue>> Open(const RocksDbOptions& options);
  /// REQUIRES: all iterators are gone.
  ~RocksDbKeyValue() override;

  Result<std::optional<std::string>> Get(std::string_view key) override;
  Status Write(const WriteBatch& batch, Durability durability) override;
  std::unique_ptr<KeyValueIterator> NewIterator(std::string lower, std::string upper) override;

 private:
  RocksDbKeyValue(std::string path, std::unique_ptr<rocksdb::DB> db);

  const std::string path_;
  const std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace penstock
