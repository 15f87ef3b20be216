#include "local/s3/record.h"

#include <gtest/gtest.h>

#include "local/s3/index_key.h"

namespace penstock {
namespace {

ObjectRecord FullObject() {
  ObjectRecord record;
  record.id = 300;
  record.file = UINT64_MAX;
  record.size = 1ull << 40;
  record.etag = "d41d8cd98f00b204e9800998ecf8427e-2";
  record.last_modified = Instant(Duration(1'700'000'000'000));
  record.parts_count = 10'000;
  record.upload_id = "u";
  record.checksum = Checksum{ChecksumAlgorithm::kCrc64Nvme, "AAAAAAAAAAA=", true};
  record.attributes.content_type = "";
  record.attributes.headers = {{"Cache-Control", "no-cache"}, {"Expires", ""}};
  record.attributes.metadata = {{"a", std::string("\0\xFF", 2)}, {"b", std::string(300, 'x')}};
  record.attributes.tags = {{"t", ""}};
  record.attributes.encryption = "aws:kms";
  record.attributes.kms_key_id = "key";
  return record;
}

TEST(RecordTest, ReadsBackWhatItWrote) {
  EXPECT_EQ(*DecodeObject(Encode(ObjectRecord{})), ObjectRecord{});
  EXPECT_EQ(*DecodeObject(Encode(FullObject())), FullObject());
  BucketRecord bucket{"123456789012", "eu-west-1", Instant(Duration(1)), {{"k", "v"}}};
  EXPECT_EQ(*DecodeBucket(Encode(bucket)), bucket);
  PartRecord part{1, 2, 3, "md5", "sum", ChecksumAlgorithm::kSha1, Instant(Duration(4))};
  EXPECT_EQ(*DecodePart(Encode(part)), part);
  EXPECT_EQ(*DecodeParts(Encode(std::vector{part, PartRecord{}})),
            (std::vector{part, PartRecord{}}));
  for (bool composite : {false, true}) {
    UploadRecord upload{"arn", Instant(Duration(5)), ChecksumAlgorithm::kCrc32, composite,
                        FullObject().attributes};
    EXPECT_EQ(*DecodeUpload(Encode(upload)), upload);
  }
}

TEST(RecordTest, DamageIsAnErrorOrAnotherRecordNeverACrash) {
  const std::string bytes = Encode(FullObject());
  for (size_t i = 0; i < bytes.size(); ++i) {
    (void)DecodeObject(bytes.substr(0, i)).has_value();
    std::string flipped = bytes;
    flipped[i] = static_cast<char>(~flipped[i]);
    (void)DecodeObject(flipped).has_value();
  }
  EXPECT_EQ(DecodeObject(bytes.substr(0, bytes.size() - 1)).error().code, ErrorCode::kCorrupt);
}

TEST(IndexKeyTest, UploadsSortByKeyAndReadBack) {
  const std::string keys[] = {std::string("a"), std::string("a\0b", 3), std::string("a\0\0", 3),
                              std::string("a\1"), "b"};
  for (const std::string& key : keys) {
    std::string index_key = index_key::Upload("bucket", key, "id");
    auto name = index_key::ParseUpload(
        std::string_view(index_key).substr(index_key::Uploads("bucket").size()));
    ASSERT_TRUE(name);
    EXPECT_EQ(name->key, key);
    EXPECT_EQ(name->upload_id, "id");
    for (const std::string& other : keys) {
      EXPECT_EQ(key < other, index_key < index_key::Upload("bucket", other, "id"));
    }
  }
  EXPECT_FALSE(index_key::ParseUpload("no end"));
}

}  // namespace
}  // namespace penstock
