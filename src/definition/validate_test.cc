#include "definition/validate.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "definition/definition_for_test.h"

namespace penstock {
namespace {

// A pipeline without a flaw, but for the advice on logs.
constexpr std::string_view kFrame =
    R"({"id":"Default","scheduleType":"cron","schedule":{"ref":"S"},"pipelineLogUri":"s3://b/logs","workerGroup":"g","role":"r","resourceRole":"rr"},
       {"id":"S","type":"Schedule","period":"1 day","startDateTime":"2014-05-01T00:00:00"},)";

std::string Problems(std::string_view objects, const ValidateOptions& options = {}) {
  return Shown(Validate(FromObjects(objects), options));
}
/// Problems of `objects` put into the frame.
std::string Framed(std::string_view objects, const ValidateOptions& options = {}) {
  return Problems(std::string(kFrame) + std::string(objects), options);
}

const ValidateOptions kAws = {.limits = AwsLimits()};
const ValidateOptions kActivation = {.moment = Moment::kActivate};

TEST(Validate, SoundPipelinesHaveNoProblems) {
  EXPECT_EQ(Framed(R"({"id":"A","type":"ShellCommandActivity","command":"x","myOwn":"y"})", kAws),
            "");
  // What public acceptance tests of other tools activate.
  EXPECT_EQ(Problems(R"({"id":"Default","workerGroup":"g"})"), "");
  EXPECT_EQ(Problems(R"({"id":"Default","workerGroup":"w"},
      {"id":"Schedule","type":"Schedule","startDateTime":"2012-12-12T00:00:00","period":"1 hour","endDateTime":"2012-12-21T18:00:00"},
      {"id":"SayHello","type":"ShellCommandActivity","command":"echo hello","parent":{"ref":"Default"},"schedule":{"ref":"Schedule"}})"),
            "warning Default.pipelineLogUri: MISSING_FIELD: 'pipelineLogUri' is missing: logs are "
            "lost with the machines "
            "they are written on\n");
}

TEST(Validate, FatalOnes) {
  Definition definition = FromObjects(R"({"id":"A","type":"CSV","column":"","myRef":{"ref":""}})");
  definition.objects.push_back({"", "", {{"type", "CSV"}}});
  std::vector<Problem> problems = Validate(definition);
  EXPECT_TRUE(HasFatal(problems));
  EXPECT_EQ(
      Shown(problems),
      "fatal A.column: EMPTY_VALUE: 'column' is an empty string; leave the field out instead\n"
      "fatal A.myRef: EMPTY_VALUE: 'myRef' is an empty reference; leave the field out instead\n"
      "fatal .id: MISSING_ID: an object has no id\n"
      "fatal .name: MISSING_NAME: the object has no name\n");
  Definition many;
  for (int i = 0; i < 101; ++i) many.objects.push_back({std::to_string(i), "n", {{"type", "CSV"}}});
  EXPECT_TRUE(HasFatal(Validate(many, kAws)));
  EXPECT_FALSE(HasFatal(Validate(many)));
  EXPECT_FALSE(HasErrors(Validate(many)));
}

struct Case {
  const char* objects;
  const char* problems;
};

TEST(Validate, Structure) {
  const Case cases[] = {
      {R"({"id":"A","type":"EmrActivty"})",
       "error A.type: INVALID_TYPE: there is no type 'EmrActivty'; did you mean 'EmrActivity'?\n"},
      {R"({"id":"A","type":{"ref":"S"}})",
       "error A.type: INVALID_FIELD_VALUE: 'type' must be a string, not a reference\n"},
      {R"({"id":"A","type":["CSV","TSV"]})",
       "error A.type: INVALID_FIELD_VALUE: an object can have one 'type' only\n"},
      {R"({"id":"A"})",
       "error A.type: MISSING_REQUIRED_FIELD: 'type' is required: write for example "
       "ShellCommandActivity (only Default and "
       "objects that others name as their parent need none)\n"},
      {R"({"id":"A","type":"CSV"},{"id":"A","type":"CSV"})",
       "error A.id: DUPLICATE_ID: another object has the same id; every object needs an id of its "
       "own\n"},
      {R"({"id":"A","type":"CSV","parent":{"ref":"B"}},{"id":"B","type":"CSV","parent":{"ref":"A"}})",
       "error A.parent: CYCLIC_REFERENCE: following 'parent' from this object leads back to it; "
       "remove one of the references\n"
       "error B.parent: CYCLIC_REFERENCE: following 'parent' from this object leads back to it; "
       "remove one of the references\n"},
      {R"({"id":"A","type":"CSV","parent":{"ref":"B"}},{"id":"B","type":"CSV","parent":{"ref":"B"}})",
       "error B.parent: CYCLIC_REFERENCE: following 'parent' from this object leads back to it; "
       "remove one of the references\n"},
      {R"({"id":"A","type":"CSV","parent":{"ref":"Defualt"}})",
       "error A.parent: INVALID_REFERENCE: 'parent' refers to 'Defualt', but no object has that "
       "id; did you mean 'Default'?\n"},
      {R"({"id":"A","type":"CSV","colum":"x"})",
       "warning A.colum: UNKNOWN_FIELD: CSV has no field 'colum'; did you mean 'column'?\n"},
      {R"({"id":"A","type":"CSV","banana":"x"})",
       "warning A.banana: UNKNOWN_FIELD: CSV has no field 'banana'; fields of your own begin with "
       "'my'\n"},
      {R"({"id":"A","type":"ShellCommandActivity","command":"x","@status":"RUNNING"})",
       "warning A.@status: READ_ONLY_FIELD: '@status' is set by the service; this value has no "
       "effect\n"},
      {R"({"id":"A","type":"Ec2Resource","terminateAfter":"1 hour","runsOn":{"ref":"A"}})",
       "error A.runsOn: INVALID_FIELD: 'runsOn' must not be set on Ec2Resource\n"},
  };
  for (const Case& c : cases)
    EXPECT_NE(Framed(c.objects).find(c.problems), std::string::npos) << Framed(c.objects);
}

TEST(Validate, Values) {
  const Case cases[] = {
      {R"("maximumRetries":"two")",
       "error A.maximumRetries: INVALID_FIELD_VALUE: 'maximumRetries' must be a whole number, not "
       "'two'\n"},
      {R"("maximumRetries":"1000000001")",
       "error A.maximumRetries: INVALID_FIELD_VALUE: 'maximumRetries' must be at most 1000000000, "
       "not '1000000001'\n"},
      {R"("maximumRetries":"-1")",
       "error A.maximumRetries: INVALID_FIELD_VALUE: 'maximumRetries' must be at least 0, not "
       "'-1'\n"},
      {R"("stage":"yes")",
       "error A.stage: INVALID_FIELD_VALUE: 'stage' must be true or false, not 'yes'\n"},
      {R"("stage":"TRUE")", ""},
      {R"("scheduleType":"Cron")", ""},
      {R"("failureAndRerunMode":"cascad")",
       "error A.failureAndRerunMode: INVALID_FIELD_VALUE: 'failureAndRerunMode' must be none or "
       "cascade, not 'cascad'; did you "
       "mean 'cascade'?\n"},
      {R"("attemptTimeout":"soon")",
       "error A.attemptTimeout: INVALID_FIELD_VALUE: 'attemptTimeout': 'soon' is not a period: it "
       "must begin with a positive "
       "whole number; write for example '15 minutes', '1 hour' or '2 days'\n"},
      {R"("attemptTimeout":"1 Hour")", ""},
      {R"("input":"Data")",
       "error A.input: INVALID_FIELD_VALUE: 'input' must be a reference: write {\"ref\": "
       "\"Data\"}\n"},
      {R"("stdout":{"ref":"S"})",
       "error A.stdout: INVALID_FIELD_VALUE: 'stdout' must be a String, not a reference\n"},
      {R"("input":{"ref":"S"})",
       "error A.input: INVALID_REFERENCE: 'input' must refer to DataNode, not to Schedule 'S'\n"},
      {R"("input":{"ref":"Gone"})",
       "error A.input: INVALID_REFERENCE: 'input' refers to 'Gone', but no object has that id\n"},
      {R"("schedule":{"ref":"Schedule"})",
       "error A.schedule: INVALID_REFERENCE: 'schedule' refers to 'Schedule', but no object has "
       "that id; 'Schedule' is the type of the object whose id is 'S'\n"},
      // What cannot be meant is not suggested.
      {R"("schedule":{"ref":"DefaultSchedule"})",
       "error A.schedule: INVALID_REFERENCE: 'schedule' refers to 'DefaultSchedule', but no object "
       "has that id\n"},
      {R"("stdout":["a","b"])",
       "error A.stdout: INVALID_FIELD_VALUE: 'stdout' can have one value, not 2\n"},
      {R"("scriptUri":"s3://b/x.sh")",
       "error A.command: INVALID_FIELD_VALUE: 'command' and 'scriptUri' exclude each other; give "
       "one "
       "of them\n"},
      {R"("onLateAction":{"ref":"T"}},{"id":"T","type":"Terminate")",
       "error A.onLateAction: INVALID_FIELD_VALUE: 'onLateAction' needs 'lateAfterTimeout', e.g. 1 "
       "hour, to know what late means\n"},
      {R"("onFail":{"ref":"T"}},{"id":"T","type":"Terminate")",
       "warning A.onFail: INVALID_FIELD_VALUE: 'onFail' fires when nothing is left to terminate; "
       "hang Terminate on onLateAction\n"},
      {R"("dependsOn":{"ref":"A"})",
       "error A: CYCLIC_REFERENCE: these objects would wait for each other for ever: A -> A; "
       "remove one of the references\n"},
  };
  for (const Case& c : cases) {
    std::string objects =
        R"({"id":"A","type":"ShellCommandActivity","command":"x",)" + std::string(c.objects) + "}";
    EXPECT_EQ(Framed(objects), c.problems) << c.objects;
  }
}

TEST(Validate, AStringThatIsAnIdIsAReference) {
  std::string said = Problems(R"({"id":"Default","workerGroup":"w"},
      {"id":"Nightly","type":"Schedule","startDateTime":"2012-12-12T00:00:00","period":"1 hour"},
      {"id":"Hello","type":"ShellCommandActivity","command":"x","parent":"Default","schedule":"Nightly"})");
  EXPECT_NE(said.find("warning Hello.schedule: INVALID_FIELD_VALUE: 'schedule' is a string and is "
                      "taken as a reference to the object 'Nightly'; write {\"ref\": \"Nightly\"}"),
            std::string::npos)
      << said;
  EXPECT_EQ(said.find("error"), std::string::npos) << said;
  // It must be the right kind of object all the same.
  EXPECT_NE(Framed(R"({"id":"A","type":"ShellCommandActivity","command":"x","input":"S"})")
                .find("'input' must refer to DataNode, not to Schedule 'S'"),
            std::string::npos);
  ResolvedDefinition resolved = Resolve(FromObjects(
      R"({"id":"A","type":"ShellCommandActivity","command":"B","dependsOn":["B","C"],"myOwn":"B"},
         {"id":"B","type":"CSV"})"));
  EXPECT_EQ(resolved.Find("A")->References("dependsOn"), std::vector<std::string_view>{"B"});
  EXPECT_FALSE(resolved.Find("A")->Find("command")->is_ref());
  EXPECT_FALSE(resolved.Find("A")->Find("myOwn")->is_ref());
}

TEST(Validate, ExpressionsThatAlwaysFail) {
  auto problems = [](std::string_view command, const ValidateOptions& options = {}) {
    return Framed(fmt::format(R"({{"id":"A","type":"ShellCommandActivity","command":"{}",
        "attemptTimeout":"2 hours"}})",
                              command),
                  options);
  };
  const std::pair<const char*, const char*> faults[] = {
      {"#{1/0}", "character 3: division by zero"},
      {"a #{year('x')}",
       "character 5: year(DateTime): argument 1 must be a DateTime, not a string"},
      {"#{format(@scheduledStartTime, 'QQ')}", "character 3: format: "},
      {"#{plusDays(@scheduledEndTime, attemptTimeout)}", "argument 2 must be a int"},
      {"#{makeDate(2011, 2, 30)}", "there is no time 2011-02-30"},
      {"#{-attemptTimeout}", "'-' needs a number"},
  };
  for (const auto& [command, message] : faults) {
    EXPECT_NE(problems(command).find("error A.command: INVALID_EXPRESSION: 'command', at "),
              std::string::npos)
        << command;
    EXPECT_NE(problems(command).find(message), std::string::npos) << problems(command);
  }
  // What only some runs, or the activation's parameter values, make fail.
  for (const char* command :
       {"#{makeDate(year(@scheduledStartTime), 2, 29)}", "#{plusDays(@actualStartTime, 1)}",
        "#{plusDays(@scheduledStartTime, @headAttempt)}", "#{1 / (month(@scheduledEndTime) - 2)}"})
    EXPECT_EQ(problems(command), "") << command;
  std::string parameter = std::string(kFrame) +
                          R"({"id":"A","type":"ShellCommandActivity",
      "command":"#{plusDays(@scheduledStartTime, myDays)}"}],"parameters":[{"id":"myDays","optional":"true"})";
  EXPECT_EQ(Problems(parameter), "");
  EXPECT_NE(Problems(parameter, kActivation).find("argument 2 must be a int"), std::string::npos);
}

// Each field doubles another's text up to the bound of one evaluation, and a thousand read the
// last.
TEST(Validate, ExpressionsThatGrowCostABoundedTime) {
  std::string object = R"({"id":"A","type":"ShellCommandActivity","command":"x","myA":")" +
                       std::string(1000, 'x') + "\"";
  for (char c = 'B'; c <= 'N'; ++c)
    object += fmt::format(R"(,"my{}":"#{{my{} + my{}}}")", c, char(c - 1), char(c - 1));
  for (int i = 0; i < 1000; ++i) object += fmt::format(R"(,"my_{}":"#{{year(myN)}}")", i);
  // Without a bound this would not end within the test's time.
  EXPECT_EQ(Framed(object + "}"), "");
}

TEST(Validate, SecretsAreNotRepeated) {
  std::string said = Framed(R"({"id":"A","type":"ShellCommandActivity","command":"#{*myPin + 0}",
      "maximumRetries":"#{*myPin}","attemptTimeout":"#{*myPin}","stage":"#{*myPin}",
      "myA":"#{plusPeriod(@scheduledStartTime, *myPin)}","myB":"#{format(@scheduledStartTime, *myPin)}",
      "myC":"#{year(*myPin)}","myD":"#{*myPin * 2}","myE":"#{makeDate(*myNumber, 1, 1)}",
      "myF":"#{*myNumber * 9223372036854775807}","myG":"#{-*myLeast}"}],
      "parameters":[{"id":"*myPin","type":"Integer"},{"id":"*myNumber"},{"id":"*myLeast"}],
      "values":{"*myPin":"hunter2","*myNumber":"48151623","*myLeast":"-9223372036854775808"},"objects":[)");
  for (const char* secret : {"hunter2", "48151623", "9223372036854775808"})
    EXPECT_EQ(said.find(secret), std::string::npos) << said;
  EXPECT_NE(said.find("a secret value does not fit here"), std::string::npos) << said;
}

TEST(Validate, WarnsOfAStartLongAgo) {
  ValidateOptions options = {.now = *ParseDateTime("2014-05-03T12:00:00")};
  constexpr std::string_view kActivity =
      R"({"id":"A","type":"ShellCommandActivity","command":"x"})";
  EXPECT_EQ(Framed(kActivity, options),
            "warning S.startDateTime: BACKFILL: 'startDateTime' is more than a day ago: there are "
            "about 2 past intervals; unless myBackfill or a startTimestamp says otherwise they are "
            "run first, and above [engine] backfill_max they must be asked for\n");
  ValidateOptions as_aws = options;
  as_aws.limits = AwsLimits();
  EXPECT_EQ(Framed(kActivity, as_aws),
            "warning S.startDateTime: BACKFILL: 'startDateTime' is more than a day ago: about 2 "
            "past intervals are run first, one after the other\n");
  options.now = *ParseDateTime("2014-05-02T00:00:00");
  EXPECT_EQ(Framed(kActivity, options), "");
  // Of a period that is still going on there is no past interval.
  options.now = *ParseDateTime("2014-05-07T23:00:00");
  EXPECT_EQ(
      Problems(
          R"({"id":"Default","scheduleType":"cron","schedule":{"ref":"S"},"workerGroup":"g","pipelineLogUri":"s3://b/logs"},
             {"id":"S","type":"Schedule","startDateTime":"2014-05-01T00:00:00","period":"1 week"},)" +
              std::string(kActivity),
          options),
      "");
}

TEST(Validate, RequiredFields) {
  const Case cases[] = {
      {R"({"id":"A","type":"ShellCommandActivity"})",
       "error A.command: MISSING_REQUIRED_FIELD: ShellCommandActivity needs 'command' or "
       "'scriptUri'\n"},
      {R"({"id":"A","type":"DynamoDBDataNode"})",
       "error A.tableName: MISSING_REQUIRED_FIELD: 'tableName' is required: DynamoDBDataNode needs "
       "a value of type String\n"},
      {R"({"id":"A","type":"RedshiftDataNode","tableName":"t"})",
       "error A.database: MISSING_REQUIRED_FIELD: 'database' is required: RedshiftDataNode needs a "
       "reference to RedshiftDatabase\n"},
      {R"({"id":"A","type":"RedshiftCopyActivity"})",
       "error A.insertMode: MISSING_REQUIRED_FIELD: 'insertMode' is required: RedshiftCopyActivity "
       "needs KEEP_EXISTING, OVERWRITE_EXISTING, TRUNCATE or APPEND\n"},
      {R"({"id":"A","type":"S3DataNode"})",
       "error A.directoryPath: MISSING_REQUIRED_FIELD: S3DataNode needs 'directoryPath' or "
       "'filePath'\n"},
      {R"({"id":"A","type":"S3DataNode","manifestFilePath":"s3://b/m"})", ""},
      {R"({"id":"A","type":"Ec2Resource"})",
       "warning A.terminateAfter: MISSING_FIELD: 'terminateAfter' is missing: the resource is kept "
       "as long as its work takes, "
       "e.g. for ever if a task hangs\n"},
      {R"({"id":"A","type":"Ec2Resource","terminateAfter":"0"})",
       "error A.terminateAfter: INVALID_FIELD_VALUE: 'terminateAfter': '0' is not a period: the "
       "number must be at least 1; write for example '15 minutes', '1 hour' or '2 days'\n"},
      {R"({"id":"A","type":"EmrCluster","terminateAfter":"30"})",
       "warning A.terminateAfter: INVALID_FIELD_VALUE: 'terminateAfter' 30 is taken as hours; "
       "write '30 hours'\n"},
      {R"({"id":"A","type":"S3DataNode","directoryPath":"/data/in"})",
       "warning A.directoryPath: INVALID_FIELD_VALUE: 'directoryPath' is no address in S3; write "
       "it as s3://bucket/folder\n"},
      {R"({"id":"A","type":"S3DataNode","filePath":"s3n://b/#{@scheduledStartTime}"})", ""},
      {R"({"id":"A","type":"DynamoDBDataNode","tableName":"t","readThroughputPercent":"0.05"})",
       "warning A.readThroughputPercent: INVALID_FIELD_VALUE: 'readThroughputPercent' is below "
       "0.1, which AWS refuses\n"},
      {R"({"id":"A","type":"DynamoDBDataNode","tableName":"t","readThroughputPercent":"0"})",
       "error A.readThroughputPercent: INVALID_FIELD_VALUE: 'readThroughputPercent' must be above "
       "0 and at most 1, not '0'\n"},
      {R"({"id":"A","type":"DynamoDBDataNode","tableName":"t","readThroughputPercent":"1.5"})",
       "error A.readThroughputPercent: INVALID_FIELD_VALUE: 'readThroughputPercent' must be at "
       "most 1 (a share: 0.25 is 25 percent), not '1.5'\n"},
      {R"({"id":"A","type":"DynamoDBDataNode","tableName":"t","region":"us_west_1"})",
       "warning A.region: INVALID_FIELD_VALUE: 'region' is taken as 'us-west-1'; write it with "
       "hyphens\n"},
      {R"({"id":"A","type":"DynamoDBDataNode","tableName":"t","region":"eu-central-2"})", ""},
  };
  for (const Case& c : cases) EXPECT_EQ(Framed(c.objects), c.problems) << c.objects;
  EXPECT_EQ(Problems(R"({"id":"Default","scheduleType":"ondemand","pipelineLogUri":"s3://b"},
                        {"id":"A","type":"ShellCommandActivity","command":"x"})"),
            "error A.runsOn: MISSING_REQUIRED_FIELD: ShellCommandActivity needs 'runsOn' or "
            "'workerGroup'; without it no worker "
            "would ever take it\n");
}

TEST(Validate, Schedules) {
  auto schedule = [](std::string_view fields) {
    return Problems(R"({"id":"S","type":"Schedule",)" + std::string(fields) + "}");
  };
  const Case cases[] = {
      {R"("period":"1 day","startDateTime":"tomorrow")",
       "error S.startDateTime: INVALID_FIELD_VALUE: 'startDateTime' value must be a literal "
       "datetime value. Write it as "
       "2011-05-24T17:10:00 (UTC), not 'tomorrow'\n"},
      {R"j("period":"1 day","startDateTime":"makeDate(2011,5,24)")j", ""},
      {R"("period":"1 day","startDateTime":"#{makeDate(2011,5,24)}")", ""},
      {R"("period":"1 day")",
       "error S.startAt: MISSING_REQUIRED_FIELD: Schedule needs 'startAt' or 'startDateTime'\n"},
      {R"("period":"1 day","startAt":"FIRST_ACTIVATION_DATE_TIME","occurrences":"0")",
       "error S.occurrences: INVALID_FIELD_VALUE: 'occurrences' must be at least 1, not '0'\n"},
      {R"("period":"1 day","startDateTime":"2014-01-02T00:00:00","endDateTime":"2014-01-01T00:00:00")",
       "error S.endDateTime: INVALID_FIELD_VALUE: 'endDateTime' must be later than startDateTime "
       "(2014-01-02T00:00:00)\n"},
      {R"("period":"1 day","startDateTime":"2014-01-02T00:00:00","endDateTime":"2014-01-02T12:00:00")",
       "error S.endDateTime: INVALID_FIELD_VALUE: not one whole period of 1 day fits between "
       "startDateTime and 'endDateTime'; "
       "the first ends 2014-01-03T00:00:00\n"},
      {R"("period":"1 day","startDateTime":"2014-01-02T00:00:00","endDateTime":"2014-01-05T00:00:00","occurrences":"2")",
       "error S.occurrences: INVALID_FIELD_VALUE: 'occurrences' and 'endDateTime' exclude each "
       "other; give one of them\n"},
      {R"("period":"ONDEMAND_PERIOD","startAt":"ONDEMAND_ACTIVATION_TIME")", ""},
      {R"("period":"10 seconds","startAt":"FIRST_ACTIVATION_DATE_TIME")", ""},
      {R"("period":"1 day","startDateTime":"#{@actualStartTime}","myNote":"#{@id}")",
       "error S.startDateTime: INVALID_FIELD_VALUE: 'startDateTime' cannot use "
       "'@actualStartTime', which only a run has; a schedule can use parameters and other "
       "fields\n"},
  };
  for (const Case& c : cases) EXPECT_EQ(schedule(c.objects), c.problems) << c.objects;
  EXPECT_EQ(
      Problems(
          R"({"id":"S","type":"Schedule","period":"5 minutes","startAt":"FIRST_ACTIVATION_DATE_TIME"})",
          kAws),
      "error S.period: INVALID_FIELD_VALUE: 'period' must be at least 15 minutes, not '5 "
      "minutes'\n");
  EXPECT_EQ(
      Problems(
          R"({"id":"S","type":"Schedule","period":"4 years","startAt":"FIRST_ACTIVATION_DATE_TIME"})",
          kAws),
      "error S.period: INVALID_FIELD_VALUE: 'period' must be at most 3 years, not '4 years'\n");
}

TEST(Validate, CronExpressions) {
  auto schedule = [](std::string_view fields, const ValidateOptions& options = {}) {
    return Problems(R"({"id":"S","type":"Schedule",)" + std::string(fields) + "}", options);
  };
  const Case cases[] = {
      {R"("cronExpression":"30 2 * * MON-FRI","startAt":"FIRST_ACTIVATION_DATE_TIME")", ""},
      {R"("cronExpression":"@daily","timeZone":"Europe/Berlin","startDateTime":"2014-01-02T00:00:00","occurrences":"3")",
       ""},
      {R"("startAt":"FIRST_ACTIVATION_DATE_TIME")",
       "error S.cronExpression: MISSING_REQUIRED_FIELD: Schedule needs 'cronExpression' or "
       "'period'\n"},
      {R"("cronExpression":"@daily","period":"1 day","startAt":"FIRST_ACTIVATION_DATE_TIME")",
       "error S.cronExpression: INVALID_FIELD_VALUE: 'cronExpression' and 'period' exclude each "
       "other; give one of them\n"},
      {R"("cronExpression":"0 25 * * *","startAt":"FIRST_ACTIVATION_DATE_TIME")",
       "error S.cronExpression: INVALID_FIELD_VALUE: '0 25 * * *' is not a cron expression: hour "
       "field, offset 2: 25 is out of range; allowed are 0-23, lists (1,5), ranges (1-5), steps "
       "(*/5) and *\n"},
      {R"("cronExpression":"@daily","timeZone":"europe/berlin","startAt":"FIRST_ACTIVATION_DATE_TIME")",
       "error S.timeZone: INVALID_FIELD_VALUE: 'timeZone': unknown time zone 'europe/berlin'; "
       "write a name like 'America/New_York' or an offset like '+02:00'; did you mean "
       "'Europe/Berlin'?\n"},
      {R"("period":"1 day","timeZone":"Europe/Berlin","startAt":"FIRST_ACTIVATION_DATE_TIME")",
       "error S.timeZone: INVALID_FIELD_VALUE: 'timeZone' goes with cronExpression only, a period "
       "is counted in UTC; for days of that zone write cronExpression '@daily' in place of the "
       "period\n"},
      {R"("cronExpression":"0 12 1 * *","startDateTime":"2014-01-02T00:00:00","endDateTime":"2014-02-01T11:00:00")",
       "error S.endDateTime: INVALID_FIELD_VALUE: 'cronExpression' does not fire between "
       "startDateTime and 'endDateTime'; after the start it fires 2014-02-01T12:00:00 (UTC)\n"},
      // One run, with scheduleType cron.
      {R"("cronExpression":"0 12 1 * *","startDateTime":"2014-01-02T00:00:00","endDateTime":"2014-02-01T13:00:00")",
       ""},
  };
  for (const Case& c : cases) EXPECT_EQ(schedule(c.objects), c.problems) << c.objects;
  EXPECT_EQ(
      schedule(
          R"("cronExpression":"@daily","timeZone":"UTC","startAt":"FIRST_ACTIVATION_DATE_TIME")",
          kAws),
      "error S.cronExpression: UNKNOWN_FIELD: 'cronExpression' is an extension, which AWS does not "
      "know; it needs the 'open' profile ([limits] profile = \"open\")\n"
      "error S.timeZone: UNKNOWN_FIELD: 'timeZone' is an extension, which AWS does not know; it "
      "needs the 'open' profile ([limits] profile = \"open\")\n"
      "error S.period: MISSING_REQUIRED_FIELD: Schedule needs 'period'\n");
}

TEST(Validate, CountsThePastOfACronExpression) {
  ValidateOptions options = {.now = *ParseDateTime("2014-05-03T12:00:00")};
  EXPECT_NE(
      Problems(
          R"({"id":"S","type":"Schedule","cronExpression":"*/15 * * * *","startDateTime":"2014-05-01T00:00:00"})",
          options)
          .find("there are about 240 past intervals"),
      std::string::npos);
}

TEST(Validate, OnDemand) {
  const std::string act =
      R"({"id":"A","type":"ShellCommandActivity","command":"x","workerGroup":"g","pipelineLogUri":"s3://b")";
  const std::string schedule =
      R"({"id":"S","type":"Schedule","period":"1 day","startAt":"FIRST_ACTIVATION_DATE_TIME"})";
  EXPECT_EQ(Problems(R"({"id":"Default","scheduleType":"ONDEMAND"},)" + act + "}"), "");
  EXPECT_EQ(Problems(act + R"(,"scheduleType":"ondemand","schedule":{"ref":"S"}},)" + schedule),
            "error A.scheduleType: INVALID_FIELD_VALUE: 'scheduleType' ondemand works for the "
            "whole pipeline only: set it on the "
            "object Default and nowhere else\n");
  EXPECT_EQ(Problems(R"({"id":"Default","scheduleType":"ondemand"},)" + act +
                     R"(,"schedule":{"ref":"S"}},)" + schedule),
            "error A.schedule: INVALID_FIELD_VALUE: 'schedule' S does not go with a pipeline that "
            "runs on demand; leave it out\n");
  EXPECT_EQ(Problems(act + "}"),
            "error A.schedule: MISSING_REQUIRED_FIELD: 'schedule' is required: refer to a Schedule "
            "here or on Default, or set "
            "Default's scheduleType to ondemand\n");
}

TEST(Validate, Expressions) {
  const Case cases[] = {
      {R"("command":"x #{")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: '#{' has no closing '}'\n"},
      {R"("command":"#{frmat(@scheduledStartTime,'YYYY')}")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: there is no function "
       "'frmat'; did you mean 'format'?\n"},
      {R"("command":"#{stdot}")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: 'stdot' is neither a field "
       "of 'A' nor a parameter; did "
       "you mean 'stdout'?\n"},
      {R"("command":"#{stdout} #{@status} #{input.tableName}")", ""},
      {R"("command":"#{@sceduledStartTime}")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: there is no runtime field "
       "'@sceduledStartTime'; did you "
       "mean '@scheduledStartTime'?\n"},
      {R"("command":"#{input.tableNam}","input":{"ref":"D"}},{"id":"D","type":"DynamoDBDataNode","tableName":"t")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: DynamoDBDataNode 'D' has "
       "no field 'tableNam'; did you "
       "mean 'tableName'?\n"},
      {R"("command":"#{stdout.x}","stdout":"y")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: 'stdout' is no reference, "
       "so that '.x' cannot follow it\n"},
      {R"("command":"#{stdout}","stdout":"#{command}")",
       "error A.command: CYCLIC_REFERENCE: 'command' needs its own value; follow its expressions "
       "to see how\n"},
      {R"("command":"#{myThing}")",
       "warning A.command: INVALID_EXPRESSION: 'myThing' is neither a field nor a declared "
       "parameter: its value must be given "
       "with the activation\n"},
      {R"("command":"#{myThing}","myThings":"x")",
       "warning A.command: INVALID_EXPRESSION: 'myThing' is neither a field nor a declared "
       "parameter: its value must be given with the activation; did you mean 'myThings'?\n"},
      {R"("command":"#{node.name}")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: 'node' is known in actions "
       "and preconditions only: it is the object that refers to them\n"},
      {R"("command":"#{format(@scheduledStartTime, YYYY)}")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 31: 'YYYY' is neither a field "
       "of 'A' nor a parameter; text goes in quotes\n"},
      {R"("command":"#{S.period}")",
       "error A.command: INVALID_EXPRESSION: 'command', at character 3: 'S' is neither a field of "
       "'A' nor a parameter; to read from the object 'S', refer to it in a field, e.g. "
       "\"myObject\": {\"ref\": \"S\"}, and write #{myObject.…}\n"},
      {R"("command":"#{maximumRetries}","maximumRetries":"#{1+1}")", ""},
      {R"("command":"x","maximumRetries":"#{'a'+1}")",
       "error A.maximumRetries: INVALID_FIELD_VALUE: 'maximumRetries' must be a whole number, not "
       "'a1'\n"},
  };
  for (const Case& c : cases) {
    std::string text =
        Framed(R"({"id":"A","type":"ShellCommandActivity",)" + std::string(c.objects) + "}");
    EXPECT_EQ(text.substr(0, std::string(c.problems).size()), c.problems) << c.objects;
    EXPECT_EQ(text.empty(), c.problems[0] == '\0') << text;
  }
  EXPECT_NE(
      Framed(R"({"id":"A","type":"ShellCommandActivity","command":"#{myThing}"})", kActivation)
          .find("error A.command"),
      std::string::npos);
}

TEST(Validate, ParametersInOtherBraces) {
  EXPECT_EQ(
      Problems(std::string(kFrame) +
               R"({"id":"A","type":"ShellCommandActivity","command":"echo ${HOME} ${myDir} ${"}],
                  "parameters":[{"id":"myDir","default":"x"})"),
      "warning A.command: INVALID_EXPRESSION: 'command', at character 14: '${myDir}' is no "
      "expression; write '#{myDir}' for the parameter\n");
}

TEST(Validate, BackfillWithCascadeWarnsInTheGuidesWords) {
  ValidateOptions options;
  options.now = *ParseDateTime("2014-06-01T00:00:00");
  EXPECT_EQ(
      Framed(
          R"({"id":"A","name":"Act","type":"ShellCommandActivity","command":"x","failureAndRerunMode":"CASCADE"})",
          options),
      "warning S.startDateTime: BACKFILL: 'startDateTime' is more than a day ago: there are about "
      "31 past intervals; unless myBackfill or a startTimestamp says otherwise they are run first, "
      "and above [engine] backfill_max they must be asked for\n"
      "warning A.failureAndRerunMode: BACKFILL: Act has 'failureAndRerunMode' field set to "
      "'cascade' and you are about to "
      "create a backfill with scheduleStartTime 2014-05-01T00:00:00. This can result in rapid "
      "creation of pipeline "
      "objects in case of failures.\n");
}

TEST(Validate, WhatHiveCopies) {
  auto copy = [](std::string_view input, std::string_view output) {
    return Framed(fmt::format(
        R"({{"id":"F","type":"DynamoDBExportDataFormat"}},{{"id":"C","type":"DynamoDBDataFormat","column":"a STRING"}},
           {{"id":"S3","type":"S3DataNode","directoryPath":"s3://b/d"}},
           {{"id":"S3b","type":"S3DataNode","directoryPath":"s3://b/e"}},
           {{"id":"T","type":"DynamoDBDataNode","tableName":"t","dataFormat":{{"ref":"F"}}}},
           {{"id":"Columns","type":"DynamoDBDataNode","tableName":"t","dataFormat":{{"ref":"C"}}}},
           {{"id":"Bare","type":"DynamoDBDataNode","tableName":"t"}},
           {{"id":"E","type":"EmrCluster","terminateAfter":"1 hour"}},
           {{"id":"A","type":"HiveCopyActivity","runsOn":{{"ref":"E"}},"input":{{"ref":"{}"}},"output":{{"ref":"{}"}}}})",
        input, output));
  };
  const std::string wants =
      "warning A.{}: MISSING_FIELD: HiveCopyActivity wants a "
      "DynamoDBExportDataFormat as the 'dataFormat' of '{}', or Hive does "
      "not know the table's items\n";
  EXPECT_EQ(copy("T", "S3"), "");
  EXPECT_EQ(copy("S3", "T"), "");
  EXPECT_EQ(copy("Bare", "S3"), fmt::format(fmt::runtime(wants), "input", "Bare"));
  EXPECT_EQ(copy("S3", "Columns"), fmt::format(fmt::runtime(wants), "output", "Columns"));
  EXPECT_NE(copy("S3", "S3b").find("for S3 to S3 use CopyActivity"), std::string::npos);
}

TEST(Validate, DataNodesThatWaitForEachOther) {
  const std::string nodes =
      R"(,{"id":"D","type":"S3DataNode","directoryPath":"s3://b/d"},{"id":"E","type":"S3DataNode","directoryPath":"s3://b/e"})";
  EXPECT_EQ(
      Framed(
          R"({"id":"A","type":"ShellCommandActivity","command":"x","input":{"ref":"D"},"output":{"ref":"E"}},
                      {"id":"B","type":"ShellCommandActivity","command":"x","input":{"ref":"E"},"output":{"ref":"D"}})" +
          nodes),
      "error A: CYCLIC_REFERENCE: these objects would wait for each other for ever: A -> D -> B -> "
      "E -> A; remove one of "
      "the references\n");
  EXPECT_EQ(
      Framed(
          R"({"id":"A","type":"ShellCommandActivity","command":"x","input":{"ref":"D"},"output":{"ref":"D"}})" +
          nodes),
      "");
}

TEST(Validate, AwsLimits) {
  std::string fields, values;
  for (int i = 0; i < 51; ++i) fields += ",\"my" + std::to_string(i) + "\":\"x\"";
  EXPECT_EQ(Framed(R"({"id":"A","type":"CSV")" + fields + "}", kAws),
            "error A: LIMIT_EXCEEDED: the object has 52 fields; at most 50 are allowed\n");
  EXPECT_EQ(Framed(R"({"id":"A","type":"CSV")" + fields + "}"), "");
  std::string large(10'241, 'x');
  EXPECT_EQ(
      Framed(R"({"id":"A","type":"CSV","column":")" + large + "\"}", kAws),
      "error A.column: LIMIT_EXCEEDED: 'column' has 10241 bytes; at most 10240 are allowed\n");
  EXPECT_NE(Framed(R"({"id":"A","type":"CSV","column":[")" + large.substr(1) + "\",\"" +
                       large.substr(1) + "\"]}",
                   kAws)
                .find("at most 15360"),
            std::string::npos);
  EXPECT_EQ(
      Framed(
          R"({"id":"A","type":"ShellCommandActivity","command":"x","maximumRetries":"6","retryDelay":"1 minute"})",
          kAws),
      "error A.maximumRetries: INVALID_FIELD_VALUE: 'maximumRetries' must be at most 5, not '6'\n"
      "error A.retryDelay: INVALID_FIELD_VALUE: 'retryDelay' must be at least 2 minutes, not '1 "
      "minute'\n");
}

TEST(CheckEdit, AllowsOnlyWhatTheGuideAllows) {
  const std::string before =
      std::string(kFrame) +
      R"({"id":"A","type":"ShellCommandActivity","command":"x","output":{"ref":"D"}},
                                {"id":"D","type":"S3DataNode","directoryPath":"s3://b"})";
  auto edit = [&](std::string_view from, std::string_view to) {
    std::string after = before;
    after.replace(after.find(from), from.size(), to);
    return Shown(CheckEdit(Resolve(FromObjects(before)), Resolve(FromObjects(after))));
  };
  EXPECT_EQ(edit("\"command\":\"x\"", "\"command\":\"y\""), "");
  EXPECT_EQ(edit("1 day", "2 days"),
            "error S.period: EDIT_NOT_ALLOWED: 'period' cannot change (it was 1 day) once the "
            "pipeline has been activated\n");
  EXPECT_EQ(edit(R"("period":"1 day")", R"("cronExpression":"@daily")"),
            "error S.period: EDIT_NOT_ALLOWED: 'period' cannot change (it was 1 day) once the "
            "pipeline has been activated\n"
            "error S.cronExpression: EDIT_NOT_ALLOWED: 'cronExpression' cannot change (it was "
            "absent) once the pipeline has been activated\n");
  EXPECT_EQ(edit("2014-05-01", "2014-05-02"),
            "error S.startDateTime: EDIT_NOT_ALLOWED: 'startDateTime' cannot change (it was "
            "2014-05-01T00:00:00); activate with "
            "a start timestamp instead once the pipeline has been activated\n");
  EXPECT_EQ(edit(R"(,"output":{"ref":"D"})", ""),
            "error A.output: EDIT_NOT_ALLOWED: the reference 'output' cannot be deleted once the "
            "pipeline has been activated\n");
  EXPECT_EQ(edit(R"("output")", R"("input")"),
            "error A.output: EDIT_NOT_ALLOWED: the reference 'output' cannot be deleted once the "
            "pipeline has been activated\n"
            "error A.input: EDIT_NOT_ALLOWED: the reference 'input' cannot be added once the "
            "pipeline has been activated\n");
  EXPECT_EQ(
      edit(
          R"({"id":"D")",
          R"({"id":"N","type":"ShellCommandActivity","command":"z","output":{"ref":"D"}},{"id":"D")"),
      "error N.output: EDIT_NOT_ALLOWED: a new object cannot have the existing 'D' as its output "
      "once the pipeline has been "
      "activated\n");
  EXPECT_NE(edit(R"({"id":"A","type")", R"({"id":"A2","type")").find("cannot be removed"),
            std::string::npos);
}

TEST(CheckEdit, LooksThroughParameters) {
  auto edit = [](std::string_view before, std::string_view after) {
    auto resolved = [](std::string_view values) {
      return Resolve(FromFile(fmt::format(
          R"({{"objects":[{{"id":"S","type":"Schedule","period":"#{{myPeriod}}",
             "startDateTime":"#{{*myStart}}"}}],"values":{{{}}}}})",
          values)));
    };
    return Shown(CheckEdit(resolved(before), resolved(after)));
  };
  constexpr std::string_view kDaily = R"("myPeriod":"1 day","*myStart":"2014-05-01T00:00:00")";
  EXPECT_EQ(edit(kDaily, kDaily), "");
  EXPECT_EQ(edit(kDaily, R"("myPeriod":"2 days","*myStart":"2014-05-01T00:00:00")"),
            "error S.period: EDIT_NOT_ALLOWED: 'period' cannot change (it was 1 day) once the "
            "pipeline has been activated\n");
  // Values may still come; of secrets nothing is said.
  EXPECT_EQ(edit(kDaily, ""), "");
  EXPECT_EQ(edit(kDaily, R"("myPeriod":"1 day","*myStart":"2015-05-01T00:00:00")"), "");
}

TEST(Validate, CostGrowsWithTheSizeOnly) {
  Definition definition = FromObjects(std::string(kFrame) + R"({"id":"X","type":"CSV"})");
  for (int i = 0; i < 10'000; ++i) {
    std::string id = "A" + std::to_string(i);
    definition.objects.push_back({id,
                                  id,
                                  {{"type", "ShellCommandActivity"},
                                   {"command", "#{input.nothing}"},
                                   {"input", "Missing" + id, true},
                                   {"dependsOn", "A" + std::to_string(i + 1), true}}});
  }
  // At the square of the size this would not end within the test's time.
  EXPECT_GE(Validate(definition).size(), 10'000u);
}

}  // namespace
}  // namespace penstock
