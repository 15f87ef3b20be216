#include "activities/emr_activity.h"

#include <fmt/core.h>

#include <set>

#include "activities/emr_step.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "definition/transfer_fields.h"
#include "transfer/report_page.h"
#include "transfer/transfer.h"

namespace penstock {
namespace {

ActivityFailure Fail(std::string id, std::string message) {
  return {std::move(id), std::move(message), ""};
}

// When the instance was begun: the same for its retries, another for a rerun.
std::string BegunOf(const PolledTask& task) {
  return FieldOf(task.attempt(), "@instanceStartTime").value_or("");
}

// The same for every attempt of one instance of one pipeline; with `begun`, of one run of it.
std::string RunIdOf(const PolledTask& task, std::string_view begun = {}) {
  std::string instance = task.attempt_id.substr(0, task.attempt_id.rfind("_Attempt="));
  std::string text = task.pipeline_id + '\n' + instance;
  if (!begun.empty()) text += fmt::format("\n{}", begun);
  return HexEncode(Sha256(text)).substr(0, 32);
}

// The table's region: its data node's, else the cluster's, else the default.
std::string RegionOf(const PolledTask& task, TransferDirection direction) {
  std::string_view node = direction == TransferDirection::kExport ? "input" : "output";
  for (std::string_view field : {node, std::string_view("runsOn")}) {
    for (const PipelineObject* object : Follow(task, task.attempt(), field)) {
      if (std::optional<std::string> region = RegionField(*object); region && !region->empty())
        return *region;
    }
  }
  return "";
}

// How objects in S3 are encrypted: as the S3DataNode says, AES256 unless NONE.
std::string EncryptionOf(const PolledTask& task, TransferDirection direction) {
  const std::string_view node = direction == TransferDirection::kExport ? "output" : "input";
  for (const PipelineObject* place : Follow(task, task.attempt(), node)) {
    if (EqualsIgnoreCase(FieldOf(*place, "s3EncryptionType").value_or(""), "NONE")) return "";
  }
  return "AES256";
}

bool ImportsWithoutManifest(const PolledTask& task) {
  for (const PipelineObject* input : Follow(task, task.attempt(), "input")) {
    if (BoolField(*input, "myImportWithoutManifest", false)) return true;
  }
  return false;
}

std::string_view Verb(TransferDirection direction) {
  return direction == TransferDirection::kExport ? "exporting" : "importing";
}

// One step of one attempt.
class StepRun {
 public:
  StepRun(const PolledTask& task, const ActivityContext& context, const TransferStep& step,
          int number)
      : task_(task),
        context_(context),
        step_(step),
        number_(number),
        page_(fmt::format("{} {}: step {} of {}", Verb(step.direction), step.table, number,
                          task.attempt_id)) {}

  Result<void, ActivityFailure> Run(std::stop_token stop) {
    for (const std::string& property : step_.properties) context_.log("ignored: -D" + property);
    std::string attempted =
        fmt::format("{} {} {} {}", Verb(step_.direction), step_.table,
                    step_.direction == TransferDirection::kExport ? "to" : "from", step_.path);
    context_.log(
        fmt::format("step {}: {} at {} of the table's capacity", number_, attempted, step_.ratio));
    Result<TransferReport> report = Transfer(stop);
    KeepPage(report);
    if (!report) return Fail(ErrorIdOf(report.error()), attempted + ": " + report.error().message);
    Tell(*report);
    if (report->refusal)
      return Fail(ErrorIdOf(*report->refusal), attempted + ": " + report->refusal->message);
    return {};
  }

 private:
  Result<TransferReport> Transfer(std::stop_token stop) {
    std::string region = RegionOf(task_, step_.direction);
    ASSIGN_OR_RETURN(ServiceEndpoint dynamodb_endpoint,
                     context_.services->Find("dynamodb", region));
    ASSIGN_OR_RETURN(ServiceEndpoint s3_endpoint, context_.services->Find("s3", ""));
    DynamoDbClient dynamodb(context_.clients, dynamodb_endpoint);
    S3Client s3(context_.clients, s3_endpoint);
    TransferContext world{.dynamodb = &dynamodb,
                          .s3 = &s3,
                          .files = context_.files,
                          .clock = context_.clients.clock,
                          .random = context_.clients.random};
    ProgressCallback progress = [this](const Progress& now) {
      Show(now);
      page_.Add(now);
    };
    world.listener.on_warning = [this](const std::string& warning) {
      context_.log("warning: " + warning);
      told_.insert(warning);
    };
    RateOptions rate{.ratio = step_.ratio, .units_per_second = {}};
    if (step_.direction == TransferDirection::kExport) {
      ExportOptions options{
          .table = step_.table, .destination = step_.path, .rate = rate, .style = {}};
      options.segments = step_.segments.value_or(0);
      options.style.compression = step_.compression;
      // A rerun exports all of it again, and may clear away what this activity left unfinished.
      options.run_id = fmt::format("{}-{}", RunIdOf(task_, BegunOf(task_)), number_);
      options.job = fmt::format("{}-{}", RunIdOf(task_), number_);
      if (BoolField(task_.attempt(), kAllowFixedExportPath, false))
        options.overwrite = Overwrite::kSameTable;
      options.server_side_encryption = EncryptionOf(task_, step_.direction);
      return RunExport(world, options, progress, stop);
    }
    ImportOptions options{.source = step_.path, .table = step_.table, .rate = rate};
    options.no_manifest = ImportsWithoutManifest(task_);
    options.server_side_encryption = EncryptionOf(task_, step_.direction);
    if (auto rejects_max = FieldOf(task_.attempt(), kMaxRejects)) {
      auto number = ParseUint64(*rejects_max);
      if (!number) {
        return InvalidArgument(
            fmt::format("{} is \"{}\"; it must be a whole number, how many lines "
                        "may be rejected",
                        kMaxRejects, *rejects_max));
      }
      options.rejects_max = *number;
    }
    // A rerun imports all of it again: the table may have lost what an earlier run wrote.
    options.run_id = fmt::format("{}-{}", RunIdOf(task_, BegunOf(task_)), number_);
    return RunImport(world, options, progress, stop);
  }

  // The run as a page beside the attempt's logs.
  void KeepPage(const Result<TransferReport>& report) {
    std::string html = page_.Html(report ? &*report : nullptr, report ? nullptr : &report.error());
    std::string path = fmt::format("{}/transfer-{}.html", context_.log_folder, number_);
    if (Status written = context_.files->Replace(path, html); !written)
      context_.log("the report of the transfer cannot be kept: " + written.error().message);
  }

  static std::string ErrorIdOf(const Error& error) {
    switch (error.code) {
      case ErrorCode::kInvalidArgument:
        return "InvalidInput";
      case ErrorCode::kNotFound:
        return "NotFound";
      case ErrorCode::kAlreadyExists:
        return "DestinationNotEmpty";
      case ErrorCode::kFailedPrecondition:
        return "PreconditionFailed";
      case ErrorCode::kPermissionDenied:
        return "AccessDenied";
      case ErrorCode::kResourceExhausted:
        return "LimitExceeded";
      case ErrorCode::kCorrupt:
        return "CorruptInput";
      case ErrorCode::kUnavailable:
      case ErrorCode::kDeadlineExceeded:
      case ErrorCode::kCanceled:
      case ErrorCode::kIo:
        break;
    }
    return "TransferInterrupted";
  }

  // The figures of a running transfer, for status pages and describe-objects.
  void Show(const Progress& now) {
    context_.report("transferPhase", now.phase);
    context_.report("transferItems", std::to_string(now.items));
    context_.report("transferBytes", std::to_string(now.bytes));
    context_.report("transferUnitsPerSecond", fmt::format("{:.1f}", now.units_per_second));
    context_.report("transferUnitsPerSecondAllowed", fmt::format("{:.1f}", now.target));
    context_.report("transferLimitedBy", now.limited_by);
    if (now.fraction)
      context_.report("percentComplete", fmt::format("{:.0f}", *now.fraction * 100));
  }

  void Tell(const TransferReport& report) {
    context_.report("transferItems", std::to_string(report.items));
    context_.report("transferBytes", std::to_string(report.bytes));
    context_.report("transferSeconds", fmt::format("{:.1f}", report.seconds));
    context_.report("transferUnitsConsumed", fmt::format("{:.1f}", report.consumed_units));
    context_.report("transferUnitsAllowed", fmt::format("{:.1f}", report.allowed_units));
    context_.report("transferThrottledRequests", std::to_string(report.throttled_requests));
    context_.report("transferRejectedItems", std::to_string(report.rejected));
    if (report.manifest) context_.report("transferManifest", *report.manifest);
    if (report.rejects_file) context_.report("transferRejectsFile", *report.rejects_file);
    if (report.resumed_from) context_.report("transferResumedFrom", *report.resumed_from);
    for (const std::string& warning : report.warnings) {
      if (!told_.contains(warning)) context_.log("warning: " + warning);
    }
    for (const Reject& reject : report.rejects) {
      context_.log("rejected: " + reject.Describe());
    }
    context_.log(fmt::format(
        "step {}: {} items, {} bytes, {:.1f} s, {:.1f} of {:.1f} allowed capacity "
        "units, {} throttled, "
        "{} rejected, {} blank lines",
        number_, report.items, report.bytes, report.seconds, report.consumed_units,
        report.allowed_units, report.throttled_requests, report.rejected, report.blank_lines));
  }

  const PolledTask& task_;
  const ActivityContext& context_;
  const TransferStep& step_;
  const int number_;
  ReportPage page_;
  std::set<std::string> told_;  // warnings that are in the log
};

}  // namespace

ActivityResult EmrActivity::Run(const PolledTask& task, const ActivityContext& context,
                                std::stop_token stop) {
  for (std::string_view field : {"preStepCommand", "postStepCommand"}) {
    if (!FieldsOf(task.attempt(), field).empty()) {
      return Fail(
          "UnsupportedField",
          fmt::format("{} of {} is not supported yet; run it as a ShellCommandActivity that this "
                      "activity depends on, or that depends on it.",
                      field, task.attempt_id));
    }
  }
  std::vector<std::string> texts = FieldsOf(task.attempt(), "step");
  if (texts.empty()) return Fail("InvalidInput", fmt::format("{} has no step.", task.attempt_id));
  // All are read before the first runs: a mistake in the last one should not cost an hour.
  std::vector<TransferStep> steps;
  for (const std::string& text : texts) {
    Result<EmrStep> step = ParseEmrStep(text);
    if (!step) return Fail("InvalidInput", step.error().message);
    Result<TransferStep> transfer = ParseTransferStep(*step);
    if (!transfer && transfer.error().code == ErrorCode::kNotFound) {
      return Fail("UnsupportedStep", fmt::format("The step \"{}\" of {} cannot run here: only the "
                                                 "classes DynamoDBExport and DynamoDBImport are "
                                                 "supported yet, whatever their jar.",
                                                 text, task.attempt_id));
    }
    if (!transfer) return Fail("InvalidInput", transfer.error().message);
    steps.push_back(*std::move(transfer));
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    auto done = StepRun(task, context, steps[i], static_cast<int>(i + 1)).Run(stop);
    if (!done) return std::move(done).error();
  }
  return ActivityOutcome::kDone;
}

}  // namespace penstock
