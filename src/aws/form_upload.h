// multipart/form-data as browsers send it (RFC 7578): some small fields, then a file, whose bytes
// are read as they come. What follows the file is passed over, as S3 does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/api_error.h"
#include "ports/http.h"

namespace penstock {

/// The boundary in a multipart/form-data content type; nullopt for other types.
std::optional<std::string> FormBoundary(std::string_view content_type);

/// The fields are here, the file is yet to be read: as a BodySource, once. One thread at a time.
class FormUpload final : public BodySource {
 public:
  /// Reads up to the first byte of the file. `source` outlives the result. The error is S3's
  /// (MalformedPOSTRequest, MaxPostPreDataLengthExceededError).
  static ApiResult<std::unique_ptr<FormUpload>> Read(BodySource& source, std::string boundary);

  /// In their order, names in lower case.
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }
  /// The first field of that name, given in lower case.
  std::optional<std::string_view> Field(std::string_view name) const;
  /// As the browser named the file; empty if it did not.
  const std::string& file_name() const { return file_name_; }
  /// Everything of the body that has been read so far: for whoever is to read the form again.
  const std::string& head() const { return head_; }

  Result<size_t> Read(std::span<char> buffer) override;

 private:
  FormUpload(BodySource& source, std::string boundary);
  ApiResult<void> ReadFields();
  /// False at the end of the body.
  ApiResult<bool> Fill();

  BodySource& source_;
  const std::string delimiter_;  // CR LF, two dashes, boundary
  std::vector<std::pair<std::string, std::string>> fields_;
  std::string file_name_;
  std::string head_;    // until the file begins
  std::string window_;  // read and not yet given out
  bool source_ended_ = false, file_ended_ = false;
};

/// A body whose front has been read already.
class ResumedSource final : public BodySource {
 public:
  /// `rest` outlives it.
  ResumedSource(std::string front, BodySource& rest) : front_(std::move(front)), rest_(rest) {}
  Result<size_t> Read(std::span<char> buffer) override;

 private:
  const std::string front_;
  size_t given_ = 0;
  BodySource& rest_;
};

}  // namespace penstock
