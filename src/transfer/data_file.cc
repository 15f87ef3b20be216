#include "transfer/data_file.h"

#include "base/crc.h"
#include "base/encoding.h"
#include "json/json.h"
#include "transfer/item_size.h"

namespace penstock {

std::string WriteDataFileMark(const DataFileMark& mark) {
  return json::Write(
      json::Object{{"file", json::Object{{"bytes", mark.file.bytes}, {"state", mark.file.state}}},
                   {"proof", WriteFileProof(mark.proof)},
                   {"textBytes", mark.text_bytes},
                   {"encoder", mark.encoder},
                   {"md5", mark.md5}});
}

Result<DataFileMark> ParseDataFileMark(std::string_view text) {
  auto parse = [&]() -> Result<DataFileMark> {
    ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
    DataFileMark mark;
    ASSIGN_OR_RETURN(const json::Object* file, json::GetObject(object, "file"));
    ASSIGN_OR_RETURN(mark.file.bytes, json::GetCount(*file, "bytes"));
    ASSIGN_OR_RETURN(mark.file.state, json::GetString(*file, "state"));
    ASSIGN_OR_RETURN(const json::Object* proof, json::GetObject(object, "proof"));
    ASSIGN_OR_RETURN(mark.proof, ParseFileProof(*proof));
    ASSIGN_OR_RETURN(mark.text_bytes, json::GetCount(object, "textBytes"));
    ASSIGN_OR_RETURN(mark.encoder, json::GetString(object, "encoder"));
    ASSIGN_OR_RETURN(mark.md5, json::GetString(object, "md5"));
    return mark;
  };
  auto mark = parse();
  if (!mark) return Corrupt("the mark of an unfinished file: " + mark.error().message);
  return mark;
}

Result<std::unique_ptr<DataFile>> DataFile::Create(DataFolder& folder, const std::string& name,
                                                   const FileStyle& style, std::stop_token stop) {
  DataFileMark beginning;
  beginning.proof.name = name;
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, folder.Create(name, std::move(stop)));
  ASSIGN_OR_RETURN(std::unique_ptr<ItemEncoder> encoder, NewItemEncoder(style));
  return std::unique_ptr<DataFile>(
      new DataFile(std::move(file), std::move(encoder), style, beginning, RunningMd5()));
}

Result<std::unique_ptr<DataFile>> DataFile::Reopen(DataFolder& folder, const FileStyle& style,
                                                   const DataFileMark& mark, std::stop_token stop) {
  std::optional<RunningMd5> md5 = RunningMd5::Restore(mark.md5);
  if (!md5) return Corrupt("the mark of an unfinished file has no usable MD5");
  ASSIGN_OR_RETURN(std::unique_ptr<ItemEncoder> encoder, NewItemEncoder(style, mark.encoder));
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file,
                   folder.Reopen(mark.proof.name, mark.file, std::move(stop)));
  return std::unique_ptr<DataFile>(
      new DataFile(std::move(file), std::move(encoder), style, mark, *md5));
}

DataFile::DataFile(std::unique_ptr<NewFile> file, std::unique_ptr<ItemEncoder> encoder,
                   const FileStyle& style, const DataFileMark& from, RunningMd5 md5)
    : file_(std::move(file)),
      encoder_(std::move(encoder)),
      compressor_(style.compression),
      is_compressed_(style.compression != Compression::kNone),
      is_native_(style.format == FileFormat::kDynamoDbJson),
      md5_(md5),
      text_bytes_(from.text_bytes),
      proof_(from.proof) {}

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
  LineBuffer* stored = &block_;
  if (is_compressed_) {
    stored_.Clear();
    compressor_.Append(block_.view(), &stored_);
    stored = &stored_;
  }
  if (is_native_) {
    md5_.Update(stored->view());
  } else if (proof_.bytes == 0 || proof_.crc64nvme) {  // not of a file that a version without began
    proof_.crc64nvme = Crc64Nvme(stored->view(), proof_.crc64nvme.value_or(0));
  }
  proof_.bytes += stored->size();
  Status written = file_->Append(stored->view());
  block_.Clear();
  return written;
}

Result<DataFileMark> DataFile::Save() {
  DataFileMark mark;
  ASSIGN_OR_RETURN(mark.encoder, encoder_->Save(&block_));
  if (!block_.empty()) RETURN_IF_ERROR(StoreBlock());
  ASSIGN_OR_RETURN(mark.file, file_->Save());
  mark.proof = proof_;
  mark.text_bytes = text_bytes_;
  mark.md5 = md5_.Save();
  return mark;
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
