#include "service/api_model.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "service/data_pipeline_error.h"
#include "time/instant.h"

namespace penstock {
namespace {

constexpr std::string_view kPattern =
    R"([\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\r\n\t]*)";

// Coral repeats the offending value; a repeated 20 MiB expression would only hurt.
constexpr size_t kEchoedBytesMax = 2048;

constexpr Shape Text(uint32_t length_min, uint32_t length_max, bool has_pattern = true) {
  return {.kind = ShapeKind::kString,
          .length_min = length_min,
          .length_max = length_max,
          .has_pattern = has_pattern};
}
constexpr Shape ListOf(const Shape* element, uint32_t length_max = UINT32_MAX) {
  return {.kind = ShapeKind::kList, .length_max = length_max, .element = element};
}
constexpr Shape Structure(std::span<const ShapeMember> members) {
  return {.kind = ShapeKind::kStructure, .members = members};
}

constexpr bool kRequired = true;

// Strings.
constexpr Shape kId = Text(1, 1024);
constexpr Shape kString = Text(0, 1024);
constexpr Shape kLongString = Text(0, 20'971'520);
constexpr Shape kTaskId = Text(1, 2048);
constexpr Shape kFieldName = Text(1, 256);
constexpr Shape kFieldValue = Text(0, 10'240);
constexpr Shape kAttributeName = Text(1, 256);
constexpr Shape kAttributeValue = Text(0, 10'240);
constexpr Shape kErrorMessage = Text(0, UINT32_MAX, false);
constexpr Shape kTagKey = Text(1, 128, false);
constexpr Shape kTagValue = Text(0, 256, false);

constexpr std::array<std::string_view, 5> kOperatorTypes = {"EQ", "REF_EQ", "LE", "GE", "BETWEEN"};
constexpr Shape kOperatorType = {.kind = ShapeKind::kString, .enumeration = kOperatorTypes};
constexpr std::array<std::string_view, 3> kTaskStatuses = {"FINISHED", "FAILED", "FALSE"};
constexpr Shape kTaskStatus = {.kind = ShapeKind::kString, .enumeration = kTaskStatuses};

constexpr Shape kBoolean = {.kind = ShapeKind::kBoolean};
constexpr Shape kInteger = {.kind = ShapeKind::kInteger};
constexpr Shape kTimestamp = {.kind = ShapeKind::kTimestamp};

// Structures and lists, from the leaves up.
constexpr Shape kIdList = ListOf(&kId);
constexpr Shape kStringList = ListOf(&kString);

constexpr ShapeMember kFieldMembers[] = {
    {"key", &kFieldName, kRequired}, {"stringValue", &kFieldValue}, {"refValue", &kFieldName}};
constexpr Shape kField = Structure(kFieldMembers);
constexpr Shape kFieldList = ListOf(&kField);

constexpr ShapeMember kPipelineObjectMembers[] = {
    {"id", &kId, kRequired}, {"name", &kId, kRequired}, {"fields", &kFieldList, kRequired}};
constexpr Shape kPipelineObject = Structure(kPipelineObjectMembers);
constexpr Shape kPipelineObjectList = ListOf(&kPipelineObject);

constexpr ShapeMember kAttributeMembers[] = {{"key", &kAttributeName, kRequired},
                                             {"stringValue", &kAttributeValue, kRequired}};
constexpr Shape kAttribute = Structure(kAttributeMembers);
constexpr Shape kAttributeList = ListOf(&kAttribute);

constexpr ShapeMember kParameterObjectMembers[] = {{"id", &kFieldName, kRequired},
                                                   {"attributes", &kAttributeList, kRequired}};
constexpr Shape kParameterObject = Structure(kParameterObjectMembers);
constexpr Shape kParameterObjectList = ListOf(&kParameterObject);

constexpr ShapeMember kParameterValueMembers[] = {{"id", &kFieldName, kRequired},
                                                  {"stringValue", &kFieldValue, kRequired}};
constexpr Shape kParameterValue = Structure(kParameterValueMembers);
constexpr Shape kParameterValueList = ListOf(&kParameterValue);

constexpr ShapeMember kTagMembers[] = {{"key", &kTagKey, kRequired},
                                       {"value", &kTagValue, kRequired}};
constexpr Shape kTag = Structure(kTagMembers);
constexpr Shape kTagList = ListOf(&kTag, 10);

constexpr ShapeMember kOperatorMembers[] = {{"type", &kOperatorType}, {"values", &kStringList}};
constexpr Shape kOperator = Structure(kOperatorMembers);
constexpr ShapeMember kSelectorMembers[] = {{"fieldName", &kString}, {"operator", &kOperator}};
constexpr Shape kSelector = Structure(kSelectorMembers);
constexpr Shape kSelectorList = ListOf(&kSelector);
constexpr ShapeMember kQueryMembers[] = {{"selectors", &kSelectorList}};
constexpr Shape kQuery = Structure(kQueryMembers);

constexpr ShapeMember kIdentityMembers[] = {{"document", &kString}, {"signature", &kString}};
constexpr Shape kInstanceIdentity = Structure(kIdentityMembers);

// Inputs.
constexpr ShapeMember kPipelineIdOnly[] = {{"pipelineId", &kId, kRequired}};
constexpr Shape kDeletePipelineInput = Structure(kPipelineIdOnly);

constexpr ShapeMember kActivateMembers[] = {{"pipelineId", &kId, kRequired},
                                            {"parameterValues", &kParameterValueList},
                                            {"startTimestamp", &kTimestamp}};
constexpr Shape kActivateInput = Structure(kActivateMembers);

constexpr ShapeMember kAddTagsMembers[] = {{"pipelineId", &kId, kRequired},
                                           {"tags", &kTagList, kRequired}};
constexpr Shape kAddTagsInput = Structure(kAddTagsMembers);

constexpr ShapeMember kCreateMembers[] = {{"name", &kId, kRequired},
                                          {"uniqueId", &kId, kRequired},
                                          {"description", &kString},
                                          {"tags", &kTagList}};
constexpr Shape kCreateInput = Structure(kCreateMembers);

constexpr ShapeMember kDeactivateMembers[] = {{"pipelineId", &kId, kRequired},
                                              {"cancelActive", &kBoolean}};
constexpr Shape kDeactivateInput = Structure(kDeactivateMembers);

constexpr ShapeMember kDescribeObjectsMembers[] = {{"pipelineId", &kId, kRequired},
                                                   {"objectIds", &kIdList, kRequired},
                                                   {"evaluateExpressions", &kBoolean},
                                                   {"marker", &kString}};
constexpr Shape kDescribeObjectsInput = Structure(kDescribeObjectsMembers);

constexpr ShapeMember kDescribePipelinesMembers[] = {{"pipelineIds", &kIdList, kRequired}};
constexpr Shape kDescribePipelinesInput = Structure(kDescribePipelinesMembers);

constexpr ShapeMember kEvaluateMembers[] = {{"pipelineId", &kId, kRequired},
                                            {"objectId", &kId, kRequired},
                                            {"expression", &kLongString, kRequired}};
constexpr Shape kEvaluateInput = Structure(kEvaluateMembers);

constexpr ShapeMember kGetDefinitionMembers[] = {{"pipelineId", &kId, kRequired},
                                                 {"version", &kString}};
constexpr Shape kGetDefinitionInput = Structure(kGetDefinitionMembers);

constexpr ShapeMember kListMembers[] = {{"marker", &kString}};
constexpr Shape kListInput = Structure(kListMembers);

constexpr ShapeMember kPollMembers[] = {{"workerGroup", &kString, kRequired},
                                        {"hostname", &kId},
                                        {"instanceIdentity", &kInstanceIdentity}};
constexpr Shape kPollInput = Structure(kPollMembers);

constexpr ShapeMember kPutMembers[] = {{"pipelineId", &kId, kRequired},
                                       {"pipelineObjects", &kPipelineObjectList, kRequired},
                                       {"parameterObjects", &kParameterObjectList},
                                       {"parameterValues", &kParameterValueList}};
constexpr Shape kPutInput = Structure(kPutMembers);

constexpr ShapeMember kQueryObjectsMembers[] = {{"pipelineId", &kId, kRequired},
                                                {"query", &kQuery},
                                                {"sphere", &kString, kRequired},
                                                {"marker", &kString},
                                                {"limit", &kInteger}};
constexpr Shape kQueryObjectsInput = Structure(kQueryObjectsMembers);

constexpr ShapeMember kRemoveTagsMembers[] = {{"pipelineId", &kId, kRequired},
                                              {"tagKeys", &kStringList, kRequired}};
constexpr Shape kRemoveTagsInput = Structure(kRemoveTagsMembers);

constexpr ShapeMember kReportProgressMembers[] = {{"taskId", &kTaskId, kRequired},
                                                  {"fields", &kFieldList}};
constexpr Shape kReportProgressInput = Structure(kReportProgressMembers);

constexpr ShapeMember kHeartbeatMembers[] = {
    {"taskrunnerId", &kId, kRequired}, {"workerGroup", &kString}, {"hostname", &kId}};
constexpr Shape kHeartbeatInput = Structure(kHeartbeatMembers);

constexpr ShapeMember kSetStatusMembers[] = {{"pipelineId", &kId, kRequired},
                                             {"objectIds", &kIdList, kRequired},
                                             {"status", &kString, kRequired}};
constexpr Shape kSetStatusInput = Structure(kSetStatusMembers);

constexpr ShapeMember kSetTaskStatusMembers[] = {{"taskId", &kTaskId, kRequired},
                                                 {"taskStatus", &kTaskStatus, kRequired},
                                                 {"errorId", &kString},
                                                 {"errorMessage", &kErrorMessage},
                                                 {"errorStackTrace", &kString}};
constexpr Shape kSetTaskStatusInput = Structure(kSetTaskStatusMembers);

constexpr OperationModel kOperations[] = {
    {Operation::kActivatePipeline, "ActivatePipeline", &kActivateInput},
    {Operation::kAddTags, "AddTags", &kAddTagsInput},
    {Operation::kCreatePipeline, "CreatePipeline", &kCreateInput},
    {Operation::kDeactivatePipeline, "DeactivatePipeline", &kDeactivateInput},
    {Operation::kDeletePipeline, "DeletePipeline", &kDeletePipelineInput},
    {Operation::kDescribeObjects, "DescribeObjects", &kDescribeObjectsInput},
    {Operation::kDescribePipelines, "DescribePipelines", &kDescribePipelinesInput},
    {Operation::kEvaluateExpression, "EvaluateExpression", &kEvaluateInput},
    {Operation::kGetPipelineDefinition, "GetPipelineDefinition", &kGetDefinitionInput},
    {Operation::kListPipelines, "ListPipelines", &kListInput},
    {Operation::kPollForTask, "PollForTask", &kPollInput},
    {Operation::kPutPipelineDefinition, "PutPipelineDefinition", &kPutInput},
    {Operation::kQueryObjects, "QueryObjects", &kQueryObjectsInput},
    {Operation::kRemoveTags, "RemoveTags", &kRemoveTagsInput},
    {Operation::kReportTaskProgress, "ReportTaskProgress", &kReportProgressInput},
    {Operation::kReportTaskRunnerHeartbeat, "ReportTaskRunnerHeartbeat", &kHeartbeatInput},
    {Operation::kSetStatus, "SetStatus", &kSetStatusInput},
    {Operation::kSetTaskStatus, "SetTaskStatus", &kSetTaskStatusInput},
    {Operation::kValidatePipelineDefinition, "ValidatePipelineDefinition", &kPutInput},
};

// What the pattern and the length ask of a string. The text is valid UTF-8: the JSON parser saw to
// it.
struct TextMeasure {
  size_t utf16_units = 0;
  bool fits_pattern = true;
};

TextMeasure Measure(std::string_view text) {
  TextMeasure measure;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) == 0x80) continue;  // continuation of a counted character
    measure.utf16_units += byte >= 0xF0 ? 2 : 1;
    if (byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') measure.fits_pattern = false;
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    if (byte == 0xEF && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0xBF &&
        static_cast<unsigned char>(text[i + 2]) >= 0xBE) {
      measure.fits_pattern = false;
    }
  }
  return measure;
}

std::string_view Echo(std::string_view text) {
  if (text.size() <= kEchoedBytesMax) return text;
  size_t end = kEchoedBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

std::string EnumerationText(std::span<const std::string_view> values) {
  return "[" + Join(std::vector<std::string>(values.begin(), values.end()), ", ") + "]";
}

/// The constraints of a string shape in Coral's words, in Coral's order.
std::vector<std::string> ConstraintTexts(const Shape& shape) {
  std::vector<std::string> texts;
  if (shape.length_max != UINT32_MAX) {
    texts.push_back(
        fmt::format("Member must have length less than or equal to {}", shape.length_max));
  }
  if (shape.length_min > 0) {
    texts.push_back(
        fmt::format("Member must have length greater than or equal to {}", shape.length_min));
  }
  if (shape.has_pattern)
    texts.push_back(fmt::format("Member must satisfy regular expression pattern: {}", kPattern));
  return texts;
}

/// Walks a request and its shape together.
class Checker {
 public:
  ApiResult<void> Structure(const Shape& shape, const json::Object& object,
                            const std::string& prefix) {
    for (const ShapeMember& member : shape.members) {
      std::string path = prefix + std::string(member.name);
      const json::Value* value = json::Find(object, member.name);
      if (value == nullptr) {
        if (member.required) Fail("null", path, "Member must not be null");
        continue;
      }
      RETURN_IF_ERROR(Value(*member.shape, *value, path));
    }
    return {};
  }

  ApiResult<void> Verdict() const {
    if (!failures_.empty()) return ValidationException(failures_);
    return {};
  }

 private:
  static ApiError WrongType(const Shape& wanted, const json::Value& value) {
    if (value.is_object())
      return SerializationException("Start of structure or map found where not expected.");
    if (value.is_array()) return SerializationException("Start of list found where not expected");
    std::string_view found = value.is_string()   ? "STRING_VALUE"
                             : value.is_number() ? "NUMBER_VALUE"
                             : value.is_bool()   ? (value.get_bool() ? "TRUE_VALUE" : "FALSE_VALUE")
                                                 : "NULL_VALUE";
    switch (wanted.kind) {
      case ShapeKind::kStructure:
      case ShapeKind::kList:
        return SerializationException("Unexpected field type");
      case ShapeKind::kString:
        return SerializationException(fmt::format("{} can not be converted to a String", found));
      case ShapeKind::kBoolean:
        return SerializationException(fmt::format("{} can not be converted to a Boolean", found));
      case ShapeKind::kInteger:
        return SerializationException(fmt::format("{} can not be converted to an Integer", found));
      case ShapeKind::kTimestamp:
        return SerializationException(fmt::format("{} can not be converted to a Date", found));
    }
    return SerializationException("Unexpected field type");
  }

  ApiResult<void> Value(const Shape& shape, const json::Value& value, const std::string& path) {
    switch (shape.kind) {
      case ShapeKind::kStructure:
        if (!value.is_object()) return WrongType(shape, value);
        return Structure(shape, value.get_object(), path + ".");
      case ShapeKind::kList:
        if (!value.is_array()) return WrongType(shape, value);
        return List(shape, value.get_array(), path);
      case ShapeKind::kString:
        if (!value.is_string()) return WrongType(shape, value);
        String(shape, value.get_string(), path);
        return {};
      case ShapeKind::kBoolean:
        if (!value.is_bool()) return WrongType(shape, value);
        return {};
      case ShapeKind::kInteger: {
        boost::json::error_code error;
        value.to_number<int32_t>(error);
        if (error) return WrongType(shape, value);
        return {};
      }
      case ShapeKind::kTimestamp: {
        if (!value.is_number()) return WrongType(shape, value);
        if (!FromEpochSeconds(value.to_number<double>())) {
          return SerializationException("The timestamp is outside the range of dates");
        }
        return {};
      }
    }
    return {};
  }

  ApiResult<void> List(const Shape& shape, const json::Array& array, const std::string& path) {
    if (array.size() > shape.length_max) {
      Fail(fmt::format("'{}'", Echo(json::Write(array))), path,
           fmt::format("Member must have length less than or equal to {}", shape.length_max));
    }
    const Shape& element = *shape.element;
    if (element.kind == ShapeKind::kString) return Strings(element, array, path);
    for (size_t i = 0; i < array.size(); ++i) {
      std::string at = fmt::format("{}.{}.member", path, i + 1);
      if (array[i].is_null()) {
        Fail("null", at, "Member must not be null");
      } else {
        RETURN_IF_ERROR(Value(element, array[i], at));
      }
    }
    return {};
  }

  // A list of constrained strings gives one failure for the whole list, naming all constraints of
  // its member.
  ApiResult<void> Strings(const Shape& element, const json::Array& array, const std::string& path) {
    bool all_fit = true;
    for (const json::Value& value : array) {
      if (value.is_null()) {
        all_fit = false;
        continue;
      }
      if (!value.is_string()) return WrongType(element, value);
      TextMeasure measure = Measure(value.get_string());
      all_fit &= measure.utf16_units >= element.length_min &&
                 measure.utf16_units <= element.length_max &&
                 (measure.fits_pattern || !element.has_pattern);
    }
    if (all_fit) return {};
    std::vector<std::string> values;
    for (const json::Value& value : array) {
      values.emplace_back(value.is_string() ? std::string(value.get_string()) : "null");
    }
    Fail(fmt::format("'[{}]'", Echo(Join(values, ", "))), path,
         fmt::format("Member must satisfy constraint: [{}]", Join(ConstraintTexts(element), ", ")));
    return {};
  }

  void String(const Shape& shape, std::string_view text, const std::string& path) {
    TextMeasure measure = Measure(text);
    std::string value = fmt::format("'{}'", Echo(text));
    if (measure.utf16_units > shape.length_max) {
      Fail(value, path,
           fmt::format("Member must have length less than or equal to {}", shape.length_max));
    }
    if (measure.utf16_units < shape.length_min) {
      Fail(value, path,
           fmt::format("Member must have length greater than or equal to {}", shape.length_min));
    }
    if (shape.has_pattern && !measure.fits_pattern) {
      Fail(value, path,
           fmt::format("Member must satisfy regular expression pattern: {}", kPattern));
    }
    if (!shape.enumeration.empty() &&
        std::ranges::find(shape.enumeration, text) == shape.enumeration.end()) {
      Fail(value, path,
           "Member must satisfy enum value set: " + EnumerationText(shape.enumeration));
    }
  }

  void Fail(std::string_view value, std::string_view path, std::string_view constraint) {
    if (failures_.size() >= kFailuresMax) return;
    failures_.push_back(
        fmt::format("Value {} at '{}' failed to satisfy constraint: {}", value, path, constraint));
  }

  // A hostile body could break a constraint in each of a million places.
  static constexpr size_t kFailuresMax = 100;
  std::vector<std::string> failures_;
};

}  // namespace

std::span<const OperationModel> AllOperations() { return kOperations; }

const OperationModel* FindOperation(std::string_view name) {
  auto found = std::ranges::find(kOperations, name, &OperationModel::name);
  return found == std::end(kOperations) ? nullptr : found;
}

ApiResult<void> CheckRequest(const OperationModel& operation, const json::Object& request) {
  Checker checker;
  RETURN_IF_ERROR(checker.Structure(*operation.input, request, ""));
  return checker.Verdict();
}

}  // namespace penstock
