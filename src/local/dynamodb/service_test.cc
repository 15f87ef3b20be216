// The service end to end, in process: protocol, tables, items.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "base/crc.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_for_test.h"
#include "local/dynamodb/item_size.h"

namespace penstock::dynamodb {
namespace {

std::string Text(const json::Object& object, std::string_view pointer) {
  boost::json::error_code error;
  json::Value root(object);
  const json::Value* value = root.find_pointer(pointer, error);
  return value == nullptr ? "(absent)" : json::Write(*value);
}

TEST(Protocol, AnswersCarryChecksumAndRequestId) {
  TestDynamoDb db;
  HttpResponse response = db.Send("ListTables", "{}");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "{\"TableNames\":[]}");
  EXPECT_EQ(response.headers.Get("x-amz-crc32"), std::to_string(Crc32(response.body)));
  EXPECT_EQ(response.headers.Get("Content-Type"), "application/x-amz-json-1.0");
  std::string_view id = *response.headers.Get("x-amzn-RequestId");
  EXPECT_EQ(id.size(), 52u);
  EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"), std::string_view::npos);
}

TEST(Protocol, RefusesWhatIsNotARequest) {
  TestDynamoDb db;
  EXPECT_EQ(db.Error("ListTables", "{"), "SerializationException: ");
  EXPECT_EQ(db.Error("ListTables", ""), "SerializationException: ");
  EXPECT_EQ(db.Error("NoSuchThing", "{}"), "UnknownOperationException: ");
  EXPECT_EQ(db.Error("ExecuteStatement", "{}"),
            "UnknownOperationException: The operation ExecuteStatement is not supported by this "
            "server.");
  EXPECT_EQ(db.Error("ListTables", "{\"Limit\":\"5\"}"),
            "SerializationException: STRING_VALUE cannot be converted to Integer");
  EXPECT_EQ(db.Error("PutItem", "{\"TableName\":\"abc\",\"Item\":[]}"),
            "SerializationException: Unrecognized collection type java.util.Map<java.lang.String, "
            "com.amazonaws.dynamodb.v20120810.AttributeValue>");
  EXPECT_EQ(db.Error("PutItem", "{\"TableName\":\"abc\",\"Item\":{\"a\":{\"B\":\"abc\"}}}"),
            "SerializationException: Base64 encoded length is expected a multiple of 4 bytes but "
            "found: 3");
  HttpRequest wrong_type = db.RequestFor("ListTables");
  wrong_type.headers.Set("Content-Type", "application/x-amz-json-1.1");
  EXPECT_EQ(db.Send(wrong_type, "{}").status, 404);
  HttpRequest get = db.RequestFor("ListTables");
  get.method = "GET";
  EXPECT_EQ(db.Send(get, "").body, "healthy: dynamodb.eu-west-1.amazonaws.com ");
  HttpRequest unsigned_request = db.RequestFor("ListTables");
  unsigned_request.caller.reset();
  EXPECT_NE(db.Send(unsigned_request, "{}").body.find("MissingAuthenticationToken"),
            std::string::npos);
  EXPECT_EQ(db.Send("PutItem", std::string(16 * 1024 * 1024 + 1, ' ')).status, 413);
}

TEST(Protocol, ListsBrokenConstraints) {
  TestDynamoDb db;
  EXPECT_EQ(
      db.Error("PutItem", "{\"TableName\":\"a;\",\"ReturnValues\":\"x\"}"),
      "ValidationException: 4 validation errors detected: Value 'a;' at 'tableName' failed to "
      "satisfy "
      "constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'a;' at "
      "'tableName' failed to satisfy constraint: Member must have length greater than or equal to "
      "3; "
      "Value null at 'item' failed to satisfy constraint: Member must not be null; Value 'x' at "
      "'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, "
      "UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]");
  EXPECT_EQ(db.Error("DescribeTable", "{}"),
            "ValidationException: The parameter 'TableName' is required but was not present in the "
            "request");
  EXPECT_EQ(db.Error("DescribeTable", "{\"TableName\":\"ab\"}"),
            "ValidationException: TableName must be at least 3 characters long and at most 255 "
            "characters "
            "long");
}

TEST(Tables, LiveAndDie) {
  TestDynamoDb db({.create_delay = Duration(100),
                   .update_delay = Duration(100),
                   .delete_delay = Duration(100)});
  db.MakeTable("Life", "", false);
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Life"})j"), "/Table/TableStatus"),
            "\"CREATING\"");
  EXPECT_EQ(db.Error("GetItem", R"j({"TableName":"Life","Key":{"pk":{"S":"a"}}})j"),
            "ResourceNotFoundException: Requested resource not found");
  EXPECT_EQ(
      db.Error("DeleteTable", R"j({"TableName":"Life"})j"),
      "ResourceInUseException: Attempt to change a resource which is still in use: Table is being "
      "created: Life");
  db.clock.Advance(std::chrono::milliseconds(100));
  json::Object table = db.Call("DescribeTable", R"j({"TableName":"Life"})j");
  EXPECT_EQ(Text(table, "/Table/TableStatus"), "\"ACTIVE\"");
  EXPECT_EQ(Text(table, "/Table/TableArn"),
            "\"arn:aws:dynamodb:eu-west-1:123456789012:table/Life\"");
  EXPECT_EQ(Text(table, "/Table/ItemCount"), "0");
  EXPECT_EQ(Text(table, "/Table/ProvisionedThroughput"),
            R"j({"NumberOfDecreasesToday":0,"ReadCapacityUnits":5,"WriteCapacityUnits":5})j");
  EXPECT_EQ(Text(table, "/Table/BillingModeSummary"), "(absent)");
  EXPECT_EQ(db.Error("CreateTable", R"j({"TableName":"Life","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]})j"),
            "ResourceInUseException: Table already exists: Life");
  json::Object update = db.Call("UpdateTable", R"j({"TableName":"Life","ProvisionedThroughput":
      {"ReadCapacityUnits":3,"WriteCapacityUnits":7}})j");
  EXPECT_EQ(Text(update, "/TableDescription/TableStatus"), "\"UPDATING\"");
  EXPECT_EQ(Text(update, "/TableDescription/ProvisionedThroughput/ReadCapacityUnits"), "5");
  db.clock.Advance(std::chrono::milliseconds(100));
  table = db.Call("DescribeTable", R"j({"TableName":"Life"})j");
  EXPECT_EQ(Text(table, "/Table/ProvisionedThroughput/ReadCapacityUnits"), "3");
  EXPECT_EQ(Text(table, "/Table/ProvisionedThroughput/NumberOfDecreasesToday"), "1");
  db.Call("UpdateTable", R"j({"TableName":"Life","DeletionProtectionEnabled":true})j");
  db.clock.Advance(std::chrono::milliseconds(100));
  EXPECT_NE(db.Error("DeleteTable", R"j({"TableName":"Life"})j").find("protected against deletion"),
            std::string::npos);
  db.Call("UpdateTable", R"j({"TableName":"Life","DeletionProtectionEnabled":false})j");
  db.clock.Advance(std::chrono::milliseconds(100));
  json::Object deleted = db.Call("DeleteTable", R"j({"TableName":"Life"})j");
  EXPECT_EQ(Text(deleted, "/TableDescription/TableStatus"), "\"DELETING\"");
  EXPECT_EQ(Text(db.Call("ListTables", "{}"), "/TableNames"), "[\"Life\"]");
  db.clock.Advance(std::chrono::milliseconds(100));
  EXPECT_EQ(db.Error("DescribeTable", R"j({"TableName":"Life"})j"),
            "ResourceNotFoundException: Requested resource not found: Table: Life not found");
  EXPECT_EQ(Text(db.Call("ListTables", "{}"), "/TableNames"), "[]");
}

TEST(Tables, AreListedInPages) {
  TestDynamoDb db;
  for (std::string name : {"ccc", "aaa", "bbb"}) db.MakeTable(name);
  json::Object page = db.Call("ListTables", R"j({"Limit":2})j");
  EXPECT_EQ(json::Write(page), R"j({"LastEvaluatedTableName":"bbb","TableNames":["aaa","bbb"]})j");
  page = db.Call("ListTables", R"j({"Limit":2,"ExclusiveStartTableName":"bbb"})j");
  EXPECT_EQ(json::Write(page), R"j({"TableNames":["ccc"]})j");
}

TEST(Tables, BelongToAccountsAndRegions) {
  TestDynamoDb shared, apart({.shared_regions = false});
  for (TestDynamoDb* db : {&shared, &apart}) {
    db->MakeTable("Mine");
    db->caller.region = "us-east-1";
  }
  EXPECT_EQ(Text(shared.Call("DescribeTable", R"j({"TableName":"Mine"})j"), "/Table/TableArn"),
            "\"arn:aws:dynamodb:us-east-1:123456789012:table/Mine\"");
  EXPECT_NE(apart.Error("DescribeTable", R"j({"TableName":"Mine"})j"), "");
  shared.caller.account = "999999999999";
  EXPECT_NE(shared.Error("DescribeTable", R"j({"TableName":"Mine"})j"), "");
}

TEST(Tables, OutliveTheService) {
  TestDynamoDb db;
  db.MakeTable("Kept", "N");
  ASSERT_EQ(
      db.Error("PutItem",
               R"j({"TableName":"Kept","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"x"}}})j"),
      "");
  std::string before = Text(db.Call("DescribeTable", R"j({"TableName":"Kept"})j"), "/Table");
  db.Restart();
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Kept"})j"), "/Table"), before);
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Kept"})j"), "/Table/ItemCount"), "1");
  // pk: 2 + 1, sk: 2 + 2, v: 1 + 1, and 100 of overhead.
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Kept"})j"), "/Table/TableSizeBytes"),
            "109");
  EXPECT_EQ(
      Text(db.Call("GetItem", R"j({"TableName":"Kept","Key":{"pk":{"S":"a"},"sk":{"N":"1.0"}}})j"),
           "/Item/v/S"),
      "\"x\"");
  db.Call("DeleteTable", R"j({"TableName":"Kept"})j");
  // Nothing is left but the serial number.
  EXPECT_EQ(db.store.Content().size(), 1u);
}

TEST(Items, KeepEveryTrickyValue) {
  TestDynamoDb db;
  db.MakeTable("Tricky");
  std::ifstream file(PENSTOCK_SOURCE_DIR "/tests/golden/tricky-items.jsonl");
  std::string line;
  int count = 0;
  int64_t bytes = 0;
  while (std::getline(file, line)) {
    json::Object object = *json::ParseObject(line, 200);
    const json::Object& given = object["Item"].get_object();
    std::string item = json::Write(given);
    ASSERT_EQ(db.Error("PutItem", "{\"TableName\":\"Tricky\",\"Item\":" + item + "}"), "")
        << line.substr(0, 200);
    std::string key = json::Write(*json::Find(given, "pk"));
    json::Object answer = db.Call("GetItem",
                                  "{\"TableName\":\"Tricky\",\"ReturnConsumedCapacity\":\"TOTAL\","
                                  "\"ConsistentRead\":true,\"Key\":{\"pk\":" +
                                      key + "}}");
    ASSERT_TRUE(answer.contains("Item")) << line.substr(0, 200);
    Item expected = *ReadItem(given), got = *ReadItem(answer["Item"].get_object());
    EXPECT_TRUE(Equal(expected, got)) << line.substr(0, 200);
    bytes += static_cast<int64_t>(ItemSize(expected)) + 100;
    ++count;
  }
  EXPECT_EQ(count, 74);
  json::Object table = db.Call("DescribeTable", R"j({"TableName":"Tricky"})j");
  EXPECT_EQ(Text(table, "/Table/ItemCount"), "74");
  EXPECT_EQ(Text(table, "/Table/TableSizeBytes"), std::to_string(bytes));
}

struct Refused {
  std::string_view item, error;
};

class ItemRefusal : public testing::TestWithParam<Refused> {};

TEST_P(ItemRefusal, SaysWhy) {
  TestDynamoDb db;
  db.MakeTable("Strict", "N");
  EXPECT_EQ(db.Error("PutItem",
                     "{\"TableName\":\"Strict\",\"Item\":" + std::string(GetParam().item) + "}"),
            "ValidationException: " + std::string(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Items, ItemRefusal,
    testing::Values(
        Refused{R"j({})j",
                "One or more parameter values were invalid: Missing the key pk in the item"},
        Refused{R"j({"pk":{"S":"a"}})j",
                "One or more parameter values were invalid: Missing the key sk in the item"},
        Refused{R"j({"pk":{"S":"a"},"sk":{"S":"1"}})j",
                "One or more parameter values were invalid: Type mismatch for key sk expected: N "
                "actual: S"},
        Refused{R"j({"pk":{"S":""},"sk":{"N":"1"}})j",
                "One or more parameter values are not valid. The AttributeValue for a key "
                "attribute cannot "
                "contain an empty string value. Key: pk"},
        Refused{R"j({"pk":{"S":"a"},"sk":{"N":"1"},"":{"S":"x"}})j",
                "One or more parameter values were invalid: Attribute name must not be empty"},
        Refused{R"j({"a":{}})j",
                "Supplied AttributeValue is empty, must contain exactly one of the supported "
                "datatypes"},
        Refused{R"j({"a":{"S":"1","N":"1"}})j",
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one "
                "of the "
                "supported datatypes"},
        Refused{R"j({"a":{"SS":[]}})j",
                "One or more parameter values were invalid: An string set  may not be empty"},
        Refused{R"j({"a":{"SS":["x","x"]}})j",
                "One or more parameter values were invalid: Input collection [x, x] contains "
                "duplicates."},
        Refused{R"j({"a":{"NS":["1","1.0"]}})j", "Input collection contains duplicates"},
        Refused{R"j({"a":{"BS":["YQ==","YQ=="]}})j",
                "One or more parameter values were invalid: Input collection [YQ==, YQ==]of type "
                "BS contains "
                "duplicates."},
        Refused{R"j({"a":{"N":"b"}})j", "The parameter cannot be converted to a numeric value: b"},
        Refused{R"j({"a":{"N":"1E126"}})j",
                "Number overflow. Attempting to store a number with magnitude larger than "
                "supported range"},
        Refused{R"j({"a":{"N":"123456789012345678901234567890123456789"}})j",
                "Attempting to store more than 38 significant digits in a Number"},
        Refused{R"j({"a":{"NULL":false}})j",
                "One or more parameter values were invalid: Null attribute value types must have "
                "the value of "
                "true"}));

TEST(Items, AreLimitedInSizeAndDepth) {
  TestDynamoDb db;
  db.MakeTable("Limits");
  auto put = [&](size_t bytes) {
    return db.Error("PutItem",
                    "{\"TableName\":\"Limits\",\"Item\":{\"pk\":{\"S\":\"a\"},\"v\":{\"S\":\"" +
                        std::string(bytes, 'x') + "\"}}}");
  };
  EXPECT_EQ(put(409'600 - 4), "");
  EXPECT_EQ(put(409'600 - 3),
            "ValidationException: Item size has exceeded the maximum allowed size");
  auto nested = [&](int levels) {
    std::string value = "{\"S\":\"x\"}";
    for (int i = 0; i < levels; ++i) value = "{\"L\":[" + value + "]}";
    return db.Error("PutItem", "{\"TableName\":\"Limits\",\"Item\":{\"pk\":{\"S\":\"a\"},\"v\":" +
                                   value + "}}");
  };
  EXPECT_EQ(nested(32), "");
  EXPECT_EQ(nested(33), "ValidationException: Nesting Levels have exceeded supported limits");
  std::string key(2049, 'k');
  EXPECT_EQ(
      db.Error("GetItem", "{\"TableName\":\"Limits\",\"Key\":{\"pk\":{\"S\":\"" + key + "\"}}}"),
      "ValidationException: One or more parameter values were invalid: Size of hashkey has "
      "exceeded the "
      "maximum size limit of2048 bytes");
}

TEST(Items, AreReplacedAndRemovedUnderConditions) {
  TestDynamoDb db;
  db.MakeTable("Cond");
  std::string put = R"j({"TableName":"Cond","Item":{"pk":{"S":"a"},"v":{"N":"1"}},
      "ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"})j";
  EXPECT_EQ(db.Error("PutItem", put), "");
  json::Object failed = db.Call("PutItem", put);
  EXPECT_EQ(Text(failed, "/message"), "\"The conditional request failed\"");
  EXPECT_EQ(Text(failed, "/Item"), R"j({"pk":{"S":"a"},"v":{"N":"1"}})j");
  json::Object replaced =
      db.Call("PutItem", R"j({"TableName":"Cond","Item":{"pk":{"S":"a"},"v":{"N":"2"}},
      "ConditionExpression":"v = :one","ExpressionAttributeValues":{":one":{"N":"1.0"}},
      "ReturnValues":"ALL_OLD","ReturnConsumedCapacity":"INDEXES"})j");
  EXPECT_EQ(
      json::Write(replaced),
      R"j({"Attributes":{"pk":{"S":"a"},"v":{"N":"1"}},"ConsumedCapacity":{"TableName":"Cond",)j"
      R"j("CapacityUnits":1.0,"Table":{"CapacityUnits":1.0}}})j");
  EXPECT_NE(db.Error("DeleteItem", R"j({"TableName":"Cond","Key":{"pk":{"S":"a"}},
      "Expected":{"v":{"Value":{"N":"1"}}}})j"),
            "");
  EXPECT_EQ(db.Error("DeleteItem", R"j({"TableName":"Cond","Key":{"pk":{"S":"a"}},
      "Expected":{"v":{"ComparisonOperator":"GT","AttributeValueList":[{"N":"1"}]}}})j"),
            "");
  EXPECT_EQ(json::Write(db.Call("GetItem", R"j({"TableName":"Cond","Key":{"pk":{"S":"a"}}})j")),
            "{}");
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Cond"})j"), "/Table/TableSizeBytes"),
            "0");
}

struct Update {
  std::string_view parameters, attributes;
};

class ItemUpdate : public testing::TestWithParam<Update> {};

TEST_P(ItemUpdate, ChangesTheItem) {
  TestDynamoDb db;
  db.MakeTable("Upd");
  ASSERT_EQ(
      db.Error("PutItem",
               R"j({"TableName":"Upd","Item":{"pk":{"S":"a"},"n":{"N":"5"},"s":{"SS":["x","y"]},
      "l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"}]},"m":{"M":{"k":{"S":"v"}}}}})j"),
      "");
  HttpResponse response = db.Send("UpdateItem", R"j({"TableName":"Upd","Key":{"pk":{"S":"a"}},)j" +
                                                    std::string(GetParam().parameters) + "}");
  std::string body = response.body;
  EXPECT_NE(body.find(GetParam().attributes), std::string::npos) << body;
}

INSTANTIATE_TEST_SUITE_P(
    Items, ItemUpdate,
    testing::Values(
        Update{
            R"j("UpdateExpression":"SET n = n + :d, q = if_not_exists(q, :d)","ReturnValues":"UPDATED_NEW",
               "ExpressionAttributeValues":{":d":{"N":"2.5"}})j",
            R"j({"Attributes":{"n":{"N":"7.5"},"q":{"N":"2.5"}}})j"},
        Update{R"j("UpdateExpression":"REMOVE l[0], l[2], m.k","ReturnValues":"ALL_NEW")j",
               R"j("l":{"L":[{"N":"1"}]},"m":{"M":{}})j"},
        Update{R"j("UpdateExpression":"SET l[9] = :v, l[1] = l[0]","ReturnValues":"ALL_NEW",
               "ExpressionAttributeValues":{":v":{"S":"end"}})j",
               R"j("l":{"L":[{"N":"0"},{"N":"0"},{"N":"2"},{"S":"end"}]})j"},
        Update{R"j("UpdateExpression":"ADD n :one, s :s DELETE t :s","ReturnValues":"UPDATED_NEW",
               "ExpressionAttributeValues":{":one":{"N":"1"},":s":{"SS":["y","z"]}})j",
               R"j({"Attributes":{"n":{"N":"6"},"s":{"SS":["x","y","z"]}}})j"},
        Update{R"j("UpdateExpression":"DELETE s :s","ReturnValues":"UPDATED_OLD",
               "ExpressionAttributeValues":{":s":{"SS":["x","y"]}})j",
               R"j({"Attributes":{"s":{"SS":["x","y"]}}})j"},
        Update{R"j("UpdateExpression":"SET l = list_append(l, :l)","ReturnValues":"UPDATED_NEW",
               "ExpressionAttributeValues":{":l":{"L":[{"S":"x"}]}})j",
               R"j({"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"S":"x"}]})j"},
        Update{
            R"j("AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"1"}},"m":{"Action":"DELETE"}},
               "ReturnValues":"UPDATED_NEW")j",
            R"j({"Attributes":{"n":{"N":"6"}}})j"},
        Update{R"j("UpdateExpression":"SET pk = :v","ExpressionAttributeValues":{":v":{"S":"b"}})j",
               "Cannot update attribute pk. This attribute is part of the key"},
        Update{R"j("UpdateExpression":"SET #n = n","ExpressionAttributeNames":{"#n":""})j",
               "Attribute name must not be empty"},
        Update{R"j("AttributeUpdates":{"":{"Value":{"N":"1"}}})j",
               "Attribute name must not be empty"},
        Update{
            R"j("UpdateExpression":"SET x.y = :v","ExpressionAttributeValues":{":v":{"S":"b"}})j",
            "The document path provided in the update expression is invalid for update"},
        Update{
            R"j("UpdateExpression":"SET n = m + :v","ExpressionAttributeValues":{":v":{"N":"1"}})j",
            "An operand in the update expression has an incorrect data type"},
        Update{R"j("UpdateExpression":"SET n = zz","ReturnValues":"NONE")j",
               "The provided expression refers to an attribute that does not exist in the item"},
        Update{
            R"j("UpdateExpression":"SET a = :v SET b = :v","ExpressionAttributeValues":{":v":{"N":"1"}})j",
            "The \\\"SET\\\" section can only be used once in an update expression;"}));

TEST(Items, AreMadeByUpdates) {
  TestDynamoDb db;
  db.MakeTable("Upd");
  EXPECT_EQ(
      db.Error("UpdateItem",
               R"j({"TableName":"Upd","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET x = y"})j"),
      "ValidationException: The provided expression refers to an attribute that does not exist in "
      "the item");
  EXPECT_EQ(db.Error("UpdateItem", R"j({"TableName":"Upd","Key":{"pk":{"S":"a"}}})j"), "");
  EXPECT_EQ(json::Write(db.Call("GetItem", R"j({"TableName":"Upd","Key":{"pk":{"S":"a"}}})j")),
            R"j({"Item":{"pk":{"S":"a"}}})j");
}

TEST(Items, AreChangedOneWriterAtATime) {
  TestDynamoDb db({.enforce_capacity = false});
  db.MakeTable("Upd");
  constexpr int kThreads = 4, kRounds = 50;
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&db, thread] {
      for (int i = 0; i < kRounds; ++i) {
        db.Send("UpdateItem",
                R"j({"TableName":"Upd","Key":{"pk":{"S":"sum"}},"UpdateExpression":"ADD n :one",
            "ExpressionAttributeValues":{":one":{"N":"1"}}})j");
        db.Send("PutItem", R"j({"TableName":"Upd","Item":{"pk":{"S":")j" +
                               std::to_string(thread * kRounds + i) + R"j("}}})j");
        if (i % 10 == 0) db.Send("Scan", R"j({"TableName":"Upd","Limit":10})j");
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(
      Text(db.Call("GetItem", R"j({"TableName":"Upd","Key":{"pk":{"S":"sum"}}})j"), "/Item/n/N"),
      "\"200\"");
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Upd"})j"), "/Table/ItemCount"), "201");
}

TEST(Items, AreCountedExactlyUnderBatchesSideBySide) {
  TestDynamoDb db({.enforce_capacity = false});
  db.MakeTable("Upd");
  constexpr int kThreads = 4, kRounds = 30, kShared = 7;
  std::vector<std::thread> writers;
  for (int thread = 0; thread < kThreads; ++thread) {
    writers.emplace_back([&db, thread] {
      for (int round = 0; round < kRounds; ++round) {
        std::string requests;
        for (int i = 0; i < 2 * kShared; ++i) {
          const std::string key = i < kShared ? fmt::format("shared {}", (i + round) % kShared)
                                              : fmt::format("{} {} {}", thread, round, i);
          requests += fmt::format(R"j({}{{"PutRequest":{{"Item":{{"pk":{{"S":"{}"}}}}}}}})j",
                                  i > 0 ? "," : "", key);
        }
        db.Send("BatchWriteItem", "{\"RequestItems\":{\"Upd\":[" + requests + "]}}");
        db.Send("DeleteItem", R"j({"TableName":"Upd","Key":{"pk":{"S":"shared 0"}}})j");
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string items = std::to_string(kThreads * kRounds * kShared + kShared - 1);
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Upd"})j"), "/Table/ItemCount"), items);
  db.Restart();
  EXPECT_EQ(Text(db.Call("DescribeTable", R"j({"TableName":"Upd"})j"), "/Table/ItemCount"), items);
}

}  // namespace
}  // namespace penstock::dynamodb
