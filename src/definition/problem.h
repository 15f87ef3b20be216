// What validation has to say about a definition.
#pragma once

#include <string>
#include <vector>

namespace penstock {

enum class Severity {
  kFatal,    // cannot even be saved (Put answers InvalidRequestException)
  kError,    // saved, but cannot be activated
  kWarning,  // only informs
};

/// The moment of a check: a value missing while saving may still come with the activation.
enum class Moment { kPut, kActivate };

struct Problem {
  std::string object_id;  // or a parameter's id; empty: the definition as a whole
  std::string field;      // empty: the object as a whole
  std::string message;  // what is wrong and what to write instead; does not repeat the object's id
  Severity severity = Severity::kError;
  bool operator==(const Problem&) const = default;
};

bool HasFatal(const std::vector<Problem>& problems);
/// Errors or fatal ones.
bool HasErrors(const std::vector<Problem>& problems);

}  // namespace penstock
