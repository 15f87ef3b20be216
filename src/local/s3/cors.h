// A bucket's rules for requests from web pages of other origins.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"
#include "ports/http.h"

namespace penstock {

struct CorsRule {
  std::string id;  // empty: none
  std::vector<std::string> origins;
  std::vector<std::string> methods;
  std::vector<std::string> allowed_headers;
  std::vector<std::string> exposed_headers;
  std::optional<int> max_age_s;
  bool operator==(const CorsRule&) const = default;
};

/// Reads a CORSConfiguration document: MalformedXML, InvalidRequest.
ApiResult<std::vector<CorsRule>> ReadCorsRules(const std::string& document);

/// `pattern` may have one '*', which stands for any characters.
bool MatchesWildcard(std::string_view pattern, std::string_view text);

/// The first rule that allows this origin, method and all these headers; nullptr if there is none.
const CorsRule* FindCorsRule(const std::vector<CorsRule>& rules, std::string_view origin,
                             std::string_view method, const std::vector<std::string>& headers);

/// Answers a preflight by the bucket's `document`; a bucket without one (empty) lets every origin
/// ask, as all services here do: what protects its data is the signature.
HttpResponse AnswerPreflight(const HttpRequest& request, const std::string& document);
/// Adds to the answer of a request with an Origin what its page may know.
void AddCorsHeaders(const HttpRequest& request, const std::string& document, Headers& headers);

}  // namespace penstock
