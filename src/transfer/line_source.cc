#include "transfer/line_source.h"

#include <cstring>

namespace penstock {
namespace {

constexpr size_t kChunkSize = 256u << 10;  // what stays in a processor's cache
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The first LF or CR in [from, size), or npos.
size_t FindLineEnd(const char* data, size_t from, size_t size) {
  if (from >= size) return std::string_view::npos;
  const void* lf = std::memchr(data + from, '\n', size - from);
  size_t limit = lf != nullptr ? static_cast<size_t>(static_cast<const char*>(lf) - data) : size;
  const void* cr = std::memchr(data + from, '\r', limit - from);
  if (cr != nullptr) return static_cast<size_t>(static_cast<const char*>(cr) - data);
  return lf != nullptr ? limit : std::string_view::npos;
}

/// Line ends in a record, CRLF being one.
uint64_t CountLineEnds(std::string_view record) {
  uint64_t count = 0;
  for (size_t i = 0; i < record.size(); ++i) {
    bool counts = record[i] == '\n' ||
                  (record[i] == '\r' && (i + 1 == record.size() || record[i + 1] != '\n'));
    if (counts) ++count;
  }
  return count;
}

}  // namespace

size_t LineSource::FindEnd(size_t from, CellState* state) const {
  if (separator_ == 0) return FindLineEnd(buffer_.data(), from, size_);
  for (size_t i = from; i < size_; ++i) {
    const char c = buffer_[i];
    if (*state == CellState::kQuoted) {
      const void* quote = std::memchr(buffer_.data() + i, '"', size_ - i);
      if (quote == nullptr) return std::string_view::npos;
      i = static_cast<size_t>(static_cast<const char*>(quote) - buffer_.data());
      *state = CellState::kQuoteInQuoted;
    } else if (c == '\n' || c == '\r') {
      return i;
    } else if (c == separator_) {
      *state = CellState::kStart;
    } else if (c == '"' && *state != CellState::kPlain) {
      *state = CellState::kQuoted;
    } else {
      *state = CellState::kPlain;
    }
  }
  return std::string_view::npos;
}

Result<bool> LineSource::Fill() {
  if (position_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + position_, size_ - position_);
    base_ += position_;
    size_ -= position_;
    position_ = 0;
  }
  if (buffer_.size() < size_ + kChunkSize) buffer_.resize(size_ + kChunkSize);
  ASSIGN_OR_RETURN(size_t count,
                   bytes_->Read(std::span<char>(buffer_.data() + size_, buffer_.size() - size_)));
  size_ += count;
  return count > 0;
}

Result<std::optional<Line>> LineSource::Next() {
  if (number_ == 0 && base_ == 0 && position_ == 0) {
    while (size_ < kByteOrderMark.size() && !at_end_) {
      ASSIGN_OR_RETURN(bool more, Fill());
      at_end_ = !more;
    }
    if (std::string_view(buffer_.data(), size_).starts_with(kByteOrderMark)) {
      had_byte_order_mark_ = true;
      position_ = kByteOrderMark.size();
    }
  }
  if (after_carriage_return_) {
    while (position_ == size_ && !at_end_) {
      ASSIGN_OR_RETURN(bool more, Fill());
      at_end_ = !more;
    }
    if (position_ < size_ && buffer_[position_] == '\n') ++position_;
    after_carriage_return_ = false;
  }

  size_t searched = 0;  // bytes of this line known to have no end
  uint64_t dropped = 0;
  CellState state = CellState::kStart;
  while (true) {
    size_t end = FindEnd(position_ + searched, &state);
    bool ended = end != std::string_view::npos;
    if (!ended && !at_end_) {
      searched = size_ - position_;
      if (searched > kLineSizeMax) {
        // Its first bytes are kept for the message, the rest is read past.
        dropped += searched - kLineSizeMax;
        size_ = position_ + kLineSizeMax;
        searched = kLineSizeMax;
      }
      ASSIGN_OR_RETURN(bool more, Fill());
      at_end_ = !more;
      continue;
    }
    if (!ended) end = size_;
    if (!ended && position_ == size_) return std::optional<Line>();
    Line line;
    line.text = {buffer_.data() + position_, end - position_};
    line.number = ++number_;
    line.offset = base_ + position_;
    line.too_long = dropped > 0 || line.text.size() > kLineSizeMax;
    if (line.too_long) line.text = line.text.substr(0, kLineSizeMax);
    if (separator_ != 0) number_ += CountLineEnds(line.text);
    base_ += dropped;
    if (ended) after_carriage_return_ = buffer_[end] == '\r';
    position_ = ended ? end + 1 : end;
    return std::optional<Line>(line);
  }
}

}  // namespace penstock
