// DataFile: a data file of an export being written: items go in, are encoded in the export's
// format, hashed, compressed and stored, and at the end the file appears with its proof.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "transfer/compression.h"
#include "transfer/data_folder.h"
#include "transfer/item_encoder.h"
#include "transfer/manifest.h"
#include "transfer/running_md5.h"

namespace penstock {

/// An unfinished data file put aside: what another process needs to go on with it. Value type.
struct DataFileMark {
  FileMark file;
  FileProof proof;  // of what is in it so far
  uint64_t text_bytes = 0;
  std::string encoder;  // ItemEncoder::Save
  std::string md5;      // RunningMd5::Save
  bool operator==(const DataFileMark&) const = default;
};

/// One JSON object, for checkpoints.
std::string WriteDataFileMark(const DataFileMark& mark);
/// kCorrupt: not what WriteDataFileMark wrote.
Result<DataFileMark> ParseDataFileMark(std::string_view text);

/// One thread at a time. Destroyed without Commit, the file never was, unless it was saved.
class DataFile {
 public:
  /// `folder` outlives it. Errors name the file.
  static Result<std::unique_ptr<DataFile>> Create(DataFolder& folder, const std::string& name,
                                                  const FileStyle& style, std::stop_token stop);
  /// The file as it was at `mark`. kNotFound: it is not there in that state.
  static Result<std::unique_ptr<DataFile>> Reopen(DataFolder& folder, const FileStyle& style,
                                                  const DataFileMark& mark, std::stop_token stop);

  /// kInvalidArgument: the format cannot hold this item.
  Status Append(const Item& item);
  /// Makes what was appended so far survive; from the mark Reopen goes on. Works after a stop.
  Result<DataFileMark> Save();
  /// After it returns, the file is there and stays, and this is what it holds.
  Result<FileProof> Commit();

  uint64_t items() const { return proof_.items; }
  /// Of text so far, before compression.
  uint64_t text_bytes() const { return text_bytes_ + block_.size(); }

 private:
  DataFile(std::unique_ptr<NewFile> file, std::unique_ptr<ItemEncoder> encoder,
           const FileStyle& style, const DataFileMark& from, RunningMd5 md5);
  Status StoreBlock();

  const std::unique_ptr<NewFile> file_;
  const std::unique_ptr<ItemEncoder> encoder_;
  Compressor compressor_;
  const bool is_compressed_;
  const bool is_native_;  // its manifest wants MD5 and sizes; others have a CRC
  ItemHasher hasher_;
  RunningMd5 md5_;
  LineBuffer block_;   // text that is not stored yet
  LineBuffer stored_;  // scratch
  uint64_t text_bytes_ = 0;
  FileProof proof_;
};

}  // namespace penstock
