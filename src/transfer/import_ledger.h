// ImportLedger: what of each input file is in the table. Files are read in blocks of lines; lanes
// write their items in any order; a file has come as far as its blocks are settled without a gap.
// From there a killed import goes on.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "transfer/content_digest.h"

namespace penstock {

/// What became of the lines of a file, or of a part of it.
struct ImportCounts {
  uint64_t written = 0;
  uint64_t duplicates = 0;  // left out for a later item with the same key
  uint64_t skipped = 0;     // left out as the import mode says
  uint64_t rejected = 0;
  uint64_t blank_lines = 0;
  /// Whose key an earlier item had, whatever became of either; as far as a KeyCensus knows.
  uint64_t repeats = 0;
  ContentDigest digest;  // of the written and the skipped

  void Add(const ImportCounts& other) {
    written += other.written;
    duplicates += other.duplicates;
    skipped += other.skipped;
    rejected += other.rejected;
    blank_lines += other.blank_lines;
    repeats += other.repeats;
    digest.Add(other.digest);
  }
  /// That were to be written, whatever became of them.
  uint64_t Items() const { return written + duplicates + skipped + rejected; }
  bool operator==(const ImportCounts&) const = default;
};

struct FileProgress {
  uint64_t line = 0;  // all up to this one are settled
  bool is_done = false;
  ImportCounts counts;  // of those lines
  bool operator==(const FileProgress&) const = default;
};

/// Thread-safe.
class ImportLedger {
 public:
  /// `files`: how far an earlier attempt came.
  explicit ImportLedger(std::vector<FileProgress> files);

  /// A reader begins the next block of a file; its number.
  uint64_t BeginBlock(size_t file);
  /// The block ends with that line. `items` of it went to lanes, `counts` and `rejects` are the
  /// rest.
  void EndBlock(size_t file, uint64_t block, uint64_t last_line, uint64_t items,
                const ImportCounts& counts, std::vector<std::string> rejects, bool is_last);

  /// A lane settled items of a block: so many as `counts` has. `reject`: the line of the rejects
  /// file if it is one that was rejected, or empty.
  void Settle(size_t file, uint64_t block, const ImportCounts& counts, std::string reject = "");

  FileProgress At(size_t file) const;
  /// How far each file has come, and the rejects up to there that were not given out before.
  std::vector<FileProgress> Snapshot(std::vector<std::string>* rejects);
  ImportCounts Sum() const;

 private:
  struct Block {
    bool is_ended = false, is_last = false;
    int64_t open = 0;  // items not settled; below 0 while the reader has not said how many
    uint64_t last_line = 0;
    ImportCounts counts;
    std::vector<std::string> rejects;
  };
  struct File {
    FileProgress progress;
    uint64_t first_block = 0;  // number of blocks.front()
    std::deque<Block> blocks;
  };

  void Advance(File& file);

  mutable std::mutex mutex_;
  std::vector<File> files_;
  std::vector<std::string> rejects_;
};

}  // namespace penstock
