#include "json/json_cursor.h"

#include <cstring>

#include "base/check.h"
#include "json/byte_scan.h"

namespace penstock {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The four hex digits after "\u"; -1 if they are not that.
int32_t HexUnit(const char* at, const char* end) {
  if (end - at < 4) return -1;
  int32_t unit = 0;
  for (int i = 0; i < 4; ++i) {
    int digit = HexDigit(at[i]);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

char* PutUtf8(uint32_t c, char* out) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | c >> 6);
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | c >> 12);
    *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | c >> 18);
    *out++ = static_cast<char>(0x80 | (c >> 12 & 0x3F));
    *out++ = static_cast<char>(0x80 | (c >> 6 & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

std::string Shown(char c) {
  unsigned char byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte < 0x7F ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", byte);
}

}  // namespace

bool JsonCursor::Fail(std::string reason) {
  if (error_.empty()) error_ = std::move(reason);
  return false;
}

bool JsonCursor::FailAt(size_t offset, std::string reason) {
  if (error_.empty()) at_ = begin_ + offset;
  return Fail(std::move(reason));
}

bool JsonCursor::Relabel(std::string_view prefix) {
  error_.insert(0, prefix);
  return false;
}

char JsonCursor::PeekSlow() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  return at_ == end_ ? 0 : *at_;
}

bool JsonCursor::FailExpected(char c) {
  return Fail(at_ == end_ ? fmt::format("the text ends where '{}' was expected", c)
                          : fmt::format("expected '{}', found {}", c, Shown(*at_)));
}

bool JsonCursor::TakeWord(std::string_view word) {
  Peek();
  if (left() < word.size() || std::string_view(at_, word.size()) != word) {
    return Fail(fmt::format("expected {}", word));
  }
  at_ += word.size();
  return true;
}

bool JsonCursor::StringWithEscapes(const char* start, Text* out, char** scratch) {
  char* first = *scratch;
  char* write = first;
  bool ascii;
  while (true) {
    std::memcpy(write, start, static_cast<size_t>(at_ - start));
    write += at_ - start;
    if (at_ == end_) return Fail("a string has no end");
    if (*at_ == '"') break;
    if (*at_ != '\\') {
      return Fail(fmt::format("raw control character 0x{:02x} in a string",
                              static_cast<unsigned char>(*at_)));
    }
    if (!Escape(&write)) return false;
    start = at_;
    at_ = FindStringSpecial(at_, end_, &ascii);
  }
  ++at_;
  *out = {{first, static_cast<size_t>(write - first)}, false};
  *scratch = write;
  return true;
}

bool JsonCursor::Escape(char** out) {
  if (left() < 2) return Fail("a string has no end");
  char c = at_[1];
  switch (c) {
    case '"':
    case '\\':
    case '/':
      *(*out)++ = c;
      break;
    case 'b':
      *(*out)++ = '\b';
      break;
    case 'f':
      *(*out)++ = '\f';
      break;
    case 'n':
      *(*out)++ = '\n';
      break;
    case 'r':
      *(*out)++ = '\r';
      break;
    case 't':
      *(*out)++ = '\t';
      break;
    case 'u': {
      int32_t unit = HexUnit(at_ + 2, end_);
      if (unit < 0) return Fail("\\u needs four hex digits");
      if (unit >= 0xDC00 && unit <= 0xDFFF) return Fail("lone low surrogate in a string");
      if (unit >= 0xD800 && unit <= 0xDBFF) {
        int32_t low = left() >= 12 && at_[6] == '\\' && at_[7] == 'u' ? HexUnit(at_ + 8, end_) : -1;
        if (low < 0xDC00 || low > 0xDFFF) return Fail("lone high surrogate in a string");
        *out = PutUtf8(0x10000 + ((static_cast<uint32_t>(unit) - 0xD800) << 10) +
                           (static_cast<uint32_t>(low) - 0xDC00),
                       *out);
        at_ += 12;
        return true;
      }
      *out = PutUtf8(static_cast<uint32_t>(unit), *out);
      at_ += 6;
      return true;
    }
    default:
      return Fail(fmt::format("unknown escape \\ followed by {} in a string", Shown(c)));
  }
  at_ += 2;
  return true;
}

bool JsonCursor::SkipString() {
  bool ascii;
  ++at_;
  while (true) {
    at_ = FindStringSpecial(at_, end_, &ascii);
    if (at_ == end_) return Fail("a string has no end");
    if (*at_ == '"') break;
    if (*at_ != '\\') return Fail("raw control character in a string");
    if (left() < 2) return Fail("a string has no end");
    at_ += 2;
  }
  ++at_;
  return true;
}

bool JsonCursor::Skip(std::string_view* raw, int depth_max) {
  Peek();
  const char* start = at_;
  std::string open;  // the brackets we are in
  do {
    char c = Peek();
    switch (c) {
      case '{':
      case '[':
        if (static_cast<int>(open.size()) >= depth_max) return Fail("nested too deeply");
        open.push_back(c == '{' ? '}' : ']');
        ++at_;
        break;
      case '}':
      case ']':
        if (open.empty() || open.back() != c) return Fail(fmt::format("unexpected '{}'", c));
        open.pop_back();
        ++at_;
        break;
      case '"':
        if (!SkipString()) return false;
        break;
      case ',':
      case ':':
        if (open.empty()) return Fail(fmt::format("unexpected '{}'", c));
        ++at_;
        break;
      default: {
        const char* word = at_;
        while (at_ != end_ &&
               (std::strchr("+-.", *at_) != nullptr || (*at_ >= '0' && *at_ <= '9') ||
                (*at_ >= 'a' && *at_ <= 'z') || (*at_ >= 'A' && *at_ <= 'Z')) &&
               *at_ != 0) {
          ++at_;
        }
        if (at_ == word)
          return Fail(at_ == end_ ? "the text ends too early" : "unexpected " + Shown(*at_));
      }
    }
  } while (!open.empty());
  *raw = {start, static_cast<size_t>(at_ - start)};
  return true;
}

}  // namespace penstock
