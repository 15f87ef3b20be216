#include "expr/list_product.h"

#include <fmt/core.h>

#include <algorithm>

#include "expr/expression.h"

namespace penstock::expr {
namespace {

Outcome<Value> Tainted(Outcome<Value> value, bool secret) {
  if (value && secret) value->secret = true;
  return value;
}

}  // namespace

size_t TextSize(const Value& value) {
  if (const std::string* text = std::get_if<std::string>(&value.data)) return text->size();
  if (const Reference* reference = value.AsReference()) return reference->id.size();
  const List* list = value.AsList();
  if (list == nullptr) return 0;
  size_t size = 0;
  for (const Value& element : *list) size += TextSize(element);
  return size;
}

void AppendFlat(Value value, List& out) {
  List* list = std::get_if<List>(&value.data);
  if (list == nullptr) {
    out.push_back(std::move(value));
    return;
  }
  for (Value& element : *list) {
    element.secret |= value.secret;
    AppendFlat(std::move(element), out);
  }
}

Outcome<Value> OverLists(std::vector<Value> operands, size_t offset, const CombineValues& combine) {
  auto too_much = [&](std::string_view what) {
    return Failure{Failure::Kind::kTooMuch, offset,
                   fmt::format("the result is too large: more than {}", what)};
  };
  bool any_list = false, secret = false;
  for (const Value& operand : operands) {
    any_list |= operand.AsList() != nullptr;
    secret |= IsSecret(operand);
  }
  if (!any_list) {
    Outcome<Value> result = combine(operands);
    if (result && TextSize(*result) > kOutputSizeMax) return too_much("20 MiB of text");
    return Tainted(std::move(result), secret);
  }

  std::vector<List> columns(operands.size());
  size_t total = 1;
  for (size_t i = 0; i < operands.size(); ++i) {
    AppendFlat(std::move(operands[i]), columns[i]);
    total *= columns[i].size();
    if (total > kElementsMax) return too_much(fmt::format("{} elements", kElementsMax));
  }
  List out;
  size_t size = 0;
  std::vector<size_t> index(columns.size(), 0);
  for (size_t n = 0; n < total; ++n) {
    std::vector<Value> chosen;
    bool chosen_secret = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      chosen.push_back(columns[i][index[i]]);
      chosen_secret |= chosen.back().secret;
    }
    ASSIGN_OR_RETURN(Value value, Tainted(combine(chosen), chosen_secret));
    size += TextSize(value);
    AppendFlat(std::move(value), out);
    if (size > kOutputSizeMax) return too_much("20 MiB of text");
    if (out.size() > kElementsMax) return too_much(fmt::format("{} elements", kElementsMax));
    for (size_t i = columns.size(); i-- > 0;) {
      if (++index[i] < columns[i].size()) break;
      index[i] = 0;
    }
  }
  return Tainted(Value(std::move(out)), secret);
}

}  // namespace penstock::expr
