#include "transfer/gson_text.h"

#include <fmt/core.h>

namespace penstock {
namespace {

constexpr int kDepthMax = 128;

class Rewriter {
 public:
  Rewriter(std::string_view text, std::string* json) : left_(text), json_(json) { json_->clear(); }

  bool Rewrite() { return Value(0) && SkipSpace() && left_.empty(); }

 private:
  char Peek() const { return left_.empty() ? '\0' : left_.front(); }
  bool Take(char c) {
    if (Peek() != c || left_.empty()) return false;
    left_.remove_prefix(1);
    return true;
  }

  /// White space and comments. False: a comment without end.
  bool SkipSpace() {
    while (!left_.empty()) {
      if (Peek() == ' ' || Peek() == '\t' || Peek() == '\r' || Peek() == '\n') {
        left_.remove_prefix(1);
      } else if (Peek() == '#' || left_.starts_with("//")) {
        left_.remove_prefix(std::min(left_.find('\n'), left_.size()));
      } else if (left_.starts_with("/*")) {
        size_t end = left_.find("*/", 2);
        if (end == std::string_view::npos) return false;
        left_.remove_prefix(end + 2);
      } else {
        break;
      }
    }
    return true;
  }

  bool Value(int depth) {
    if (depth > kDepthMax || !SkipSpace()) return false;
    switch (Peek()) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
      case '\'':
        return Quoted();
      default:
        return Unquoted(/*is_name=*/false);
    }
  }

  bool Object(int depth) {
    Take('{');
    *json_ += '{';
    if (!SkipSpace()) return false;
    for (bool first = true; !Take('}'); first = false) {
      if (!first) {
        if (!Take(',') && !Take(';')) return false;
        *json_ += ',';
      }
      if (!SkipSpace()) return false;
      bool quoted = Peek() == '"' || Peek() == '\'';
      if (!(quoted ? Quoted() : Unquoted(/*is_name=*/true)) || !SkipSpace()) return false;
      if (Take('=')) {
        Take('>');
      } else if (!Take(':')) {
        return false;
      }
      *json_ += ':';
      if (!Value(depth + 1) || !SkipSpace()) return false;
    }
    *json_ += '}';
    return true;
  }

  bool Array(int depth) {
    Take('[');
    *json_ += '[';
    if (!SkipSpace()) return false;
    for (bool first = true; !Take(']'); first = false) {
      if (!first) {
        if (!Take(',') && !Take(';')) return false;
        *json_ += ',';
      }
      if (!Value(depth + 1) || !SkipSpace()) return false;
    }
    *json_ += ']';
    return true;
  }

  bool Quoted() {
    const char quote = Peek();
    left_.remove_prefix(1);
    *json_ += '"';
    while (!left_.empty()) {
      char c = Peek();
      left_.remove_prefix(1);
      if (c == quote) {
        *json_ += '"';
        return true;
      }
      if (c != '\\') {
        Put(c);
        continue;
      }
      if (left_.empty()) return false;
      c = Peek();
      left_.remove_prefix(1);
      if (c == '\'' || c == '\n') {  // Gson's own two escapes
        Put(c);
      } else {
        *json_ += '\\';  // JSON's, or wrong and left to the strict reader
        *json_ += c;
      }
    }
    return false;
  }

  /// Up to the first character that ends a literal.
  bool Unquoted(bool is_name) {
    size_t size = std::min(left_.find_first_of("/\\;#={}[]:, \t\f\r\n"), left_.size());
    if (size == 0 || (size < left_.size() && left_[size] == '\\')) return false;
    std::string_view word = left_.substr(0, size);
    left_.remove_prefix(size);
    if (!is_name && (word == "true" || word == "false" || word == "null")) {
      *json_ += word;
      return true;
    }
    *json_ += '"';
    for (char c : word) Put(c);
    *json_ += '"';
    return true;
  }

  void Put(char c) {
    if (c == '"' || c == '\\') *json_ += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      *json_ += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      *json_ += c;
    }
  }

  std::string_view left_;
  std::string* const json_;
};

}  // namespace

bool RewriteGsonText(std::string_view text, std::string* json) {
  return Rewriter(text, json).Rewrite();
}

}  // namespace penstock
