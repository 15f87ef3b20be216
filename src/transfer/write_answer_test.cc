#include "transfer/write_answer.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(WriteAnswer, IsReadInOnePass) {
  const struct {
    const char* body;
    const char* unprocessed;
    double units;
  } cases[] = {
      {"{}", "", -1},
      {R"({"UnprocessedItems":{}})", "", -1},
      {R"({"UnprocessedItems":null,"ConsumedCapacity":null})", "", -1},
      {R"({"ConsumedCapacity":[{"TableName":"T","CapacityUnits":25.0}],"UnprocessedItems":{}})", "",
       25},
      {R"({ "UnprocessedItems" : {"T":[{"}":"]"}]} , "ConsumedCapacity":{"CapacityUnits":1}} )",
       R"({"T":[{"}":"]"}]})", 1},
      {R"({"Attributes":{"a":{"S":"\"}"}},"ItemCollectionMetrics":{"x":[0.5,true]}})", "", -1},
      // Names are JSON strings, however they are spelt.
      {R"({"\u0055nprocessedItems":{"T":[1]},"é\n":2})", R"({"T":[1]})", -1},
      // Of a member that is there twice the last counts.
      {R"({"UnprocessedItems":{"T":[1]},"UnprocessedItems":{}})", "", -1},
      {R"({"ConsumedCapacity":{"CapacityUnits":3},"ConsumedCapacity":null})", "", -1},
  };
  for (const auto& one : cases) {
    auto answer = ReadWriteAnswer(one.body);
    ASSERT_TRUE(answer) << one.body << ": " << answer.error().message;
    EXPECT_EQ(answer->unprocessed, one.unprocessed) << one.body;
    EXPECT_EQ(answer->consumed.units, one.units) << one.body;
  }
  for (const char* body :
       {"", "[]", "{", R"({"UnprocessedItems":)", R"({"UnprocessedItems":{})",
        R"({"UnprocessedItems":{}} x)", "<html/>",
        // Garbled where nothing is asked for: who knows what it was.
        R"({"UnprocessedItems":{},"x":nul})", R"({"UnprocessedItems":{"T":[1 2]}})", R"({"\x":1})",
        "{\"\xff\":1}", R"({"x":{"a",1}})"}) {
    auto answer = ReadWriteAnswer(body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt) << body;
  }
}

TEST(WriteAnswer, IsReadAsDeepAsItemsGo) {
  for (int depth : {kWriteAnswerDepthMax, kWriteAnswerDepthMax + 1}) {
    const auto levels = static_cast<size_t>(depth);
    const std::string left = std::string(levels, '[') + std::string(levels, ']');
    auto answer = ReadWriteAnswer("{\"UnprocessedItems\":" + left + "}");
    EXPECT_EQ(answer.has_value(), depth == kWriteAnswerDepthMax);
  }
}

}  // namespace
}  // namespace penstock
