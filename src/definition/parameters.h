// Parameters: what `#{myX}` stands for in a run.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "definition/definition.h"
#include "definition/limits.h"
#include "definition/problem.h"

namespace penstock {

enum class ParameterType { kString, kInteger, kDouble, kS3ObjectKey };

/// One parameter with its declaration and the values in force.
struct Parameter {
  std::string id;  // with its '*' if secret
  ParameterType type = ParameterType::kString;
  bool declared = true;  // false: only a value was given; a plain string
  bool optional = false;
  bool is_array = false;
  bool secret = false;
  std::string description;
  std::vector<std::string> allowed_values;
  std::vector<std::string> values;  // empty: none given and no default
};

/// All parameters of a definition with their values. Value type.
class Parameters {
 public:
  Parameters() = default;

  /// Values given on activation win over those saved with the definition, which win over `default`.
  /// An empty value counts as not given.
  static Parameters Of(const Definition& definition,
                       const std::vector<ParameterValue>& at_activation = {});

  /// By id ("myX", "*mySecret"), or nullptr.
  const Parameter* Find(std::string_view id) const;
  const std::map<std::string, Parameter, std::less<>>& all() const& { return all_; }
  void all() && = delete;  // a loop over a temporary would outlive it

 private:
  std::map<std::string, Parameter, std::less<>> all_;
};

/// What is wrong with declarations and values: `object_id` of a problem is the parameter's id. A
/// required parameter without a value is a warning before activation and an error at it.
std::vector<Problem> CheckParameters(const Definition& definition, const Parameters& parameters,
                                     Moment moment, const Limits& limits);

}  // namespace penstock
