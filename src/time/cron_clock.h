// When a cron expression fires: its minutes, read on the wall clock of a time zone. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "time/cron_expression.h"
#include "time/instant.h"
#include "time/zone.h"

namespace penstock {

/// A cron expression in a zone. Where clocks are changed:
///
/// - An expression with chosen hours (`30 2 * * *`, `*/5 2 * * *`) says when. It fires once for
///   each of its times: those that the clock skips fire at the first instant after the gap, all of
///   them together and together with what is due then anyway; those that the clock shows twice
///   fire the first time.
/// - An expression with open hours (`*/15 * * * *`, `0 * * * *`, `0 */2 * * *`) says how often. It
///   follows the clock as it runs: nothing fires for a time that was never shown, and what is shown
///   twice fires twice, so that quarters of an hour stay quarters of an hour.
///
/// This is cron's own rule (cron(8) of Debian and cronie; there a `*` in the minutes alone opens
/// the whole expression, so that `*/5 2 * * *` would miss a day), and no run is lost by it. Others
/// differ: Kubernetes, Quartz and Amazon EventBridge Scheduler skip what falls into a gap, which
/// loses a day's run; Quartz and Kubernetes may repeat fixed times. The size of a change does not
/// matter: half an hour, or the day that Samoa left out, are treated alike.
///
/// Every question is answered in steps that grow with the number of clock changes in between (some
/// 25 ns each), not with the number of firings.
class CronClock {
 public:
  CronClock(const CronExpression& expression, const Zone& zone)
      : expression_(expression), zone_(zone) {}
  /// CronExpression::Parse's errors and Zone::Find's. An empty zone is UTC.
  static Result<CronClock> Parse(std::string_view expression, std::string_view zone);

  /// The first firing at or after `at`, the first after `at`. InstantMax() if no supported year has
  /// one.
  Instant AtOrAfter(Instant at) const { return Advance(at, 0); }
  Instant Next(Instant at) const { return Advance(at + Duration(1), 0); }

  /// The k-th firing at or after `at`, from 0; for negative k the -k-th before it, from 1.
  /// Saturates at InstantMin() and InstantMax().
  Instant Advance(Instant at, int64_t k) const;
  /// How many firings lie in [from, to); the negative number in [to, from) if `to` is earlier.
  int64_t Count(Instant from, Instant to) const;

  bool operator==(const CronClock&) const = default;

 private:
  struct Stretch;
  Stretch StretchAt(Instant at) const;

  CronExpression expression_;
  Zone zone_;
};

}  // namespace penstock
