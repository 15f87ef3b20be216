// Converter: an export into another format, offline. Every file is read against what its manifest
// says, written anew, read back and compared by digest; only then does the new manifest appear.
//
// No table is asked. What the new format cannot hold ends the conversion.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "transfer/export_contents.h"
#include "transfer/export_layout.h"
#include "transfer/transfer.h"

namespace penstock {

struct ConvertOptions {
  std::string source;       // the folder of an export, or its manifest
  std::string destination;  // an empty folder, or none yet
  ReadStyle read;
  bool no_manifest = false;
  FileStyle style;                                           // of what is written
  std::string manifest_base = {};                            // as in ExportOptions
  std::string server_side_encryption = {}, kms_key_id = {};  // of the objects
  /// Above so many lines that cannot be read there is no new export. Up to so many are kept beside
  /// it (rejected_line.h).
  uint64_t rejects_max = 0;
};

/// kAlreadyExists: the destination is not empty. A conversion that fails or is stopped takes away
/// what it wrote.
Result<TransferReport> RunConvert(const TransferContext& context, const ConvertOptions& options,
                                  const ProgressCallback& progress = {}, std::stop_token stop = {});

/// One conversion. Run it once.
class Converter {
 public:
  Converter(const TransferContext& context, const ConvertOptions& options,
            const ProgressCallback& progress, std::stop_token stop);
  Result<TransferReport> Run();

 private:
  Status Open();
  Status ConvertAll(const ExportLayout& layout, const std::string& run_id);
  Status ConvertFile(size_t index, const ExportLayout& layout, const std::string& run_id,
                     ProgressMeter& meter, const std::stop_token& stop);
  Status AddReject(Reject reject, std::string_view text, const std::string& run_id);
  /// Reads back what was written.
  Status CheckWritten();
  /// Writes what makes the files an export.
  Status Seal(const ExportLayout& layout, ExportProof* proof, ExportOrigin* origin);
  Status WriteOnce(const SmallFile& file);
  void RemoveWritten();

  const TransferContext context_;
  const ConvertOptions options_;
  const ProgressCallback& progress_;
  const std::stop_token stop_;
  std::unique_ptr<DataFolder> source_, target_;
  ExportContents contents_;
  std::mutex mutex_;  // for what follows while threads run
  TransferReport report_;
  std::unique_ptr<NewFile> rejects_file_;  // null: there are none yet
  ContentDigest read_digest_;              // of all items that were read
  uint64_t read_items_ = 0;
  std::vector<FileProof> files_;      // committed
  std::vector<std::string> written_;  // names of everything, in order
};

}  // namespace penstock
