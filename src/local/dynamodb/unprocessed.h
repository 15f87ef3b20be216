// What a batch leaves undone for want of capacity, or because the answer is full.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "local/dynamodb/answer.h"

namespace penstock::dynamodb {

/// Requests that were not served, by table, as JSON texts.
class Unprocessed {
 public:
  void Add(std::string_view table, std::string json) {
    tables_[std::string(table)].push_back(std::move(json));
  }
  /// {"table":<open>r1,r2<close>,…}
  template <class Open>
  std::string Write(Open open, std::string_view close) const {
    ObjectWriter object;
    for (const auto& [table, requests] : tables_) {
      object.Add(table, fmt::format("{}{}{}", open(table), fmt::join(requests, ","), close));
    }
    return std::move(object).Finish();
  }

 private:
  std::map<std::string, std::vector<std::string>> tables_;
};

}  // namespace penstock::dynamodb
