// LineSource: a stream of bytes as lines, or as the records of a delimited file, with the place of
// each. Memory is one chunk and the longest line. Not thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ports/http.h"

namespace penstock {

struct Line {
  std::string_view text;  // without its end; lives until the next call
  uint64_t number = 0;    // 1, 2, …; of the first, if it is a record of several
  uint64_t offset = 0;    // bytes of the file before it
  bool too_long = false;  // text is then only its first bytes
};

class LineSource {
 public:
  /// More than any item of 400 KiB needs in the wordiest spelling.
  static constexpr size_t kLineSizeMax = 16u << 20;

  /// `separator`: of the cells of a delimited file, where a line end between quotes is not one; 0
  /// for lines.
  explicit LineSource(BodySource* bytes, char separator = 0)
      : bytes_(bytes), separator_(separator) {}

  /// Lines end at LF, CR or CRLF; the last may end with the file. nullopt at the end of the file. A
  /// byte order mark at its beginning is left out (had_byte_order_mark()).
  Result<std::optional<Line>> Next();

  bool had_byte_order_mark() const { return had_byte_order_mark_; }
  /// Bytes read so far, as stored.
  uint64_t offset() const { return base_ + position_; }

 private:
  /// Reads on, keeping what begins at `keep`. False at the end of the file.
  Result<bool> Fill();

  /// Where in a record of a delimited file the search for its end stands.
  enum class CellState { kStart, kPlain, kQuoted, kQuoteInQuoted };

  /// The end of the line or record in [from, size_), or npos.
  size_t FindEnd(size_t from, CellState* state) const;

  BodySource* bytes_;
  const char separator_;
  std::string buffer_;
  size_t size_ = 0;      // valid bytes of buffer_
  size_t position_ = 0;  // of the next line in buffer_
  uint64_t base_ = 0;    // file offset of buffer_[0]
  uint64_t number_ = 0;
  bool at_end_ = false;
  bool after_carriage_return_ = false;  // an LF now belongs to the line before
  bool had_byte_order_mark_ = false;
};

}  // namespace penstock
