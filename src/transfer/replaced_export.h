// ReplacedExport: _penstock/replaced.json, what a run that overwrites notes down before it begins:
// which finished export lies at its destination and of which files that consists. They stay until
// the new one has its manifest, and go then; whoever goes on with the run knows them by this.
//   {"format":1,"runId":"…","table":"…","manifest":"manifest","names":["…"]}
// Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock {

constexpr std::string_view kReplacedName = "_penstock/replaced.json";

struct ReplacedExport {
  std::string run_id, table;  // of the old export; empty: it does not say
  std::string manifest;       // its name; one of `names`
  std::set<std::string, std::less<>> names;
  bool operator==(const ReplacedExport&) const = default;
};

std::string WriteReplacedExport(const ReplacedExport& replaced);
/// kInvalidArgument: not such a record, or one with names that lead out of their folder.
Result<ReplacedExport> ParseReplacedExport(std::string_view text);

}  // namespace penstock
