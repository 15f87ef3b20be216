#include "net/smtp_mailer.h"

#include <curl/curl.h>
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <ctime>
#include <memory>

#include "base/check.h"
#include "base/encoding.h"

namespace penstock {
namespace {

constexpr long kConnectTimeoutMs = 10'000;
constexpr long kTimeoutMs = 60'000;
constexpr size_t kLineMax = 76;  // of base64, RFC 2045 section 6.8

struct Upload {
  std::string_view left;
  std::stop_token stop;
};

size_t GiveMail(char* buffer, size_t size, size_t count, void* context) {
  auto* upload = static_cast<Upload*>(context);
  std::string_view piece = upload->left.substr(0, size * count);
  piece.copy(buffer, piece.size());
  upload->left.remove_prefix(piece.size());
  return piece.size();
}

int EndIfStopped(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Upload*>(context)->stop.stop_requested() ? 1 : 0;
}

// A header's text: encoded words (RFC 2047) where it is not plain ASCII, in pieces of whole
// characters.
std::string HeaderText(std::string_view text) {
  bool plain = true;
  for (char c : text) plain = plain && c >= 0x20 && c < 0x7F;
  if (plain) return std::string(text);
  constexpr size_t kBytesMax = 42;  // so that a word stays below 75 characters
  std::string encoded;
  while (!text.empty()) {
    size_t size = std::min(text.size(), kBytesMax);
    while (size > 1 && size < text.size() && (text[size] & 0xC0) == 0x80) --size;
    if (!encoded.empty()) encoded += "\r\n ";
    encoded += "=?UTF-8?B?" + Base64Encode(text.substr(0, size)) + "?=";
    text.remove_prefix(size);
  }
  return encoded;
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return line;
}

}  // namespace

bool IsMailAddress(std::string_view text) {
  size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != std::string_view::npos || text.size() > 254) return false;
  for (char c : text) {
    if (c <= 0x20 || c >= 0x7F || c == '<' || c == '>') return false;
  }
  return true;
}

std::string FormatMail(const Mail& mail, const std::string& from, const std::string& date) {
  std::string text = fmt::format(
      "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}>\r\n"
      "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
      from, mail.to, HeaderText(OneLine(mail.subject)), date, OneLine(mail.message_id));
  std::string body = Base64Encode(mail.text);
  for (size_t at = 0; at < body.size(); at += kLineMax) text += body.substr(at, kLineMax) + "\r\n";
  return text;
}

SmtpMailer::SmtpMailer(SmtpOptions options) : options_(std::move(options)) {}

Status SmtpMailer::Send(const Mail& mail, std::stop_token stop) {
  if (!IsMailAddress(mail.to))
    return InvalidArgument(fmt::format("\"{}\" is not a mail address", mail.to));
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  if (!curl) return ResourceExhausted("no memory for a mail");
  auto set = [&](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(curl.get(), option, value) == CURLE_OK, "curl refuses option {}",
          static_cast<int>(option));
  };
  const std::string date =
      fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(std::time(nullptr)));
  const std::string text = FormatMail(mail, options_.from, date);
  const std::string from = "<" + options_.from + ">", to = "<" + mail.to + ">";
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(
      curl_slist_append(nullptr, to.c_str()), curl_slist_free_all);
  Upload upload{text, stop};
  char detail[CURL_ERROR_SIZE] = {};
  set(CURLOPT_URL, options_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  set(CURLOPT_PROXY, "");  // an HTTP proxy of the environment is not for mail
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, detail);
  set(CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  set(CURLOPT_TIMEOUT_MS, kTimeoutMs);
  set(CURLOPT_USE_SSL, static_cast<long>(options_.require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!options_.ca_bundle.empty()) set(CURLOPT_CAINFO, options_.ca_bundle.c_str());
  if (!options_.user.empty()) {
    set(CURLOPT_USERNAME, options_.user.c_str());
    set(CURLOPT_PASSWORD, options_.password.c_str());
  }
  set(CURLOPT_MAIL_FROM, from.c_str());
  set(CURLOPT_MAIL_RCPT, recipients.get());
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &GiveMail);
  set(CURLOPT_READDATA, &upload);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &EndIfStopped);
  set(CURLOPT_XFERINFODATA, &upload);
  CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) return {};
  const std::string attempted = fmt::format("mail to {} through {}", mail.to, options_.url);
  if (stop.stop_requested()) return Canceled(attempted + ": stopped");
  long reply = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply);
  std::string message =
      fmt::format("{}: {}", attempted, detail[0] != '\0' ? detail : curl_easy_strerror(code));
  // RFC 5321 section 4.2.1: 5yz is final.
  bool refused = reply >= 500 && reply < 600;
  if (refused || code == CURLE_LOGIN_DENIED) return PermissionDenied(std::move(message));
  return Unavailable(std::move(message));
}

}  // namespace penstock
