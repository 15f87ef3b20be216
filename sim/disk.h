// A disk for SQLite that can be full, fail to sync, and lose power. Files live in memory; a write
// is safe once it was synced, and until then a power cut may keep it, drop it, or keep some of its
// sectors. It is SQLite's own code that runs over it, as a VFS
// (https://www.sqlite.org/c3ref/vfs.html).
//
// What is believed of real disks is what SQLite believes
// (https://www.sqlite.org/atomiccommit.html): sectors are written whole or not at all, writes may
// reach the disk in any order until they are synced, a write harms no byte beside its own, and a
// new file's name is safe with its first sync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/dice.h"

struct sqlite3_vfs;

namespace penstock::sim {

/// One at a time in the process: SQLite opens every file of it here, whatever the path. One thread.
class Disk {
 public:
  explicit Disk(Dice dice);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // ---- trouble

  enum class Fault : uint8_t {
    kNone,
    kFull,       // writes fail
    kSyncFails,  // what was written stays unsafe, and the caller is told
  };
  /// From now on until it is set again.
  void SetFault(Fault fault) { fault_ = fault; }
  /// The program dies at the change of a file after `changes` more of them (nullopt: not by
  /// itself); from then on every call fails.
  void CrashAfter(std::optional<int> changes) { crash_after_ = changes; }
  void Crash() { crashed_ = true; }
  bool crashed() const { return crashed_; }
  /// After a crash: the files as the next start of the program finds them. With `power_cut`, what
  /// was never synced is lost or torn; otherwise only the program had died.
  void Restart(bool power_cut);

  /// Deliberately wrong: syncing does nothing and says that it did.
  void LieAboutSyncs() { lies_ = true; }

  /// Faults that did something: writes refused, syncs failed, writes lost or torn, deaths amid a
  /// commit.
  uint64_t faults() const { return faults_; }

 private:
  friend struct DiskFile;
  friend struct DiskVfs;

  struct Change {
    size_t offset = 0;
    std::string bytes;             // written there
    std::optional<size_t> shrunk;  // instead: cut off to this size
  };
  struct File {
    std::string content;               // as the program sees it
    std::string durable;               // as the next start finds it at least
    std::vector<Change> unsynced;      // what lies between the two, in order
    bool named = false;                // its name is safe
    std::map<const void*, int> locks;  // level, by handle
    // The memory that connections share, and who holds which of its locks.
    std::vector<std::unique_ptr<char[]>> shared;
    std::map<const void*, uint32_t> shared_locks, exclusive_locks;
  };

  /// False: the program dies here, or is dead.
  bool MayChange();
  void Apply(std::string& content, const Change& change, bool torn);

  Dice dice_;
  Dice salts_;  // SQLite's, apart: how many it takes is its own affair
  std::map<std::string, std::shared_ptr<File>, std::less<>> files_;
  std::map<std::string, std::shared_ptr<File>, std::less<>> unlinked_;  // not safely
  Fault fault_ = Fault::kNone;
  std::optional<int> crash_after_;
  bool crashed_ = false, lies_ = false;
  uint64_t faults_ = 0;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace penstock::sim
