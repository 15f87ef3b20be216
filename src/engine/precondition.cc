#include "engine/precondition.h"

#include <fmt/core.h>

#include "engine/attempt.h"
#include "engine/explain.h"
#include "engine/late.h"
#include "engine/retry.h"

namespace penstock::engine {
namespace {

std::string CheckKey(const InstanceRecord& record) {
  return fmt::format("{}_check={}", AttemptId(record.id, record.attempts), record.checks + 1);
}

}  // namespace

void EraseCheck(Draft& draft, const InstanceRecord& record) {
  if (!record.node.empty()) draft.EraseEffect(CheckKey(record));
}

bool FailIfUnmetForTooLong(Draft& draft, const std::string& id) {
  const InstanceRecord& record = *draft.Find(id);
  const std::optional<Period>& timeout = draft.ComponentOf(record)->precondition_timeout;
  if (!timeout || !record.first_check_at || Plus(*record.first_check_at, *timeout) > draft.now())
    return false;
  End(draft, id, RunStatus::kFailed,
      {"PreconditionTimedOut",
       fmt::format("{} stayed unmet for its preconditionTimeout ({}); checked {} times{}", id,
                   FormatPeriod(*timeout), record.checks,
                   record.error_message.empty() ? "" : ", last: " + record.error_message),
       ""});
  return true;
}

void AdvanceCheck(Draft& draft, const std::string& id) {
  InstanceRecord& record = draft.Edit(id);
  const bool in_flight = draft.FindEffect(CheckKey(record)) != nullptr;
  const bool due = !record.retry_at || *record.retry_at <= draft.now();
  if (!in_flight && due && !record.held) {
    if (draft.LiveAttempt(id) == nullptr) {
      ++record.attempts;
      --record.tries_left;
      AttemptRecord attempt;
      attempt.instance = id;
      attempt.number = record.attempts;
      attempt.status = RunStatus::kRunning;
      attempt.created_at = draft.now();
      attempt.started_at = draft.now();
      draft.CreateAttempt(std::move(attempt));
    }
    record.status = RunStatus::kRunning;
    NoteBegin(draft, record);
    record.retry_at.reset();
    if (!record.first_check_at) record.first_check_at = draft.now();
    EffectRecord effect;
    effect.key = CheckKey(record);
    effect.kind = EffectKind::kCheckPrecondition;
    effect.object = record.component;
    effect.instance = id;
    effect.attempt = record.attempts;
    draft.PutEffect(std::move(effect));
  }
  Explain(draft, id);
}

void CheckDone(Draft& draft, const std::string& id, const EffectDone& done) {
  const InstanceRecord* found = draft.Find(id);
  if (found == nullptr || IsTerminal(found->status)) return;
  InstanceRecord& record = draft.Edit(id);
  ++record.checks;
  record.last_check_at = draft.now();
  MergeFields(record.fields, done.fields);
  switch (done.outcome) {
    case EffectOutcome::kSucceeded:
      End(draft, id, RunStatus::kFinished);
      return;
    case EffectOutcome::kFailed:
      FailAttempt(draft, id, {done.error_id, done.error_message, ""});
      return;
    case EffectOutcome::kUnmet:
      record.error_message = done.error_message;
      record.retry_at = NextCheckAt(draft.options(), *draft.ComponentOf(record), draft.now());
      draft.Touch(id);
      return;
  }
}

}  // namespace penstock::engine
