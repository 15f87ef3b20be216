// What every Store must do, held against all of them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>

#include "engine/codec.h"
#include "store/memory_store.h"
#include "store/sqlite_store.h"
#include "system/system_random.h"

namespace penstock {
namespace {

using namespace engine;

/// A store of its own on a folder of its own.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  /// Closes and opens it again.
  virtual void Reopen() = 0;
};

class MemoryUnderTest : public StoreUnderTest {
 public:
  Store& store() override { return store_; }
  void Reopen() override {}

 private:
  MemoryStore store_;
};

class SqliteUnderTest : public StoreUnderTest {
 public:
  SqliteUnderTest() : box_(std::string(32, 'k'), random_) {
    char path[] = "/tmp/penstock-store-XXXXXX";
    folder_ = mkdtemp(path);
    Reopen();
  }
  ~SqliteUnderTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Store& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    auto opened = SqliteStore::Open(folder_ + "/state.db", box_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = *std::move(opened);
  }

 private:
  SystemRandom random_;
  SecretBox box_;
  std::string folder_;
  std::unique_ptr<SqliteStore> store_;
};

Instant At(int64_t seconds) { return Instant(std::chrono::seconds(1'400'000'000 + seconds)); }

const Scope kScope{"123456789012", "us-east-1"};
PipelineKey Pipeline(std::string id) { return {kScope, std::move(id)}; }

Write Put(const PipelineKey& key, Change change) { return {key, std::move(change)}; }

PipelineRecord Named(std::string name) {
  PipelineRecord record;
  record.name = std::move(name);
  record.unique_id = "u";
  record.tags = {{"k", "v"}};
  return record;
}

InstanceRecord Instance(std::string component, int64_t start,
                        RunStatus status = RunStatus::kScheduled) {
  InstanceRecord record;
  record.id = InstanceId(component, At(start));
  record.component = std::move(component);
  record.scheduled_start = At(start);
  record.scheduled_end = At(start + 3600);
  record.status = status;
  return record;
}

AttemptRecord Attempt(const InstanceRecord& instance, int number,
                      RunStatus status = RunStatus::kWaitingForRunner) {
  AttemptRecord record;
  record.instance = instance.id;
  record.number = number;
  record.status = status;
  return record;
}

class StoreConformance : public ::testing::TestWithParam<std::string> {
 protected:
  StoreConformance() {
    if (GetParam() == "sqlite") {
      under_test_ = std::make_unique<SqliteUnderTest>();
    } else {
      under_test_ = std::make_unique<MemoryUnderTest>();
    }
  }
  Store& store() { return under_test_->store(); }
  void Commit(std::vector<Write> writes) {
    Status status = store().Commit(writes);
    ASSERT_TRUE(status) << status.error().message;
  }
  std::unique_ptr<StoreSnapshot> Read() { return store().Read().value(); }
  std::map<std::string, std::string> WorkingSet() {
    std::map<std::string, std::string> rows;
    EXPECT_TRUE(
        store().Load([&](Write write) { rows[RecordKey(write)] = EncodeRecord(write.change); }));
    return rows;
  }

  std::unique_ptr<StoreUnderTest> under_test_;
};

INSTANTIATE_TEST_SUITE_P(All, StoreConformance, ::testing::Values("memory", "sqlite"),
                         [](const auto& named) { return named.param; });

TEST_P(StoreConformance, GivesBackWhatWasCommitted) {
  PipelineKey key = Pipeline("df-1");
  DefinitionRecord definition{3, {}};
  definition.definition.objects.push_back({"A", "A", {{"*password", "secret", false}}});
  ComponentRecord component;
  component.id = "A";
  component.next_interval = 7;
  InstanceRecord instance = Instance("A", 0);
  AttemptRecord attempt = Attempt(instance, 1);
  Commit({Put(key, Named("one")), Put(key, definition), Put(key, component), Put(key, instance),
          Put(key, attempt)});
  under_test_->Reopen();
  auto snapshot = Read();
  EXPECT_EQ(snapshot->FindPipeline(key).value(), Named("one"));
  EXPECT_EQ(snapshot->FindDefinition(key, 3).value(), definition);
  EXPECT_EQ(snapshot->FindDefinition(key, 4).value(), std::nullopt);
  EXPECT_EQ(snapshot->FindComponent(key, "A").value(), component);
  EXPECT_EQ(snapshot->ListComponents(key).value(), std::vector{component});
  EXPECT_EQ(snapshot->FindInstance(key, instance.id).value(), instance);
  EXPECT_EQ(snapshot->FindAttempt(key, AttemptId(instance.id, 1)).value(), attempt);
  EXPECT_EQ(snapshot->FindInstance(key, "@B").value(), std::nullopt);
  EXPECT_EQ(snapshot->FindPipeline({{"999999999999", "us-east-1"}, "df-1"}).value(), std::nullopt);
  EXPECT_FALSE(snapshot->WasDeleted(key).value());
}

TEST_P(StoreConformance, WritesOfOneCommitApplyInOrder) {
  PipelineKey key = Pipeline("df-1");
  Commit({Put(key, Named("a")), Put(key, Named("b")),
          Put(key, EraseRecord{RecordKind::kPipeline, ""}), Put(key, Named("c"))});
  EXPECT_EQ(Read()->FindPipeline(key).value()->name, "c");
}

TEST_P(StoreConformance, ErasingAPipelineLeavesOnlyItsTombstoneAndItsNeighbours) {
  PipelineKey key = Pipeline("df-1"), neighbour = Pipeline("df-10");
  InstanceRecord instance = Instance("A", 0, RunStatus::kFinished);
  Commit({Put(key, Named("one")), Put(key, instance), Put(key, Attempt(instance, 1)),
          Put(neighbour, Named("ten")), Put(neighbour, instance)});
  Commit({Put(key, ErasePipeline{}), Put(key, TombstoneRecord{At(5)})});
  under_test_->Reopen();
  auto snapshot = Read();
  EXPECT_EQ(snapshot->FindPipeline(key).value(), std::nullopt);
  EXPECT_EQ(snapshot->FindInstance(key, instance.id).value(), std::nullopt);
  EXPECT_TRUE(snapshot->WasDeleted(key).value());
  EXPECT_TRUE(snapshot->FindInstance(neighbour, instance.id).value());
  EXPECT_FALSE(snapshot->WasDeleted(neighbour).value());
}

TEST_P(StoreConformance, LoadsTheWorkingSetAndNoHistory) {
  PipelineKey key = Pipeline("df-1");
  InstanceRecord done = Instance("A", 0, RunStatus::kFinished),
                 open = Instance("A", 3600, RunStatus::kRunning);
  EffectRecord effect;
  effect.key = "launch/1";
  std::vector<Write> kept = {Put(key, Named("one")), Put(key, DefinitionRecord{1, {}}),
                             Put(key, open), Put(key, Attempt(open, 1, RunStatus::kRunning)),
                             Put(key, effect)};
  std::vector<Write> all = kept;
  all.push_back(Put(key, done));
  all.push_back(Put(key, Attempt(done, 1, RunStatus::kFinished)));
  Commit(all);
  under_test_->Reopen();
  std::map<std::string, std::string> expected;
  for (const Write& write : kept) expected[RecordKey(write)] = EncodeRecord(write.change);
  EXPECT_EQ(WorkingSet(), expected);
  // What ends leaves the working set, and comes back when it is run again.
  open.status = RunStatus::kFailed;
  done.status = RunStatus::kWaitingOnDependencies;
  Commit({Put(key, open), Put(key, done), Put(key, EraseRecord{RecordKind::kEffect, "launch/1"})});
  auto rows = WorkingSet();
  EXPECT_FALSE(rows.contains(RecordKey(Put(key, open))));
  EXPECT_TRUE(rows.contains(RecordKey(Put(key, done))));
  EXPECT_FALSE(rows.contains(RecordKey(Put(key, effect))));
}

TEST_P(StoreConformance, LoadsHistoryWithTheNewestAttempt) {
  PipelineKey key = Pipeline("df-1");
  InstanceRecord twice = Instance("A", 0, RunStatus::kFinished),
                 never = Instance("B", 0, RunStatus::kSkipped);
  twice.attempts = 2;
  Commit(
      {Put(key, twice), Put(key, Attempt(twice, 1)), Put(key, Attempt(twice, 2)), Put(key, never)});
  std::vector<Need> needs = {{key, twice.id}, {key, "@unknown"}, {key, never.id}};
  std::vector<Write> expected = {Put(key, twice), Put(key, Attempt(twice, 2)), Put(key, never)};
  EXPECT_EQ(store().LoadHistory(needs).value(), expected);
}

TEST_P(StoreConformance, ListsPipelinesOfOneScopeInPages) {
  std::vector<Write> writes;
  for (int i = 0; i < 120; ++i)
    writes.push_back(Put(Pipeline(fmt::format("df-{:03}", i)), Named("p")));
  writes.push_back(Put({{"123456789012", "us-east-12"}, "df-0005"}, Named("other region")));
  writes.push_back(Put({{"123456789013", "us-east-1"}, "df-0006"}, Named("other account")));
  writes.push_back(Put(Pipeline("df-999"), TombstoneRecord{}));
  Commit(writes);
  auto snapshot = Read();
  std::vector<std::string> ids;
  std::string after;
  while (true) {
    auto page = snapshot->ListPipelines(kScope, after, 50).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 50u);
    for (auto& [id, record] : page) ids.push_back(id);
    after = ids.back();
  }
  ASSERT_EQ(ids.size(), 120u);
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_EQ(ids[0], "df-000");
  EXPECT_EQ(snapshot->ListPipelines({"123456789012", "us-east-12"}, "", 50).value().size(), 1u);
}

TEST_P(StoreConformance, ASnapshotShowsOneMoment) {
  PipelineKey key = Pipeline("df-1");
  Commit({Put(key, Named("before"))});
  auto snapshot = Read();
  EXPECT_EQ(snapshot->FindPipeline(key).value()->name, "before");
  Commit({Put(key, Named("after")), Put(Pipeline("df-2"), Named("new"))});
  EXPECT_EQ(snapshot->FindPipeline(key).value()->name, "before");
  EXPECT_EQ(snapshot->ListPipelines(kScope, "", 10).value().size(), 1u);
  EXPECT_EQ(Read()->FindPipeline(key).value()->name, "after");
}

// The store's WHERE clause against the query's meaning in code, on random instances and random
// queries.
TEST_P(StoreConformance, QueriesAgreeWithTheirMeaning) {
  std::mt19937 random(1);
  auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
  PipelineKey key = Pipeline("df-1");
  constexpr RunStatus kStatuses[] = {RunStatus::kScheduled, RunStatus::kRunning,
                                     RunStatus::kFinished, RunStatus::kFailed};
  std::vector<Write> writes = {Put(key, Named("one")), Put(Pipeline("df-2"), Instance("A", 0))};
  std::vector<std::pair<InstanceRecord, std::vector<AttemptRecord>>> all;
  for (int i = 0; i < 200; ++i) {
    InstanceRecord instance =
        Instance(std::string(1, static_cast<char>('A' + below(4))), i * 10, kStatuses[below(4)]);
    if (below(2)) instance.actual_start = At(below(2000)) + std::chrono::milliseconds(below(1000));
    if (below(2)) instance.actual_end = At(below(2000));
    std::vector<AttemptRecord> attempts;
    for (int n = 1; n <= below(3); ++n) {
      attempts.push_back(Attempt(instance, n, kStatuses[below(4)]));
      if (below(2)) attempts.back().started_at = At(below(2000));
    }
    // Most have been something else before.
    for (int changes = below(3); changes > 0; --changes) {
      InstanceRecord before = instance;
      before.status = kStatuses[below(4)];
      before.actual_start.reset();
      if (below(2)) before.actual_start = At(below(2000));
      if (below(4) == 0) before.component = "Z";
      writes.push_back(Put(key, before));
      for (AttemptRecord attempt : attempts) {
        attempt.status = kStatuses[below(4)];
        attempt.started_at = before.actual_start;
        writes.push_back(Put(key, attempt));
      }
    }
    writes.push_back(Put(key, instance));
    for (const AttemptRecord& attempt : attempts) writes.push_back(Put(key, attempt));
    all.emplace_back(std::move(instance), std::move(attempts));
  }
  Commit(writes);
  auto snapshot = Read();
  for (int round = 0; round < 60; ++round) {
    ObjectQuery query{below(2) ? ObjectSphere::kInstance : ObjectSphere::kAttempt, {}};
    for (int c = below(3); c > 0; --c) {
      ObjectCondition condition;
      condition.column = static_cast<ObjectColumn>(below(8));
      for (int v = below(3); v > 0; --v) {
        condition.any_of.push_back(below(2) ? std::string(1, static_cast<char>('A' + below(5)))
                                            : all[static_cast<size_t>(below(200))].first.id);
        condition.any_status.push_back(kStatuses[below(4)]);
        ObjectCondition::Range range;
        if (below(3)) range.from = At(below(2000));
        if (below(3)) range.until = At(below(4000));
        condition.ranges.push_back(range);
      }
      query.conditions.push_back(std::move(condition));
    }
    std::vector<std::string> expected;
    for (const auto& [instance, attempts] : all) {
      if (query.sphere == ObjectSphere::kInstance) {
        if (Matches(query, instance, nullptr)) expected.push_back(instance.id);
        continue;
      }
      for (const AttemptRecord& attempt : attempts) {
        if (Matches(query, instance, &attempt))
          expected.push_back(AttemptId(attempt.instance, attempt.number));
      }
    }
    std::ranges::sort(expected);
    std::vector<std::string> found;
    while (true) {
      auto page = snapshot->QueryObjects(key, query, found.empty() ? "" : found.back(), 17).value();
      if (page.empty()) break;
      found.insert(found.end(), page.begin(), page.end());
    }
    EXPECT_EQ(found, expected) << "round " << round;
  }
}

}  // namespace
}  // namespace penstock
