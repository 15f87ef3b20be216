// All 19 operations of Data Pipeline through the JavaScript SDK, version 3.
"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const dp = require("@aws-sdk/client-data-pipeline");
const { endpoint, region, credentials, fresh, collect, eventually } = require("./world");

const client = new dp.DataPipelineClient({ endpoint, region, credentials, maxAttempts: 1 });
const send = (Command, input) => client.send(new Command(input));

const field = (key, stringValue) => ({ key, stringValue });
const reference = (key, refValue) => ({ key, refValue });

/// One activity without a schedule, for a worker group of the test's own.
const definition = (workerGroup) => [
  { id: "Default", name: "Default", fields: [field("scheduleType", "ondemand"), field("workerGroup", workerGroup)] },
  {
    id: "Greet", name: "Greet",
    fields: [field("type", "ShellCommandActivity"), field("command", "echo #{myWord}"), field("maximumRetries", "0")],
  },
];
const parameterObjects = [{ id: "myWord", attributes: [field("type", "String"), field("default", "hello")] }];

async function makePipeline(tags) {
  const name = fresh("js");
  const { pipelineId } = await send(dp.CreatePipelineCommand, { name, uniqueId: name, description: "from JavaScript", tags });
  return { name, pipelineId };
}

test("a pipeline from its creation to its end", async () => {
  const { name, pipelineId } = await makePipeline([{ key: "team", value: "data" }]);
  assert.match(pipelineId, /^df-[0-9A-Z]+$/);
  const again = await send(dp.CreatePipelineCommand, { name, uniqueId: name });
  assert.equal(again.pipelineId, pipelineId, "the unique id makes it idempotent");

  const pipelineObjects = definition(name);
  const checked = await send(dp.ValidatePipelineDefinitionCommand, { pipelineId, pipelineObjects, parameterObjects });
  assert.equal(checked.errored, false);
  const put = await send(dp.PutPipelineDefinitionCommand, { pipelineId, pipelineObjects, parameterObjects });
  assert.equal(put.errored, false);
  assert.deepEqual(put.validationErrors, []);
  const got = await send(dp.GetPipelineDefinitionCommand, { pipelineId });
  assert.deepEqual(got.pipelineObjects, pipelineObjects);
  assert.deepEqual(got.parameterObjects, parameterObjects);

  await send(dp.ActivatePipelineCommand, { pipelineId, parameterValues: [{ id: "myWord", stringValue: "bonjour" }] });
  const { taskObject } = await eventually(
    () => send(dp.PollForTaskCommand, { workerGroup: name, hostname: "js" }), (answer) => answer.taskObject?.taskId);
  const { taskId, attemptId, objects } = taskObject;
  assert.equal(taskObject.pipelineId, pipelineId);
  const greet = Object.values(objects).find((object) => object.fields.some(({ key }) => key === "command"));
  assert.equal(greet.fields.find(({ key }) => key === "command").stringValue, "echo bonjour");

  const progress = await send(dp.ReportTaskProgressCommand, { taskId, fields: [field("myDone", "half")] });
  assert.equal(progress.canceled, false);
  const heartbeat = await send(dp.ReportTaskRunnerHeartbeatCommand, { taskrunnerId: "js-1", workerGroup: name, hostname: "js" });
  assert.equal(heartbeat.terminate, false);
  await send(dp.SetTaskStatusCommand, { taskId, taskStatus: "FINISHED" });

  const ids = await eventually(
    () => send(dp.QueryObjectsCommand, {
      pipelineId, sphere: "INSTANCE",
      query: { selectors: [{ fieldName: "@status", operator: { type: "EQ", values: ["FINISHED"] } }] },
    }),
    (answer) => answer.ids.length === 1);
  const [instance] = ids.ids;
  const described = await send(dp.DescribeObjectsCommand, { pipelineId, objectIds: [instance, attemptId] });
  assert.equal(described.pipelineObjects.length, 2);
  const evaluated = await send(dp.EvaluateExpressionCommand, { pipelineId, objectId: instance, expression: "#{name}" });
  assert.equal(evaluated.evaluatedExpression, "Greet");

  await send(dp.SetStatusCommand, { pipelineId, objectIds: [instance], status: "RERUN" });
  await send(dp.DeactivatePipelineCommand, { pipelineId, cancelActive: true });
  await send(dp.AddTagsCommand, { pipelineId, tags: [{ key: "cost", value: "7" }] });
  await send(dp.RemoveTagsCommand, { pipelineId, tagKeys: ["team"] });
  const { pipelineDescriptionList: [pipeline] } = await send(dp.DescribePipelinesCommand, { pipelineIds: [pipelineId] });
  assert.equal(pipeline.name, name);
  assert.deepEqual(pipeline.tags, [{ key: "cost", value: "7" }]);
  const pages = await collect(dp.paginateListPipelines({ client }, {}));
  assert.ok(pages.flatMap((page) => page.pipelineIdList).some(({ id }) => id === pipelineId));
  await send(dp.DeletePipelineCommand, { pipelineId });
});

test("errors arrive as the SDK's classes", async () => {
  const { pipelineId } = await makePipeline();
  await assert.rejects(send(dp.GetPipelineDefinitionCommand, { pipelineId: "df-NOWHERE" }), dp.PipelineNotFoundException);
  await assert.rejects(send(dp.ActivatePipelineCommand, { pipelineId }), dp.InvalidRequestException);
  await assert.rejects(send(dp.SetTaskStatusCommand, { taskId: "none", taskStatus: "FINISHED" }), dp.TaskNotFoundException);
  await send(dp.DeletePipelineCommand, { pipelineId });
  await assert.rejects(send(dp.AddTagsCommand, { pipelineId, tags: [{ key: "a", value: "b" }] }), dp.PipelineDeletedException);
  const stranger = new dp.DataPipelineClient({
    endpoint, region, maxAttempts: 1, credentials: { ...credentials, secretAccessKey: "wrong" } });
  await assert.rejects(stranger.send(new dp.ListPipelinesCommand({})), { name: "InvalidSignatureException" });
});
