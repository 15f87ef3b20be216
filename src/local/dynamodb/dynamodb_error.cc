#include "local/dynamodb/dynamodb_error.h"

#include <fmt/core.h>

#include "base/log.h"
#include "local/dynamodb/attribute_value.h"

namespace penstock::dynamodb {

namespace {

ApiError Modelled(std::string_view name, std::string message) {
  return {fmt::format("com.amazonaws.dynamodb.v20120810#{}", name), std::move(message)};
}

constexpr std::string_view kSerializationType = "com.amazon.coral.service#SerializationException";
constexpr std::string_view kAccessDeniedType = "com.amazon.coral.service#AccessDeniedException";
constexpr std::string_view kTransactionCanceledType =
    "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
constexpr std::string_view kParameterMismatchType =
    "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException";

}  // namespace

ApiError ValidationError(std::string message) {
  return {"com.amazon.coral.validate#ValidationException", std::move(message)};
}

ApiError InvalidParameterValues(std::string_view what) {
  return ValidationError(fmt::format("One or more parameter values were invalid: {}", what));
}

ApiError SerializationError(std::string message) {
  return {std::string(kSerializationType), std::move(message)};
}

ApiError UnknownOperation() { return {"com.amazon.coral.service#UnknownOperationException", {}}; }

ApiError UnsupportedOperation(std::string_view operation) {
  ApiError error = UnknownOperation();
  error.message = fmt::format("The operation {} is not supported by this server.", operation);
  return error;
}

ApiError MissingAuthenticationToken() {
  return {"com.amazon.coral.service#MissingAuthenticationTokenException",
          "Request is missing Authentication Token"};
}

ApiError AccessDenied(std::string_view user_arn, std::string_view operation,
                      std::string_view resource) {
  return {std::string(kAccessDeniedType),
          fmt::format("User: {} is not authorized to perform: dynamodb:{} on resource: {}",
                      user_arn, operation, resource)};
}

ApiError ResourceNotFound() {
  return Modelled("ResourceNotFoundException", "Requested resource not found");
}

ApiError TableNotFound(std::string_view table) {
  return Modelled("ResourceNotFoundException",
                  fmt::format("Requested resource not found: Table: {} not found", table));
}

ApiError ArnNotFound(std::string_view arn) {
  return Modelled("ResourceNotFoundException",
                  fmt::format("Requested resource not found: ResourcArn: {} not found", arn));
}

ApiError ResourceInUse(std::string message) {
  return Modelled("ResourceInUseException", std::move(message));
}

ApiError LimitExceeded(std::string message) {
  return Modelled("LimitExceededException", std::move(message));
}

ApiError ItemTooLarge() {
  return ValidationError("Item size has exceeded the maximum allowed size");
}

ApiError KeySchemaMismatch() {
  return ValidationError("The provided key element does not match the schema");
}

ApiError ConditionalCheckFailed(std::string item_json) {
  ApiError error = Modelled("ConditionalCheckFailedException", "The conditional request failed");
  if (!item_json.empty()) error.details.emplace_back("Item", std::move(item_json));
  return error;
}

ApiError ProvisionedThroughputExceeded() {
  return Modelled("ProvisionedThroughputExceededException",
                  "The level of configured provisioned throughput for the table was exceeded. "
                  "Consider increasing your provisioning level with the UpdateTable API.");
}

ApiError Throttling() {
  return Modelled(
      "ThrottlingException",
      "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically "
      "scaling your table or index so please try again shortly. If exceptions persist, check if "
      "you "
      "have a hot key: "
      "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
      "bp-partition-key-design.html");
}

ApiError TransactionCanceled(const std::vector<CancellationReason>& reasons) {
  std::string codes, json = "[";
  for (const CancellationReason& reason : reasons) {
    codes += (codes.empty() ? "" : ", ") + reason.code;
    if (json.size() > 1) json.push_back(',');
    json += "{\"Code\":";
    AppendJsonString(reason.code, json);
    if (!reason.message.empty()) {
      json += ",\"Message\":";
      AppendJsonString(reason.message, json);
    }
    if (!reason.item_json.empty()) json += ",\"Item\":" + reason.item_json;
    json.push_back('}');
  }
  ApiError error{
      std::string(kTransactionCanceledType),
      fmt::format("Transaction cancelled, please refer cancellation reasons for specific "
                  "reasons [{}]",
                  codes)};
  error.details.emplace_back("CancellationReasons", json + "]");
  return error;
}

ApiError IdempotentParameterMismatch() {
  return {std::string(kParameterMismatchType),
          "The ClientRequestToken was used within the last 10 minutes for a request with other "
          "parameters."};
}

ApiError InternalServerError(std::string_view reason) {
  Log(LogLevel::kError, "dynamodb: {}", reason);
  return {"com.amazonaws.dynamodb.v20120810#InternalServerError",
          "The request processing has failed because of an unknown error, exception or failure.",
          500};
}

std::string ErrorBody(const ApiError& error) {
  std::string body = "{\"__type\":";
  AppendJsonString(error.type, body);
  if (!error.message.empty()) {
    // The first two come from another layer of the real service, which writes the member with a
    // capital; the others' model does.
    bool capital = error.type == kSerializationType || error.type == kAccessDeniedType ||
                   error.type == kTransactionCanceledType || error.type == kParameterMismatchType;
    body += capital ? ",\"Message\":" : ",\"message\":";
    AppendJsonString(error.message, body);
  }
  for (const auto& [name, json] : error.details) {
    body += ",";
    AppendJsonString(name, body);
    body += ":" + json;
  }
  return body + "}";
}

}  // namespace penstock::dynamodb
