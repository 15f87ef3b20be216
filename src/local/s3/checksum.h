// The additional checksums of S3: five algorithms, given in a header or a trailer, stored with the
// object, given back on request. A multipart object's is either COMPOSITE (a checksum of its parts'
// checksums, "value-N") or FULL_OBJECT.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "base/digest.h"
#include "ports/http.h"

namespace penstock {

enum class ChecksumAlgorithm { kCrc32, kCrc32c, kCrc64Nvme, kSha1, kSha256 };
inline constexpr ChecksumAlgorithm kChecksumAlgorithms[] = {
    ChecksumAlgorithm::kCrc32, ChecksumAlgorithm::kCrc32c, ChecksumAlgorithm::kCrc64Nvme,
    ChecksumAlgorithm::kSha1, ChecksumAlgorithm::kSha256};

/// "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256".
std::string_view ChecksumName(ChecksumAlgorithm algorithm);
std::optional<ChecksumAlgorithm> ChecksumFromName(std::string_view name);
/// "x-amz-checksum-crc32"…
std::string ChecksumHeader(ChecksumAlgorithm algorithm);
/// "ChecksumCRC32"…
std::string ChecksumElement(ChecksumAlgorithm algorithm);
/// Whether the checksum of a whole follows from the checksums of its parts.
bool IsCrc(ChecksumAlgorithm algorithm);

/// A checksum as S3 shows it. Value type.
struct Checksum {
  ChecksumAlgorithm algorithm = ChecksumAlgorithm::kCrc32;
  std::string value;  // base64, with "-N" when composite
  bool composite = false;
  std::string_view TypeName() const { return composite ? "COMPOSITE" : "FULL_OBJECT"; }
  bool operator==(const Checksum&) const = default;
};

/// Computes one checksum over bytes that come piece by piece. Movable.
class ChecksumHasher {
 public:
  explicit ChecksumHasher(ChecksumAlgorithm algorithm);
  void Update(std::string_view bytes);
  /// Raw bytes, CRCs big-endian. REQUIRES: not called before.
  std::string Finish();

 private:
  ChecksumAlgorithm algorithm_;
  std::optional<Hasher> hasher_;
  uint64_t crc_ = 0;
};

/// What a request says about the checksum of its body.
struct ChecksumClaim {
  std::optional<ChecksumAlgorithm> algorithm{};  // absent: it says nothing
  std::optional<std::string>
      value{};  // base64; absent: it comes in a trailer, or is ours to compute
  bool in_trailer = false;
};

/// Reads x-amz-checksum-*, x-amz-trailer, x-amz-sdk-checksum-algorithm. Errors: several checksums,
/// an unknown algorithm, a value of the wrong size, an announced algorithm without a value.
ApiResult<ChecksumClaim> ReadChecksumClaim(const Headers& headers);

/// One part of a multipart object, as far as checksums go.
struct PartChecksum {
  std::string raw;
  uint64_t size = 0;
};
/// The checksum of the whole: composite, or for CRCs the full object's.
Checksum CombineChecksums(ChecksumAlgorithm algorithm, bool composite,
                          const std::vector<PartChecksum>& parts);

}  // namespace penstock
