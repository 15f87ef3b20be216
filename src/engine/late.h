// Lateness: an activity, data node or resource that has not started lateAfterTimeout after it was
// due fires its onLateAction, once; with EngineOptions::late_until_finished, as later editions of
// the guide have it, one that has not finished. Due is the interval's start (cron) or end
// (timeseries); an instance made later than that (backfill) is measured from when it was first
// looked at. Ignored on demand. (A4.)
#pragma once

#include <optional>
#include <string>

#include "engine/draft.h"

namespace penstock::engine {

/// When it will be late; nullopt when it cannot be any more.
std::optional<Instant> LateAt(const Draft& draft, const InstanceRecord& record,
                              const Component& component);

/// It begins its work.
void NoteBegin(const Draft& draft, InstanceRecord& record);

/// Fires what its lateness fires, if that time has come. May end the instance (Terminate).
void DecideLateness(Draft& draft, const std::string& instance);

}  // namespace penstock::engine
