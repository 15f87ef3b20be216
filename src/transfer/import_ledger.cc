#include "transfer/import_ledger.h"

#include <iterator>

namespace penstock {

ImportLedger::ImportLedger(std::vector<FileProgress> files) {
  for (FileProgress& progress : files) files_.emplace_back().progress = std::move(progress);
}

uint64_t ImportLedger::BeginBlock(size_t file) {
  std::lock_guard lock(mutex_);
  File& of = files_[file];
  of.blocks.emplace_back();
  return of.first_block + of.blocks.size() - 1;
}

void ImportLedger::EndBlock(size_t file, uint64_t block, uint64_t last_line, uint64_t items,
                            const ImportCounts& counts, std::vector<std::string> rejects,
                            bool is_last) {
  std::lock_guard lock(mutex_);
  File& of = files_[file];
  Block& ended = of.blocks[block - of.first_block];
  ended.is_ended = true;
  ended.is_last = is_last;
  ended.last_line = last_line;
  ended.open += static_cast<int64_t>(items);
  ended.counts.Add(counts);
  std::move(rejects.begin(), rejects.end(), std::back_inserter(ended.rejects));
  Advance(of);
}

void ImportLedger::Settle(size_t file, uint64_t block, const ImportCounts& counts,
                          std::string reject) {
  std::lock_guard lock(mutex_);
  File& of = files_[file];
  Block& settled = of.blocks[block - of.first_block];
  settled.open -= static_cast<int64_t>(counts.Items());
  settled.counts.Add(counts);
  if (!reject.empty()) settled.rejects.push_back(std::move(reject));
  if (settled.open == 0) Advance(of);
}

void ImportLedger::Advance(File& file) {
  while (!file.blocks.empty() && file.blocks.front().is_ended && file.blocks.front().open == 0) {
    Block& front = file.blocks.front();
    file.progress.line = std::max(file.progress.line, front.last_line);
    file.progress.is_done = front.is_last;
    file.progress.counts.Add(front.counts);
    std::move(front.rejects.begin(), front.rejects.end(), std::back_inserter(rejects_));
    file.blocks.pop_front();
    ++file.first_block;
  }
}

FileProgress ImportLedger::At(size_t file) const {
  std::lock_guard lock(mutex_);
  return files_[file].progress;
}

std::vector<FileProgress> ImportLedger::Snapshot(std::vector<std::string>* rejects) {
  std::lock_guard lock(mutex_);
  std::move(rejects_.begin(), rejects_.end(), std::back_inserter(*rejects));
  rejects_.clear();
  std::vector<FileProgress> files;
  for (const File& file : files_) files.push_back(file.progress);
  return files;
}

ImportCounts ImportLedger::Sum() const {
  std::lock_guard lock(mutex_);
  ImportCounts sum;
  for (const File& file : files_) sum.Add(file.progress.counts);
  return sum;
}

}  // namespace penstock
