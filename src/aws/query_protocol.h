// The query protocol's requests: parameters in the URL or in a form body, lists as "Name.member.1",
// maps as "Name.entry.1.key" and "Name.entry.1.value". Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ports/http.h"

namespace penstock {

class QueryParameters {
 public:
  /// `raw_query` first, then the form body; of a repeated name the first value counts.
  QueryParameters(std::string_view raw_query, std::string_view form_body);

  std::optional<std::string> Get(const std::string& name) const;
  /// Whether all names and values are well-formed UTF-8; percent encoding can carry any bytes.
  bool IsUtf8() const;
  /// The value of "Action", or empty.
  std::string Action() const { return Get("Action").value_or(""); }

  /// Name.member.1, Name.member.2… (also the flattened Name.1…), in numerical order; gaps are
  /// skipped.
  std::vector<std::string> List(const std::string& name) const;
  /// Name.entry.N.key / .value (also the flattened Name.N.key / Name.N.Name and .Value), in
  /// numerical order.
  std::vector<std::pair<std::string, std::string>> Map(const std::string& name) const;
  /// One set of parameters for each element of a list of structures: Tags.member.1.Key gives
  /// [{"Key": …}].
  std::vector<QueryParameters> Structures(const std::string& name) const;

  const std::map<std::string, std::string>& all() const { return parameters_; }

 private:
  QueryParameters() = default;
  std::map<std::string, std::string> parameters_;
};

}  // namespace penstock
