// The word somebody meant: the one with the fewest slips of the pen between it and what was
// written.
#pragma once

#include <string>
#include <string_view>

namespace penstock {

/// Offer() all candidates, then ask. Slips are a letter missing, added, changed or swapped with its
/// neighbour; a difference in case alone counts less than any of them.
class NearestWord {
 public:
  explicit NearestWord(std::string_view written);

  void Offer(std::string_view candidate);
  /// The nearest candidate (of equals the first offered), or "" when none is near enough: at most
  /// one slip in words up to four letters, two up to nine, three beyond.
  const std::string& word() const { return word_; }

 private:
  std::string written_;
  int distance_;  // of word_; before that, the first distance that is too far
  std::string word_;
};

}  // namespace penstock
