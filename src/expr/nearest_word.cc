#include "expr/nearest_word.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace penstock {
namespace {

constexpr size_t kWordSizeMax =
    64;                   // longer words get no suggestion: the cost is the product of the lengths
constexpr int kSlip = 4;  // so that a wrong case (1) is the smallest distance of all

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

}  // namespace

NearestWord::NearestWord(std::string_view written) : written_(written) {
  int slips = written.size() <= 4 ? 1 : written.size() <= 9 ? 2 : 3;
  distance_ = (slips + 1) * kSlip;
}

void NearestWord::Offer(std::string_view candidate) {
  if (written_.size() > kWordSizeMax || candidate.size() > kWordSizeMax) return;
  int length_apart =
      std::abs(static_cast<int>(written_.size()) - static_cast<int>(candidate.size()));
  if (length_apart * kSlip >= distance_) return;
  int distance = Distance(written_, candidate);
  if (distance < distance_) {
    distance_ = distance;
    word_ = candidate;
  }
}

}  // namespace penstock
