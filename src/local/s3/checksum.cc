#include "local/s3/checksum.h"

#include <array>

#include "base/check.h"
#include "base/crc.h"
#include "base/encoding.h"
#include "base/text.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

struct AlgorithmInfo {
  std::string_view name;    // in headers lower-case
  size_t size;              // bytes
  int crc_bits;             // 0: not a CRC
  uint64_t crc_polynomial;  // reflected
};

constexpr AlgorithmInfo kInfo[] = {
    {"CRC32", 4, 32, 0xEDB88320},
    {"CRC32C", 4, 32, 0x82F63B78},
    {"CRC64NVME", 8, 64, 0x9A6C9329AC4BC9B5},
    {"SHA1", 20, 0, 0},
    {"SHA256", 32, 0, 0},
};
constexpr std::string_view kHeaderPrefix = "x-amz-checksum-";

const AlgorithmInfo& Info(ChecksumAlgorithm algorithm) {
  return kInfo[static_cast<size_t>(algorithm)];
}

// A linear map on CRC registers: column i is the image of bit i.
using CrcMatrix = std::array<uint64_t, 64>;

uint64_t Apply(const CrcMatrix& matrix, uint64_t value) {
  uint64_t sum = 0;
  for (size_t i = 0; value != 0; ++i, value >>= 1) {
    if (value & 1) sum ^= matrix[i];
  }
  return sum;
}

CrcMatrix Square(const CrcMatrix& matrix, int bits) {
  CrcMatrix square{};
  for (int i = 0; i < bits; ++i) square[i] = Apply(matrix, matrix[i]);
  return square;
}

/// The CRC of A·B from those of A and B, as zlib's crc32_combine does: feeds |B| zero bytes through
/// A's register by repeated squaring.
uint64_t CombineCrc(const AlgorithmInfo& info, uint64_t first, uint64_t second,
                    uint64_t second_size) {
  CrcMatrix zeros{};  // one zero bit
  zeros[0] = info.crc_polynomial;
  for (int i = 1; i < info.crc_bits; ++i) zeros[i] = uint64_t{1} << (i - 1);
  for (int i = 0; i < 3; ++i) zeros = Square(zeros, info.crc_bits);  // one zero byte
  for (; second_size != 0; second_size >>= 1) {
    if (second_size & 1) first = Apply(zeros, first);
    zeros = Square(zeros, info.crc_bits);
  }
  return first ^ second;
}

}  // namespace

std::string_view ChecksumName(ChecksumAlgorithm algorithm) { return Info(algorithm).name; }

std::optional<ChecksumAlgorithm> ChecksumFromName(std::string_view name) {
  for (ChecksumAlgorithm algorithm : kChecksumAlgorithms) {
    if (EqualsIgnoreCase(ChecksumName(algorithm), name)) return algorithm;
  }
  return std::nullopt;
}

std::string ChecksumHeader(ChecksumAlgorithm algorithm) {
  return std::string(kHeaderPrefix) + AsciiLower(ChecksumName(algorithm));
}

std::string ChecksumElement(ChecksumAlgorithm algorithm) {
  return "Checksum" + std::string(ChecksumName(algorithm));
}

bool IsCrc(ChecksumAlgorithm algorithm) { return Info(algorithm).crc_bits != 0; }

ChecksumHasher::ChecksumHasher(ChecksumAlgorithm algorithm) : algorithm_(algorithm) {
  if (algorithm == ChecksumAlgorithm::kSha1) hasher_.emplace(HashKind::kSha1);
  if (algorithm == ChecksumAlgorithm::kSha256) hasher_.emplace(HashKind::kSha256);
}

void ChecksumHasher::Update(std::string_view bytes) {
  switch (algorithm_) {
    case ChecksumAlgorithm::kCrc32:
      crc_ = Crc32(bytes, static_cast<uint32_t>(crc_));
      return;
    case ChecksumAlgorithm::kCrc32c:
      crc_ = Crc32c(bytes, static_cast<uint32_t>(crc_));
      return;
    case ChecksumAlgorithm::kCrc64Nvme:
      crc_ = Crc64Nvme(bytes, crc_);
      return;
    case ChecksumAlgorithm::kSha1:
    case ChecksumAlgorithm::kSha256:
      hasher_->Update(bytes);
      return;
  }
}

std::string ChecksumHasher::Finish() {
  return hasher_ ? hasher_->Finish() : BigEndian(crc_, Info(algorithm_).size);
}

ApiResult<ChecksumClaim> ReadChecksumClaim(const Headers& headers) {
  ChecksumClaim claim;
  for (const auto& [raw_name, value] : headers.fields()) {
    std::string name = AsciiLower(raw_name);
    std::string_view text = Trim(value);
    std::optional<ChecksumAlgorithm> algorithm;
    bool in_trailer = name == "x-amz-trailer";
    if (in_trailer) name = AsciiLower(text);
    if (!name.starts_with(kHeaderPrefix) || name == "x-amz-checksum-mode" ||
        name == "x-amz-checksum-algorithm" || name == "x-amz-checksum-type") {
      continue;
    }
    algorithm = ChecksumFromName(name.substr(kHeaderPrefix.size()));
    if (!algorithm) {
      return s3_error::InvalidRequest(
          "The algorithm type you specified in x-amz-checksum- header is invalid.");
    }
    if (claim.algorithm) {
      return s3_error::InvalidRequest(
          "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.");
    }
    claim.algorithm = algorithm;
    claim.in_trailer = in_trailer;
    if (in_trailer) continue;
    auto raw = Base64Decode(text);
    if (!raw || raw->size() != Info(*algorithm).size) {
      return s3_error::InvalidRequest("Value for " + name + " header is invalid.");
    }
    claim.value = std::string(text);
  }
  if (auto announced = headers.Get("x-amz-sdk-checksum-algorithm")) {
    auto algorithm = ChecksumFromName(Trim(*announced));
    if (!algorithm) {
      return s3_error::InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    }
    if (!claim.algorithm) {
      return s3_error::InvalidRequest(
          "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
          "x-amz-trailer headers were "
          "found.");
    }
    if (*claim.algorithm != *algorithm) {
      return s3_error::InvalidRequest("Value for x-amz-sdk-checksum-algorithm header is invalid.");
    }
  }
  return claim;
}

Checksum CombineChecksums(ChecksumAlgorithm algorithm, bool composite,
                          const std::vector<PartChecksum>& parts) {
  Checksum result{.algorithm = algorithm, .value = {}, .composite = composite};
  if (composite) {
    ChecksumHasher hasher(algorithm);
    for (const PartChecksum& part : parts) hasher.Update(part.raw);
    result.value = Base64Encode(hasher.Finish()) + "-" + std::to_string(parts.size());
    return result;
  }
  CHECK(IsCrc(algorithm));
  const AlgorithmInfo& info = Info(algorithm);
  uint64_t crc = 0;
  for (const PartChecksum& part : parts)
    crc = CombineCrc(info, crc, FromBigEndian(part.raw), part.size);
  result.value = Base64Encode(BigEndian(crc, info.size));
  return result;
}

}  // namespace penstock
