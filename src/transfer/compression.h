// Compressor: blocks of text -> the bytes of a file, each block a whole of its own (a gzip member,
// a zstd frame). A file may be cut after any of them and is still a good file, and no state lives
// from block to block. Readers take members in a row as one text (RFC 1952 section 2.2, RFC 8878
// section 3.1). Pure.
#pragma once

#include <memory>
#include <string_view>

#include "transfer/file_format.h"
#include "transfer/line_buffer.h"

namespace penstock {

/// One thread at a time; keeps its memory between blocks.
class Compressor {
 public:
  explicit Compressor(Compression compression);
  ~Compressor();

  /// Blocks of about this size are worth their overhead.
  size_t block_size() const;
  /// Appends the block's stored form to `out`.
  void Append(std::string_view block, LineBuffer* out);

 private:
  struct State;

  const Compression compression_;
  const std::unique_ptr<State> state_;
};

}  // namespace penstock
