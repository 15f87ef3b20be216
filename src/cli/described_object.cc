#include "cli/described_object.h"

#include <algorithm>
#include <optional>

namespace penstock {
namespace {

constexpr size_t kIdsPerCall = 25;  // DescribeObjects, API reference

using FieldMap = std::map<std::string, std::vector<std::string>>;

Result<FieldMap> ReadFields(const json::Object& object) {
  FieldMap values;
  ASSIGN_OR_RETURN(const json::Array* fields, json::GetArray(object, "fields"));
  for (const json::Value& entry : *fields) {
    const json::Object* field = entry.if_object();
    if (field == nullptr) continue;
    ASSIGN_OR_RETURN(std::string key, json::GetString(*field, "key"));
    ASSIGN_OR_RETURN(std::optional<std::string> text, json::OptionalString(*field, "stringValue"));
    ASSIGN_OR_RETURN(std::optional<std::string> ref, json::OptionalString(*field, "refValue"));
    values[key].push_back(text ? *text : ref.value_or(""));
  }
  return values;
}

Result<json::Object> Ask(const DataPipelineClient& client, std::string_view operation,
                         const json::Object& body) {
  CallResult<std::string> answer = client.Call(operation, json::Write(body));
  if (!answer) {
    Error error = answer.error().ToError(operation);
    bool unknown = answer.error().type == "PipelineNotFoundException" ||
                   answer.error().type == "PipelineDeletedException";
    if (unknown) error.code = ErrorCode::kNotFound;
    return error;
  }
  return json::ParseObject(*answer);
}

// Turns `query` to the page after `page`; false if that was the last.
bool NextPage(const json::Object& page, json::Object& query) {
  const json::Value* marker = json::Find(page, "marker");
  if (marker == nullptr || !json::GetBool(page, "hasMoreResults").value_or(false)) return false;
  query["marker"] = *marker;
  return true;
}

}  // namespace

std::string DescribedObject::operator[](const std::string& key) const {
  std::string joined;
  for (const std::string& value : All(key)) joined += (joined.empty() ? "" : ", ") + value;
  return joined;
}

const std::vector<std::string>& DescribedObject::All(const std::string& key) const {
  static const std::vector<std::string> kNone;
  auto at = fields.find(key);
  return at == fields.end() ? kNone : at->second;
}

Result<DescribedObject> DescribePipeline(const DataPipelineClient& client,
                                         const std::string& pipeline) {
  ASSIGN_OR_RETURN(
      json::Object described,
      Ask(client, "DescribePipelines", {{"pipelineIds", json::Array{json::Value(pipeline)}}}));
  ASSIGN_OR_RETURN(const json::Array* list, json::GetArray(described, "pipelineDescriptionList"));
  if (list->empty() || !list->front().is_object())
    return NotFound("there is no pipeline " + pipeline);
  const json::Object& description = list->front().get_object();
  ASSIGN_OR_RETURN(auto fields, ReadFields(description));
  ASSIGN_OR_RETURN(std::string name, json::GetString(description, "name"));
  fields["name"] = {name};
  return DescribedObject{pipeline, std::move(fields)};
}

Result<std::vector<std::string>> ListObjects(const DataPipelineClient& client,
                                             const std::string& pipeline, std::string_view sphere) {
  std::vector<std::string> ids;
  json::Object query{{"pipelineId", pipeline}, {"sphere", sphere}};
  while (true) {
    ASSIGN_OR_RETURN(json::Object page, Ask(client, "QueryObjects", query));
    if (const json::Value* found = json::Find(page, "ids"); found != nullptr && found->is_array()) {
      for (const json::Value& id : found->get_array())
        ids.emplace_back(id.is_string() ? std::string(id.get_string()) : "");
    }
    if (!NextPage(page, query)) return ids;
  }
}

Result<std::vector<DescribedObject>> DescribeObjects(const DataPipelineClient& client,
                                                     const std::string& pipeline,
                                                     const std::vector<std::string>& ids) {
  std::vector<DescribedObject> objects;
  json::Object page;
  for (size_t first = 0; first < ids.size(); first += kIdsPerCall) {
    auto end = ids.begin() + static_cast<ptrdiff_t>(std::min(ids.size(), first + kIdsPerCall));
    json::Object query{
        {"pipelineId", pipeline},
        {"objectIds", json::Array(ids.begin() + static_cast<ptrdiff_t>(first), end)}};
    do {
      ASSIGN_OR_RETURN(page, Ask(client, "DescribeObjects", query));
      ASSIGN_OR_RETURN(const json::Array* found, json::GetArray(page, "pipelineObjects"));
      for (const json::Value& entry : *found) {
        const json::Object* object = entry.if_object();
        if (object == nullptr) continue;
        ASSIGN_OR_RETURN(std::string id, json::GetString(*object, "id"));
        ASSIGN_OR_RETURN(auto fields, ReadFields(*object));
        objects.push_back({std::move(id), std::move(fields)});
      }
    } while (NextPage(page, query));
  }
  return objects;
}

std::string ErrorOf(const DescribedObject& object) {
  std::string id = object["errorId"], message = object["errorMessage"];
  return id.empty() || message.empty() ? id + message : id + ": " + message;
}

std::string OneLine(std::string_view text) {
  std::string line;
  for (char c : text) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (!control) line += c;
    if (control && !line.ends_with(' ')) line += ' ';
  }
  return line;
}

}  // namespace penstock
