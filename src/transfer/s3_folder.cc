#include "transfer/s3_folder.h"

#include <deque>
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
// Of these at least one is in a checkpoint, however much that lags behind.
constexpr size_t kTailsKept = 8;

/// What is before the dot and the number; empty if there is none.
std::string_view WithoutNumber(std::string_view key) {
  size_t dot = key.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == key.size()) return {};
  bool is_number = key.find_first_not_of("0123456789", dot + 1) == std::string_view::npos;
  return is_number ? key.substr(0, dot) : std::string_view();
}

class StringSink : public BodySink {
 public:
  Status Write(std::string_view bytes) override {
    text.append(bytes);
    return {};
  }
  std::string text;
};

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
  /// `tails`: what the keys of its tails begin with.
  S3NewFile(const S3Client* client, std::shared_ptr<S3Patience> patience, S3Location at,
            S3Location tails, const S3FolderOptions& options, std::stop_token stop)
      : client_(client),
        patience_(std::move(patience)),
        at_(std::move(at)),
        tails_(std::move(tails)),
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
    uint64_t bytes = part_.size();
    json::Array parts;
    for (size_t i = 0; i < parts_.size(); ++i) {
      bytes += parts_[i].size;
      parts.push_back(json::Array{parts_[i].etag, parts_[i].size, digests_[i]});
    }
    std::string etag;
    if (!part_.empty()) {
      S3PutOptions options = PutOptions();
      options.only_if_absent = false;
      S3Location tail = TailAt(bytes);
      auto put =
          patience_->Call([&] { return client_->PutObject(tail, part_.view(), options); }, stop_);
      if (!put) return Failed(put.error(), "writing", FormatS3Uri(tail));
      etag = *put;
      tails_kept_.push_back(std::move(tail));
      if (tails_kept_.size() > kTailsKept) {
        static_cast<void>(client_->DeleteObject(tails_kept_.front()).has_value());
        tails_kept_.pop_front();
      }
    }
    is_saved_ = true;
    return FileMark{bytes, json::Write(json::Object{{"upload", upload_id_},
                                                    {"parts", std::move(parts)},
                                                    {"tail", part_.size()},
                                                    {"etag", etag}})};
  }

  /// Takes up what Save left. kNotFound if it is not there any more; then the rest of it goes too.
  Status Restore(const FileMark& mark) {
    Status restored = TakeUp(mark);
    if (!restored && restored.error().code == ErrorCode::kNotFound) {
      is_saved_ = false;
      RemoveTails();
    }
    return restored;
  }

  Status Commit() override {
    RETURN_IF_ERROR(Complete());
    if (is_saved_) RemoveTails();
    return {};
  }

 private:
  Status TakeUp(const FileMark& mark) {
    ASSIGN_OR_RETURN(json::Object state, json::ParseObject(mark.state));
    ASSIGN_OR_RETURN(upload_id_, json::GetString(state, "upload"));
    ASSIGN_OR_RETURN(const json::Array* parts, json::GetArray(state, "parts"));
    ASSIGN_OR_RETURN(int64_t tail_size, json::GetInt(state, "tail"));
    ASSIGN_OR_RETURN(std::string etag, json::GetString(state, "etag"));
    is_saved_ = true;
    std::map<int, S3Part> there;
    if (!upload_id_.empty()) {
      auto listed =
          patience_->Call([&] { return client_->ListParts(at_, upload_id_, stop_); }, stop_);
      if (!listed) return Failed(listed.error(), "listing the parts of", address_);
      for (S3Part& part : *listed) there[part.number] = std::move(part);
    }
    for (const json::Value& value : *parts) {
      const json::Array* pair = value.if_array();
      int number = static_cast<int>(parts_.size()) + 1;
      if (pair == nullptr || pair->size() != 3 || !(*pair)[0].is_string() ||
          !(*pair)[2].is_string() || !there.contains(number) ||
          (*pair)[0].get_string() != std::string_view(there[number].etag)) {
        return NotFound(
            fmt::format("part {} of {} is not the one that was saved", number, address_));
      }
      parts_.push_back(there[number]);
      digests_.emplace_back((*pair)[2].get_string());
    }
    if (tail_size == 0) return {};
    S3Location tail = TailAt(mark.bytes);
    StringSink body;
    auto got = patience_->Call(
        [&] {
          body.text.clear();
          return client_->GetRange(tail, 0, static_cast<uint64_t>(tail_size), etag, body, stop_);
        },
        stop_);
    if (!got && got.error().http != 412 && got.error().http != 416)
      return Failed(got.error(), "reading", FormatS3Uri(tail));
    if (!got || body.text.size() != static_cast<uint64_t>(tail_size))
      return NotFound(FormatS3Uri(tail) + " is not the one that was saved");
    tails_kept_.push_back(std::move(tail));
    part_.Append(body.text);
    return {};
  }

  S3Location TailAt(uint64_t bytes) const {
    return {tails_.bucket, fmt::format("{}.{}", tails_.key, bytes)};
  }

  /// Best effort, as RemoveUnfinished finds them too. Those of earlier processes are known only to
  /// the bucket.
  void RemoveTails() {
    std::optional<std::string> token;
    do {
      auto page = client_->List(tails_.bucket, tails_.key + ".", "", token);
      if (!page) return;
      for (const S3ObjectInfo& object : page->objects) {
        if (WithoutNumber(object.key) == tails_.key)
          static_cast<void>(client_->DeleteObject({tails_.bucket, object.key}).has_value());
      }
      token = page->continuation_token;
    } while (token);
    tails_kept_.clear();
  }

  Status Complete() {
    if (upload_id_.empty()) return PutWhole();
    if (!part_.empty()) RETURN_IF_ERROR(FlushPart());
    auto done = patience_->Call(
        [&] {
          return client_->CompleteMultipartUpload(at_, upload_id_, parts_, /*only_if_absent=*/true,
                                                  stop_);
        },
        stop_);
    // After a first try whose answer was lost, the key is taken and the upload gone.
    bool may_be_done = !done && (done.error().http == 412 || done.error().http == 404);
    if (!done && !(may_be_done && HasOurBytes())) {
      if (done.error().http == 412) return Taken();
      if (done.error().type == "NoSuchUpload") {
        // S3 may give it up when another write of the key comes between (409), and wants it anew.
        return Unavailable(fmt::format(
            "completing the upload of {}: S3 does not have it any more, and no such object either; "
            "it has to be written again",
            address_));
      }
      return Failed(done.error(), "completing the upload of", address_);
    }
    upload_id_.clear();
    return {};
  }

  S3PutOptions PutOptions() const {
    return {.only_if_absent = true,
            .server_side_encryption = options_.server_side_encryption,
            .kms_key_id = options_.kms_key_id};
  }

  Status PutWhole() {
    auto put = patience_->Call(
        [&] { return client_->PutObject(at_, part_.view(), PutOptions(), stop_); }, stop_);
    if (put) return {};
    if (put.error().http != 412) return Failed(put.error(), "writing", address_);
    // A first try whose answer was lost looks like this too: then the object has our bytes.
    if (HasOurBytes()) return {};
    return Taken();
  }

  /// Whether the object there is what this would make. It is read, as with some encryptions an ETag
  /// is no digest.
  bool HasOurBytes() const {
    std::vector<std::pair<uint64_t, std::string>> pieces;  // size and digest
    for (size_t i = 0; i < parts_.size(); ++i) pieces.emplace_back(parts_[i].size, digests_[i]);
    if (!part_.empty()) pieces.emplace_back(part_.size(), HexEncode(Md5(part_.view())));
    uint64_t size = 0;
    for (const auto& piece : pieces) size += piece.first;
    auto head = patience_->Call([&] { return client_->HeadObject(at_, stop_); }, stop_);
    if (!head || head->size != size) return false;
    uint64_t offset = 0;
    for (const auto& [piece_size, digest] : pieces) {
      StringSink body;
      auto got = patience_->Call(
          [&] {
            body.text.clear();
            return client_->GetRange(at_, offset, piece_size, head->etag, body, stop_);
          },
          stop_);
      if (!got) return false;
      if (HexEncode(Md5(body.text)) != digest) return false;
      offset += piece_size;
    }
    return true;
  }

  Status FlushPart() {
    if (upload_id_.empty()) {
      auto begun = patience_->Call(
          [&] { return client_->CreateMultipartUpload(at_, PutOptions(), stop_); }, stop_);
      if (!begun) return Failed(begun.error(), "beginning the upload of", address_);
      upload_id_ = *begun;
    }
    int number = static_cast<int>(parts_.size()) + 1;
    if (number > kPartsMax) {
      return ResourceExhausted(
          fmt::format("{} would need more than {} parts", address_, kPartsMax));
    }
    auto part = patience_->Call(
        [&] { return client_->UploadPart(at_, upload_id_, number, part_.view(), stop_); }, stop_);
    if (!part) return Failed(part.error(), fmt::format("uploading part {} of", number), address_);
    parts_.push_back(*std::move(part));
    digests_.push_back(HexEncode(Md5(part_.view())));
    part_.Clear();
    return {};
  }

  Status Taken() const {
    return AlreadyExists(
        address_ +
        " was made by somebody else meanwhile; is another attempt of this export running?");
  }

  const S3Client* const client_;
  const std::shared_ptr<S3Patience> patience_;
  const S3Location at_, tails_;
  const std::string address_;
  const S3FolderOptions options_;
  std::stop_token stop_;
  LineBuffer part_;
  std::string upload_id_;
  std::vector<S3Part> parts_;
  std::vector<std::string> digests_;  // MD5 of each part
  std::deque<S3Location> tails_kept_;
  bool is_saved_ = false;
};

class S3Source : public BodySource {
 public:
  S3Source(const S3Client* client, std::shared_ptr<S3Patience> patience, S3Location at,
           S3ObjectInfo info, std::stop_token stop)
      : client_(client),
        patience_(std::move(patience)),
        at_(std::move(at)),
        info_(std::move(info)),
        stop_(std::move(stop)) {}

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
    auto got = patience_->Call(
        [&] {
          chunk_.text.clear();
          taken_ = 0;
          return client_->GetRange(at_, offset_, size, info_.etag, chunk_, stop_);
        },
        stop_);
    if (got) {
      offset_ += size;
      return {};
    }
    chunk_.text.clear();
    if (got.error().http == 412) return Corrupt(FormatS3Uri(at_) + " changed while it was read");
    return Failed(got.error(), "reading", FormatS3Uri(at_));
  }

  const S3Client* const client_;
  const std::shared_ptr<S3Patience> patience_;
  const S3Location at_;
  const S3ObjectInfo info_;
  const std::stop_token stop_;
  StringSink chunk_;
  size_t taken_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace

S3Folder::S3Folder(const S3Client* client, Clock* clock, Random* random, const S3Location& location,
                   S3FolderOptions options)
    : client_(client),
      patience_(std::make_shared<S3Patience>(clock, random, options.stop)),
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
    auto page =
        patience_->Call([&] { return client_->List(bucket_, prefix_, "", token, keys_max); });
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
  auto head = patience_->Call([&] { return client_->HeadObject(at); });
  if (!head) return Failed(head.error(), "reading", FormatS3Uri(at));
  if (head->size > size_max) {
    return ResourceExhausted(
        fmt::format("{} has {} bytes, more than {}", FormatS3Uri(at), head->size, size_max));
  }
  StringSink body;
  auto got = patience_->Call([&]() -> CallResult<void> {
    body.text.clear();
    if (head->size == 0) return {};  // of which there are no ranges
    return client_->GetRange(at, 0, head->size, head->etag, body);
  });
  if (!got && got.error().http == 412)
    return Unavailable(FormatS3Uri(at) + " changed while it was read; try again");
  if (!got) return Failed(got.error(), "reading", FormatS3Uri(at));
  return std::move(body.text);
}

Result<std::unique_ptr<BodySource>> S3Folder::Open(std::string_view name, std::stop_token stop) {
  S3Location at = At(name);
  auto head = patience_->Call([&] { return client_->HeadObject(at, stop); }, stop);
  if (!head) return Failed(head.error(), "reading", FormatS3Uri(at));
  return std::unique_ptr<BodySource>(std::make_unique<S3Source>(client_, patience_, std::move(at),
                                                                *std::move(head), std::move(stop)));
}

Result<std::unique_ptr<NewFile>> S3Folder::Create(std::string_view name, std::stop_token stop) {
  return std::unique_ptr<NewFile>(std::make_unique<S3NewFile>(
      client_, patience_, At(name), TailsOf(name), options_, std::move(stop)));
}

Result<std::unique_ptr<NewFile>> S3Folder::Reopen(std::string_view name, const FileMark& mark,
                                                  std::stop_token stop) {
  auto file = std::make_unique<S3NewFile>(client_, patience_, At(name), TailsOf(name), options_,
                                          std::move(stop));
  RETURN_IF_ERROR(file->Restore(mark));
  return std::unique_ptr<NewFile>(std::move(file));
}

Status S3Folder::RemoveUnfinished(const std::map<std::string, FileMark>& keep,
                                  const std::function<bool(std::string_view name)>& ours) {
  std::set<std::string> kept_uploads, kept_tails;
  for (const auto& [name, mark] : keep) {
    kept_tails.insert(fmt::format("{}.{}", TailsOf(name).key, mark.bytes));
    if (auto state = json::ParseObject(mark.state)) {
      if (auto id = json::GetString(*state, "upload")) kept_uploads.insert(*id);
    }
  }
  auto uploads = patience_->Call([&] { return client_->ListMultipartUploads(bucket_, prefix_); });
  if (!uploads) return Failed(uploads.error(), "listing the unfinished uploads in", address_);
  for (const S3Upload& upload : *uploads) {
    // Some stores list more than the prefix.
    if (!upload.key.starts_with(prefix_) || kept_uploads.contains(upload.upload_id)) continue;
    if (!ours(std::string_view(upload.key).substr(prefix_.size()))) continue;
    auto aborted = patience_->Call([&] {
      return client_->AbortMultipartUpload({bucket_, upload.key}, upload.upload_id);
    });
    if (!aborted) return Failed(aborted.error(), "aborting an upload of", upload.key);
  }
  ASSIGN_OR_RETURN(std::vector<FolderEntry> entries, List(SIZE_MAX));
  for (const FolderEntry& entry : entries) {
    if (!entry.name.starts_with(kTailFolder)) continue;
    std::string_view name = WithoutNumber(std::string_view(entry.name).substr(kTailFolder.size()));
    if (ours(name) && !kept_tails.contains(prefix_ + entry.name))
      RETURN_IF_ERROR(Remove(entry.name));
  }
  return {};
}

S3Location S3Folder::TailsOf(std::string_view name) const {
  return At(std::string(kTailFolder) + std::string(name));
}

Status S3Folder::Write(std::string_view name, std::string_view content) {
  S3Location at = At(name);
  S3PutOptions put{.server_side_encryption = options_.server_side_encryption,
                   .kms_key_id = options_.kms_key_id};
  auto done = patience_->Call([&] { return client_->PutObject(at, content, put); });
  if (!done) return Failed(done.error(), "writing", FormatS3Uri(at));
  return {};
}

Status S3Folder::WriteNew(std::string_view name, std::string_view content) {
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, Create(name, options_.stop));
  RETURN_IF_ERROR(file->Append(content));
  return file->Commit();
}

Status S3Folder::Remove(std::string_view name) {
  S3Location at = At(name);
  auto done = patience_->Call([&] { return client_->DeleteObject(at); });
  if (!done) return Failed(done.error(), "removing", FormatS3Uri(at));
  return {};
}

}  // namespace penstock
