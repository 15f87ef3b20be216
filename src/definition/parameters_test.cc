#include "definition/parameters.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "definition/definition_for_test.h"

namespace penstock {
namespace {

/// A pipeline whose one activity runs #{myCmd}, with these declarations and values.
Definition WithParameters(std::string_view parameters, std::string_view values = "") {
  return FromFile(fmt::format(
      R"({{"objects":[{{"id":"Default","scheduleType":"ondemand","pipelineLogUri":"s3://b/logs"}},
         {{"id":"A","type":"ShellCommandActivity","command":"#{{myCmd}}","workerGroup":"g"}}],
         "parameters":[{}],"values":{{{}}}}})",
      parameters, values));
}

std::string Checked(const Definition& definition, const ValidateOptions& options = {}) {
  return Shown(Validate(definition, options));
}

TEST(Parameters, LaterValuesReplaceEarlierOnes) {
  const Definition definition = WithParameters(
      R"({"id":"myA","default":"d"},{"id":"myB","default":"d"},{"id":"myC","default":["d","e"]},
         {"id":"myD","default":"d"},{"id":"myE"})",
      R"("myB":"v","myC":["v","w"],"myD":"","*mySecret":"s")");
  const Parameters parameters =
      Parameters::Of(definition, {{"myC", "1"}, {"myC", "2"}, {"myB", ""}, {"myF", "x"}});
  const std::pair<const char*, const char*> cases[] = {
      {"myA", "d"}, {"myB", "v"}, {"myC", "1|2"},    {"myD", "d"},
      {"myE", ""},  {"myF", "x"}, {"*mySecret", "s"}};
  for (const auto& [id, values] : cases)
    EXPECT_EQ(Join(parameters.Find(id)->values, "|"), values) << id;
  EXPECT_TRUE(parameters.Find("myE")->declared);
  EXPECT_FALSE(parameters.Find("myF")->declared);
  EXPECT_TRUE(parameters.Find("*mySecret")->secret);
  EXPECT_EQ(parameters.Find("myG"), nullptr);
}

TEST(Parameters, SaysWhatIsWrong) {
  struct Case {
    const char* parameters;
    const char* values;
    const char* problems;
    Moment moment = Moment::kPut;
  };
  constexpr auto kPlain = R"({"id":"myCmd","type":"String"})";
  const Case cases[] = {
      {kPlain, "",
       "warning myCmd: MISSING_REQUIRED_FIELD: has no value yet: it must be given with the "
       "activation\n"},
      {kPlain, "",
       "error myCmd: MISSING_REQUIRED_FIELD: needs a value: give one on activation, in 'values', "
       "or declare a default\n",
       Moment::kActivate},
      {kPlain, R"("myCmd":"x")", "", Moment::kActivate},
      {kPlain, R"("myCmd":["x","y"])",
       "error myCmd: INVALID_FIELD_VALUE: has 2 values but is no array; set isArray to true\n",
       Moment::kActivate},
      {R"({"id":"myCmd","type":"Integer"})", R"("myCmd":"x")",
       "error myCmd: INVALID_FIELD_VALUE: 'x' is no Integer; write a whole number such as 2\n"},
      {R"({"id":"myCmd","type":"Double","default":"lots"})", "",
       "error myCmd: INVALID_FIELD_VALUE: 'lots' is no Double; write a number such as 0.25\n"},
      {R"({"id":"myCmd","type":"aws::s3::objectkey"})", R"("myCmd":"/tmp")",
       "error myCmd: INVALID_FIELD_VALUE: '/tmp' is no AWS::S3::ObjectKey; write an address such "
       "as s3://bucket/folder\n"},
      {R"({"id":"myCmd","allowedValues":["a","b"]})", R"("myCmd":"c")",
       "error myCmd: INVALID_FIELD_VALUE: 'c' is not one of the allowed values: a, b\n"},
      {R"({"id":"myCmd","allowedValues":"a, b"})", R"("myCmd":"b")", ""},
      {R"({"id":"myCmd","type":"Strin"})", R"("myCmd":"b")",
       "error myCmd.type: INVALID_TYPE: unknown parameter type 'Strin'; write String, Integer, "
       "Double or AWS::S3::ObjectKey (did you mean String?)\n"},
      {R"({"id":"myCmd"},{"id":"notMine"})", R"("myCmd":"b","notMine":"x")",
       "error notMine.id: INVALID_FIELD_VALUE: a parameter's id must begin with 'my' and a "
       "capital, or '*my' for a secret, e.g. 'myBucket'\n"},
      {R"({"id":"myCmd","default":"x"},{"id":"myCmd"})", "",
       "error myCmd: INVALID_FIELD_VALUE: is declared more than once; the first declaration "
       "counts\n"},
      {R"({"id":"myCmd","default":"x","optional":"perhaps"})", "",
       "error myCmd.optional: INVALID_FIELD_VALUE: must be true or false, not 'perhaps'\n"},
      // A secret's value is in no message.
      {R"({"id":"myCmd","default":"x"},{"id":"*myPin","type":"Integer"})", R"("*myPin":"hunter2")",
       "error *myPin: INVALID_FIELD_VALUE: the secret value is no Integer; write a whole number "
       "such as 2\n"},
      // Values of undeclared parameters are fine, slips in their names are not.
      {"", R"("myCmd":"x","myOther":"y")", "", Moment::kActivate},
      {kPlain, R"("myCmdd":"x")",
       "warning myCmd: MISSING_REQUIRED_FIELD: has no value yet: it must be given with the "
       "activation\n"
       "warning myCmdd: INVALID_FIELD_VALUE: no parameter 'myCmdd' is declared and no expression "
       "uses it; did you mean 'myCmd'?\n"},
      // An optional one without a value takes its field away.
      {R"({"id":"myCmd","optional":"true"})", "", ""},
      {R"({"id":"myCmd","optional":"true"})", "",
       "error A.command: MISSING_REQUIRED_FIELD: ShellCommandActivity needs 'command' or "
       "'scriptUri'\n",
       Moment::kActivate},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Checked(WithParameters(c.parameters, c.values), {.moment = c.moment}), c.problems)
        << c.parameters << " " << c.values;
  }
}

TEST(Parameters, AwsLimits) {
  const ValidateOptions aws = {.limits = AwsLimits()};
  std::string parameters = R"({"id":"myCmd","default":"x"})";
  for (int i = 1; i < 50; ++i) parameters += fmt::format(R"(,{{"id":"my{}","default":"x"}})", i);
  EXPECT_EQ(Checked(WithParameters(parameters), aws), "");
  parameters += R"(,{"id":"my50","default":"x"})";
  EXPECT_EQ(Checked(WithParameters(parameters), aws),
            "error : LIMIT_EXCEEDED: 51 parameters are declared; at most 50 are allowed\n");
  EXPECT_EQ(Checked(WithParameters(parameters)), "");

  // Five bytes of the id, 15,355 of the value.
  const std::string most(15 * 1024 - 5, 'x');
  const Definition full = WithParameters("", fmt::format(R"("myCmd":"{}")", most));
  EXPECT_EQ(Checked(full, aws), "");
  const Definition over = WithParameters("", fmt::format(R"("myCmd":"{}x")", most));
  EXPECT_EQ(Checked(over, aws),
            "error : LIMIT_EXCEEDED: the parameter values have 15361 bytes; at most 15360 are "
            "allowed\n");
  EXPECT_EQ(Checked(over), "");
  ValidateOptions activation = {
      .moment = Moment::kActivate, .limits = AwsLimits(), .activation_values = {{"myCmd", most}}};
  EXPECT_EQ(Checked(WithParameters(""), activation), "");
  activation.activation_values[0].value += 'x';
  EXPECT_EQ(Checked(WithParameters(""), activation),
            "error : LIMIT_EXCEEDED: the activation's parameter values have 15361 bytes; at most "
            "15360 are allowed\n");
}

}  // namespace
}  // namespace penstock
