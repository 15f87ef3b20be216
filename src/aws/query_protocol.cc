#include "aws/query_protocol.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace penstock {
namespace {

// Splits "<prefix>.<N>" or "<prefix>.<N>.<rest>"; nullopt if `name` has another shape.
struct Indexed {
  uint32_t index;
  std::string_view rest;
};
std::optional<Indexed> ReadIndexed(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() <= prefix.size() + 1 || name[prefix.size()] != '.')
    return std::nullopt;
  std::string_view tail = name.substr(prefix.size() + 1);
  Indexed read{};
  auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), read.index);
  if (error != std::errc()) return std::nullopt;
  tail.remove_prefix(static_cast<size_t>(end - tail.data()));
  if (!tail.empty() && tail[0] != '.') return std::nullopt;
  read.rest = tail.empty() ? tail : tail.substr(1);
  return read;
}

}  // namespace

QueryParameters::QueryParameters(std::string_view raw_query, std::string_view form_body) {
  for (std::string_view text : {raw_query, form_body}) {
    for (auto& [name, value] : ParseQuery(text))
      parameters_.emplace(std::move(name), std::move(value));
  }
}

std::optional<std::string> QueryParameters::Get(const std::string& name) const {
  auto found = parameters_.find(name);
  if (found == parameters_.end()) return std::nullopt;
  return found->second;
}

bool QueryParameters::IsUtf8() const {
  return std::all_of(parameters_.begin(), parameters_.end(), [](const auto& parameter) {
    return IsValidUtf8(parameter.first) && IsValidUtf8(parameter.second);
  });
}

std::vector<std::string> QueryParameters::List(const std::string& name) const {
  std::map<uint32_t, std::string> by_index;
  for (const std::string& prefix : {name + ".member", name}) {
    for (auto at = parameters_.lower_bound(prefix + "."); at != parameters_.end(); ++at) {
      if (!at->first.starts_with(prefix + ".")) break;
      auto read = ReadIndexed(at->first, prefix);
      if (read && read->rest.empty()) by_index.emplace(read->index, at->second);
    }
    if (!by_index.empty()) break;
  }
  std::vector<std::string> list;
  for (auto& [index, value] : by_index) list.push_back(std::move(value));
  return list;
}

std::vector<QueryParameters> QueryParameters::Structures(const std::string& name) const {
  std::map<uint32_t, QueryParameters> by_index;
  for (const std::string& prefix : {name + ".member", name + ".entry", name}) {
    for (auto at = parameters_.lower_bound(prefix + "."); at != parameters_.end(); ++at) {
      if (!at->first.starts_with(prefix + ".")) break;
      auto read = ReadIndexed(at->first, prefix);
      if (!read || read->rest.empty()) continue;
      auto made = by_index.try_emplace(read->index, QueryParameters()).first;
      made->second.parameters_.emplace(read->rest, at->second);
    }
    if (!by_index.empty()) break;
  }
  std::vector<QueryParameters> list;
  for (auto& [index, value] : by_index) list.push_back(std::move(value));
  return list;
}

std::vector<std::pair<std::string, std::string>> QueryParameters::Map(
    const std::string& name) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const QueryParameters& entry : Structures(name)) {
    auto key = entry.Get("key");
    if (!key) key = entry.Get("Name");
    if (!key) continue;
    auto value = entry.Get("value");
    if (!value) value = entry.Get("Value");
    pairs.emplace_back(std::move(*key), std::move(value).value_or(""));
  }
  return pairs;
}

}  // namespace penstock
