// Requests of local DynamoDB: the first line names the operation, the rest is the body. Whatever
// comes, the service answers with JSON and goes on, and what it has stored reads back.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "json/json.h"
#include "local/dynamodb/dynamodb_for_test.h"

namespace {

using penstock::dynamodb::TestDynamoDb;

std::unique_ptr<TestDynamoDb> NewDatabase() {
  auto database =
      std::make_unique<TestDynamoDb>(penstock::DynamoDbOptions{.enforce_capacity = false});
  database->MakeTable("Fuzz", "N");
  return database;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::unique_ptr<TestDynamoDb> database = NewDatabase();
  static int requests = 0;
  // A fresh one from time to time, so that a finding needs few inputs to repeat.
  if (++requests % 256 == 0) database = NewDatabase();
  std::string_view input(reinterpret_cast<const char*>(data), size);
  size_t newline = input.find('\n');
  if (newline == std::string_view::npos) return 0;
  penstock::HttpResponse response =
      database->Send(input.substr(0, newline), input.substr(newline + 1));
  bool is_json =
      response.body.empty() || penstock::json::ParseObject(response.body, 200).has_value();
  if (response.status >= 500 || response.status == 0 || !is_json) std::abort();
  return 0;
}
