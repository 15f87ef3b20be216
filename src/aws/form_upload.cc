#include "aws/form_upload.h"

#include <algorithm>

#include "aws/chunked_body.h"
#include "base/text.h"

namespace penstock {
namespace {

// S3's own limit for all that comes before the file.
constexpr size_t kFieldsBytesMax = 20 << 10;
constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kBoundaryMax = 70;  // RFC 2046

ApiError Malformed() {
  return {"MalformedPOSTRequest",
          "The body of your POST request is not well-formed multipart/form-data.",
          400,
          {}};
}

ApiError TooLong() {
  return {"MaxPostPreDataLengthExceededError",
          "Your POST request fields preceding the upload file were too large.",
          400,
          {}};
}

// name="value" in a header's parameters; quotes may be missing.
std::optional<std::string> ParameterOf(std::string_view header, std::string_view name) {
  for (size_t at = header.find(';'); at != std::string_view::npos;) {
    header = Trim(header.substr(at + 1));
    size_t equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::string_view key = Trim(header.substr(0, equals));
    header = Trim(header.substr(equals + 1));
    std::string value;
    if (header.starts_with('"')) {
      size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size() && header[i + 1] == '"') ++i;
        value += header[i];
      }
      header = header.substr(std::min(i + 1, header.size()));
    } else {
      value = Trim(header.substr(0, header.find(';')));
    }
    if (EqualsIgnoreCase(key, name)) return value;
    at = header.find(';');
  }
  return std::nullopt;
}

struct PartHead {
  std::string name;
  std::optional<std::string> file_name;
};

std::optional<PartHead> ReadPartHead(std::string_view text) {
  for (std::string_view line : Split(text, '\n')) {
    line = Trim(line);
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (!EqualsIgnoreCase(Trim(line.substr(0, colon)), "content-disposition")) continue;
    auto name = ParameterOf(line, "name");
    if (!name) return std::nullopt;
    return PartHead{AsciiLower(*name), ParameterOf(line, "filename")};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> FormBoundary(std::string_view content_type) {
  std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  if (!EqualsIgnoreCase(type, "multipart/form-data")) return std::nullopt;
  auto boundary = ParameterOf(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kBoundaryMax) return std::nullopt;
  return boundary;
}

FormUpload::FormUpload(BodySource& source, std::string boundary)
    : source_(source), delimiter_("\r\n--" + std::move(boundary)) {}

ApiResult<std::unique_ptr<FormUpload>> FormUpload::Read(BodySource& source, std::string boundary) {
  std::unique_ptr<FormUpload> form(new FormUpload(source, std::move(boundary)));
  RETURN_IF_ERROR(form->ReadFields());
  return form;
}

std::optional<std::string_view> FormUpload::Field(std::string_view name) const {
  for (const auto& [known, value] : fields_) {
    if (known == name) return value;
  }
  return std::nullopt;
}

ApiResult<bool> FormUpload::Fill() {
  char buffer[kReadBytes];
  auto count = source_.Read(buffer);
  if (!count) return BodyError(count.error());
  if (*count == 0) source_ended_ = true;
  window_.append(buffer, *count);
  return *count > 0;
}

ApiResult<void> FormUpload::ReadFields() {
  // The first delimiter has no line before it.
  const std::string opening = delimiter_.substr(2);
  size_t at = 0;  // how far the window is understood
  auto find = [&](std::string_view text) -> ApiResult<size_t> {
    while (true) {
      if (size_t found = window_.find(text, at); found != std::string::npos) return found;
      if (window_.size() > kFieldsBytesMax + kReadBytes) return TooLong();
      ASSIGN_OR_RETURN(bool more, Fill());
      if (!more) return Malformed();
    }
  };
  ASSIGN_OR_RETURN(at, find(opening));
  at += opening.size();
  while (true) {
    ASSIGN_OR_RETURN(size_t head_begin, find("\r\n"));
    if (std::string_view(window_).substr(at, head_begin - at).starts_with("--")) {
      return ApiError{"InvalidArgument",
                      "POST requires exactly one file upload per request.",
                      400,
                      {{"ArgumentName", "file"}, {"ArgumentValue", "0"}}};
    }
    ASSIGN_OR_RETURN(size_t head_end, find("\r\n\r\n"));
    auto head = ReadPartHead(
        std::string_view(window_).substr(head_begin, std::max(head_end, head_begin) - head_begin));
    if (!head) return Malformed();
    at = head_end + 4;
    if (head->name == "file") {
      file_name_ = head->file_name.value_or("");
      head_ = window_;
      window_.erase(0, at);
      return {};
    }
    if (at > kFieldsBytesMax) return TooLong();
    // An empty value is followed by the delimiter, whose line end is that of the head.
    at -= 2;
    ASSIGN_OR_RETURN(size_t value_end, find(delimiter_));
    fields_.emplace_back(std::move(head->name),
                         value_end > at + 2 ? window_.substr(at + 2, value_end - at - 2) : "");
    at = value_end + delimiter_.size();
  }
}

Result<size_t> FormUpload::Read(std::span<char> buffer) {
  while (!file_ended_) {
    size_t end = window_.find(delimiter_);
    // What may be the beginning of a delimiter waits for what follows.
    size_t sure = end != std::string::npos             ? end
                  : window_.size() > delimiter_.size() ? window_.size() - delimiter_.size()
                                                       : 0;
    if (sure > 0) {
      size_t count = std::min(sure, buffer.size());
      std::copy_n(window_.data(), count, buffer.data());
      window_.erase(0, count);
      return count;
    }
    if (end == 0) {
      file_ended_ = true;
      break;
    }
    if (source_ended_) return Corrupt("IncompleteBody: The form ends before its last boundary");
    auto more = Fill();
    if (!more) return Corrupt(more.error().type + ": " + more.error().message);
  }
  // The rest is read, so that the connection can go on.
  while (!source_ended_) {
    window_.clear();
    if (auto more = Fill(); !more) break;
  }
  return size_t{0};
}

Result<size_t> ResumedSource::Read(std::span<char> buffer) {
  if (given_ == front_.size()) return rest_.Read(buffer);
  size_t count = std::min(buffer.size(), front_.size() - given_);
  std::copy_n(front_.data() + given_, count, buffer.data());
  given_ += count;
  return count;
}

}  // namespace penstock
