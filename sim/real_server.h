// The product as a simulated server: DataPipelineService, Scheduler with its executor, SqliteStore,
// without threads, over a disk that is full, fails to sync, and loses power amid a commit. Requests
// and answers are the API's JSON.
//
// What is durable is known a second time, as a map: the writes of each decision are put into it
// when the commit that has them succeeds. After each crash the store must have just that, or that
// and the commit that was under way, whole.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/random.h"
#include "scheduler/scheduler.h"
#include "service/data_pipeline_service.h"
#include "sim/disk.h"
#include "sim/mutations.h"
#include "sim/server.h"
#include "store/secret_box.h"
#include "store/sqlite_store.h"

namespace penstock::sim {

class World;

class RealServer : public Server {
 public:
  /// The world outlives it.
  RealServer(World& world, const engine::EngineOptions& options, const Mutation& mutation);
  ~RealServer() override;

  void Serve(engine::EventBody body, Answer answer) override;
  void Report(engine::EventBody body, std::function<void()> heard) override;
  std::optional<Instant> NextDue() override;
  void Step() override;
  bool settled() const override { return !busy_; }
  const engine::State& memory() const override { return process_->scheduler.state(); }
  const Rows& disk() const override { return rows_; }

 private:
  struct Decided {
    engine::Event event;
    engine::Decision decision;
  };
  /// A request that waits for its answer.
  struct Call {
    engine::EventBody body;
    Answer answer;
  };
  class WholeResponder;
  class CallResponder;
  /// The store, watched: it tells the server of each commit, whose fate the weather decides.
  class WatchedStore : public Store {
   public:
    WatchedStore(RealServer& server, Store& store) : server_(server), store_(store) {}
    Status Commit(std::span<const engine::Write> writes) override {
      return server_.Commit(store_, writes);
    }
    Status Load(const std::function<void(engine::Write)>& apply) override {
      return store_.Load(apply);
    }
    Result<std::vector<engine::Write>> LoadHistory(std::span<const engine::Need> needs) override {
      return store_.LoadHistory(needs);
    }
    Result<std::unique_ptr<StoreSnapshot>> Read() override { return store_.Read(); }

   private:
    RealServer& server_;
    Store& store_;
  };
  class DiceRandom : public Random {
   public:
    explicit DiceRandom(Dice dice) : dice_(dice) {}
    uint64_t Next() override { return dice_.Next(); }

   private:
    Dice dice_;
  };
  /// What dies in a crash.
  struct Process {
    Process(RealServer& server, std::unique_ptr<SqliteStore> store);

    std::unique_ptr<SqliteStore> sqlite;
    WatchedStore store;
    Scheduler scheduler;
    DataPipelineService service;
  };

  /// Starts the program on the disk as it is, until it neither fails nor dies at that.
  void Start();
  /// The program has died: what it left is compared, and it is started again.
  void Recover();
  /// Every row of the state database, as the codec made it.
  Result<Rows> ReadDatabase() const;
  /// Takes what a commit that was under way wrote for committed, if that is what the database has.
  void Compare(const Rows& found);

  Status Commit(Store& store, std::span<const engine::Write> writes);
  /// Takes the first decisions, whose writes are `count` in all.
  std::vector<Decided> TakePending(size_t count);
  void Committed(const std::vector<Decided>& batch, std::string_view fate);
  void Heard(const Call& call, const HttpResponse& response, bool at_once);
  /// Asks the service about what the rows say, and compares.
  void Ask();
  std::optional<json::Object> Call200(const char* operation, const json::Object& body);

  World& world_;
  const engine::EngineOptions options_;
  const Mutation& mutation_;
  Disk disk_;
  DiceRandom random_;
  const SecretBox box_;
  Rows rows_;  // what is durable

  std::deque<Decided> pending_;                 // not known to be durable yet, in order
  std::deque<Decided> unanswered_;              // of those that have a caller, in order
  std::vector<std::vector<Decided>> in_doubt_;  // failed at the sync since the last commit
  std::vector<std::pair<std::string, std::function<void()>>> reported_;
  std::map<std::string, std::string> task_ids_;  // by task
  bool serving_ = false;                         // what is answered now is answered at once
  bool busy_ = false;                            // there is something to do once it has the time
  bool memory_in_doubt_ = false;                 // a commit failed: compare when it is at rest
  Instant free_at_{};                            // until then it is busy with what it does
  Duration slowness_{0};
  std::unique_ptr<Process> process_;  // last: it refers to all of the above
};

}  // namespace penstock::sim
