// ExportCheckpoint: how far an export has come, segment by segment, so that another process goes on
// where this one was killed. Written as _penstock/checkpoint.json:
//   {"format":1,"runId":"…","segments":[
//     {"segment":[0,8],"done":true,"files":[{…proof…}]},
//     {"segment":[3,8],"done":false,"files":[],"from":"{…key…}",
//      "open":{"next":"{…key…}","mark":"…"}}]}
// "from": the cursor at which the unfinished file begins; "next": the one its saved part ends at.
// Segments that are not named have not been begun. Cursors are LastEvaluatedKeys as JSON texts.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "transfer/data_file.h"
#include "transfer/manifest.h"
#include "transfer/table_scan.h"

namespace penstock {

/// A data file in the making and the cursor that its saved part ends at.
struct OpenFile {
  DataFileMark mark;
  std::string next_key;
  bool operator==(const OpenFile&) const = default;
};

struct SegmentProgress {
  bool is_done = false;
  std::vector<FileProof> files;  // committed, in the order of the segment
  std::string file_key;          // cursor at which the next file begins; empty: the segment's start
  std::optional<OpenFile> open;  // that next file
  bool operator==(const SegmentProgress&) const = default;
};

/// Thread-safe.
class ExportCheckpoint {
 public:
  /// Of an export that has not begun, of `segments` segments.
  ExportCheckpoint(std::string run_id, int segments);

  /// kNotFound: it is of another run. kCorrupt: not a checkpoint.
  static Result<std::unique_ptr<ExportCheckpoint>> Parse(std::string_view text,
                                                         std::string_view run_id);
  std::string Write() const;

  SegmentProgress At(const SegmentId& segment) const;
  /// What is still to be scanned.
  std::vector<SegmentStart> Remaining() const;
  std::vector<FileProof> Files() const;
  /// Names and marks of the files in the making.
  std::map<std::string, FileMark> OpenFiles() const;

  void Saved(const SegmentId& segment, OpenFile file);
  /// The next file begins at `next_key`.
  void Committed(const SegmentId& segment, FileProof file, std::string next_key);
  /// `last` is its last file. `rest`: what of it goes on as segments of their own.
  void Ended(const SegmentId& segment, std::optional<FileProof> last,
             const std::vector<SegmentStart>& rest);
  /// Its unfinished file is lost: it begins again.
  void Lost(const SegmentId& segment);

 private:
  const std::string run_id_;
  mutable std::mutex mutex_;
  std::map<SegmentId, SegmentProgress> segments_;
};

}  // namespace penstock
