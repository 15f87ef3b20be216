// Where things are in the index. Byte order of the keys is the order that S3 lists in, so that
// every listing is a range scan. All keys of this service begin with "s3/", so that an index can be
// shared.
//
//   s3/b/<bucket>                               BucketRecord
//   s3/a/<account>/<bucket>                     empty: the buckets of an account
//   s3/o/<bucket> 00 <key>                      ObjectRecord
//   s3/v/<bucket> 00 <key, escaped> 00 01 <age> ObjectRecord of a version that is not current, or
//   of a
//                                               delete marker, newest first
//   s3/n/<bucket> 00 <key>                      sequence of the key's "null" version, if under s3/v
//   s3/p/<object id>                            the PartRecords of a multipart object, as one list
//   s3/u/<bucket> 00 <key, escaped> 00 01 <id>  UploadRecord
//   s3/q/<upload id>/<part number>              PartRecord
//   s3/f/…                                      the journal of local/s3/object_files.h
//
// s3/o has a key's current version unless that is a delete marker: then the key has no entry there
// and the marker is the first under s3/v. <age> is the complement of the version's sequence number.
//
// Bucket names have no 00 byte; keys may. In upload and version keys 00 is written as 00 FF, so
// that an object key which is a prefix of another sorts before it and cannot be mistaken for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::index_key {

std::string Bucket(std::string_view bucket);
std::string AccountBuckets(std::string_view account);  // prefix
std::string AccountBucket(std::string_view account, std::string_view bucket);

std::string Objects(std::string_view bucket);  // prefix; the object's key follows as it is
std::string Object(std::string_view bucket, std::string_view key);
std::string ObjectParts(uint64_t object_id);

std::string Versions(std::string_view bucket);  // prefix
/// Prefix of the versions of all object keys that begin with `key_prefix`.
std::string VersionsWithPrefix(std::string_view bucket, std::string_view key_prefix);
/// Prefix of the versions of just this object key.
std::string VersionsOfKey(std::string_view bucket, std::string_view key);
std::string Version(std::string_view bucket, std::string_view key, uint64_t sequence);
std::string NullVersion(std::string_view bucket, std::string_view key);
/// The object key in what follows Versions(bucket); nullopt if it is no version's.
std::optional<std::string> ParseVersionKey(std::string_view after_bucket);

std::string Uploads(std::string_view bucket);  // prefix
/// Prefix of the uploads of all object keys that begin with `key_prefix`.
std::string UploadsWithPrefix(std::string_view bucket, std::string_view key_prefix);
/// Prefix of the uploads of just this object key; the upload id follows.
std::string UploadsOfKey(std::string_view bucket, std::string_view key);
std::string Upload(std::string_view bucket, std::string_view key, std::string_view upload_id);

struct UploadName {
  std::string key;
  std::string upload_id;
};
/// Takes apart what follows Uploads(bucket); nullopt if it is no upload's.
std::optional<UploadName> ParseUpload(std::string_view after_bucket);

std::string UploadParts(std::string_view upload_id);  // prefix
std::string UploadPart(std::string_view upload_id, int part_number);

}  // namespace penstock::index_key
