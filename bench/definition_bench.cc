// What a definition costs: reading, checking, evaluating.
#include <benchmark/benchmark.h>

#include "definition/definition_file.h"
#include "definition/evaluate.h"
#include "definition/validate.h"
#include "time/cron_clock.h"

namespace penstock {
namespace {

/// `count` shell activities, each with an S3 node, in a chain.
std::string DefinitionOf(int64_t count) {
  std::string text =
      R"({"objects":[{"id":"Default","scheduleType":"cron","schedule":{"ref":"S"},"failureAndRerunMode":"CASCADE",)"
      R"("pipelineLogUri":"s3://bucket/logs","role":"r","resourceRole":"rr","workerGroup":"g"},)"
      R"({"id":"S","type":"Schedule","period":"1 day","startDateTime":"2014-05-01T00:00:00"})";
  for (int64_t i = 1; i < count / 2; ++i) {
    std::string n = std::to_string(i);
    text += ",{\"id\":\"Act" + n +
            "\",\"type\":\"ShellCommandActivity\",\"stage\":\"true\",\"output\":{\"ref\":\"Node" +
            n +
            "\"},\"maximumRetries\":\"2\",\"command\":\"echo #{output.directoryPath} "
            "#{@scheduledStartTime}\"" +
            (i > 1 ? ",\"dependsOn\":{\"ref\":\"Act" + std::to_string(i - 1) + "\"}" : "") +
            "},{\"id\":\"Node" + n +
            "\",\"type\":\"S3DataNode\",\"directoryPath\":\"s3://bucket/"
            "#{format(@scheduledStartTime,'YYYY-MM-dd')}/" +
            n + "\"}";
  }
  return text + "]}";
}

void ParseAndValidate(benchmark::State& state) {
  std::string text = DefinitionOf(state.range(0));
  for (auto _ : state) {
    auto file = ParseDefinitionFile(text);
    benchmark::DoNotOptimize(Validate(file->definition));
  }
}
BENCHMARK(ParseAndValidate)->Arg(100)->Arg(1000)->Arg(10'000)->Unit(benchmark::kMillisecond);

class ConstantScope : public expr::Scope {
 public:
  expr::Outcome<expr::Value> Name(std::string_view) override { return expr::Value(at_); }
  expr::Outcome<expr::Value> Member(const expr::Reference&, std::string_view) override {
    return expr::Value(at_);
  }

 private:
  Instant at_ = *ParseDateTime("2014-05-01T00:00:00");
};

void EvaluateParsed(benchmark::State& state) {
  auto text = *expr::Text::Parse(
      "s3://bucket/#{format(minusDays(@scheduledStartTime, 1), 'YYYY-MM-dd-HH-mm-ss')}");
  ConstantScope scope;
  for (auto _ : state) benchmark::DoNotOptimize(text.Evaluate(scope));
}
BENCHMARK(EvaluateParsed);

void EvaluateObject(benchmark::State& state) {
  Definition definition = ParseDefinitionFile(DefinitionOf(100))->definition;
  ResolvedDefinition resolved = Resolve(definition);
  Parameters parameters = Parameters::Of(definition);
  ComponentScope scope("Act10");
  for (auto _ : state) benchmark::DoNotOptimize(EvaluateFields(resolved, parameters, scope));
}
BENCHMARK(EvaluateObject)->Unit(benchmark::kMicrosecond);

/// The next firing, over every change of the clock in 16 years.
void CronNext(benchmark::State& state) {
  const CronClock clock = *CronClock::Parse("30 2 * * MON-FRI", "Europe/Berlin");
  const Instant start = *ParseDateTime("2014-05-01T00:00:00");
  Instant at = start;
  for (auto _ : state) {
    at = clock.Next(at);
    if (at > *ParseDateTime("2030-01-01T00:00:00")) at = start;
    benchmark::DoNotOptimize(at);
  }
}
BENCHMARK(CronNext);

/// The firing of that number, counted from a start long ago: what one interval costs the engine.
void CronTwelveYearsLater(benchmark::State& state) {
  const CronClock clock = *CronClock::Parse("30 2 * * MON-FRI", "Europe/Berlin");
  const Instant start = *ParseDateTime("2014-05-01T00:00:00");
  for (auto _ : state) benchmark::DoNotOptimize(clock.Advance(start, 3130));
}
BENCHMARK(CronTwelveYearsLater);

}  // namespace
}  // namespace penstock
