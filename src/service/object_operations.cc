#include "service/object_operations.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "definition/evaluate.h"
#include "definition/secret.h"
#include "service/data_pipeline_error.h"
#include "service/definition_json.h"
#include "service/object_view.h"
#include "service/selector.h"

namespace penstock {
namespace {

using engine::PipelineRecord;
using engine::Reply;

constexpr int64_t kQueriedDefault = 100;  // API reference, QueryObjects
constexpr int64_t kQueriedMax = 1'000;
// The API reference says 25, but the AWS CLI asks for 100 and does not look at the marker of the
// answer.
constexpr size_t kDescribedPerPage = 100;

/// Ids of matching components greater than `after`, in byte order, at most `count_max`.
Result<std::vector<std::string>> QueryComponents(ObjectView& view,
                                                 const std::vector<Selector>& selectors,
                                                 std::string_view after, size_t count_max) {
  ASSIGN_OR_RETURN(std::vector<ObjectView::Component> components, view.Components());
  ASSIGN_OR_RETURN(std::vector<engine::ComponentRecord> records,
                   view.snapshot().ListComponents(view.key()));
  std::map<std::string_view, const engine::ComponentRecord*> by_id;
  for (const engine::ComponentRecord& record : records) by_id[record.id] = &record;
  std::ranges::sort(components, {},
                    [](const ObjectView::Component& component) { return component.object->id; });
  std::vector<std::string> ids;
  for (const ObjectView::Component& component : components) {
    const std::string& id = component.object->id;
    if (id <= after || (!ids.empty() && ids.back() == id)) continue;
    if (!selectors.empty()) {
      auto record = by_id.find(id);
      ASSIGN_OR_RETURN(
          PipelineObject described,
          view.Describe(component, record == by_id.end() ? nullptr : record->second, false));
      if (!Matches(selectors, described)) continue;
    }
    ids.push_back(id);
    if (ids.size() >= count_max) break;
  }
  return ids;
}

ApiResult<std::string> Evaluate(ObjectView& view, const std::string& id,
                                const std::string& expression) {
  auto internal = [](const Error& error) {
    return InternalServiceError("The object could not be read: " + error.message);
  };
  std::string instance_id = id;
  if (auto attempt = engine::ParseAttemptId(id)) instance_id = attempt->instance;
  Result<std::optional<engine::InstanceRecord>> instance =
      view.snapshot().FindInstance(view.key(), instance_id);
  if (!instance) return internal(instance.error());
  Result<std::optional<PipelineObject>> described = view.Describe(id, false);
  if (!described) return internal(described.error());
  if (!*described) {
    return InvalidRequestException(fmt::format("The pipeline has no object with the id '{}'", id));
  }
  std::shared_ptr<const engine::CompiledDefinition> definition;
  std::unique_ptr<RuntimeScope> scope;
  if (*instance) {
    auto found = view.DefinitionOf(**instance);
    if (!found) return internal(found.error());
    definition = *found;
    scope = std::make_unique<DescribedScope>(view, **std::move(described), (*instance)->component);
  } else {
    Result<std::optional<ObjectView::Component>> component = view.FindComponent(id);
    if (!component) return internal(component.error());
    definition = (*component)->definition;
    scope = std::make_unique<ComponentScope>(id);
  }
  Result<EvaluatedText> evaluated =
      EvaluateText(definition->resolved, definition->parameters, *scope, expression);
  if (!evaluated) return InvalidRequestException(evaluated.error().message);
  return evaluated->secret ? std::string(kSecretMask) : std::move(evaluated->text);
}

}  // namespace

void ServeQueryObjects(ServiceContext& context, Exchange& exchange) {
  std::string sphere = AsciiUpper(exchange.Text("sphere"));
  if (sphere != "COMPONENT" && sphere != "INSTANCE" && sphere != "ATTEMPT") {
    return exchange.Fail(InvalidRequestException(
        fmt::format("The sphere '{}' is not known; use COMPONENT, INSTANCE or ATTEMPT",
                    exchange.Text("sphere"))));
  }
  int64_t limit = exchange.Integer("limit").value_or(kQueriedDefault);
  if (limit < 1) {
    return exchange.Fail(
        InvalidRequestException(fmt::format("The limit must be 1 or more, not {}", limit)));
  }
  auto count = static_cast<size_t>(std::min(limit, kQueriedMax));
  const json::Value* query = json::Find(exchange.input(), "query");
  ApiResult<std::vector<Selector>> selectors =
      ParseSelectors(query == nullptr ? nullptr : &query->get_object());
  if (!selectors) return exchange.Fail(selectors.error());

  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  ApiResult<PipelineRecord> record = FindPipeline(**snapshot, exchange.Pipeline());
  if (!record) return exchange.Fail(record.error());
  std::string marker = exchange.Text("marker");
  Result<std::vector<std::string>> ids;
  if (sphere == "COMPONENT") {
    ObjectView view(**snapshot, context.definitions, exchange.Pipeline(), *std::move(record));
    ids = QueryComponents(view, *selectors, marker, count + 1);
  } else {
    ObjectSphere kind = sphere == "INSTANCE" ? ObjectSphere::kInstance : ObjectSphere::kAttempt;
    ids = (*snapshot)->QueryObjects(exchange.Pipeline(), MakeObjectQuery(kind, *selectors), marker,
                                    count + 1);
  }
  if (!ids) return exchange.FailInternally(ids.error());
  bool more = ids->size() > count;
  if (more) ids->pop_back();
  json::Object answer;
  json::Array& list = answer["ids"].emplace_array();
  for (const std::string& id : *ids) list.push_back(json::String(id));
  if (more) answer["marker"] = ids->back();
  answer["hasMoreResults"] = more;
  exchange.Succeed(answer);
}

void ServeDescribeObjects(ServiceContext& context, Exchange& exchange) {
  std::vector<std::string> ids = ParseStrings(exchange.input(), "objectIds");
  std::string marker = exchange.Text("marker");
  // The marker is the number of ids already answered.
  std::optional<uint64_t> first = marker.empty() ? 0 : ParseUint64(marker);
  if (!first || *first > ids.size()) {
    return exchange.Fail(
        InvalidRequestException(fmt::format("The marker '{}' is none of DescribeObjects", marker)));
  }
  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  ApiResult<PipelineRecord> record = FindPipeline(**snapshot, exchange.Pipeline());
  if (!record) return exchange.Fail(record.error());
  ObjectView view(**snapshot, context.definitions, exchange.Pipeline(), *std::move(record));
  bool evaluate = exchange.Boolean("evaluateExpressions").value_or(false);
  size_t end = std::min(ids.size(), static_cast<size_t>(*first) + kDescribedPerPage);
  json::Object answer;
  json::Array& list = answer["pipelineObjects"].emplace_array();
  for (size_t i = *first; i < end; ++i) {
    Result<std::optional<PipelineObject>> described = view.Describe(ids[i], evaluate);
    if (!described) return exchange.FailInternally(described.error());
    // An id that a query gave a moment ago may be gone by now.
    if (*described) list.push_back(PipelineObjectJson(**described));
  }
  bool more = end < ids.size();
  if (more) answer["marker"] = std::to_string(end);
  answer["hasMoreResults"] = more;
  exchange.Succeed(answer);
}

void ServeEvaluateExpression(ServiceContext& context, Exchange& exchange) {
  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  ApiResult<PipelineRecord> record = FindPipeline(**snapshot, exchange.Pipeline());
  if (!record) return exchange.Fail(record.error());
  ObjectView view(**snapshot, context.definitions, exchange.Pipeline(), *std::move(record));
  ApiResult<std::string> evaluated =
      Evaluate(view, exchange.Text("objectId"), exchange.Text("expression"));
  if (!evaluated) return exchange.Fail(evaluated.error());
  exchange.Succeed({{"evaluatedExpression", *std::move(evaluated)}});
}

void ServeSetStatus(ServiceContext& context, ExchangePointer exchange) {
  engine::SetStatus body{exchange->Text("pipelineId"), ParseStrings(exchange->input(), "objectIds"),
                         exchange->Text("status")};
  Decide(context, std::move(exchange), std::move(body),
         [](Exchange& answered, Reply) { answered.SucceedEmpty(); });
}

}  // namespace penstock
