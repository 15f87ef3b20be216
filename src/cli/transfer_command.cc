#include "cli/transfer_command.h"

#include <set>

#include "base/text.h"
#include "json/json.h"
#include "time/instant.h"
#include "transfer/estimate.h"
#include "transfer/report_page.h"
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

const std::string& FirstGiven(const std::string& first, const std::string& otherwise) {
  return first.empty() ? otherwise : first;
}

/// The clients a command needs, as its flags say.
struct Clients {
  /// A table and what tells of its use.
  struct TableSide {
    DynamoDbClient dynamodb;
    std::optional<CloudWatchAccess> cloudwatch;
  };
  std::optional<TableSide> table, source_table;
  std::optional<S3Client> s3;

  static Result<TableSide> OpenTable(const TransferWorld& world, ServiceFlags flags,
                                     const std::string& cloudwatch_url, bool needs_cloudwatch) {
    const ClientContext context{world.http, world.clock, world.random};
    flags.service = "dynamodb";
    ASSIGN_OR_RETURN(ServiceEndpoint endpoint, world.endpoints->Resolve(flags));
    TableSide side{DynamoDbClient(context, std::move(endpoint)), std::nullopt};
    if (!needs_cloudwatch) return side;
    // Its figures are where the table is.
    flags.service = "cloudwatch";
    flags.url = cloudwatch_url;
    ASSIGN_OR_RETURN(endpoint, world.endpoints->Resolve(flags));
    side.cloudwatch = CloudWatchAccess{context, std::move(endpoint)};
    return side;
  }

  Status Open(const TransferWorld& world, const EndpointFlags& flags, bool needs_table,
              bool needs_s3) {
    if (needs_table) {
      ServiceFlags side{.service = {},
                        .url = flags.dynamodb_url,
                        .region = FirstGiven(flags.dynamodb_region, flags.region),
                        .own_profile = flags.dynamodb_profile,
                        .profile = flags.profile};
      ASSIGN_OR_RETURN(table, OpenTable(world, side, flags.cloudwatch_url, flags.needs_cloudwatch));
      if (flags.source_table) {
        const SourceTableFlags& source = *flags.source_table;
        side.url = FirstGiven(source.dynamodb_url, side.url);
        side.region = FirstGiven(source.region, side.region);
        side.own_profile = FirstGiven(source.profile, side.own_profile);
        ASSIGN_OR_RETURN(
            source_table,
            OpenTable(world, side, FirstGiven(source.cloudwatch_url, flags.cloudwatch_url),
                      flags.needs_cloudwatch));
      }
    }
    if (needs_s3) {
      ASSIGN_OR_RETURN(
          ServiceEndpoint endpoint,
          world.endpoints->Resolve({.service = "s3",
                                    .url = flags.s3_url,
                                    .region = FirstGiven(flags.s3_region, flags.region),
                                    .own_profile = flags.s3_profile,
                                    .profile = flags.profile}));
      s3.emplace(ClientContext{world.http, world.clock, world.random}, std::move(endpoint));
    }
    return {};
  }

  TransferContext Context(const TransferWorld& world) const {
    TransferContext context{.dynamodb = table ? &table->dynamodb : nullptr,
                            .s3 = s3 ? &*s3 : nullptr,
                            .files = world.files,
                            .clock = world.clock,
                            .random = world.random};
    if (table) context.cloudwatch = table->cloudwatch;
    if (source_table) {
      context.source_dynamodb = &source_table->dynamodb;
      context.source_cloudwatch = source_table->cloudwatch;
    }
    return context;
  }
};

void PrintFailure(const TransferWorld& world, const Error& error) {
  *world.err << "penstock: " << error.message << "\n";
}

void PrintWarning(const TransferWorld& world, const std::string& warning) {
  *world.err << "penstock: warning: " << warning << "\n";
}

/// Whether the page will be one that can be written: a job may take days until it is. Leaves none
/// where none was.
Status CheckReportPlace(const TransferWorld& world, const std::string& path) {
  if (path.empty()) return {};
  const bool was_there = world.files->Exists(path);
  if (Status written = world.files->Replace(path, "<!DOCTYPE html>\n<p>The run has not ended.\n");
      !written) {
    return InvalidArgument(
        fmt::format("--report {}: the page cannot be written: {}; name a file in a "
                    "folder that is there and can be written",
                    path, written.error().message));
  }
  return was_there ? Status() : world.files->Remove(path);
}

/// `told`: the warnings that were printed already.
void PrintReport(const TransferWorld& world, const TransferReport& report,
                 const std::set<std::string>& told, std::string_view done) {
  for (const std::string& warning : report.warnings) {
    if (!told.contains(warning)) PrintWarning(world, warning);
  }
  for (const Reject& reject : report.rejects) {
    *world.err << "rejected: " << reject.Describe() << "\n";
  }
  if (report.rejected > report.rejects.size() && !report.rejects.empty()) {
    *world.err << fmt::format("rejected: {} more\n", report.rejected - report.rejects.size());
  }
  for (const std::string& difference : report.differences)
    *world.err << "different: " << difference << "\n";
  *world.err << fmt::format("{}: {}, {} in {}", done, CountOf(report.items, "item"),
                            FormatBytes(report.bytes), FormatSeconds(report.seconds));
  if (report.rejected > 0) {
    *world.err << fmt::format(", {} rejected{}", FormatCount(report.rejected),
                              report.rejects_file ? ": " + *report.rejects_file : "");
  }
  if (report.skipped > 0) *world.err << fmt::format(", {} skipped", FormatCount(report.skipped));
  if (report.blank_lines > 0) *world.err << ", " << CountOf(report.blank_lines, "blank line");
  if (report.duplicates > 0) {
    *world.err << fmt::format(", {} left out for later ones with the same key",
                              FormatCount(report.duplicates));
  }
  if (report.allowed_units > 0) {
    *world.err << fmt::format("; {:.1f} capacity units consumed, {:.1f} allowed",
                              report.consumed_units, report.allowed_units);
  }
  *world.err << "\n";
}

}  // namespace

bool IsInS3(const std::string& where) {
  const std::string scheme = AsciiLower(where.substr(0, where.find("://")));
  return scheme.size() < where.size() && (scheme == "s3" || scheme == "s3n" || scheme == "s3a");
}

int RunTransfer(const TransferWorld& world, const EndpointFlags& endpoints,
                const DisplayFlags& display, bool needs_table, bool needs_s3, std::string_view done,
                const std::string& what,
                const std::function<Result<TransferReport>(
                    const TransferContext& context, const ProgressCallback& progress)>& run) {
  Clients clients;
  if (Status opened = clients.Open(world, endpoints, needs_table, needs_s3); !opened) {
    PrintFailure(world, opened.error());
    return kExitUnusable;
  }
  if (Status writable = CheckReportPlace(world, display.report); !writable) {
    PrintFailure(world, writable.error());
    return kExitUnusable;
  }
  ProgressLine line(world.err, world.terminal, display.explain);
  ReportPage page(fmt::format("{}, begun at {}", what, FormatIsoMillis(world.clock->Now())));
  ProgressCallback progress = [&](const Progress& now) {
    line.Show(now);
    page.Add(now);
  };
  TransferContext context = clients.Context(world);
  std::set<std::string> told;
  context.listener.on_warning = [&](const std::string& warning) {
    line.Clear();
    PrintWarning(world, warning);
    told.insert(warning);
  };
  bool is_resumable = false;
  context.listener.on_resumable = [&] { is_resumable = true; };
  Result<TransferReport> report = run(context, progress);
  line.Clear();
  if (!display.report.empty()) {
    std::string html = page.Html(report ? &*report : nullptr, report ? nullptr : &report.error());
    if (Status written = world.files->Replace(display.report, html); !written)
      PrintWarning(world, "the page for --report is lost: " + written.error().message);
  }
  if (!report) {
    PrintFailure(world, report.error());
    const int exit = ExitFor(report.error());
    if (exit == kExitInterrupted && is_resumable)
      *world.err << "penstock: the same command with --resume takes it up again\n";
    return exit;
  }
  PrintReport(world, *report, told, report->refusal ? "finished" : done);
  if (report->refusal) PrintFailure(world, *report->refusal);
  if (display.json) {
    *world.out << SummaryJson(*report) << "\n";
    world.out->flush();
  }
  return report->refusal ? kExitNo : kExitDone;
}

namespace {

/// Says what it would take. nullopt: go on; else the exit code.
template <class Ask>
std::optional<int> Foresee(const TransferWorld& world, const EndpointFlags& endpoints,
                           const EstimateFlags& flags, bool as_json, bool needs_s3,
                           const Ask& ask) {
  if (!flags.dry_run && flags.deadline.empty()) return std::nullopt;
  auto answer = [&]() -> Result<std::optional<int>> {
    std::optional<double> deadline;
    if (!flags.deadline.empty()) {
      ASSIGN_OR_RETURN(deadline, ParseDeadline(flags.deadline));
    }
    std::optional<PriceList> prices;
    if (!flags.prices.empty()) {
      ASSIGN_OR_RETURN(std::string text, world.files->Read(flags.prices));
      ASSIGN_OR_RETURN(prices, ParsePriceList(text));
    }
    Clients clients;
    RETURN_IF_ERROR(clients.Open(world, endpoints, true, needs_s3));
    ASSIGN_OR_RETURN(Estimate estimate, ask(clients.Context(world)));
    if (flags.dry_run) {
      *world.out << (as_json ? estimate.Json(prices) + "\n" : estimate.Describe(prices));
      world.out->flush();
    }
    if (deadline && estimate.seconds > *deadline) {
      *world.err << fmt::format(
          "penstock: it would take {}, longer than the deadline of {}; allow it a larger share of "
          "the capacity, or more time\n",
          FormatSeconds(estimate.seconds), FormatSeconds(*deadline));
      return std::optional<int>(kExitNo);
    }
    return flags.dry_run ? std::optional<int>(kExitDone) : std::optional<int>();
  };
  auto exit = answer();
  if (exit) return *exit;
  PrintFailure(world, exit.error());
  return ExitFor(exit.error());
}

}  // namespace

int RunExportCommand(const TransferWorld& world, const ExportCommand& command) {
  const bool needs_s3 = IsInS3(command.options.destination);
  auto foreseen = Foresee(world, command.endpoints, command.estimate, command.display.json,
                          needs_s3, [&](const TransferContext& context) {
                            return EstimateExport(context, command.options, world.stop);
                          });
  if (foreseen) return *foreseen;
  return RunTransfer(
      world, command.endpoints, command.display, true, needs_s3, "exported",
      fmt::format("export of {} to {}", command.options.table, command.options.destination),
      [&](const TransferContext& context, const ProgressCallback& progress) {
        return RunExport(context, command.options, progress, world.stop);
      });
}

int RunImportCommand(const TransferWorld& world, const ImportCommand& command) {
  const bool needs_s3 = IsInS3(command.options.source) || IsInS3(command.options.state_folder) ||
                        command.options.follow_manifest_urls;
  auto foreseen = Foresee(world, command.endpoints, command.estimate, command.display.json,
                          needs_s3, [&](const TransferContext& context) {
                            return EstimateImport(context, command.options, world.stop);
                          });
  if (foreseen) return *foreseen;
  return RunTransfer(
      world, command.endpoints, command.display, true, needs_s3, "imported",
      fmt::format("import of {} into {}", command.options.source, command.options.table),
      [&](const TransferContext& context, const ProgressCallback& progress) {
        return RunImport(context, command.options, progress, world.stop);
      });
}

int RunVerifyCommand(const TransferWorld& world, const VerifyCommand& command) {
  std::string what = "verification of " + command.options.source;
  if (!command.options.table.empty()) what += " against table " + command.options.table;
  return RunTransfer(world, command.endpoints, command.display, !command.options.table.empty(),
                     IsInS3(command.options.source) || command.options.follow_manifest_urls,
                     "equal", what,
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
                       {"skipped", report.skipped},
                       {"duplicates", report.duplicates},
                       {"blankLines", report.blank_lines},
                       {"digest", FormatDigest(report.digest)}};
  if (report.resumed_from) summary["resumedFrom"] = *report.resumed_from;
  if (report.rejects_file) summary["rejectsFile"] = *report.rejects_file;
  if (report.manifest) summary["manifest"] = *report.manifest;
  return json::Write(summary);
}

}  // namespace penstock
