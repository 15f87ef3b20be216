#include "local/dynamodb/item_locks.h"

#include <algorithm>
#include <functional>

namespace penstock::dynamodb {

ItemLocks::Held ItemLocks::Lock(std::span<const std::string_view> keys) {
  std::vector<size_t> places;
  places.reserve(keys.size());
  for (std::string_view key : keys) places.push_back(std::hash<std::string_view>{}(key) % kLocks);
  std::ranges::sort(places);
  places.erase(std::unique(places.begin(), places.end()), places.end());
  Held held;
  held.reserve(places.size());
  for (size_t place : places) held.emplace_back(mutexes_[place]);
  return held;
}

}  // namespace penstock::dynamodb
