// Writes the small XML documents of AWS answers: elements and text, compact, in the order they are
// given; the same calls give the same bytes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

/// `text` as element content: & < > " escaped, carriage returns as character references; characters
/// that XML 1.0 cannot carry (other control characters, ill-formed UTF-8) become U+FFFD, so that
/// every answer parses.
std::string XmlEscape(std::string_view text);

class XmlWriter {
 public:
  /// <?xml version="1.0" encoding="UTF-8"?> and a newline, as S3 writes it.
  void Declaration();
  /// Starts an element; a non-empty `xmlns` becomes its default name space. Names are ours and are
  /// not escaped.
  void Open(std::string_view name, std::string_view xmlns = {});
  /// The same with one attribute, and the name space prefix that it may need: <Grantee
  /// xmlns:xsi="…" xsi:type="…">.
  void OpenWithAttributes(std::string_view name, std::string_view attributes);
  /// Ends the element opened last. REQUIRES: one is open.
  void Close();
  /// <name>text</name>; <name/> if `text` is empty.
  void Element(std::string_view name, std::string_view text);
  void Element(std::string_view name, int64_t number) { Element(name, std::to_string(number)); }
  void Element(std::string_view name, uint64_t number) { Element(name, std::to_string(number)); }
  void Element(std::string_view name, int number) { Element(name, std::to_string(number)); }
  void Element(std::string_view name, bool value) {
    Element(name, std::string_view(value ? "true" : "false"));
  }
  void Element(std::string_view name, const char* text) { Element(name, std::string_view(text)); }
  void Element(std::string_view name, const std::string& text) {
    Element(name, std::string_view(text));
  }
  /// How much is written so far, in bytes.
  size_t size() const { return out_.size(); }
  /// The document. REQUIRES: every element is closed.
  std::string Finish() &&;

 private:
  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace penstock
