// SetStatus: PAUSE and RESUME of components; TRY_CANCEL, RERUN and MARK_FINISHED of instances. All
// of a request's objects or none. (Developer Guide: "Updating Your Pipeline"; API: SetStatus.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/draft.h"

namespace penstock::engine {

enum class Command : uint8_t { kPause, kResume, kTryCancel, kRerun, kMarkFinished };
std::optional<Command> ParseCommand(std::string_view word);

/// Done or a Refusal, after which nothing has changed.
Reply SetStatusOf(Draft& draft, const SetStatus& request);

/// Ids of the instances that the command looks at, in memory or not.
std::vector<std::string> LooksAt(const Draft& draft, Command command, const std::string& instance);

}  // namespace penstock::engine
