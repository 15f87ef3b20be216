// The operations' inputs as tables for request_shape.h, in the order in which the real service
// checks the members.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
#pragma once

#include <span>

#include "local/dynamodb/request_shape.h"

namespace penstock::dynamodb {

extern const std::span<const Member> kBatchGetItemShape;
extern const std::span<const Member> kBatchWriteItemShape;
extern const std::span<const Member> kCreateTableShape;
extern const std::span<const Member> kDeleteItemShape;
extern const std::span<const Member> kTableNameShape;  // DescribeTable, DeleteTable, …
extern const std::span<const Member> kGetItemShape;
extern const std::span<const Member> kListTablesShape;
extern const std::span<const Member> kPutItemShape;
extern const std::span<const Member> kQueryShape;
extern const std::span<const Member> kScanShape;
extern const std::span<const Member> kTagResourceShape;
extern const std::span<const Member> kTransactGetItemsShape;
extern const std::span<const Member> kTransactWriteItemsShape;
extern const std::span<const Member> kUntagResourceShape;
extern const std::span<const Member> kListTagsOfResourceShape;
extern const std::span<const Member> kUpdateItemShape;
extern const std::span<const Member> kUpdateTableShape;
extern const std::span<const Member> kUpdateTimeToLiveShape;
extern const std::span<const Member> kUpdateContinuousBackupsShape;

}  // namespace penstock::dynamodb
