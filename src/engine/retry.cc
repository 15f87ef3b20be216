#include "engine/retry.h"

#include <algorithm>

namespace penstock::engine {

int MaximumRetries(const EngineOptions& options, const Component& component) {
  const int fallback = component.kind == ComponentKind::kResource ? options.resource_launch_retries
                                                                  : options.default_maximum_retries;
  const int retries = component.maximum_retries.value_or(fallback);
  const int64_t most = options.limits.retries_max;
  return most > 0 ? static_cast<int>(std::min<int64_t>(retries, most)) : retries;
}

Instant RetryAt(const EngineOptions& options, const Component& component, Instant now) {
  const Instant at =
      component.retry_delay ? Plus(now, *component.retry_delay) : now + options.default_retry_delay;
  return std::max(at, now + options.limits.retry_delay_min);
}

Instant NextCheckAt(const EngineOptions& options, const Component& component, Instant now) {
  return component.retry_delay ? Plus(now, *component.retry_delay)
                               : now + options.precondition_poll;
}

Instant SilentUntil(const EngineOptions& options, const Component& component, Instant reported_at) {
  return component.report_progress_timeout ? Plus(reported_at, *component.report_progress_timeout)
                                           : reported_at + options.default_progress_timeout;
}

}  // namespace penstock::engine
