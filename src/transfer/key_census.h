// KeyCensus: whether items have keys that earlier ones had, however many keys there are. Of a
// million it knows each; of more only those whose hash begins with so many zero bits, an even
// sample, so that its memory stays what it is.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace penstock {

/// Thread-safe.
class KeyCensus {
 public:
  /// Holds at most so many bytes, but for some kilobytes.
  explicit KeyCensus(uint64_t memory_bytes);

  /// Counts a key in. `hash`: of 64 good bits. True: it was there before; false too where it is
  /// none of the sample.
  bool Repeats(uint64_t hash);
  /// Whether every key was looked at so far.
  bool IsComplete() const;

 private:
  bool IsOfSample(uint64_t hash) const {
    return skipped_bits_ == 0 || hash >> (64 - skipped_bits_) == 0;
  }
  /// False: it is there.
  bool Insert(uint64_t hash);
  void MakeRoom();

  const uint64_t slots_max_;
  mutable std::mutex mutex_;
  std::vector<uint64_t> slots_;  // hashes, each at or after the slot of its last bits; 0: free
  uint64_t used_ = 0;
  int skipped_bits_ = 0;
};

}  // namespace penstock
