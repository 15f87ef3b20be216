#include "net/response_head.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace penstock {
namespace {

// RFC 9110 section 15, RFC 6585.
constexpr std::array<std::pair<int, std::string_view>, 46> kReasons{{
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
}};

void AppendClean(std::string& out, std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t') || byte == 0x7F ? ' ' : c;
  }
}

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  AppendClean(out, name);
  out += ": ";
  AppendClean(out, value);
  out += "\r\n";
}

/// FormatHttpDate once a second and thread.
const std::string& DateText(Instant now) {
  thread_local std::pair<Instant, std::string> latest;
  Instant second = std::chrono::floor<std::chrono::seconds>(now);
  if (latest.second.empty() || latest.first != second) latest = {second, FormatHttpDate(second)};
  return latest.second;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  if (status == 200) return "OK";
  for (const auto& [known, reason] : kReasons) {
    if (known == status) return reason;
  }
  return "Unknown";
}

bool IsBodiless(int status) { return status < 200 || status == 204 || status == 304; }

std::string FormatResponseHead(int status, const Headers& headers, const ResponseFraming& framing,
                               Instant now) {
  std::string out;
  out.reserve(256);
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += ReasonPhrase(status);
  out += "\r\n";
  bool has_date = false, has_server = false, has_length = false;
  for (const auto& [name, value] : headers.fields()) {
    if (EqualsIgnoreCase(name, "Connection") || EqualsIgnoreCase(name, "Transfer-Encoding"))
      continue;
    if (EqualsIgnoreCase(name, "Content-Length")) {
      if (framing.body != BodyFraming::kNone || status == 204 || status < 200 || has_length)
        continue;
      has_length = true;
    }
    has_date = has_date || EqualsIgnoreCase(name, "Date");
    has_server = has_server || EqualsIgnoreCase(name, "Server");
    AppendField(out, name, value);
  }
  if (!has_date) AppendField(out, "Date", DateText(now));
  if (!has_server) out += "Server: penstock\r\n";
  switch (framing.body) {
    case BodyFraming::kNone:
      if (!has_length && framing.size && !IsBodiless(status)) {
        AppendField(out, "Content-Length", std::to_string(*framing.size));
      }
      break;
    case BodyFraming::kSized:
      AppendField(out, "Content-Length", std::to_string(framing.size.value_or(0)));
      break;
    case BodyFraming::kChunked:
      out += "Transfer-Encoding: chunked\r\n";
      break;
    case BodyFraming::kUntilClose:
      break;
  }
  if (framing.close) {
    out += "Connection: close\r\n";
  } else if (!framing.http_1_1) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

}  // namespace penstock
