#include "cli/plan_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/command_line.h"

namespace penstock {
namespace {

using testing::HasSubstr;

constexpr char kHourly[] = R"({"objects": [
  {"id": "Default", "scheduleType": "cron", "schedule": {"ref": "S"}, "workerGroup": "g",
   "pipelineLogUri": "s3://b/logs", "role": "r", "resourceRole": "rr"},
  {"id": "S", "type": "Schedule", "period": "1 hour", "startDateTime": "2014-05-01T00:00:00"},
  {"id": "A", "type": "ShellCommandActivity", "command": "#{myCommand}"}],
  "parameters": [{"id": "myCommand", "type": "String"}]})";

struct Outcome {
  int code = 0;
  std::string out, errors;
};

Outcome Plan(std::vector<std::string> arguments, std::string_view text = kHourly) {
  arguments.insert(arguments.begin(), "plan");
  Command parsed = ParseCommandLine(arguments, "test");
  if (const auto* exit = std::get_if<EarlyExit>(&parsed)) return {exit->code, exit->out, exit->err};
  auto& command = std::get<PlanCommand>(parsed);
  command.read = [&](const std::string&) -> Result<std::string> { return std::string(text); };
  std::ostringstream out, errors;
  const int code = RunPlan(command, out, errors);
  return {code, out.str(), errors.str()};
}

TEST(PlanCommand, PrintsRunsInOrderOfTheirStarts) {
  const Outcome plan = Plan({"f.json", "--from", "2014-05-01T00:30:00", "--until",
                             "2014-05-01T02:00:00", "-p", "myCommand=true"});
  EXPECT_EQ(plan.code, kExitDone) << plan.errors;
  EXPECT_EQ(plan.out,
            "2014-05-01T00:30:00  A  ShellCommandActivity  for 2014-05-01T00:00:00 to "
            "2014-05-01T01:00:00\n"
            "2014-05-01T01:00:00  A  ShellCommandActivity  for 2014-05-01T01:00:00 to "
            "2014-05-01T02:00:00\n");
  EXPECT_EQ(plan.errors, "");  // not that the parameter has no value yet
}

TEST(PlanCommand, JsonHasTheFixedShape) {
  const Outcome plan = Plan({"f.json", "--from", "2014-05-01", "--until", "2014-05-01T01:00:00",
                             "-p", "myCommand=true", "--json", "--duration", "A=20 minutes"});
  EXPECT_EQ(plan.code, kExitDone) << plan.errors;
  EXPECT_THAT(plan.out, HasSubstr(R"("startsAt": "2014-05-01T00:00:00")"));
  EXPECT_THAT(plan.out, HasSubstr(R"("scheduledEndTime": "2014-05-01T01:00:00")"));
  EXPECT_THAT(plan.out, HasSubstr(R"("warnings")"));
  EXPECT_EQ(plan.errors, "");
}

TEST(PlanCommand, ACronExpressionOverAChangeOfTheClock) {
  constexpr char kNightly[] = R"({"objects": [
    {"id": "Default", "scheduleType": "cron", "schedule": {"ref": "S"}, "workerGroup": "g",
     "pipelineLogUri": "s3://b/logs", "role": "r", "resourceRole": "rr"},
    {"id": "S", "type": "Schedule", "cronExpression": "30 2 * * *", "timeZone": "Europe/Berlin",
     "startDateTime": "2024-03-28T00:00:00"},
    {"id": "A", "type": "ShellCommandActivity", "command": "true"}]})";
  const Outcome plan =
      Plan({"f.json", "--from", "2024-03-29T00:00:00", "--until", "2024-04-02T00:00:00"}, kNightly);
  EXPECT_EQ(plan.code, kExitDone) << plan.errors;
  // There was no 02:30 on the 31st.
  EXPECT_EQ(plan.out,
            "2024-03-29T00:00:00  A  ShellCommandActivity  for 2024-03-28T01:30:00 to "
            "2024-03-29T01:30:00\n"
            "2024-03-29T01:30:00  A  ShellCommandActivity  for 2024-03-29T01:30:00 to "
            "2024-03-30T01:30:00\n"
            "2024-03-30T01:30:00  A  ShellCommandActivity  for 2024-03-30T01:30:00 to "
            "2024-03-31T01:00:00\n"
            "2024-03-31T01:00:00  A  ShellCommandActivity  for 2024-03-31T01:00:00 to "
            "2024-04-01T00:30:00\n"
            "2024-04-01T00:30:00  A  ShellCommandActivity  for 2024-04-01T00:30:00 to "
            "2024-04-02T00:30:00\n");
}

TEST(PlanCommand, UnusableInputIsNamed) {
  struct Case {
    std::vector<std::string> arguments;
    std::string_view text, message;
  };
  const std::vector<std::string> span = {"f.json", "--from", "2014-05-01", "--until", "2014-05-02"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = span;
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  };
  const Case cases[] = {
      {span, kHourly, "myCommand"},
      {span, "{", "f.json"},
      {with({"-p", "nonsense"}), kHourly, "nonsense"},
      {with({"--duration", "A"}), kHourly, "COMPONENT=PERIOD"},
      {with({"--duration", "A=soon"}), kHourly, "the duration of A"},
      {{"f.json", "--from", "now", "--until", "2014-05-02"}, kHourly, "--from 'now'"},
      {{"f.json", "--from", "2014-05-03", "--until", "2014-05-02"}, kHourly, "must be later"},
      {{"f.json", "--from", "2014-05-03"}, kHourly, "--until"},
  };
  for (const Case& c : cases) {
    const Outcome plan = Plan(c.arguments, c.text);
    EXPECT_EQ(plan.code, kExitUnusable) << c.message;
    EXPECT_THAT(plan.errors, HasSubstr(std::string(c.message)));
  }
}

}  // namespace
}  // namespace penstock
