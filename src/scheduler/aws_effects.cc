#include "scheduler/aws_effects.h"

#include <fmt/core.h>

#include "activities/precondition.h"
#include "activities/sns_alarm.h"
#include "activities/task.h"

namespace penstock {
namespace {

constexpr Duration kLookAgain{1'000};  // at a resource that is starting or ending; doubles up to
constexpr Duration kLookAgainMax{15'000};

Duration Pause(int looks) {
  Duration pause = kLookAgain;
  for (int i = 0; i < looks && pause < kLookAgainMax; ++i) pause *= 2;
  return std::min(pause, kLookAgainMax);
}

EffectResult Failed(std::string error_id, std::string message) {
  return EffectFinished{
      engine::EffectOutcome::kFailed, std::move(error_id), std::move(message), {}};
}

// What may pass is tried again by the executor; what will not is the effect's outcome.
EffectResult FailedOrLater(Error error, std::string error_id) {
  bool passing = error.code == ErrorCode::kUnavailable ||
                 error.code == ErrorCode::kDeadlineExceeded || error.code == ErrorCode::kCanceled ||
                 error.code == ErrorCode::kIo;
  if (passing) return error;
  return Failed(std::move(error_id), std::move(error.message));
}

std::string TypeOf(const EffectJob& job) {
  return job.objects.empty() ? "" : FieldOf(job.objects.front(), "type").value_or("");
}

std::string FieldIn(const std::vector<Field>& fields, std::string_view key) {
  for (const Field& field : fields) {
    if (field.key == key) return field.value;
  }
  return "";
}

}  // namespace

AwsEffects::AwsEffects(ClientContext clients, DirectoryOf directory_of, WorkerHost* workers,
                       std::string endpoint_url, std::string default_region)
    : clients_(clients),
      directory_of_(std::move(directory_of)),
      workers_(workers),
      endpoint_url_(std::move(endpoint_url)),
      default_region_(std::move(default_region)) {}

std::string AwsEffects::RegionOf(const EffectJob& job) const {
  const std::string& region = job.pipeline.scope.region;
  return region.find('-') == std::string::npos ? default_region_ : region;
}

ResourceRequest AwsEffects::RequestOf(const EffectJob& job) const {
  return {.name = job.effect.name,
          .account = job.pipeline.scope.account,
          .region = RegionOf(job),
          .asked_at = job.effect.decided_at,
          .objects = job.objects};
}

ResourceContext AwsEffects::ContextOf(const EffectJob& job) const {
  return {.clients = clients_,
          .services = &directory_of_(job.pipeline.scope.account),
          .workers = workers_,
          .endpoint_url = endpoint_url_};
}

EffectResult AwsEffects::Execute(const EffectJob& job, std::stop_token stop) {
  switch (job.effect.kind) {
    case engine::EffectKind::kLaunchResource:
      return Launch(job, stop);
    case engine::EffectKind::kTerminateResource:
      return Terminate(job, stop);
    case engine::EffectKind::kCheckPrecondition:
      return Check(job, stop);
    case engine::EffectKind::kPublishAlarm:
      return Publish(job, stop);
  }
  return Failed("InternalError", "an effect of an unknown kind");
}

EffectResult AwsEffects::Launch(const EffectJob& job, std::stop_token stop) {
  Resource* resource = FindResource(TypeOf(job));
  if (resource == nullptr) {
    return Failed("UnsupportedResource",
                  fmt::format("This server cannot launch resources of type {}.", TypeOf(job)));
  }
  Result<ResourceReport> report = resource->Launch(RequestOf(job), ContextOf(job), stop);
  if (!report) return FailedOrLater(std::move(report).error(), "ResourceNotCreated");
  switch (report->state) {
    case ResourceState::kReady:
      return EffectFinished{engine::EffectOutcome::kSucceeded, {}, {}, std::move(report->fields)};
    case ResourceState::kEnding:
    case ResourceState::kEnded:
      return EffectFinished{
          engine::EffectOutcome::kFailed, "ResourceNotCreated",
          fmt::format("Unable to create resource for {} due to: {}", job.effect.instance,
                      report->message.empty() ? "it ended before it was ready" : report->message),
          std::move(report->fields)};
    case ResourceState::kAbsent:
    case ResourceState::kStarting:
      break;
  }
  return EffectPending{Pause(job.tries), std::move(report->fields)};
}

EffectResult AwsEffects::Terminate(const EffectJob& job, std::stop_token stop) {
  Resource* resource = FindResource(TypeOf(job));
  if (resource == nullptr) {
    // Either nothing of that type was ever launched, or, without a type, nobody can say what must
    // be ended.
    if (!TypeOf(job).empty()) return EffectFinished{};
    return Failed("ResourceNotEnded",
                  fmt::format("{} may still run: it is not known what it is.", job.effect.name));
  }
  Result<ResourceReport> report = resource->Terminate(RequestOf(job), ContextOf(job), stop);
  if (!report) return FailedOrLater(std::move(report).error(), "ResourceNotEnded");
  if (report->state == ResourceState::kAbsent || report->state == ResourceState::kEnded)
    return EffectFinished{};
  return EffectPending{Pause(job.tries), {}};
}

EffectResult AwsEffects::Check(const EffectJob& job, std::stop_token stop) {
  Result<bool> met = CheckPrecondition(job.objects, RegionOf(job), clients_,
                                       directory_of_(job.pipeline.scope.account), stop);
  if (!met) return FailedOrLater(std::move(met).error(), "PreconditionNotChecked");
  return EffectFinished{
      *met ? engine::EffectOutcome::kSucceeded : engine::EffectOutcome::kUnmet, {}, {}, {}};
}

EffectResult AwsEffects::Publish(const EffectJob& job, std::stop_token stop) {
  SnsMessage message{.topic_arn = FieldIn(job.effect.fields, "topicArn"),
                     .subject = FieldIn(job.effect.fields, "subject"),
                     .text = FieldIn(job.effect.fields, "message"),
                     .key = job.effect.key};
  Status published =
      PublishAlarm(message, clients_, directory_of_(job.pipeline.scope.account), stop);
  if (!published) return FailedOrLater(std::move(published).error(), "AlarmNotPublished");
  return EffectFinished{};
}

Result<ResourceHealth> AwsEffects::CheckResource(const EffectJob& job, std::stop_token stop) {
  Resource* resource = FindResource(TypeOf(job));
  if (resource == nullptr) return InvalidArgument("no such resource type: " + TypeOf(job));
  ASSIGN_OR_RETURN(ResourceReport report, resource->Look(RequestOf(job), ContextOf(job), stop));
  ResourceHealth health;
  if (report.state == ResourceState::kEnded || report.state == ResourceState::kAbsent) {
    health.state = ResourceHealth::State::kGone;
    health.error_id = "ResourceEnded";
    health.error_message = report.message.empty() ? job.effect.name + " is gone" : report.message;
  }
  return health;
}

}  // namespace penstock
