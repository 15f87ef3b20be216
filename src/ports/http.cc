#include "ports/http.h"

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "base/text.h"

namespace penstock {

void Headers::Set(std::string name, std::string value) {
  Remove(name);
  Add(std::move(name), std::move(value));
}

void Headers::Remove(std::string_view name) {
  std::erase_if(fields_, [&](const Field& field) { return EqualsIgnoreCase(field.first, name); });
}

std::optional<std::string_view> Headers::Get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (EqualsIgnoreCase(field.first, name)) return field.second;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::GetAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (EqualsIgnoreCase(field.first, name)) values.push_back(field.second);
  }
  return values;
}

std::string_view HttpRequest::RawPath() const {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view HttpRequest::RawQuery() const {
  size_t at = target.find('?');
  return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
}

std::vector<std::pair<std::string, std::string>> ParseQuery(std::string_view raw_query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  if (raw_query.empty()) return parameters;
  for (std::string_view piece : Split(raw_query, '&')) {
    if (piece.empty()) continue;
    size_t equals = piece.find('=');
    std::string_view value =
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    parameters.emplace_back(PercentDecode(piece.substr(0, equals), true),
                            PercentDecode(value, true));
  }
  return parameters;
}

std::string WithoutSecrets(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  size_t authority = scheme + 3;
  size_t at = url.substr(0, url.find('/', authority)).rfind('@');
  if (at == std::string_view::npos || at < authority) return std::string(url);
  return std::string(url.substr(0, authority)).append(url.substr(at + 1));
}

const Headers& BodySource::Trailers() const {
  static const Headers none;
  return none;
}

Result<size_t> StringSource::Read(std::span<char> buffer) {
  size_t count = std::min(buffer.size(), left_.size());
  if (count == 0) return size_t{0};  // memcpy must not see the null of an empty view
  std::memcpy(buffer.data(), left_.data(), count);
  left_.remove_prefix(count);
  return count;
}

Result<std::string> ReadAll(BodySource& source, uint64_t size_max) {
  std::string body;
  if (auto size = source.Size()) {
    if (*size > size_max)
      return ResourceExhausted("the request body is longer than " + std::to_string(size_max) +
                               " bytes");
    body.reserve(*size);
  }
  char buffer[65536];
  while (true) {
    ASSIGN_OR_RETURN(size_t count, source.Read(buffer));
    if (count == 0) return body;
    if (body.size() + count > size_max) {
      return ResourceExhausted("the request body is longer than " + std::to_string(size_max) +
                               " bytes");
    }
    body.append(buffer, count);
  }
}

}  // namespace penstock
