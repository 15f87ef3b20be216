#include "key_value/memory_key_value.h"

#include "base/check.h"

namespace penstock {
namespace {

class MemoryIterator final : public KeyValueIterator {
 public:
  MemoryIterator(std::shared_ptr<const MemoryKeyValue::Map> map, std::string lower,
                 const std::string& upper)
      : map_(std::move(map)), lower_(std::move(lower)) {
    begin_ = map_->lower_bound(lower_);
    end_ = upper.empty() ? map_->end() : map_->lower_bound(upper);
    // An inverted range has nothing in it.
    if (!upper.empty() && upper <= lower_) begin_ = end_;
    at_ = end_;
  }

  void Seek(std::string_view key) override {
    at_ = key <= lower_ ? begin_ : map_->lower_bound(key);
    if (!Within(at_)) at_ = end_;
  }
  void SeekForPrevious(std::string_view key) override {
    Place after = map_->upper_bound(key);
    if (end_ != map_->end() && (after == map_->end() || after->first > end_->first)) after = end_;
    at_ = Before(after);
  }
  void Next() override {
    CHECK(Valid());
    ++at_;
  }
  void Previous() override {
    CHECK(Valid());
    at_ = Before(at_);
  }
  bool Valid() const override { return at_ != end_; }
  std::string_view key() const override { return at_->first; }
  std::string_view value() const override { return at_->second; }
  Status status() const override { return {}; }

 private:
  using Place = MemoryKeyValue::Map::const_iterator;

  bool Within(Place place) const {
    if (begin_ == end_ || place == map_->end()) return false;
    return place->first >= begin_->first && (end_ == map_->end() || place->first < end_->first);
  }
  /// The place before `after`, or the end when that is outside.
  Place Before(Place after) const {
    if (after == map_->begin()) return end_;
    Place before = std::prev(after);
    return Within(before) ? before : end_;
  }

  const std::shared_ptr<const MemoryKeyValue::Map> map_;
  const std::string lower_;
  Place begin_, end_, at_;
};

}  // namespace

MemoryKeyValue::MemoryKeyValue() : map_(std::make_shared<Map>()) {}

MemoryKeyValue::MemoryKeyValue(Map content) : map_(std::make_shared<Map>(std::move(content))) {}

Result<std::optional<std::string>> MemoryKeyValue::Get(std::string_view key) {
  std::lock_guard lock(mutex_);
  auto found = map_->find(key);
  if (found == map_->end()) return std::optional<std::string>();
  return std::optional<std::string>(found->second);
}

Status MemoryKeyValue::Write(const WriteBatch& batch, Durability /*durability*/) {
  std::lock_guard lock(mutex_);
  if (map_.use_count() > 1) map_ = std::make_shared<Map>(*map_);
  for (const WriteBatch::Operation& operation : batch.operations) {
    switch (operation.kind) {
      case WriteBatch::Kind::kPut:
        (*map_)[operation.key] = operation.value;
        break;
      case WriteBatch::Kind::kDelete:
        map_->erase(operation.key);
        break;
      case WriteBatch::Kind::kDeleteRange:
        if (operation.key < operation.value) {
          map_->erase(map_->lower_bound(operation.key), map_->lower_bound(operation.value));
        }
        break;
    }
  }
  return {};
}

std::unique_ptr<KeyValueIterator> MemoryKeyValue::NewIterator(std::string lower,
                                                              std::string upper) {
  std::lock_guard lock(mutex_);
  return std::make_unique<MemoryIterator>(map_, std::move(lower), upper);
}

MemoryKeyValue::Map MemoryKeyValue::Content() const {
  std::lock_guard lock(mutex_);
  return *map_;
}

}  // namespace penstock
