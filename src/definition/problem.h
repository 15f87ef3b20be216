// What validation has to say about a definition.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

enum class Severity {
  kFatal,    // cannot even be saved (Put answers InvalidRequestException)
  kError,    // saved, but cannot be activated
  kWarning,  // only informs
};

/// The moment of a check: a value missing while saving may still come with the activation.
enum class Moment { kPut, kActivate };

/// The code of most problems, as AWS writes it.
inline constexpr std::string_view kInvalidFieldValue = "INVALID_FIELD_VALUE";

struct Problem {
  std::string object_id;  // or a parameter's id; empty: the definition as a whole
  std::string field;      // empty: the object as a whole
  /// AWS's code, a colon, what is wrong and what to write instead; does not repeat the object's id.
  std::string message;
  Severity severity = Severity::kError;
  bool operator==(const Problem&) const = default;
};

bool HasFatal(const std::vector<Problem>& problems);
/// Errors or fatal ones.
bool HasErrors(const std::vector<Problem>& problems);

}  // namespace penstock
