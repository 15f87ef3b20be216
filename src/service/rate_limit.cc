#include "service/rate_limit.h"

#include <algorithm>

namespace penstock {
namespace {

constexpr double kBurst = 100;

double TokensPerSecond(Operation operation) {
  switch (operation) {
    case Operation::kDescribeObjects:
    case Operation::kQueryObjects:
    case Operation::kPollForTask:
      return 2;
    case Operation::kReportTaskProgress:
    case Operation::kSetTaskStatus:
      return 10;
    case Operation::kActivatePipeline:
    case Operation::kAddTags:
    case Operation::kCreatePipeline:
    case Operation::kDeactivatePipeline:
    case Operation::kDeletePipeline:
    case Operation::kDescribePipelines:
    case Operation::kEvaluateExpression:
    case Operation::kGetPipelineDefinition:
    case Operation::kListPipelines:
    case Operation::kPutPipelineDefinition:
    case Operation::kRemoveTags:
    case Operation::kReportTaskRunnerHeartbeat:
    case Operation::kSetStatus:
    case Operation::kValidatePipelineDefinition:
      return 1;
  }
  return 1;
}

}  // namespace

bool RateLimit::Admit(const std::string& account, Operation operation) {
  std::chrono::nanoseconds now = clock_.Monotonic();
  std::lock_guard lock(mutex_);
  auto [found, inserted] = buckets_.try_emplace({account, operation}, Bucket{kBurst, now});
  Bucket& bucket = found->second;
  double seconds = std::chrono::duration<double>(now - bucket.filled_at).count();
  bucket.tokens = std::min(kBurst, bucket.tokens + seconds * TokensPerSecond(operation));
  bucket.filled_at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace penstock
