#include <fmt/core.h>

#include "base/text.h"
#include "definition/validation.h"

namespace penstock {
namespace {

const ResolvedObject* TargetOf(const Validation& validation, const ResolvedObject& object,
                               std::string_view key) {
  const ResolvedField* field = object.Find(key);
  return field != nullptr && field->is_ref() ? validation.definition.Find(field->value()) : nullptr;
}

bool IsType(const ResolvedObject* object, std::string_view type) {
  return object != nullptr && object->type_name == type;
}

void CheckLateness(Validation& validation, const ResolvedObject& object) {
  const ResolvedField* action = object.Find("onLateAction");
  if (action == nullptr || !object.Runnable() || object.Find("lateAfterTimeout") != nullptr) return;
  validation.Error(action->origin->id, "onLateAction", kInvalidFieldValue,
                   "'onLateAction' needs 'lateAfterTimeout', e.g. 1 hour, to know what late means");
}

void CheckActions(Validation& validation, const ResolvedObject& object) {
  for (std::string_view key : {"onSuccess", "onFail"}) {
    for (const ResolvedField* field : object.FindAll(key)) {
      if (field->is_ref() && IsType(validation.definition.Find(field->value()), "Terminate")) {
        validation.Warn(
            field->origin->id, key, kInvalidFieldValue,
            fmt::format(
                "'{}' fires when nothing is left to terminate; hang Terminate on onLateAction",
                key));
      }
    }
  }
}

void CheckScripts(Validation& validation, const ResolvedObject& object) {
  if (object.type_name == "ShellCommandActivity" && object.Find("scriptUri") != nullptr &&
      object.Find("scriptArgument") != nullptr) {
    validation.Warn(
        object.id(), "scriptArgument", kInvalidFieldValue,
        "the guide allows 'scriptArgument' with command only; here it works with scriptUri too");
  }
}

void CheckPreconditions(Validation& validation, const ResolvedObject& object) {
  if (object.type_name != "DynamoDBDataNode") return;
  for (const ResolvedField* field : object.FindAll("precondition")) {
    if (field->is_ref() && IsType(validation.definition.Find(field->value()), "Exists")) {
      validation.Error(
          field->origin->id, "precondition", kInvalidFieldValue,
          "Exists does not work on DynamoDB; use DynamoDBTableExists or DynamoDBDataExists");
    }
  }
}

void CheckHiveCopy(Validation& validation, const ResolvedObject& object) {
  if (object.type_name != "HiveCopyActivity") return;
  if (IsType(TargetOf(validation, object, "input"), "S3DataNode") &&
      IsType(TargetOf(validation, object, "output"), "S3DataNode")) {
    validation.Error(object.id(), "output", kInvalidFieldValue,
                     "HiveCopyActivity copies between S3 and DynamoDB, or between tables; for S3 "
                     "to S3 use CopyActivity");
  }
  for (std::string_view key : {"input", "output"}) {
    const ResolvedObject* node = TargetOf(validation, object, key);
    if (!IsType(node, "DynamoDBDataNode") ||
        IsType(TargetOf(validation, *node, "dataFormat"), "DynamoDBExportDataFormat"))
      continue;
    validation.Warn(object.id(), key, "MISSING_FIELD",
                    fmt::format("HiveCopyActivity wants a DynamoDBExportDataFormat as the "
                                "'dataFormat' of '{}', or Hive does not know the table's items",
                                node->id()));
  }
}

void CheckReleases(Validation& validation, const ResolvedObject& object) {
  if (object.type_name != "EmrCluster") return;
  if (!validation.KnownValue(object, "amiVersion").empty() &&
      !validation.KnownValue(object, "releaseLabel").empty()) {
    validation.Error(object.id(), "releaseLabel", kInvalidFieldValue,
                     "'releaseLabel' (from 4.0.0) and 'amiVersion' (before) exclude each other; "
                     "give one of them");
  }
}

// Hadoop's other names for S3 stand in old definitions.
bool IsS3Address(std::string_view text) {
  for (std::string_view scheme : {"s3://", "s3n://", "s3a://"}) {
    if (EqualsIgnoreCase(text.substr(0, scheme.size()), scheme)) return true;
  }
  return false;
}

void CheckAddresses(Validation& validation, const ResolvedObject& object) {
  const bool is_node = object.type_name == "S3DataNode";
  for (std::string_view key :
       {"directoryPath", "filePath", "manifestFilePath", "pipelineLogUri", "s3Key", "s3Prefix"}) {
    const ResolvedField* field = object.Find(key);
    if (field == nullptr || (!is_node && key.ends_with("Path")) || IsS3Address(field->value()))
      continue;
    const std::string value = validation.KnownValue(object, key);
    if (value.empty() || IsS3Address(value)) continue;
    validation.Warn(field->origin->id, key, kInvalidFieldValue,
                    fmt::format("'{}' is no address in S3; write it as s3://bucket/folder", key));
  }
}

void Advise(Validation& validation) {
  const ResolvedObject* root = validation.definition.Default();
  bool any_activity = false, any_log = root != nullptr && root->Find("pipelineLogUri") != nullptr;
  for (const ResolvedObject& object : validation.definition.objects()) {
    if (object.type == nullptr) continue;
    any_activity |= object.type->category == TypeCategory::kActivity;
    any_log |= object.Find("pipelineLogUri") != nullptr;
    if (object.type->category == TypeCategory::kResource &&
        object.Find("terminateAfter") == nullptr) {
      validation.Warn(object.id(), "terminateAfter", "MISSING_FIELD",
                      "'terminateAfter' is missing: the resource is kept as long as its work "
                      "takes, e.g. for ever if a "
                      "task hangs");
    }
  }
  if (any_activity && !any_log) {
    validation.Warn(
        root != nullptr ? root->id() : "", "pipelineLogUri", "MISSING_FIELD",
        "'pipelineLogUri' is missing: logs are lost with the machines they are written on");
  }
}

}  // namespace

void CheckTypeRules(Validation& validation) {
  for (const ResolvedObject& object : validation.definition.objects()) {
    CheckLateness(validation, object);
    CheckActions(validation, object);
    CheckScripts(validation, object);
    CheckPreconditions(validation, object);
    CheckHiveCopy(validation, object);
    CheckReleases(validation, object);
    CheckAddresses(validation, object);
  }
  Advise(validation);
}

}  // namespace penstock
