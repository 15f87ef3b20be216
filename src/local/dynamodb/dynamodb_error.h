// The errors of local DynamoDB, one factory for each, with AWS's own words.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/api_error.h"

namespace penstock::dynamodb {

ApiError ValidationError(std::string message);
/// "One or more parameter values were invalid: <what>"
ApiError InvalidParameterValues(std::string_view what);
ApiError SerializationError(std::string message = {});
ApiError UnknownOperation();
/// An operation of DynamoDB that this server does not have.
ApiError UnsupportedOperation(std::string_view operation);
ApiError MissingAuthenticationToken();
ApiError AccessDenied(std::string_view user_arn, std::string_view operation,
                      std::string_view resource);

/// Data operations: the table is not there, or not yet, or no longer.
ApiError ResourceNotFound();
/// DescribeTable, DeleteTable and other control operations.
ApiError TableNotFound(std::string_view table);
/// Tag operations.
ApiError ArnNotFound(std::string_view arn);
ApiError ResourceInUse(std::string message);
ApiError LimitExceeded(std::string message);
ApiError ItemTooLarge();
ApiError KeySchemaMismatch();

/// `item_json`: the item as it is, if the caller asked for it; else empty.
ApiError ConditionalCheckFailed(std::string item_json);
ApiError ProvisionedThroughputExceeded();
/// On-demand tables.
ApiError Throttling();
/// Why a transaction was canceled, for one of its actions.
struct CancellationReason {
  std::string code = "None";  // "None": this action would have been all right
  std::string message;
  std::string item_json;  // the item as it is, if the action asked for it
};
/// One reason for each action, in their order.
ApiError TransactionCanceled(const std::vector<CancellationReason>& reasons);
ApiError IdempotentParameterMismatch();
/// The store failed; `reason` goes to the log, not to the caller.
ApiError InternalServerError(std::string_view reason);

/// The body that goes over the wire.
std::string ErrorBody(const ApiError& error);

}  // namespace penstock::dynamodb
