#include "service/definition_json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace penstock {
namespace {

rc::Gen<std::string> Word() { return rc::gen::container<std::string>(rc::gen::inRange('a', 'z')); }

rc::Gen<Definition> AnyDefinition() {
  auto field =
      rc::gen::build<Field>(rc::gen::set(&Field::key, Word()), rc::gen::set(&Field::value, Word()),
                            rc::gen::set(&Field::is_ref));
  auto object = rc::gen::build<PipelineObject>(
      rc::gen::set(&PipelineObject::id, Word()), rc::gen::set(&PipelineObject::name, Word()),
      rc::gen::set(&PipelineObject::fields, rc::gen::container<std::vector<Field>>(field)));
  auto attribute =
      rc::gen::build<ParameterAttribute>(rc::gen::set(&ParameterAttribute::key, Word()),
                                         rc::gen::set(&ParameterAttribute::value, Word()));
  auto parameter = rc::gen::build<ParameterObject>(
      rc::gen::set(&ParameterObject::id, Word()),
      rc::gen::set(&ParameterObject::attributes,
                   rc::gen::container<std::vector<ParameterAttribute>>(attribute)));
  auto value = rc::gen::build<ParameterValue>(rc::gen::set(&ParameterValue::id, Word()),
                                              rc::gen::set(&ParameterValue::value, Word()));
  return rc::gen::build<Definition>(
      rc::gen::set(&Definition::objects, rc::gen::container<std::vector<PipelineObject>>(object)),
      rc::gen::set(&Definition::parameters,
                   rc::gen::container<std::vector<ParameterObject>>(parameter)),
      rc::gen::set(&Definition::values, rc::gen::container<std::vector<ParameterValue>>(value)));
}

RC_GTEST_PROP(DefinitionJson, WhatIsWrittenReadsBack, ()) {
  Definition definition = *rc::gen::resize(12, AnyDefinition());
  json::Object written = json::ParseObject(json::Write(DefinitionJson(definition))).value();
  RC_ASSERT(ParseDefinition(written) == definition);
}

TEST(DefinitionJson, AFieldIsAStringOrAReference) {
  auto check = [](std::string_view field) {
    return CheckFieldValues(json::ParseObject(R"({"pipelineObjects": [{"id": "A", "name": "A",
        "fields": [)" + std::string(field) + "]}]}")
                                .value());
  };
  EXPECT_TRUE(check(R"({"key": "a", "stringValue": "s"}, {"key": "b", "refValue": "r"})"));
  EXPECT_TRUE(check(R"({"key": "a", "stringValue": null, "refValue": "r"})"));
  auto both = check(R"({"key": "a", "stringValue": "s", "refValue": "r"})");
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().type, "InvalidRequestException");
}

TEST(DefinitionJson, AReferenceWinsOverAString) {
  json::Object request =
      json::ParseObject(
          R"({"fields": [{"key": "a", "stringValue": "s", "refValue": "r"}, {"key": "b"}]})")
          .value();
  EXPECT_EQ(ParseFields(request, "fields"),
            (std::vector<Field>{{"a", "r", true}, {"b", "", false}}));
}

}  // namespace
}  // namespace penstock
