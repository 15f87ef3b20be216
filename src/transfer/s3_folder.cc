#include "transfer/s3_folder.h"

#include <map>
#include <set>

#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"
#include "transfer/line_buffer.h"

namespace penstock {
namespace {

constexpr int kPartsMax = 10'000;
constexpr std::string_view kTailFolder = "_penstock/tail/";
constexpr uint64_t kReadSize = 4u << 20;

Error Failed(const CallError& error, std::string_view verb, const std::string& address) {
  const std::string attempted = fmt::format("{} {}", verb, address);
  if (error.type == "NoSuchBucket") {
    return NotFound(attempted +
                    ": there is no such bucket; make it first, or check name and endpoint");
  }
  if (error.http == 404) return NotFound(attempted + ": there is no such object");
  return error.ToError(attempted);
}

std::string Folder(std::string key) {
  while (key.ends_with('/')) key.pop_back();
  return key.empty() ? key : key + "/";
}

class S3NewFile : public NewFile {
 public:
  S3NewFile(const S3Client* client, S3Location at, S3Location tail, const S3FolderOptions& options,
            std::stop_token stop)
      : client_(client),
        at_(std::move(at)),
        tail_(std::move(tail)),
        address_(FormatS3Uri(at_)),
        options_(options),
        stop_(std::move(stop)) {}

  ~S3NewFile() override {
    // Best effort: what this leaves, RemoveUnfinished finds.
    if (!upload_id_.empty() && !is_saved_)
      static_cast<void>(client_->AbortMultipartUpload(at_, upload_id_).has_value());
  }

  Status Append(std::string_view bytes) override {
    while (!bytes.empty()) {
      size_t count = std::min(bytes.size(), options_.part_size - part_.size());
      part_.Append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      // The last part stays here until Commit, so that a file of exactly one part is still put at
      // once.
      if (part_.size() == options_.part_size && !bytes.empty()) RETURN_IF_ERROR(FlushPart());
    }
    return {};
  }

  Result<FileMark> Save() override {
    // A stop that came is no reason not to save: that is when it matters.
    stop_ = {};
    if (part_.size() >= options_.part_size) RETURN_IF_ERROR(FlushPart());
    if (!part_.empty()) {
      S3PutOptions options = PutOptions();
      options.only_if_absent = false;
      auto put = client_->PutObject(tail_, part_.view(), options);
      if (!put) return Failed(put.error(), "writing", FormatS3Uri(tail_));
      has_tail_ = true;
    }
    is_saved_ = true;
    uint64_t bytes = part_.size();
    json::Array parts;
    for (const S3Part& part : parts_) {
      bytes += part.size;
      parts.push_back(json::Array{part.etag, part.size});
    }
    return FileMark{
        bytes, json::Write(json::Object{
                   {"upload", upload_id_}, {"parts", std::move(parts)}, {"tail", part_.size()}})};
  }

  /// Takes up what Save left. kNotFound if it is not there any more.
  Status Restore(const FileMark& mark) {
    ASSIGN_OR_RETURN(json::Object state, json::ParseObject(mark.state));
    ASSIGN_OR_RETURN(upload_id_, json::GetString(state, "upload"));
    ASSIGN_OR_RETURN(const json::Array* parts, json::GetArray(state, "parts"));
    ASSIGN_OR_RETURN(int64_t tail_size, json::GetInt(state, "tail"));
    is_saved_ = true;
    std::map<int, S3Part> there;
    if (!upload_id_.empty()) {
      auto listed = client_->ListParts(at_, upload_id_, stop_);
      if (!listed) return Failed(listed.error(), "listing the parts of", address_);
      for (S3Part& part : *listed) there[part.number] = std::move(part);
    }
    for (const json::Value& value : *parts) {
      const json::Array* pair = value.if_array();
      int number = static_cast<int>(parts_.size()) + 1;
      if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_string() ||
          !there.contains(number) ||
          (*pair)[0].get_string() != std::string_view(there[number].etag)) {
        return NotFound(
            fmt::format("part {} of {} is not the one that was saved", number, address_));
      }
      parts_.push_back(there[number]);
    }
    if (tail_size == 0) return {};
    auto tail = client_->GetObject(tail_, stop_);
    if (!tail) return Failed(tail.error(), "reading", FormatS3Uri(tail_));
    if (tail->size() != static_cast<uint64_t>(tail_size)) {
      return NotFound(FormatS3Uri(tail_) + " is not the one that was saved");
    }
    has_tail_ = true;
    part_.Append(*tail);
    return {};
  }

  Status Commit() override {
    RETURN_IF_ERROR(Complete());
    if (has_tail_) static_cast<void>(client_->DeleteObject(tail_, stop_).has_value());
    return {};
  }

 private:
  Status Complete() {
    if (upload_id_.empty()) return PutWhole();
    if (!part_.empty()) RETURN_IF_ERROR(FlushPart());
    auto done =
        client_->CompleteMultipartUpload(at_, upload_id_, parts_, /*only_if_absent=*/true, stop_);
    if (!done && done.error().http == 412) return Taken();
    if (!done) return Failed(done.error(), "completing the upload of", address_);
    upload_id_.clear();
    return {};
  }

  S3PutOptions PutOptions() const {
    return {.only_if_absent = true,
            .server_side_encryption = options_.server_side_encryption,
            .kms_key_id = options_.kms_key_id};
  }

  Status PutWhole() {
    auto put = client_->PutObject(at_, part_.view(), PutOptions(), stop_);
    if (put) return {};
    if (put.error().http != 412) return Failed(put.error(), "writing", address_);
    // A first try whose answer was lost looks like this too: then the object has our bytes.
    auto head = client_->HeadObject(at_, stop_);
    if (head && head->size == part_.size() && head->etag == HexEncode(Md5(part_.view()))) return {};
    return Taken();
  }

  Status FlushPart() {
    if (upload_id_.empty()) {
      auto begun = client_->CreateMultipartUpload(at_, PutOptions(), stop_);
      if (!begun) return Failed(begun.error(), "beginning the upload of", address_);
      upload_id_ = *begun;
    }
    int number = static_cast<int>(parts_.size()) + 1;
    if (number > kPartsMax) {
      return ResourceExhausted(
          fmt::format("{} would need more than {} parts", address_, kPartsMax));
    }
    auto part = client_->UploadPart(at_, upload_id_, number, part_.view(), stop_);
    if (!part) return Failed(part.error(), fmt::format("uploading part {} of", number), address_);
    parts_.push_back(*std::move(part));
    part_.Clear();
    return {};
  }

  Status Taken() const {
    return AlreadyExists(
        address_ +
        " was made by somebody else meanwhile; is another attempt of this export running?");
  }

  const S3Client* const client_;
  const S3Location at_, tail_;
  const std::string address_;
  const S3FolderOptions options_;
  std::stop_token stop_;
  LineBuffer part_;
  std::string upload_id_;
  std::vector<S3Part> parts_;
  bool is_saved_ = false;
  bool has_tail_ = false;
};

class StringSink : public BodySink {
 public:
  Status Write(std::string_view bytes) override {
    text.append(bytes);
    return {};
  }
  std::string text;
};

class S3Source : public BodySource {
 public:
  S3Source(const S3Client* client, S3Location at, S3ObjectInfo info, std::stop_token stop)
      : client_(client), at_(std::move(at)), info_(std::move(info)), stop_(std::move(stop)) {}

  Result<size_t> Read(std::span<char> buffer) override {
    if (taken_ == chunk_.text.size()) {
      if (offset_ == info_.size) return size_t{0};
      RETURN_IF_ERROR(Fetch());
    }
    size_t count = std::min(buffer.size(), chunk_.text.size() - taken_);
    std::memcpy(buffer.data(), chunk_.text.data() + taken_, count);
    taken_ += count;
    return count;
  }
  std::optional<uint64_t> Size() const override { return info_.size; }

 private:
  Status Fetch() {
    uint64_t size = std::min(kReadSize, info_.size - offset_);
    CallError last;
    for (int tries = 0; tries < 3; ++tries) {
      chunk_.text.clear();
      taken_ = 0;
      auto got = client_->GetRange(at_, offset_, size, info_.etag, chunk_, stop_);
      if (got && chunk_.text.size() == size) {
        offset_ += size;
        return {};
      }
      // A body cut short by the network is worth another try, as is what the client could not
      // repeat by itself.
      last =
          got ? CallError{.message = fmt::format("{} of {} bytes came", chunk_.text.size(), size)}
              : got.error();
      if (last.http == 412) return Corrupt(FormatS3Uri(at_) + " changed while it was read");
      if (!got && !last.IsRetryable()) break;
    }
    chunk_.text.clear();
    return Failed(last, "reading", FormatS3Uri(at_));
  }

  const S3Client* const client_;
  const S3Location at_;
  const S3ObjectInfo info_;
  const std::stop_token stop_;
  StringSink chunk_;
  size_t taken_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace

S3Folder::S3Folder(const S3Client* client, const S3Location& location, S3FolderOptions options)
    : client_(client),
      bucket_(location.bucket),
      prefix_(Folder(location.key)),
      address_("s3://" + bucket_ +
               (prefix_.empty() ? "" : "/" + prefix_.substr(0, prefix_.size() - 1))),
      options_(std::move(options)) {}

S3Location S3Folder::At(std::string_view name) const {
  return {bucket_, prefix_ + std::string(name)};
}

Result<std::vector<FolderEntry>> S3Folder::List(size_t entries_max) {
  std::vector<FolderEntry> entries;
  std::optional<std::string> token;
  do {
    int keys_max = static_cast<int>(std::min<size_t>(1000, entries_max - entries.size()));
    auto page = client_->List(bucket_, prefix_, "", token, keys_max);
    if (!page) return Failed(page.error(), "listing", address_);
    for (const S3ObjectInfo& object : page->objects) {
      // The empty object that consoles make for a folder is not a file in it.
      if (object.key == prefix_) continue;
      entries.push_back({object.key.substr(prefix_.size()), object.size});
    }
    token = page->continuation_token;
  } while (token && entries.size() < entries_max);
  return entries;
}

Result<std::string> S3Folder::Read(std::string_view name, uint64_t size_max) {
  S3Location at = At(name);
  auto head = client_->HeadObject(at);
  if (!head) return Failed(head.error(), "reading", FormatS3Uri(at));
  if (head->size > size_max) {
    return ResourceExhausted(
        fmt::format("{} has {} bytes, more than {}", FormatS3Uri(at), head->size, size_max));
  }
  auto body = client_->GetObject(at);
  if (!body) return Failed(body.error(), "reading", FormatS3Uri(at));
  return *std::move(body);
}

Result<std::unique_ptr<BodySource>> S3Folder::Open(std::string_view name, std::stop_token stop) {
  S3Location at = At(name);
  auto head = client_->HeadObject(at, stop);
  if (!head) return Failed(head.error(), "reading", FormatS3Uri(at));
  return std::unique_ptr<BodySource>(
      std::make_unique<S3Source>(client_, std::move(at), *std::move(head), std::move(stop)));
}

Result<std::unique_ptr<NewFile>> S3Folder::Create(std::string_view name, std::stop_token stop) {
  return std::unique_ptr<NewFile>(
      std::make_unique<S3NewFile>(client_, At(name), TailOf(name), options_, std::move(stop)));
}

Result<std::unique_ptr<NewFile>> S3Folder::Reopen(std::string_view name, const FileMark& mark,
                                                  std::stop_token stop) {
  auto file =
      std::make_unique<S3NewFile>(client_, At(name), TailOf(name), options_, std::move(stop));
  RETURN_IF_ERROR(file->Restore(mark));
  return std::unique_ptr<NewFile>(std::move(file));
}

Status S3Folder::RemoveUnfinished(const std::map<std::string, FileMark>& keep) {
  std::set<std::string> kept_uploads, kept_tails;
  for (const auto& [name, mark] : keep) {
    kept_tails.insert(TailOf(name).key);
    if (auto state = json::ParseObject(mark.state)) {
      if (auto id = json::GetString(*state, "upload")) kept_uploads.insert(*id);
    }
  }
  auto uploads = client_->ListMultipartUploads(bucket_, prefix_);
  if (!uploads) return Failed(uploads.error(), "listing the unfinished uploads in", address_);
  for (const S3Upload& upload : *uploads) {
    // Some stores list more than the prefix.
    if (!upload.key.starts_with(prefix_) || kept_uploads.contains(upload.upload_id)) continue;
    auto aborted = client_->AbortMultipartUpload({bucket_, upload.key}, upload.upload_id);
    if (!aborted) return Failed(aborted.error(), "aborting an upload of", upload.key);
  }
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, List(SIZE_MAX));
  for (const FolderEntry& entry : entries) {
    bool is_tail = entry.name.starts_with(kTailFolder);
    if (is_tail && !kept_tails.contains(prefix_ + entry.name)) RETURN_IF_ERROR(Remove(entry.name));
  }
  return {};
}

S3Location S3Folder::TailOf(std::string_view name) const {
  return At(std::string(kTailFolder) + std::string(name));
}

Status S3Folder::Write(std::string_view name, std::string_view content) {
  S3Location at = At(name);
  S3PutOptions put{.server_side_encryption = options_.server_side_encryption,
                   .kms_key_id = options_.kms_key_id};
  auto done = client_->PutObject(at, content, put);
  if (!done) return Failed(done.error(), "writing", FormatS3Uri(at));
  return {};
}

Status S3Folder::Remove(std::string_view name) {
  S3Location at = At(name);
  auto done = client_->DeleteObject(at);
  if (!done) return Failed(done.error(), "removing", FormatS3Uri(at));
  return {};
}

}  // namespace penstock
