// Pipeline definitions in the API's JSON, both ways, and the other lists that requests and answers
// share. Pure.
#pragma once

#include <string>
#include <vector>

#include "aws/api_error.h"
#include "definition/definition.h"
#include "json/json.h"

namespace penstock {

/// The members pipelineObjects, parameterObjects and parameterValues of a request that CheckRequest
/// has passed. A field with both or neither of stringValue and refValue: refValue wins, else an
/// empty string.
Definition ParseDefinition(const json::Object& request);
/// InvalidRequestException for a field with both a stringValue and a refValue, which the model
/// allows and nothing could mean. REQUIRES: CheckRequest has passed the request.
ApiResult<void> CheckFieldValues(const json::Object& request);
std::vector<ParameterValue> ParseParameterValues(const json::Object& request);
/// `member` as fields; empty if it is absent. Same rules.
std::vector<Field> ParseFields(const json::Object& request, std::string_view member);
/// `member` as strings; empty if it is absent. REQUIRES: CheckRequest has passed it.
std::vector<std::string> ParseStrings(const json::Object& request, std::string_view member);

json::Array FieldsJson(const std::vector<Field>& fields);
json::Object PipelineObjectJson(const PipelineObject& object);
/// An answer of GetPipelineDefinition. Absent parts are left out, as AWS does; pipelineObjects is
/// always there.
json::Object DefinitionJson(const Definition& definition);

}  // namespace penstock
