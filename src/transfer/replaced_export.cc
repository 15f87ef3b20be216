#include "transfer/replaced_export.h"

#include <fmt/core.h>

#include "base/text.h"
#include "json/json.h"

namespace penstock {
namespace {

constexpr int64_t kReplacedFormat = 1;

/// Files of these names are removed: none may lead out of the folder.
bool StaysInFolder(std::string_view name) {
  if (name.find('\0') != std::string_view::npos) return false;
  for (std::string_view part : Split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

Result<ReplacedExport> ReadReplaced(std::string_view text) {
  ASSIGN_OR_RETURN(json::Object object, json::ParseObject(text));
  ASSIGN_OR_RETURN(int64_t format, json::GetInt(object, "format"));
  if (format != kReplacedFormat) {
    return InvalidArgument(
        fmt::format("format {} is not known; a newer version of the program may read it", format));
  }
  ReplacedExport replaced;
  ASSIGN_OR_RETURN(replaced.run_id, json::GetString(object, "runId"));
  ASSIGN_OR_RETURN(replaced.table, json::GetString(object, "table"));
  ASSIGN_OR_RETURN(replaced.manifest, json::GetString(object, "manifest"));
  ASSIGN_OR_RETURN(const json::Array* names, json::GetArray(object, "names"));
  for (const json::Value& name : *names) {
    if (!name.is_string() || !StaysInFolder(name.get_string()))
      return InvalidArgument("names has an element that is no name of a file in the folder");
    replaced.names.emplace(name.get_string());
  }
  if (!replaced.names.contains(replaced.manifest))
    return InvalidArgument("its manifest is not among its names");
  return replaced;
}

}  // namespace

std::string WriteReplacedExport(const ReplacedExport& replaced) {
  json::Array names;
  for (const std::string& name : replaced.names) names.push_back(json::Value(name));
  return json::WritePretty(json::Object{{"format", kReplacedFormat},
                                        {"runId", replaced.run_id},
                                        {"table", replaced.table},
                                        {"manifest", replaced.manifest},
                                        {"names", std::move(names)}});
}

Result<ReplacedExport> ParseReplacedExport(std::string_view text) {
  auto replaced = ReadReplaced(text);
  if (!replaced)
    return InvalidArgument("not the record of a replaced export: " + replaced.error().message);
  return replaced;
}

}  // namespace penstock
