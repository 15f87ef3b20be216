// The expression parser, printer and evaluator on any bytes. Half of the mutations put in something
// grammatical, so that what lies behind the parser is reached too.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>

#include "base/check.h"
#include "expr/expression.h"
#include "expr/function_table.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t size_max);

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

/// Random texts of the grammar in expression.h, right in form; what they mean may be an error.
class Sentences {
 public:
  explicit Sentences(unsigned int seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }

  std::string Expression(int depth) {
    if (depth == 0) return Leaf();
    const std::string one = Expression(depth - 1);
    switch (Below(7)) {
      case 0:
        return "(" + one + ")";
      case 1:
        return "-" + one;
      case 2:
        return "(" + one + ")." + Leaf();
      case 3:
        return Call(depth);
      case 4:
        return one;
      default:
        return one + std::string(1, "+-*/^"[Below(5)]) + Expression(depth - 1);
    }
  }

 private:
  std::string_view Of(std::span<const std::string_view> words) {
    return words[Below(words.size())];
  }

  std::string Leaf() {
    static constexpr std::array<std::string_view, 26> kLeaves = {"0",
                                                                 "1",
                                                                 "-1",
                                                                 "31",
                                                                 "9999",
                                                                 "9223372036854775807",
                                                                 "1.5",
                                                                 "2e3",
                                                                 "1E308",
                                                                 "0.0",
                                                                 "n",
                                                                 "l",
                                                                 "r.n",
                                                                 "r.l",
                                                                 "r.name",
                                                                 "u",
                                                                 "text",
                                                                 "@scheduledStartTime",
                                                                 "*secret",
                                                                 "'2012-02-29T23:59:59'",
                                                                 "'7'",
                                                                 "'1 day'",
                                                                 "\"100 Years\"",
                                                                 "'YYYY-MM-dd'",
                                                                 "'it\\'s'",
                                                                 "'Europe/Berlin'"};
    return std::string(Of(kLeaves));
  }

  std::string Call(int depth) {
    const auto functions = AllFunctions();
    const Function& function = functions[Below(functions.size())];
    const bool is_method = Below(2) == 0;
    std::string text = is_method ? "(" + Argument(function, 0, depth) + ")." : "";
    text += std::string(function.name) + "(";
    for (size_t i = is_method ? 1 : 0; i < ArgumentCount(function); ++i) {
      if (text.back() != '(') text += ",";
      text += Argument(function, i, depth);
    }
    return text + ")";
  }

  // Mostly of the kind that is wanted.
  std::string Argument(const Function& function, size_t i, int depth) {
    static constexpr std::array<std::string_view, 3> kTimes = {
        "@scheduledStartTime", "'2012-02-29T23:59:59'", "makeDate(9999,12,31)"};
    static constexpr std::array<std::string_view, 8> kIntegers = {
        "0", "1", "-1", "12", "9000", "9223372036854775807", "*secret", "l"};
    static constexpr std::array<std::string_view, 6> kStrings = {
        "'YYYY-MM-dd E'", "'1 month'", "'2 Weeks'", "'UTC'", "'America/New_York'", "'q'"};
    if (Below(4) == 0) return Expression(depth - 1);
    switch (function.arguments[i]) {
      case ArgumentKind::kDateTime:
        return std::string(Of(kTimes));
      case ArgumentKind::kInteger:
        return std::string(Of(kIntegers));
      case ArgumentKind::kString:
        return std::string(Of(kStrings));
      case ArgumentKind::kNone:
        break;
    }
    return Leaf();
  }

  std::minstd_rand random_;
};

}  // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t size_max,
                                          unsigned int seed) {
  Sentences sentences(seed);
  if (sentences.Below(2) == 0) return LLVMFuzzerMutate(data, size, size_max);
  std::string text(reinterpret_cast<const char*>(data), size);
  const std::string sentence = sentences.Expression(static_cast<int>(sentences.Below(5)));
  const size_t at = sentences.Below(size + 1);
  switch (sentences.Below(3)) {
    case 0:
      text = "#{" + sentence + "}";
      break;
    case 1:
      text.insert(at, sentence);
      break;
    case 2:
      text.replace(at, sentences.Below(size - at + 1), "#{" + sentence + "}");
      break;
  }
  size = std::min(text.size(), size_max);
  std::copy_n(text.data(), size, reinterpret_cast<char*>(data));
  return size;
}

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
