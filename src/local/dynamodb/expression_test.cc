#include <gtest/gtest.h>

#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/expression_parser.h"

namespace penstock::dynamodb {
namespace {

Item ItemOf(std::string_view text) { return *ReadItem(*json::ParseObject(text, 200)); }

Placeholders Given() {
  Placeholders placeholders;
  placeholders.names = {{"#n", "n"}, {"#dot", "a.b"}};
  placeholders.values =
      ItemOf(R"j({":five":{"N":"5"},":six":{"N":"6.0"},":x":{"S":"x"},":S":{"S":"S"},":l":{"L":[]},
      ":b":{"B":"eA=="},":bool":{"BOOL":true},":ss":{"SS":["b","a"]},":nl":{"NULL":true},":m":{"M":{"k":{"S":"x"}}}})j");
  return placeholders;
}

const Item& Sample() {
  static const Item item =
      ItemOf(R"j({"n":{"N":"5"},"s":{"S":"xyz"},"b":{"B":"eHl6"},"ss":{"SS":["a","b"]},
      "l":{"L":[{"S":"x"},{"N":"5"}]},"m":{"M":{"k":{"S":"x"}}},"nl":{"NULL":true},"t":{"BOOL":true},"a.b":{"S":"x"},
      "u":{"S":"é"}})j");
  return item;
}

struct Case {
  std::string_view expression;
  bool matches;
};

class Condition : public testing::TestWithParam<Case> {};

TEST_P(Condition, IsEvaluated) {
  Placeholders placeholders = Given();
  auto parsed = ParseCondition(GetParam().expression, placeholders);
  ASSERT_TRUE(parsed.has_value()) << parsed.error();
  EXPECT_EQ(Matches(parsed->expression, Sample()), GetParam().matches) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(
    Conditions, Condition,
    testing::Values(Case{"n = :five", true}, Case{"#n = :five", true}, Case{"n <> :five", false},
                    Case{"n < :six", true}, Case{"n >= :six", false}, Case{":six > n", true},
                    Case{"n = :x", false}, Case{"n <> :x", true}, Case{"n < :x", false},
                    Case{"zz = :five", false}, Case{"zz <> :five", true}, Case{"zz < :five", false},
                    Case{"n between :five and :six", true}, Case{"n BETWEEN :six AND :six", false},
                    Case{"n IN (:x, :five)", true}, Case{"s IN (:x)", false},
                    Case{"attribute_exists(m.k)", true}, Case{"attribute_exists(m.zz)", false},
                    Case{"attribute_not_exists(l[2])", true}, Case{"l[0] = :x", true},
                    Case{"l[1] = :five", true}, Case{"attribute_type(s, :S)", true},
                    Case{"attribute_type(n, :S)", false}, Case{"begins_with(s, :x)", true},
                    Case{"begins_with(b, :b)", true}, Case{"begins_with(n, :x)", false},
                    Case{"contains(s, :x)", true}, Case{"contains(ss, :x)", false},
                    Case{"contains(l, :five)", true}, Case{"contains(b, :b)", true},
                    Case{"size(s) < :five", true}, Case{"size(ss) = size(l)", true},
                    Case{"size(n) = :five", false}, Case{"ss = :ss", true}, Case{"m = :m", true},
                    Case{"nl = :nl", true}, Case{"t = :bool", true}, Case{"#dot = :x", true},
                    Case{"NOT n = :five", false}, Case{"not (n = :six)", true},
                    Case{"n = :six OR s = :x OR (n = :five AND t = :bool)", true},
                    Case{"n = :five AND s = :x OR t = :bool", true}, Case{"(n) = (:five)", true},
                    Case{"NOT (NOT n = :five)", true}));

struct Mistake {
  std::string_view expression, error;
};

class ConditionMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConditionMistake, IsNamed) {
  Placeholders placeholders = Given();
  auto parsed = ParseCondition(GetParam().expression, placeholders);
  ASSERT_FALSE(parsed.has_value()) << GetParam().expression;
  EXPECT_EQ(parsed.error(), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Conditions, ConditionMistake,
    testing::Values(
        Mistake{"", "The expression can not be empty;"},
        Mistake{"n", "Syntax error; token: \"<EOF>\", near: \"n\""},
        Mistake{"n = ", "Syntax error; token: \"<EOF>\", near: \"=\""},
        Mistake{"n = :five AND", "Syntax error; token: \"<EOF>\", near: \"AND\""},
        Mistake{"n == :five", "Syntax error; token: \"=\", near: \"== :five\""},
        Mistake{"n = 5", "Syntax error; token: \"5\", near: \"= 5\""},
        Mistake{"n ; s", "Syntax error; token: \";\", near: \"n ; s\""},
        Mistake{"(n = :five", "Syntax error; token: \"<EOF>\", near: \":five\""},
        Mistake{"n = :five)", "Syntax error; token: \")\", near: \":five)\""},
        Mistake{"(n) AND s = :x", "Syntax error; token: \"AND\", near: \") AND s\""},
        Mistake{"((n = :five))", "The expression has redundant parentheses;"},
        Mistake{"foo(n)", "Invalid function name; function: foo"},
        Mistake{"size(s)",
                "The function is not allowed to be used this way in an expression; function: size"},
        Mistake{"attribute_exists(n) = :five",
                "The function is not allowed to be used this way in an expression; function: "
                "attribute_exists"},
        Mistake{"name = :x", "Attribute name is a reserved keyword; reserved keyword: name"},
        Mistake{"#zz = :x",
                "An expression attribute name used in the document path is not defined; attribute "
                "name: #zz"},
        Mistake{"n = :zz",
                "An expression attribute value used in expression is not defined; attribute value: "
                ":zz"},
        Mistake{"attribute_exists(n, s)",
                "Incorrect number of operands for operator or function; operator or function: "
                "attribute_exists, number of operands: 2"},
        Mistake{"attribute_exists(:x)",
                "Operator or function requires a document path; operator or function: "
                "attribute_exists"},
        Mistake{"begins_with(s, :five)",
                "Incorrect operand type for operator or function; operator or function: "
                "begins_with, operand "
                "type: N"},
        Mistake{"attribute_type(s, :x)",
                "Invalid attribute type name found; type: x, valid types: "
                "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
        Mistake{"n = n",
                "The first operand must be distinct from the remaining operands for this operator "
                "or function; "
                "operator: =, first operand: [n]"},
        Mistake{"n BETWEEN :six AND :five",
                "The BETWEEN operator requires upper bound to be greater than or equal to lower "
                "bound; lower "
                "bound operand: AttributeValue: {N:6}, upper bound operand: AttributeValue: {N:5}"},
        Mistake{"n BETWEEN :x AND :five",
                "The BETWEEN operator requires same data type for lower and upper bounds; lower "
                "bound operand: "
                "AttributeValue: {S:x}, upper bound operand: AttributeValue: {N:5}"}));

TEST(Condition, BoundsItsSize) {
  Placeholders placeholders = Given();
  std::string many = "n = :five";
  while (many.size() < 4000) many += " OR n = :x";
  EXPECT_NE(ParseCondition(many, placeholders).error().find("too many operators"),
            std::string::npos);
  EXPECT_NE(
      ParseCondition(std::string(5000, 'a'), placeholders).error().find("maximum allowed size"),
      std::string::npos);
  EXPECT_FALSE(ParseCondition(std::string(4000, '('), placeholders).has_value());
  std::string nots;
  while (nots.size() < 4000) nots += "NOT ";
  EXPECT_FALSE(ParseCondition(nots, placeholders).has_value());
}

TEST(Projection, KeepsTheShape) {
  Placeholders placeholders = Given();
  auto paths = ParseProjection("m.k, l[1], #dot, zz, l[7]", placeholders);
  ASSERT_TRUE(paths.has_value());
  std::string json;
  AppendJson(Project(*paths, Sample()), json);
  EXPECT_EQ(json, R"j({"m":{"M":{"k":{"S":"x"}}},"l":{"L":[{"N":"5"}]},"a.b":{"S":"x"}})j");
  EXPECT_EQ(ParseProjection("m, m.k", placeholders).error(),
            "Two document paths overlap with each other; must remove or rewrite one of these "
            "paths; path one: "
            "[m], path two: [m, k]");
  EXPECT_EQ(ParseProjection("m.k, m[0]", placeholders).error(),
            "Two document paths conflict with each other; must remove or rewrite one of these "
            "paths; path one: "
            "[m, k], path two: [m, [0]]");
}

}  // namespace
}  // namespace penstock::dynamodb
