// ItemFile: a data file of an export being read, item by item. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "transfer/data_folder.h"
#include "transfer/line_reader.h"
#include "transfer/line_source.h"

namespace penstock {

class ItemFile {
 public:
  /// Errors name the file. Files compressed with gzip are read through it, by their first bytes,
  /// not their names.
  static Result<std::unique_ptr<ItemFile>> Open(DataFolder& folder, const std::string& name,
                                                LineShape shape, std::stop_token stop);

  /// The next line: an item, a blank, or a bad one (then reason()); nullopt at the end of the file.
  Result<std::optional<LineKind>> Next(Item* item);

  const std::string& name() const { return name_; }
  /// Of the line that Next gave last.
  const Line& line() const { return line_; }
  std::string reason() const;
  /// Where in the file that line's fault is.
  uint64_t fault_offset() const { return line_.offset + (line_.too_long ? 0 : reader_.column()); }
  bool is_control_text() const { return reader_.is_control_text(); }
  bool had_byte_order_mark() const { return lines_.had_byte_order_mark(); }

 private:
  ItemFile(std::string name, std::unique_ptr<BodySource> bytes, LineShape shape);

  const std::string name_;
  const std::unique_ptr<BodySource> bytes_;
  LineSource lines_;
  LineReader reader_;
  Line line_;
};

}  // namespace penstock
