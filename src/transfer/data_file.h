// DataFile: a data file of an export being written: items go in, are encoded in the export's
// format, hashed, compressed and stored, and at the end the file appears with its proof.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/digest.h"
#include "transfer/compression.h"
#include "transfer/data_folder.h"
#include "transfer/item_encoder.h"
#include "transfer/manifest.h"

namespace penstock {

/// One thread at a time. Destroyed without Commit, the file never was.
class DataFile {
 public:
  /// `folder` outlives it. Errors name the file.
  static Result<std::unique_ptr<DataFile>> Create(DataFolder& folder, const std::string& name,
                                                  const FileStyle& style, std::stop_token stop);

  /// kInvalidArgument: the format cannot hold this item.
  Status Append(const Item& item);
  /// After it returns, the file is there and stays, and this is what it holds.
  Result<FileProof> Commit();

  uint64_t items() const { return proof_.items; }
  /// Of text so far, before compression.
  uint64_t text_bytes() const { return text_bytes_ + block_.size(); }

 private:
  DataFile(std::unique_ptr<NewFile> file, const std::string& name, const FileStyle& style);
  Status StoreBlock();

  const std::unique_ptr<NewFile> file_;
  const std::unique_ptr<ItemEncoder> encoder_;
  Compressor compressor_;
  const bool is_native_;  // its manifest wants MD5 and sizes
  ItemHasher hasher_;
  Hasher md5_{HashKind::kMd5};
  LineBuffer block_;   // text that is not stored yet
  LineBuffer stored_;  // scratch
  uint64_t text_bytes_ = 0;
  FileProof proof_;
};

}  // namespace penstock
