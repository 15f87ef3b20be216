#include "cli/status_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/command_line.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr size_t kIdsPerCall = 25;  // DescribeObjects, API reference

// One object of DescribeObjects: its fields, the first value of each; lists joined.
struct Described {
  std::string id;
  std::map<std::string, std::string> fields;

  std::string operator[](const std::string& key) const {
    auto at = fields.find(key);
    return at == fields.end() ? "" : at->second;
  }
};

Result<std::map<std::string, std::string>> ReadFields(const json::Object& object) {
  std::map<std::string, std::string> values;
  ASSIGN_OR_RETURN(const json::Array* fields, json::GetArray(object, "fields"));
  for (const json::Value& entry : *fields) {
    const json::Object* field = entry.if_object();
    if (field == nullptr) continue;
    ASSIGN_OR_RETURN(std::string key, json::GetString(*field, "key"));
    ASSIGN_OR_RETURN(std::optional<std::string> text, json::OptionalString(*field, "stringValue"));
    ASSIGN_OR_RETURN(std::optional<std::string> ref, json::OptionalString(*field, "refValue"));
    std::string value = text ? *text : ref.value_or("");
    auto [at, fresh] = values.try_emplace(key, value);
    if (!fresh) at->second += ", " + value;
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

Result<std::vector<std::string>> ListIds(const DataPipelineClient& client,
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

Result<std::vector<Described>> Describe(const DataPipelineClient& client,
                                        const std::string& pipeline,
                                        const std::vector<std::string>& ids) {
  std::vector<Described> objects;
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

// On one line, and without what a terminal would obey.
std::string OneLine(std::string_view text) {
  std::string line;
  for (char c : text) {
    bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    if (!control) line += c;
    if (control && !line.ends_with(' ')) line += ' ';
  }
  return line;
}

// "errorId: errorMessage" as far as there is any.
std::string ErrorOf(const Described& object) {
  std::string id = object["errorId"], message = object["errorMessage"];
  return id.empty() || message.empty() ? id + message : id + ": " + message;
}

// What there is to say about an instance besides its status.
std::string Remark(const Described& instance, const Described* attempt) {
  std::string remark;
  auto add = [&](const std::string& text) {
    if (!text.empty()) remark += (remark.empty() ? "" : "; ") + text;
  };
  std::string status = instance["@status"];
  bool failed = status == "FAILED" || status == "CASCADE_FAILED" || status == "TIMEDOUT" ||
                status == "CANCELED";
  if (!instance["@waitingOn"].empty() && !failed) add("waiting on " + instance["@waitingOn"]);
  if (std::string error = ErrorOf(instance); !error.empty()) {
    add(error);
  } else if (attempt != nullptr && status != "FINISHED" && !ErrorOf(*attempt).empty()) {
    add("last attempt: " + ErrorOf(*attempt));
  }
  add(instance["cancellationReason"]);
  if (!instance["@cascadeFailedOn"].empty())
    add("failed because of " + instance["@cascadeFailedOn"]);
  if (attempt != nullptr && !(*attempt)["transferItems"].empty()) {
    const Described& figures = *attempt;
    if (!figures["transferSeconds"].empty()) {
      add(fmt::format("{} items in {} s, {} of {} allowed capacity units", figures["transferItems"],
                      figures["transferSeconds"], figures["transferUnitsConsumed"],
                      figures["transferUnitsAllowed"]));
    } else {
      add(fmt::format("{} items, {} of {} units/s, limited by {}", figures["transferItems"],
                      figures["transferUnitsPerSecond"], figures["transferUnitsPerSecondAllowed"],
                      figures["transferLimitedBy"]));
    }
  }
  return remark;
}

Status Print(const DataPipelineClient& client, const std::string& pipeline, std::ostream& out) {
  ASSIGN_OR_RETURN(
      json::Object described,
      Ask(client, "DescribePipelines", {{"pipelineIds", json::Array{json::Value(pipeline)}}}));
  ASSIGN_OR_RETURN(const json::Array* list, json::GetArray(described, "pipelineDescriptionList"));
  if (list->empty() || !list->front().is_object())
    return NotFound("there is no pipeline " + pipeline);
  const json::Object& description = list->front().get_object();
  ASSIGN_OR_RETURN(auto fields, ReadFields(description));
  ASSIGN_OR_RETURN(std::string name, json::GetString(description, "name"));
  out << fmt::format("{} {} {}\n", pipeline, OneLine(name), fields["@pipelineState"]);

  ASSIGN_OR_RETURN(std::vector<std::string> instance_ids, ListIds(client, pipeline, "INSTANCE"));
  ASSIGN_OR_RETURN(std::vector<Described> instances, Describe(client, pipeline, instance_ids));
  std::vector<std::string> attempt_ids;
  for (const Described& instance : instances) {
    if (std::string head = instance["@headAttempt"]; !head.empty()) attempt_ids.push_back(head);
  }
  ASSIGN_OR_RETURN(std::vector<Described> attempts, Describe(client, pipeline, attempt_ids));
  std::map<std::string, const Described*> attempt_of;
  for (const Described& attempt : attempts) attempt_of[attempt.id] = &attempt;

  std::sort(instances.begin(), instances.end(), [](const Described& a, const Described& b) {
    return std::tuple(a["@scheduledStartTime"], a.id) < std::tuple(b["@scheduledStartTime"], b.id);
  });
  size_t width = 0;
  for (const Described& instance : instances) width = std::max(width, instance.id.size());
  for (const Described& instance : instances) {
    auto attempt = attempt_of.find(instance["@headAttempt"]);
    const Described* head = attempt == attempt_of.end() ? nullptr : attempt->second;
    std::string line = fmt::format("{:<{}}  {:<23}", instance.id, width, instance["@status"]);
    if (std::string remark = Remark(instance, head); !remark.empty())
      line += "  " + OneLine(remark);
    if (head != nullptr && !(*head)["@logLocation"].empty())
      line += "  " + OneLine((*head)["@logLocation"]);
    while (line.ends_with(' ')) line.pop_back();
    out << line << '\n';
  }
  return {};
}

}  // namespace

int PrintStatus(const DataPipelineClient& client, const std::string& pipeline, std::ostream& out,
                std::ostream& err) {
  Status printed = Print(client, pipeline, out);
  if (printed) return kExitDone;
  err << printed.error().message << '\n';
  return printed.error().code == ErrorCode::kNotFound ? kExitNo : kExitUnusable;
}

}  // namespace penstock
