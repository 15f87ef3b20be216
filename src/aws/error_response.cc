#include "aws/error_response.h"

#include <fmt/core.h>

#include "aws/xml_writer.h"
#include "base/crc.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "json/json.h"

namespace penstock {
namespace {

std::string_view ContentType(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kJson10:
      return "application/x-amz-json-1.0";
    case WireProtocol::kJson11:
      return "application/x-amz-json-1.1";
    case WireProtocol::kRestXml:
      return "application/xml";
    case WireProtocol::kQuery:
      return "text/xml";
    case WireProtocol::kCbor:
      return "application/cbor";
  }
  return "application/octet-stream";
}

std::string JsonBody(const ApiError& error) {
  std::string body = "{\"__type\":" + json::Quote(error.type);
  if (!error.message.empty()) body += ",\"message\":" + json::Quote(error.message);
  for (const auto& [name, value] : error.details)
    body.append(",").append(json::Quote(name)).append(":").append(value);
  return body + "}";
}

std::string S3Body(const ApiError& error, const HttpRequest& request, std::string_view host_id) {
  XmlWriter xml;
  xml.Declaration();
  xml.Open("Error");
  xml.Element("Code", error.type);
  xml.Element("Message", error.message);
  bool has_resource = false;
  for (const auto& [name, value] : error.details) {
    xml.Element(name, value);
    has_resource |= name == "Resource";
  }
  if (!has_resource) xml.Element("Resource", PercentDecode(request.RawPath()));
  xml.Element("RequestId", request.request_id);
  xml.Element("HostId", host_id);
  xml.Close();
  return std::move(xml).Finish();
}

std::string QueryBody(const ApiError& error, const HttpRequest& request) {
  XmlWriter xml;
  xml.Open("ErrorResponse");
  xml.Open("Error");
  xml.Element("Type", error.http >= 500 ? "Receiver" : "Sender");
  xml.Element("Code", error.type);
  xml.Element("Message", error.message);
  for (const auto& [name, value] : error.details) xml.Element(name, value);
  xml.Close();
  xml.Element("RequestId", request.request_id);
  xml.Close();
  return std::move(xml).Finish() + "\n";
}

// CBOR (RFC 8949): a text string's head and bytes; a map of two such pairs is all that an error
// needs.
void AppendCborText(std::string& out, std::string_view text) {
  constexpr unsigned kText = 3u << 5;
  if (text.size() < 24) {
    out += static_cast<char>(kText | text.size());
  } else if (text.size() < 256) {
    out += static_cast<char>(kText | 24);
    out += static_cast<char>(text.size());
  } else {
    out += static_cast<char>(kText | 26);
    out += BigEndian(text.size(), sizeof(uint32_t));
  }
  out += text;
}

std::string CborBody(const ApiError& error) {
  std::string body = "\xA2";
  AppendCborText(body, "__type");
  AppendCborText(body, error.type);
  AppendCborText(body, "message");
  AppendCborText(body, error.message);
  return body;
}

// x-amz-id-2 is opaque to clients; support people match it with the request id.
std::string HostId(std::string_view request_id) { return Base64Encode(Sha256(request_id)); }

void SetIfAbsent(Headers& headers, const char* name, std::string_view value) {
  if (!headers.Has(name)) headers.Add(name, std::string(value));
}

}  // namespace

void AddRequestId(Headers& headers, WireProtocol protocol, std::string_view request_id) {
  if (protocol == WireProtocol::kRestXml) {
    SetIfAbsent(headers, "x-amz-request-id", request_id);
    if (!headers.Has("x-amz-id-2")) headers.Add("x-amz-id-2", HostId(request_id));
  } else {
    SetIfAbsent(headers, "x-amzn-RequestId", request_id);
  }
}

HttpResponse ErrorResponse(const ApiError& error, WireProtocol protocol,
                           const HttpRequest& request) {
  HttpResponse response;
  response.status = error.http;
  AddRequestId(response.headers, protocol, request.request_id);
  switch (protocol) {
    case WireProtocol::kJson10:
      response.body = JsonBody(error);
      response.headers.Add("x-amz-crc32", std::to_string(Crc32(response.body)));
      break;
    case WireProtocol::kJson11:
      response.body = JsonBody(error);
      break;
    case WireProtocol::kRestXml:
      response.body = S3Body(error, request, *response.headers.Get("x-amz-id-2"));
      break;
    case WireProtocol::kQuery:
      response.body = QueryBody(error, request);
      break;
    case WireProtocol::kCbor:
      response.body = CborBody(error);
      response.headers.Add("Smithy-Protocol", "rpc-v2-cbor");
      break;
  }
  response.headers.Add("Content-Type", std::string(ContentType(protocol)));
  if (request.method == "HEAD" || error.http == 304) response.body.clear();
  return response;
}

HttpResponse JsonResponse(WireProtocol protocol, std::string body, const HttpRequest& request) {
  HttpResponse response;
  AddRequestId(response.headers, protocol, request.request_id);
  response.headers.Add("Content-Type", std::string(ContentType(protocol)));
  if (protocol == WireProtocol::kJson10)
    response.headers.Add("x-amz-crc32", std::to_string(Crc32(body)));
  response.body = std::move(body);
  return response;
}

HttpResponse XmlResponse(WireProtocol protocol, int status, std::string body,
                         const HttpRequest& request) {
  HttpResponse response;
  response.status = status;
  AddRequestId(response.headers, protocol, request.request_id);
  response.headers.Add("Content-Type", std::string(ContentType(protocol)));
  response.body = std::move(body);
  return response;
}

}  // namespace penstock
