#include "local/dynamodb/collection_metrics.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>

#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

namespace {

constexpr int64_t kGigabyte = int64_t{1} << 30;

}  // namespace

bool WantsCollectionMetrics(const Request& request) {
  return StringOr(request.body, "ReturnItemCollectionMetrics", "NONE") == "SIZE";
}

void CollectionMetrics::Add(Table& table, const Item& item) {
  auto definition = table.definition();
  int64_t bytes = table.Count(definition->layout.serial).bytes;
  bool has_local = false;
  for (const IndexDefinition& index : definition->indexes) {
    if (index.global) continue;
    has_local = true;
    bytes += table.Count(index.layout.serial).bytes;
  }
  const std::string& name = definition->layout.parts[0].name;
  const AttributeValue* key = Find(item, name);
  if (!has_local || key == nullptr) return;
  std::string json = "{\"ItemCollectionKey\":";
  AppendJson(Item{{name, *key}}, json);
  json += fmt::format(",\"SizeEstimateRangeGB\":[0.0,{}.0]}}",
                      std::max<int64_t>(1, (bytes + kGigabyte - 1) / kGigabyte));
  // Several items of one collection give one entry.
  std::vector<std::string>& entries = tables_[definition->name];
  if (std::find(entries.begin(), entries.end(), json) == entries.end()) {
    entries.push_back(std::move(json));
  }
}

std::string CollectionMetrics::ByTable() const {
  ObjectWriter object;
  for (const auto& [table, entries] : tables_) {
    object.Add(table, fmt::format("[{}]", fmt::join(entries, ",")));
  }
  return std::move(object).Finish();
}

std::string CollectionMetrics::Single() const {
  return tables_.empty() ? std::string() : tables_.begin()->second.front();
}

void AddCollectionMetrics(const Request& request, Table& table, const Item& item,
                          ObjectWriter& answer) {
  if (!WantsCollectionMetrics(request)) return;
  CollectionMetrics metrics;
  metrics.Add(table, item);
  std::string json = metrics.Single();
  if (!json.empty()) answer.Add("ItemCollectionMetrics", json);
}

}  // namespace penstock::dynamodb
