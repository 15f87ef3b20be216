#include "engine/record.h"

#include <fmt/core.h>

#include "base/text.h"

namespace penstock::engine {

std::string_view EffectKindName(EffectKind kind) {
  switch (kind) {
    case EffectKind::kLaunchResource:
      return "launch resource";
    case EffectKind::kTerminateResource:
      return "terminate resource";
    case EffectKind::kCheckPrecondition:
      return "check precondition";
    case EffectKind::kPublishAlarm:
      return "publish alarm";
  }
  return "";
}

std::string InstanceId(std::string_view stem, Instant scheduled_start) {
  return fmt::format("@{}_{}", stem, FormatDateTime(scheduled_start));
}

std::string AttemptId(std::string_view instance, int number) {
  return fmt::format("{}_Attempt={}", instance, number);
}

std::optional<AttemptName> ParseAttemptId(std::string_view id) {
  constexpr std::string_view kMark = "_Attempt=";
  const size_t mark = id.rfind(kMark);
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  const auto number = ParseInt64(id.substr(mark + kMark.size()));
  if (!number || *number < 1 || *number > 1'000'000'000) return std::nullopt;
  return AttemptName{std::string(id.substr(0, mark)), static_cast<int>(*number)};
}

}  // namespace penstock::engine
