// The transfer engine's door: tables to files, files to tables, and the proof that both hold the
// same. Used by the command line and by the pipeline steps that export and import. Each call does
// its whole job on threads of its own and returns when they are gone.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "aws/dynamodb_client.h"
#include "aws/s3_client.h"
#include "ports/clock.h"
#include "ports/files.h"
#include "ports/random.h"
#include "transfer/content_digest.h"
#include "transfer/data_folder.h"
#include "transfer/file_format.h"
#include "transfer/progress.h"
#include "transfer/rate_controller.h"
#include "transfer/table_archive.h"

namespace penstock {

/// Where CloudWatch is, and as whom to call it.
struct CloudWatchAccess {
  ClientContext client;
  ServiceEndpoint endpoint;
};

/// What a job has to say before its end. Called from its threads, one at a time and never together
/// with its ProgressCallback.
struct TransferListener {
  /// Each of an import's warnings as it comes up, as a job that fails has no report.
  std::function<void(const std::string& warning)> on_warning = {};
  /// From here on an export or import that is interrupted can be resumed.
  std::function<void()> on_resumable = {};
};

/// The world of a transfer. The pointees outlive it.
struct TransferContext {
  const DynamoDbClient* dynamodb = nullptr;  // null: only for what needs no table
  const S3Client* s3 = nullptr;              // null: only local folders
  Files* files = nullptr;
  Clock* clock = nullptr;
  Random* random = nullptr;
  std::optional<CloudWatchAccess> cloudwatch = {};  // for RateMode::kHeadroom alone
  TransferListener listener = {};
  /// Where the table is that a verification has as its source; null: where the other is. It has a
  /// CloudWatch of its own then.
  const DynamoDbClient* source_dynamodb = nullptr;
  std::optional<CloudWatchAccess> source_cloudwatch = {};
  /// Of the job, for what its folders do without a stop of their own; whoever begins a job sets it.
  std::stop_token stop = {};

  TransferContext StoppedBy(std::stop_token job) const {
    TransferContext context = *this;
    context.stop = std::move(job);
    return context;
  }
};

constexpr uint64_t kDefaultMemory = 256u << 20;

/// Which export at its destination a new one may replace. The old one stays whole until the new one
/// is; what belongs to no export stays for good, and refuses.
enum class Overwrite { kNothing, kSameTable, kAnyExport };

struct ExportOptions {
  std::string table;
  std::string destination;  // "s3://bucket/folder" or a local path
  RateOptions rate;
  FileStyle style;
  bool consistent_read = false;
  int segments = 0;  // of the Scan; 0: by the table's size
  uint64_t memory_bytes = kDefaultMemory;
  /// Names this export. A later attempt with the same id takes over what an earlier one left at the
  /// destination. Empty with `resume`: the id found there.
  std::string run_id;
  bool resume = false;
  /// What this is a run of, if it has other runs, each with an id of its own. An unfinished export
  /// of another run of the same job is cleared away and begun anew.
  std::string job = {};
  Overwrite overwrite = Overwrite::kNothing;
  /// Halves a slow segment for idle workers (table_scan.h).
  bool splits_tail = false;
  std::string server_side_encryption = {}, kms_key_id = {};  // of the objects
  /// "s3://bucket/folder": where the manifest says the files are, for an export that is to be
  /// copied there. Empty: at the destination.
  std::string manifest_base = {};
};

/// What to do with an item whose key is in the table already.
struct ImportMode {
  enum class Kind { kOverwrite, kSkipExisting, kFailIfExists, kIfNewer };
  Kind kind = Kind::kOverwrite;
  std::string attribute;  // kIfNewer: the greater one wins
  bool operator==(const ImportMode&) const = default;
};
/// "overwrite", "skip-existing", "fail-if-exists", "if-newer:ATTRIBUTE"; kInvalidArgument.
Result<ImportMode> ParseImportMode(std::string_view text);
std::string ImportModeName(const ImportMode& mode);

struct ImportOptions {
  std::string source;  // the folder, or its manifest
  std::string table;
  RateOptions rate;
  ReadStyle style;
  /// Takes a folder without manifest, which is what a failed export leaves.
  bool no_manifest = false;
  /// Reads files where the manifest says they are, not beside it (linked_folder.h).
  bool follow_manifest_urls = false;
  ImportMode mode;
  /// Makes the table as the export's _table.json says, if it is not there.
  bool create_table = false;
  TableBilling billing;
  /// Above so many rejected items the answer is no. The others are imported all the same.
  uint64_t rejects_max = 0;
  uint64_t memory_bytes = kDefaultMemory;
  /// A folder under whose _penstock/ the checkpoint and the rejected lines are written; empty: the
  /// source. One that cannot be written makes the import one that cannot be resumed.
  std::string state_folder = {};
  /// Of what is written there, in S3: as ExportOptions has them.
  std::string server_side_encryption = {}, kms_key_id = {};
  /// Names this import. A later attempt with the same id goes on, if source, files, table, mode,
  /// format and leniency are still the same, else begins anew. Empty: the source and the table name
  /// it.
  std::string run_id = {};
  /// Goes on with an unfinished import of this source into this table, if there is one;
  /// kFailedPrecondition if it cannot.
  bool resume = false;
};

struct VerifyOptions {
  /// The folder of an export, or its manifest; "dynamodb://TABLE": that table, which may be
  /// elsewhere than the other (TransferContext::source_dynamodb).
  std::string source;
  std::string table;  // empty: only files against manifest
  RateOptions rate;
  ReadStyle style;
  bool follow_manifest_urls = false;  // as in ImportOptions
  bool consistent_read = false;
  int segments = 0;
  uint64_t memory_bytes = kDefaultMemory;
};

/// An input line that did not become an item in the table.
struct Reject {
  std::string file;
  uint64_t line = 0;    // 1, 2, …
  uint64_t offset = 0;  // bytes of the file before the fault
  std::string reason;

  /// "…/ba3f…, line 5 (byte 400): not a number".
  std::string Describe() const;
};

struct TransferReport {
  static constexpr size_t kRejectsKept = 100;

  uint64_t items = 0;  // written and not written over; by verify, of the export
  uint64_t bytes = 0;  // of data files, as stored
  double seconds = 0;
  double consumed_units = 0;  // of the table
  double index_units = 0;
  double allowed_units = 0;  // what the bound would have let through in that time
  uint64_t throttled_requests = 0;
  uint64_t rejected = 0;
  uint64_t duplicates = 0;  // earlier items with the key of a later one, left out or written over
  uint64_t skipped = 0;     // items that the import mode left out
  uint64_t blank_lines = 0;
  ContentDigest digest;                     // of the items
  std::optional<std::string> resumed_from;  // the run id taken over
  std::optional<std::string> manifest;      // its address
  std::optional<std::string> rejects_file;  // its address: the rejected lines, each with its reason
  std::vector<Reject> rejects;              // the first of them
  std::vector<std::string> warnings;
  std::vector<std::string> differences;  // that verify found, the first of them
  /// Set when the job ran to its end and its answer is no: too many rejects, an export of which
  /// items had one key in the table, or a difference.
  std::optional<Error> refusal;
};

/// All of the table into a new export. kAlreadyExists: the destination holds something else. After
/// kCanceled and kUnavailable the same run id goes on.
Result<TransferReport> RunExport(const TransferContext& context, const ExportOptions& options,
                                 const ProgressCallback& progress = {}, std::stop_token stop = {});

/// An export into a table, which is made first if `create_table` says so; `mode` says what becomes
/// of items of equal keys. Nothing is written unless all files are there and as their manifest
/// says. Running it again in mode overwrite is harmless.
Result<TransferReport> RunImport(const TransferContext& context, const ImportOptions& options,
                                 const ProgressCallback& progress = {}, std::stop_token stop = {});

/// Files against their manifest and, with a table, their items against its items.
Result<TransferReport> RunVerify(const TransferContext& context, const VerifyOptions& options,
                                 const ProgressCallback& progress = {}, std::stop_token stop = {});

/// The folder that an option names: "s3://…" (s3n, s3a) or a path; where a manifest may be named
/// too, SplitExportPlace comes first. kInvalidArgument: unreadable, not UTF-8, S3 without a client,
/// or a KMS key for a local folder.
Result<std::unique_ptr<DataFolder>> OpenDataFolder(const TransferContext& context,
                                                   std::string_view where,
                                                   std::string_view server_side_encryption = {},
                                                   std::string_view kms_key_id = {});

}  // namespace penstock
