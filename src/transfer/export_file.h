// ExportFile: a data file of an export that is to be read, and what is known of it beforehand.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "transfer/content_digest.h"
#include "transfer/line_reader.h"

namespace penstock {

/// How a file's bytes are to be taken, once unpacked.
struct FileShape {
  LineShape lines = LineShape::kAny;
  char separator = 0;  // ',' or '\t': a delimited file, and `lines` says nothing; 0: lines
  Leniency leniency = Leniency::kStrict;
  bool operator==(const FileShape&) const = default;
};

/// Of files that are known to be in that format.
FileShape ShapeOf(FileFormat format, Leniency leniency);

struct ExportFile {
  std::string name;   // within the folder
  uint64_t size = 0;  // as stored
  FileShape shape;
  // What its manifest says; nothing if there is none or it does not.
  std::optional<uint64_t> items;  // or changes, of an incremental export
  std::optional<ContentDigest> digest;
  std::string md5 = {};  // base64, of the stored bytes
  /// Of the stored bytes, from exports of ours. Reset where the items are to be judged, however
  /// they are spelled: with it only the file that was exported can be read to its end.
  std::optional<uint64_t> crc64nvme = {};

  /// Whether reading it to its end shows more than that it can be read.
  bool is_proven() const { return items.has_value(); }
};

}  // namespace penstock
