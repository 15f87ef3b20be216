#include "service/definition_operations.h"

#include <fmt/core.h>

#include "base/text.h"
#include "definition/secret.h"
#include "definition/validate.h"
#include "service/data_pipeline_error.h"
#include "service/definition_json.h"

namespace penstock {
namespace {

using engine::PipelineKey;
using engine::PipelineRecord;
using engine::Reply;

constexpr size_t kMessageSizeMax = 10'000;  // validationMessage of the model

std::string MessageText(const Problem& problem) {
  std::string text = problem.message;
  if (!problem.field.empty() && text.find(problem.field) == std::string::npos) {
    text = fmt::format("'{}': {}", problem.field, text);
  }
  if (text.size() <= kMessageSizeMax) return text;
  size_t end = kMessageSizeMax;
  while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

/// [{"id": object, <member>: [messages]}], objects in the order of their first problem. What
/// concerns no object is told under the pipeline's id.
json::Array ProblemsJson(const std::vector<Problem>& problems, bool warnings,
                         std::string_view member, const std::string& pipeline) {
  json::Array list;
  std::map<std::string, size_t> places;
  for (const Problem& problem : problems) {
    if ((problem.severity == Severity::kWarning) != warnings) continue;
    const std::string& id = problem.object_id.empty() ? pipeline : problem.object_id;
    auto [place, inserted] = places.try_emplace(id, list.size());
    if (inserted) list.push_back(json::Object{{"id", id}, {member, json::Array()}});
    list[place->second].as_object()[member].as_array().push_back(
        json::String(MessageText(problem)));
  }
  return list;
}

json::Object ValidationJson(bool errored, const std::vector<Problem>& problems,
                            const std::string& pipeline) {
  return {{"validationErrors", ProblemsJson(problems, false, "errors", pipeline)},
          {"validationWarnings", ProblemsJson(problems, true, "warnings", pipeline)},
          {"errored", errored}};
}

/// The definition of the request with masked secrets replaced by those stored, so that what Get
/// showed can be put back.
ApiResult<Definition> IncomingDefinition(ServiceContext& context, StoreSnapshot& snapshot,
                                         const Exchange& exchange, const PipelineRecord& record) {
  Definition incoming = ParseDefinition(exchange.input());
  if (record.latest_version == 0) return incoming;
  auto latest = context.definitions.Find(snapshot, exchange.Pipeline(), record.latest_version);
  if (!latest)
    return InternalServiceError("The stored definition could not be read: " +
                                latest.error().message);
  if (*latest == nullptr) return incoming;
  return RestoreSecrets(std::move(incoming), (*latest)->resolved.source());
}

}  // namespace

void ServePutPipelineDefinition(ServiceContext& context, ExchangePointer exchange) {
  if (auto checked = CheckFieldValues(exchange->input()); !checked)
    return exchange->Fail(checked.error());
  engine::PutDefinition body{exchange->Text("pipelineId"), ParseDefinition(exchange->input())};
  Decide(context, std::move(exchange), std::move(body), [](Exchange& answered, Reply reply) {
    const auto& stored = std::get<engine::DefinitionStored>(reply);
    answered.Succeed(ValidationJson(stored.errored, stored.problems, answered.Text("pipelineId")));
  });
}

void ServeValidatePipelineDefinition(ServiceContext& context, Exchange& exchange) {
  if (auto checked = CheckFieldValues(exchange.input()); !checked)
    return exchange.Fail(checked.error());
  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  ApiResult<PipelineRecord> record = FindPipeline(**snapshot, exchange.Pipeline());
  if (!record) return exchange.Fail(record.error());
  ApiResult<Definition> definition = IncomingDefinition(context, **snapshot, exchange, *record);
  if (!definition) return exchange.Fail(definition.error());
  ResolvedDefinition resolved = Resolve(*std::move(definition));
  std::vector<Problem> problems = Validate(resolved, {.moment = Moment::kPut,
                                                      .limits = context.limits,
                                                      .now = context.clock.Now(),
                                                      .activation_values = {}});
  if (record->active_version != 0) {
    auto active = context.definitions.Find(**snapshot, exchange.Pipeline(), record->active_version);
    if (!active) return exchange.FailInternally(active.error());
    if (*active != nullptr) {
      std::vector<Problem> edits = CheckEdit((*active)->resolved, resolved);
      std::move(edits.begin(), edits.end(), std::back_inserter(problems));
    }
  }
  exchange.Succeed(ValidationJson(HasErrors(problems), problems, exchange.Text("pipelineId")));
}

void ServeGetPipelineDefinition(ServiceContext& context, Exchange& exchange) {
  std::string version = AsciiLower(exchange.Text("version"));
  if (!version.empty() && version != "latest" && version != "active") {
    return exchange.Fail(InvalidRequestException(fmt::format(
        "The version '{}' is not known; use 'latest' or 'active'", exchange.Text("version"))));
  }
  Result<std::unique_ptr<StoreSnapshot>> snapshot = context.store.Read();
  if (!snapshot) return exchange.FailInternally(snapshot.error());
  ApiResult<PipelineRecord> record = FindPipeline(**snapshot, exchange.Pipeline());
  if (!record) return exchange.Fail(record.error());
  uint64_t number = version == "active" ? record->active_version : record->latest_version;
  Result<std::optional<engine::DefinitionRecord>> definition =
      (*snapshot)->FindDefinition(exchange.Pipeline(), number);
  if (!definition) return exchange.FailInternally(definition.error());
  exchange.Succeed(DefinitionJson(*definition ? MaskSecrets(std::move((*definition)->definition))
                                              : Definition()));
}

void ServeActivatePipeline(ServiceContext& context, ExchangePointer exchange) {
  engine::Activate body{exchange->Text("pipelineId"), ParseParameterValues(exchange->input()),
                        exchange->Timestamp("startTimestamp")};
  Decide(context, std::move(exchange), std::move(body), SucceedWithNothing);
}

void ServeDeactivatePipeline(ServiceContext& context, ExchangePointer exchange) {
  engine::Deactivate body{exchange->Text("pipelineId"),
                          exchange->Boolean("cancelActive").value_or(true)};
  Decide(context, std::move(exchange), std::move(body), SucceedWithNothing);
}

}  // namespace penstock
