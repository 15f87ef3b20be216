#include "store/sqlite_store.h"

#include <fmt/core.h>

#include <iterator>
#include <limits>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "engine/codec.h"
#include "store/sqlite_database.h"

namespace penstock {
namespace {

using namespace engine;

constexpr int kApplicationId = 0x504E5354;  // "PNST": what file(1) and we recognise the file by

// Numbers in the file: they must not move when the enum does.
constexpr int KindNumber(RecordKind kind) {
  switch (kind) {
    case RecordKind::kPipeline:
      return 0;
    case RecordKind::kDefinition:
      return 1;
    case RecordKind::kComponent:
      return 2;
    case RecordKind::kInstance:
      return 3;
    case RecordKind::kAttempt:
      return 4;
    case RecordKind::kEffect:
      return 5;
    case RecordKind::kTombstone:
      return 6;
  }
  return -1;
}

Result<RecordKind> KindOfNumber(int64_t number) {
  for (RecordKind kind :
       {RecordKind::kPipeline, RecordKind::kDefinition, RecordKind::kComponent,
        RecordKind::kInstance, RecordKind::kAttempt, RecordKind::kEffect, RecordKind::kTombstone}) {
    if (KindNumber(kind) == number) return kind;
  }
  return Corrupt(fmt::format("the state database holds a record of the unknown kind {}", number));
}

// The status column holds AWS's word, so that it too survives changes of the enum.
constexpr const char* kSchema[] = {
    // Version 1.
    "CREATE TABLE record ("
    "  pipeline TEXT NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, live INTEGER NOT NULL, "
    "value BLOB NOT NULL,"
    "  component TEXT, instance TEXT, status TEXT,"
    "  scheduled_start INTEGER, scheduled_end INTEGER, actual_start INTEGER, actual_end INTEGER,"
    "  PRIMARY KEY (pipeline, kind, id)) WITHOUT ROWID;"
    "CREATE INDEX record_pipeline ON record (pipeline) WHERE kind = 0;"
    "CREATE INDEX record_live ON record (pipeline, kind, id) WHERE live = 1;"
    "CREATE INDEX record_component ON record (pipeline, kind, component, id) WHERE component IS "
    "NOT NULL;"
    "CREATE INDEX record_instance ON record (pipeline, kind, instance, id) WHERE instance IS NOT "
    "NULL;"
    "CREATE INDEX record_status ON record (pipeline, kind, status, id) WHERE status IS NOT NULL;"
    "CREATE INDEX record_actual_start ON record (pipeline, kind, actual_start) WHERE actual_start "
    "IS NOT NULL;",
};
static_assert(std::size(kSchema) == SqliteStore::kSchemaVersion);

// An update in place touches only the indexes whose columns changed; INSERT OR REPLACE would
// rewrite all of them.
constexpr std::string_view kPut =
    "INSERT INTO record (pipeline, kind, id, live, value, component, instance, status,"
    " scheduled_start, scheduled_end, actual_start, actual_end) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
    " ON CONFLICT (pipeline, kind, id) DO UPDATE SET live = excluded.live, value = excluded.value,"
    " component = excluded.component, instance = excluded.instance, status = excluded.status,"
    " scheduled_start = excluded.scheduled_start, scheduled_end = excluded.scheduled_end,"
    " actual_start = excluded.actual_start, actual_end = excluded.actual_end";

int64_t Seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

void BindTime(SqliteStatement& statement, int parameter, std::optional<Instant> instant) {
  if (instant) statement.BindInt(parameter, Seconds(*instant));
}

Result<PipelineKey> ParsePipeline(std::string_view column) {
  std::vector<std::string_view> parts = Split(column, '\x1f');
  if (parts.size() < 3) return Corrupt("the state database holds a record without a pipeline");
  return PipelineKey{{std::string(parts[0]), std::string(parts[1])}, std::string(parts[2])};
}

/// The value as EncodeRecord made it.
Result<Write> ReadRecord(const SecretBox& box, const PipelineKey& pipeline, RecordKind kind,
                         std::string_view id, std::string_view value) {
  std::string key = RecordKey(pipeline, kind, id);
  if (!MayHoldSecrets(kind)) return DecodeRecord(key, value);
  ASSIGN_OR_RETURN(std::string plain, box.Open(value, key));
  return DecodeRecord(key, plain);
}

Result<std::optional<Write>> FindRecord(SqliteDatabase& database, const SecretBox& box,
                                        const PipelineKey& pipeline, RecordKind kind,
                                        std::string_view id) {
  ASSIGN_OR_RETURN(
      SqliteStatement * find,
      database.Prepare("SELECT value FROM record WHERE pipeline = ? AND kind = ? AND id = ?"));
  std::string prefix = KeyPrefix(pipeline);
  find->BindText(1, prefix);
  find->BindInt(2, KindNumber(kind));
  find->BindText(3, id);
  ASSIGN_OR_RETURN(bool found, find->Step());
  if (!found) {
    find->Reset();
    return std::optional<Write>();
  }
  Result<Write> write = ReadRecord(box, pipeline, kind, id, find->Blob(0));
  find->Reset();
  if (!write) return std::move(write).error();
  return std::optional<Write>(*std::move(write));
}

/// What follows WHERE for one condition, and its parameters.
struct Clause {
  std::string sql;
  std::vector<std::variant<int64_t, std::string>> parameters;
};

Clause ClauseOf(const ObjectCondition& condition, ObjectSphere sphere) {
  // An attempt has its scheduled times from its instance.
  const char* owner = sphere == ObjectSphere::kAttempt ? "i." : "r.";
  std::string column;
  switch (condition.column) {
    case ObjectColumn::kId:
      column = "r.id";
      break;
    case ObjectColumn::kComponent:
      column = std::string(owner) + "component";
      break;
    case ObjectColumn::kInstance:
      column = "r.instance";
      break;
    case ObjectColumn::kStatus:
      column = "r.status";
      break;
    case ObjectColumn::kScheduledStart:
      column = std::string(owner) + "scheduled_start";
      break;
    case ObjectColumn::kScheduledEnd:
      column = std::string(owner) + "scheduled_end";
      break;
    case ObjectColumn::kActualStart:
      column = "r.actual_start";
      break;
    case ObjectColumn::kActualEnd:
      column = "r.actual_end";
      break;
  }
  Clause clause;
  if (IsTimeColumn(condition.column)) {
    for (const ObjectCondition::Range& range : condition.ranges) {
      clause.sql += clause.sql.empty() ? "(" : " OR ";
      clause.sql += column + " BETWEEN ? AND ?";
      clause.parameters.emplace_back(range.from ? Seconds(*range.from)
                                                : std::numeric_limits<int64_t>::min());
      clause.parameters.emplace_back(range.until ? Seconds(*range.until)
                                                 : std::numeric_limits<int64_t>::max());
    }
    clause.sql += clause.sql.empty() ? "0" : ")";
    return clause;
  }
  std::vector<std::string> values = condition.any_of;
  if (condition.column == ObjectColumn::kStatus) {
    values.clear();
    for (RunStatus status : condition.any_status) values.emplace_back(StatusName(status));
  }
  if (values.empty()) return {"0", {}};
  if (values.size() == 1) return {column + " = ?", {std::move(values[0])}};
  for (std::string& value : values) {
    clause.sql += clause.sql.empty() ? column + " IN (?" : ",?";
    clause.parameters.emplace_back(std::move(value));
  }
  clause.sql += ")";
  return clause;
}

/// The id as the query's order and lower bound. A plain column lets SQLite walk an index that has
/// the ids in order; the unary plus keeps it from preferring the primary key, and so all objects,
/// to the few in a range of start times.
std::string_view OrderedId(const ObjectQuery& query) {
  bool by_start = false;
  for (const ObjectCondition& condition : query.conditions) {
    if (condition.column < ObjectColumn::kStatus) return "r.id";
    by_start |= condition.column == ObjectColumn::kActualStart;
  }
  return by_start ? "+r.id" : "r.id";
}

Status Migrate(SqliteDatabase& database, const std::string& path) {
  ASSIGN_OR_RETURN(SqliteStatement * ask, database.Prepare("PRAGMA user_version"));
  RETURN_IF_ERROR(ask->Step());
  int64_t version = ask->Int(0);
  ask->Reset();
  if (version > SqliteStore::kSchemaVersion || version < 0) {
    return FailedPrecondition(
        fmt::format("{} has schema version {}, but this program knows {} at most; start the newer "
                    "program that wrote it",
                    path, version, SqliteStore::kSchemaVersion));
  }
  if (version == SqliteStore::kSchemaVersion) return {};
  RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  auto migrate = [&]() -> Status {
    for (int64_t next = version; next < SqliteStore::kSchemaVersion; ++next) {
      RETURN_IF_ERROR(database.Execute(kSchema[next]));
    }
    RETURN_IF_ERROR(
        database.Execute(fmt::format("PRAGMA user_version = {}", SqliteStore::kSchemaVersion)));
    RETURN_IF_ERROR(database.Execute(fmt::format("PRAGMA application_id = {}", kApplicationId)));
    return database.Execute("COMMIT");
  };
  Status migrated = migrate();
  if (!migrated && !database.InAutocommit()) (void)database.Execute("ROLLBACK");
  return migrated;
}

}  // namespace

/// A read transaction on a connection lent by the store.
class SqliteSnapshot : public StoreSnapshot {
 public:
  SqliteSnapshot(SqliteStore& store, std::unique_ptr<SqliteDatabase> database)
      : store_(store), database_(std::move(database)) {}
  ~SqliteSnapshot() override {
    if (database_->ExecuteKept("ROLLBACK")) store_.ReturnReader(std::move(database_));
  }

  Result<std::optional<PipelineRecord>> FindPipeline(const PipelineKey& key) override {
    return Find<PipelineRecord>(key, RecordKind::kPipeline, "");
  }

  Result<bool> WasDeleted(const PipelineKey& key) override {
    ASSIGN_OR_RETURN(auto found, Find<TombstoneRecord>(key, RecordKind::kTombstone, ""));
    return found.has_value();
  }

  Result<std::vector<std::pair<std::string, PipelineRecord>>> ListPipelines(
      const Scope& scope, std::string_view after, size_t count_max) override {
    ASSIGN_OR_RETURN(SqliteStatement * list,
                     database_->Prepare("SELECT pipeline, value FROM record WHERE kind = 0 AND "
                                        "pipeline > ? AND pipeline < ? ORDER BY pipeline LIMIT ?"));
    std::string prefix = KeyPrefix(scope);
    // The column ends in the separator, so that KeyPrefix of `after` itself is not greater than
    // itself.
    std::string from = after.empty() ? prefix : KeyPrefix(PipelineKey{scope, std::string(after)});
    std::string until = prefix.substr(0, prefix.size() - 1) + '\x20';  // the separator's successor
    list->BindText(1, from);
    list->BindText(2, until);
    list->BindInt(3, static_cast<int64_t>(count_max));
    std::vector<std::pair<std::string, PipelineRecord>> pipelines;
    while (true) {
      ASSIGN_OR_RETURN(bool row, list->Step());
      if (!row) break;
      auto read = [&]() -> Status {
        ASSIGN_OR_RETURN(PipelineKey key, ParsePipeline(list->Text(0)));
        ASSIGN_OR_RETURN(Write write,
                         ReadRecord(store_.box_, key, RecordKind::kPipeline, "", list->Blob(1)));
        pipelines.emplace_back(key.id, std::get<PipelineRecord>(std::move(write.change)));
        return {};
      };
      if (Status status = read(); !status) {
        list->Reset();
        return std::move(status).error();
      }
    }
    list->Reset();
    return pipelines;
  }

  Result<std::optional<DefinitionRecord>> FindDefinition(const PipelineKey& key,
                                                         uint64_t version) override {
    DefinitionRecord named;
    named.version = version;
    return Find<DefinitionRecord>(key, RecordKind::kDefinition, RecordId(named));
  }

  Result<std::optional<ComponentRecord>> FindComponent(const PipelineKey& key,
                                                       std::string_view id) override {
    return Find<ComponentRecord>(key, RecordKind::kComponent, id);
  }

  Result<std::vector<ComponentRecord>> ListComponents(const PipelineKey& key) override {
    ASSIGN_OR_RETURN(
        SqliteStatement * list,
        database_->Prepare(
            "SELECT id, value FROM record WHERE pipeline = ? AND kind = ? ORDER BY id"));
    std::string prefix = KeyPrefix(key);
    list->BindText(1, prefix);
    list->BindInt(2, KindNumber(RecordKind::kComponent));
    std::vector<ComponentRecord> components;
    while (true) {
      ASSIGN_OR_RETURN(bool row, list->Step());
      if (!row) break;
      Result<Write> write =
          ReadRecord(store_.box_, key, RecordKind::kComponent, list->Text(0), list->Blob(1));
      if (!write) {
        list->Reset();
        return std::move(write).error();
      }
      components.push_back(std::get<ComponentRecord>(std::move(write->change)));
    }
    list->Reset();
    return components;
  }

  Result<std::optional<InstanceRecord>> FindInstance(const PipelineKey& key,
                                                     std::string_view id) override {
    return Find<InstanceRecord>(key, RecordKind::kInstance, id);
  }

  Result<std::optional<AttemptRecord>> FindAttempt(const PipelineKey& key,
                                                   std::string_view id) override {
    return Find<AttemptRecord>(key, RecordKind::kAttempt, id);
  }

  Result<std::vector<std::string>> QueryObjects(const PipelineKey& key, const ObjectQuery& query,
                                                std::string_view after, size_t count_max) override {
    // With one status the index gives the ids in order; with several it would not. So: one walk for
    // each, merged.
    for (size_t c = 0; c < query.conditions.size(); ++c) {
      if (query.conditions[c].column != ObjectColumn::kStatus ||
          query.conditions[c].any_status.size() < 2)
        continue;
      std::set<std::string> merged;
      for (RunStatus status : query.conditions[c].any_status) {
        ObjectQuery narrowed = query;
        narrowed.conditions[c].any_status = {status};
        ASSIGN_OR_RETURN(std::vector<std::string> ids,
                         QueryObjects(key, narrowed, after, count_max));
        merged.insert(std::make_move_iterator(ids.begin()), std::make_move_iterator(ids.end()));
      }
      std::vector<std::string> ids(merged.begin(), merged.end());
      if (ids.size() > count_max) ids.resize(count_max);
      return ids;
    }
    std::string sql = "SELECT r.id FROM record r";
    if (query.sphere == ObjectSphere::kAttempt) {
      sql += " JOIN record i ON i.pipeline = r.pipeline AND i.kind = 3 AND i.id = r.instance";
    }
    std::string_view id = OrderedId(query);
    sql += fmt::format(" WHERE r.pipeline = ? AND r.kind = ? AND {} > ?", id);
    std::vector<Clause> clauses;
    for (const ObjectCondition& condition : query.conditions) {
      clauses.push_back(ClauseOf(condition, query.sphere));
      sql += " AND " + clauses.back().sql;
    }
    sql += fmt::format(" ORDER BY {} LIMIT ?", id);
    // Not kept: the text depends on the selectors, so that hostile queries could fill the cache.
    ASSIGN_OR_RETURN(std::unique_ptr<SqliteStatement> list, database_->PrepareOnce(sql));
    std::string prefix = KeyPrefix(key);
    int parameter = 0;
    list->BindText(++parameter, prefix);
    list->BindInt(++parameter,
                  KindNumber(query.sphere == ObjectSphere::kAttempt ? RecordKind::kAttempt
                                                                    : RecordKind::kInstance));
    list->BindText(++parameter, after);
    for (const Clause& clause : clauses) {
      for (const auto& value : clause.parameters) {
        if (const auto* number = std::get_if<int64_t>(&value)) {
          list->BindInt(++parameter, *number);
        } else {
          list->BindText(++parameter, std::get<std::string>(value));
        }
      }
    }
    list->BindInt(++parameter, static_cast<int64_t>(count_max));
    std::vector<std::string> ids;
    while (true) {
      ASSIGN_OR_RETURN(bool row, list->Step());
      if (!row) return ids;
      ids.emplace_back(list->Text(0));
    }
  }

 private:
  template <class T>
  Result<std::optional<T>> Find(const PipelineKey& key, RecordKind kind, std::string_view id) {
    ASSIGN_OR_RETURN(std::optional<Write> write,
                     FindRecord(*database_, store_.box_, key, kind, id));
    if (!write) return std::optional<T>();
    T* record = std::get_if<T>(&write->change);
    CHECK(record != nullptr, "a record of another kind under its key");
    return std::optional<T>(std::move(*record));
  }

  SqliteStore& store_;
  std::unique_ptr<SqliteDatabase> database_;
};

SqliteStore::SqliteStore(std::string path, const SecretBox& box, const SqliteStoreOptions& options)
    : path_(std::move(path)), box_(box), options_(options) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path,
                                                       const SecretBox& box,
                                                       const SqliteStoreOptions& options) {
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, box, options));
  ASSIGN_OR_RETURN(store->writer_, SqliteDatabase::Open(path, SqliteDatabase::Mode::kReadWrite));
  RETURN_IF_ERROR(Migrate(*store->writer_, path));
  // The program may have been killed while it made the file. What the log has is durable with each
  // commit, but an empty file beside a log is taken for a new one: so the file is synced before
  // anything is promised on it. A full disk hinders commits, not reading.
  Status synced = store->writer_->Execute("PRAGMA wal_checkpoint(PASSIVE)");
  if (!synced && synced.error().code != ErrorCode::kResourceExhausted) return synced.error();
  if (options.size_bytes_max > 0) {
    constexpr uint64_t kPageSize = 4096;  // SQLite's default, never changed here
    RETURN_IF_ERROR(store->writer_->Execute(fmt::format(
        "PRAGMA max_page_count = {}", std::max<uint64_t>(1, options.size_bytes_max / kPageSize))));
  }
  return store;
}

Status SqliteStore::Apply(const Write& write) {
  std::string prefix = KeyPrefix(write.pipeline);
  if (std::holds_alternative<ErasePipeline>(write.change)) {
    ASSIGN_OR_RETURN(SqliteStatement * erase,
                     writer_->Prepare("DELETE FROM record WHERE pipeline = ?"));
    erase->BindText(1, prefix);
    return erase->Run();
  }
  std::string id = RecordId(write.change);
  int kind = KindNumber(KindOf(write.change));
  if (std::holds_alternative<EraseRecord>(write.change)) {
    ASSIGN_OR_RETURN(
        SqliteStatement * erase,
        writer_->Prepare("DELETE FROM record WHERE pipeline = ? AND kind = ? AND id = ?"));
    erase->BindText(1, prefix);
    erase->BindInt(2, kind);
    erase->BindText(3, id);
    return erase->Run();
  }
  std::string value = EncodeRecord(write.change);
  if (MayHoldSecrets(KindOf(write.change))) value = box_.Seal(value, RecordKey(write));
  ASSIGN_OR_RETURN(SqliteStatement * put, writer_->Prepare(kPut));
  put->BindText(1, prefix);
  put->BindInt(2, kind);
  put->BindText(3, id);
  put->BindInt(4, IsWorkingSet(write.change) ? 1 : 0);
  put->BindBlob(5, value);
  std::string_view status;
  if (const auto* instance = std::get_if<InstanceRecord>(&write.change)) {
    put->BindText(6, instance->component);
    status = StatusName(instance->status);
    BindTime(*put, 9, instance->scheduled_start);
    BindTime(*put, 10, instance->scheduled_end);
    BindTime(*put, 11, instance->actual_start);
    BindTime(*put, 12, instance->actual_end);
  } else if (const auto* attempt = std::get_if<AttemptRecord>(&write.change)) {
    put->BindText(7, attempt->instance);
    status = StatusName(attempt->status);
    BindTime(*put, 11, attempt->started_at);
    BindTime(*put, 12, attempt->ended_at);
  }
  if (!status.empty()) put->BindText(8, status);
  return put->Run();
}

Status SqliteStore::CommitInTransaction(std::span<const Write> writes) {
  for (const Write& write : writes) RETURN_IF_ERROR(Apply(write));
  return writer_->ExecuteKept("COMMIT");
}

Status SqliteStore::Commit(std::span<const Write> writes) {
  if (writes.empty()) return {};
  RETURN_IF_ERROR(writer_->ExecuteKept("BEGIN IMMEDIATE"));
  Status committed = CommitInTransaction(writes);
  // A full disk may have rolled back by itself.
  if (!committed && !writer_->InAutocommit()) (void)writer_->Execute("ROLLBACK");
  return committed;
}

Status SqliteStore::Load(const std::function<void(Write)>& apply) {
  ASSIGN_OR_RETURN(SqliteStatement * list,
                   writer_->Prepare("SELECT pipeline, kind, id, value FROM record WHERE live = 1"));
  while (true) {
    ASSIGN_OR_RETURN(bool row, list->Step());
    if (!row) break;
    auto read = [&]() -> Result<Write> {
      ASSIGN_OR_RETURN(PipelineKey key, ParsePipeline(list->Text(0)));
      ASSIGN_OR_RETURN(RecordKind kind, KindOfNumber(list->Int(1)));
      return ReadRecord(box_, key, kind, list->Text(2), list->Blob(3));
    };
    Result<Write> write = read();
    if (!write) {
      list->Reset();
      return std::move(write).error().In("reading " + path_);
    }
    apply(*std::move(write));
  }
  list->Reset();
  return {};
}

Result<std::vector<Write>> SqliteStore::LoadHistory(std::span<const Need> needs) {
  std::vector<Write> found;
  for (const Need& need : needs) {
    ASSIGN_OR_RETURN(auto instance, FindRecord(*writer_, box_, need.pipeline, RecordKind::kInstance,
                                               need.instance));
    if (!instance) continue;
    int attempts = std::get<InstanceRecord>(instance->change).attempts;
    found.push_back(*std::move(instance));
    if (attempts == 0) continue;
    ASSIGN_OR_RETURN(auto attempt, FindRecord(*writer_, box_, need.pipeline, RecordKind::kAttempt,
                                              AttemptId(need.instance, attempts)));
    if (attempt) found.push_back(*std::move(attempt));
  }
  return found;
}

std::unique_ptr<SqliteDatabase> SqliteStore::TakeIdleReader() {
  std::lock_guard lock(mutex_);
  if (idle_readers_.empty()) return nullptr;
  std::unique_ptr<SqliteDatabase> reader = std::move(idle_readers_.back());
  idle_readers_.pop_back();
  return reader;
}

void SqliteStore::ReturnReader(std::unique_ptr<SqliteDatabase> reader) {
  std::lock_guard lock(mutex_);
  if (idle_readers_.size() < options_.idle_readers_max) idle_readers_.push_back(std::move(reader));
}

Result<std::unique_ptr<StoreSnapshot>> SqliteStore::Read() {
  std::unique_ptr<SqliteDatabase> reader = TakeIdleReader();
  if (reader == nullptr) {
    ASSIGN_OR_RETURN(reader, SqliteDatabase::Open(path_, SqliteDatabase::Mode::kReadOnly));
  }
  RETURN_IF_ERROR(reader->ExecuteKept("BEGIN"));
  return std::unique_ptr<StoreSnapshot>(std::make_unique<SqliteSnapshot>(*this, std::move(reader)));
}

}  // namespace penstock
