// GetItem.
#include "local/dynamodb/answer.h"
#include "local/dynamodb/attribute_reader.h"
#include "local/dynamodb/dynamodb_error.h"
#include "local/dynamodb/item_key.h"
#include "local/dynamodb/operations.h"
#include "local/dynamodb/request_expressions.h"
#include "local/dynamodb/request_shape.h"
#include "local/dynamodb/stored_item.h"

namespace penstock::dynamodb {

namespace {

constexpr std::string_view kGetItemExpressions[] = {"ProjectionExpression"};
constexpr std::string_view kGetItemLegacy[] = {"AttributesToGet"};
constexpr ExpressionParameters kGetItemParameters{kGetItemExpressions, kGetItemLegacy};

}  // namespace

Answer GetItem(Database& database, const Request& request) {
  RETURN_IF_ERROR(CheckExpressionParameters(request.body, kGetItemParameters));
  ASSIGN_OR_RETURN(Item key_attributes, ReadItem(*FindObject(request.body, "Key")));
  ASSIGN_OR_RETURN(RequestExpressions expressions, ParseExpressions(request.body));
  ASSIGN_OR_RETURN(
      std::shared_ptr<Table> table,
      database.catalog->FindForData(request.caller, *FindString(request.body, "TableName")));
  auto definition = table->definition();
  ASSIGN_OR_RETURN(std::string key, KeyOfKey(key_attributes, *definition));
  if (expressions.projection) RETURN_IF_ERROR(CheckKeyPaths(*expressions.projection, *definition));

  auto now = database.clock->Monotonic();
  if (!table->AdmitsRead(table->serial(), now)) return Throttled(*definition);
  auto value = database.store->Get(key);
  if (!value) return InternalServerError(value.error().message);
  ObjectWriter answer;
  uint64_t size = 0;
  if (*value) {
    auto stored = DecodeStoredItem(**value);
    if (!stored) return InternalServerError(stored.error().message);
    size = stored->item_size;
    if (expressions.projection) {
      auto item = ParseStoredJson(stored->json);
      if (!item) return InternalServerError(item.error().message);
      std::string projected;
      AppendJson(Project(*expressions.projection, *item), projected);
      answer.Add("Item", projected);
    } else {
      answer.Add("Item", stored->json);
    }
  }
  double units = ReadUnits(size, BooleanOr(request.body, "ConsistentRead", false));
  table->TakeRead(table->serial(), units, now);
  CapacityReport report = RequestedReport(request);
  if (report != CapacityReport::kNone) {
    std::string consumed;
    AppendJson(ConsumedCapacity{.table = definition->name, .table_units = units}, report, consumed);
    answer.Add("ConsumedCapacity", consumed);
  }
  return std::move(answer).Finish();
}

}  // namespace penstock::dynamodb
