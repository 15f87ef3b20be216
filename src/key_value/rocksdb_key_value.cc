#include "key_value/rocksdb_key_value.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace penstock {
namespace {

constexpr int kBloomBitsPerKey = 10;  // about 1 % false positives
// Of a write buffer, for its filter: a Get of a key that it does not have need not search it.
constexpr double kBufferFilterShare = 0.02;
constexpr size_t kInfoLogBytes = size_t{1} << 20;
constexpr size_t kInfoLogsKept = 2;
constexpr int kOpenFilesMax = 512;  // tables beyond it are opened when they are read

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Error ToError(const rocksdb::Status& status, const std::string& path) {
  std::string message = path + ": " + status.ToString();
  if (status.IsNoSpace()) return ResourceExhausted(message + "; make room on the disk");
  if (status.IsCorruption()) return Corrupt(message + "; restore this folder from a backup");
  if (status.IsTimedOut() || status.IsBusy() || status.IsTryAgain()) return Unavailable(message);
  return IoError(message);
}

rocksdb::CompressionType BestCompression() {
  std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  for (rocksdb::CompressionType type : {rocksdb::kLZ4Compression, rocksdb::kSnappyCompression}) {
    if (std::find(supported.begin(), supported.end(), type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::Options ToRocksDb(const RocksDbOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.whole_key_filtering = true;
  // Counted against the cache, so that memory stays bounded however large the data grows.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  // RocksDB's CRC-32C is slow where it was built for any x86-64, as Debian's is.
  table.checksum = rocksdb::kXXH3;

  rocksdb::Options result;
  result.create_if_missing = true;
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  result.compression = BestCompression();
  result.write_buffer_size = options.write_buffer_bytes;
  // Of writers that wait together, the first writes for all: to wake each of them for its own part
  // costs more than it saves where batches are small.
  result.allow_concurrent_memtable_write = false;
  result.memtable_whole_key_filtering = true;
  result.memtable_prefix_bloom_size_ratio = kBufferFilterShare;
  result.level_compaction_dynamic_level_bytes = true;
  result.max_open_files = kOpenFilesMax;
  result.max_log_file_size = kInfoLogBytes;
  result.keep_log_file_num = kInfoLogsKept;
  result.info_log_level = rocksdb::WARN_LEVEL;
  return result;
}

class RocksDbIterator final : public KeyValueIterator {
 public:
  RocksDbIterator(rocksdb::DB& db, const std::string& path, std::string lower, std::string upper)
      : path_(path), lower_(std::move(lower)), upper_(std::move(upper)) {
    rocksdb::ReadOptions options;
    // RocksDB keeps pointers to the bounds: they are members for that reason.
    lower_slice_ = ToSlice(lower_);
    upper_slice_ = ToSlice(upper_);
    if (!lower_.empty()) options.iterate_lower_bound = &lower_slice_;
    if (!upper_.empty()) options.iterate_upper_bound = &upper_slice_;
    iterator_.reset(db.NewIterator(options));
  }

  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekForPrevious(std::string_view key) override { iterator_->SeekForPrev(ToSlice(key)); }
  void Next() override { iterator_->Next(); }
  void Previous() override { iterator_->Prev(); }
  bool Valid() const override { return iterator_->Valid(); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }
  Status status() const override {
    rocksdb::Status status = iterator_->status();
    if (!status.ok()) return ToError(status, path_);
    return {};
  }

 private:
  const std::string path_, lower_, upper_;
  rocksdb::Slice lower_slice_, upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

}  // namespace

Result<std::unique_ptr<RocksDbKeyValue>> RocksDbKeyValue::Open(const RocksDbOptions& options) {
  std::error_code failure;
  std::filesystem::create_directories(options.path, failure);
  if (failure) return IoError(options.path + ": cannot make this folder: " + failure.message());
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(ToRocksDb(options), options.path, &db);
  if (!status.ok()) {
    if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
      return FailedPrecondition(options.path +
                                ": another process has this folder open: " + status.ToString());
    }
    return ToError(status, options.path);
  }
  return std::unique_ptr<RocksDbKeyValue>(
      new RocksDbKeyValue(options.path, std::unique_ptr<rocksdb::DB>(db)));
}

RocksDbKeyValue::RocksDbKeyValue(std::string path, std::unique_ptr<rocksdb::DB> db)
    : path_(std::move(path)), db_(std::move(db)) {}

RocksDbKeyValue::~RocksDbKeyValue() = default;

Result<std::optional<std::string>> RocksDbKeyValue::Get(std::string_view key) {
  std::string value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ToError(status, path_);
  return std::optional<std::string>(std::move(value));
}

Status RocksDbKeyValue::Write(const WriteBatch& batch, Durability durability) {
  constexpr size_t kAround = 16;  // each of them
  size_t size = kAround;
  for (const WriteBatch::Operation& operation : batch.operations)
    size += operation.key.size() + operation.value.size() + kAround;
  rocksdb::WriteBatch writes(size);
  for (const WriteBatch::Operation& operation : batch.operations) {
    rocksdb::Status status;
    switch (operation.kind) {
      case WriteBatch::Kind::kPut:
        status = writes.Put(operation.key, operation.value);
        break;
      case WriteBatch::Kind::kDelete:
        status = writes.Delete(operation.key);
        break;
      case WriteBatch::Kind::kDeleteRange:
        if (operation.key < operation.value)
          status = writes.DeleteRange(operation.key, operation.value);
        break;
    }
    if (!status.ok()) return ToError(status, path_);
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kDisk;
  rocksdb::Status status = db_->Write(options, &writes);
  // A failed write of the log (a full disk) turns RocksDB read-only until it is told that the world
  // is better.
  if (status.IsIOError() && db_->Resume().ok()) status = db_->Write(options, &writes);
  if (!status.ok()) return ToError(status, path_);
  return {};
}

std::unique_ptr<KeyValueIterator> RocksDbKeyValue::NewIterator(std::string lower,
                                                               std::string upper) {
  return std::make_unique<RocksDbIterator>(*db_, path_, std::move(lower), std::move(upper));
}

}  // namespace penstock
