#include "aws/xml_writer.h"

#include "base/check.h"
#include "base/encoding.h"

namespace penstock {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// The length of the well-formed UTF-8 sequence at `at`, 0 if there is none.
size_t SequenceLength(std::string_view text, size_t at) {
  auto lead = static_cast<unsigned char>(text[at]);
  size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (at + length > text.size() || !IsValidUtf8(text.substr(at, length))) return 0;
  return length;
}

void AppendEscaped(std::string& out, std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    char c = text[i];
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      size_t length = SequenceLength(text, i);
      std::string_view sequence = text.substr(i, length);
      bool forbidden = length == 0 || sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
      out += forbidden ? kReplacement : sequence;
      i += length == 0 ? 1 : length;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        if (byte < 0x20) {
          out += kReplacement;
        } else {
          out += c;
        }
    }
    ++i;
  }
}

}  // namespace

std::string XmlEscape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  AppendEscaped(out, text);
  return out;
}

void XmlWriter::Declaration() { out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"; }

void XmlWriter::Open(std::string_view name, std::string_view xmlns) {
  out_.append("<").append(name);
  if (!xmlns.empty()) out_.append(" xmlns=\"").append(xmlns).append("\"");
  out_ += '>';
  open_.emplace_back(name);
}

void XmlWriter::OpenWithAttributes(std::string_view name, std::string_view attributes) {
  out_.append("<").append(name).append(" ").append(attributes).append(">");
  open_.emplace_back(name);
}

void XmlWriter::Close() {
  CHECK(!open_.empty());
  out_.append("</").append(open_.back()).append(">");
  open_.pop_back();
}

void XmlWriter::Element(std::string_view name, std::string_view text) {
  if (text.empty()) {
    out_.append("<").append(name).append("/>");
    return;
  }
  out_.append("<").append(name).append(">");
  AppendEscaped(out_, text);
  out_.append("</").append(name).append(">");
}

std::string XmlWriter::Finish() && {
  CHECK(open_.empty(), "element {} is still open", open_.back());
  return std::move(out_);
}

}  // namespace penstock
