// Objects made of parts: uploads, their checksums, parts copied from other objects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crc.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "local/s3/s3_fixture_for_test.h"

namespace penstock {
namespace {

using testing::HasSubstr;

TEST_F(S3ServiceTest, PartsBecomeOneObject) {
  const std::string big(5 << 20, 'a'), small = "end";
  std::string id = Upload("key", {{"Content-Type", "a/b"}, {"x-amz-meta-m", "1"}});
  EXPECT_EQ(Code(Call("GET", "/bucket/key")), "NoSuchKey");
  Part("key", id, 2, "to be replaced");
  std::string etag2 = Part("key", id, 2, small), etag1 = Part("key", id, 1, big);
  Part("key", id, 7, "unused");
  EXPECT_EQ(EntriesOf(Call("GET", "/bucket?uploads")), "key|");
  EXPECT_THAT(
      Call("GET", "/bucket/key?max-parts=1&uploadId=" + id).body,
      HasSubstr(
          "<NextPartNumberMarker>1</NextPartNumberMarker><MaxParts>1</MaxParts><IsTruncated>true"));

  EXPECT_EQ(Code(Complete("key", id, {{2, etag2}, {1, etag1}})), "InvalidPartOrder");
  EXPECT_EQ(Code(Complete("key", id, {{1, etag1}, {3, etag2}})), "InvalidPart");
  EXPECT_EQ(Code(Complete("key", id, {{1, etag1}, {2, "\"0\""}})), "InvalidPart");
  EXPECT_EQ(Code(Complete("key", id, {})), "MalformedXML");
  HttpResponse small_first =
      Complete("key", id, {{2, etag2}, {7, "\"" + HexEncode(Md5("unused")) + "\""}});
  EXPECT_EQ(Code(small_first), "EntityTooSmall");
  EXPECT_EQ(Text(small_first, "PartNumber"), "2");

  HttpResponse done = Complete("key", id, {{1, etag1}, {2, etag2}});
  const std::string etag = "\"" + HexEncode(Md5(Md5(big) + Md5(small))) + "-2\"";
  EXPECT_EQ(Text(done, "ETag"), etag);
  EXPECT_EQ(FileCount(), 2u);
  EXPECT_EQ(Text(Complete("key", id, {{1, etag1}, {2, etag2}}), "ETag"), etag);  // once more

  HttpResponse got = Call("GET", "/bucket/key");
  EXPECT_TRUE(got.body == big + small);
  EXPECT_EQ(got.headers.Get("ETag"), etag);
  EXPECT_EQ(got.headers.Get("x-amz-meta-m"), "1");
  EXPECT_EQ(Call("GET", "/bucket/key", {},
                 {{"Range", fmt::format("bytes={}-{}", (5 << 20) - 2, 5 << 20)}})
                .body,
            "aae");
  HttpResponse part2 = Call("GET", "/bucket/key?partNumber=2");
  EXPECT_EQ(part2.status, 206);
  EXPECT_EQ(part2.body, small);
  EXPECT_EQ(part2.headers.Get("x-amz-mp-parts-count"), "2");
  Call("PUT", "/bucket/key", "small");
  EXPECT_EQ(FileCount(), 1u);
  EXPECT_EQ(Code(Complete("key", id, {{1, etag1}, {2, etag2}})), "NoSuchUpload");
}

TEST_F(S3ServiceTest, UploadsEndedOrUnknown) {
  std::string id = Upload("key");
  Part("key", id, 1, "x");
  EXPECT_EQ(Call("DELETE", "/bucket/key?uploadId=" + id).status, 204);
  EXPECT_EQ(FileCount(), 0u);
  for (auto [method, query] : {std::pair{"DELETE", ""}, {"GET", ""}, {"PUT", "&partNumber=1"}}) {
    HttpResponse response =
        Call(method, "/bucket/key?uploadId=" + id + query, method == std::string("PUT") ? "x" : "");
    EXPECT_EQ(Code(response), "NoSuchUpload") << method;
    EXPECT_EQ(response.status, 404);
  }
  EXPECT_EQ(Code(Call("PUT", "/bucket/key?partNumber=0&uploadId=" + id, "x")), "InvalidArgument");
  EXPECT_EQ(Code(Call("PUT", "/bucket/key?partNumber=10001&uploadId=" + id, "x")),
            "InvalidArgument");
  // An upload left open does not keep its bucket.
  Part("key2", Upload("key2"), 1, "x");
  EXPECT_EQ(Call("DELETE", "/bucket").status, 204);
  EXPECT_EQ(FileCount(), 0u);
}

TEST_F(S3ServiceTest, ChecksumsOfMultipartObjects) {
  const std::string big(5 << 20, 'a'), small = "end";
  std::string id = Upload("key", {{"x-amz-checksum-algorithm", "SHA256"}});
  std::string etag1 = Part("key", id, 1, big), etag2 = Part("key", id, 2, small);
  HttpResponse done = Complete("key", id, {{1, etag1}, {2, etag2}});
  EXPECT_EQ(Text(done, "ChecksumSHA256"), Base64Encode(Sha256(Sha256(big) + Sha256(small))) + "-2");
  EXPECT_EQ(Text(done, "ChecksumType"), "COMPOSITE");

  id = Upload("key",
              {{"x-amz-checksum-algorithm", "CRC32"}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  Part("key", id, 1, big);
  Part("key", id, 2, small);
  std::string raw(4, '\0');
  uint32_t crc = Crc32(big + small);
  for (int i = 0; i < 4; ++i) raw[i] = static_cast<char>(crc >> (24 - 8 * i));
  EXPECT_EQ(
      Code(Complete("key", id, {{1, etag1}, {2, etag2}}, {{"x-amz-checksum-crc32", "AAAAAA=="}})),
      "BadDigest");
  done =
      Complete("key", id, {{1, etag1}, {2, etag2}}, {{"x-amz-checksum-crc32", Base64Encode(raw)}});
  EXPECT_EQ(Text(done, "ChecksumCRC32"), Base64Encode(raw));
  HttpResponse attributes =
      Call("GET", "/bucket/key?attributes", {},
           {{"x-amz-object-attributes", "ETag,Checksum,ObjectParts,StorageClass,ObjectSize"}});
  EXPECT_THAT(attributes.body, HasSubstr("<PartsCount>2</PartsCount>"));
  EXPECT_EQ(Text(attributes, "ObjectSize"), std::to_string(big.size() + small.size()));
  struct Page {
    const char *marker, *max, *numbers, *truncated;
  };
  for (const Page& page : {Page{"0", "1", "1", "true"}, Page{"1", "2147483647", "2", "false"},
                           Page{"2", "1", "", "false"}, Page{"2147483647", "1", "", "false"},
                           Page{"2147483647", "2147483647", "", "false"}}) {
    attributes = Call("GET", "/bucket/key?attributes", {},
                      {{"x-amz-object-attributes", "ObjectParts"},
                       {"x-amz-part-number-marker", page.marker},
                       {"x-amz-max-parts", page.max}});
    auto root = ParseXml(attributes.body);
    const XmlElement* listed = root->Child("ObjectParts");
    ASSERT_NE(listed, nullptr) << attributes.body;
    std::string numbers;
    for (const XmlElement* part : listed->ChildrenNamed("Part"))
      numbers += part->ChildText("PartNumber");
    EXPECT_EQ(numbers, page.numbers) << page.marker;
    EXPECT_EQ(listed->ChildText("IsTruncated"), page.truncated) << page.marker;
  }
  EXPECT_EQ(
      Code(Call("POST", "/bucket/x?uploads", {},
                {{"x-amz-checksum-algorithm", "SHA1"}, {"x-amz-checksum-type", "FULL_OBJECT"}})),
      "InvalidRequest");
}

TEST_F(S3ServiceTest, PartsCopiedFromObjects) {
  Call("PUT", "/bucket/source", "0123456789");
  std::string id = Upload("key");
  HttpResponse copied =
      Call("PUT", "/bucket/key?partNumber=1&uploadId=" + id, {},
           {{"x-amz-copy-source", "/bucket/source"}, {"x-amz-copy-source-range", "bytes=2-4"}});
  EXPECT_EQ(Text(copied, "ETag"), "\"" + HexEncode(Md5("234")) + "\"");
  EXPECT_EQ(Complete("key", id, {{1, Text(copied, "ETag")}}).status, 200);
  EXPECT_EQ(Call("GET", "/bucket/key").body, "234");
  id = Upload("key");
  for (const char* range : {"bytes=2-10", "bytes=2-", "bytes=-2", "2-3"}) {
    EXPECT_EQ(
        Code(Call("PUT", "/bucket/key?partNumber=1&uploadId=" + id, {},
                  {{"x-amz-copy-source", "/bucket/source"}, {"x-amz-copy-source-range", range}})),
        "InvalidArgument")
        << range;
  }
}

}  // namespace
}  // namespace penstock
