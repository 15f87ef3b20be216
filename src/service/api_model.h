// The request half of the Data Pipeline API model, version 2012-10-29, as tables: what members each
// operation takes, which are required, how long a string may be, what characters it may hold.
// CheckRequest holds a request against them and answers in the words of AWS's own framework
// (Coral), so that clients which match texts find what they know:
//
//   1 validation error detected: Value null at 'pipelineId' failed to satisfy constraint: Member
//   must not be null
//
// What a field *means* (does the pipeline exist, is the definition sound) is decided later, by
// others. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "aws/api_error.h"
#include "json/json.h"

namespace penstock {

enum class ShapeKind { kStructure, kList, kString, kBoolean, kInteger, kTimestamp };

struct Shape;

struct ShapeMember {
  std::string_view name;
  const Shape* shape;
  bool required = false;
};

/// One shape of the model. Lengths are in UTF-16 units for strings, as Java counts, and in elements
/// for lists.
struct Shape {
  ShapeKind kind;
  uint32_t length_min = 0;
  uint32_t length_max = UINT32_MAX;
  bool has_pattern = false;  // the one pattern of this model: no control characters but CR, LF, TAB
  std::span<const std::string_view> enumeration{};  // kString: the values allowed; empty: any
  std::span<const ShapeMember> members{};           // kStructure
  const Shape* element = nullptr;                   // kList
};

enum class Operation {
  kActivatePipeline,
  kAddTags,
  kCreatePipeline,
  kDeactivatePipeline,
  kDeletePipeline,
  kDescribeObjects,
  kDescribePipelines,
  kEvaluateExpression,
  kGetPipelineDefinition,
  kListPipelines,
  kPollForTask,
  kPutPipelineDefinition,
  kQueryObjects,
  kRemoveTags,
  kReportTaskProgress,
  kReportTaskRunnerHeartbeat,
  kSetStatus,
  kSetTaskStatus,
  kValidatePipelineDefinition,
};

struct OperationModel {
  Operation operation;
  std::string_view name;  // "CreatePipeline"
  const Shape* input;
};

/// All 19, by name in byte order.
std::span<const OperationModel> AllOperations();

/// nullptr if the API has no such operation. The name is compared with case.
const OperationModel* FindOperation(std::string_view name);

/// Holds a request against its shape. Errors: SerializationException for a value of the wrong JSON
/// type (the first one found), ValidationException naming every broken constraint. After success
/// every member that is present and not null has the type the model says, and every required one is
/// present; members that the model does not know are ignored.
ApiResult<void> CheckRequest(const OperationModel& operation, const json::Object& request);

}  // namespace penstock
