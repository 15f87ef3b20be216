#include "activities/s3_files.h"

#include <fmt/core.h>

#include "base/text.h"

namespace penstock {
namespace {

constexpr uint64_t kPartBytesMin = 8 << 20;  // as the aws CLI
constexpr uint64_t kPartsMax = 10'000;       // S3's

class FileSink : public BodySink {
 public:
  explicit FileSink(WritableFile& file) : file_(file) {}
  Status Write(std::string_view bytes) override { return file_.Append(bytes); }

 private:
  WritableFile& file_;
};

std::string AsFolder(const std::string& key) {
  return key.empty() || key.ends_with('/') ? key : key + "/";
}

// Whether a key below a prefix stays inside the folder it is copied to.
bool StaysInside(std::string_view relative) {
  for (std::string_view piece : Split(relative, '/')) {
    if (piece == ".." || piece == ".") return false;
  }
  return !relative.empty() && relative.front() != '/';
}

Result<int> UploadTree(const S3Client& s3, Files& files, const std::string& folder,
                       const S3Location& target, std::stop_token stop) {
  int count = 0;
  ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, files.List(folder));
  for (const DirectoryEntry& entry : entries) {
    std::string path = folder + "/" + entry.name;
    if (entry.is_directory) {
      ASSIGN_OR_RETURN(int below, UploadTree(s3, files, path,
                                             {target.bucket, target.key + entry.name + "/"}, stop));
      count += below;
    } else {
      RETURN_IF_ERROR(UploadFile(s3, files, path, {target.bucket, target.key + entry.name}, stop));
      ++count;
    }
  }
  return count;
}

}  // namespace

Status DownloadFile(const S3Client& s3, const S3Location& source, Files& files,
                    const std::string& path, std::stop_token stop) {
  std::string attempted = "reading " + FormatS3Uri(source);
  CallResult<S3ObjectInfo> info = s3.HeadObject(source, stop);
  if (!info) return info.error().ToError(attempted);
  std::string temporary = path + ".part";
  ASSIGN_OR_RETURN(std::unique_ptr<WritableFile> file, files.Create(temporary));
  FileSink sink(*file);
  if (info->size > 0) {
    CallResult<void> done = s3.GetRange(source, 0, info->size, info->etag, sink, stop);
    if (!done) {
      (void)files.Remove(temporary);
      return done.error().ToError(attempted);
    }
  }
  RETURN_IF_ERROR(file->Close());
  return files.Rename(temporary, path);
}

Result<int> DownloadFolder(const S3Client& s3, const S3Location& source, Files& files,
                           const std::string& folder, std::stop_token stop) {
  std::string prefix = AsFolder(source.key);
  std::optional<std::string> token;
  int count = 0;
  do {
    CallResult<S3Listing> page = s3.List(source.bucket, prefix, "", token, 1000, stop);
    if (!page) return page.error().ToError("listing " + FormatS3Uri({source.bucket, prefix}));
    for (const S3ObjectInfo& object : page->objects) {
      std::string relative = object.key.substr(prefix.size());
      if (relative.empty() || relative.ends_with('/')) continue;  // a folder's own marker
      if (!StaysInside(relative)) {
        return InvalidArgument(fmt::format(
            "{} cannot be a file below a folder: its name has an empty, \".\" or \"..\" part",
            FormatS3Uri({source.bucket, object.key})));
      }
      std::string path = folder + "/" + relative;
      RETURN_IF_ERROR(files.MakeDirectories(path.substr(0, path.rfind('/'))));
      RETURN_IF_ERROR(DownloadFile(s3, {source.bucket, object.key}, files, path, stop));
      ++count;
    }
    token = page->continuation_token;
  } while (token);
  return count;
}

Status UploadFile(const S3Client& s3, Files& files, const std::string& path,
                  const S3Location& target, std::stop_token stop) {
  std::string attempted = "writing " + FormatS3Uri(target);
  ASSIGN_OR_RETURN(std::unique_ptr<ReadableFile> file, files.Open(path));
  ASSIGN_OR_RETURN(uint64_t size, file->Size());
  const uint64_t part_bytes = std::max(kPartBytesMin, (size + kPartsMax - 1) / kPartsMax);
  auto read = [&](uint64_t offset) -> Result<std::string> {
    std::string bytes(std::min(part_bytes, size - offset), '\0');
    size_t filled = 0;
    while (filled < bytes.size()) {
      ASSIGN_OR_RETURN(size_t count,
                       file->ReadAt(offset + filled, bytes.data() + filled, bytes.size() - filled));
      if (count == 0) return IoError(path + " became shorter while it was read");
      filled += count;
    }
    return bytes;
  };
  if (size <= part_bytes) {
    ASSIGN_OR_RETURN(std::string bytes, read(0));
    CallResult<std::string> done = s3.PutObject(target, bytes, {}, stop);
    if (!done) return done.error().ToError(attempted);
    return {};
  }
  CallResult<std::string> upload = s3.CreateMultipartUpload(target, {}, stop);
  if (!upload) return upload.error().ToError(attempted);
  auto abandon = [&](Error error) {
    (void)s3.AbortMultipartUpload(target, *upload, {});
    return error;
  };
  std::vector<S3Part> parts;
  for (uint64_t offset = 0; offset < size; offset += part_bytes) {
    Result<std::string> bytes = read(offset);
    if (!bytes) return abandon(bytes.error());
    CallResult<S3Part> part =
        s3.UploadPart(target, *upload, static_cast<int>(parts.size()) + 1, *bytes, stop);
    if (!part) return abandon(part.error().ToError(attempted));
    parts.push_back(*part);
  }
  CallResult<std::string> done = s3.CompleteMultipartUpload(target, *upload, parts, false, stop);
  if (!done) return abandon(done.error().ToError(attempted));
  return {};
}

Result<int> UploadFolder(const S3Client& s3, Files& files, const std::string& folder,
                         const S3Location& target, std::stop_token stop) {
  return UploadTree(s3, files, folder, {target.bucket, AsFolder(target.key)}, stop);
}

}  // namespace penstock
