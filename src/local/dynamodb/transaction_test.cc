// Transactions, and what single writes share with them: collection metrics, updates that make no
// item.
#include <gtest/gtest.h>

#include <thread>

#include "local/dynamodb/dynamodb_for_test.h"

namespace penstock::dynamodb {
namespace {

std::string GetJson(TestDynamoDb& db, std::string_view key) {
  return db
      .Send("GetItem",
            "{\"TableName\":\"tab\",\"Key\":{\"pk\":{\"S\":\"" + std::string(key) + "\"}}}")
      .body;
}

constexpr std::string_view kTransfer =
    R"j({"ClientRequestToken":"t1","ReturnConsumedCapacity":"TOTAL",
  "TransactItems":[
  {"Update":{"TableName":"tab","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :v",
             "ExpressionAttributeValues":{":v":{"N":"-1"}}}},
  {"Update":{"TableName":"tab","Key":{"pk":{"S":"b"}},"UpdateExpression":"ADD n :v",
             "ExpressionAttributeValues":{":v":{"N":"1"}}}}]})j";

TEST(Transactions, ChangeAllOrNothing) {
  TestDynamoDb db;
  db.MakeTable("tab");
  EXPECT_EQ(db.Error("TransactWriteItems", R"j({"TransactItems":[
      {"Put":{"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"N":"5"}}}},
      {"Put":{"TableName":"tab","Item":{"pk":{"S":"b"},"n":{"N":"5"}}}},
      {"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"c"}},
                         "ConditionExpression":"attribute_not_exists(pk)"
}
}]
})j"),
            "");
  HttpResponse canceled = db.Send("TransactWriteItems", R"j({"TransactItems":[
      {"Delete":{"TableName":"tab","Key":{"pk":{"S":"a"}}}},
      {"Put":{"TableName":"tab","Item":{"pk":{"S":"b"}},"ConditionExpression":"n > :v",
              "ExpressionAttributeValues":{":v":{"N":"9"}},
              "ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
      {"Update":{"TableName":"tab","Key":{"pk":{"S":"c"}},"UpdateExpression":"SET x = y"}}]})j");
  EXPECT_EQ(canceled.status, 400);
  EXPECT_EQ(canceled.body,
            "{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\","
            "\"Message\":\"Transaction cancelled, please refer cancellation reasons for specific "
            "reasons [None, ConditionalCheckFailed, ValidationError]\",\"CancellationReasons\":["
            "{\"Code\":\"None\"},{\"Code\":\"ConditionalCheckFailed\",\"Message\":\"The "
            "conditional request failed\",\"Item\":{\"pk\":{\"S\":\"b\"},\"n\":{\"N\":\"5\"}}},"
            "{\"Code\":\"ValidationError\",\"Message\":\"The provided expression refers to an "
            "attribute that does not exist in the item\"}]}");
  EXPECT_EQ(GetJson(db, "a"), R"j({"Item":{"pk":{"S":"a"},"n":{"N":"5"}}})j");
  EXPECT_EQ(GetJson(db, "c"), "{}");
}

TEST(Transactions, ReadTogether) {
  TestDynamoDb db;
  db.MakeTable("tab");
  db.Send("PutItem",
          R"j({"TableName":"tab","Item":{"pk":{"S":"a"},"n":{"N":"5"},"m":{"N":"6"}}})j");
  EXPECT_EQ(db.Send("TransactGetItems", R"j({"ReturnConsumedCapacity":"TOTAL","TransactItems":[
      {"Get":{"TableName":"tab","Key":{"pk":{"S":"a"}},"ProjectionExpression":"n"}},
      {"Get":{"TableName":"tab","Key":{"pk":{"S":"b"}}}}]})j")
                .body,
            "{\"Responses\":[{\"Item\":{\"n\":{\"N\":\"5\"}}},{}],\"ConsumedCapacity\":[{"
            "\"TableName\":\"tab\",\"CapacityUnits\":4.0,\"ReadCapacityUnits\":4.0}]}");
}

TEST(Transactions, WithATokenHappenOnce) {
  TestDynamoDb db;
  db.MakeTable("tab");
  EXPECT_EQ(db.Send("TransactWriteItems", kTransfer).body,
            "{\"ConsumedCapacity\":[{\"TableName\":\"tab\",\"CapacityUnits\":4.0,"
            "\"WriteCapacityUnits\":4.0}]}");
  db.Restart();
  EXPECT_EQ(db.Send("TransactWriteItems", kTransfer).body,
            "{\"ConsumedCapacity\":[{\"TableName\":\"tab\",\"CapacityUnits\":4.0,"
            "\"ReadCapacityUnits\":4.0}]}");
  EXPECT_EQ(GetJson(db, "b"), R"j({"Item":{"pk":{"S":"b"},"n":{"N":"1"}}})j");
  EXPECT_EQ(db.Error("TransactWriteItems", R"j({"ClientRequestToken":"t1","TransactItems":[
      {"Delete":{"TableName":"tab","Key":{"pk":{"S":"b"}}}}]})j"),
            "IdempotentParameterMismatchException: The ClientRequestToken was used within the last "
            "10 minutes for a request with other parameters.");
  db.clock.Advance(std::chrono::minutes(10));
  EXPECT_EQ(db.Error("TransactWriteItems", kTransfer), "");
  EXPECT_EQ(GetJson(db, "b"), R"j({"Item":{"pk":{"S":"b"},"n":{"N":"2"}}})j");
}

TEST(Transactions, ForgetOldTokens) {
  TestDynamoDb db;
  db.MakeTable("tab");
  auto use = [&](int token) {
    EXPECT_EQ(
        db.Error("TransactWriteItems",
                 R"j({"TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"S":"a"}}}}],)j"
                 "\"ClientRequestToken\":\"t" +
                     std::to_string(token) + "\"}"),
        "");
  };
  for (int i = 0; i < 10; ++i) use(i);
  size_t before = db.store.Content().size();
  db.clock.Advance(std::chrono::minutes(11));
  for (int i = 0; i < 10; ++i) use(i);  // sweeps what is old where these are kept
  EXPECT_EQ(db.store.Content().size(), before);
}

TEST(Transactions, AreIsolated) {
  TestDynamoDb db;
  db.MakeTable("tab");
  constexpr int kThreads = 4, kRounds = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&db, t] {
      for (int i = 0; i < kRounds; ++i) {
        // Both orders of the two items: locks must not be taken in the order of the request.
        std::string_view first = t % 2 == 0 ? "a" : "b", second = t % 2 == 0 ? "b" : "a";
        std::string actions;
        for (std::string_view key : {first, second}) {
          if (!actions.empty()) actions += ",";
          actions += R"j({"Update":{"TableName":"tab","UpdateExpression":"ADD n :v",
              "ExpressionAttributeValues":{":v":{"N":"1"}},"Key":{"pk":{"S":")j" +
                     std::string(key) + "\"}}}}";
        }
        EXPECT_EQ(db.Error("TransactWriteItems", "{\"TransactItems\":[" + actions + "]}"), "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::string_view key : {"a", "b"}) {
    EXPECT_NE(GetJson(db, key).find(R"j("n":{"N":"200"})j"), std::string::npos);
  }
}

struct RefusedTransaction {
  std::string_view operation, body, error;
};
class TransactionRefusal : public testing::TestWithParam<RefusedTransaction> {};

TEST_P(TransactionRefusal, SaysWhy) {
  TestDynamoDb db;
  db.MakeTable("tab");
  EXPECT_EQ(db.Error(GetParam().operation, GetParam().body), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, TransactionRefusal,
    testing::Values(
        RefusedTransaction{
            "TransactWriteItems", "{}",
            "ValidationException: 1 validation error detected: Value null at 'transactItems' "
            "failed to satisfy constraint: Member must not be null"},
        RefusedTransaction{
            "TransactWriteItems", R"j({"TransactItems":[]})j",
            "ValidationException: 1 validation error detected: Value '[]' at 'transactItems' "
            "failed to satisfy constraint: Member must have length greater than or equal to 1"},
        RefusedTransaction{
            "TransactWriteItems", R"j({"TransactItems":[{}]})j",
            "ValidationException: TransactItems can only contain one of Check, Put, Update or "
            "Delete"},
        RefusedTransaction{
            "TransactWriteItems",
            R"j({"TransactItems":[{"Put":{"TableName":"none","Item":{"pk":{"S":"a"}}}}]})j",
            "ResourceNotFoundException: Requested resource not found"},
        RefusedTransaction{
            "TransactWriteItems",
            R"j({"TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"N":"1"}}}}]})j",
            "TransactionCanceledException: Transaction cancelled, please refer cancellation "
            "reasons for specific reasons [ValidationError]"},
        RefusedTransaction{
            "TransactWriteItems",
            R"j({"TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"S":"a"}}}},
                    {"Delete":{"TableName":"tab","Key":{"pk":{"S":"a"}}}}]})j",
            "ValidationException: Transaction request cannot include multiple operations on "
            "one item"},
        RefusedTransaction{
            "TransactWriteItems",
            R"j({"TransactItems":[{"Delete":{"TableName":"tab","Key":{"pk":{"S":"a"}},
                    "ConditionExpression":"a ="}}]})j",
            "ValidationException: Invalid ConditionExpression: Syntax error; token: "
            "\"<EOF>\", near: \"=\""},
        RefusedTransaction{
            "TransactGetItems",
            R"j({"TransactItems":[{"Get":{"TableName":"tab","Key":{"pk":{"S":"a"}}}},
                    {"Get":{"TableName":"tab","Key":{"pk":{"S":"a"}}}}]})j",
            "ValidationException: Transaction request cannot include multiple operations on "
            "one item"},
        RefusedTransaction{
            "TransactGetItems",
            R"j({"TransactItems":[{"Get":{"TableName":"tab","Key":{"pk":{"N":"1"}}}}]})j",
            "TransactionCanceledException: Transaction cancelled, please refer cancellation "
            "reasons for specific reasons [ValidationError]"}));

TEST(Updates, ThatOnlyRemoveMakeNoItem) {
  TestDynamoDb db;
  db.MakeTable("tab");
  EXPECT_EQ(db.Send("UpdateItem", R"j({"TableName":"tab","Key":{"pk":{"S":"a"}},
      "UpdateExpression":"REMOVE x","ReturnValues":"ALL_NEW"})j")
                .body,
            "{}");
  EXPECT_EQ(db.Error("UpdateItem", R"j({"TableName":"tab","Key":{"pk":{"S":"a"}},
      "AttributeUpdates":{"x":{"Action":"DELETE"}}})j"),
            "");
  EXPECT_EQ(GetJson(db, "a"), "{}");
  EXPECT_EQ(db.Error("UpdateItem", R"j({"TableName":"tab","Key":{"pk":{"S":"a"}}})j"), "");
  EXPECT_EQ(GetJson(db, "a"), R"j({"Item":{"pk":{"S":"a"}}})j");
}

TEST(Updates, OfLargeSetsTakeNoTime) {
  TestDynamoDb db;
  db.MakeTable("tab");
  std::string members;
  for (int i = 0; i < 60'000; ++i) {
    if (i > 0) members += ",";
    members += "\"" + std::to_string(i) + "\"";
  }
  auto start = std::chrono::steady_clock::now();
  for (std::string_view section : {"ADD", "ADD", "DELETE"}) {
    std::string body = R"j({"TableName":"tab","Key":{"pk":{"S":"a"}},"UpdateExpression":")j";
    body += std::string(section) + " s :v\",\"ExpressionAttributeValues\":{\":v\":{\"SS\":[";
    EXPECT_EQ(db.Error("UpdateItem", body + members + "]}}}"), "");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  EXPECT_EQ(GetJson(db, "a"), R"j({"Item":{"pk":{"S":"a"}}})j");
}

TEST(CollectionMetrics, AreOfTablesWithLocalIndexes) {
  TestDynamoDb db;
  db.MakeTable("tab");
  ASSERT_EQ(db.Error("CreateTable", R"j({"TableName":"loc","BillingMode":"PAY_PER_REQUEST",
      "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},
        {"AttributeName":"sk","AttributeType":"S"},{"AttributeName":"x","AttributeType":"S"}],
      "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
      "LocalSecondaryIndexes":[{"IndexName":"by-x","KeySchema":[
        {"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"x","KeyType":"RANGE"}],
        "Projection":{"ProjectionType":"ALL"}}]})j"),
            "");
  EXPECT_EQ(db.Send("PutItem", R"j({"TableName":"loc","ReturnItemCollectionMetrics":"SIZE",
      "Item":{"pk":{"S":"a"},"sk":{"S":"b"},"x":{"S":"c"}}})j")
                .body,
            "{\"ItemCollectionMetrics\":{\"ItemCollectionKey\":{\"pk\":{\"S\":\"a\"}},"
            "\"SizeEstimateRangeGB\":[0.0,1.0]}}");
  EXPECT_EQ(db.Send("PutItem", R"j({"TableName":"tab","ReturnItemCollectionMetrics":"SIZE",
      "Item":{"pk":{"S":"a"}}})j")
                .body,
            "{}");
  EXPECT_EQ(db.Send("BatchWriteItem", R"j({"ReturnItemCollectionMetrics":"SIZE","RequestItems":{
      "loc":[{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}},
             {"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"c"}}}}],
      "tab":[{"PutRequest":{"Item":{"pk":{"S":"a"}}}}]}})j")
                .body,
            "{\"UnprocessedItems\":{},\"ItemCollectionMetrics\":{\"loc\":[{\"ItemCollectionKey\":{"
            "\"pk\":{\"S\":\"a\"}},\"SizeEstimateRangeGB\":[0.0,1.0]}]}}");
}

}  // namespace
}  // namespace penstock::dynamodb
