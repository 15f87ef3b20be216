#include "transfer/segment_files.h"

#include "transfer/export_layout.h"

namespace penstock {
namespace {

constexpr uint64_t kExportFileItemsMax = 100'000;  // where the EMR connector cuts
constexpr uint64_t kExportFileBytesMax = 256u << 20;

}  // namespace

SegmentFiles::SegmentFiles(const ExportRun& run, const SegmentId& segment, int sequence)
    : run_(run), segment_(segment), sequence_(sequence), saved_at_(run.clock->Monotonic()) {}

Result<std::unique_ptr<SegmentFiles>> SegmentFiles::Open(const ExportRun& run, SegmentStart* at) {
  SegmentProgress progress = run.checkpoint->At(at->segment);
  std::unique_ptr<SegmentFiles> files(
      new SegmentFiles(run, at->segment, static_cast<int>(progress.files.size())));
  if (!progress.open) return files;
  auto file = DataFile::Reopen(*run.folder, run.record->style, progress.open->mark, run.stop);
  if (!file && file.error().code == ErrorCode::kNotFound) {
    run.checkpoint->Lost(at->segment);
    at->key = progress.file_key;
    return files;
  }
  if (!file) return std::move(file.error());
  files->file_ = *std::move(file);
  run.meter->Found(files->file_->items(), files->file_->text_bytes());
  ++files->sequence_;
  files->next_key_ = progress.open->next_key;
  files->bytes_counted_ = files->file_->text_bytes();
  return files;
}

Status SegmentFiles::Take(const Item& item) {
  if (file_ == nullptr) {
    std::string name =
        ExportLayout(run_.record->style, run_.record->run_id, run_.record->started_at)
            .DataName(DataFileName(run_.record->run_id, segment_, sequence_++));
    ASSIGN_OR_RETURN(file_, DataFile::Create(*run_.folder, name, run_.record->style, run_.stop));
    bytes_counted_ = 0;
  }
  ++page_items_;
  return file_->Append(item);
}

Status SegmentFiles::EndPage(std::string_view next_key) {
  next_key_ = next_key;
  if (file_ == nullptr) return {};
  run_.meter->Add(page_items_, file_->text_bytes() - bytes_counted_);
  bytes_counted_ = file_->text_bytes();
  // The next page is taken to be like this one.
  bool is_full =
      file_->items() + page_items_ > kExportFileItemsMax || bytes_counted_ >= kExportFileBytesMax;
  page_items_ = 0;
  if (next_key.empty()) return {};  // EndSegment commits
  if (is_full) {
    ASSIGN_OR_RETURN(FileProof proof, Commit());
    run_.checkpoint->Committed(segment_, std::move(proof), next_key_);
    // Until a checkpoint says so, a killed run would not know that this file is there.
    static_cast<void>(run_.checkpoint_file->Write().has_value());
    return {};
  }
  if (run_.clock->Monotonic() - saved_at_ >= run_.folder->save_interval()) return Save();
  return {};
}

Status SegmentFiles::EndSegment(const std::vector<SegmentStart>& rest) {
  std::optional<FileProof> last;
  if (file_ != nullptr) {
    ASSIGN_OR_RETURN(last, Commit());
  }
  run_.checkpoint->Ended(segment_, std::move(last), rest);
  run_.checkpoint_file->Changed();
  return {};
}

void SegmentFiles::Interrupt() {
  // What cannot be saved is only repeated. After the last page there is no cursor to go on from,
  // and a file that failed once may lack what it was given.
  bool is_between_pages = page_items_ == 0 && !next_key_.empty();
  if (file_ != nullptr && is_between_pages) static_cast<void>(Save().has_value());
}

Status SegmentFiles::Save() {
  std::unique_ptr<DataFile> file = std::move(file_);
  ASSIGN_OR_RETURN(DataFileMark mark, file->Save());
  file_ = std::move(file);
  saved_at_ = run_.clock->Monotonic();
  run_.checkpoint->Saved(segment_, {std::move(mark), next_key_});
  run_.checkpoint_file->Changed();
  return {};
}

Result<FileProof> SegmentFiles::Commit() {
  std::unique_ptr<DataFile> file = std::move(file_);
  saved_at_ = run_.clock->Monotonic();
  return file->Commit();
}

}  // namespace penstock
