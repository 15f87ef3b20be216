// Calls all 19 operations of the Data Pipeline API, and the main ones of DynamoDB and S3, with the AWS SDK for JavaScript v3.
// Prints the name of each Data Pipeline operation that did what it should, and `DynamoDB` and `S3`.
// Arguments: folder with node_modules, endpoint, access key, secret key.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const require = createRequire(folder + '/');
const pipelines = require('@aws-sdk/client-data-pipeline');
const tables = require('@aws-sdk/client-dynamodb');
const buckets = require('@aws-sdk/client-s3');
const config = { endpoint, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 };

const client = new pipelines.DataPipeline(config);
const shown = new Set();
const show = (operation) => shown.has(operation) || (shown.add(operation), console.log(operation));

const object = (id, fields) => ({
  id, name: id,
  fields: Object.entries(fields).map(([key, value]) =>
    value.startsWith('@') ? { key, refValue: value.slice(1) } : { key, stringValue: value }),
});
const field = (one, key) => one.fields.find((f) => f.key === key)?.stringValue;

async function instances(pipelineId) {
  const { ids } = await client.queryObjects({ pipelineId, sphere: 'INSTANCE' });
  if (!ids?.length) return [];
  return (await client.describeObjects({ pipelineId, objectIds: ids })).pipelineObjects;
}

async function until(pipelineId, component, status) {
  let now;
  for (let i = 0; i < 300; i++) {
    const found = (await instances(pipelineId)).find((one) => one.id.startsWith(`@${component}_`));
    now = found && field(found, '@status');
    if (now === status) return;
    await sleep(100);
  }
  assert.fail(`${component} is ${now}, not ${status}`);
}

async function dataPipeline() {
  const workerGroup = `javascript-${randomUUID()}`;
  const create = { name: 'from JavaScript', uniqueId: randomUUID(), tags: [{ key: 'team', value: 'tests' }] };
  const { pipelineId } = await client.createPipeline(create);
  assert.match(pipelineId, /^df-/);
  assert.equal((await client.createPipeline(create)).pipelineId, pipelineId);
  show('CreatePipeline');

  const pipelineObjects = [
    object('Default', { scheduleType: 'ondemand', workerGroup, failureAndRerunMode: 'cascade' }),
    object('First', { type: 'ShellCommandActivity', command: 'echo #{myWord}', stage: 'false' }),
    object('Second', { type: 'ShellCommandActivity', command: 'true', dependsOn: '@First', maximumRetries: '0' }),
  ];
  const definition = {
    pipelineId, pipelineObjects,
    parameterObjects: [{ id: 'myWord', attributes: [{ key: 'type', stringValue: 'String' }] }],
    parameterValues: [{ id: 'myWord', stringValue: 'hello' }],
  };
  assert.equal((await client.validatePipelineDefinition(definition)).errored, false);
  const lonely = await client.validatePipelineDefinition(
    { pipelineId, pipelineObjects: [object('Lonely', { type: 'ShellCommandActivity' })] });
  assert.equal(lonely.errored, true);
  assert.equal(lonely.validationErrors[0].id, 'Lonely');
  show('ValidatePipelineDefinition');
  assert.equal((await client.putPipelineDefinition(definition)).errored, false);
  show('PutPipelineDefinition');
  const got = await client.getPipelineDefinition({ pipelineId, version: 'latest' });
  assert.deepEqual(got.pipelineObjects.map((one) => one.id).sort(), ['Default', 'First', 'Second']);
  assert.deepEqual(got.parameterValues, definition.parameterValues);
  show('GetPipelineDefinition');

  const described = (await client.describePipelines({ pipelineIds: [pipelineId] })).pipelineDescriptionList[0];
  assert.equal(described.name, 'from JavaScript');
  assert.deepEqual(described.tags, create.tags);
  show('DescribePipelines');
  const listed = [];
  for await (const page of pipelines.paginateListPipelines({ client }, {})) listed.push(...page.pipelineIdList);
  assert.ok(listed.some((one) => one.id === pipelineId));
  show('ListPipelines');
  await client.addTags({ pipelineId, tags: [{ key: 'cost', value: '' }] });
  show('AddTags');
  await client.removeTags({ pipelineId, tagKeys: ['team'] });
  assert.deepEqual((await client.describePipelines({ pipelineIds: [pipelineId] })).pipelineDescriptionList[0].tags,
    [{ key: 'cost', value: '' }]);
  show('RemoveTags');

  const poll = async () => {
    for (let i = 0; i < 3; i++) {
      const { taskObject } = await client.pollForTask({ workerGroup, hostname: 'javascript' });
      if (taskObject) return taskObject;
    }
    assert.fail('no task came');
  };
  const parked = poll();
  await sleep(300);
  await client.activatePipeline({ pipelineId });
  show('ActivatePipeline');
  const task = await parked;
  assert.equal(task.pipelineId, pipelineId);
  assert.ok(Object.values(task.objects).some((one) => field(one, 'command') === 'echo hello'));
  show('PollForTask');
  const { canceled } = await client.reportTaskProgress(
    { taskId: task.taskId, fields: [{ key: 'percentDone', stringValue: '50' }] });
  assert.equal(canceled, false);
  show('ReportTaskProgress');
  const { terminate } = await client.reportTaskRunnerHeartbeat({ taskrunnerId: 'javascript-1', workerGroup });
  assert.equal(terminate, false);
  show('ReportTaskRunnerHeartbeat');
  const { evaluatedExpression } = await client.evaluateExpression(
    { pipelineId, objectId: task.attemptId, expression: 'is #{myWord}' });
  assert.equal(evaluatedExpression, 'is hello');
  show('EvaluateExpression');
  await client.setTaskStatus({ taskId: task.taskId, taskStatus: 'FINISHED' });
  await until(pipelineId, 'First', 'FINISHED');
  const second = await poll();
  await client.setTaskStatus({ taskId: second.taskId, taskStatus: 'FAILED', errorId: 'NoGood', errorMessage: 'on purpose' });
  await until(pipelineId, 'Second', 'FAILED');
  show('SetTaskStatus');

  const failed = [];
  const query = { selectors: [{ fieldName: '@status', operator: { type: 'EQ', values: ['FAILED'] } }] };
  for await (const page of pipelines.paginateQueryObjects({ client }, { pipelineId, sphere: 'INSTANCE', query })) {
    failed.push(...page.ids);
  }
  assert.equal(failed.length, 1);
  show('QueryObjects');
  show('DescribeObjects');  // as `instances` did
  await client.setStatus({ pipelineId, objectIds: failed, status: 'RERUN' });
  await client.setTaskStatus({ taskId: (await poll()).taskId, taskStatus: 'FINISHED' });
  await until(pipelineId, 'Second', 'FINISHED');
  show('SetStatus');

  await assert.rejects(client.reportTaskProgress({ taskId: "nobody's" }), pipelines.TaskNotFoundException);
  await client.deactivatePipeline({ pipelineId, cancelActive: true });
  show('DeactivatePipeline');
  await client.deletePipeline({ pipelineId });
  await assert.rejects(client.describePipelines({ pipelineIds: [pipelineId] }), (error) =>
    error instanceof pipelines.PipelineDeletedException || error instanceof pipelines.PipelineNotFoundException);
  show('DeletePipeline');
}

async function dynamoDb() {
  const dynamodb = new tables.DynamoDB(config);
  const TableName = `javascript-${randomUUID()}`;
  await dynamodb.createTable({
    TableName, BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  });
  await tables.waitUntilTableExists({ client: dynamodb, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { TableName });
  const Item = { id: { S: 'a' }, n: { N: '12345678901234567890123456789012345678' }, b: { B: new Uint8Array([0, 255]) } };
  await dynamodb.putItem({ TableName, Item });
  assert.deepEqual({ ...(await dynamodb.getItem({ TableName, Key: { id: { S: 'a' } } })).Item }, Item);
  await assert.rejects(dynamodb.putItem({ TableName, Item, ConditionExpression: 'attribute_not_exists(id)' }),
    tables.ConditionalCheckFailedException);
  let count = 0;
  for await (const page of tables.paginateScan({ client: dynamodb }, { TableName })) count += page.Count;
  assert.equal(count, 1);
  await dynamodb.deleteTable({ TableName });
  console.log('DynamoDB');
}

async function s3() {
  const store = new buckets.S3({ ...config, forcePathStyle: true });
  const Bucket = `javascript-${randomUUID()}`;
  await store.createBucket({ Bucket });
  // The newest clients send a CRC-32 of every body and check it when they read.
  await store.putObject({ Bucket, Key: 'a b/\u00e4', Body: 'content', Metadata: { who: 'me' } });
  const read = await store.getObject({ Bucket, Key: 'a b/\u00e4', ChecksumMode: 'ENABLED' });
  assert.equal(await read.Body.transformToString(), 'content');
  assert.deepEqual(read.Metadata, { who: 'me' });
  const { UploadId } = await store.createMultipartUpload({ Bucket, Key: 'big' });
  const Body = Buffer.alloc(5 << 20, 'x');
  const Parts = [];
  for (const PartNumber of [1, 2]) {
    const { ETag } = await store.uploadPart({ Bucket, Key: 'big', UploadId, PartNumber, Body });
    Parts.push({ ETag, PartNumber });
  }
  await store.completeMultipartUpload({ Bucket, Key: 'big', UploadId, MultipartUpload: { Parts } });
  const keys = [];
  for await (const page of buckets.paginateListObjectsV2({ client: store }, { Bucket })) {
    keys.push(...page.Contents.map((one) => `${one.Key} ${one.Size}`));
  }
  assert.deepEqual(keys, ['a b/\u00e4 7', `big ${10 << 20}`]);
  await assert.rejects(store.getObject({ Bucket, Key: 'none' }), buckets.NoSuchKey);
  await store.deleteObjects({ Bucket, Delete: { Objects: [{ Key: 'a b/\u00e4' }, { Key: 'big' }] } });
  await store.deleteBucket({ Bucket });
  console.log('S3');
}

await dataPipeline();
await dynamoDb();
await s3();
process.exit(0);
