// ItemFile: a data file of an export being read, item by item. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "transfer/data_folder.h"
#include "transfer/export_file.h"
#include "transfer/line_source.h"
#include "transfer/record_reader.h"

namespace penstock {

class ItemFile {
 public:
  /// Errors name the file. Compressed files are unpacked (decompression.h).
  static Result<std::unique_ptr<ItemFile>> Open(DataFolder& folder, const ExportFile& file,
                                                std::stop_token stop);

  /// The next record but headers: an item, a deletion, a blank, or a bad one (then reason());
  /// nullopt at the end of the file. kCorrupt: it is truncated, broken, or not the file of that
  /// checksum. kInvalidArgument: its header cannot be read.
  Result<std::optional<LineKind>> Next(Item* item);
  /// Takes the file to its end without reading its records, for its checksum. kCorrupt: as above.
  Status PassRest();

  const std::string& name() const { return name_; }
  /// Of the record that Next gave last.
  const Line& line() const { return line_; }
  std::string reason() const;
  /// What is wrong with it and where, for people: "…/ba3f…, line 5 (byte 400): not a number: "x"".
  std::string Fault() const;
  /// Where in the file, unpacked, that record's fault is.
  uint64_t fault_offset() const { return line_.offset + (line_.too_long ? 0 : reader_->column()); }
  /// How much of the stored file was read so far: somewhat more than what Next gave came from, and
  /// all of it at the end.
  uint64_t stored_bytes() const { return *stored_bytes_; }
  bool had_byte_order_mark() const { return lines_.had_byte_order_mark(); }

 private:
  ItemFile(std::string name, BodySource* stored, const uint64_t* stored_bytes,
           std::unique_ptr<BodySource> bytes, const FileShape& shape);

  const std::string name_;
  BodySource* const stored_;            // below bytes_: what the file's checksum is of
  const uint64_t* const stored_bytes_;  // read from it
  const std::unique_ptr<BodySource> bytes_;
  LineSource lines_;
  const std::unique_ptr<RecordReader> reader_;
  Line line_;
};

}  // namespace penstock
