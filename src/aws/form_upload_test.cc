#include "aws/form_upload.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace penstock {
namespace {

// Gives out its bytes a few at a time.
class Dribble final : public BodySource {
 public:
  Dribble(std::string_view bytes, size_t step) : bytes_(bytes), step_(step) {}
  Result<size_t> Read(std::span<char> buffer) override {
    size_t count = std::min({step_, bytes_.size(), buffer.size()});
    std::copy_n(bytes_.data(), count, buffer.data());
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  const size_t step_;
};

const std::string kForm =
    "preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"Key\"\r\n\r\nfolder/${filename}\r\n"
    "--XX\r\ncontent-disposition: form-data; name=empty\r\n\r\n\r\n"
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".txt\"\r\n"
    "Content-Type: text/plain\r\n\r\nline\r\n--X is no boundary\r\n\r\n--XX\r\n"
    "Content-Disposition: form-data; name=\"submit\"\r\n\r\nUpload\r\n--XX--\r\n";

class FormUploadTest : public testing::TestWithParam<size_t> {};

TEST_P(FormUploadTest, GivesFieldsThenTheFile) {
  Dribble source(kForm, GetParam());
  auto form = FormUpload::Read(source, "XX");
  ASSERT_TRUE(form.has_value()) << form.error().message;
  EXPECT_EQ((*form)->Field("key"), "folder/${filename}");
  EXPECT_EQ((*form)->Field("empty"), "");
  EXPECT_EQ((*form)->Field("submit"), std::nullopt);
  EXPECT_EQ((*form)->file_name(), "a \"b\".txt");
  // Whoever takes the head and the rest sees the same form.
  Dribble again(std::string_view(kForm).substr((*form)->head().size()), GetParam());
  ResumedSource resumed((*form)->head(), again);
  EXPECT_EQ(ReadAll(**form, 1000).value(), "line\r\n--X is no boundary\r\n");
  auto second = FormUpload::Read(resumed, "XX");
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ((*second)->fields(), (*form)->fields());
  EXPECT_EQ(ReadAll(**second, 1000).value(), "line\r\n--X is no boundary\r\n");
}
INSTANTIATE_TEST_SUITE_P(Steps, FormUploadTest, testing::Values(1, 2, 3, 7, 64, 100'000));

std::string ErrorOf(const std::string& body) {
  StringSource source(body);
  auto form = FormUpload::Read(source, "XX");
  return form ? "" : form.error().type;
}

TEST(FormUpload, RefusesWhatIsNone) {
  EXPECT_EQ(ErrorOf(""), "MalformedPOSTRequest");
  EXPECT_EQ(ErrorOf("--XX\r\n\r\n"), "MalformedPOSTRequest");
  EXPECT_EQ(ErrorOf("--XX--\r\n"), "InvalidArgument");
  const std::string field = "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
  EXPECT_EQ(ErrorOf(field + "x"), "MalformedPOSTRequest");
  EXPECT_EQ(ErrorOf(field + "x\r\n--XX--\r\n"), "InvalidArgument");
  EXPECT_EQ(ErrorOf(field + std::string(100'000, 'x')), "MaxPostPreDataLengthExceededError");
}

TEST(FormUpload, NoticesAFileThatIsCutOff) {
  StringSource source(
      "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf of a file\r\n--X");
  auto form = FormUpload::Read(source, "XX");
  ASSERT_TRUE(form.has_value());
  EXPECT_FALSE(ReadAll(**form, 1000).has_value());
}

TEST(FormUpload, FindsTheBoundary) {
  EXPECT_EQ(FormBoundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(FormBoundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""), "a b");
  EXPECT_EQ(FormBoundary("multipart/form-data"), std::nullopt);
  EXPECT_EQ(FormBoundary("application/xml; boundary=abc"), std::nullopt);
}

}  // namespace
}  // namespace penstock
