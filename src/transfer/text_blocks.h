// TextBlocks: texts that one thread makes and others let go, many of them to an allocation: memory
// that is taken here and given back there, piece by piece, costs more than what is in it.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace penstock {

/// One thread at a time. What it has given out lives on without it.
class TextBlocks {
 public:
  /// A copy of `text`, which lives as long as `*owner`.
  std::string_view Keep(std::string_view text, std::shared_ptr<const char[]>* owner) {
    if (text.size() > room_) {
      room_ = std::max(text.size(), kBlockSize);
      block_ = std::make_shared_for_overwrite<char[]>(room_);
      next_ = block_.get();
    }
    *owner = block_;
    char* const kept = next_;
    std::memcpy(kept, text.data(), text.size());
    next_ += text.size();
    room_ -= text.size();
    return {kept, text.size()};
  }

 private:
  static constexpr size_t kBlockSize = 32u << 10;

  std::shared_ptr<char[]> block_;
  char* next_ = nullptr;
  size_t room_ = 0;
};

}  // namespace penstock
