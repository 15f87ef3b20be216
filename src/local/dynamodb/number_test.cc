#include "local/dynamodb/number.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>

namespace penstock::dynamodb {
namespace {

using boost::multiprecision::cpp_int;

struct Spelling {
  std::string_view text, normal;
};

class NumberSpelling : public testing::TestWithParam<Spelling> {};

TEST_P(NumberSpelling, IsBroughtToNormalForm) {
  auto number = Number::Parse(GetParam().text);
  ASSERT_TRUE(number.has_value()) << GetParam().text;
  EXPECT_EQ(number->ToString(), GetParam().normal);
}

const std::string kMax = "99999999999999999999999999999999999999" + std::string(88, '0');
const std::string kMin = "0." + std::string(129, '0') + "1";

INSTANTIATE_TEST_SUITE_P(
    Spellings, NumberSpelling,
    testing::Values(
        Spelling{"0", "0"}, Spelling{"-0", "0"}, Spelling{"0.0", "0"}, Spelling{"0E+999999", "0"},
        Spelling{"-0.00e-99999999999999999999", "0"}, Spelling{"+5", "5"}, Spelling{".5", "0.5"},
        Spelling{"5.", "5"}, Spelling{"00012.3400", "12.34"}, Spelling{"1e2", "100"},
        Spelling{"1E+2", "100"}, Spelling{"1000e-1", "100"}, Spelling{"-1.5E-3", "-0.0015"},
        Spelling{"10", "10"}, Spelling{"123.4", "123.4"}, Spelling{"0.001", "0.001"},
        Spelling{"12345678901234567890123456789012345678",
                 "12345678901234567890123456789012345678"},
        Spelling{"9.9999999999999999999999999999999999999E+125", kMax}, Spelling{"1E-130", kMin}));

struct Refusal {
  std::string_view text;
  Number::Fault fault;
};

class NumberRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(NumberRefusal, NamesTheFault) {
  auto number = Number::Parse(GetParam().text);
  ASSERT_FALSE(number.has_value()) << GetParam().text;
  EXPECT_EQ(number.error(), GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(
    Refusals, NumberRefusal,
    testing::Values(
        Refusal{"", Number::Fault::kNotANumber}, Refusal{"-", Number::Fault::kNotANumber},
        Refusal{".", Number::Fault::kNotANumber}, Refusal{"e5", Number::Fault::kNotANumber},
        Refusal{"1e", Number::Fault::kNotANumber}, Refusal{"1e+", Number::Fault::kNotANumber},
        Refusal{" 1", Number::Fault::kNotANumber}, Refusal{"1 ", Number::Fault::kNotANumber},
        Refusal{"1,000", Number::Fault::kNotANumber}, Refusal{"0x10", Number::Fault::kNotANumber},
        Refusal{"NaN", Number::Fault::kNotANumber}, Refusal{"Infinity", Number::Fault::kNotANumber},
        Refusal{"1.2.3", Number::Fault::kNotANumber}, Refusal{"--1", Number::Fault::kNotANumber},
        Refusal{"1E126", Number::Fault::kOverflow},
        Refusal{"-1e99999999999999999999999", Number::Fault::kOverflow},
        Refusal{"9E-131", Number::Fault::kUnderflow},
        Refusal{"123456789012345678901234567890123456789", Number::Fault::kTooManyDigits},
        Refusal{"1.00000000000000000000000000000000000001", Number::Fault::kTooManyDigits}));

struct Size {
  std::string_view text;
  size_t size;
};

TEST(Number, CountsBase100Digits) {
  for (const auto& [text, size] :
       std::initializer_list<Size>{{"0", 1},
                                   {"1", 2},
                                   {"-1", 3},
                                   {"12", 2},
                                   {"100", 2},
                                   {"1234", 3},
                                   {"123.4", 4},
                                   {"0.5", 2},
                                   {"0.01", 2},
                                   {"0.001", 2},
                                   {"0.0123", 3},
                                   {"1E125", 2},
                                   {"-1E-130", 3},
                                   {"12345678901234567890123456789012345678", 20},
                                   {"1234567890123456789012345678901234567.8", 21}}) {
    EXPECT_EQ(Number::Parse(text)->StoredSize(), size) << text;
  }
}

/// A number and the same scaled to an integer: value * 10^170.
struct NumberSample {
  Number number;
  cpp_int scaled;
};

NumberSample DrawSample() {
  int digits = *rc::gen::inRange(1, 39);
  std::string text;
  for (int i = 0; i < digits; ++i)
    text.push_back(static_cast<char>('0' + *rc::gen::inRange(0, 10)));
  text[0] = static_cast<char>('0' + *rc::gen::inRange(1, 10));
  int exponent = *rc::gen::oneOf(rc::gen::inRange(-130, 126 - digits), rc::gen::inRange(-3, 4));
  bool negative = *rc::gen::arbitrary<bool>();
  auto number = Number::Parse((negative ? "-" : "") + text + "e" + std::to_string(exponent));
  RC_PRE(number.has_value());
  cpp_int scaled(text);
  scaled *= boost::multiprecision::pow(cpp_int(10), static_cast<unsigned>(exponent + 170));
  if (negative) scaled = -scaled;
  return {*number, scaled};
}

RC_GTEST_PROP(NumberProperty, OrderIsNumericAndSortableBytesAgree, ()) {
  NumberSample a = DrawSample(), b = DrawSample();
  RC_ASSERT((a.number < b.number) == (a.scaled < b.scaled));
  RC_ASSERT((a.number == b.number) == (a.scaled == b.scaled));
  std::string x, y;
  a.number.AppendSortable(x);
  b.number.AppendSortable(y);
  RC_ASSERT((x < y) == (a.scaled < b.scaled));
  RC_ASSERT(x == y || (!x.starts_with(y) && !y.starts_with(x)));
}

RC_GTEST_PROP(NumberProperty, NormalTextTellsTheStoredSize, ()) {
  const NumberSample sample = DrawSample();
  const std::string text = sample.number.ToString();
  const auto size = Number::StoredSizeOfNormal(text);
  RC_ASSERT(size.has_value() == (text.size() - text.starts_with('-') <= Number::kDigitsMax));
  RC_ASSERT(!size || *size == sample.number.StoredSize());
}

TEST(Number, TellsNoSizeOfWhatIsNotNormal) {
  for (std::string_view text : {"", "-", "-0", "00", "01", "1.", "1.0", "0.10", ".5", "+1", "1e1",
                                " 1", "1 ", "1.2.3", "x", "--1", "-.5", "0.0", "1_0"}) {
    EXPECT_FALSE(Number::StoredSizeOfNormal(text)) << text;
  }
}

RC_GTEST_PROP(NumberProperty, TextAndSortableBytesReadBack, ()) {
  NumberSample a = DrawSample();
  RC_ASSERT(*Number::Parse(a.number.ToString()) == a.number);
  std::string bytes;
  a.number.AppendSortable(bytes);
  bytes += "rest";
  std::string_view in = bytes;
  RC_ASSERT(*Number::ReadSortable(in) == a.number);
  RC_ASSERT(in == "rest");
}

RC_GTEST_PROP(NumberProperty, SumsAreExactOrRefused, ()) {
  NumberSample a = DrawSample(), b = DrawSample();
  auto sum = Number::Add(a.number, b.number);
  cpp_int expected = a.scaled + b.scaled;
  if (!sum) {
    cpp_int digits = abs(expected);
    while (digits != 0 && digits % 10 == 0) digits /= 10;
    RC_ASSERT(digits.str().size() > 38u ||
              abs(expected) >= boost::multiprecision::pow(cpp_int(10), 296));
    return;
  }
  // Compare through a third number: sum - b == a.
  auto back = Number::Add(*sum, b.number.Negated());
  RC_ASSERT(back.has_value() && *back == a.number);
  RC_ASSERT((*sum < Number()) == (expected < 0));
}

}  // namespace
}  // namespace penstock::dynamodb
