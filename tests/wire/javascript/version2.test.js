// The JavaScript SDK's version 2, which many scripts still use.
"use strict";

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const assert = require("node:assert/strict");
const { test } = require("node:test");
const AWS = require("aws-sdk");
const { endpoint, region, credentials, fresh } = require("./world");

const options = { endpoint, region, ...credentials, maxRetries: 0 };

test("pipelines", async () => {
  const client = new AWS.DataPipeline(options);
  const name = fresh("js2");
  const { pipelineId } = await client.createPipeline({ name, uniqueId: name }).promise();
  const pipelineObjects = [
    { id: "Default", name: "Default", fields: [{ key: "scheduleType", stringValue: "ondemand" }, { key: "workerGroup", stringValue: name }] },
    { id: "A", name: "A", fields: [{ key: "type", stringValue: "ShellCommandActivity" }, { key: "command", stringValue: "true" }] },
  ];
  const put = await client.putPipelineDefinition({ pipelineId, pipelineObjects }).promise();
  assert.equal(put.errored, false);
  assert.deepEqual((await client.getPipelineDefinition({ pipelineId }).promise()).pipelineObjects, pipelineObjects);
  await client.activatePipeline({ pipelineId }).promise();
  const { pipelineDescriptionList } = await client.describePipelines({ pipelineIds: [pipelineId] }).promise();
  assert.equal(pipelineDescriptionList[0].pipelineId, pipelineId);
  await client.deletePipeline({ pipelineId }).promise();
  await assert.rejects(client.getPipelineDefinition({ pipelineId }).promise(), /PipelineDeleted|PipelineNotFound/);
});

test("objects and items", async () => {
  const s3 = new AWS.S3({ ...options, s3ForcePathStyle: true });
  const Bucket = fresh("js2");
  await s3.createBucket({ Bucket }).promise();
  await s3.upload({ Bucket, Key: "k", Body: Buffer.alloc(6 * 1024 * 1024, "x") }, { partSize: 5 * 1024 * 1024 }).promise();
  assert.equal((await s3.headObject({ Bucket, Key: "k" }).promise()).ContentLength, 6 * 1024 * 1024);
  assert.equal((await fetch(s3.getSignedUrl("getObject", { Bucket, Key: "k" }))).status, 200);

  const tables = new AWS.DynamoDB(options), TableName = fresh("js2");
  await tables.createTable({
    TableName, ProvisionedThroughput: { ReadCapacityUnits: 100, WriteCapacityUnits: 100 },
    AttributeDefinitions: [{ AttributeName: "Id", AttributeType: "S" }], KeySchema: [{ AttributeName: "Id", KeyType: "HASH" }] }).promise();
  const items = new AWS.DynamoDB.DocumentClient({ service: tables });
  await items.put({ TableName, Item: { Id: "a", n: 1.5, set: items.createSet([1, 2]) } }).promise();
  const { Item } = await items.get({ TableName, Key: { Id: "a" } }).promise();
  assert.equal(Item.n, 1.5);
  assert.deepEqual([...Item.set.values].sort(), [1, 2]);
  await assert.rejects(
    items.put({ TableName, Item: { Id: "a" }, ConditionExpression: "attribute_not_exists(Id)" }).promise(),
    { code: "ConditionalCheckFailedException" });
});
