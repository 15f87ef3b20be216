#include "expr/nearest_word.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "base/text.h"

namespace penstock {
namespace {

constexpr size_t kWordSizeMax =
    64;                   // longer words get no suggestion: the cost is the product of the lengths
constexpr int kSlip = 4;  // so that a wrong case (1) is the smallest distance of all
constexpr int kPart = 1000;  // farther than any slips
constexpr size_t kPartSizeMin = 4;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int Cost(char a, char b) { return a == b ? 0 : Lower(a) == Lower(b) ? 1 : kSlip; }

// Damerau-Levenshtein, the restricted form: three rows are enough.
int Distance(std::string_view a, std::string_view b) {
  std::array<std::array<int, kWordSizeMax + 1>, 3> rows;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = static_cast<int>(j) * kSlip;
  for (size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i - 1) % 3];
    const auto& above_that = rows[(i + 1) % 3];
    row[0] = static_cast<int>(i) * kSlip;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({above[j] + kSlip, row[j - 1] + kSlip, above[j - 1] + Cost(a[i - 1], b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && a[i - 1] != a[i - 2]) {
        row[j] = std::min(row[j], above_that[j - 2] + kSlip);
      }
    }
  }
  return rows[a.size() % 3][b.size()];
}

// Whether the shorter one begins or ends the longer.
bool IsPart(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  return a.size() >= kPartSizeMin && (EqualsIgnoreCase(b.substr(0, a.size()), a) ||
                                      EqualsIgnoreCase(b.substr(b.size() - a.size()), a));
}

}  // namespace

NearestWord::NearestWord(std::string_view written)
    : written_(written),
      slips_max_(written.size() <= 4   ? 1
                 : written.size() <= 9 ? 2
                                       : 3),
      distance_(std::numeric_limits<int>::max()) {}

void NearestWord::Offer(std::string_view candidate) {
  if (written_.size() > kWordSizeMax || candidate.size() > kWordSizeMax) return;
  const int length_apart =
      std::abs(static_cast<int>(written_.size()) - static_cast<int>(candidate.size()));
  const int too_far = (slips_max_ + 1) * kSlip;
  int distance = too_far;
  if (length_apart * kSlip < std::min(distance_, too_far)) distance = Distance(written_, candidate);
  if (distance >= too_far) {
    if (distance_ < kPart || !IsPart(written_, candidate)) return;
    distance = kPart + length_apart;
  }
  if (distance < distance_) {
    distance_ = distance;
    word_ = candidate;
  }
}

}  // namespace penstock
