// ForeignLoad: how much of a table's capacity others use, from CloudWatch's
// ConsumedReadCapacityUnits or ConsumedWriteCapacityUnits (AWS/DynamoDB, by table, sums of a
// minute) less what this job consumed itself. CloudWatch lags by one to three minutes: a slow,
// smoothed signal.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "aws/service_client.h"
#include "transfer/table_description.h"

namespace penstock {

/// Thread-safe.
class ForeignLoad {
 public:
  ForeignLoad(ClientContext context, ServiceEndpoint cloudwatch, std::string table,
              CapacityKind kind);

  /// Units a second, given what this job has consumed so far. Asks CloudWatch once a minute and
  /// answers from memory in between, the last error too. Errors: CloudWatch's.
  Result<double> UnitsPerSecond(double own_units, std::stop_token stop = {});

 private:
  struct Own {
    Instant at;
    double units;  // so far
  };

  Result<double> Ask(Instant now, std::stop_token stop);
  /// What this job consumed between two instants, as far as it is remembered.
  double OwnBetween(Instant from, Instant to) const;

  const ClientContext context_;
  const ServiceEndpoint cloudwatch_;
  const std::string table_;
  const std::string metric_;
  std::mutex mutex_;
  std::deque<Own> own_;
  std::optional<Instant> asked_at_;
  std::optional<Error> failed_;  // the last time
  double load_ = 0;
  bool is_known_ = false;
};

}  // namespace penstock
