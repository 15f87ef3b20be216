// The expression parser, printer and evaluator on any bytes.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "expr/expression.h"

namespace {

using namespace penstock;
using namespace penstock::expr;

constexpr std::string_view kSecret = "7Qz$4";

/// Every name has a value, of a kind that depends on its first letter.
class AnyScope : public Scope {
 public:
  Outcome<Value> Name(std::string_view name) override {
    switch (name[0]) {
      case '@':
        return Value(*ParseDateTime("2011-05-24T17:10:00"));
      case '*':
        return Value(std::string(kSecret), true);
      case 'l':
        return Value(List{"one", 2, 3.5, List{"nested"}});
      case 'r':
        return Value(Reference{"Object"});
      case 'n':
        return Value(7);
      case 'u':
        return Failure{Failure::Kind::kUnknownName, 0, "unknown"};
      default:
        return Value(name);
    }
  }
  Outcome<Value> Member(const Reference&, std::string_view name) override { return Name(name); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = Text::Parse(text);
  if (!parsed) {
    CHECK(parsed.error().offset <= size);
    (void)Text::ParseBare(text);
    return 0;
  }
  auto again = Text::Parse(parsed->Print());
  // Numbers may grow when printed in full, text in quotes by its escapes; the meaning stays.
  CHECK(again.has_value(), "{}", parsed->Print());
  CHECK(again->Print() == parsed->Print());
  (void)parsed->Names();
  AnyScope scope;
  auto a = parsed->Evaluate(scope), b = again->Evaluate(scope);
  CHECK(a.has_value() == b.has_value());
  // A secret is in no failure and in no value that is not marked as one.
  if (text.find(kSecret) == std::string_view::npos) {
    if (!a) CHECK(a.error().message.find(kSecret) == std::string::npos);
    if (a && !IsSecret(*a)) CHECK(ToText(*a).find(kSecret) == std::string::npos);
  }
  if (a) CHECK(ToText(*a) == ToText(*b) && IsSecret(*a) == IsSecret(*b));
  return 0;
}
