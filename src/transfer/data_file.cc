#include "transfer/data_file.h"

#include "base/encoding.h"
#include "transfer/item_size.h"

namespace penstock {

Result<std::unique_ptr<DataFile>> DataFile::Create(DataFolder& folder, const std::string& name,
                                                   const FileStyle& style, std::stop_token stop) {
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, folder.Create(name, std::move(stop)));
  return std::unique_ptr<DataFile>(new DataFile(std::move(file), name, style));
}

DataFile::DataFile(std::unique_ptr<NewFile> file, const std::string& name, const FileStyle& style)
    : file_(std::move(file)),
      encoder_(NewItemEncoder(style)),
      compressor_(style.compression),
      is_native_(style.format == FileFormat::kDynamoDbJson),
      proof_{.name = name} {}

Status DataFile::Append(const Item& item) {
  RETURN_IF_ERROR(encoder_->Append(item, &block_));
  proof_.digest.Add(hasher_.Hash(item));
  ++proof_.items;
  if (is_native_) proof_.item_bytes += ItemSize(item);
  if (block_.size() >= compressor_.block_size()) return StoreBlock();
  return {};
}

Status DataFile::StoreBlock() {
  text_bytes_ += block_.size();
  stored_.Clear();
  compressor_.Append(block_.view(), &stored_);
  block_.Clear();
  proof_.bytes += stored_.size();
  if (is_native_) md5_.Update(stored_.view());
  return file_->Append(stored_.view());
}

Result<FileProof> DataFile::Commit() {
  RETURN_IF_ERROR(encoder_->Finish(&block_));
  // A file without a block would not be a gzip file, hence the second condition.
  if (!block_.empty() || proof_.bytes == 0) RETURN_IF_ERROR(StoreBlock());
  RETURN_IF_ERROR(file_->Commit());
  if (is_native_) proof_.md5 = Base64Encode(md5_.Finish());
  return proof_;
}

}  // namespace penstock
