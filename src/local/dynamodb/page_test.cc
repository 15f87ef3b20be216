// Query, Scan and batches, in process; a random history against a map.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fmt/core.h>

#include <map>
#include <set>

#include "local/dynamodb/dynamodb_for_test.h"

namespace penstock::dynamodb {
namespace {

int64_t Number(const json::Object& object, std::string_view name) {
  return json::GetInt(object, name).value_or(-1);
}

/// The sk values of Items, in order.
std::string SortKeys(const json::Object& answer) {
  std::string keys;
  const json::Value* items = json::Find(answer, "Items");
  if (items == nullptr) return json::Write(answer);
  for (const json::Value& item : items->get_array()) {
    const json::Object& value = item.get_object().at("sk").get_object();
    if (!keys.empty()) keys += " ";
    keys += std::string(value.begin()->value().get_string());
  }
  return keys;
}

void Fill(TestDynamoDb& db, int count) {
  for (int i = 0; i < count; ++i) {
    ASSERT_EQ(
        db.Error("PutItem",
                 fmt::format(R"j({{"TableName":"Pages","Item":{{"pk":{{"S":"p"}},"sk":{{"N":"{}"}},
        "odd":{{"BOOL":{}}}}}}})j",
                             i - 2, i % 2 == 1)),
        "");
  }
}

TEST(Query, WalksARangeBothWays) {
  TestDynamoDb db;
  db.MakeTable("Pages", "N");
  Fill(db, 6);
  auto query = [&](bool forward) {
    return SortKeys(db.Call("Query", fmt::format(R"j({{"TableName":"Pages","ScanIndexForward":{},
        "KeyConditionExpression":"pk = :p AND sk BETWEEN :a AND :b","ExpressionAttributeValues":
        {{":p":{{"S":"p"}},":a":{{"N":"-1"}},":b":{{"N":"2"}}}}}})j",
                                                 forward)));
  };
  EXPECT_EQ(query(true), "-1 0 1 2");
  EXPECT_EQ(query(false), "2 1 0 -1");
}

TEST(Query, ComparesSortKeys) {
  TestDynamoDb db;
  db.MakeTable("Pages", "N");
  Fill(db, 6);
  auto query = [&](std::string_view condition) {
    return SortKeys(db.Call("Query", fmt::format(R"j({{"TableName":"Pages","KeyConditions":{{
        "pk":{{"ComparisonOperator":"EQ","AttributeValueList":[{{"S":"p"}}]}},
        "sk":{{"ComparisonOperator":"{}","AttributeValueList":[{{"N":"1"}}]}}}}}})j",
                                                 condition)));
  };
  EXPECT_EQ(query("EQ"), "1");
  EXPECT_EQ(query("LT"), "-2 -1 0");
  EXPECT_EQ(query("LE"), "-2 -1 0 1");
  EXPECT_EQ(query("GT"), "2 3");
  EXPECT_EQ(query("GE"), "1 2 3");
  EXPECT_NE(query("BEGINS_WITH").find("ValidationException"), std::string::npos);
}

TEST(Query, BeginsWithPrefix) {
  TestDynamoDb db;
  db.MakeTable("Pages", "S");
  for (std::string key : {"a", "ab", "abc", "b", "aa\\u0000", "aa"}) {
    ASSERT_EQ(
        db.Error(
            "PutItem",
            fmt::format(
                R"j({{"TableName":"Pages","Item":{{"pk":{{"S":"p"}},"sk":{{"S":"{}"}}}}}})j", key)),
        "");
  }
  EXPECT_EQ(SortKeys(db.Call(
                "Query",
                R"j({"TableName":"Pages","KeyConditionExpression":"pk = :p AND begins_with(sk, :a)",
      "ExpressionAttributeValues":{":p":{"S":"p"},":a":{"S":"ab"}}})j")),
            "ab abc");
}

TEST(Query, PagesFiltersAndCounts) {
  TestDynamoDb db;
  db.MakeTable("Pages", "N");
  Fill(db, 6);
  std::string start, seen;
  int pages = 0;
  do {
    json::Object page = db.Call("Query", fmt::format(R"j({{"TableName":"Pages","Limit":4,{}
        "KeyConditionExpression":"pk = :p","FilterExpression":"odd = :t","ProjectionExpression":"sk",
        "ReturnConsumedCapacity":"TOTAL","ExpressionAttributeValues":{{":p":{{"S":"p"}},":t":{{"BOOL":true}}}}}})j",
                                                     start));
    seen += SortKeys(page) + "|";
    const json::Value* last = json::Find(page, "LastEvaluatedKey");
    start = last == nullptr ? "" : "\"ExclusiveStartKey\":" + json::Write(*last) + ",";
    if (pages++ == 0) {
      EXPECT_EQ(Number(page, "Count"), 2);
      EXPECT_EQ(Number(page, "ScannedCount"), 4);
    }
  } while (!start.empty());
  EXPECT_EQ(seen, "-1 1|3|");
  json::Object counted =
      db.Call("Query", R"j({"TableName":"Pages","Select":"COUNT","KeyConditionExpression":"pk = :p",
      "ExpressionAttributeValues":{":p":{"S":"p"}}})j");
  EXPECT_EQ(json::Write(counted), R"j({"Count":6,"ScannedCount":6})j");
}

TEST(Query, NamesWhatIsWrong) {
  TestDynamoDb db;
  db.MakeTable("Pages", "N");
  auto error = [&](std::string_view condition) {
    return db.Error("Query", fmt::format(R"j({{"TableName":"Pages","KeyConditionExpression":"{}",
        "ExpressionAttributeValues":{{":p":{{"S":"p"}}}}}})j",
                                         condition));
  };
  EXPECT_EQ(error("sk = :p"), "ValidationException: Query condition missed key schema element: pk");
  EXPECT_EQ(error("pk < :p"), "ValidationException: Query key condition not supported");
  EXPECT_EQ(error("pk = :p OR sk = :p"),
            "ValidationException: Invalid operator used in KeyConditionExpression: OR");
  EXPECT_EQ(error("pk = :p AND sk = :p"),
            "ValidationException: One or more parameter values were invalid: Condition parameter "
            "type does not "
            "match schema type");
  EXPECT_EQ(
      db.Error(
          "Query",
          R"j({"TableName":"Pages","KeyConditionExpression":"pk = :p","ExpressionAttributeNames":
      {"#a":"a"},"ExpressionAttributeValues":{":p":{"S":"p"}}})j"),
      "ValidationException: Value provided in ExpressionAttributeNames unused in expressions: "
      "keys: {#a}");
  EXPECT_EQ(
      db.Error(
          "Query",
          R"j({"TableName":"Pages","KeyConditionExpression":"pk = :p","FilterExpression":"sk = :p",
      "ExpressionAttributeValues":{":p":{"S":"p"}}})j"),
      "ValidationException: Filter Expression can only contain non-primary key attributes: Primary "
      "key "
      "attribute: sk");
}

/// All items of a segment, following pages; how many pages it took.
std::multiset<std::string> ScanSegment(TestDynamoDb& db, int segment, int segments, int limit) {
  std::multiset<std::string> items;
  std::string start;
  do {
    json::Object page = db.Call(
        "Scan",
        fmt::format(R"j({{"TableName":"Pages","Segment":{},"TotalSegments":{},"Limit":{}{}}})j",
                    segment, segments, limit, start));
    for (const json::Value& item : page.at("Items").get_array()) items.insert(json::Write(item));
    const json::Value* last = json::Find(page, "LastEvaluatedKey");
    start = last == nullptr ? "" : ",\"ExclusiveStartKey\":" + json::Write(*last);
  } while (!start.empty());
  return items;
}

TEST(Scan, SegmentsAreADivisionAndHalveIntoEachOther) {
  TestDynamoDb db;
  db.MakeTable("Pages");
  constexpr int kItems = 200;
  for (int i = 0; i < kItems; ++i) {
    ASSERT_EQ(db.Error("PutItem",
                       fmt::format(R"j({{"TableName":"Pages","Item":{{"pk":{{"S":"{}"}}}}}})j", i)),
              "");
  }
  std::multiset<std::string> all;
  for (int segment = 0; segment < 3; ++segment) {
    std::multiset<std::string> whole = ScanSegment(db, segment, 3, 7);
    std::multiset<std::string> halves = ScanSegment(db, 2 * segment, 6, 1000);
    halves.merge(ScanSegment(db, 2 * segment + 1, 6, 1000));
    EXPECT_EQ(whole, halves);
    all.merge(whole);
  }
  EXPECT_EQ(all.size(), static_cast<size_t>(kItems));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), static_cast<size_t>(kItems));
  // A key of one half is refused by the other.
  json::Object page =
      db.Call("Scan", R"j({"TableName":"Pages","Segment":1,"TotalSegments":2,"Limit":1})j");
  EXPECT_EQ(
      db.Error("Scan",
               R"j({"TableName":"Pages","Segment":0,"TotalSegments":2,"ExclusiveStartKey":)j" +
                   json::Write(page.at("LastEvaluatedKey")) + "}"),
      "ValidationException: The provided starting key is invalid: Invalid ExclusiveStartKey. "
      "Please use "
      "ExclusiveStartKey with correct Segment. TotalSegments: 2 Segment: 0");
  EXPECT_EQ(
      db.Error("Scan", R"j({"TableName":"Pages","Segment":2,"TotalSegments":2})j"),
      "ValidationException: The Segment parameter is zero-based and must be less than parameter "
      "TotalSegments: Segment: 2 is not less than TotalSegments: 2");
}

TEST(Scan, EndsPagesAtOneMegabyteAndChargesThem) {
  TestDynamoDb db;
  db.MakeTable("Pages");
  std::string blob(100'000, 'x');
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(
        db.Error(
            "PutItem",
            fmt::format(
                R"j({{"TableName":"Pages","Item":{{"pk":{{"S":"{:02}"}},"v":{{"S":"{}"}}}}}})j", i,
                blob)),
        "");
  }
  json::Object page =
      db.Call("Scan", R"j({"TableName":"Pages","ReturnConsumedCapacity":"TOTAL"})j");
  EXPECT_EQ(Number(page, "Count"), 11);
  // 11 * (2 + 2 + 1 + 100,000) bytes are 269 units of 4 KB, half of which an eventually consistent
  // read costs.
  EXPECT_EQ(json::Write(page.at("ConsumedCapacity")),
            R"j({"TableName":"Pages","CapacityUnits":134.5})j");
  EXPECT_TRUE(page.contains("LastEvaluatedKey"));
}

TEST(Batch, WritesReadsAndReportsPerTable) {
  TestDynamoDb db;
  db.MakeTable("Pages");
  db.MakeTable("Other");
  json::Object answer =
      db.Call("BatchWriteItem", R"j({"ReturnConsumedCapacity":"INDEXES","RequestItems":{
      "Pages":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}},{"PutRequest":{"Item":{"pk":{"S":"b"}}}}],
      "Other":[{"DeleteRequest":{"Key":{"pk":{"S":"zz"}}}}]}})j");
  EXPECT_EQ(json::Write(answer.at("UnprocessedItems")), "{}");
  EXPECT_EQ(json::Write(answer.at("ConsumedCapacity").at(0)),
            R"j({"TableName":"Pages","CapacityUnits":2.0,"Table":{"CapacityUnits":2.0}})j");
  answer = db.Call("BatchGetItem", R"j({"ReturnConsumedCapacity":"TOTAL","RequestItems":{
      "Pages":{"Keys":[{"pk":{"S":"a"}},{"pk":{"S":"nope"}}],"ConsistentRead":true}}})j");
  EXPECT_EQ(
      json::Write(answer),
      R"j({"Responses":{"Pages":[{"pk":{"S":"a"}}]},"UnprocessedKeys":{},"ConsumedCapacity":[)j"
      R"j({"TableName":"Pages","CapacityUnits":2.0}]})j");
  EXPECT_EQ(db.Error("BatchWriteItem",
                     R"j({"RequestItems":{"Pages":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}},
      {"DeleteRequest":{"Key":{"pk":{"S":"a"}}}}]}})j"),
            "ValidationException: Provided list of item keys contains duplicates");
  EXPECT_EQ(db.Error("BatchWriteItem",
                     R"j({"RequestItems":{"Pages":[{"PutRequest":{"Item":{"x":{"S":"a"}}}}]}})j"),
            "ValidationException: The provided key element does not match the schema");
  EXPECT_EQ(db.Error("BatchWriteItem",
                     R"j({"RequestItems":{"Nope":[{"PutRequest":{"Item":{"x":{"S":"a"}}}}]}})j"),
            "ResourceNotFoundException: Requested resource not found");
}

TEST(Capacity, IsEnforcedOnTinyTables) {
  TestDynamoDb db({.initial_burst = std::chrono::seconds(1)});
  db.MakeTable("Pages", "", false);  // 5 units of each
  std::string requests;
  for (int i = 0; i < 8; ++i) {
    requests += fmt::format(R"j({}{{"PutRequest":{{"Item":{{"pk":{{"S":"{}"}}}}}}}})j",
                            i > 0 ? "," : "", i);
  }
  std::string batch = R"j({"RequestItems":{"Pages":[)j" + requests + "]}}";
  json::Object answer = db.Call("BatchWriteItem", batch);
  EXPECT_EQ(answer.at("UnprocessedItems").at("Pages").get_array().size(), 3u);
  EXPECT_EQ(db.Error("BatchWriteItem", batch).substr(0, 38),
            "ProvisionedThroughputExceededException");
  EXPECT_EQ(
      db.Error("PutItem", R"j({"TableName":"Pages","Item":{"pk":{"S":"a"}}})j"),
      "ProvisionedThroughputExceededException: The level of configured provisioned throughput for "
      "the "
      "table was exceeded. Consider increasing your provisioning level with the UpdateTable API.");
  db.clock.Advance(std::chrono::milliseconds(200));
  EXPECT_EQ(db.Error("PutItem", R"j({"TableName":"Pages","Item":{"pk":{"S":"a"}}})j"), "");
  EXPECT_NE(db.Error("PutItem", R"j({"TableName":"Pages","Item":{"pk":{"S":"a"}}})j"), "");
  // Unused capacity is kept for 300 s, no longer.
  db.clock.Advance(std::chrono::hours(1));
  int written = 0;
  while (db.Error("PutItem", R"j({"TableName":"Pages","Item":{"pk":{"S":"a"}}})j").empty())
    ++written;
  EXPECT_EQ(written, 1500);
  TestDynamoDb free({.enforce_capacity = false, .initial_burst = std::chrono::seconds(0)});
  free.MakeTable("Pages", "", false);
  EXPECT_EQ(free.Error("PutItem", R"j({"TableName":"Pages","Item":{"pk":{"S":"a"}}})j"), "");
}

TEST(Indexes, FollowTheTable) {
  TestDynamoDb db;
  ASSERT_EQ(db.Error("CreateTable",
                     R"j({"TableName":"Ind","BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[
      {"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},
      {"AttributeName":"g","AttributeType":"S"},{"AttributeName":"l","AttributeType":"N"}],
      "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
      "LocalSecondaryIndexes":[{"IndexName":"byL","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
        {"AttributeName":"l","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}],
      "GlobalSecondaryIndexes":[{"IndexName":"byG","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],
        "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["v"]}}]})j"),
            "");
  auto put = [&](int sk, std::string_view rest) {
    return json::Write(
        db.Call("PutItem", fmt::format(R"j({{"TableName":"Ind","ReturnConsumedCapacity":"INDEXES",
        "Item":{{"pk":{{"S":"p"}},"sk":{{"N":"{}"}},"v":{{"S":"x"}},"w":{{"S":"y"}}{}}}}})j",
                                       sk, rest)));
  };
  EXPECT_EQ(
      put(1, R"j(,"g":{"S":"G"},"l":{"N":"9"})j"),
      R"j({"ConsumedCapacity":{"TableName":"Ind","CapacityUnits":3.0,"Table":{"CapacityUnits":1.0},)j"
      R"j("LocalSecondaryIndexes":{"byL":{"CapacityUnits":1.0}},)j"
      R"j("GlobalSecondaryIndexes":{"byG":{"CapacityUnits":1.0}}}})j");
  put(2, R"j(,"g":{"S":"G"},"l":{"N":"3"})j");
  put(3, "");
  auto by_g = [&] {
    return db.Call("Query",
                   R"j({"TableName":"Ind","IndexName":"byG","KeyConditionExpression":"g = :g",
        "ExpressionAttributeValues":{":g":{"S":"G"}}})j");
  };
  EXPECT_EQ(SortKeys(by_g()), "1 2");
  EXPECT_FALSE(by_g().at("Items").at(0).get_object().contains("w"));
  json::Object by_l =
      db.Call("Query", R"j({"TableName":"Ind","IndexName":"byL","KeyConditionExpression":"pk = :p",
      "Select":"ALL_ATTRIBUTES","Limit":1,"ExpressionAttributeValues":{":p":{"S":"p"}}})j");
  EXPECT_EQ(SortKeys(by_l), "2");
  EXPECT_TRUE(by_l.at("Items").at(0).get_object().contains("w"));
  EXPECT_EQ(json::Write(by_l.at("LastEvaluatedKey")),
            R"j({"pk":{"S":"p"},"l":{"N":"3"},"sk":{"N":"2"}})j");
  db.Call("DeleteItem", R"j({"TableName":"Ind","Key":{"pk":{"S":"p"},"sk":{"N":"1"}}})j");
  EXPECT_EQ(
      put(2, R"j(,"g":{"S":"H"},"l":{"N":"3"})j"),
      R"j({"ConsumedCapacity":{"TableName":"Ind","CapacityUnits":3.0,"Table":{"CapacityUnits":1.0},)j"
      R"j("GlobalSecondaryIndexes":{"byG":{"CapacityUnits":2.0}}}})j");
  EXPECT_EQ(SortKeys(by_g()), "");
  EXPECT_NE(put(4, R"j(,"g":{"N":"1"})j")
                .find("Type mismatch for Index Key g Expected: S Actual: N IndexName: byG"),
            std::string::npos);
  // An index made later finds what is there; counts are exact.
  json::Object updated = db.Call(
      "UpdateTable",
      R"j({"TableName":"Ind","AttributeDefinitions":[{"AttributeName":"w","AttributeType":"S"}],
      "GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"byW","KeySchema":[{"AttributeName":"w","KeyType":"HASH"}],
      "Projection":{"ProjectionType":"ALL"}}}]})j");
  const json::Value& indexes = updated.at("TableDescription").at("GlobalSecondaryIndexes");
  EXPECT_EQ(json::Write(indexes.at(0).at("IndexStatus")), "\"ACTIVE\"");
  EXPECT_EQ(json::Write(indexes.at(1).at("IndexStatus")), "\"CREATING\"");
  EXPECT_EQ(SortKeys(db.Call(
                "Query", R"j({"TableName":"Ind","IndexName":"byW","KeyConditionExpression":"w = :y",
      "ExpressionAttributeValues":{":y":{"S":"y"}}})j")),
            "2 3");
  db.Restart();
  json::Object table = db.Call("DescribeTable", R"j({"TableName":"Ind"})j");
  EXPECT_EQ(json::Write(table.at("Table").at("GlobalSecondaryIndexes").at(1).at("ItemCount")), "2");
  ASSERT_EQ(
      db.Error(
          "UpdateTable",
          R"j({"TableName":"Ind","GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"byW"}}]})j"),
      "");
  EXPECT_EQ(db.Error("Scan", R"j({"TableName":"Ind","IndexName":"byW"})j"),
            "ValidationException: The table does not have the specified index: byW");
}

/// Random puts, updates, deletes and batches over few keys, with restarts: the table always equals
/// the map.
RC_GTEST_PROP(Model, TableEqualsMap, ()) {
  TestDynamoDb db;
  db.MakeTable("Pages", "N");
  std::map<std::string, std::string> model;  // key -> item, as JSON
  auto key_of = [](int pk, int sk) {
    return fmt::format(R"j("pk":{{"S":"{}"}},"sk":{{"N":"{}"}})j", pk, sk);
  };
  int steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    std::string key = key_of(*rc::gen::inRange(0, 3), *rc::gen::inRange(-2, 3));
    std::string item = fmt::format(R"j({{{},"v":{{"N":"{}"}}}})j", key, step);
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        RC_ASSERT(db.Error("PutItem", R"j({"TableName":"Pages","Item":)j" + item + "}") == "");
        model[key] = item;
        break;
      case 1: {
        std::string error = db.Error(
            "PutItem",
            R"j({"TableName":"Pages","ConditionExpression":"attribute_not_exists(pk)","Item":)j" +
                item + "}");
        RC_ASSERT(error.empty() == !model.contains(key));
        model.try_emplace(key, item);
        break;
      }
      case 2:
        RC_ASSERT(db.Error("DeleteItem", R"j({"TableName":"Pages","Key":{)j" + key + "}}") == "");
        model.erase(key);
        break;
      case 3:
        RC_ASSERT(
            db.Error(
                "UpdateItem",
                fmt::format(R"j({{"TableName":"Pages","Key":{{{}}},"UpdateExpression":"SET v = :v",
            "ExpressionAttributeValues":{{":v":{{"N":"{}"}}}}}})j",
                            key, step)) == "");
        model[key] = item;
        break;
      case 4: {
        std::string other = key_of(7, step);
        RC_ASSERT(
            db.Error("BatchWriteItem",
                     fmt::format(R"j({{"RequestItems":{{"Pages":[{{"PutRequest":{{"Item":{}}}}},
            {{"PutRequest":{{"Item":{{{}}}}}}}]}}}})j",
                                 item, other)) == "");
        model[key] = item;
        model[other] = "{" + other + "}";
        break;
      }
      default:
        db.Restart();
    }
  }
  std::multiset<std::string> expected, scanned = ScanSegment(db, 0, 1, *rc::gen::inRange(1, 8));
  for (const auto& [key, item] : model) expected.insert(json::Write(*json::Parse(item)));
  RC_ASSERT(scanned == expected);
  json::Object table = db.Call("DescribeTable", R"j({"TableName":"Pages"})j");
  RC_ASSERT(table.at("Table").at("ItemCount").to_number<size_t>() == model.size());
}

}  // namespace
}  // namespace penstock::dynamodb
