#include "service/pipeline_operations.h"

#include <fmt/core.h>

#include "engine/runtime_fields.h"
#include "service/data_pipeline_error.h"
#include "service/definition_json.h"

namespace penstock {
namespace {

using engine::PipelineKey;
using engine::PipelineRecord;
using engine::Reply;

constexpr size_t kPipelinesPerPage = 50;
constexpr size_t kDescribedMax = 25;  // API reference, DescribePipelines

std::vector<engine::Tag> ParseTags(const json::Object& input) {
  std::vector<engine::Tag> tags;
  if (const json::Value* list = json::Find(input, "tags")) {
    for (const json::Value& tag : list->get_array()) {
      const json::Object& object = tag.get_object();
      tags.push_back({std::string(object.at("key").get_string()),
                      std::string(object.at("value").get_string())});
    }
  }
  return tags;
}

ApiResult<json::Object> DescribePipeline(StoreSnapshot& snapshot, const PipelineKey& key) {
  ASSIGN_OR_RETURN(PipelineRecord record, FindPipeline(snapshot, key));
  Result<std::vector<engine::ComponentRecord>> components = snapshot.ListComponents(key);
  if (!components)
    return InternalServiceError("The pipeline could not be read: " + components.error().message);
  json::Object description{
      {"pipelineId", key.id},
      {"name", record.name},
      {"fields", FieldsJson(engine::PipelineFields(key, record, *components))}};
  if (!record.description.empty()) description["description"] = record.description;
  json::Array& tags = description["tags"].emplace_array();
  for (const engine::Tag& tag : record.tags)
    tags.push_back(json::Object{{"key", tag.key}, {"value", tag.value}});
  return description;
}

}  // namespace

void ServeCreatePipeline(ServiceContext& context, ExchangePointer exchange) {
  engine::CreatePipeline create{exchange->Text("name"), exchange->Text("uniqueId"),
                                exchange->Text("description"), exchange->request().caller->user_arn,
                                ParseTags(exchange->input())};
  Decide(context, std::move(exchange), std::move(create), [](Exchange& answered, Reply reply) {
    answered.Succeed({{"pipelineId", std::get<engine::Created>(reply).pipeline}});
  });
}

void ServeDeletePipeline(ServiceContext& context, ExchangePointer exchange) {
  engine::DeletePipeline body{exchange->Text("pipelineId")};
  Decide(context, std::move(exchange), std::move(body),
         [](Exchange& answered, Reply) { answered.SucceedEmpty(); });
}

void ServeAddTags(ServiceContext& context, ExchangePointer exchange) {
  engine::AddTags body{exchange->Text("pipelineId"), ParseTags(exchange->input())};
  Decide(context, std::move(exchange), std::move(body), SucceedWithNothing);
}

void ServeRemoveTags(ServiceContext& context, ExchangePointer exchange) {
  engine::RemoveTags body{exchange->Text("pipelineId"), ParseStrings(exchange->input(), "tagKeys")};
  Decide(context, std::move(exchange), std::move(body), SucceedWithNothing);
}

void ServeDescribePipelines(ServiceContext& context, Exchange& exchange) {
  std::vector<std::string> ids = ParseStrings(exchange.input(), "pipelineIds");
  if (context.limits.strict && ids.size() > kDescribedMax) {
    return exchange.Fail(InvalidRequestException(
        fmt::format("DescribePipelines takes {} pipeline ids at most; {} were given", kDescribedMax,
                    ids.size())));
  }
  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  json::Array descriptions;
  for (const std::string& id : ids) {
    ApiResult<json::Object> description = DescribePipeline(**snapshot, {exchange.scope(), id});
    if (!description) return exchange.Fail(description.error());
    descriptions.push_back(*std::move(description));
  }
  exchange.Succeed({{"pipelineDescriptionList", std::move(descriptions)}});
}

void ServeListPipelines(ServiceContext& context, Exchange& exchange) {
  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  // One more than a page tells whether there is another.
  auto pipelines =
      (*snapshot)->ListPipelines(exchange.scope(), exchange.Text("marker"), kPipelinesPerPage + 1);
  if (!pipelines) return exchange.FailInternally(pipelines.error());
  bool more = pipelines->size() > kPipelinesPerPage;
  if (more) pipelines->pop_back();
  json::Object answer;
  json::Array& list = answer["pipelineIdList"].emplace_array();
  for (const auto& [id, record] : *pipelines)
    list.push_back(json::Object{{"id", id}, {"name", record.name}});
  // Newer SDKs look at the marker only: never one on the last page.
  if (more) answer["marker"] = pipelines->back().first;
  answer["hasMoreResults"] = more;
  exchange.Succeed(answer);
}

}  // namespace penstock
