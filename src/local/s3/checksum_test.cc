#include "local/s3/checksum.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace penstock {
namespace {

std::string Raw(ChecksumAlgorithm algorithm, std::string_view bytes) {
  ChecksumHasher hasher(algorithm);
  hasher.Update(bytes.substr(0, bytes.size() / 3));
  hasher.Update(bytes.substr(bytes.size() / 3));
  return hasher.Finish();
}

// The check values of the catalogue of CRCs (reveng) for "123456789", and of FIPS 180 tools.
TEST(ChecksumTest, KnownValues) {
  EXPECT_EQ(HexEncode(Raw(ChecksumAlgorithm::kCrc32, "123456789")), "cbf43926");
  EXPECT_EQ(HexEncode(Raw(ChecksumAlgorithm::kCrc32c, "123456789")), "e3069283");
  EXPECT_EQ(HexEncode(Raw(ChecksumAlgorithm::kCrc64Nvme, "123456789")), "ae8b14860a799888");
  EXPECT_EQ(HexEncode(Raw(ChecksumAlgorithm::kSha1, "123456789")),
            "f7c3bc1d808e04732adf679965ccc34ca7ae3441");
}

TEST(ChecksumTest, TheWholeFollowsFromTheParts) {
  const std::string bytes = std::string(70'001, 'x') + "tail" + std::string(300, '\0');
  for (ChecksumAlgorithm algorithm : kChecksumAlgorithms) {
    if (!IsCrc(algorithm)) continue;
    for (size_t cut : {size_t{0}, size_t{1}, size_t{64}, size_t{70'001}, bytes.size()}) {
      std::vector<PartChecksum> parts = {{Raw(algorithm, bytes.substr(0, cut)), cut},
                                         {Raw(algorithm, bytes.substr(cut)), bytes.size() - cut}};
      EXPECT_EQ(CombineChecksums(algorithm, false, parts).value,
                Base64Encode(Raw(algorithm, bytes)))
          << ChecksumName(algorithm) << " cut at " << cut;
    }
  }
}

TEST(ChecksumTest, CompositeIsAChecksumOfChecksums) {
  std::string a = Sha256("a"), b = Sha256("b");
  Checksum checksum = CombineChecksums(ChecksumAlgorithm::kSha256, true, {{a, 1}, {b, 1}});
  EXPECT_EQ(checksum.value, Base64Encode(Sha256(a + b)) + "-2");
  EXPECT_EQ(checksum.TypeName(), "COMPOSITE");
}

TEST(ChecksumTest, ReadsWhatARequestClaims) {
  EXPECT_FALSE(ReadChecksumClaim({})->algorithm);
  auto in_header = ReadChecksumClaim(
      {{"X-Amz-Checksum-Crc32", "NhCmhg=="}, {"x-amz-sdk-checksum-algorithm", "crc32"}});
  ASSERT_TRUE(in_header);
  EXPECT_EQ(in_header->algorithm, ChecksumAlgorithm::kCrc32);
  EXPECT_EQ(in_header->value, "NhCmhg==");
  auto in_trailer = ReadChecksumClaim({{"X-Amz-Trailer", "x-amz-checksum-sha256"}});
  ASSERT_TRUE(in_trailer);
  EXPECT_TRUE(in_trailer->in_trailer);
  EXPECT_EQ(in_trailer->algorithm, ChecksumAlgorithm::kSha256);

  const Headers wrong[] = {
      {{"x-amz-checksum-crc32", "NhCmhg"}},    // no base64
      {{"x-amz-checksum-crc32", "NhCmhgA="}},  // five bytes
      {{"x-amz-checksum-md5", "NhCmhg=="}},    // no such algorithm
      {{"x-amz-checksum-crc32", "NhCmhg=="}, {"x-amz-checksum-crc32c", "NhCmhg=="}},  // two
      {{"x-amz-sdk-checksum-algorithm", "SHA1"}},  // announced, not given
      {{"x-amz-checksum-crc32", "NhCmhg=="}, {"x-amz-sdk-checksum-algorithm", "SHA1"}},
  };
  for (const Headers& headers : wrong) {
    auto claim = ReadChecksumClaim(headers);
    ASSERT_FALSE(claim) << headers.fields()[0].first;
    EXPECT_EQ(claim.error().type, "InvalidRequest");
  }
}

}  // namespace
}  // namespace penstock
