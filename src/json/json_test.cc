#include "json/json.h"

#include <gtest/gtest.h>

namespace penstock::json {
namespace {

TEST(Json, ParsesAndWritesTheSameBytesKeepingOrder) {
  const std::string text = R"({"z":1,"a":[true,null,"é\u0001"],"m":{"x":1.5}})";
  auto value = Parse(text + " \n");
  ASSERT_TRUE(value);
  EXPECT_EQ(Write(*value), text);
}

TEST(Json, WritesNumbersAsPeopleDo) {
  EXPECT_EQ(Write(Array{0.5, 100000.0, 0.0, -2.0, 1e20, 1e-7, 123456.789}),
            "[0.5,100000.0,0.0,-2.0,1e+20,1e-07,123456.789]");
}

TEST(Json, SaysWhereTextIsBroken) {
  for (const char* text : {"", "{", R"({"a":})", R"({"a":1} x)", "[1,]", "\"\xff\"", "{\"a\":1"}) {
    auto value = Parse(text);
    ASSERT_FALSE(value) << text;
    EXPECT_NE(value.error().message.find("at byte"), std::string::npos) << value.error().message;
  }
}

TEST(Json, BoundsDepth) {
  EXPECT_TRUE(Parse(std::string(10, '[') + std::string(10, ']'), 10));
  EXPECT_FALSE(Parse(std::string(11, '[') + std::string(11, ']'), 10));
  EXPECT_FALSE(Parse(std::string(1'000'000, '[')));
}

TEST(Json, GettersNameKeyAndWantedKind) {
  Object object = *ParseObject(R"({"s":"x","n":7,"b":true,"nul":null,"o":{},"d":1.5})");
  EXPECT_EQ(*GetString(object, "s"), "x");
  EXPECT_EQ(*GetInt(object, "n"), 7);
  EXPECT_EQ(*GetBool(object, "b"), true);
  EXPECT_EQ(**OptionalDouble(object, "d"), 1.5);
  EXPECT_FALSE(**OptionalBool(object, "b") == false);
  EXPECT_FALSE(OptionalString(object, "nul")->has_value());
  EXPECT_EQ(GetString(object, "n").error().message, "member \"n\" must be a string, not a number");
  EXPECT_EQ(GetString(object, "gone").error().message,
            "member \"gone\" is missing; it must be a string");
  EXPECT_FALSE(GetInt(object, "d"));
}

TEST(Json, PrettyPrints) {
  EXPECT_EQ(WritePretty(*Parse(R"({"a":[1,{}],"b":{"c":"d"}})")),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": \"d\"\n  }\n}\n");
}

}  // namespace
}  // namespace penstock::json
