#include "expr/expression.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "expr/function_table.h"
#include "expr/nearest_word.h"

namespace penstock::expr {
namespace {

// The guide's reference value: a Tuesday.
const Instant kGuideTime = *ParseDateTime("2011-05-24T17:10:00");

class TableScope : public Scope {
 public:
  std::map<std::string, Value, std::less<>> names = {
      {"@scheduledStartTime", Value(kGuideTime)},
      {"myDateTime", Value(kGuideTime)},
      {"text", "hello"},
      {"number", "5"},
      {"myList", List{"one", "two"}},
      {"numbers", List{1, 2, 3}},
      {"*password", Value(std::string("hunter2"), true)},
      {"input", Reference{"Table"}},
      {"inputs", List{Reference{"Table"}, Reference{"Other"}}},
  };

  Outcome<Value> Name(std::string_view name) override {
    auto found = names.find(name);
    if (found != names.end()) return found->second;
    return Failure{Failure::Kind::kUnknownName, 0, "no " + std::string(name)};
  }
  Outcome<Value> Member(const Reference& object, std::string_view name) override {
    return Value(object.id + "/" + std::string(name));
  }
};

std::string Shown(const Outcome<Value>& value) {
  if (!value)
    return "error at " + std::to_string(value.error().offset) + ": " + value.error().message;
  if (const List* list = value->AsList()) {
    std::string text = "[";
    for (const Value& element : *list) text += (text.size() > 1 ? "|" : "") + ToText(element);
    return text + "]";
  }
  return ToText(*value);
}

std::string Evaluated(std::string_view text) {
  TableScope scope;
  auto parsed = Text::Parse(text);
  if (!parsed) return Shown(Outcome<Value>(parsed.error()));
  return Shown(parsed->Evaluate(scope));
}

TEST(Expression, Evaluates) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"${INPUT1_STAGING_DIR}/*", "${INPUT1_STAGING_DIR}/*"},
      {"#", "#"},
      {"#{1 + 2}", "3"},
      {"#{1.0 + 2.0}", "3.0"},
      {"#{'hello ' + 'world'}", "hello world"},
      {"#{1 - 2}", "-1"},
      {"#{1 * 2}", "2"},
      {"#{1 / 2}", "0"},
      {"#{-7 / 2}", "-3"},
      {"#{1.0 / 2}", "0.5"},
      {"#{2 ^ 2}", "4.0"},
      {"#{2 ^ 3 ^ 2}", "512.0"},
      {"#{-2 ^ 2}", "4.0"},
      {"#{- - 3}", "3"},
      {"#{2 + 3 * 4}", "14"},
      {"#{(2 + 3) * 4}", "20"},
      {"#{10 - 4 - 3}", "3"},
      {"#{number * 2}", "10"},
      {"#{number+1}", "51"},
      {"#{'a' + 1 + 2.5}", "a12.5"},
      {"#{1e3}", "1000.0"},
      {"#{1E10 * 1.0}", "1.0E10"},
      {"#{.5}", "0.5"},
      {"x#{text}y#{'}'}z", "xhelloy}z"},
      {R"(#{"it's" + 'a \'q\''})", "it'sa 'q'"},
      {R"(#{'a\\b\n'})", R"(a\b\n)"},
      {"#{@scheduledStartTime}", "2011-05-24T17:10:00"},
      {"#{@scheduledStartTime + ''}", "2011-05-24T17:10:00"},
      {"#{format(@scheduledStartTime, 'YYYY-MM-dd-HH-mm-ss')}", "2011-05-24-17-10-00"},
      {"#{@scheduledStartTime.format('YYYY-MM-dd-hh:mm')}", "2011-05-24-05:10"},
      {"#{minusDays(@scheduledStartTime,1).plusHours(2).format('dd HH')}", "23 19"},
      {"#{year(myDateTime)} #{month(myDateTime)} #{day(myDateTime)}", "2011 5 24"},
      {"#{dayOfYear(myDateTime)} #{hour(myDateTime)} #{minute(myDateTime)}", "144 17 10"},
      {"#{makeDate(2011,5,24)}", "2011-05-24T00:00:00"},
      {"#{makeDateTime(2011,5,24,14,21)}", "2011-05-24T14:21:00"},
      {"#{midnight(myDateTime)}", "2011-05-24T00:00:00"},
      {"#{yesterday(myDateTime)}", "2011-05-23T17:10:00"},
      {"#{sunday(myDateTime)}", "2011-05-22T17:10:00"},
      {"#{firstOfMonth(myDateTime)}", "2011-05-01T17:10:00"},
      {"#{minusMonths(makeDate(2011,3,31),1)}", "2011-02-28T00:00:00"},
      {"#{plusMonths(makeDate(2011,1,31),1)}", "2011-02-28T00:00:00"},
      {"#{plusYears(makeDate(2012,2,29),1)} #{minusYears(myDateTime,1)}",
       "2013-02-28T00:00:00 2010-05-24T17:10:00"},
      {"#{plusWeeks(myDateTime,1)} #{minusWeeks(myDateTime,1)}",
       "2011-05-31T17:10:00 2011-05-17T17:10:00"},
      {"#{plusMinutes(myDateTime,'5')} #{minusMinutes(myDateTime,15)}",
       "2011-05-24T17:15:00 2011-05-24T16:55:00"},
      {"#{minusHours(myDateTime,18)} #{plusDays(myDateTime,-1)}",
       "2011-05-23T23:10:00 2011-05-23T17:10:00"},
      {"#{plusPeriod(myDateTime,\"1 day\")} #{minusPeriod(myDateTime,'2 Weeks')}",
       "2011-05-25T17:10:00 2011-05-10T17:10:00"},
      {"#{format('2011-05-24T17:10:00', 'E')}", "Tue"},
      {"#{inTimeZone(myDateTime,'America/Los_Angeles')}", "2011-05-24T10:10:00"},
      {"#{input}", "Table"},
      {"#{input.tableName}", "Table/tableName"},
      {"#{inputs.tableName}", "[Table/tableName|Other/tableName]"},
      {"#{2*number}", "10"},
      {"#{'this is ' + myList}", "[this is one|this is two]"},
      {"#{myList}", "[one|two]"},
      {"a #{myList}!", "[a one!|a two!]"},
      {"#{myList}#{numbers}", "[one1|one2|one3|two1|two2|two3]"},
      {"#{numbers * 2}", "[2|4|6]"},
      {"#{-numbers}", "[-1|-2|-3]"},
      {"#{plusDays(myDateTime, numbers)}",
       "[2011-05-25T17:10:00|2011-05-26T17:10:00|2011-05-27T17:10:00]"},
  };
  for (const auto& [text, result] : cases) EXPECT_EQ(Evaluated(text), result) << text;
}

TEST(Expression, SaysWhereAndWhat) {
  const std::pair<const char*, const char*> cases[] = {
      {"ab#{1 + ", "error at 2: '#{' has no closing '}'"},
      {"ab#{", "error at 2: '#{' has no closing '}'"},
      {"#{}", "error at 2: found '}' where a value should be"},
      {"#{1 2}", "error at 4: found '2' where an operator or the end of the expression should be"},
      {"#{'abc}", "error at 2: the string that begins here has no closing '"},
      {"#{a & b}", "error at 4: unexpected '&'"},
      {"#{fromat(myDateTime, 'YYYY')}",
       "error at 2: there is no function 'fromat'; did you mean 'format'?"},
      {"#{year()}", "error at 2: year(DateTime) takes 1 argument, not 0"},
      {"#{year(text)}",
       "error at 2: year(DateTime): argument 1 must be a DateTime, not a string ('hello')"},
      {"#{year(*password)}",
       "error at 2: year(DateTime): argument 1 must be a DateTime, not a string"},
      {"#{1 + nothing}", "error at 6: no nothing"},
      {"#{1 / 0}", "error at 2: division by zero"},
      {"#{1.5 / 0}", "error at 2: division by zero"},
      {"#{9223372036854775807 + 1}",
       "error at 2: 9223372036854775807 + 1 is out of the range of integers"},
      {"#{-(-9223372036854775807 - 1)}",
       "error at 2: 0 - -9223372036854775808 is out of the range of integers"},
      {"#{99999999999999999999}", "error at 2: the number 99999999999999999999 is out of range"},
      {"#{text * 2}", "error at 2: '*' needs numbers, not a string"},
      {"#{text.field}", "error at 7: '.field' needs a reference before it, not a string"},
      {"#{makeDate(2011,2,29)}", "error at 2: makeDate: there is no time 2011-02-29 00:00"},
      {"#{format(myDateTime, 'q')}",
       "error at 2: format: 'q' at offset 0 of the date pattern 'q' is no pattern letter; put text "
       "in single quotes"},
      {"#{plusYears(myDateTime, 9000)}",
       "error at 2: plusYears: the result lies outside the years -9999 to 9999"},
      {"#{plusDays(myDateTime, 9223372036854775807)}",
       "error at 2: plusDays: the result lies outside the years -9999 to 9999"},
      {"#{10 ^ 400}", "error at 2: 10.0 ^ 400.0 is no finite number"},
  };
  for (const auto& [text, message] : cases) EXPECT_EQ(Evaluated(text), message) << text;
}

TEST(Expression, BoundsDepthSizeAndLists) {
  std::string deep = "#{" + std::string(5000, '(') + "1" + std::string(5000, ')') + "}";
  EXPECT_EQ(Text::Parse(deep).error().kind, Failure::Kind::kTooMuch);
  std::string chain = "#{input";
  for (int i = 0; i < 100'000; ++i) chain += ".f";
  EXPECT_EQ(Text::Parse(chain + "}").error().kind, Failure::Kind::kTooMuch);
  std::string sum = "#{1";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  EXPECT_EQ(Evaluated(sum + "}"), "100001");
  EXPECT_EQ(Evaluated("#{" + std::string(100'000, '-') + "1}"), "1");
  EXPECT_EQ(Text::Parse(sum + sum.substr(3) + "}").error().message,
            "the text has more than 200000 values");
  std::string pieces;
  for (int i = 0; i < 200'001; ++i) pieces += "#{1}";
  EXPECT_EQ(Text::Parse(pieces).error().offset, pieces.size() - 2);

  TableScope scope;
  List many(200, Value("x"));
  scope.names["many"] = Value(many);
  EXPECT_EQ(Text::Parse("#{many}#{many}#{many}")->Evaluate(scope).error().kind,
            Failure::Kind::kTooMuch);
  scope.names["large"] = Value(std::string(11 << 20, 'x'));
  EXPECT_EQ(Text::Parse("#{large + large}")->Evaluate(scope).error().kind, Failure::Kind::kTooMuch);
}

TEST(Expression, CarriesTheTaint) {
  TableScope scope;
  for (const char* text :
       {"#{*password}", "a#{*password}b", "#{'x' + *password}", "#{myList + *password}"}) {
    EXPECT_TRUE(IsSecret(*Text::Parse(text)->Evaluate(scope))) << text;
  }
  EXPECT_FALSE(IsSecret(*Text::Parse("#{text}")->Evaluate(scope)));
  EXPECT_EQ(Evaluated("#{2 **password}"), "error at 2: '*' needs numbers, not a string");
}

TEST(Expression, TellsTheNamesItUses) {
  auto names =
      Text::Parse("a#{input.tableName + format(@scheduledStartTime, 'YYYY')}#{*myX}#{f.g.@id}")
          ->Names();
  ASSERT_EQ(names.size(), 4u);
  EXPECT_EQ(names[0], (NameUse{{"input", "tableName"}, 3}));
  EXPECT_EQ(names[1].path, (std::vector<std::string>{"@scheduledStartTime"}));
  EXPECT_EQ(names[2].path, (std::vector<std::string>{"*myX"}));
  EXPECT_EQ(names[3].path, (std::vector<std::string>{"f", "g", "@id"}));
  EXPECT_EQ(Text::Parse("#{myX}")->SingleName(), "myX");
  EXPECT_EQ(Text::Parse("#{myX} ")->SingleName(), "");
  EXPECT_EQ(Text::Parse("#{myX.y}")->SingleName(), "");
}

TEST(Expression, PrintsANormalForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"a#{1+2*3}b", "a#{1 + 2 * 3}b"},
      {"#{(1+2)*3}", "#{(1 + 2) * 3}"},
      {"#{--(-1)}", "#{-1}"},
      {"#{-(-(-(-n)))}", "#{--n}"},
      {"#{(-2)^2}", "#{-2 ^ 2}"},
      {"#{-(2^2)}", "#{-(2 ^ 2)}"},
      {"#{\"it's\"}", R"(#{'it\'s'})"},
      {"#{(2).format('y')}", "#{(2).format('y')}"},
      {"#{format( x ,'y')}", "#{format(x, 'y')}"},
  };
  for (const auto& [text, printed] : cases) {
    EXPECT_EQ(Text::Parse(text)->Print(), printed) << text;
    EXPECT_EQ(Text::Parse(printed)->Print(), printed) << text;
  }
}

TEST(Expression, BareExpressions) {
  TableScope scope;
  EXPECT_EQ(Shown(Text::ParseBare("makeDate(2011,5,24)")->Evaluate(scope)), "2011-05-24T00:00:00");
  EXPECT_EQ(Text::ParseBare("1 +").error().message, "the expression ends where a value should be");
  EXPECT_FALSE(Text::ParseBare("1}"));
}

TEST(Value, DoublesAreWrittenAsJavaDoes) {
  const std::pair<double, const char*> cases[] = {{0, "0.0"},
                                                  {-0.0, "-0.0"},
                                                  {1, "1.0"},
                                                  {0.5, "0.5"},
                                                  {100, "100.0"},
                                                  {0.001, "0.001"},
                                                  {0.0001, "1.0E-4"},
                                                  {1234567, "1234567.0"},
                                                  {9999999, "9999999.0"},
                                                  {1e7, "1.0E7"},
                                                  {1.5e-5, "1.5E-5"},
                                                  {-123.25, "-123.25"},
                                                  {1e21, "1.0E21"},
                                                  {0.1 + 0.2, "0.30000000000000004"}};
  for (const auto& [number, text] : cases) EXPECT_EQ(JavaDoubleText(number), text);
}

TEST(NearestWord, FindsSlipsAndParts) {
  constexpr std::string_view kWords[] = {"HiveActivity", "EmrActivity",    "EmrCluster", "command",
                                         "topicArn",     "attemptTimeout", "format",     "hour",
                                         "initTimeout",  "maximumRetries", "formats"};
  const std::pair<const char*, const char*> cases[] = {
      {"emrActivty", "EmrActivity"},
      {"comand", "command"},
      {"Banana", ""},
      {"topic", "topicArn"},
      {"RETRIES", "maximumRetries"},
      {"formatDate", "format"},
      {"timeout", "initTimeout"},
      {"hive", "HiveActivity"},
      {"Emr", ""},
      {"inHours", ""},
      {"formatt", "format"},
  };
  for (const auto& [written, word] : cases) {
    NearestWord nearest(written);
    for (std::string_view candidate : kWords) nearest.Offer(candidate);
    EXPECT_EQ(nearest.word(), word) << written;
  }
}

// Random trees as text, in brackets where needed or not.
std::string RandomExpression(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 9 : 4)) {
    case 0:
      return std::to_string(*rc::gen::inRange(0, 100));
    case 1:
      return *rc::gen::element<std::string>("text", "@scheduledStartTime", "number", "*password",
                                            "myList");
    case 2:
      return *rc::gen::element<std::string>("'it\\'s'", "\"}\"", "'\\\\'", "''");
    case 3:
      return *rc::gen::element<std::string>("1.5", "2e3", ".25", "input.a.b");
    case 4:
      return "(" + RandomExpression(depth - 1) + ")";
    case 5:
      return "-" + RandomExpression(depth - 1);
    case 6:
      return "year(" + RandomExpression(depth - 1) + ")";
    case 7:
      return "(" + RandomExpression(depth - 1) + ").format('YYYY')";
    default:
      return RandomExpression(depth - 1) + " " +
             *rc::gen::element<std::string>("+", "-", "*", "/", "^") + " " +
             RandomExpression(depth - 1);
  }
}

RC_GTEST_PROP(Expression, PrintsAndParsesToTheSame, ()) {
  std::string text = "x#{" + RandomExpression(5) + "}y";
  auto parsed = Text::Parse(text);
  RC_ASSERT(parsed.has_value());
  std::string printed = parsed->Print();
  auto again = Text::Parse(printed);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->Print() == printed);
  TableScope scope;
  auto a = parsed->Evaluate(scope), b = again->Evaluate(scope);
  RC_ASSERT(a.has_value() == b.has_value());
  if (a) RC_ASSERT(*a == *b);
}

}  // namespace
}  // namespace penstock::expr
