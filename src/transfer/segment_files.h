// SegmentFiles: the items of one segment of a scan into the data files of an export: each at most
// about 100,000 items and 256 MiB, cut between pages, saved every few seconds.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "ports/clock.h"
#include "transfer/checkpoint_file.h"
#include "transfer/data_file.h"
#include "transfer/export_checkpoint.h"
#include "transfer/progress.h"
#include "transfer/run_record.h"
#include "transfer/table_scan.h"

namespace penstock {

/// What the segments of an export share. The pointees outlive them.
struct ExportRun {
  DataFolder* folder;
  const RunRecord* record;
  ExportCheckpoint* checkpoint;
  CheckpointFile* checkpoint_file;
  ProgressMeter* meter;
  Clock* clock;
  std::stop_token stop;
};

class SegmentFiles : public SegmentSink {
 public:
  /// Goes on with the segment's unfinished file if the checkpoint has one. If that is not there any
  /// more, `at` moves back to where it began.
  static Result<std::unique_ptr<SegmentFiles>> Open(const ExportRun& run, SegmentStart* at);

  Status Take(const Item& item) override;
  Status EndPage(std::string_view next_key) override;
  Status EndSegment(const std::vector<SegmentStart>& rest) override;
  void Interrupt() override;

 private:
  SegmentFiles(const ExportRun& run, const SegmentId& segment, int sequence);
  Status Save();
  Result<FileProof> Commit();

  const ExportRun& run_;
  const SegmentId segment_;
  int sequence_;  // of the next file
  std::unique_ptr<DataFile> file_;
  std::string next_key_;
  uint64_t page_items_ = 0;
  uint64_t bytes_counted_ = 0;  // of the file's text, told to the meter
  std::chrono::nanoseconds saved_at_;
};

}  // namespace penstock
