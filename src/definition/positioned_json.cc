#include "definition/positioned_json.h"

#include <fmt/core.h>

#include <optional>

#include "base/ascii.h"
#include "base/encoding.h"

namespace penstock {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

void AppendUtf8(std::string& out, uint32_t code) {
  auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    tail(12), tail(6), tail(0);
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text_.starts_with(kByteOrderMark)) text_.remove_prefix(kByteOrderMark.size());
  }

  Result<JsonNode> Run() {
    if (text_.size() > kJsonFileSizeMax) return Fail("the file is larger than 64 MiB");
    JsonNode root;
    SkipSpace();
    RETURN_IF_ERROR(ParseValue(root, 0));
    SkipSpace();
    if (at_ < text_.size()) return Fail("there is something after the end of the definition");
    return root;
  }

 private:
  FilePosition Here() const { return {line_, static_cast<int>(at_ - line_start_) + 1}; }
  Error Fail(std::string_view what) const { return FailAt(Here(), what); }
  static Error FailAt(FilePosition position, std::string_view what) {
    return InvalidArgument(fmt::format("{}:{}: {}", position.line, position.column, what));
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  std::string Found() const {
    if (at_ >= text_.size()) return "the end of the file";
    unsigned char c = static_cast<unsigned char>(text_[at_]);
    return c >= 0x20 && c < 0x7f ? fmt::format("'{}'", text_[at_])
                                 : fmt::format("byte 0x{:02x}", c);
  }

  void SkipSpace() {
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  Status ParseValue(JsonNode& out, int depth) {
    if (depth > kJsonFileDepthMax)
      return Fail(fmt::format("nested more than {} levels deep", kJsonFileDepthMax));
    if (++values_ > kJsonFileValuesMax)
      return Fail(fmt::format("the file has more than {} values", kJsonFileValuesMax));
    out.position = Here();
    char c = Peek();
    if (c == '{') return ParseObject(out, depth);
    if (c == '[') return ParseArray(out, depth);
    if (c == '"') {
      out.kind = JsonNode::Kind::kString;
      return ParseString(out.text);
    }
    if (c == '-' || IsDigit(c)) return ParseNumber(out);
    for (std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(at_, word.size()) == word) {
        out.kind = word == "null" ? JsonNode::Kind::kNull : JsonNode::Kind::kBoolean;
        out.text = word;
        at_ += word.size();
        return {};
      }
    }
    return Fail(fmt::format("found {} where a value should be", Found()));
  }

  Status ParseObject(JsonNode& out, int depth) {
    out.kind = JsonNode::Kind::kObject;
    ++at_;
    SkipSpace();
    if (Peek() == '}') return ++at_, Status();
    while (true) {
      if (Peek() != '"') {
        bool after_comma = !out.keys.empty() && Peek() == '}';
        return Fail(after_comma
                        ? std::string("remove the comma before this '}'")
                        : fmt::format("found {} where a key in double quotes should be", Found()));
      }
      out.key_positions.push_back(Here());
      RETURN_IF_ERROR(ParseString(out.keys.emplace_back()));
      SkipSpace();
      if (Peek() != ':') return Fail(fmt::format("found {} where ':' should be", Found()));
      ++at_;
      SkipSpace();
      RETURN_IF_ERROR(ParseValue(out.values.emplace_back(), depth + 1));
      SkipSpace();
      if (Peek() == '}') return ++at_, Status();
      if (Peek() != ',') return Fail(fmt::format("found {} where ',' or '}}' should be", Found()));
      ++at_;
      SkipSpace();
    }
  }

  Status ParseArray(JsonNode& out, int depth) {
    out.kind = JsonNode::Kind::kArray;
    ++at_;
    SkipSpace();
    if (Peek() == ']') return ++at_, Status();
    while (true) {
      if (Peek() == ']') return Fail("remove the comma before this ']'");
      RETURN_IF_ERROR(ParseValue(out.values.emplace_back(), depth + 1));
      SkipSpace();
      if (Peek() == ']') return ++at_, Status();
      if (Peek() != ',') return Fail(fmt::format("found {} where ',' or ']' should be", Found()));
      ++at_;
      SkipSpace();
    }
  }

  Status ParseNumber(JsonNode& out) {
    out.kind = JsonNode::Kind::kNumber;
    size_t from = at_;
    auto digits = [&] {
      size_t first = at_;
      while (IsDigit(Peek())) ++at_;
      return at_ > first;
    };
    if (Peek() == '-') ++at_;
    if (Peek() == '0' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1])) {
      return Fail("a number cannot begin with 0; put it in quotes");
    }
    bool ok = digits();
    if (ok && Peek() == '.') ++at_, ok = digits();
    if (ok && (Peek() == 'e' || Peek() == 'E')) {
      ++at_;
      if (Peek() == '+' || Peek() == '-') ++at_;
      ok = digits();
    }
    if (!ok) return Fail(fmt::format("found {} where a digit should be", Found()));
    out.text = text_.substr(from, at_ - from);
    return {};
  }

  // The position is on the opening quote.
  Status ParseString(std::string& out) {
    FilePosition start = Here();
    ++at_;
    size_t plain = at_;
    auto flush = [&] { out.append(text_.substr(plain, at_ - plain)); };
    while (at_ < text_.size()) {
      unsigned char c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        flush();
        ++at_;
        if (!IsValidUtf8(out)) return FailAt(start, "the string is not valid UTF-8");
        return {};
      }
      if (c == '\n')
        return FailAt(start, "the string is not closed on its line; write line breaks as \\n");
      if (c < 0x20)
        return Fail(
            fmt::format("a string cannot hold byte 0x{:02x} as it is; write \\u{:04x}", c, c));
      if (c != '\\') {
        ++at_;
        continue;
      }
      flush();
      RETURN_IF_ERROR(ParseEscape(out));
      plain = at_;
    }
    return FailAt(start, "the string that begins here has no closing quote");
  }

  Status ParseEscape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (size_t i = kNames.find(c); c != '\0' && i != std::string_view::npos) {
      out += kMeanings[i];
      at_ += 2;
      return {};
    }
    if (c != 'u') return Fail("unknown escape; write \\\\ for a backslash");
    std::optional<uint32_t> code = Hex4(at_ + 2);
    if (!code) return Fail("\\u needs four hexadecimal digits");
    if (*code >= 0xdc00 && *code <= 0xdfff) return Fail("a low surrogate stands alone");
    size_t size = 6;
    if (*code >= 0xd800 && *code <= 0xdbff) {
      std::optional<uint32_t> low;
      if (text_.substr(at_ + 6, 2) == "\\u") low = Hex4(at_ + 8);
      if (!low || *low < 0xdc00 || *low > 0xdfff) return Fail("a high surrogate stands alone");
      code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
      size = 12;
    }
    AppendUtf8(out, *code);
    at_ += size;
    return {};
  }

  std::optional<uint32_t> Hex4(size_t at) const {
    if (at > text_.size() || text_.size() - at < 4) return std::nullopt;
    uint32_t value = 0;
    for (char c : text_.substr(at, 4)) {
      int digit = c >= '0' && c <= '9'   ? c - '0'
                  : c >= 'a' && c <= 'f' ? c - 'a' + 10
                  : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                         : -1;
      if (digit < 0) return std::nullopt;
      value = value * 16 + static_cast<uint32_t>(digit);
    }
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t values_ = 0;
  int line_ = 1;
  size_t line_start_ = 0;
};

}  // namespace

std::string_view KindName(JsonNode::Kind kind) {
  switch (kind) {
    case JsonNode::Kind::kNull:
      return "null";
    case JsonNode::Kind::kBoolean:
      return "a boolean";
    case JsonNode::Kind::kNumber:
      return "a number";
    case JsonNode::Kind::kString:
      return "a string";
    case JsonNode::Kind::kArray:
      return "a list";
    case JsonNode::Kind::kObject:
      return "an object";
  }
  return {};
}

Result<JsonNode> ParsePositionedJson(std::string_view text) { return Parser(text).Run(); }

}  // namespace penstock
