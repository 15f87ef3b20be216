// MemoryKeyValue: a KeyValue in a std::map, for tests, simulation and fuzzing. It survives nothing
// but behaves alike.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ports/key_value.h"

namespace penstock {

/// Thread-safe. A write costs a copy of the map while an iterator that was made before it is alive.
class MemoryKeyValue final : public KeyValue {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  MemoryKeyValue();
  /// Starts with `content`: what a crashed one had when Content() was taken.
  explicit MemoryKeyValue(Map content);

  Result<std::optional<std::string>> Get(std::string_view key) override;
  Status Write(const WriteBatch& batch, Durability durability) override;
  std::unique_ptr<KeyValueIterator> NewIterator(std::string lower, std::string upper) override;

  Map Content() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Map> map_;  // never changed while an iterator shares it
};

}  // namespace penstock
