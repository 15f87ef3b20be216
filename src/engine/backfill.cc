#include "engine/backfill.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "definition/evaluate.h"
#include "engine/instances.h"

namespace penstock::engine {
namespace {

constexpr std::string_view kChoice = "myBackfill";

/// The intervals of one component that are due before now and have no instance yet.
struct Past {
  std::string component;
  int64_t first = 0, end = 0;  // [first, end)
  Instant start{};             // of the first
  bool over = false;           // nothing of its schedule is left for the future
};

/// What the user chose for a component; empty when nothing was said.
std::string ChoiceOf(const Draft& draft, const std::string& component) {
  const CompiledDefinition& definition = *draft.Active();
  const Parameter* parameter = definition.parameters.Find(kChoice);
  if (parameter != nullptr && !parameter->values.empty()) return parameter->values.front();
  const ResolvedObject* object = definition.resolved.Find(component);
  if (object == nullptr) return {};
  const ResolvedField* field = object->Find(kChoice);
  if (field == nullptr) return {};
  const auto values =
      EvaluateField(definition.resolved, definition.parameters, ComponentScope(component), kChoice);
  return values && !values->empty() ? values->front().value : std::string(field->value());
}

std::vector<Past> PastsOf(const Draft& draft, PipelineState before) {
  std::vector<Past> pasts;
  const Calendar calendar = CalendarOf(draft);
  for (const Component& component : draft.plan().components) {
    const bool own =
        component.kind == ComponentKind::kActivity || component.kind == ComponentKind::kDataNode;
    if (!own || !component.schedule) continue;
    const ComponentRecord* progress = draft.FindComponent(component.id);
    if (before == PipelineState::kScheduled && progress != nullptr) continue;
    const Timetable table = calendar.Of(component);
    Past past{component.id, progress != nullptr ? progress->next_interval : 0, 0, {}, false};
    // Due this very moment is not past.
    past.end = table.DueCount(draft.now() - Duration(1));
    // SKIPPED instances cost nothing but their records.
    const auto& skip_before = draft.record().skip_before;
    if (skip_before && table.At(past.first).start < *skip_before) {
      const int64_t index = table.IndexAt(*skip_before);
      past.first = table.At(index).start < *skip_before ? index + 1 : index;
    }
    if (past.end <= past.first) continue;
    past.start = table.At(past.first).start;
    past.over = !table.Has(past.end);
    pasts.push_back(std::move(past));
  }
  return pasts;
}

}  // namespace

std::optional<Refusal> DecideBackfill(Draft& draft, PipelineState before) {
  if (draft.options().limits.strict) return std::nullopt;
  int64_t unasked = 0;
  const Past* longest = nullptr;
  const std::vector<Past> pasts = PastsOf(draft, before);
  for (const Past& past : pasts) {
    const std::string choice = ChoiceOf(draft, past.component);
    const bool latest = EqualsIgnoreCase(choice, "latest");
    if (latest || EqualsIgnoreCase(choice, "none")) {
      draft.EditComponent(past.component).next_interval = past.end - (latest ? 1 : 0);
    } else if (choice.empty()) {
      if (past.over) continue;
      unasked += past.end - past.first;
      if (longest == nullptr || past.end - past.first > longest->end - longest->first)
        longest = &past;
    } else if (!EqualsIgnoreCase(choice, "all")) {
      return Refusal{RefusalKind::kInvalidRequest,
                     fmt::format("{} of {} is '{}': it is all, latest or none", kChoice,
                                 past.component, choice)};
    }
  }
  const int64_t most = draft.options().backfill_max;
  if (most <= 0 || unasked <= most) return std::nullopt;
  return Refusal{
      RefusalKind::kInvalidRequest,
      fmt::format(
          "activating pipeline {} would create {} past instances, {} of them of {} since {}, "
          "more than the {} that are taken to be meant. Set {} to all, latest or none, as a "
          "parameter value or as a field of Default; or activate with a startTimestamp "
          "(--start-timestamp){}.",
          draft.key().id, unasked, longest->end - longest->first, longest->component,
          FormatDateTime(longest->start), most, kChoice,
          // Later no edit may change it.
          before == PipelineState::kPending ? "; or give the Schedule a later start" : "")};
}

}  // namespace penstock::engine
