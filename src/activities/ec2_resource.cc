#include "activities/ec2_resource.h"

namespace penstock {
namespace {

Status RequireHost(const ResourceContext& context) {
  if (context.workers != nullptr) return {};
  return FailedPrecondition(
      "an Ec2Resource is a worker process on the server's host, and this server starts none");
}

}  // namespace

Result<ResourceReport> Ec2Resource::Launch(const ResourceRequest& request,
                                           const ResourceContext& context, std::stop_token stop) {
  RETURN_IF_ERROR(RequireHost(context));
  RETURN_IF_ERROR(context.workers->Start({request.name, request.account, request.region}));
  return Look(request, context, stop);
}

Result<ResourceReport> Ec2Resource::Look(const ResourceRequest& request,
                                         const ResourceContext& context, std::stop_token) {
  RETURN_IF_ERROR(RequireHost(context));
  WorkerStatus worker = context.workers->Look(request.name);
  ResourceReport report{.message = worker.message,
                        .fields = {{"@resourceId", request.name, false}}};
  switch (worker.condition) {
    case WorkerCondition::kAbsent:
      report.state = ResourceState::kAbsent;
      break;
    case WorkerCondition::kRunning:
      report.state = ResourceState::kReady;
      break;
    case WorkerCondition::kEnding:
      report.state = ResourceState::kEnding;
      break;
    case WorkerCondition::kFailed:
      report.state = ResourceState::kEnded;
      break;
  }
  return report;
}

Result<ResourceReport> Ec2Resource::Terminate(const ResourceRequest& request,
                                              const ResourceContext& context,
                                              std::stop_token stop) {
  RETURN_IF_ERROR(RequireHost(context));
  RETURN_IF_ERROR(context.workers->Stop(request.name));
  return Look(request, context, stop);
}

}  // namespace penstock
