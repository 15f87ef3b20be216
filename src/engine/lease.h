// Hand-outs. An attempt on offer is given to one worker at a time, under a lease; only the newest
// lease may speak for it. A hand-out that is not acknowledged in time, whose worker died or whose
// machine is replaced is offered again under the same attempt and spends no retry; attemptTimeout
// and reportProgressTimeout fail the attempt. (API: PollForTask, ReportTaskProgress,
// SetTaskStatus.)
#pragma once

#include <string>

#include "engine/draft.h"

namespace penstock::engine {

/// Gives the attempt on offer to whoever polls. REQUIRES: on offer.
TaskKey HandOut(Draft& draft, const std::string& instance, const Poll& poll);

/// ProgressNoted, or a Refusal: task not found, or more fields than an attempt may hold (the
/// profile's limits of an object, else 1,000 with 1 MiB); that changes nothing.
Reply NoteProgress(Draft& draft, const ReportProgress& report);

/// Done, or a Refusal. Repeating what was said already is Done.
Reply NoteOutcome(Draft& draft, const SetTaskStatus& report);

/// What the attempt's deadline says by now. Nothing if it has not come.
void Expire(Draft& draft, const std::string& instance);

/// Back on offer, first in line, under a new lease. REQUIRES: a live attempt.
void OfferAgain(Draft& draft, const std::string& instance);

/// Takes the attempt from its worker until the resource runs again. Nothing if it is not with one
/// or on offer.
void Withdraw(Draft& draft, const std::string& instance);

}  // namespace penstock::engine
