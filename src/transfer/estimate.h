// Estimate: what a transfer would take, before it begins: --dry-run and --deadline.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transfer/transfer.h"

namespace penstock {

/// What units cost. Read from a file, as prices change and differ between regions:
///   {"currency":"USD","readUnitsPerMillion":0.125,"writeUnitsPerMillion":0.625,
///    "requestsPerThousand":0.005,"storagePerGigabyteMonth":0.023}
/// Any may be missing.
struct PriceList {
  std::string currency = "USD";
  std::optional<double> read_units_per_million, write_units_per_million;
  std::optional<double> requests_per_thousand, storage_per_gigabyte_month;
};
Result<PriceList> ParsePriceList(std::string_view text);

struct Estimate {
  bool is_export = true;
  uint64_t items = 0;
  uint64_t bytes = 0;      // of the table's items; of an import: of its files
  double units = 0;        // capacity units, indexes left out
  double index_units = 0;  // at one entry of the item's size for each index: the most it can be
  uint64_t segments = 0;   // of an export's scan
  uint64_t files = 0;
  uint64_t requests = 0;        // to DynamoDB
  double units_per_second = 0;  // the bound it would run under
  std::string bound;            // what that is made of
  double seconds = 0;
  std::vector<std::string> notes;

  /// Money, by the list; nullopt: it has no price for this.
  std::optional<double> Price(const PriceList& prices) const;
  /// Lines for people.
  std::string Describe(const std::optional<PriceList>& prices) const;
  std::string Json(const std::optional<PriceList>& prices) const;
};

/// Asks the table, reading nothing of it, and looks at the destination, touching nothing: what lies
/// there is noted. Errors: also those of a destination that cannot be listed.
Result<Estimate> EstimateExport(const TransferContext& context, const ExportOptions& options,
                                std::stop_token stop = {});
/// Reads the first items of each of the first files. kNotFound also if the table is
/// not there and is not to be made.
Result<Estimate> EstimateImport(const TransferContext& context, const ImportOptions& options,
                                std::stop_token stop = {});

/// "90 minutes", "2h", "1h30m", "45s", "3 days" in seconds; kInvalidArgument.
Result<double> ParseDeadline(std::string_view text);

}  // namespace penstock
