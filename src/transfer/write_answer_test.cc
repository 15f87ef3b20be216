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
  };
  for (const auto& one : cases) {
    auto answer = ReadWriteAnswer(one.body);
    ASSERT_TRUE(answer) << one.body << ": " << answer.error().message;
    EXPECT_EQ(answer->unprocessed, one.unprocessed) << one.body;
    EXPECT_EQ(answer->consumed.units, one.units) << one.body;
  }
  for (const char* body : {"", "[]", "{", R"({"UnprocessedItems":)", R"({"UnprocessedItems":{})",
                           R"({"UnprocessedItems":{}} x)", "<html/>"}) {
    auto answer = ReadWriteAnswer(body);
    ASSERT_FALSE(answer) << body;
    EXPECT_EQ(answer.error().code, ErrorCode::kCorrupt) << body;
  }
}

}  // namespace
}  // namespace penstock
