#include "transfer/s3_folder.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "transfer/line_buffer.h"

namespace penstock {
namespace {

constexpr int kPartsMax = 10'000;
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
  S3NewFile(const S3Client* client, S3Location at, const S3FolderOptions& options,
            std::stop_token stop)
      : client_(client),
        at_(std::move(at)),
        address_(FormatS3Uri(at_)),
        options_(options),
        stop_(std::move(stop)) {}

  ~S3NewFile() override {
    // Best effort: a bucket's AbortIncompleteMultipartUpload rule takes what a killed process
    // leaves.
    if (!upload_id_.empty())
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

  Status Commit() override {
    if (upload_id_.empty()) return PutWhole();
    if (!part_.empty()) RETURN_IF_ERROR(FlushPart());
    auto done =
        client_->CompleteMultipartUpload(at_, upload_id_, parts_, /*only_if_absent=*/true, stop_);
    if (!done && done.error().http == 412) return Taken();
    if (!done) return Failed(done.error(), "completing the upload of", address_);
    upload_id_.clear();
    return {};
  }

 private:
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
  const S3Location at_;
  const std::string address_;
  const S3FolderOptions options_;
  const std::stop_token stop_;
  LineBuffer part_;
  std::string upload_id_;
  std::vector<S3Part> parts_;
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
      std::make_unique<S3NewFile>(client_, At(name), options_, std::move(stop)));
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
