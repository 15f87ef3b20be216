// S3 and DynamoDB through the JavaScript SDK, version 3, with what it sends by default.
"use strict";

const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { test } = require("node:test");
const ddb = require("@aws-sdk/client-dynamodb");
const documents = require("@aws-sdk/lib-dynamodb");
const s3 = require("@aws-sdk/client-s3");
const { Upload } = require("@aws-sdk/lib-storage");
const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");
const { endpoint, region, credentials, fresh, collect } = require("./world");

test("objects: checksums, multipart, ranges, presigned addresses, listings", async () => {
  const client = new s3.S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
  const Bucket = fresh("js");
  await client.send(new s3.CreateBucketCommand({ Bucket }));
  const put = await client.send(new s3.PutObjectCommand({ Bucket, Key: "a/ü +.txt", Body: "hello", Metadata: { who: "js" } }));
  assert.ok(put.ChecksumCRC32, "the SDK's default checksum comes back");
  const got = await client.send(new s3.GetObjectCommand({ Bucket, Key: "a/ü +.txt", ChecksumMode: "ENABLED" }));
  assert.equal(await got.Body.transformToString(), "hello");
  assert.deepEqual(got.Metadata, { who: "js" });

  const size = 11 * 1024 * 1024;
  const bytes = Buffer.alloc(size, "0123456789abcdef");
  await new Upload({ client, params: { Bucket, Key: "large", Body: Readable.from([bytes.subarray(0, 7), bytes.subarray(7)]) } }).done();
  const head = await client.send(new s3.HeadObjectCommand({ Bucket, Key: "large" }));
  assert.equal(head.ContentLength, size);
  assert.match(head.ETag, /-3"$/);
  const part = await client.send(new s3.GetObjectCommand({ Bucket, Key: "large", Range: "bytes=-16" }));
  assert.equal(await part.Body.transformToString(), "0123456789abcdef");

  const address = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: "a/ü +.txt" }), { expiresIn: 60 });
  assert.equal(await (await fetch(address)).text(), "hello");
  const upload = await getSignedUrl(client, new s3.PutObjectCommand({ Bucket, Key: "signed" }), { expiresIn: 60 });
  assert.equal((await fetch(upload, { method: "PUT", body: "by address" })).status, 200);

  const pages = await collect(s3.paginateListObjectsV2({ client, pageSize: 1 }, { Bucket }));
  const keys = pages.flatMap((page) => page.Contents ?? []).map(({ Key }) => Key);
  assert.deepEqual(keys, ["a/ü +.txt", "large", "signed"]);
  await assert.rejects(client.send(new s3.GetObjectCommand({ Bucket, Key: "none" })), s3.NoSuchKey);
  await client.send(new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } }));
  await client.send(new s3.DeleteBucketCommand({ Bucket }));
});

test("items: documents, numbers, conditions, batches, scans in segments", async () => {
  const client = new ddb.DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 });
  const table = documents.DynamoDBDocumentClient.from(client, { unmarshallOptions: { wrapNumbers: true } });
  const TableName = fresh("js");
  await client.send(new ddb.CreateTableCommand({
    TableName, BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "Id", AttributeType: "N" }],
    KeySchema: [{ AttributeName: "Id", KeyType: "HASH" }],
  }));
  await ddb.waitUntilTableExists({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { TableName });

  const item = { Id: 1, name: "Zoë 🦊", list: [1, "two", null, { three: true }], tags: new Set(["a", "b"]), raw: new Uint8Array([0, 255]) };
  await table.send(new documents.PutCommand({ TableName, Item: item }));
  const { Item } = await table.send(new documents.GetCommand({ TableName, Key: { Id: 1 } }));
  assert.equal(Item.name, item.name);
  assert.deepEqual(Item.tags, item.tags);
  assert.deepEqual([...Item.raw], [0, 255]);
  await client.send(new ddb.PutItemCommand({ TableName, Item: { Id: { N: "2" }, exact: { N: "12345678901234567890.123456789012345678" } } }));
  const exact = await table.send(new documents.GetCommand({ TableName, Key: { Id: 2 } }));
  assert.equal(exact.Item.exact.value, "12345678901234567890.123456789012345678");

  await assert.rejects(
    table.send(new documents.PutCommand({ TableName, Item: item, ConditionExpression: "attribute_not_exists(Id)" })),
    ddb.ConditionalCheckFailedException);
  const updated = await table.send(new documents.UpdateCommand({
    TableName, Key: { Id: 1 }, ReturnValues: "UPDATED_NEW", UpdateExpression: "SET #n = :n ADD visits :one",
    ExpressionAttributeNames: { "#n": "name" }, ExpressionAttributeValues: { ":n": "Zoe", ":one": 1 } }));
  assert.equal(updated.Attributes.name, "Zoe");
  assert.equal(updated.Attributes.visits.value, "1");

  for (let from = 10; from < 60; from += 25) {
    const writes = Array.from({ length: 25 }, (_, i) => ({ PutRequest: { Item: { Id: from + i } } }));
    const answer = await table.send(new documents.BatchWriteCommand({ RequestItems: { [TableName]: writes } }));
    assert.deepEqual(answer.UnprocessedItems, {});
  }
  let count = 0;
  for (let Segment = 0; Segment < 3; ++Segment) {
    const pages = await collect(documents.paginateScan({ client: table, pageSize: 7 }, { TableName, Segment, TotalSegments: 3 }));
    count += pages.reduce((sum, page) => sum + page.Count, 0);
  }
  assert.equal(count, 52);
  await assert.rejects(client.send(new ddb.DescribeTableCommand({ TableName: "none" })), ddb.ResourceNotFoundException);
  await client.send(new ddb.DeleteTableCommand({ TableName }));
});
