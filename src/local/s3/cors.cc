#include "local/s3/cors.h"

#include <algorithm>

#include "aws/cross_origin.h"
#include "aws/error_response.h"
#include "aws/xml_reader.h"
#include "base/text.h"
#include "local/s3/operation.h"
#include "local/s3/s3_error.h"

namespace penstock {
namespace {

constexpr size_t kRulesMax = 100;
constexpr uint64_t kCorsBytesMax = 64 << 10;
constexpr std::string_view kMethods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};

std::vector<std::string> Texts(const XmlElement& rule, std::string_view name) {
  std::vector<std::string> texts;
  for (const XmlElement* element : rule.ChildrenNamed(name))
    texts.emplace_back(Trim(element->text));
  return texts;
}

ApiResult<void> CheckRule(const CorsRule& rule) {
  if (rule.origins.empty() || rule.methods.empty()) return s3_error::MalformedXml();
  for (const std::string& method : rule.methods) {
    if (std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods)) continue;
    return s3_error::InvalidRequest(
        "Found unsupported HTTP method in CORS config. Unsupported method is " + method);
  }
  for (const std::string& origin : rule.origins) {
    if (std::count(origin.begin(), origin.end(), '*') <= 1) continue;
    return s3_error::InvalidRequest("AllowedOrigin \"" + origin +
                                    "\" can not have more than one wildcard.");
  }
  for (const std::string& header : rule.allowed_headers) {
    if (std::count(header.begin(), header.end(), '*') <= 1) continue;
    return s3_error::InvalidRequest("AllowedHeader \"" + header +
                                    "\" can not have more than one wildcard.");
  }
  for (const std::string& header : rule.exposed_headers) {
    if (header.find('*') == std::string::npos) continue;
    return s3_error::InvalidRequest(
        "ExposeHeader \"" + header +
        "\" contains wildcard. We currently do not support wildcard for "
        "ExposeHeader");
  }
  return {};
}

std::vector<std::string> ListOf(std::string_view text) {
  std::vector<std::string> items;
  for (std::string_view item : Split(text, ',')) {
    if (!Trim(item).empty()) items.push_back(AsciiLower(Trim(item)));
  }
  return items;
}

std::string_view HeaderText(const HttpRequest& request, std::string_view name) {
  return Trim(request.headers.Get(name).value_or(""));
}

void WriteRule(const CorsRule& rule, std::string_view origin, Headers& headers) {
  const bool any = std::find(rule.origins.begin(), rule.origins.end(), "*") != rule.origins.end();
  headers.Add("Access-Control-Allow-Origin", any ? "*" : std::string(origin));
  headers.Add("Access-Control-Allow-Methods", Join(rule.methods, ", "));
  if (!rule.exposed_headers.empty()) {
    headers.Add("Access-Control-Expose-Headers", Join(rule.exposed_headers, ", "));
  }
  if (rule.max_age_s) headers.Add("Access-Control-Max-Age", std::to_string(*rule.max_age_s));
  if (!any) headers.Add("Access-Control-Allow-Credentials", "true");
  headers.Add("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace

ApiResult<std::vector<CorsRule>> ReadCorsRules(const std::string& document) {
  auto root = ParseXml(document);
  if (!root || root->name != "CORSConfiguration") return s3_error::MalformedXml();
  std::vector<CorsRule> rules;
  for (const XmlElement& element : root->children) {
    if (element.name != "CORSRule") return s3_error::MalformedXml();
    CorsRule& rule = rules.emplace_back();
    rule.id = Trim(element.ChildText("ID"));
    rule.origins = Texts(element, "AllowedOrigin");
    rule.methods = Texts(element, "AllowedMethod");
    rule.allowed_headers = Texts(element, "AllowedHeader");
    rule.exposed_headers = Texts(element, "ExposeHeader");
    if (element.Child("MaxAgeSeconds") != nullptr) {
      auto seconds = ParseInt64(Trim(element.ChildText("MaxAgeSeconds")));
      if (!seconds || *seconds < 0 || *seconds > INT32_MAX) return s3_error::MalformedXml();
      rule.max_age_s = static_cast<int>(*seconds);
    }
    RETURN_IF_ERROR(CheckRule(rule));
  }
  if (rules.empty() || rules.size() > kRulesMax) return s3_error::MalformedXml();
  return rules;
}

bool MatchesWildcard(std::string_view pattern, std::string_view text) {
  size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  std::string_view head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  return text.size() >= head.size() + tail.size() && text.starts_with(head) && text.ends_with(tail);
}

const CorsRule* FindCorsRule(const std::vector<CorsRule>& rules, std::string_view origin,
                             std::string_view method, const std::vector<std::string>& headers) {
  for (const CorsRule& rule : rules) {
    const bool origin_fits =
        std::any_of(rule.origins.begin(), rule.origins.end(),
                    [&](const std::string& one) { return MatchesWildcard(one, origin); });
    const bool method_fits =
        std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
    const bool headers_fit =
        std::all_of(headers.begin(), headers.end(), [&](const std::string& header) {
          return std::any_of(rule.allowed_headers.begin(), rule.allowed_headers.end(),
                             [&](const std::string& allowed) {
                               return MatchesWildcard(AsciiLower(allowed), header);
                             });
        });
    if (origin_fits && method_fits && headers_fit) return &rule;
  }
  return nullptr;
}

HttpResponse AnswerPreflight(const HttpRequest& request, const std::string& document) {
  if (document.empty()) return OpenPreflightResponse(request);
  auto rules = ReadCorsRules(document);
  const std::string_view origin = HeaderText(request, "origin");
  const std::vector<std::string> wanted =
      ListOf(HeaderText(request, "access-control-request-headers"));
  const CorsRule* rule =
      rules ? FindCorsRule(*rules, origin, HeaderText(request, "access-control-request-method"),
                           wanted)
            : nullptr;
  if (rule == nullptr) {
    return ErrorResponse(
        {"AccessForbidden",
         "CORSResponse: This CORS request is not allowed. This is usually because the evalution of "
         "Origin, request method / Access-Control-Request-Method or "
         "Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
         403,
         {}},
        WireProtocol::kRestXml, request);
  }
  HttpResponse response;
  AddRequestId(response.headers, WireProtocol::kRestXml, request.request_id);
  WriteRule(*rule, origin, response.headers);
  if (!wanted.empty()) response.headers.Add("Access-Control-Allow-Headers", Join(wanted, ", "));
  return response;
}

void AddCorsHeaders(const HttpRequest& request, const std::string& document, Headers& headers) {
  const std::string_view origin = HeaderText(request, "origin");
  if (origin.empty()) return;
  if (document.empty()) return AddOpenCrossOriginHeaders(headers);
  auto rules = ReadCorsRules(document);
  const CorsRule* rule = rules ? FindCorsRule(*rules, origin, request.method, {}) : nullptr;
  if (rule != nullptr) WriteRule(*rule, origin, headers);
}

S3Result GetCors(S3Context&, const S3Request& request, BodySource&) {
  if (request.bucket_record.cors.empty()) {
    return s3_error::NoSuchSetting("NoSuchCORSConfiguration",
                                   "The CORS configuration does not exist", request.bucket);
  }
  ASSIGN_OR_RETURN(std::vector<CorsRule> rules, ReadCorsRules(request.bucket_record.cors));
  XmlWriter xml = StartDocument("CORSConfiguration");
  for (const CorsRule& rule : rules) {
    xml.Open("CORSRule");
    if (!rule.id.empty()) xml.Element("ID", rule.id);
    for (const std::string& method : rule.methods) xml.Element("AllowedMethod", method);
    for (const std::string& origin : rule.origins) xml.Element("AllowedOrigin", origin);
    for (const std::string& header : rule.allowed_headers) xml.Element("AllowedHeader", header);
    for (const std::string& header : rule.exposed_headers) xml.Element("ExposeHeader", header);
    if (rule.max_age_s) xml.Element("MaxAgeSeconds", *rule.max_age_s);
    xml.Close();
  }
  return DocumentAnswer(std::move(xml));
}

S3Result PutCors(S3Context& context, const S3Request& request, BodySource& body) {
  ASSIGN_OR_RETURN(std::string document,
                   ReceiveDocument(body, request.http->headers, kCorsBytesMax));
  RETURN_IF_ERROR(ReadCorsRules(document));
  RETURN_IF_ERROR(context.buckets->SetCors(request.bucket, std::move(document)));
  return S3Answer();
}

S3Result DeleteCors(S3Context& context, const S3Request& request, BodySource&) {
  RETURN_IF_ERROR(context.buckets->SetCors(request.bucket, {}));
  return S3Answer{.status = 204, .headers = {}, .body = {}, .content = {}};
}

}  // namespace penstock
