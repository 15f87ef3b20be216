// Definition files: the JSON that people write and `aws datapipeline put-pipeline-definition` reads
// (Developer Guide, "Pipeline Definition File Syntax").
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "definition/definition.h"
#include "definition/positioned_json.h"
#include "definition/problem.h"

namespace penstock {

struct DefinitionFile {
  Definition definition;
  std::string template_name, template_description;  // of `metadata`; empty if absent
  std::vector<Problem> notes;  // accepted, but other readers refuse it: warnings

  /// Where the problem's object, field or parameter stands; {1,1} for the file as a whole.
  FilePosition PositionOf(const Problem& problem) const;

  using Place = std::pair<std::string, std::string>;  // object id, field or ""
  struct PlaceHash {
    size_t operator()(const Place& place) const {
      return std::hash<std::string>()(place.first) * 31 + std::hash<std::string>()(place.second);
    }
  };
  std::unordered_map<Place, FilePosition, PlaceHash> positions;
};

/// Reads a file. A repeated key means a list, in order. Fields are sorted by key, stably, as the
/// AWS CLI sends them; name defaults to the id; unquoted numbers and booleans count as their text
/// (with a note). The error starts with "LINE:COLUMN: ". Bounded: 64 levels,
/// 64 MiB, 2,000,000 values.
Result<DefinitionFile> ParseDefinitionFile(std::string_view text);

/// The file form, two-space indentation: id, name if it differs, then fields in order, repeated
/// keys folded into a list; `parameters` and `values` if there are any. ParseDefinitionFile reads
/// back an equal definition when fields are sorted.
std::string WriteDefinitionFile(const Definition& definition);
/// The same with the file's `metadata` before it, if it has a name or a description.
std::string WriteDefinitionFile(const DefinitionFile& file);

}  // namespace penstock
