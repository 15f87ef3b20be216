#include "local/s3/memory_files_for_test.h"

#include <algorithm>
#include <set>

namespace penstock {
namespace {

class MemoryReadableFile final : public ReadableFile {
 public:
  explicit MemoryReadableFile(std::shared_ptr<MemoryFiles::Node> node) : node_(std::move(node)) {}

  Result<size_t> ReadAt(uint64_t offset, char* buffer, size_t size) const override {
    std::lock_guard lock(node_->mutex);
    if (offset >= node_->bytes.size()) return size_t{0};
    return node_->bytes.copy(buffer, size, offset);
  }
  Result<uint64_t> Size() const override {
    std::lock_guard lock(node_->mutex);
    return uint64_t{node_->bytes.size()};
  }

 private:
  const std::shared_ptr<MemoryFiles::Node> node_;
};

std::string Parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

class MemoryWritableFile final : public WritableFile {
 public:
  MemoryWritableFile(MemoryFiles* owner, std::shared_ptr<MemoryFiles::Node> node)
      : owner_(owner), node_(std::move(node)) {}

  Status Append(std::string_view bytes) override {
    bool half = false;
    Status status = owner_->Stop(&half);
    if (!status && half) bytes = bytes.substr(0, bytes.size() / 2);
    if (!status && !half) return status;
    std::lock_guard lock(node_->mutex);
    node_->bytes += bytes;
    return status;
  }
  Status Sync() override {
    bool half = false;
    Status status = owner_->Stop(&half);
    if (!status && !half) return status;
    std::lock_guard lock(node_->mutex);
    node_->synced = node_->bytes.size();
    return status;
  }
  Status Close() override {
    bool half = false;
    return owner_->Stop(&half);
  }

 private:
  MemoryFiles* const owner_;
  const std::shared_ptr<MemoryFiles::Node> node_;
};

bool CrashPlan::Step(bool* half) {
  if (Crashed()) return true;
  if (--operations_left > 0) return false;
  *half = Coin();
  return true;
}

bool CrashPlan::Coin() {
  seed = seed * 6364136223846793005 + 1442695040888963407;  // Knuth's MMIX generator
  return (seed >> 40) & 1;
}

Status MemoryFiles::Stop(bool* half) {
  if (plan_ != nullptr && plan_->Step(half)) return IoError("the machine has stopped");
  return {};
}

std::unique_ptr<MemoryFiles> MemoryFiles::AfterPowerLoss(CrashPlan* plan) {
  auto after = std::make_unique<MemoryFiles>(plan);
  std::set<std::string> paths;
  for (const auto& [path, node] : live_) paths.insert(path);
  for (const auto& [path, node] : durable_) paths.insert(path);
  for (const std::string& path : paths) {
    auto live = live_.find(path), durable = durable_.find(path);
    std::shared_ptr<Node> live_node = live == live_.end() ? nullptr : live->second;
    std::shared_ptr<Node> durable_node = durable == durable_.end() ? nullptr : durable->second;
    const std::shared_ptr<Node>& node =
        live_node == durable_node || plan->Coin() ? live_node : durable_node;
    if (!node) continue;
    auto kept = std::make_shared<Node>();
    kept->bytes = node->bytes.substr(0, node->synced);
    if (plan->Coin()) kept->bytes = node->bytes;
    kept->synced = kept->bytes.size();
    after->live_[path] = after->durable_[path] = std::move(kept);
  }
  after->directories_ = directories_;
  return after;
}

std::unique_ptr<MemoryFiles> MemoryFiles::AfterKill(CrashPlan* plan) {
  auto after = std::make_unique<MemoryFiles>(plan);
  after->live_ = live_;
  after->durable_ = durable_;
  after->directories_ = directories_;
  return after;
}

std::vector<std::string> MemoryFiles::Paths() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, node] : live_) paths.push_back(path);
  return paths;
}

Result<std::string> MemoryFiles::Read(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto found = live_.find(path);
  if (found == live_.end()) return NotFound(path + ": not there");
  return found->second->bytes;
}

Result<std::unique_ptr<ReadableFile>> MemoryFiles::Open(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto found = live_.find(path);
  if (found == live_.end()) return NotFound(path + ": not there");
  return std::make_unique<MemoryReadableFile>(found->second);
}

Result<std::unique_ptr<WritableFile>> MemoryFiles::Create(const std::string& path, unsigned) {
  bool half = false;
  Status status = Stop(&half);
  if (!status && !half) return std::move(status).error();
  std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  live_[path] = node;
  if (!status) return std::move(status).error();
  return std::make_unique<MemoryWritableFile>(this, std::move(node));
}

Result<std::unique_ptr<WritableFile>> MemoryFiles::Append(const std::string& path, unsigned) {
  bool half = false;
  RETURN_IF_ERROR(Stop(&half));
  std::lock_guard lock(mutex_);
  std::shared_ptr<Node>& node = live_[path];
  if (!node) node = std::make_shared<Node>();
  return std::make_unique<MemoryWritableFile>(this, node);
}

Status MemoryFiles::Replace(const std::string& path, std::string_view content, unsigned) {
  bool half = false;
  Status status = Stop(&half);
  if (!status && !half) return status;
  std::lock_guard lock(mutex_);
  auto node = std::make_shared<Node>();
  node->bytes = content;
  node->synced = content.size();
  live_[path] = durable_[path] = std::move(node);
  return status;
}

Status MemoryFiles::Rename(const std::string& source, const std::string& target) {
  bool half = false;
  Status status = Stop(&half);
  if (!status && !half) return status;
  std::lock_guard lock(mutex_);
  auto found = live_.find(source);
  if (found == live_.end()) return NotFound(source + ": not there");
  live_[target] = found->second;
  live_.erase(source);
  return status;
}

Status MemoryFiles::SyncDirectory(const std::string& path) {
  bool half = false;
  Status status = Stop(&half);
  if (!status && !half) return status;
  std::lock_guard lock(mutex_);
  std::erase_if(durable_, [&](const auto& entry) { return Parent(entry.first) == path; });
  for (const auto& [name, node] : live_) {
    if (Parent(name) == path) durable_[name] = node;
  }
  return status;
}

Status MemoryFiles::Remove(const std::string& path) {
  bool half = false;
  Status status = Stop(&half);
  if (!status && !half) return status;
  std::lock_guard lock(mutex_);
  live_.erase(path);
  return status;
}

Status MemoryFiles::RemoveTree(const std::string& path) {
  bool half = false;
  RETURN_IF_ERROR(Stop(&half));
  std::lock_guard lock(mutex_);
  std::erase_if(live_, [&](const auto& entry) { return entry.first.starts_with(path + "/"); });
  return {};
}

Status MemoryFiles::MakeDirectories(const std::string& path) {
  std::lock_guard lock(mutex_);
  for (std::string each = path; !each.empty(); each = Parent(each)) directories_[each] = true;
  return {};
}

Result<std::vector<DirectoryEntry>> MemoryFiles::List(const std::string& path) {
  std::lock_guard lock(mutex_);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, node] : live_) {
    if (Parent(name) == path) entries.push_back({name.substr(path.size() + 1), false});
  }
  for (const auto& [name, exists] : directories_) {
    if (Parent(name) == path) entries.push_back({name.substr(path.size() + 1), true});
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

bool MemoryFiles::Exists(const std::string& path) {
  std::lock_guard lock(mutex_);
  return live_.contains(path) || directories_.contains(path);
}

Result<std::unique_ptr<FileLock>> MemoryFiles::Lock(const std::string& path) {
  return FailedPrecondition(path + ": locks are not for files in memory");
}

}  // namespace penstock
