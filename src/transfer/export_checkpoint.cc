#include "transfer/export_checkpoint.h"

#include "json/json.h"

namespace penstock {
namespace {

constexpr int64_t kCheckpointFormat = 1;
constexpr int64_t kCheckpointSegmentsMax = 1 << 30;

json::Object WriteSegment(const SegmentId& id, const SegmentProgress& progress) {
  json::Array files;
  for (const FileProof& file : progress.files) files.push_back(WriteFileProof(file));
  json::Object object{{"segment", json::Array{id.index, id.total}},
                      {"done", progress.is_done},
                      {"files", std::move(files)}};
  if (!progress.file_key.empty()) object["from"] = progress.file_key;
  if (progress.open) {
    const OpenFile& open = *progress.open;
    object["open"] = json::Object{{"next", open.next_key}, {"mark", WriteDataFileMark(open.mark)}};
  }
  return object;
}

Result<SegmentId> ReadId(const json::Object& object) {
  ASSIGN_OR_RETURN(const json::Array* pair, json::GetArray(object, "segment"));
  if (pair->size() != 2 || !(*pair)[0].is_int64() || !(*pair)[1].is_int64()) {
    return InvalidArgument("segment must be two numbers");
  }
  int64_t index = (*pair)[0].get_int64(), total = (*pair)[1].get_int64();
  if (total < 1 || total > kCheckpointSegmentsMax || index < 0 || index >= total) {
    return InvalidArgument(fmt::format("there is no segment {} of {}", index, total));
  }
  return SegmentId{static_cast<int>(index), static_cast<int>(total)};
}

Result<SegmentProgress> ReadProgress(const json::Object& object) {
  SegmentProgress progress;
  ASSIGN_OR_RETURN(progress.is_done, json::GetBool(object, "done"));
  ASSIGN_OR_RETURN(const json::Array* files, json::GetArray(object, "files"));
  for (const json::Value& value : *files) {
    if (!value.is_object()) return InvalidArgument("files has an element that is no object");
    ASSIGN_OR_RETURN(FileProof proof, ParseFileProof(value.get_object()));
    progress.files.push_back(std::move(proof));
  }
  ASSIGN_OR_RETURN(auto from, json::OptionalString(object, "from"));
  progress.file_key = from.value_or("");
  if (json::Find(object, "open") == nullptr) return progress;
  ASSIGN_OR_RETURN(const json::Object* open, json::GetObject(object, "open"));
  OpenFile file;
  ASSIGN_OR_RETURN(file.next_key, json::GetString(*open, "next"));
  ASSIGN_OR_RETURN(std::string mark, json::GetString(*open, "mark"));
  ASSIGN_OR_RETURN(file.mark, ParseDataFileMark(mark));
  progress.open = std::move(file);
  return progress;
}

Status ReadSegments(std::string_view text, std::string_view run_id,
                    std::map<SegmentId, SegmentProgress>* segments) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  ASSIGN_OR_RETURN(std::string found, json::GetString(object, "runId"));
  if (format != kCheckpointFormat)
    return InvalidArgument(fmt::format("format {} is not known", format));
  if (found != run_id) return NotFound(fmt::format("it is of run {}", found));
  ASSIGN_OR_RETURN(const json::Array* values, json::GetArray(object, "segments"));
  for (const json::Value& value : *values) {
    if (!value.is_object()) return InvalidArgument("segments has an element that is no object");
    ASSIGN_OR_RETURN(SegmentId id, ReadId(value.get_object()));
    ASSIGN_OR_RETURN(SegmentProgress progress, ReadProgress(value.get_object()));
    (*segments)[id] = std::move(progress);
  }
  return {};
}

}  // namespace

ExportCheckpoint::ExportCheckpoint(std::string run_id, int segments) : run_id_(std::move(run_id)) {
  for (int i = 0; i < segments; ++i) segments_[{i, segments}] = {};
}

Result<std::unique_ptr<ExportCheckpoint>> ExportCheckpoint::Parse(std::string_view text,
                                                                  std::string_view run_id) {
  auto checkpoint = std::make_unique<ExportCheckpoint>(std::string(run_id), 0);
  Status read = ReadSegments(text, run_id, &checkpoint->segments_);
  if (!read && read.error().code == ErrorCode::kNotFound) return std::move(read).error();
  if (!read) return Corrupt("not the checkpoint of this export: " + read.error().message);
  return checkpoint;
}

std::string ExportCheckpoint::Write() const {
  json::Array segments;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, progress] : segments_) segments.push_back(WriteSegment(id, progress));
  }
  return json::Write(json::Object{
      {"format", kCheckpointFormat}, {"runId", run_id_}, {"segments", std::move(segments)}});
}

SegmentProgress ExportCheckpoint::At(const SegmentId& segment) const {
  std::lock_guard lock(mutex_);
  auto found = segments_.find(segment);
  return found == segments_.end() ? SegmentProgress() : found->second;
}

std::vector<SegmentStart> ExportCheckpoint::Remaining() const {
  std::lock_guard lock(mutex_);
  std::vector<SegmentStart> remaining;
  for (const auto& [id, progress] : segments_) {
    if (progress.is_done) continue;
    remaining.push_back({id, progress.open ? progress.open->next_key : progress.file_key});
  }
  return remaining;
}

std::vector<FileProof> ExportCheckpoint::Files() const {
  std::lock_guard lock(mutex_);
  std::vector<FileProof> files;
  for (const auto& [id, progress] : segments_) {
    files.insert(files.end(), progress.files.begin(), progress.files.end());
  }
  return files;
}

std::map<std::string, FileMark> ExportCheckpoint::OpenFiles() const {
  std::lock_guard lock(mutex_);
  std::map<std::string, FileMark> files;
  for (const auto& [id, progress] : segments_) {
    if (progress.open) files[progress.open->mark.proof.name] = progress.open->mark.file;
  }
  return files;
}

void ExportCheckpoint::Saved(const SegmentId& segment, OpenFile file) {
  std::lock_guard lock(mutex_);
  segments_[segment].open = std::move(file);
}

void ExportCheckpoint::Committed(const SegmentId& segment, FileProof file, std::string next_key) {
  std::lock_guard lock(mutex_);
  SegmentProgress& progress = segments_[segment];
  progress.files.push_back(std::move(file));
  progress.file_key = std::move(next_key);
  progress.open.reset();
}

void ExportCheckpoint::Ended(const SegmentId& segment, std::optional<FileProof> last,
                             const std::vector<SegmentStart>& rest) {
  std::lock_guard lock(mutex_);
  SegmentProgress& ended = segments_[segment];
  ended.is_done = true;
  ended.open.reset();
  if (last) ended.files.push_back(*std::move(last));
  for (const SegmentStart& start : rest) segments_[start.segment].file_key = start.key;
}

void ExportCheckpoint::Lost(const SegmentId& segment) {
  std::lock_guard lock(mutex_);
  segments_[segment].open.reset();
}

}  // namespace penstock
