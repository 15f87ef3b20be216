// A task as PollForTask hands it out: the attempt to run and every object it refers to, fields
// evaluated. Value type.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "definition/definition.h"
#include "json/json.h"

namespace penstock {

struct PolledTask {
  std::string task_id;
  std::string pipeline_id;
  std::string attempt_id;
  std::map<std::string, PipelineObject> objects;

  /// The attempt itself. REQUIRES: parsed by ParseTask.
  const PipelineObject& attempt() const { return objects.at(attempt_id); }
  /// "ShellCommandActivity"; empty if the object has none.
  std::string type() const;
};

/// Reads the member taskObject of a PollForTask answer. The error says what is missing.
Result<PolledTask> ParseTask(const json::Object& task_object);

/// First and all values of one field, references included (their ids).
std::optional<std::string> FieldOf(const PipelineObject& object, std::string_view key);
std::vector<std::string> FieldsOf(const PipelineObject& object, std::string_view key);
/// A boolean field, read without case; `otherwise` when it is absent.
bool BoolField(const PipelineObject& object, std::string_view key, bool otherwise);

/// The field `region`, with hyphens where one of the guide's examples writes underscores
/// ("us_west_1").
std::optional<std::string> RegionField(const PipelineObject& object);

/// The objects that a reference field of `object` names, in order; those that did not come with the
/// task are left out.
std::vector<const PipelineObject*> Follow(const PolledTask& task, const PipelineObject& object,
                                          std::string_view key);

}  // namespace penstock
