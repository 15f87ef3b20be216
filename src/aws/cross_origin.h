// What browsers are told about requests from web pages of other origins (CORS). By default every
// origin may ask: what protects the data is the signature, which no browser adds by itself.
// https://fetch.spec.whatwg.org/#http-cors-protocol
#pragma once

#include "ports/http.h"

namespace penstock {

/// Whether it is the question that a browser asks first.
bool IsPreflight(const HttpRequest& request);
/// The answer that allows all it asks for.
HttpResponse OpenPreflightResponse(const HttpRequest& request);
/// Lets every origin read the answer with the headers that SDKs need. Leaves an answer alone that
/// says already who may.
void AddOpenCrossOriginHeaders(Headers& headers);

}  // namespace penstock
