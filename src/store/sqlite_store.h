// The Store on SQLite. One file in WAL mode, synced with each commit: it is on the disk when it
// returns, and a crash at any byte leaves the state before it or after it
// (https://www.sqlite.org/wal.html, https://www.sqlite.org/atomiccommit.html).
//
// One table gives each pipeline a number, another holds every record:
//
//   pipeline (number)            name: account 1f region 1f pipeline id 1f
//   record (pipeline, kind, id)  its number; RecordKind; RecordId() of engine/codec.h
//          live                  1: belongs to the working set
//          value                 EncodeRecord(); sealed by SecretBox, with the codec's key as
//          context, where
//                                MayHoldSecrets() says so
//          component, instance, status, scheduled_start … actual_end
//                                copies for queries, of instances and attempts only; times in whole
//                                epoch seconds
//
// PRAGMA user_version is the schema's version. Older files are migrated forward on opening, in one
// transaction; a file of a newer program is refused.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/secret_box.h"
#include "store/store.h"

namespace penstock {

class SqliteDatabase;

struct SqliteStoreOptions {
  uint64_t size_bytes_max = 0;   // the file may not grow beyond; 0: the disk is the limit
  size_t idle_readers_max = 16;  // connections kept for snapshots
};

class SqliteStore : public Store {
 public:
  /// Opens or creates the file; migrates it. `box` outlives the store. Errors name the file and the
  /// remedy.
  static Result<std::unique_ptr<SqliteStore>> Open(const std::string& path, const SecretBox& box,
                                                   const SqliteStoreOptions& options = {});
  ~SqliteStore() override;

  Status Commit(std::span<const engine::Write> writes) override;
  Status Load(const std::function<void(engine::Write)>& apply) override;
  Result<std::vector<engine::Write>> LoadHistory(std::span<const engine::Need> needs) override;
  Result<std::unique_ptr<StoreSnapshot>> Read() override;

  /// The schema this program writes.
  static constexpr int kSchemaVersion = 2;

 private:
  friend class SqliteSnapshot;
  SqliteStore(std::string path, const SecretBox& box, const SqliteStoreOptions& options);

  Status CommitInTransaction(std::span<const engine::Write> writes);
  Status Apply(const engine::Write& write);
  /// nullopt: nothing of it is stored.
  Result<std::optional<int64_t>> NumberOf(const engine::PipelineKey& pipeline);
  std::unique_ptr<SqliteDatabase> TakeIdleReader();
  void ReturnReader(std::unique_ptr<SqliteDatabase> reader);

  const std::string path_;
  const SecretBox& box_;
  const SqliteStoreOptions options_;
  // Of the committing thread.
  std::unique_ptr<SqliteDatabase> writer_;
  std::map<engine::PipelineKey, int64_t> numbers_;  // those that this commit has met

  std::mutex mutex_;
  std::vector<std::unique_ptr<SqliteDatabase>> idle_readers_;  // guarded by mutex_
};

}  // namespace penstock
