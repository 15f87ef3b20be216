#include "aws/sigv4.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"

namespace penstock {
namespace {

constexpr std::array<std::string_view, 7> kNeverSigned = {
    "authorization",     "connection",      "expect", "user-agent", "te",
    "transfer-encoding", "x-amzn-trace-id",
};

constexpr size_t kCachedKeysMax = 4096;

// Query keys that belong to the resource in Signature Version 2, sorted.
constexpr auto kV2SubResources = std::to_array<std::string_view>({
    "accelerate",
    "acl",
    "analytics",
    "cors",
    "defaultObjectAcl",
    "delete",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
});

void AppendCollapsed(std::string& out, std::string_view value) {
  bool blank = false;
  for (char c : Trim(value)) {
    if (c == ' ' || c == '\t') {
      blank = true;
      continue;
    }
    if (blank) out += ' ';
    blank = false;
    out += c;
  }
}

std::string Normalized(std::string_view raw_path) {
  std::vector<std::string_view> kept;
  for (std::string_view piece : Split(raw_path, '/')) {
    if (piece.empty() || piece == ".") continue;
    if (piece == "..") {
      if (!kept.empty()) kept.pop_back();
      continue;
    }
    kept.push_back(piece);
  }
  bool folder = raw_path.ends_with('/') || raw_path.ends_with("/.") || raw_path.ends_with("/..");
  std::string path = "/";
  for (size_t i = 0; i < kept.size(); ++i) {
    if (i > 0) path += '/';
    path += kept[i];
  }
  if (folder && !kept.empty()) path += '/';
  return path;
}

std::string JoinNames(const std::vector<std::string>& names) { return Join(names, ";"); }

std::string FirstOf(const Headers& headers, const std::map<std::string, std::string>& query,
                    const std::string& name) {
  if (auto value = headers.Get(name)) return std::string(Trim(*value));
  auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

}  // namespace

std::string FormatScope(const SigningScope& scope) {
  std::string text;
  text.reserve(scope.date.size() + scope.region.size() + scope.service.size() +
               kScopeTerminator.size() + 3);
  text.append(scope.date)
      .append("/")
      .append(scope.region)
      .append("/")
      .append(scope.service)
      .append("/");
  return text.append(kScopeTerminator);
}

std::string CanonicalPath(std::string_view raw_path, PathRule rule) {
  if (raw_path.empty() || raw_path == "/") return "/";
  switch (rule) {
    case PathRule::kAsSent:
      return std::string(raw_path);
    case PathRule::kReencoded:
      return PercentEncode(PercentDecode(raw_path), /*keep_slash=*/true);
    case PathRule::kNormalized:
      return PercentEncode(Normalized(raw_path), /*keep_slash=*/true);
  }
  return {};
}

std::string CanonicalQuery(std::string_view raw_query, PlusRule plus) {
  if (raw_query.empty()) return {};
  std::vector<std::pair<std::string, std::string>> parameters;
  for (std::string_view piece : Split(raw_query, '&')) {
    if (piece.empty()) continue;
    size_t equals = piece.find('=');
    std::string_view value =
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    bool space = plus == PlusRule::kSpace;
    std::string key = PercentEncode(PercentDecode(piece.substr(0, equals), space));
    if (key == "X-Amz-Signature") continue;
    parameters.emplace_back(std::move(key), PercentEncode(PercentDecode(value, space)));
  }
  std::sort(parameters.begin(), parameters.end());
  std::string query;
  query.reserve(raw_query.size() + 16);
  for (const auto& [key, value] : parameters) {
    if (!query.empty()) query += '&';
    query.append(key).append("=").append(value);
  }
  return query;
}

std::string CanonicalHeaders(const Headers& headers,
                             const std::vector<std::string>& signed_headers) {
  std::string out;
  out.reserve(256);
  for (const std::string& name : signed_headers) {
    out.append(name).append(":");
    bool first = true;
    for (const auto& [field, value] : headers.fields()) {
      if (field.size() != name.size() || !EqualsIgnoreCase(field, name)) continue;
      if (!first) out += ',';
      first = false;
      AppendCollapsed(out, value);
    }
    out += '\n';
  }
  return out;
}

std::string CanonicalRequest(std::string_view method, std::string_view target,
                             const Headers& headers, const std::vector<std::string>& signed_headers,
                             std::string_view payload_hash, PathRule path_rule, PlusRule plus) {
  size_t mark = target.find('?');
  std::string_view raw_query =
      mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  std::string text;
  text.reserve(512);
  text.append(method).append("\n");
  text.append(CanonicalPath(target.substr(0, mark), path_rule)).append("\n");
  text.append(CanonicalQuery(raw_query, plus)).append("\n");
  text.append(CanonicalHeaders(headers, signed_headers)).append("\n");
  text.append(JoinNames(signed_headers)).append("\n");
  return text.append(payload_hash);
}

std::string StringToSign(std::string_view amz_date, const SigningScope& scope,
                         std::string_view canonical_request) {
  std::string text(kSigV4Algorithm);
  text.append("\n").append(amz_date).append("\n").append(FormatScope(scope)).append("\n");
  return text.append(HexEncode(Sha256(canonical_request)));
}

std::string SigningKey(std::string_view secret, const SigningScope& scope) {
  std::string key = HmacSha256(std::string("AWS4").append(secret), scope.date);
  key = HmacSha256(key, scope.region);
  key = HmacSha256(key, scope.service);
  return HmacSha256(key, kScopeTerminator);
}

std::string SigningKeyCache::Get(std::string_view secret, const SigningScope& scope) {
  // '\n' cannot be part of a header value, so that the parts cannot run into each other.
  std::string name = fmt::format("{}\n{}\n{}\n{}", scope.date, scope.region, scope.service, secret);
  {
    std::shared_lock lock(mutex_);
    auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
  }
  std::string key = SigningKey(secret, scope);
  std::unique_lock lock(mutex_);
  if (keys_.size() >= kCachedKeysMax) keys_.clear();
  keys_.emplace(std::move(name), key);
  return key;
}

std::string SignatureOf(std::string_view signing_key, std::string_view string_to_sign) {
  return HexEncode(HmacSha256(signing_key, string_to_sign));
}

UrlParts SplitUrl(std::string_view url) {
  size_t scheme = url.find("://");
  std::string_view default_port = url.starts_with("https") ? ":443" : ":80";
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  size_t end = rest.find_first_of("/?#");
  UrlParts parts;
  std::string_view host = rest.substr(0, end);
  if (size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.ends_with(default_port)) host.remove_suffix(default_port.size());
  parts.host = host;
  if (end == std::string_view::npos || rest[end] == '#') {
    parts.target = "/";
    return parts;
  }
  std::string_view target = rest.substr(end);
  target = target.substr(0, target.find('#'));
  parts.target = target[0] == '?' ? "/" + std::string(target) : std::string(target);
  return parts;
}

void SignRequest(ClientRequest& request, const SigningIdentity& identity,
                 std::string_view payload_hash, Instant now, SigningKeyCache* keys) {
  UrlParts url = SplitUrl(request.url);
  std::string amz_date = FormatAmzDate(now);
  SigningScope scope{amz_date.substr(0, 8), identity.region, identity.service};
  request.headers.Set("Host", url.host);
  request.headers.Set("X-Amz-Date", amz_date);
  if (!identity.credentials.session_token.empty()) {
    request.headers.Set("X-Amz-Security-Token", identity.credentials.session_token);
  }
  if (identity.service == "s3")
    request.headers.Set("x-amz-content-sha256", std::string(payload_hash));
  request.headers.Remove("Authorization");

  std::vector<std::string> names;
  for (const auto& [field, value] : request.headers.fields()) {
    std::string name = AsciiLower(field);
    if (std::find(kNeverSigned.begin(), kNeverSigned.end(), name) == kNeverSigned.end()) {
      names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  std::string canonical = CanonicalRequest(request.method, url.target, request.headers, names,
                                           payload_hash, PathRuleOf(identity.service));
  const std::string& secret = identity.credentials.secret_access_key;
  std::string signature =
      SignatureOf(keys != nullptr ? keys->Get(secret, scope) : SigningKey(secret, scope),
                  StringToSign(amz_date, scope, canonical));
  request.headers.Set("Authorization",
                      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                  kSigV4Algorithm, identity.credentials.access_key_id,
                                  FormatScope(scope), JoinNames(names), signature));
}

std::string PresignUrl(std::string_view method, std::string_view url,
                       const SigningIdentity& identity, Instant now, int64_t expires_s) {
  UrlParts parts = SplitUrl(url);
  std::string amz_date = FormatAmzDate(now);
  SigningScope scope{amz_date.substr(0, 8), identity.region, identity.service};
  std::string added = fmt::format(
      "X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders="
      "host",
      kSigV4Algorithm, PercentEncode(identity.credentials.access_key_id + "/" + FormatScope(scope)),
      amz_date, expires_s);
  if (!identity.credentials.session_token.empty()) {
    added += "&X-Amz-Security-Token=" + PercentEncode(identity.credentials.session_token);
  }
  std::string whole(url.substr(0, url.find('#')));
  if (whole.find('?') == std::string::npos) {
    bool bare = whole.find('/', whole.find("://") + 3) == std::string::npos;
    whole += bare ? "/?" : "?";
  } else if (!whole.ends_with('?') && !whole.ends_with('&')) {
    whole += '&';
  }
  whole += added;
  std::string payload_hash(identity.service == "s3" ? kUnsignedPayload : kEmptySha256);
  std::string canonical =
      CanonicalRequest(method, SplitUrl(whole).target, Headers{{"Host", parts.host}}, {"host"},
                       payload_hash, PathRuleOf(identity.service));
  std::string signature = SignatureOf(SigningKey(identity.credentials.secret_access_key, scope),
                                      StringToSign(amz_date, scope, canonical));
  return whole + "&X-Amz-Signature=" + signature;
}

std::string S3V2StringToSign(std::string_view method, std::string_view path_style_target,
                             const Headers& headers, std::string_view date) {
  size_t mark = path_style_target.find('?');
  std::string_view raw_query =
      mark == std::string_view::npos ? std::string_view() : path_style_target.substr(mark + 1);

  // A presigned URL carries in its query what its maker had in headers.
  std::map<std::string, std::string> query;
  std::vector<std::pair<std::string, std::string>> resource;
  for (std::string_view piece : Split(raw_query, '&')) {
    size_t equals = piece.find('=');
    std::string key = PercentDecode(piece.substr(0, equals));
    bool has_value = equals != std::string_view::npos;
    std::string value =
        has_value ? PercentDecode(piece.substr(equals + 1), /*plus_is_space=*/true) : std::string();
    if (std::binary_search(kV2SubResources.begin(), kV2SubResources.end(), key)) {
      resource.emplace_back(key, has_value ? "=" + value : "");
    }
    query.emplace(AsciiLower(key), value);
  }
  std::sort(resource.begin(), resource.end());

  std::map<std::string, std::string> amz;
  for (const auto& [name, value] : query) {
    if (name.starts_with("x-amz-")) amz[name] = value;
  }
  std::map<std::string, std::string> amz_headers;
  for (const auto& [field, value] : headers.fields()) {
    std::string name = AsciiLower(field);
    if (!name.starts_with("x-amz-")) continue;
    std::string& joined = amz_headers[name];
    if (!joined.empty()) joined += ',';
    joined += Trim(value);
  }
  for (auto& [name, value] : amz_headers) amz[name] = value;

  std::string text(method);
  text.append("\n").append(FirstOf(headers, query, "content-md5"));
  text.append("\n").append(FirstOf(headers, query, "content-type"));
  text.append("\n").append(date).append("\n");
  for (const auto& [name, value] : amz) text.append(name).append(":").append(value).append("\n");
  text.append(path_style_target.substr(0, mark));
  for (size_t i = 0; i < resource.size(); ++i) {
    text.append(i == 0 ? "?" : "&").append(resource[i].first).append(resource[i].second);
  }
  return text;
}

std::string S3V2SignatureOf(std::string_view secret, std::string_view string_to_sign) {
  return Base64Encode(HmacSha1(secret, string_to_sign));
}

}  // namespace penstock
