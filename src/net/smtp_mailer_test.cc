#include "net/smtp_mailer.h"

#include <gmock/gmock.h>

#include "base/encoding.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SmtpMailerTest, Addresses) {
  for (const char* good : {"a@b", "ops+alarms@example.com", "o'brien@example.co.uk"})
    EXPECT_TRUE(IsMailAddress(good)) << good;
  for (const char* bad :
       {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b>", "\xC3\xA4@b"})
    EXPECT_FALSE(IsMailAddress(bad)) << bad;
}

TEST(SmtpMailerTest, AMessageIsAsciiWhateverItSays) {
  std::string text = FormatMail({.to = "ops@example.com",
                                 .subject = "sp\xC3\xA4t\r\nBcc: everyone@example.com",
                                 .text = std::string(200, 'x') + "\n.\nend",
                                 .message_id = "1@penstock"},
                                "penstock@example.com", "Fri, 02 Jan 2026 03:04:05 +0000");
  EXPECT_THAT(text, HasSubstr("To: ops@example.com\r\n"));
  EXPECT_THAT(text, HasSubstr("Subject: =?UTF-8?B?"));
  EXPECT_THAT(text, HasSubstr("Message-ID: <1@penstock>\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("\nBcc")));
  std::string body = text.substr(text.find("\r\n\r\n") + 4), joined;
  for (char c : body) {
    if (c != '\r' && c != '\n') joined += c;
  }
  EXPECT_EQ(Base64Decode(joined), std::string(200, 'x') + "\n.\nend");
  for (size_t begin = 0, end; (end = text.find("\r\n", begin)) != std::string::npos;
       begin = end + 2)
    EXPECT_LE(end - begin, 78u);
}

TEST(SmtpMailerTest, AServerThatIsNotThereIsTriedAgain) {
  SmtpMailer mailer({.url = "smtp://127.0.0.1:1", .from = "a@b"});
  Status sent = mailer.Send({.to = "c@d", .subject = "s", .text = "t", .message_id = "1"}, {});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(sent.error().message, HasSubstr("mail to c@d through smtp://127.0.0.1:1"));
  EXPECT_EQ(
      mailer.Send({.to = "nobody", .subject = "", .text = "", .message_id = "1"}, {}).error().code,
      ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace penstock
