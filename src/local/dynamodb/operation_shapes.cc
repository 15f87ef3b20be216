#include "local/dynamodb/operation_shapes.h"

namespace penstock::dynamodb {

namespace {

using ShapeKind = Shape::Kind;

constexpr Shape kString{.kind = ShapeKind::kString};
constexpr Shape kBoolean{.kind = ShapeKind::kBoolean};
constexpr Shape kAttributeValue{.kind = ShapeKind::kAttributeValue};
constexpr Shape kAttributeValueField{.kind = ShapeKind::kAttributeValue, .is_field = true};
constexpr Shape kAttributeMap{
    .kind = ShapeKind::kMap, .class_name = "AttributeValue", .element = &kAttributeValue};
constexpr Shape kAttributeList{.kind = ShapeKind::kList, .element = &kAttributeValue};
constexpr Shape kNameMap{
    .kind = ShapeKind::kMap, .class_name = "java.lang.String", .element = &kString};
constexpr Shape kAttributeNames{
    .kind = ShapeKind::kList, .element = &kString, .least = 1, .most = 255};
constexpr Shape kName{.kind = ShapeKind::kString, .is_name = true, .least = 3, .most = 255};
constexpr Shape kControlTableName{.kind = ShapeKind::kString, .is_name = true};
constexpr Shape kPositive{.kind = ShapeKind::kInteger, .least = 1};
constexpr Shape kUnits{.kind = ShapeKind::kLong, .least = 1};

constexpr std::string_view kConsumedCapacityChoices[] = {"INDEXES", "TOTAL", "NONE"};
constexpr Shape kReturnConsumedCapacity{.kind = ShapeKind::kString,
                                        .choices = kConsumedCapacityChoices};
constexpr std::string_view kMetricsChoices[] = {"SIZE", "NONE"};
constexpr Shape kReturnItemCollectionMetrics{.kind = ShapeKind::kString,
                                             .choices = kMetricsChoices};
constexpr std::string_view kReturnValuesChoices[] = {"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE",
                                                     "UPDATED_NEW"};
constexpr Shape kReturnValues{.kind = ShapeKind::kString, .choices = kReturnValuesChoices};
constexpr std::string_view kOnFailureChoices[] = {"ALL_OLD", "NONE"};
constexpr Shape kReturnOnFailure{.kind = ShapeKind::kString, .choices = kOnFailureChoices};
constexpr std::string_view kConditionalOperatorChoices[] = {"OR", "AND"};
constexpr Shape kConditionalOperator{.kind = ShapeKind::kString,
                                     .choices = kConditionalOperatorChoices};
constexpr std::string_view kComparisonChoices[] = {
    "IN",       "NULL", "BETWEEN", "LT",          "NOT_CONTAINS", "EQ",      "GT",
    "NOT_NULL", "NE",   "LE",      "BEGINS_WITH", "GE",           "CONTAINS"};
constexpr Shape kComparison{.kind = ShapeKind::kString, .choices = kComparisonChoices};
constexpr std::string_view kSelectChoices[] = {"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES",
                                               "ALL_PROJECTED_ATTRIBUTES"};
constexpr Shape kSelect{.kind = ShapeKind::kString, .choices = kSelectChoices};

// Conditions of the time before expressions.
constexpr Member kExpectedMembers[] = {
    {"AttributeValueList", &kAttributeList},
    {"ComparisonOperator", &kComparison},
    {"Exists", &kBoolean},
    {"Value", &kAttributeValueField},
};
constexpr Shape kExpectedValue{.kind = ShapeKind::kStructure,
                               .class_name = "ExpectedAttributeValue",
                               .members = kExpectedMembers};
constexpr Shape kExpected{
    .kind = ShapeKind::kMap, .class_name = "ExpectedAttributeValue", .element = &kExpectedValue};
constexpr Member kConditionMembers[] = {
    {"AttributeValueList", &kAttributeList},
    {"ComparisonOperator", &kComparison, true},
};
constexpr Shape kCondition{
    .kind = ShapeKind::kStructure, .class_name = "Condition", .members = kConditionMembers};
constexpr Shape kConditions{
    .kind = ShapeKind::kMap, .class_name = "Condition", .element = &kCondition};

constexpr Member kPutItem[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"TableName", &kName, true},
    {"Item", &kAttributeMap, true},
    {"ConditionalOperator", &kConditionalOperator},
    {"Expected", &kExpected},
    {"ReturnValues", &kReturnValues},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"ConditionExpression", &kString},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ExpressionAttributeNames", &kNameMap},
};

constexpr Member kDeleteItem[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"TableName", &kName, true},
    {"ReturnValues", &kReturnValues},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"Key", &kAttributeMap, true},
    {"ConditionalOperator", &kConditionalOperator},
    {"Expected", &kExpected},
    {"ConditionExpression", &kString},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ExpressionAttributeNames", &kNameMap},
};

constexpr Member kAttributeUpdateMembers[] = {
    {"Action", &kString},
    {"Value", &kAttributeValueField},
};
constexpr Shape kAttributeUpdate{.kind = ShapeKind::kStructure,
                                 .class_name = "AttributeValueUpdate",
                                 .members = kAttributeUpdateMembers};
constexpr Shape kAttributeUpdates{
    .kind = ShapeKind::kMap, .class_name = "AttributeValueUpdate", .element = &kAttributeUpdate};

constexpr Member kUpdateItem[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"TableName", &kName, true},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"ReturnValues", &kReturnValues},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
    {"Key", &kAttributeMap, true},
    {"ConditionalOperator", &kConditionalOperator},
    {"Expected", &kExpected},
    {"AttributeUpdates", &kAttributeUpdates},
    {"ConditionExpression", &kString},
    {"UpdateExpression", &kString},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ExpressionAttributeNames", &kNameMap},
};

constexpr Member kGetItem[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"AttributesToGet", &kAttributeNames},
    {"TableName", &kName, true},
    {"Key", &kAttributeMap, true},
    {"ConsistentRead", &kBoolean},
    {"ProjectionExpression", &kString},
    {"ExpressionAttributeNames", &kNameMap},
};

constexpr Member kQuery[] = {
    {"Select", &kSelect},
    {"IndexName", &kName},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"QueryFilter", &kConditions},
    {"TableName", &kName, true},
    {"ConditionalOperator", &kConditionalOperator},
    {"AttributesToGet", &kAttributeNames},
    {"Limit", &kPositive},
    {"KeyConditions", &kConditions},
    {"ExclusiveStartKey", &kAttributeMap},
    {"ConsistentRead", &kBoolean},
    {"ScanIndexForward", &kBoolean},
    {"KeyConditionExpression", &kString},
    {"FilterExpression", &kString},
    {"ProjectionExpression", &kString},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ExpressionAttributeNames", &kNameMap},
};

constexpr Shape kTotalSegments{.kind = ShapeKind::kInteger, .least = 1, .most = 1'000'000};
constexpr Shape kSegment{.kind = ShapeKind::kInteger, .least = 0, .most = 999'999};

constexpr Member kScan[] = {
    {"Select", &kSelect},
    {"IndexName", &kName},
    {"TotalSegments", &kTotalSegments},
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"TableName", &kName, true},
    {"ConditionalOperator", &kConditionalOperator},
    {"ScanFilter", &kConditions},
    {"Segment", &kSegment},
    {"Limit", &kPositive},
    {"AttributesToGet", &kAttributeNames},
    {"ExclusiveStartKey", &kAttributeMap},
    {"ConsistentRead", &kBoolean},
    {"FilterExpression", &kString},
    {"ProjectionExpression", &kString},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ExpressionAttributeNames", &kNameMap},
};

constexpr Member kDeleteRequestMembers[] = {{"Key", &kAttributeMap, true}};
constexpr Shape kDeleteRequest{.kind = ShapeKind::kStructure,
                               .class_name = "DeleteRequest",
                               .is_field = true,
                               .members = kDeleteRequestMembers};
constexpr Member kPutRequestMembers[] = {{"Item", &kAttributeMap, true}};
constexpr Shape kPutRequest{.kind = ShapeKind::kStructure,
                            .class_name = "PutRequest",
                            .is_field = true,
                            .members = kPutRequestMembers};
constexpr Member kWriteRequestMembers[] = {
    {"DeleteRequest", &kDeleteRequest},
    {"PutRequest", &kPutRequest},
};
constexpr Shape kWriteRequest{
    .kind = ShapeKind::kStructure, .class_name = "WriteRequest", .members = kWriteRequestMembers};
constexpr Shape kWriteRequests{
    .kind = ShapeKind::kList, .is_parameterized = true, .element = &kWriteRequest};
constexpr Shape kWriteRequestItems{
    .kind = ShapeKind::kMap,
    .class_name = "java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>",
    .element = &kWriteRequests,
    .least = 1,
    .keys_are_table_names = true,
    .values_least = 1,
    .values_most = 25};

constexpr Member kBatchWriteItem[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"RequestItems", &kWriteRequestItems, true},
};

constexpr Shape kKey{.kind = ShapeKind::kMap,
                     .class_name = "AttributeValue",
                     .is_parameterized = true,
                     .element = &kAttributeValue};
constexpr Shape kKeys{.kind = ShapeKind::kList, .element = &kKey, .least = 1, .most = 100};
constexpr Member kKeysAndAttributesMembers[] = {
    {"Keys", &kKeys, true},
    {"AttributesToGet", &kAttributeNames},
    {"ConsistentRead", &kBoolean},
    {"ProjectionExpression", &kString},
    {"ExpressionAttributeNames", &kNameMap},
};
constexpr Shape kKeysAndAttributes{.kind = ShapeKind::kStructure,
                                   .class_name = "KeysAndAttributes",
                                   .members = kKeysAndAttributesMembers};
constexpr Shape kGetRequestItems{.kind = ShapeKind::kMap,
                                 .class_name = "KeysAndAttributes",
                                 .element = &kKeysAndAttributes,
                                 .least = 1,
                                 .keys_are_table_names = true};
constexpr Member kBatchGetItem[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"RequestItems", &kGetRequestItems, true},
};

// Transactions.
constexpr Member kConditionCheckMembers[] = {
    {"Key", &kAttributeMap, true},
    {"TableName", &kName, true},
    {"ConditionExpression", &kString, true},
    {"ExpressionAttributeNames", &kNameMap},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
};
constexpr Shape kConditionCheck{.kind = ShapeKind::kStructure,
                                .class_name = "ConditionCheck",
                                .is_field = true,
                                .members = kConditionCheckMembers};
constexpr Member kTransactPutMembers[] = {
    {"Item", &kAttributeMap, true},
    {"TableName", &kName, true},
    {"ConditionExpression", &kString},
    {"ExpressionAttributeNames", &kNameMap},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
};
constexpr Shape kTransactPut{.kind = ShapeKind::kStructure,
                             .class_name = "Put",
                             .is_field = true,
                             .members = kTransactPutMembers};
constexpr Member kTransactDeleteMembers[] = {
    {"Key", &kAttributeMap, true},
    {"TableName", &kName, true},
    {"ConditionExpression", &kString},
    {"ExpressionAttributeNames", &kNameMap},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
};
constexpr Shape kTransactDelete{.kind = ShapeKind::kStructure,
                                .class_name = "Delete",
                                .is_field = true,
                                .members = kTransactDeleteMembers};
constexpr Member kTransactUpdateMembers[] = {
    {"Key", &kAttributeMap, true},
    {"UpdateExpression", &kString, true},
    {"TableName", &kName, true},
    {"ConditionExpression", &kString},
    {"ExpressionAttributeNames", &kNameMap},
    {"ExpressionAttributeValues", &kAttributeMap},
    {"ReturnValuesOnConditionCheckFailure", &kReturnOnFailure},
};
constexpr Shape kTransactUpdate{.kind = ShapeKind::kStructure,
                                .class_name = "Update",
                                .is_field = true,
                                .members = kTransactUpdateMembers};
constexpr Member kTransactWriteItemMembers[] = {
    {"ConditionCheck", &kConditionCheck},
    {"Put", &kTransactPut},
    {"Delete", &kTransactDelete},
    {"Update", &kTransactUpdate},
};
constexpr Shape kTransactWriteItem{.kind = ShapeKind::kStructure,
                                   .class_name = "TransactWriteItem",
                                   .members = kTransactWriteItemMembers};
constexpr Shape kTransactWriteActions{
    .kind = ShapeKind::kList, .element = &kTransactWriteItem, .least = 1, .most = 100};
constexpr Shape kClientRequestToken{.kind = ShapeKind::kString, .least = 1, .most = 36};
constexpr Member kTransactWriteItems[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"ReturnItemCollectionMetrics", &kReturnItemCollectionMetrics},
    {"ClientRequestToken", &kClientRequestToken},
    {"TransactItems", &kTransactWriteActions, true},
};

constexpr Member kTransactGetMembers[] = {
    {"Key", &kAttributeMap, true},
    {"TableName", &kName, true},
    {"ProjectionExpression", &kString},
    {"ExpressionAttributeNames", &kNameMap},
};
constexpr Shape kTransactGet{.kind = ShapeKind::kStructure,
                             .class_name = "Get",
                             .is_field = true,
                             .members = kTransactGetMembers};
constexpr Member kTransactGetItemMembers[] = {{"Get", &kTransactGet, true}};
constexpr Shape kTransactGetItem{.kind = ShapeKind::kStructure,
                                 .class_name = "TransactGetItem",
                                 .members = kTransactGetItemMembers};
constexpr Shape kTransactGets{
    .kind = ShapeKind::kList, .element = &kTransactGetItem, .least = 1, .most = 100};
constexpr Member kTransactGetItems[] = {
    {"ReturnConsumedCapacity", &kReturnConsumedCapacity},
    {"TransactItems", &kTransactGets, true},
};

// Tables.
constexpr std::string_view kAttributeTypeChoices[] = {"B", "N", "S"};
constexpr Shape kAttributeType{.kind = ShapeKind::kString, .choices = kAttributeTypeChoices};
constexpr Member kAttributeDefinitionMembers[] = {
    {"AttributeName", &kString, true},
    {"AttributeType", &kAttributeType, true},
};
constexpr Shape kAttributeDefinition{.kind = ShapeKind::kStructure,
                                     .class_name = "AttributeDefinition",
                                     .members = kAttributeDefinitionMembers};
constexpr Shape kAttributeDefinitions{.kind = ShapeKind::kList, .element = &kAttributeDefinition};

constexpr std::string_view kKeyTypeChoices[] = {"HASH", "RANGE"};
constexpr Shape kKeyType{.kind = ShapeKind::kString, .choices = kKeyTypeChoices};
constexpr Member kKeySchemaMembers[] = {
    {"AttributeName", &kString, true},
    {"KeyType", &kKeyType, true},
};
constexpr Shape kKeySchemaElement{
    .kind = ShapeKind::kStructure, .class_name = "KeySchemaElement", .members = kKeySchemaMembers};
constexpr Shape kKeySchema{
    .kind = ShapeKind::kList, .element = &kKeySchemaElement, .least = 1, .most = 2};

constexpr Member kThroughputMembers[] = {
    {"WriteCapacityUnits", &kUnits, true},
    {"ReadCapacityUnits", &kUnits, true},
};
constexpr Shape kThroughput{.kind = ShapeKind::kStructure,
                            .class_name = "ProvisionedThroughput",
                            .is_field = true,
                            .members = kThroughputMembers};
constexpr std::string_view kBillingModeChoices[] = {"PROVISIONED", "PAY_PER_REQUEST"};
constexpr Shape kBillingMode{.kind = ShapeKind::kString, .choices = kBillingModeChoices};

constexpr std::string_view kProjectionTypeChoices[] = {"ALL", "INCLUDE", "KEYS_ONLY"};
constexpr Shape kProjectionType{.kind = ShapeKind::kString, .choices = kProjectionTypeChoices};
constexpr Shape kNonKeyAttributes{.kind = ShapeKind::kList, .element = &kString, .least = 1};
constexpr Member kProjectionMembers[] = {
    {"ProjectionType", &kProjectionType},
    {"NonKeyAttributes", &kNonKeyAttributes},
};
constexpr Shape kProjection{.kind = ShapeKind::kStructure,
                            .class_name = "Projection",
                            .is_field = true,
                            .members = kProjectionMembers};
constexpr Member kLocalIndexMembers[] = {
    {"IndexName", &kName, true},
    {"KeySchema", &kKeySchema, true},
    {"Projection", &kProjection, true},
};
constexpr Shape kLocalIndex{.kind = ShapeKind::kStructure,
                            .class_name = "LocalSecondaryIndex",
                            .members = kLocalIndexMembers};
constexpr Shape kLocalIndexes{.kind = ShapeKind::kList, .element = &kLocalIndex};
constexpr Member kGlobalIndexMembers[] = {
    {"IndexName", &kName, true},
    {"KeySchema", &kKeySchema, true},
    {"Projection", &kProjection, true},
    {"ProvisionedThroughput", &kThroughput},
};
constexpr Shape kGlobalIndex{.kind = ShapeKind::kStructure,
                             .class_name = "GlobalSecondaryIndex",
                             .members = kGlobalIndexMembers};
constexpr Shape kGlobalIndexes{.kind = ShapeKind::kList, .element = &kGlobalIndex};

constexpr Member kTagMembers[] = {
    {"Key", &kString, true},
    {"Value", &kString, true},
};
constexpr Shape kTag{.kind = ShapeKind::kStructure, .class_name = "Tag", .members = kTagMembers};
constexpr Shape kTags{.kind = ShapeKind::kList, .element = &kTag};
constexpr Shape kTagKeys{.kind = ShapeKind::kList, .element = &kString};

constexpr std::string_view kTableClassChoices[] = {"STANDARD", "STANDARD_INFREQUENT_ACCESS"};
constexpr Shape kTableClass{.kind = ShapeKind::kString, .choices = kTableClassChoices};
constexpr Member kStreamMembers[] = {
    {"StreamEnabled", &kBoolean, true},
    {"StreamViewType", &kString},
};
constexpr Shape kStream{.kind = ShapeKind::kStructure,
                        .class_name = "StreamSpecification",
                        .is_field = true,
                        .members = kStreamMembers};
constexpr Member kEncryptionMembers[] = {
    {"Enabled", &kBoolean},
    {"SSEType", &kString},
    {"KMSMasterKeyId", &kString},
};
constexpr Shape kEncryption{.kind = ShapeKind::kStructure,
                            .class_name = "SSESpecification",
                            .is_field = true,
                            .members = kEncryptionMembers};

constexpr Member kCreateTable[] = {
    {"AttributeDefinitions", &kAttributeDefinitions, true},
    {"TableName", &kControlTableName, false, true},
    {"BillingMode", &kBillingMode},
    {"ProvisionedThroughput", &kThroughput},
    {"KeySchema", &kKeySchema, true},
    {"LocalSecondaryIndexes", &kLocalIndexes},
    {"GlobalSecondaryIndexes", &kGlobalIndexes},
    {"DeletionProtectionEnabled", &kBoolean},
    {"TableClass", &kTableClass},
    {"StreamSpecification", &kStream},
    {"SSESpecification", &kEncryption},
    {"Tags", &kTags},
};

constexpr Member kUpdateIndexMembers[] = {
    {"IndexName", &kName, true},
    {"ProvisionedThroughput", &kThroughput, true},
};
constexpr Shape kUpdateIndex{.kind = ShapeKind::kStructure,
                             .class_name = "UpdateGlobalSecondaryIndexAction",
                             .is_field = true,
                             .members = kUpdateIndexMembers};
constexpr Member kCreateIndexMembers[] = {
    {"Projection", &kProjection, true},
    {"IndexName", &kName, true},
    {"ProvisionedThroughput", &kThroughput},
    {"KeySchema", &kKeySchema, true},
};
constexpr Shape kCreateIndex{.kind = ShapeKind::kStructure,
                             .class_name = "CreateGlobalSecondaryIndexAction",
                             .is_field = true,
                             .members = kCreateIndexMembers};
constexpr Member kDeleteIndexMembers[] = {{"IndexName", &kName, true}};
constexpr Shape kDeleteIndex{.kind = ShapeKind::kStructure,
                             .class_name = "DeleteGlobalSecondaryIndexAction",
                             .is_field = true,
                             .members = kDeleteIndexMembers};
constexpr Member kIndexUpdateMembers[] = {
    {"Update", &kUpdateIndex},
    {"Create", &kCreateIndex},
    {"Delete", &kDeleteIndex},
};
constexpr Shape kIndexUpdate{.kind = ShapeKind::kStructure,
                             .class_name = "GlobalSecondaryIndexUpdate",
                             .members = kIndexUpdateMembers};
constexpr Shape kIndexUpdates{.kind = ShapeKind::kList, .element = &kIndexUpdate};

constexpr Member kUpdateTable[] = {
    {"TableName", &kControlTableName, false, true},
    {"ProvisionedThroughput", &kThroughput},
    {"BillingMode", &kBillingMode},
    {"GlobalSecondaryIndexUpdates", &kIndexUpdates},
    {"AttributeDefinitions", &kAttributeDefinitions},
    {"DeletionProtectionEnabled", &kBoolean},
    {"TableClass", &kTableClass},
    {"StreamSpecification", &kStream},
    {"SSESpecification", &kEncryption},
};

constexpr Member kTableName[] = {{"TableName", &kControlTableName, false, true}};

constexpr Shape kListLimit{.kind = ShapeKind::kInteger, .least = 1, .most = 100};
constexpr Member kListTables[] = {
    {"Limit", &kListLimit},
    {"ExclusiveStartTableName", &kName},
};

constexpr Member kTagResource[] = {{"ResourceArn", &kString}, {"Tags", &kTags}};
constexpr Member kUntagResource[] = {{"ResourceArn", &kString}, {"TagKeys", &kTagKeys}};
constexpr Member kListTagsOfResource[] = {{"ResourceArn", &kString}, {"NextToken", &kString}};

constexpr Shape kTtlAttribute{.kind = ShapeKind::kString, .least = 1, .most = 255};
constexpr Member kTimeToLiveMembers[] = {
    {"Enabled", &kBoolean, true},
    {"AttributeName", &kTtlAttribute, true},
};
constexpr Shape kTimeToLive{.kind = ShapeKind::kStructure,
                            .class_name = "TimeToLiveSpecification",
                            .is_field = true,
                            .members = kTimeToLiveMembers};
constexpr Member kUpdateTimeToLive[] = {
    {"TableName", &kControlTableName, false, true},
    {"TimeToLiveSpecification", &kTimeToLive, true},
};

constexpr Member kRecoveryMembers[] = {{"PointInTimeRecoveryEnabled", &kBoolean, true}};
constexpr Shape kRecovery{.kind = ShapeKind::kStructure,
                          .class_name = "PointInTimeRecoverySpecification",
                          .is_field = true,
                          .members = kRecoveryMembers};
constexpr Member kUpdateContinuousBackups[] = {
    {"TableName", &kControlTableName, false, true},
    {"PointInTimeRecoverySpecification", &kRecovery, true},
};

}  // namespace

const std::span<const Member> kBatchGetItemShape = kBatchGetItem;
const std::span<const Member> kBatchWriteItemShape = kBatchWriteItem;
const std::span<const Member> kCreateTableShape = kCreateTable;
const std::span<const Member> kDeleteItemShape = kDeleteItem;
const std::span<const Member> kTableNameShape = kTableName;
const std::span<const Member> kGetItemShape = kGetItem;
const std::span<const Member> kListTablesShape = kListTables;
const std::span<const Member> kPutItemShape = kPutItem;
const std::span<const Member> kQueryShape = kQuery;
const std::span<const Member> kScanShape = kScan;
const std::span<const Member> kTagResourceShape = kTagResource;
const std::span<const Member> kTransactGetItemsShape = kTransactGetItems;
const std::span<const Member> kTransactWriteItemsShape = kTransactWriteItems;
const std::span<const Member> kUntagResourceShape = kUntagResource;
const std::span<const Member> kListTagsOfResourceShape = kListTagsOfResource;
const std::span<const Member> kUpdateItemShape = kUpdateItem;
const std::span<const Member> kUpdateTableShape = kUpdateTable;
const std::span<const Member> kUpdateTimeToLiveShape = kUpdateTimeToLive;
const std::span<const Member> kUpdateContinuousBackupsShape = kUpdateContinuousBackups;

}  // namespace penstock::dynamodb
