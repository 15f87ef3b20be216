// Actions: SnsAlarm and Terminate, hung on an object's onSuccess, onFail and onLateAction. Each is
// decided once per outcome; a failure is one only when all retries are spent. onFail does not fire
// for what a user canceled (A39).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/draft.h"

namespace penstock::engine {

/// `slot`: "onSuccess", "onFail" or "onLateAction". A Terminate ends the instance if it is
/// unfinished (A42).
void FireActions(Draft& draft, const std::string& instance, const std::vector<std::string>& actions,
                 std::string_view slot);

/// The actions of an instance that just ended.
void DecideOutcomeActions(Draft& draft, const std::string& instance);

}  // namespace penstock::engine
