// The HTTP/1.1 client, on libcurl.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ports/http.h"

namespace penstock {

/// An HTTP proxy for all requests, instead of the environment's; NO_PROXY holds for it too.
struct HttpProxy {
  std::string host;  // empty: as the environment says
  int port = 80;
  std::string user, password;  // basic authentication; with `domain` NTLM
  std::string domain;
};

struct HttpClientOptions {
  std::string ca_bundle;  // PEM file with the certificates to trust; empty: the system's
  /// Of a body that is not streamed to a sink; a longer one is an error. Servers are not to fill
  /// our memory.
  uint64_t body_bytes_max = uint64_t{256} << 20;
  size_t idle_connections_max = 64;  // kept for reuse, all servers together
  HttpProxy proxy = {};
};

/// Sends what it is given and nothing else: the path and query byte for byte, the caller's header
/// fields, and Host and Content-Length. No redirects, no cookies, no content decoding, no "Expect"
/// unless among the fields. Proxies as the options or else the environment say (HTTPS_PROXY,
/// http_proxy, NO_PROXY).
/// Certificates are verified.
///
/// Errors name method and URL without its query and password (WithoutSecrets). A malformed URL or
/// header is kInvalidArgument; an error of the source or the sink is returned as it is.
/// Thread-safe: each call in flight has a connection of its own, kept afterwards for the next call
/// to the same server.
class CurlHttpClient final : public HttpClient {
 public:
  explicit CurlHttpClient(HttpClientOptions options = {});
  /// REQUIRES: no call is in flight.
  ~CurlHttpClient() override;

  using HttpClient::Send;
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink* sink,
                            std::stop_token stop) override;

 private:
  class Handle;
  std::unique_ptr<Handle> Take(const std::string& origin);
  void GiveBack(const std::string& origin, std::unique_ptr<Handle> handle);

  const HttpClientOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<Handle>>> idle_;  // by "http://host:port"
  size_t idle_count_ = 0;
};

}  // namespace penstock
