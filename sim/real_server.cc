#include "sim/real_server.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "sim/wire.h"
#include "sim/world.h"
#include "store/sqlite_database.h"

namespace penstock::sim {

using engine::Decision;
using engine::Event;
using engine::EventBody;
using engine::RecordKind;
using engine::Write;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr const char* kDatabase = "pipelines.db";
constexpr const char* kAccount = "000000000001";
constexpr Duration kPollHold = seconds(15);  // shorter than a worker's pause: one poll at a time
constexpr int kChangesInCommit = 14;  // of files: a death falls before or amid them, or not at all

std::string KeyOf(const engine::TaskKey& task) {
  return fmt::format("{} {} {} {}", task.pipeline, task.instance, task.attempt, task.lease);
}

/// What tells apart the things that the world reports.
std::string NameOf(const EventBody& body) {
  const auto* lost = std::get_if<engine::WorkerLost>(&body);
  return lost == nullptr ? std::string() : lost->worker;
}

bool HasCaller(const EventBody& body) {
  return !std::holds_alternative<engine::Wake>(body) &&
         !std::holds_alternative<engine::EffectDone>(body) &&
         !std::holds_alternative<engine::EffectProgress>(body) &&
         !std::holds_alternative<engine::ResourceGone>(body) &&
         !std::holds_alternative<engine::WorkerReplaced>(body) &&
         !std::holds_alternative<engine::WorkerLost>(body);
}

SchedulerOptions WithoutThreads(const engine::EngineOptions& options) {
  SchedulerOptions scheduling;
  scheduling.engine = options;
  scheduling.effects.threads = 0;
  scheduling.resource_check_interval = std::chrono::minutes(1);
  return scheduling;
}

DataPipelineOptions Serving() {
  DataPipelineOptions options;
  options.poll_hold = kPollHold;
  return options;
}

HttpRequest RequestFor(const std::string& operation) {
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.headers.Add("X-Amz-Target", "DataPipeline." + operation);
  request.caller =
      Caller{kAccount, "AKID", "arn:aws:iam::000000000001:root", "us-east-1", "datapipeline"};
  return request;
}

}  // namespace

/// Answers come whole, as this service gives them; nobody hangs up.
class RealServer::WholeResponder : public Responder {
 public:
  Status Begin(int, Headers, std::optional<uint64_t>) override { return Unavailable("whole only"); }
  Status Write(std::string_view) override { return Unavailable("whole only"); }
  Status Finish() override { return Unavailable("whole only"); }
  bool PeerConnected() override { return true; }
};

/// Answers one call, unless the program died before it could.
class RealServer::CallResponder : public WholeResponder {
 public:
  CallResponder(RealServer& server, Call call) : server_(server), call_(std::move(call)) {}
  void Respond(HttpResponse response) override {
    if (!server_.disk_.crashed()) server_.Heard(call_, response, server_.serving_);
  }

 private:
  RealServer& server_;
  Call call_;
};

RealServer::Process::Process(RealServer& server, std::unique_ptr<SqliteStore> opened)
    : sqlite(std::move(opened)),
      store(server, *sqlite),
      scheduler(
          [&] {
            SchedulerOptions options = WithoutThreads(server.options_);
            options.decided = [&server](const Event& event, const Decision& decision) {
              ++server.events;
              server.pending_.push_back({event, decision});
              // A poll without work is parked, and decided again before it is answered.
              const bool parked = std::holds_alternative<engine::NoTask>(decision.reply);
              if (HasCaller(event.body) && !parked) server.unanswered_.push_back({event, decision});
            };
            return options;
          }(),
          store, server.world_.clock(), server.random_, server.world_),
      service(Serving(), "secret", scheduler, store, server.world_.clock()) {}

RealServer::RealServer(World& world, const engine::EngineOptions& options, const Mutation& mutation)
    : world_(world),
      options_(options),
      mutation_(mutation),
      disk_(Dice(world.dice().Next())),
      random_(Dice(world.dice().Next())),
      box_(std::string(SecretBox::kKeySize, 'k'), random_) {
  constexpr Duration kSlowness[] = {milliseconds(0), milliseconds(20), seconds(1), seconds(5)};
  slowness_ = kSlowness[world.dice().Below(4)];
  if (mutation_.lying_disk) disk_.LieAboutSyncs();
  Start();
}

RealServer::~RealServer() = default;

// ---- starting and dying

void RealServer::Start() {
  while (true) {
    if (world_.storm() && world_.dice().Percent(world_.weather().crash_before))
      disk_.CrashAfter(world_.dice().Below(kChangesInCommit));
    auto opened = SqliteStore::Open(kDatabase, box_);
    if (opened) {
      process_ = std::make_unique<Process>(*this, *std::move(opened));
      if (process_->scheduler.Load() && !disk_.crashed()) break;
      process_.reset();
    } else if (!disk_.crashed()) {
      return world_.checkers().Fail("the store does not open: " + opened.error().message);
    }
    opened = Unavailable("closed");
    disk_.Restart(world_.dice().Percent(50));
  }
  disk_.CrashAfter(std::nullopt);
  busy_ = true;
}

void RealServer::Recover() {
  ++crashes;
  ++generation;
  world_.checkers().Crashed();
  process_.reset();
  disk_.Restart(world_.dice().Percent(50));
  Start();
  if (process_ == nullptr) return;
  if (auto found = ReadDatabase()) {
    Compare(*found);
  } else {
    world_.checkers().Fail("the store cannot be read: " + found.error().message);
  }
  for (const Decided& lost : pending_) Observe(lost.event, lost.decision, "lost in a crash");
  pending_.clear();
  unanswered_.clear();
  reported_.clear();
  in_doubt_.clear();
}

Result<Rows> RealServer::ReadDatabase() const {
  constexpr RecordKind kRecordKinds[] = {
      RecordKind::kPipeline, RecordKind::kDefinition, RecordKind::kComponent, RecordKind::kInstance,
      RecordKind::kAttempt,  RecordKind::kEffect,     RecordKind::kTombstone};
  ASSIGN_OR_RETURN(auto database, SqliteDatabase::Open(kDatabase, SqliteDatabase::Mode::kReadOnly));
  ASSIGN_OR_RETURN(
      SqliteStatement * all,
      database->Prepare(
          "SELECT name, kind, id, value FROM record JOIN pipeline ON number = pipeline"));
  Rows rows;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, all->Step());
    if (!row) return rows;
    const std::vector<std::string_view> parts = Split(all->Text(0), '\x1f');
    const engine::PipelineKey pipeline{{std::string(parts.at(0)), std::string(parts.at(1))},
                                       std::string(parts.at(2))};
    const RecordKind kind = kRecordKinds[all->Int(1)];
    const std::string key = engine::RecordKey(pipeline, kind, all->Text(2));
    if (engine::MayHoldSecrets(kind)) {
      ASSIGN_OR_RETURN(rows[key], box_.Open(all->Blob(3), key));
    } else {
      rows[key] = all->Blob(3);
    }
  }
}

void RealServer::Compare(const Rows& found) {
  if (found == rows_) return;
  for (const std::vector<Decided>& batch : in_doubt_) {
    Rows with = rows_;
    std::vector<Write> writes;
    for (const Decided& decided : batch)
      writes.insert(writes.end(), decided.decision.writes.begin(), decided.decision.writes.end());
    const uint64_t before = std::exchange(trace, 0);
    Put(with, writes);
    trace = before;
    if (found == with) return Committed(batch, "under way in a crash, and there after it");
  }
  std::string detail;
  for (const auto& [key, value] : rows_) {
    const auto row = found.find(key);
    if (row == found.end())
      detail = "there is no " + key;
    else if (row->second != value)
      detail = "another " + key;
    if (!detail.empty()) break;
  }
  std::replace(detail.begin(), detail.end(), '\x1f', ' ');
  world_.checkers().Fail("a crash changed what was durable: " +
                         (detail.empty() ? "there is more than was committed" : detail));
}

// ---- commits

std::vector<RealServer::Decided> RealServer::TakePending(size_t count) {
  std::vector<Decided> batch;
  size_t taken = 0;
  while (taken < count && !pending_.empty()) {
    taken += pending_.front().decision.writes.size();
    batch.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  if (taken != count) world_.checkers().Fail("a commit has writes that no decision made");
  return batch;
}

Status RealServer::Commit(Store& store, std::span<const Write> writes) {
  Dice& dice = world_.dice();
  const Weather& weather = world_.weather();
  const bool storm = world_.storm();
  std::vector<Decided> batch = TakePending(writes.size());
  if (storm && dice.Percent(weather.crash_before)) {
    disk_.CrashAfter(dice.Below(kChangesInCommit));
  } else if (storm && dice.Percent(weather.commit_fails)) {
    disk_.SetFault(dice.Percent(50) ? Disk::Fault::kFull : Disk::Fault::kSyncFails);
  }
  const bool promised = mutation_.commits_later && storm && dice.Percent(10);
  Status committed = promised ? Status() : store.Commit(writes);
  disk_.SetFault(Disk::Fault::kNone);
  if (disk_.crashed()) {
    in_doubt_.push_back(std::move(batch));
    return Unavailable("nobody is there to hear it");
  }
  disk_.CrashAfter(std::nullopt);
  if (!committed) {
    ++failed_commits;
    memory_in_doubt_ = true;
    for (const Decided& failed : batch) Observe(failed.event, failed.decision, "not committed");
    in_doubt_.push_back(std::move(batch));
    // All that was decided since goes with it.
    for (const Decided& failed : pending_) Observe(failed.event, failed.decision, "not committed");
    pending_.clear();
    unanswered_.clear();
    return committed;
  }
  in_doubt_.clear();
  Committed(batch, "committed");
  if (storm && dice.Percent(weather.crash_after)) disk_.Crash();
  return committed;
}

void RealServer::Committed(const std::vector<Decided>& batch, std::string_view fate) {
  for (const Decided& decided : batch) {
    world_.checkers().BeforeCommit(rows_, decided.event, decided.decision);
    Put(rows_, decided.decision.writes);
    world_.checkers().AfterCommit(rows_, decided.event, decided.decision);
    Observe(decided.event, decided.decision, fate);
    const std::string name = NameOf(decided.event.body);
    if (name.empty()) continue;
    for (auto it = reported_.begin(); it != reported_.end();) {
      if (it->first != name) {
        ++it;
        continue;
      }
      it->second();
      it = reported_.erase(it);
    }
  }
}

// ---- requests

void RealServer::Serve(EventBody body, Answer answer) {
  if (process_ == nullptr) return;
  std::string task_id;
  if (const auto* e = std::get_if<engine::ReportProgress>(&body))
    task_id = task_ids_[KeyOf(e->task)];
  if (const auto* e = std::get_if<engine::SetTaskStatus>(&body))
    task_id = task_ids_[KeyOf(e->task)];
  const WireRequest request = ToWire(body, task_id);
  StringSource source(request.body);
  serving_ = true;
  process_->service.Serve(
      RequestFor(request.operation), source,
      std::make_unique<CallResponder>(*this, Call{std::move(body), std::move(answer)}));
  serving_ = false;
  busy_ = true;
}

void RealServer::Heard(const Call& call, const HttpResponse& response, bool at_once) {
  auto heard = FromWire(call.body, response);
  if (!heard) return;  // the server said that it failed
  Checkers& checkers = world_.checkers();
  const bool idle = std::holds_alternative<engine::NoTask>(heard->reply);
  if (idle || at_once) {
    if (at_once && !std::holds_alternative<engine::Refusal>(heard->reply))
      checkers.Fail("a request was answered before it was decided");
    if (call.answer) call.answer({{}, {}, {}, std::move(heard->reply), {}});
    return;
  }
  if (unanswered_.empty()) return checkers.Fail("an answer to what nobody decided");
  const Decided decided = std::move(unanswered_.front());
  unanswered_.pop_front();
  const bool pending = std::any_of(pending_.begin(), pending_.end(), [&](const Decided& other) {
    return other.event.entropy == decided.event.entropy;
  });
  if (pending && !decided.decision.writes.empty())
    checkers.Fail("an answer left before its decision was durable");
  const engine::Reply& meant = decided.decision.reply;
  bool same = heard->reply.index() == meant.index();
  if (const auto* created = std::get_if<engine::Created>(&heard->reply); same && created != nullptr)
    same = *created == std::get<engine::Created>(meant);
  if (auto* task = std::get_if<engine::Task>(&heard->reply); same && task != nullptr) {
    const auto& given = std::get<engine::Task>(meant);
    same = task->attempt_id == given.attempt_id && task->key.pipeline == given.key.pipeline &&
           task->objects.size() == given.objects.size();
    task->key = given.key;
    task_ids_[KeyOf(task->key)] = heard->task_id;
  }
  if (!same) checkers.Fail("an answer is not that of its decision: " + response.body);
  if (call.answer) call.answer({decided.decision.writes, {}, {}, std::move(heard->reply), {}});
}

void RealServer::Report(EventBody body, std::function<void()> heard) {
  if (process_ == nullptr) return;
  reported_.emplace_back(NameOf(body), std::move(heard));
  process_->scheduler.Report(std::move(body));
  busy_ = true;
}

// ---- time

std::optional<Instant> RealServer::NextDue() {
  if (process_ == nullptr) return std::nullopt;
  const Instant now = world_.now();
  if (busy_) return std::max(now, free_at_);
  std::optional<Instant> due;
  for (const auto until :
       {process_->scheduler.UntilDue(), process_->scheduler.effects().UntilDue()}) {
    if (!until) continue;
    const Instant at = now + std::chrono::ceil<Duration>(*until);
    if (!due || at < *due) due = at;
  }
  return due ? std::optional(std::max(*due, free_at_)) : std::nullopt;
}

void RealServer::Step() {
  busy_ = process_->scheduler.RunDue();
  if (!disk_.crashed()) busy_ |= process_->scheduler.effects().RunDue() > 0;
  disk_faults = disk_.faults();
  if (disk_.crashed()) return Recover();
  Dice& dice = world_.dice();
  if (busy_) {
    free_at_ = world_.now() + milliseconds(dice.Below(static_cast<int>(slowness_.count()) + 1));
    return;
  }
  if (!pending_.empty()) {
    // What wrote nothing needs no commit.
    for (const Decided& decided : pending_) {
      if (!decided.decision.writes.empty())
        world_.checkers().Fail("a decision was neither committed nor taken back");
    }
    Committed({pending_.begin(), pending_.end()}, "wrote nothing");
    pending_.clear();
  }
  if (!unanswered_.empty()) world_.checkers().Fail("a request was decided and never answered");
  if (std::exchange(memory_in_doubt_, false) || dice.Percent(1)) {
    world_.checkers().Equal(Fingerprint(memory()), Fingerprint(Replay(rows_, options_)),
                            "memory differs from the store");
  }
  if (dice.Below(200) == 0) Ask();
}

// ---- questions

std::optional<json::Object> RealServer::Call200(const char* operation, const json::Object& body) {
  struct Keeping : WholeResponder {
    explicit Keeping(HttpResponse& to) : kept(to) {}
    void Respond(HttpResponse response) override { kept = std::move(response); }
    HttpResponse& kept;
  };
  HttpResponse response;
  const std::string text = json::Write(body);
  StringSource source(text);
  process_->service.Serve(RequestFor(operation), source, std::make_unique<Keeping>(response));
  auto parsed = json::ParseObject(response.body);
  if (response.status == 200 && parsed) return *std::move(parsed);
  world_.checkers().Fail(fmt::format("{} answered {}", operation, response.body));
  return std::nullopt;
}

void RealServer::Ask() {
  const auto pipelines = ReadPipelines(rows_);
  if (pipelines.empty()) return;
  const auto& [key, pipeline] = world_.dice().Pick(pipelines);
  const auto instances = ReadAll<engine::InstanceRecord>(rows_, key, RecordKind::kInstance);
  std::vector<std::string> known, told;
  for (const engine::InstanceRecord& instance : instances) known.push_back(instance.id);
  json::Object query{{"pipelineId", key.id}, {"sphere", "INSTANCE"}};
  while (true) {
    const auto page = Call200("QueryObjects", query);
    if (!page) return;
    for (const json::Value& id : page->at("ids").as_array()) told.emplace_back(id.as_string());
    if (!page->at("hasMoreResults").as_bool()) break;
    query["marker"] = page->at("marker");
  }
  std::sort(known.begin(), known.end());
  if (told != known) {
    return world_.checkers().Fail(
        fmt::format("QueryObjects tells of {} instances; there are {}", told.size(), known.size()));
  }
  if (instances.empty()) return;
  const engine::InstanceRecord& one = world_.dice().Pick(instances);
  const auto described =
      Call200("DescribeObjects",
              {{"pipelineId", key.id}, {"objectIds", json::Array{json::String(one.id)}}});
  if (!described) return;
  const json::Array& objects = described->at("pipelineObjects").as_array();
  const std::string status(engine::StatusName(one.status));
  bool says = false;
  for (const json::Value& object : objects) {
    for (const json::Value& field : object.at("fields").as_array()) {
      const json::Object& pair = field.as_object();
      says |= pair.at("key") == "@status" && pair.contains("stringValue") &&
              pair.at("stringValue").as_string() == status;
    }
  }
  if (!says) {
    world_.checkers().Fail(
        fmt::format("DescribeObjects does not say that {} is {}", one.id, status));
  }
}

}  // namespace penstock::sim
