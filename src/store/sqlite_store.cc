#include "store/sqlite_store.h"

#include <fmt/core.h>

#include <array>
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

// What each version adds to the one before. The status column holds AWS's word, so that it too
// survives changes of the enum.
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
    // Version 2: a pipeline is a number. Its name stood in every row and in every entry of every
    // index.
    "CREATE TABLE pipeline (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "INSERT INTO pipeline (name) SELECT DISTINCT pipeline FROM record;"
    "ALTER TABLE record RENAME TO record_1;"
    "CREATE TABLE record ("
    "  pipeline INTEGER NOT NULL, kind INTEGER NOT NULL, id TEXT NOT NULL, live INTEGER NOT NULL, "
    "value BLOB NOT NULL,"
    "  component TEXT, instance TEXT, status TEXT,"
    "  scheduled_start INTEGER, scheduled_end INTEGER, actual_start INTEGER, actual_end INTEGER,"
    "  PRIMARY KEY (pipeline, kind, id)) WITHOUT ROWID;"
    "INSERT INTO record SELECT number, kind, id, live, value, component, instance, status, "
    "scheduled_start, scheduled_end, actual_start, actual_end"
    "  FROM record_1 JOIN pipeline ON name = record_1.pipeline ORDER BY number, kind, id;"
    "DROP TABLE record_1;"
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

constexpr std::string_view kFind =
    "SELECT value FROM record WHERE pipeline = (SELECT number FROM pipeline WHERE name = ?)"
    " AND kind = ? AND id = ?";
constexpr std::string_view kFindColumns =
    "SELECT live, component, instance, status, actual_start FROM record"
    " WHERE pipeline = ? AND kind = ? AND id = ?";
constexpr std::string_view kPut =
    "INSERT OR REPLACE INTO record (pipeline, kind, id, live, value, component, instance, status,"
    " scheduled_start, scheduled_end, actual_start, actual_end)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
constexpr std::string_view kPutWithoutColumns =
    "INSERT INTO record (pipeline, kind, id, live, value) VALUES (?1, ?2, ?3, 1, ?5)"
    " ON CONFLICT (pipeline, kind, id) DO UPDATE SET value = excluded.value";

/// The statement for a row that has all its columns but these already. SQLite rewrites every index
/// that a column it sets belongs to, whether or not the value is another one.
const std::string& UpdateOf(bool live, bool status, bool actual_start) {
  static const std::array<std::string, 8> kTexts = [] {
    std::array<std::string, 8> texts;
    for (size_t i = 0; i < texts.size(); ++i) {
      texts[i] = fmt::format(
          "UPDATE record SET value = ?5, scheduled_start = ?9, scheduled_end = ?10, "
          "actual_end = ?12{}{}{} WHERE pipeline = ?1 AND kind = ?2 AND id = ?3",
          i & 1 ? ", live = ?4" : "", i & 2 ? ", status = ?8" : "",
          i & 4 ? ", actual_start = ?11" : "");
    }
    return texts;
  }();
  return kTexts[(live ? 1u : 0u) | (status ? 2u : 0u) | (actual_start ? 4u : 0u)];
}

/// What of an instance or attempt stands beside its value.
struct Columns {
  bool live = false;
  std::string_view component{}, instance{};
  std::string_view status;
  std::optional<int64_t> scheduled_start{}, scheduled_end{}, actual_start{}, actual_end{};
};

int64_t Seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant).time_since_epoch().count();
}

std::optional<int64_t> Seconds(std::optional<Instant> instant) {
  if (!instant) return std::nullopt;
  return Seconds(*instant);
}

/// nullopt: a record of another kind.
std::optional<Columns> ColumnsOf(const Change& change) {
  if (const auto* instance = std::get_if<InstanceRecord>(&change)) {
    return Columns{.live = IsWorkingSet(change),
                   .component = instance->component,
                   .status = StatusName(instance->status),
                   .scheduled_start = Seconds(instance->scheduled_start),
                   .scheduled_end = Seconds(instance->scheduled_end),
                   .actual_start = Seconds(instance->actual_start),
                   .actual_end = Seconds(instance->actual_end)};
  }
  if (const auto* attempt = std::get_if<AttemptRecord>(&change)) {
    return Columns{.live = IsWorkingSet(change),
                   .instance = attempt->instance,
                   .status = StatusName(attempt->status),
                   .actual_start = Seconds(attempt->started_at),
                   .actual_end = Seconds(attempt->ended_at)};
  }
  return std::nullopt;
}

void BindColumns(SqliteStatement& statement, const Columns& columns) {
  statement.BindInt(4, columns.live ? 1 : 0);
  if (!columns.component.empty()) statement.BindText(6, columns.component);
  if (!columns.instance.empty()) statement.BindText(7, columns.instance);
  statement.BindText(8, columns.status);
  for (const auto& [parameter, time] :
       {std::pair(9, columns.scheduled_start), std::pair(10, columns.scheduled_end),
        std::pair(11, columns.actual_start), std::pair(12, columns.actual_end)}) {
    if (time) statement.BindInt(parameter, *time);
  }
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
  ASSIGN_OR_RETURN(SqliteStatement * find, database.Prepare(kFind));
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

/// The statement that puts an instance or attempt: as little as its row needs.
Result<std::string_view> PutOf(SqliteDatabase& database, int64_t pipeline, int kind,
                               std::string_view id, const Columns& columns) {
  ASSIGN_OR_RETURN(SqliteStatement * find, database.Prepare(kFindColumns));
  find->BindInt(1, pipeline);
  find->BindInt(2, kind);
  find->BindText(3, id);
  ASSIGN_OR_RETURN(bool found, find->Step());
  std::string_view sql = kPut;
  if (found && find->Text(1) == columns.component && find->Text(2) == columns.instance) {
    std::optional<int64_t> actual_start;
    if (!find->IsNull(4)) actual_start = find->Int(4);
    sql = UpdateOf(find->Int(0) != (columns.live ? 1 : 0), find->Text(3) != columns.status,
                   actual_start != columns.actual_start);
  }
  find->Reset();
  return sql;
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
                     database_->Prepare(
                         "SELECT name, value FROM pipeline CROSS JOIN record ON pipeline = number "
                         "AND kind = 0 AND id = '' WHERE name > ? AND name < ? ORDER BY name "
                         "LIMIT ?"));
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
            "SELECT id, value FROM record WHERE pipeline = (SELECT number FROM pipeline "
            "WHERE name = ?) AND kind = ? ORDER BY id"));
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
    sql += fmt::format(
        " WHERE r.pipeline = (SELECT number FROM pipeline WHERE name = ?) AND r.kind = ? AND {} > "
        "?",
        id);
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
  // A program that was killed amid a commit may have left it in the log whole and not synced. It
  // counts now, and what is built on it must not outlive it: a checkpoint syncs the log first. A
  // full disk hinders what comes after that, and commits, but not reading.
  Status synced = store->writer_->Execute("PRAGMA wal_checkpoint(PASSIVE)");
  if (!synced && synced.error().code != ErrorCode::kResourceExhausted) return synced.error();
  if (options.size_bytes_max > 0) {
    constexpr uint64_t kPageSize = 4096;  // SQLite's default, never changed here
    RETURN_IF_ERROR(store->writer_->Execute(fmt::format(
        "PRAGMA max_page_count = {}", std::max<uint64_t>(1, options.size_bytes_max / kPageSize))));
  }
  return store;
}

Result<std::optional<int64_t>> SqliteStore::NumberOf(const PipelineKey& pipeline) {
  if (auto known = numbers_.find(pipeline); known != numbers_.end())
    return std::optional(known->second);
  ASSIGN_OR_RETURN(SqliteStatement * find,
                   writer_->Prepare("SELECT number FROM pipeline WHERE name = ?"));
  std::string name = KeyPrefix(pipeline);
  find->BindText(1, name);
  ASSIGN_OR_RETURN(bool found, find->Step());
  std::optional<int64_t> number;
  if (found) number = numbers_[pipeline] = find->Int(0);
  find->Reset();
  return number;
}

Status SqliteStore::Apply(const Write& write) {
  ASSIGN_OR_RETURN(std::optional<int64_t> number, NumberOf(write.pipeline));
  if (std::holds_alternative<ErasePipeline>(write.change)) {
    if (!number) return {};
    numbers_.erase(write.pipeline);
    for (std::string_view sql :
         {"DELETE FROM record WHERE pipeline = ?", "DELETE FROM pipeline WHERE number = ?"}) {
      ASSIGN_OR_RETURN(SqliteStatement * erase, writer_->Prepare(sql));
      erase->BindInt(1, *number);
      RETURN_IF_ERROR(erase->Run());
    }
    return {};
  }
  std::string id = RecordId(write.change);
  int kind = KindNumber(KindOf(write.change));
  if (std::holds_alternative<EraseRecord>(write.change)) {
    if (!number) return {};
    ASSIGN_OR_RETURN(
        SqliteStatement * erase,
        writer_->Prepare("DELETE FROM record WHERE pipeline = ? AND kind = ? AND id = ?"));
    erase->BindInt(1, *number);
    erase->BindInt(2, kind);
    erase->BindText(3, id);
    return erase->Run();
  }
  if (!number) {
    ASSIGN_OR_RETURN(SqliteStatement * add,
                     writer_->Prepare("INSERT INTO pipeline (name) VALUES (?)"));
    std::string name = KeyPrefix(write.pipeline);
    add->BindText(1, name);
    RETURN_IF_ERROR(add->Run());
    ASSIGN_OR_RETURN(number, NumberOf(write.pipeline));
  }
  std::optional<Columns> columns = ColumnsOf(write.change);
  ASSIGN_OR_RETURN(std::string_view sql, columns ? PutOf(*writer_, *number, kind, id, *columns)
                                                 : Result<std::string_view>(kPutWithoutColumns));
  ASSIGN_OR_RETURN(SqliteStatement * put, writer_->Prepare(sql));
  std::string value = EncodeRecord(write.change);
  if (MayHoldSecrets(KindOf(write.change))) value = box_.Seal(value, RecordKey(write));
  put->BindInt(1, *number);
  put->BindInt(2, kind);
  put->BindText(3, id);
  if (columns) BindColumns(*put, *columns);
  put->BindBlob(5, value);
  return put->Run();
}

Status SqliteStore::CommitInTransaction(std::span<const Write> writes) {
  for (const Write& write : writes) RETURN_IF_ERROR(Apply(write));
  return writer_->ExecuteKept("COMMIT");
}

Status SqliteStore::Commit(std::span<const Write> writes) {
  if (writes.empty()) return {};
  numbers_.clear();
  RETURN_IF_ERROR(writer_->ExecuteKept("BEGIN IMMEDIATE"));
  Status committed = CommitInTransaction(writes);
  // A full disk may have rolled back by itself.
  if (!committed && !writer_->InAutocommit()) (void)writer_->Execute("ROLLBACK");
  return committed;
}

Status SqliteStore::Load(const std::function<void(Write)>& apply) {
  ASSIGN_OR_RETURN(SqliteStatement * list,
                   writer_->Prepare("SELECT name, kind, id, value FROM record CROSS JOIN pipeline "
                                    "ON number = pipeline WHERE live = 1"));
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
