// The Data Pipeline API with one pipeline, "df-1", for tests of commands that read it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "json/json.h"
#include "ports/http.h"

namespace penstock {

using Fields = std::vector<std::pair<std::string, std::string>>;

// A pipeline of instances and attempts, a few on each page.
class FakePipelineService : public HttpClient {
 public:
  using HttpClient::Send;
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink*,
                            std::stop_token) override {
    if (fails) return Unavailable("nobody listens");
    const std::string body = source != nullptr ? *ReadAll(*source, 1u << 20) : request.body;
    std::string operation(request.headers.Get("X-Amz-Target").value_or(""));
    operation.erase(0, operation.find('.') + 1);
    json::Object in = *json::ParseObject(body);
    if (operation == "DescribePipelines") {
      if (in["pipelineIds"].at(0) != json::Value("df-1")) {
        return HttpResponse{.status = 400,
                            .headers = {},
                            .body = R"({"__type":"PipelineNotFoundException","message":"no"})"};
      }
      json::Object one{{"pipelineId", "df-1"}, {"name", "nightly\x1b[31m"}};
      one["fields"] = FieldsJson({{"@pipelineState", "SCHEDULED"}});
      return Answer({{"pipelineDescriptionList", json::Array{std::move(one)}}});
    }
    if (operation == "QueryObjects") {
      // One a page.
      std::vector<std::string> ids;
      for (const auto& [id, fields] : objects) {
        if (!id.ends_with("_Attempt=1")) ids.push_back(id);
      }
      size_t at = in.contains("marker")
                      ? static_cast<size_t>(std::stoi(std::string(in["marker"].as_string())))
                      : 0;
      json::Object page{{"ids", json::Array{}}, {"hasMoreResults", at + 1 < ids.size()}};
      if (at < ids.size()) page["ids"].as_array().emplace_back(ids[at]);
      if (at + 1 < ids.size()) page["marker"] = std::to_string(at + 1);
      return Answer(page);
    }
    json::Array found;
    for (const json::Value& id : in["objectIds"].as_array()) {
      std::string name(id.as_string());
      if (!objects.contains(name)) continue;
      json::Object one{{"id", name}, {"name", name}};
      one["fields"] = FieldsJson(objects.at(name));
      found.push_back(std::move(one));
    }
    return Answer({{"pipelineObjects", std::move(found)}, {"hasMoreResults", false}});
  }

  bool fails = false;
  std::map<std::string, Fields> objects;

 private:
  static HttpResponse Answer(const json::Object& body) {
    return {.status = 200, .headers = {}, .body = json::Write(body)};
  }
  static json::Array FieldsJson(const Fields& fields) {
    json::Array array;
    for (const auto& [key, value] : fields)
      array.push_back(json::Object{{"key", key}, {"stringValue", value}});
    return array;
  }
};

}  // namespace penstock
