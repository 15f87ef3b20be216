// The server's side of one answer and one request body. Private to src/net.
#pragma once

#include <memory>

#include "ports/http.h"

namespace penstock {

class HttpConnection;

/// The answer to the request a connection is serving. `head_request`: no body goes out.
std::unique_ptr<Responder> MakeResponder(std::shared_ptr<HttpConnection> connection,
                                         bool head_request, bool http_1_1, bool keep_alive);

}  // namespace penstock
