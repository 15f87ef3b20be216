// LineBuffer: bytes being put together at full speed. Unlike std::string it grows without zeroing
// what is about to be overwritten, and lets a writer reserve once and then store without checks.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace penstock {

/// One thread at a time. Keeps its memory when cleared.
class LineBuffer {
 public:
  LineBuffer() = default;
  LineBuffer(const LineBuffer&) = delete;
  LineBuffer& operator=(const LineBuffer&) = delete;
  LineBuffer(LineBuffer&&) noexcept = default;
  LineBuffer& operator=(LineBuffer&&) noexcept = default;

  /// Room for `size` more bytes; write at the result, then Advance. Invalidates earlier pointers
  /// and views.
  char* Reserve(size_t size) {
    if (capacity_ - size_ < size) Grow(size);
    return data_.get() + size_;
  }
  /// REQUIRES: at most what was reserved.
  void Advance(size_t size) { size_ += size; }
  void AdvanceTo(const char* end) { size_ = static_cast<size_t>(end - data_.get()); }

  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(Reserve(bytes.size()), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  void Append(char c) {
    *Reserve(1) = c;
    ++size_;
  }
  void Clear() { size_ = 0; }
  /// Keeps the first `size` bytes. REQUIRES: size <= size().
  void Truncate(size_t size) { size_ = size; }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  /// Until the next change.
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  void Grow(size_t size) {
    size_t wanted = capacity_ * 2 > size_ + size ? capacity_ * 2 : size_ + size + 256;
    std::unique_ptr<char[]> grown(new char[wanted]);
    if (size_ > 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
    capacity_ = wanted;
  }

  std::unique_ptr<char[]> data_;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace penstock
