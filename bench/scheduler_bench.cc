// What running work costs: task instances a second from due to FINISHED, every transition durable;
// a restart over many stored instances; one decision among many other pipelines.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <filesystem>
#include <map>
#include <thread>

#include "base/check.h"
#include "engine/codec.h"
#include "json/json.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/in_process_client.h"
#include "scheduler/manual_clock.h"
#include "scheduler/scheduler.h"
#include "service/data_pipeline_service.h"
#include "store/memory_store.h"
#include "store/secret_box.h"
#include "store/sqlite_store.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock {
namespace {

const engine::Scope kScope{"123456789012", "-"};

class NoEffects : public EffectHandler {
 public:
  EffectResult Execute(const EffectJob&, std::stop_token) override {
    return EffectResult(EffectFinished{});
  }
};

// A folder on the disk that the state of a server would be on ($TMPDIR, else here).
class Folder {
 public:
  Folder() {
    const char* parent = getenv("TMPDIR");
    path_ = std::string(parent == nullptr ? "." : parent) + "/penstock-bench-XXXXXX";
    CHECK(mkdtemp(path_.data()) != nullptr, "no temporary folder {}", path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string Sub(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// What the gateway does for a signed request, without the signature.
class Signed : public HttpService {
 public:
  explicit Signed(HttpService& inside) : inside_(inside) {}
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override {
    request.caller = Caller{kScope.account, "AKID", "arn:aws:iam::123456789012:root", "us-east-1",
                            "datapipeline"};
    inside_.Serve(std::move(request), body, std::move(responder));
  }

 private:
  HttpService& inside_;
};

// The pipeline half of a server on a real SQLite file.
class Half {
 public:
  enum class Way { kInProcess, kSockets };

  explicit Half(const std::string& path, Way way = Way::kInProcess) {
    auto opened = SqliteStore::Open(path, box_);
    CHECK(opened.has_value(), "{}", opened.error().message);
    store_ = *std::move(opened);
    scheduler_ =
        std::make_unique<Scheduler>(SchedulerOptions{}, *store_, clock_, random_, effects_);
    CHECK(scheduler_->Load().has_value());
    service_ = std::make_unique<DataPipelineService>(DataPipelineOptions{}, "secret", *scheduler_,
                                                     *store_, clock_);
    signed_ = std::make_unique<Signed>(*service_);
    scheduler_->Start();
    if (way == Way::kInProcess) return;
    HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    auto server = HttpServer::Start(options, signed_.get(), &clock_, &random_);
    CHECK(server.has_value(), "{}", server.error().message);
    server_ = *std::move(server);
  }
  ~Half() {
    scheduler_->Stop();
    if (server_ != nullptr) server_->Stop(Duration(1'000));
  }

  json::Object Call(std::string_view operation, const json::Object& body) {
    ClientRequest request{
        .method = "POST",
        .url = server_ == nullptr ? "http://penstock/" : "http://" + server_->address() + "/",
        .headers = {{"X-Amz-Target", "DataPipeline." + std::string(operation)}},
        .body = json::Write(body)};
    request.timeout = Duration(120'000);
    Result<HttpResponse> answer =
        server_ == nullptr ? InProcessClient(signed_.get(), &clock_, &random_).Send(request)
                           : client_.Send(request);
    CHECK(answer.has_value(), "{}: {}", operation, answer.error().message);
    CHECK(answer->status == 200, "{}: {}", operation, answer->body);
    return answer->body.empty() ? json::Object() : *json::ParseObject(answer->body);
  }

 private:
  SystemClock clock_;
  SystemRandom random_;
  NoEffects effects_;
  SecretBox box_{std::string(32, 'k'), random_};
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<DataPipelineService> service_;
  std::unique_ptr<Signed> signed_;
  CurlHttpClient client_{{.idle_connections_max = 512}};
  std::unique_ptr<HttpServer> server_;
};

json::Object Field(std::string_view key, std::string_view value, bool is_ref = false) {
  return {{"key", key}, {is_ref ? "refValue" : "stringValue", value}};
}

json::Array OnDemandObjects(int activities) {
  json::Array objects;
  objects.push_back(json::Object{{"id", "Default"},
                                 {"name", "Default"},
                                 {"fields", json::Array{Field("scheduleType", "ondemand")}}});
  for (int i = 0; i < activities; ++i) {
    std::string id = fmt::format("Activity{}", i);
    objects.push_back(json::Object{
        {"id", id},
        {"name", id},
        {"fields", json::Array{Field("type", "ShellCommandActivity"), Field("command", "true"),
                               Field("workerGroup", "bench")}}});
  }
  return objects;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Pipelines of 50 activities each are activated; workers take, acknowledge and finish each task.
// One server for all iterations: SQLite's log has its size after the first ones, as that of a
// server at work has, and is copied into the file now and then.
void RunTaskInstances(benchmark::State& state, Half::Way way) {
  constexpr int kActivities = 50;
  const int pipelines = 40, workers = static_cast<int>(state.range(0));
  double cpu_seconds = 0;
  int made = 0;
  Folder folder;
  Half half(folder.Sub("pipelines.db"), way);
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<std::string> ids;
    for (int i = 0; i < pipelines; ++i) {
      std::string name = fmt::format("p{}", made++);
      json::Object created = half.Call("CreatePipeline", {{"name", name}, {"uniqueId", name}});
      ids.emplace_back(created["pipelineId"].as_string());
      half.Call("PutPipelineDefinition",
                {{"pipelineId", ids.back()}, {"pipelineObjects", OnDemandObjects(kActivities)}});
    }
    std::atomic<int> left = pipelines * kActivities;
    cpu_seconds -= CpuSeconds();
    state.ResumeTiming();
    std::vector<std::jthread> threads;
    for (int i = 0; i < workers; ++i) {
      threads.emplace_back([&] {
        while (left.fetch_sub(1) > 0) {
          json::Object polled = half.Call("PollForTask", {{"workerGroup", "bench"}});
          json::Value task = polled.at("taskObject").at("taskId");
          half.Call("ReportTaskProgress", {{"taskId", task}});
          half.Call("SetTaskStatus", {{"taskId", task}, {"taskStatus", "FINISHED"}});
        }
      });
    }
    // All at once: one after the other, a commit each, they would set the pace.
    for (const std::string& id : ids) {
      threads.emplace_back([&] { half.Call("ActivatePipeline", {{"pipelineId", id}}); });
    }
    threads.clear();
    cpu_seconds += CpuSeconds();
  }
  // Of all threads: what a busy machine cannot blur.
  state.counters["cpu_us/instance"] =
      cpu_seconds * 1e6 / static_cast<double>(state.iterations()) / (pipelines * kActivities);
  state.counters["instances/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * pipelines * kActivities,
                         benchmark::Counter::kIsRate);
}
void TaskInstances(benchmark::State& state) { RunTaskInstances(state, Half::Way::kInProcess); }
BENCHMARK(TaskInstances)
    ->Arg(16)
    ->Arg(128)
    ->Arg(512)
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
void TaskInstancesOverSockets(benchmark::State& state) {
  RunTaskInstances(state, Half::Way::kSockets);
}
BENCHMARK(TaskInstancesOverSockets)
    ->Arg(16)
    ->Arg(128)
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// A store of `count` instances with an attempt each, one in a hundred unfinished.
void FillStore(Store& store, int64_t count) {
  constexpr int64_t kOfOnePipeline = 1'000;
  std::vector<engine::Write> batch;
  auto flush = [&] {
    CHECK(store.Commit(batch).has_value());
    batch.clear();
  };
  for (int64_t i = 0; i < count; ++i) {
    engine::PipelineKey key{kScope, fmt::format("df-{:08}", i / kOfOnePipeline)};
    if (i % kOfOnePipeline == 0) {
      engine::PipelineRecord pipeline;
      pipeline.name = key.id;
      batch.push_back({key, pipeline});
    }
    engine::InstanceRecord instance;
    instance.id = fmt::format("@Activity_{:08}", i);
    instance.component = "Activity";
    instance.status = i % 100 == 0 ? engine::RunStatus::kRunning : engine::RunStatus::kFinished;
    instance.attempts = 1;
    instance.scheduled_start = Instant(Duration(i * 3'600'000));
    engine::AttemptRecord attempt;
    attempt.instance = instance.id;
    attempt.number = 1;
    attempt.status = instance.status;
    batch.push_back({key, instance});
    batch.push_back({key, attempt});
    if (batch.size() > 20'000) flush();
  }
  flush();
}

void Restart(benchmark::State& state) {
  SystemRandom random;
  SystemClock clock;
  NoEffects effects;
  SecretBox box(std::string(32, 'k'), random);
  Folder folder;
  {
    auto store = SqliteStore::Open(folder.Sub("pipelines.db"), box);
    FillStore(**store, state.range(0));
  }
  for (auto _ : state) {
    auto store = SqliteStore::Open(folder.Sub("pipelines.db"), box);
    Scheduler scheduler({}, **store, clock, random, effects);
    CHECK(scheduler.Load().has_value());
    benchmark::DoNotOptimize(scheduler.state());
  }
}
BENCHMARK(Restart)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

// Hourly pipelines of `objects` objects each, active, in a scheduler without threads.
class Crowd {
 public:
  explicit Crowd(Store& store, Clock& clock) : scheduler_({}, store, clock, random_, effects_) {
    CHECK(scheduler_.Load().has_value());
  }

  Scheduler& scheduler() { return scheduler_; }

  engine::Reply Ask(engine::EventBody body) {
    std::optional<Result<engine::Reply>> heard;
    scheduler_.Submit(kScope, std::move(body),
                      [&](Result<engine::Reply> reply) { heard = std::move(reply); });
    while (!heard) scheduler_.RunDue();
    CHECK(heard->has_value(), "{}", heard->error().message);
    return std::move(**heard);
  }

  void Make(const std::string& name, const Definition& definition) {
    auto created = Ask(engine::CreatePipeline{name, name, "", "arn", {}});
    std::string id = std::get<engine::Created>(created).pipeline;
    Ask(engine::PutDefinition{id, definition});
    auto activated = Ask(engine::Activate{.pipeline = id});
    if (const auto* refusal = std::get_if<engine::Refusal>(&activated)) {
      CHECK(false, "{}", refusal->message);
    }
  }

  void MakeHourly(int64_t count, int objects, std::string_view start) {
    for (int64_t i = 0; i < count; ++i) Make(fmt::format("other{}", i), Hourly(objects, start));
  }

  static Definition Hourly(int objects, std::string_view start) {
    Definition made;
    made.objects = {
        {"Default", "Default", {{"scheduleType", "cron", false}, {"schedule", "Hourly", true}}},
        {"Hourly", "Hourly", {{"type", "Schedule", false}, {"period", "1 hour", false}}}};
    if (start.empty()) {
      made.objects[1].fields.push_back({"startAt", "FIRST_ACTIVATION_DATE_TIME", false});
    } else {
      made.objects[1].fields.push_back({"startDateTime", std::string(start), false});
    }
    for (int i = 2; i < objects; ++i) {
      std::string id = fmt::format("Activity{}", i);
      made.objects.push_back({id,
                              id,
                              {{"type", "ShellCommandActivity", false},
                               {"command", "true", false},
                               {"workerGroup", "others", false}}});
    }
    return made;
  }

 private:
  SystemRandom random_;
  NoEffects effects_;
  Scheduler scheduler_;
};

// One progress report of a running task among `pipelines` others that have a schedule each.
void DecisionAmongPipelines(benchmark::State& state) {
  ManualClock clock(Instant(std::chrono::seconds(1'767'225'600)));
  MemoryStore store;
  Crowd crowd(store, clock);
  crowd.MakeHourly(state.range(0), 3, "");
  Definition measured;
  measured.objects = {{"Default", "Default", {{"scheduleType", "ondemand", false}}},
                      {"A",
                       "A",
                       {{"type", "ShellCommandActivity", false},
                        {"command", "true", false},
                        {"workerGroup", "bench", false}}}};
  crowd.Make("measured", measured);
  std::optional<engine::TaskKey> task;
  PollRequest poll{.scope = kScope, .poll = {"bench", "", "host"}};
  poll.deadline = clock.Monotonic() + Duration(1'000);
  poll.connected = [] { return true; };
  poll.reply = [&](Result<engine::Reply> reply) { task = std::get<engine::Task>(*reply).key; };
  crowd.scheduler().SubmitPoll(std::move(poll));
  while (!task) crowd.scheduler().RunDue();
  for (auto _ : state) crowd.Ask(engine::ReportProgress{.task = *task});
}
BENCHMARK(DecisionAmongPipelines)
    ->RangeMultiplier(10)
    ->Range(100, 100'000)
    ->Unit(benchmark::kMicrosecond);

// What the engine's threads do while nothing is due in any of `pipelines`.
void IdlePipelines(benchmark::State& state) {
  SystemClock clock;
  MemoryStore store;
  Crowd crowd(store, clock);
  crowd.MakeHourly(state.range(0), 20, "2099-01-01T00:00:00");
  while (crowd.scheduler().RunDue()) continue;
  crowd.scheduler().Start();
  double cpu_seconds = 0, seconds = 0;
  for (auto _ : state) {
    cpu_seconds -= CpuSeconds();
    std::this_thread::sleep_for(std::chrono::seconds(5));
    cpu_seconds += CpuSeconds();
    seconds += 5;
  }
  crowd.scheduler().Stop();
  state.counters["cpu_percent"] = cpu_seconds / seconds * 100;
}
BENCHMARK(IdlePipelines)->Arg(100'000)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

// Notes when tasks are on offer for good.
class OfferClock : public Store {
 public:
  OfferClock(Store& inside, Clock& clock) : inside_(inside), clock_(clock) {}
  Status Commit(std::span<const engine::Write> writes) override {
    Status committed = inside_.Commit(writes);
    Instant now = clock_.Now();
    for (const engine::Write& write : writes) {
      const auto* attempt = std::get_if<engine::AttemptRecord>(&write.change);
      if (attempt != nullptr && attempt->status == engine::RunStatus::kWaitingForRunner &&
          attempt->lease == 0) {
        offered.push_back(now);
      }
    }
    return committed;
  }
  Status Load(const std::function<void(engine::Write)>& apply) override {
    return inside_.Load(apply);
  }
  Result<std::vector<engine::Write>> LoadHistory(std::span<const engine::Need> needs) override {
    return inside_.LoadHistory(needs);
  }
  Result<std::unique_ptr<StoreSnapshot>> Read() override { return inside_.Read(); }

  std::vector<Instant> offered;

 private:
  Store& inside_;
  Clock& clock_;
};

// 1,000 pipelines of `objects` objects each, one task of each due at the same instant (schedules
// know whole seconds only): how long until they are durably on offer.
void DueToOffered(benchmark::State& state) {
  constexpr size_t kPipelines = 1'000;
  SystemRandom random;
  SystemClock clock;
  SecretBox box(std::string(32, 'k'), random);
  for (auto _ : state) {
    Folder folder;
    auto inside = SqliteStore::Open(folder.Sub("pipelines.db"), box);
    CHECK(inside.has_value());
    OfferClock store(**inside, clock);
    Crowd crowd(store, clock);
    // Enough for all to be activated before.
    Instant due = std::chrono::floor<std::chrono::seconds>(clock.Now()) + std::chrono::seconds(30);
    Definition definition = Crowd::Hourly(3, FormatDateTime(due));
    while (static_cast<int64_t>(definition.objects.size()) < state.range(0)) {
      std::string id = fmt::format("Format{}", definition.objects.size());
      definition.objects.push_back(
          {id, id, {{"type", "CSV", false}, {"column", "name STRING", false}}});
    }
    for (size_t i = 0; i < kPipelines; ++i) crowd.Make(fmt::format("p{}", i), definition);
    while (crowd.scheduler().RunDue()) continue;
    CHECK(clock.Now() + std::chrono::milliseconds(100) < due, "the machine is too slow");
    crowd.scheduler().Start();
    std::this_thread::sleep_for(due + std::chrono::seconds(3) - clock.Now());
    crowd.scheduler().Stop();
    CHECK(store.offered.size() == kPipelines, "{}", store.offered.size());
    auto after = [&](size_t index) {
      return static_cast<double>((store.offered[index] - due).count());
    };
    state.counters["p50_ms"] = after(kPipelines / 2 - 1);
    state.counters["p99_ms"] = after(kPipelines * 99 / 100 - 1);
    state.counters["last_ms"] = after(kPipelines - 1);
  }
}
BENCHMARK(DueToOffered)->Arg(3)->Arg(20)->Iterations(1)->UseRealTime()->Unit(benchmark::kSecond);

}  // namespace
}  // namespace penstock
