// Multipart uploads: parts that arrive in any order and become one object in one commit. Completing
// copies no bytes: the object is made of its parts' files.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "local/s3/object_store.h"
#include "local/s3/storage.h"
#include "ports/random.h"

namespace penstock {

inline constexpr int kPartNumberMax = 10'000;
inline constexpr uint64_t kPartBytesMin = uint64_t{5} << 20;  // of all but the last
inline constexpr uint64_t kObjectBytesMax = uint64_t{5} << 40;

/// A part as the completing request names it.
struct RequestedPart {
  int number = 0;
  std::string etag;
  std::optional<Checksum> checksum;
};

struct CompleteRequest {
  std::vector<RequestedPart> parts;
  WriteCondition condition;
  std::optional<Checksum> checksum;  // of the object, to be held against ours
  std::optional<uint64_t> size;      // likewise
  Instant now{};
};

struct ListedUpload {
  std::string key;
  std::string upload_id;
  UploadRecord record;
};
struct UploadQuery {
  std::string prefix, delimiter;
  std::string key_marker, upload_id_marker;
  size_t count_max = 1000;
};
struct UploadPage {
  std::vector<ListedUpload> uploads;
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string next_key_marker, next_upload_id_marker;
};
struct PartPage {
  std::vector<PartRecord> parts;
  bool truncated = false;
};

/// Thread-safe. `storage` and `random` outlive it.
class UploadStore {
 public:
  UploadStore(Storage* storage, Random* random) : storage_(storage), random_(random) {}

  /// The new upload's id. Ids of one key sort by the time they were made at.
  ApiResult<std::string> Create(const std::string& bucket, const std::string& key,
                                const UploadRecord& record);
  /// NoSuchUpload.
  ApiResult<UploadRecord> Find(const std::string& bucket, const std::string& key,
                               const std::string& upload_id);
  /// Fills in file and size; replaces an earlier part of that number. NoSuchUpload when it ended
  /// meanwhile.
  ApiResult<void> PutPart(const std::string& bucket, const std::string& key,
                          const std::string& upload_id, PartRecord part, Content content);
  /// InvalidPart, InvalidPartOrder, EntityTooSmall, NoSuchUpload, and the condition's errors.
  /// Completing once more gives the same answer while the object stands.
  ApiResult<ObjectRecord> Complete(const std::string& bucket, const std::string& key,
                                   const std::string& upload_id, const CompleteRequest& request);
  /// NoSuchUpload.
  ApiResult<void> Abort(const std::string& bucket, const std::string& key,
                        const std::string& upload_id);
  /// Parts with numbers after `after`.
  ApiResult<PartPage> ListParts(const std::string& upload_id, int after, size_t count_max);
  ApiResult<UploadPage> List(const std::string& bucket, const UploadQuery& query);

 private:
  ApiResult<std::vector<PartRecord>> AllParts(const std::string& upload_id);

  Storage* const storage_;
  Random* const random_;
};

}  // namespace penstock
