// A Mailer that hands messages to one SMTP server (RFC 5321), on libcurl.
#pragma once

#include <string>

#include "ports/mailer.h"

namespace penstock {

struct SmtpOptions {
  std::string url;             // smtp://host[:port] or, with TLS from the first byte, smtps://…
  std::string from;            // the sender's address
  std::string user, password;  // empty: no authentication
  bool require_tls = false;    // smtp:// only: STARTTLS or nothing; else it is used where offered
  std::string ca_bundle;       // PEM file; empty: the system's
};

/// One connection for each message: there are few. A message goes out as base64 of UTF-8, so that
/// no line of it can be taken for anything else.
class SmtpMailer : public Mailer {
 public:
  explicit SmtpMailer(SmtpOptions options);
  Status Send(const Mail& mail, std::stop_token stop) override;

 private:
  const SmtpOptions options_;
};

/// Whether it can stand in an SMTP command: one '@' with something on both sides; printable ASCII
/// without spaces and angle brackets. No more: only its server knows whether it exists.
bool IsMailAddress(std::string_view text);

/// The message as it goes over the wire (RFC 5322), lines ended by CR LF. Pure.
std::string FormatMail(const Mail& mail, const std::string& from, const std::string& date);

}  // namespace penstock
