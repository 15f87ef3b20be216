#include <gtest/gtest.h>

#include "definition/definition_for_test.h"
#include "definition/validate.h"

namespace penstock {
namespace {

std::string Transfer(std::string_view direction, std::string_view address, std::string_view more,
                     const ValidateOptions& options,
                     std::string_view schedule = R"("period":"1 day")",
                     std::string_view type = "cron", std::string_view path = "directoryPath") {
  std::string objects =
      R"({"id":"Default","scheduleType":")" + std::string(type) +
      R"(","schedule":{"ref":"S"},"pipelineLogUri":"s3://b/logs","role":"r","resourceRole":"rr"},
         {"id":"S","type":"Schedule","startDateTime":"2014-05-01T00:00:00",)" +
      std::string(schedule) + R"(},
         {"id":"T","type":"DynamoDBDataNode","tableName":"t"},
         {"id":"F","type":"S3DataNode","myDatedPath":"s3://b/#{format(@scheduledStartTime,'YYYY-MM-dd')}","directoryPath":")" +
      std::string(address) + R"("},
         {"id":"C","type":"EmrCluster","terminateAfter":"1 day"},
         {"id":"A","type":"EmrActivity","runsOn":{"ref":"C"},)" +
      std::string(more);
  objects +=
      direction == "Import"
          ? R"("input":{"ref":"F"},"output":{"ref":"T"},"step":"s3://b/tools.jar,org.apache.hadoop.dynamodb.tools.DynamoDBImport,#{input.)" +
                std::string(path) + R"(},#{output.tableName},0.25"})"
          : R"("input":{"ref":"T"},"output":{"ref":"F"},"step":"s3://b/tools.jar,org.apache.hadoop.dynamodb.tools.DynamoDBExport,#{output.)" +
                std::string(path) + R"(},#{input.tableName},0.25"})";
  std::string found;
  for (const Problem& problem : Validate(FromObjects(objects), options)) {
    const std::string code = problem.message.substr(0, problem.message.find(':'));
    if (code != "RECURRING_IMPORT" && code != "FIXED_EXPORT_PATH") continue;
    found += (problem.severity == Severity::kError ? "error " : "warning ") + code;
  }
  return found;
}

const ValidateOptions kPut, kActivate = {.moment = Moment::kActivate};

TEST(CheckTransfers, AFixedAddressOnARecurringScheduleIsAWarningThenARefusal) {
  EXPECT_EQ(Transfer("Import", "s3://b/x", "", kPut), "warning RECURRING_IMPORT");
  EXPECT_EQ(Transfer("Import", "s3://b/x", "", kActivate), "error RECURRING_IMPORT");
  EXPECT_EQ(Transfer("Export", "s3://b/x", "", kPut), "warning FIXED_EXPORT_PATH");
  EXPECT_EQ(Transfer("Export", "s3://b/x", "", kActivate), "error FIXED_EXPORT_PATH");
  EXPECT_EQ(
      Transfer("Export", "s3://b/x", "", {.moment = Moment::kActivate, .limits = AwsLimits()}),
      "warning FIXED_EXPORT_PATH");
}

TEST(CheckTransfers, WhatIsMeantOrDiffersByRunIsTaken) {
  EXPECT_EQ(Transfer("Export", "s3://b/#{format(@scheduledStartTime,'YYYY-MM-dd')}", "", kActivate),
            "");
  EXPECT_EQ(Transfer("Import", "s3://b/x", R"("myAllowRecurringImport":"true",)", kActivate), "");
  EXPECT_EQ(Transfer("Export", "s3://b/x", R"("myAllowFixedExportPath":"True",)", kActivate), "");
  EXPECT_EQ(Transfer("Export", "s3://b/x", R"("myAllowRecurringImport":"true",)", kActivate),
            "error FIXED_EXPORT_PATH");
  ValidateOptions with_value = kActivate;
  with_value.activation_values = {{"myAllowFixedExportPath", "true"}};
  EXPECT_EQ(Transfer("Export", "s3://b/x", "", with_value), "");
  EXPECT_EQ(Transfer("Export", "s3://b/x", "", kActivate, R"("period":"1 day","occurrences":"1")"),
            "");
}

TEST(CheckTransfers, TheNodesAddressJudgesOnlyAStepThatIsThatAddress) {
  constexpr std::string_view kDaily = R"("period":"1 day")";
  for (const char* path : {"directoryPath}/#{@scheduledStartTime", "myDatedPath",
                           "directoryPath + @scheduledStartTime"}) {
    EXPECT_EQ(Transfer("Export", "s3://b/x", "", kActivate, kDaily, "cron", path), "") << path;
    EXPECT_EQ(Transfer("Import", "s3://b/x", "", kActivate, kDaily, "cron", path), "") << path;
  }
}

TEST(CheckTransfers, AnAddressMadeOfWhatIsTheSameInEachRunIsFixed) {
  auto judged = [](std::string_view path, const ValidateOptions& options) {
    const Definition definition = FromFile(std::string(R"({"objects":[
      {"id":"Default","scheduleType":"cron","schedule":{"ref":"S"},"pipelineLogUri":"s3://b/logs","role":"r","resourceRole":"rr"},
      {"id":"S","type":"Schedule","startDateTime":"2014-05-01T00:00:00","period":"1 day"},
      {"id":"T","type":"DynamoDBDataNode","tableName":"t"},
      {"id":"F","type":"S3DataNode","directoryPath":"#{myFolder}"},
      {"id":"C","type":"EmrCluster","terminateAfter":"1 day"},
      {"id":"A","type":"EmrActivity","runsOn":{"ref":"C"},"input":{"ref":"F"},"output":{"ref":"T"},"mySource":{"ref":"F"},
       "step":"s3://b/tools.jar,org.apache.hadoop.dynamodb.tools.DynamoDBImport,)") +
                                           std::string(path) + R"(,t,1"}],
      "parameters":[{"id":"myFolder","type":"AWS::S3::ObjectKey"},{"id":"*mySecret","type":"String"}]})");
    std::string found;
    for (const Problem& problem : Validate(definition, options)) {
      if (problem.message.starts_with("RECURRING_IMPORT")) found += problem.message;
    }
    return found;
  };
  ValidateOptions with_value = kActivate;
  with_value.activation_values = {{"myFolder", {"s3://b/x"}}, {"*mySecret", {"s3://b/secret"}}};
  for (const char* path : {"#{myFolder}", "#{ myFolder }/y", "#{input.directoryPath}/2014",
                           "#{mySource.directoryPath}", "s3://b/#{myFolder}"}) {
    EXPECT_NE(judged(path, with_value), "") << path;
    EXPECT_EQ(judged(path, kPut), "") << path << ": the value is not known yet";
  }
  EXPECT_NE(judged("#{input.directoryPath}/2014", with_value).find("s3://b/x/2014"),
            std::string::npos);
  for (const char* path :
       {"#{myFolder}/#{@scheduledStartTime}", "#{format(@scheduledStartTime,'YYYY')}/#{myFolder}",
        "#{myFolder", "#{*mySecret}"}) {
    EXPECT_EQ(judged(path, with_value), "") << path;
  }
}

TEST(CheckTransfers, AnEndAfterOnePeriodIsOneRun) {
  struct Case {
    const char *type, *end;
    bool recurs;
  };
  for (const Case& c :
       {Case{"cron", "2014-05-02T00:00:00", false}, Case{"cron", "2014-05-02T00:00:01", true},
        Case{"timeseries", "2014-05-02T00:00:00", false},
        Case{"timeseries", "2014-05-02T23:59:59", false},
        Case{"timeseries", "2014-05-03T00:00:00", true}}) {
    const std::string schedule =
        R"("period":"1 day","endDateTime":")" + std::string(c.end) + R"(")";
    EXPECT_EQ(Transfer("Import", "s3://b/x", "", kActivate, schedule, c.type),
              c.recurs ? "error RECURRING_IMPORT" : "")
        << c.type << " until " << c.end;
  }
}

}  // namespace
}  // namespace penstock
