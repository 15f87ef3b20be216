// The word somebody meant: the one with the fewest slips of the pen between it and what was
// written.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// Offer() all candidates, then ask. Slips are a letter missing, added, changed or swapped with its
/// neighbour; a difference in case alone counts less than any of them. Where no candidate is a few
/// slips away, one that the written word begins or ends, or that begins or ends it, will do:
/// "retries" for maximumRetries, "formatDate" for format.
class NearestWord {
 public:
  explicit NearestWord(std::string_view written);

  void Offer(std::string_view candidate);
  /// The nearest candidate (of equals the first offered), or "" when none is near enough: at most
  /// one slip in words up to four letters, two up to nine, three beyond; as a part, at least four
  /// letters.
  const std::string& word() const { return word_; }

 private:
  std::string written_;
  int slips_max_;
  int distance_;  // of word_; before that, farther than any
  std::string word_;
};

}  // namespace penstock
