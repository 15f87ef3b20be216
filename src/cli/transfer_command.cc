#include "cli/transfer_command.h"

#include "json/json.h"
#include "transfer/run_record.h"

namespace penstock {
namespace {

/// What a failure means for whoever started the command.
int ExitFor(const Error& error) {
  switch (error.code) {
    case ErrorCode::kCanceled:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kIo:
      return kExitInterrupted;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kCorrupt:
      return kExitUnusable;
  }
  return kExitUnusable;
}

bool IsInS3(const std::string& where) {
  return where.starts_with("s3://") || where.starts_with("s3n://") || where.starts_with("s3a://");
}

/// The clients a command needs, as its flags say.
struct Clients {
  std::optional<DynamoDbClient> dynamodb;
  std::optional<S3Client> s3;

  Status Open(const TransferWorld& world, const EndpointFlags& flags, bool needs_table,
              bool needs_s3) {
    ClientContext context{world.http, world.clock, world.random};
    if (needs_table) {
      const std::string& profile =
          flags.dynamodb_profile.empty() ? flags.profile : flags.dynamodb_profile;
      ASSIGN_OR_RETURN(
          ServiceEndpoint endpoint,
          world.endpoints->Resolve("dynamodb", flags.dynamodb_url, flags.region, profile));
      dynamodb.emplace(context, std::move(endpoint));
    }
    if (needs_s3) {
      const std::string& profile = flags.s3_profile.empty() ? flags.profile : flags.s3_profile;
      ASSIGN_OR_RETURN(ServiceEndpoint endpoint,
                       world.endpoints->Resolve("s3", flags.s3_url, flags.region, profile));
      s3.emplace(context, std::move(endpoint));
    }
    return {};
  }

  TransferContext Context(const TransferWorld& world) const {
    return {dynamodb ? &*dynamodb : nullptr, s3 ? &*s3 : nullptr, world.files, world.clock,
            world.random};
  }
};

void PrintFailure(const TransferWorld& world, const Error& error) {
  *world.err << "penstock: " << error.message << "\n";
}

void PrintReport(const TransferWorld& world, const TransferReport& report, std::string_view done) {
  for (const std::string& warning : report.warnings)
    *world.err << "penstock: warning: " << warning << "\n";
  for (const Reject& reject : report.rejects) {
    *world.err << fmt::format("rejected: {}, line {} (byte {}): {}\n", reject.file, reject.line,
                              reject.offset, reject.reason);
  }
  if (report.rejected > report.rejects.size() && !report.rejects.empty()) {
    *world.err << fmt::format("rejected: {} more\n", report.rejected - report.rejects.size());
  }
  for (const std::string& difference : report.differences)
    *world.err << "different: " << difference << "\n";
  *world.err << fmt::format("{}: {} items, {} in {}", done, FormatCount(report.items),
                            FormatBytes(report.bytes), FormatSeconds(report.seconds));
  if (report.allowed_units > 0) {
    *world.err << fmt::format("; {:.1f} capacity units consumed, {:.1f} allowed",
                              report.consumed_units, report.allowed_units);
  }
  *world.err << "\n";
}

/// What all three have in common: clients, run, print, exit code.
template <class Run>
int RunTransfer(const TransferWorld& world, const EndpointFlags& endpoints,
                const DisplayFlags& display, bool needs_table, bool needs_s3, std::string_view done,
                const Run& run) {
  Clients clients;
  if (Status opened = clients.Open(world, endpoints, needs_table, needs_s3); !opened) {
    PrintFailure(world, opened.error());
    return kExitUnusable;
  }
  ProgressLine line(world.err, world.terminal, display.explain);
  ProgressCallback progress = [&line](const Progress& now) { line.Show(now); };
  Result<TransferReport> report = run(clients.Context(world), progress);
  line.Clear();
  if (!report) {
    PrintFailure(world, report.error());
    return ExitFor(report.error());
  }
  PrintReport(world, *report, report->refusal ? "finished" : done);
  if (report->refusal) PrintFailure(world, *report->refusal);
  if (display.json) {
    *world.out << SummaryJson(*report) << "\n";
    world.out->flush();
  }
  return report->refusal ? kExitNo : kExitDone;
}

}  // namespace

int RunExportCommand(const TransferWorld& world, const ExportCommand& command) {
  int exit = RunTransfer(world, command.endpoints, command.display, true,
                         IsInS3(command.options.destination), "exported",
                         [&](const TransferContext& context, const ProgressCallback& progress) {
                           return RunExport(context, command.options, progress, world.stop);
                         });
  if (exit == kExitInterrupted)
    *world.err << "penstock: the same command with --resume takes it up again\n";
  return exit;
}

int RunImportCommand(const TransferWorld& world, const ImportCommand& command) {
  int exit = RunTransfer(world, command.endpoints, command.display, true,
                         IsInS3(command.options.source), "imported",
                         [&](const TransferContext& context, const ProgressCallback& progress) {
                           return RunImport(context, command.options, progress, world.stop);
                         });
  if (exit == kExitInterrupted)
    *world.err << "penstock: the same command again does no harm: it puts every item once more\n";
  return exit;
}

int RunVerifyCommand(const TransferWorld& world, const VerifyCommand& command) {
  return RunTransfer(world, command.endpoints, command.display, !command.options.table.empty(),
                     IsInS3(command.options.source), "equal",
                     [&](const TransferContext& context, const ProgressCallback& progress) {
                       return RunVerify(context, command.options, progress, world.stop);
                     });
}

std::string SummaryJson(const TransferReport& report) {
  json::Object summary{{"items", report.items},
                       {"bytes", report.bytes},
                       {"seconds", report.seconds},
                       {"consumedCapacityUnits", report.consumed_units},
                       {"indexCapacityUnits", report.index_units},
                       {"allowedCapacityUnits", report.allowed_units},
                       {"throttledRequests", report.throttled_requests},
                       {"rejected", report.rejected},
                       {"duplicates", report.duplicates},
                       {"digest", FormatDigest(report.digest)}};
  if (report.resumed_from) summary["resumedFrom"] = *report.resumed_from;
  if (report.manifest) summary["manifest"] = *report.manifest;
  return json::Write(summary);
}

}  // namespace penstock
