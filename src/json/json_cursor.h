// JsonCursor: a place in a JSON text that moves forward only. What the bulk readers (items, Scan
// answers, batches) are made of; everything else uses json/json.h. Strings are scanned sixteen
// bytes at a time. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_copy.h"
#include "json/byte_scan.h"

namespace penstock {

/// One thread at a time; borrows the text. Every method that returns bool returns false on a fault,
/// and from then on error() says what was wrong at offset(); nothing else may be called after that.
class JsonCursor {
 public:
  struct Text {
    std::string_view bytes;
    bool is_plain = false;  // ASCII without escapes
  };

  explicit JsonCursor(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

  /// The next byte that is not white space; 0 at the end (and for a NUL, which no JSON text has
  /// outside strings).
  char Peek() {
    // Bulk JSON is compact: usually there is nothing to skip.
    if (at_ != end_ && static_cast<unsigned char>(*at_) > ' ') [[likely]]
      return *at_;
    return PeekSlow();
  }
  /// Skips white space and takes `c`, or says "expected …".
  bool Take(char c) {
    if (Peek() == c && at_ != end_) [[likely]] {
      ++at_;
      return true;
    }
    return FailExpected(c);
  }
  /// Takes `c` if it is next.
  bool TakeIf(char c) {
    if (Peek() != c || at_ == end_) return false;
    ++at_;
    return true;
  }
  /// Takes `text` if exactly these bytes are next: where they begin; else nullptr.
  const char* TakeIfNext(std::string_view text) {
    if (left() < text.size() || !SameBytes({at_, text.size()}, text)) return nullptr;
    return std::exchange(at_, at_ + text.size());
  }
  /// Takes exactly `word` ("true", "null").
  bool TakeWord(std::string_view word);

  /// A string. One with escapes is decoded to `*scratch`, which then moves on; it must have room
  /// for what is left of the text. Lone surrogates, raw control characters and unknown escapes are
  /// faults. UTF-8 itself is not checked here. (Inline by order: `*out` is then kept in registers,
  /// where it would be written in halves and read back as one, for which processors wait.)
  [[gnu::always_inline]] bool String(Text* out, char** scratch) {
    if (!Take('"')) return false;
    const char* start = at_;
    bool ascii = true;
    at_ = FindStringSpecial(at_, end_, &ascii);
    if (at_ != end_ && *at_ == '"') [[likely]] {
      *out = {{start, static_cast<size_t>(at_ - start)}, ascii};
      ++at_;
      return true;
    }
    Text decoded;  // another variable: only this one's address is told
    if (!StringWithEscapes(start, &decoded, scratch)) return false;
    *out = decoded;
    return true;
  }

  /// Takes `{"x":` if exactly that is next, without white space, and x is a letter: x. Else 0, and
  /// nothing is taken.
  char TakeIfTagged() {
    if (left() < 5 || at_[0] != '{' || at_[1] != '"' || at_[3] != '"' || at_[4] != ':') return 0;
    const char tag = at_[2];
    const bool is_letter = (tag >= 'a' && tag <= 'z') || (tag >= 'A' && tag <= 'Z');
    if (is_letter) at_ += 5;
    return is_letter ? tag : '\0';
  }

  /// Any value, unread but well-formed in its brackets and strings, at most `depth_max` deep;
  /// `*raw` is its text.
  bool Skip(std::string_view* raw, int depth_max = 128);

  bool AtEnd() { return Peek() == 0 && at_ == end_; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  /// What was taken since it was at `from`.
  std::string_view Since(size_t from) const { return {begin_ + from, offset() - from}; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  const std::string& error() const { return error_; }

  /// Records a fault found by the caller at `offset` (default: here). Always false.
  bool Fail(std::string reason);
  bool FailAt(size_t offset, std::string reason);
  /// Puts `prefix` before the recorded reason. Always false.
  bool Relabel(std::string_view prefix);

 private:
  char PeekSlow();
  bool FailExpected(char c);
  /// From at_, which is at the first byte that is neither plain nor the closing quote.
  bool StringWithEscapes(const char* start, Text* out, char** scratch);
  bool Escape(char** out);
  bool SkipString();

  const char* begin_;
  const char* at_;
  const char* end_;
  std::string error_;
};

}  // namespace penstock
