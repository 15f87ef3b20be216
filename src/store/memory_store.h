// A Store without a disk: for tests, the simulator and fuzzing. Same contract, same conformance
// suite; "durable" means as long as the object lives. Records are kept as bytes, so that what
// cannot be encoded cannot be stored here either.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "store/store.h"

namespace penstock {

class MemoryStore : public Store {
 public:
  /// The rows by RecordKey() of engine/codec.h.
  using Rows = std::map<std::string, std::string, std::less<>>;

  MemoryStore() : rows_(std::make_shared<Rows>()) {}

  Status Commit(std::span<const engine::Write> writes) override;
  Status Load(const std::function<void(engine::Write)>& apply) override;
  Result<std::vector<engine::Write>> LoadHistory(std::span<const engine::Need> needs) override;
  Result<std::unique_ptr<StoreSnapshot>> Read() override;

  /// The next `count` calls of Commit fail with `error` and write nothing.
  void FailCommits(int count, Error error);
  /// All rows, for comparing two stores.
  Rows rows();

 private:
  std::mutex mutex_;
  std::shared_ptr<Rows>
      rows_;  // copied before a write while a snapshot shares it; guarded, like the rest
  int failing_ = 0;
  Error failure_{};
};

}  // namespace penstock
