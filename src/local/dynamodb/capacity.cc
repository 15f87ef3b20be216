#include "local/dynamodb/capacity.h"

#include <fmt/core.h>

#include <algorithm>

#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

namespace {

constexpr uint64_t kReadUnitBytes = 4096;
constexpr uint64_t kWriteUnitBytes = 1024;
constexpr std::chrono::seconds kUnusedCapacityKept{300};
constexpr std::chrono::seconds kOnDemandKept{1};
constexpr std::chrono::minutes kOnDemandPeriod{30};

uint64_t Pieces(uint64_t bytes, uint64_t piece) {
  return std::max<uint64_t>(1, (bytes + piece - 1) / piece);
}

/// "CapacityUnits":1.0, and the same under the name of its use.
void AppendUnits(double units, CapacityUse use, std::string& out) {
  out += fmt::format("\"CapacityUnits\":{}", ShowUnits(units));
  if (use == CapacityUse::kRead) out += fmt::format(",\"ReadCapacityUnits\":{}", ShowUnits(units));
  if (use == CapacityUse::kWrite)
    out += fmt::format(",\"WriteCapacityUnits\":{}", ShowUnits(units));
}

void AppendIndexes(std::string_view member,
                   const std::vector<std::pair<std::string, double>>& indexes, CapacityUse use,
                   std::string& out) {
  if (indexes.empty()) return;
  out += fmt::format(",\"{}\":{{", member);
  bool first = true;
  for (const auto& [name, units] : indexes) {
    if (!first) out += ",";
    first = false;
    AppendJsonString(name, out);
    out += ":{";
    AppendUnits(units, use, out);
    out += "}";
  }
  out += "}";
}

}  // namespace

double ReadUnits(uint64_t bytes, bool consistent) {
  return static_cast<double>(Pieces(bytes, kReadUnitBytes)) * (consistent ? 1.0 : 0.5);
}

double WriteUnits(uint64_t bytes) { return static_cast<double>(Pieces(bytes, kWriteUnitBytes)); }

CapacityReport ReadCapacityReport(std::string_view text) {
  if (text == "TOTAL") return CapacityReport::kTotal;
  if (text == "INDEXES") return CapacityReport::kIndexes;
  return CapacityReport::kNone;
}

void ConsumedCapacity::AddIndex(bool global, std::string_view name, double units) {
  auto& indexes = global ? global_indexes : local_indexes;
  for (auto& [known, sum] : indexes) {
    if (known == name) {
      sum += units;
      return;
    }
  }
  indexes.emplace_back(name, units);
}

double ConsumedCapacity::Total() const {
  double total = table_units;
  for (const auto& [name, units] : local_indexes) total += units;
  for (const auto& [name, units] : global_indexes) total += units;
  return total;
}

std::string ShowUnits(double units) { return fmt::format("{:.1f}", units); }

void AppendJson(const ConsumedCapacity& consumed, CapacityReport report, std::string& out,
                CapacityUse use) {
  out += "{\"TableName\":";
  AppendJsonString(consumed.table, out);
  out += ",";
  AppendUnits(consumed.Total(), use, out);
  if (report == CapacityReport::kIndexes) {
    out += ",\"Table\":{";
    AppendUnits(consumed.table_units, use, out);
    out += "}";
    AppendIndexes("LocalSecondaryIndexes", consumed.local_indexes, use, out);
    AppendIndexes("GlobalSecondaryIndexes", consumed.global_indexes, use, out);
  }
  out += "}";
}

void AddConsumed(std::vector<ConsumedCapacity>& consumed, const ConsumedCapacity& one) {
  auto found = std::find_if(consumed.begin(), consumed.end(), [&](const ConsumedCapacity& known) {
    return known.table == one.table;
  });
  if (found == consumed.end()) {
    consumed.push_back(one);
    return;
  }
  found->table_units += one.table_units;
  for (const auto& [name, units] : one.local_indexes) found->AddIndex(false, name, units);
  for (const auto& [name, units] : one.global_indexes) found->AddIndex(true, name, units);
}

std::string WriteConsumed(const std::vector<ConsumedCapacity>& consumed, CapacityReport report,
                          CapacityUse use) {
  std::string text = "[";
  for (const ConsumedCapacity& one : consumed) {
    if (text.size() > 1) text += ",";
    AppendJson(one, report, text, use);
  }
  return text + "]";
}

CapacityMeter::CapacityMeter(const Limits& limits, std::chrono::nanoseconds now)
    : limits_(limits), bucket_(MakeBucket(now)), second_started_(now), period_started_(now) {}

TokenBucket CapacityMeter::MakeBucket(std::chrono::nanoseconds now) const {
  if (!limits_.on_demand) {
    return TokenBucket(limits_.units_per_second, kUnusedCapacityKept, limits_.initial_burst, now);
  }
  return TokenBucket(limits_.units_per_second, kOnDemandKept, kOnDemandKept, now);
}

void CapacityMeter::SetLimits(const Limits& limits, std::chrono::nanoseconds now) {
  if (limits == limits_) return;
  bool same_mode = limits.on_demand == limits_.on_demand;
  limits_ = limits;
  if (same_mode) {
    bucket_.SetRate(limits.units_per_second, now);
  } else {
    bucket_ = MakeBucket(now);
  }
}

bool CapacityMeter::Admits(std::chrono::nanoseconds now) {
  if (limits_.on_demand) NoteTraffic(0, now);
  return bucket_.Admits(now);
}

void CapacityMeter::Take(double units, std::chrono::nanoseconds now) {
  if (limits_.on_demand) NoteTraffic(units, now);
  bucket_.Take(units, now);
}

void CapacityMeter::NoteTraffic(double units, std::chrono::nanoseconds now) {
  if (now - second_started_ >= std::chrono::seconds(1)) {
    current_peak_ = std::max(current_peak_, second_units_);
    second_units_ = 0;
    second_started_ = now;
  }
  if (now - period_started_ >= kOnDemandPeriod) {
    previous_peak_ = std::max(previous_peak_, current_peak_);
    current_peak_ = 0;
    period_started_ = now;
    double rate = std::max(limits_.units_per_second, 2 * previous_peak_);
    bucket_.SetRate(std::min(rate, std::max(kOnDemandUnitsMax, limits_.units_per_second)), now);
  }
  second_units_ += units;
}

}  // namespace penstock::dynamodb
