#include "service/data_pipeline_service.h"

#include <gtest/gtest.h>

#include "service/world_for_test.h"

namespace penstock {
namespace {

std::string Text(const json::Value& value) { return std::string(value.get_string()); }

/// The string or reference of the first field with that key; empty if there is none.
std::string FieldOf(const json::Value& object, std::string_view key) {
  for (const json::Value& field : object.at("fields").get_array()) {
    if (field.at("key").get_string() != key) continue;
    const json::Value* value = field.get_object().if_contains("stringValue");
    return Text(value != nullptr ? *value : field.at("refValue"));
  }
  return "";
}

std::string Create(TestWorld& world, const std::string& name = "n") {
  return Text(
      world.Call("CreatePipeline", R"({"name": ")" + name + R"(", "uniqueId": ")" + name + "\"}")
          .at("pipelineId"));
}

constexpr std::string_view kShell = R"([
  {"id": "Default", "name": "Default", "fields": [{"key": "scheduleType", "stringValue": "ondemand"}]},
  {"id": "Say", "name": "Say hello", "fields": [
    {"key": "command", "stringValue": "echo #{myWord}"},
    {"key": "type", "stringValue": "ShellCommandActivity"},
    {"key": "workerGroup", "stringValue": "wg"}]}])";

std::string PutBody(const std::string& id, std::string_view objects, std::string_view more = "") {
  return fmt::format(R"({{"pipelineId": "{}", "pipelineObjects": {}{}}})", id, objects, more);
}
constexpr std::string_view kWord =
    R"(, "parameterObjects": [{"id": "myWord", "attributes": [{"key": "type", "stringValue": "String"}]}],
  "parameterValues": [{"id": "myWord", "stringValue": "hello"}])";

std::string Only(const std::string& id) { return R"({"pipelineId": ")" + id + "\"}"; }

/// A pipeline with one shell activity, active.
std::string Activated(TestWorld& world) {
  std::string id = Create(world);
  json::Object put = world.Call("PutPipelineDefinition", PutBody(id, kShell, kWord));
  EXPECT_FALSE(put.at("errored").get_bool()) << json::Write(put);
  world.Call("ActivatePipeline", Only(id));
  return id;
}

TEST(DataPipelineService, CreateIsIdempotentByItsToken) {
  TestWorld world;
  std::string id = Create(world);
  EXPECT_EQ(id.substr(0, 3), "df-");
  EXPECT_EQ(Create(world), id);
  EXPECT_NE(Create(world, "other"), id);
}

TEST(DataPipelineService, WhatWasPutComesBack) {
  TestWorld world;
  std::string id = Create(world);
  EXPECT_EQ(world.Call("GetPipelineDefinition", Only(id)),
            json::ParseObject(R"({"pipelineObjects": []})").value());
  world.Call("PutPipelineDefinition", PutBody(id, kShell, kWord));
  json::Object got = world.Call("GetPipelineDefinition", Only(id));
  EXPECT_EQ(json::Value(got.at("pipelineObjects")), json::Parse(kShell).value());
  EXPECT_EQ(got.at("parameterValues").get_array().size(), 1u);
  EXPECT_EQ(
      world.Send("GetPipelineDefinition", R"({"pipelineId": ")" + id + R"(", "version": "7"})")
          ->error(),
      "InvalidRequestException");
}

TEST(DataPipelineService, SecretsAreMaskedAndAMaskPutBackKeepsThem) {
  TestWorld world;
  std::string id = Create(world);
  auto objects = [](std::string_view password) {
    return fmt::format(
        R"([{{"id": "Db", "name": "Db", "fields": [{{"key": "type", "stringValue": "JdbcDatabase"}},
        {{"key": "*password", "stringValue": "{}"}}]}}])",
        password);
  };
  world.Send("PutPipelineDefinition", PutBody(id, objects("s3cret")));
  json::Object got = world.Call("GetPipelineDefinition", Only(id));
  std::string shown = json::Write(got);
  EXPECT_EQ(shown.find("s3cret"), std::string::npos);
  EXPECT_NE(shown.find("***"), std::string::npos);
  world.Send("PutPipelineDefinition", PutBody(id, json::Write(got.at("pipelineObjects"))));
  auto record =
      world.store().Read().value()->FindPipeline({{"123456789012", "shared"}, id}).value();
  ASSERT_TRUE(record);
  auto stored = world.store()
                    .Read()
                    .value()
                    ->FindDefinition({{"123456789012", "shared"}, id}, record->latest_version)
                    .value();
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->definition.objects.at(0).Find("*password")->value, "s3cret");
}

TEST(DataPipelineService, FindingsComeUnderTheirObject) {
  TestWorld world;
  std::string id = Create(world);
  std::string body = PutBody(
      id,
      R"([{"id": "A", "name": "A", "fields": [{"key": "type", "stringValue": "NoSuchActivity"}]}])");
  for (std::string_view operation : {"ValidatePipelineDefinition", "PutPipelineDefinition"}) {
    json::Object answer = world.Call(operation, body);
    EXPECT_TRUE(answer.at("errored").get_bool());
    EXPECT_EQ(Text(answer.at("validationErrors").at(0).at("id")), "A");
    EXPECT_FALSE(answer.at("validationErrors").at(0).at("errors").get_array().empty());
  }
  EXPECT_EQ(world.Send("ActivatePipeline", Only(id))->error(), "InvalidRequestException");
  // An empty value is one of the fatal cases: refused and not saved.
  std::string fatal =
      PutBody(id, R"([{"id": "B", "name": "B", "fields": [{"key": "type", "stringValue": ""}]}])");
  EXPECT_EQ(world.Send("PutPipelineDefinition", fatal)->error(), "InvalidRequestException");
  EXPECT_EQ(
      Text(world.Call("GetPipelineDefinition", Only(id)).at("pipelineObjects").at(0).at("id")),
      "A");
}

TEST(DataPipelineService, ListsInPagesOfFifty) {
  TestWorld world;
  std::set<std::string> made, seen;
  for (int i = 0; i < 120; ++i) made.insert(Create(world, "p" + std::to_string(i)));
  std::string marker;
  for (int page = 0;; ++page) {
    json::Object answer = world.Call("ListPipelines", R"({"marker": ")" + marker + "\"}");
    for (const json::Value& one : answer.at("pipelineIdList").get_array())
      seen.insert(Text(one.at("id")));
    if (!answer.at("hasMoreResults").get_bool()) {
      EXPECT_FALSE(answer.contains("marker"));
      EXPECT_EQ(page, 2);
      break;
    }
    EXPECT_EQ(answer.at("pipelineIdList").get_array().size(), 50u);
    marker = Text(answer.at("marker"));
    EXPECT_EQ(marker, Text(answer.at("pipelineIdList").get_array().back().at("id")));
  }
  EXPECT_EQ(seen, made);
  EXPECT_TRUE(world.Send("ListPipelines", "{}", "999999999999")
                  ->body()
                  .at("pipelineIdList")
                  .get_array()
                  .empty());
}

TEST(DataPipelineService, DescribesTagsAlwaysAndFailsOnceDeleted) {
  TestWorld world;
  std::string id = Create(world);
  std::string ids = R"({"pipelineIds": [")" + id + "\"]}";
  json::Value described = world.Call("DescribePipelines", ids).at("pipelineDescriptionList").at(0);
  EXPECT_TRUE(described.at("tags").get_array().empty());
  EXPECT_EQ(FieldOf(described, "@pipelineState"), "PENDING");
  EXPECT_EQ(FieldOf(described, "@id"), id);
  world.Call("AddTags",
             R"({"pipelineId": ")" + id +
                 R"(", "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}]})");
  world.Call("RemoveTags", R"({"pipelineId": ")" + id + R"(", "tagKeys": ["a", "unknown"]})");
  EXPECT_EQ(
      json::Write(
          world.Call("DescribePipelines", ids).at("pipelineDescriptionList").at(0).at("tags")),
      R"([{"key":"b","value":""}])");
  EXPECT_EQ(world.Send("DescribePipelines", ids, "999999999999")->error(),
            "PipelineNotFoundException");
  auto deleted = world.Send("DeletePipeline", Only(id));
  EXPECT_EQ(deleted->status(), 200);
  EXPECT_TRUE(deleted->response->body.empty());
  EXPECT_EQ(world.Send("DescribePipelines", ids)->error(), "PipelineDeletedException");
  EXPECT_EQ(world.Send("GetPipelineDefinition", Only(id))->error(), "PipelineDeletedException");
  EXPECT_EQ(world.Send("DescribePipelines", R"({"pipelineIds": ["df-UNKNOWN"]})")->error(),
            "PipelineNotFoundException");
}

TEST(DataPipelineService, AWorkerRunsATask) {
  TestWorld world;
  auto poll = world.Send("PollForTask", R"({"workerGroup": "wg", "hostname": "h"})");
  EXPECT_FALSE(poll->response);
  std::string id = Activated(world);
  ASSERT_TRUE(poll->response);
  json::Object task = poll->body().at("taskObject").as_object();
  EXPECT_EQ(Text(task.at("pipelineId")), id);
  std::string attempt = Text(task.at("attemptId"));
  const json::Value& object = task.at("objects").at(attempt);
  EXPECT_EQ(FieldOf(object, "command"), "echo hello");
  EXPECT_EQ(FieldOf(object, "@sphere"), "ATTEMPT");
  EXPECT_EQ(FieldOf(object, "@status"), "WAITING_FOR_RUNNER");

  std::string task_id = R"({"taskId": ")" + Text(task.at("taskId")) + "\"";
  json::Object progress =
      world.Call("ReportTaskProgress",
                 task_id + R"(, "fields": [{"key": "percentComplete", "stringValue": "50"}]})");
  EXPECT_FALSE(progress.at("canceled").get_bool());
  EXPECT_EQ(
      world.Send("SetTaskStatus", task_id + R"(, "taskStatus": "FAILED", "errorId": "Service_X"})")
          ->error(),
      "InvalidRequestException");
  EXPECT_TRUE(world.Call("SetTaskStatus", task_id + R"(, "taskStatus": "FINISHED"})").empty());
  EXPECT_EQ(world.Send("ReportTaskProgress", R"({"taskId": "bm9uZSBvZiBvdXJz"})")->error(),
            "TaskNotFoundException");

  // list-runs: query, then describe.
  json::Object query =
      world.Call("QueryObjects",
                 R"({"pipelineId": ")" + id + R"(", "sphere": "INSTANCE", "query": {"selectors": [
      {"fieldName": "@actualStartTime", "operator": {"type": "BETWEEN", "values": ["2014-05-10T00:00:00", "2014-05-14T00:00:00"]}},
      {"fieldName": "@status", "operator": {"type": "EQ", "values": ["RUNNING", "FINISHED"]}}]}})");
  EXPECT_FALSE(query.at("hasMoreResults").get_bool());
  EXPECT_FALSE(query.contains("marker"));
  ASSERT_EQ(query.at("ids").get_array().size(), 1u) << json::Write(query);
  std::string instance = Text(query.at("ids").at(0));
  json::Object described = world.Call(
      "DescribeObjects", R"({"pipelineId": ")" + id + R"(", "objectIds": [")" + instance +
                             R"(", ")" + attempt + R"(", "Say", "unknown"]})");
  ASSERT_EQ(described.at("pipelineObjects").get_array().size(), 3u);
  const json::Value& run = described.at("pipelineObjects").at(0);
  EXPECT_EQ(FieldOf(run, "@status"), "FINISHED");
  EXPECT_EQ(FieldOf(run, "@componentParent"), "Say");
  EXPECT_FALSE(FieldOf(run, "@scheduledStartTime").empty());
  EXPECT_EQ(FieldOf(described.at("pipelineObjects").at(1), "percentComplete"), "50");
  EXPECT_EQ(FieldOf(described.at("pipelineObjects").at(2), "@sphere"), "COMPONENT");
}

TEST(DataPipelineService, QueriesEachSphereInPages) {
  TestWorld world;
  std::string id = Activated(world);
  auto ask = [&](std::string_view sphere, std::string_view more = "") {
    return world.Call("QueryObjects",
                      fmt::format(R"({{"pipelineId": "{}", "sphere": "{}"{}}})", id, sphere, more));
  };
  json::Object first = ask("COMPONENT", R"(, "limit": 1)");
  EXPECT_EQ(json::Write(first.at("ids")), R"(["Default"])");
  EXPECT_TRUE(first.at("hasMoreResults").get_bool());
  json::Object second =
      ask("COMPONENT", R"(, "limit": 1, "marker": ")" + Text(first.at("marker")) + "\"");
  EXPECT_EQ(json::Write(second.at("ids")), R"(["Say"])");
  EXPECT_FALSE(second.at("hasMoreResults").get_bool());
  EXPECT_EQ(ask("instance").at("ids").get_array().size(), 1u);
  EXPECT_EQ(ask("ATTEMPT").at("ids").get_array().size(), 1u);
  EXPECT_EQ(world.Send("QueryObjects", R"({"pipelineId": ")" + id + R"(", "sphere": "PIPELINE"})")
                ->error(),
            "InvalidRequestException");
}

TEST(DataPipelineService, EvaluatesExpressionsWhereTheyStand) {
  TestWorld world;
  std::string id = Activated(world);
  auto evaluate = [&](std::string_view object, std::string_view expression) {
    return world.Send("EvaluateExpression",
                      fmt::format(R"({{"pipelineId": "{}", "objectId": "{}", "expression": "{}"}})",
                                  id, object, expression));
  };
  EXPECT_EQ(Text(evaluate("Say", "say #{myWord}")->body().at("evaluatedExpression")), "say hello");
  std::string instance =
      Text(world.Call("QueryObjects", R"({"pipelineId": ")" + id + R"(", "sphere": "INSTANCE"})")
               .at("ids")
               .at(0));
  EXPECT_EQ(Text(evaluate(instance, "#{@scheduledStartTime}")->body().at("evaluatedExpression")),
            "2014-05-13T16:53:20");
  EXPECT_EQ(evaluate("Say", "#{noSuchField}")->error(), "InvalidRequestException");
  EXPECT_EQ(evaluate("Nobody", "x")->error(), "InvalidRequestException");
}

TEST(DataPipelineService, DeactivatesAndSetsStatus) {
  TestWorld world;
  std::string id = Activated(world);
  std::string instance =
      Text(world.Call("QueryObjects", R"({"pipelineId": ")" + id + R"(", "sphere": "INSTANCE"})")
               .at("ids")
               .at(0));
  auto set = [&](std::string_view object, std::string_view status) {
    return world.Send("SetStatus",
                      fmt::format(R"({{"pipelineId": "{}", "objectIds": ["{}"], "status": "{}"}})",
                                  id, object, status));
  };
  auto paused = set("Say", "pause");
  EXPECT_EQ(paused->status(), 200);
  EXPECT_TRUE(paused->response->body.empty());
  EXPECT_EQ(set(instance, "MARK_FINISHED")->status(), 200);
  EXPECT_EQ(set("Say", "EXPLODE")->error(), "InvalidRequestException");
  world.Call("DeactivatePipeline", Only(id));
  json::Value described = world.Call("DescribePipelines", R"({"pipelineIds": [")" + id + "\"]}")
                              .at("pipelineDescriptionList")
                              .at(0);
  EXPECT_EQ(FieldOf(described, "@pipelineState"), "INACTIVE");
}

TEST(DataPipelineService, APollEndsEmptyOrIsDroppedWithItsConnection) {
  TestWorld world;
  auto poll = world.Send("PollForTask", R"({"workerGroup": "wg"})");
  auto gone = world.Send("PollForTask", R"({"workerGroup": "wg"})");
  gone->connected = false;
  world.Advance(Duration(89'000));
  EXPECT_FALSE(poll->response);
  EXPECT_TRUE(gone->closed);
  world.Advance(Duration(1'000));
  ASSERT_TRUE(poll->response);
  EXPECT_EQ(poll->response->body, "{}");
  EXPECT_FALSE(gone->response);
}

TEST(DataPipelineService, BothTargetsAndBadRequests) {
  TestWorld world;
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.caller =
      Caller{"123456789012", "AKID", "arn:aws:iam::123456789012:root", "us-east-1", "datapipeline"};
  request.request_id = "0b1c2d3e-0000-0000-0000-000000000000";
  auto send = [&](std::string_view target, std::string_view body) {
    HttpRequest copy = request;
    copy.headers.Add("X-Amz-Target", std::string(target));
    return world.Send(std::move(copy), body);
  };
  auto listed = send("DataPipeline_20121129.ListPipelines", "{}");
  EXPECT_EQ(listed->status(), 200);
  EXPECT_EQ(listed->response->headers.Get("x-amzn-RequestId"),
            "0b1c2d3e-0000-0000-0000-000000000000");
  EXPECT_EQ(listed->response->headers.Get("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(send("DataPipeline.ListPipelines", "")->status(), 200);
  EXPECT_EQ(send("DataPipeline.Explode", "{}")->error(), "UnknownOperationException");
  EXPECT_EQ(send("DynamoDB_20120810.ListTables", "{}")->error(), "UnknownOperationException");
  EXPECT_EQ(send("DataPipeline.ListPipelines", "{")->error(), "SerializationException");
  EXPECT_EQ(send("DataPipeline.ListPipelines", "[]")->error(), "SerializationException");
  EXPECT_EQ(send("DataPipeline.DeletePipeline", "{}")->error(), "ValidationException");
  request.caller.reset();
  EXPECT_EQ(send("DataPipeline.ListPipelines", "{}")->status(), 403);
}

TEST(DataPipelineService, AFullDiskIsAnInternalErrorAndNothingMore) {
  TestWorld world;
  world.store().FailCommits(1, ResourceExhausted("disk full"));
  auto failed = world.Send("CreatePipeline", R"({"name": "n", "uniqueId": "u"})");
  EXPECT_EQ(failed->status(), 500);
  EXPECT_EQ(failed->error(), "InternalServiceError");
  EXPECT_EQ(failed->message().find("disk full"), std::string::npos);
  EXPECT_TRUE(world.Call("ListPipelines", "{}").at("pipelineIdList").get_array().empty());
  Create(world);
}

TEST(DataPipelineService, TheStrictProfileThrottles) {
  TestWorld world({.limits = AwsLimits()});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(world.Send("ListPipelines", "{}")->status(), 200);
  EXPECT_EQ(world.Send("ListPipelines", "{}")->error(), "ThrottlingException");
  EXPECT_EQ(world.Send("ListPipelines", "{}", "999999999999")->status(), 200);
  world.Advance(Duration(1'000));
  EXPECT_EQ(world.Send("ListPipelines", "{}")->status(), 200);
}

// Every operation with members that are missing, null, of a wrong type, empty or far too long: only
// errors of the API, never a 500, and nothing is written.
TEST(DataPipelineService, HostileMembersGetOnlyErrorsOfTheApi) {
  TestWorld world;
  Create(world);
  auto rows = world.store().rows();
  const std::string long_text = "\"" + std::string(30'000, 'x') + "\"";
  const std::string values[] = {
      "null",    "true", "-1",     "1e300", "\"\"", "\"\\u0000\"", "\"x\"",
      long_text, "[]",   "[null]", "[[]]",  "[{}]", "{}",          R"({"x": {"y": []}})"};
  for (const OperationModel& model : AllOperations()) {
    if (model.operation == Operation::kPollForTask) continue;  // a good one waits
    for (const ShapeMember& changed : model.input->members) {
      for (const std::string& value : values) {
        std::string body = "{\"" + std::string(changed.name) + "\": " + value + "}";
        for (const ShapeMember& other : model.input->members) {
          if (other.name == changed.name) continue;
          body.pop_back();
          body += ", \"" + std::string(other.name) + "\": ";
          body += other.shape->kind == ShapeKind::kList        ? "[]"
                  : other.shape->kind == ShapeKind::kBoolean   ? "true"
                  : other.shape->kind == ShapeKind::kString    ? "\"x\""
                  : other.shape->kind == ShapeKind::kStructure ? "{}"
                                                               : "1";
          body += "}";
        }
        auto answered = world.Send(model.name, body);
        ASSERT_TRUE(answered->response) << model.name << body.substr(0, 200);
        EXPECT_LT(answered->status(), 500) << model.name << body.substr(0, 200);
        if (answered->status() == 400) {
          static const std::set<std::string> known = {
              "ValidationException",       "SerializationException",   "InvalidRequestException",
              "PipelineNotFoundException", "PipelineDeletedException", "TaskNotFoundException"};
          EXPECT_TRUE(known.contains(answered->error())) << answered->error();
        }
      }
    }
  }
  // CreatePipeline with a good name and token is a good request; nothing else may have written.
  for (const auto& [key, value] : rows) EXPECT_TRUE(world.store().rows().contains(key));
}

}  // namespace
}  // namespace penstock
