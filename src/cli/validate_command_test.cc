#include "cli/validate_command.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace penstock {
namespace {

int Check(ValidateCommand command, std::string* out, std::string* errors) {
  const std::map<std::string, std::string> files = {
      {"good.json", R"({"objects":[{"id":"F","type":"CSV"}]})"},
      {"bad.json",
       "{\"objects\":[\n  {\"id\":\"F\",\"type\":\"CSV\",\n   \"colum\":\"x\",\n   "
       "\"parent\":{\"ref\":\"Gone\"}}],\n"
       "\"parameters\":[{\"id\":\"myX\",\"type\":\"Integer\"}],\"values\":{\"myX\":\"y\"}}"},
      {"broken.json", "{\"objects\":[\n"}};
  command.read = [&](const std::string& name) -> Result<std::string> {
    auto found = files.find(name);
    if (found == files.end()) return NotFound(" there is no such file");
    return found->second;
  };
  std::ostringstream out_stream, error_stream;
  int code = RunValidate(command, out_stream, error_stream);
  *out = out_stream.str();
  *errors = error_stream.str();
  return code;
}

TEST(ValidateCommand, ExitCodesAndLines) {
  std::string out, errors;
  EXPECT_EQ(Check({.files = {"good.json"}}, &out, &errors), 0);
  EXPECT_EQ(out + errors, "");
  EXPECT_EQ(Check({.files = {"good.json", "bad.json"}}, &out, &errors), 1);
  EXPECT_EQ(out,
            "bad.json:3:4: warning: object \"F\" field \"colum\": UNKNOWN_FIELD: CSV has no field "
            "'colum'; did you mean "
            "'column'?\n"
            "bad.json:4:4: error: object \"F\" field \"parent\": INVALID_REFERENCE: 'parent' "
            "refers to 'Gone', but no object "
            "has that id\n"
            "bad.json:5:15: error: parameter \"myX\": INVALID_FIELD_VALUE: 'y' is no Integer; "
            "write a whole number such "
            "as 2\n");
  EXPECT_EQ(Check({.files = {"broken.json", "bad.json", "gone.json"}}, &out, &errors), 2);
  EXPECT_EQ(errors,
            "broken.json:2:1: found the end of the file where a value should be\ngone.json: there "
            "is no such file\n");
  EXPECT_NE(out, "");
}

TEST(ValidateCommand, Json) {
  std::string out, errors;
  EXPECT_EQ(Check({.files = {"good.json"}, .as_json = true}, &out, &errors), 0);
  EXPECT_EQ(out,
            "{\n  \"files\": [\n    {\n      \"file\": \"good.json\",\n      \"valid\": true,\n    "
            "  \"problems\": []\n    }\n  ]\n}\n");
}

TEST(ValidateCommand, Colors) {
  std::string out, errors;
  Check({.files = {"bad.json"}, .color = true}, &out, &errors);
  EXPECT_NE(out.find("\033[1;31merror:\033[0m"), std::string::npos);
}

TEST(ValidateCommand, ParameterArguments) {
  EXPECT_EQ(*ParseParameterArgument("myX=a=b"), (ParameterValue{"myX", "a=b"}));
  EXPECT_FALSE(ParseParameterArgument("myX"));
  EXPECT_FALSE(ParseParameterArgument("=x"));
}

}  // namespace
}  // namespace penstock
