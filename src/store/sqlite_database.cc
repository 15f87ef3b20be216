#include "store/sqlite_database.h"

#include <fmt/core.h>
#include <sqlite3.h>

#include "base/check.h"

namespace penstock {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr size_t kSqlShownMax = 200;  // of a statement, in errors

// Pages in the log before they are copied into the file, which waits for the disk twice. Hot pages
// are in the log many times and copied once.
constexpr int kCheckpointPages = 4'000;

// What a connection for snapshots keeps of the file, in KiB; the system's cache has the rest.
constexpr int kReaderCacheKib = 256;

Error SqliteError(sqlite3* database, std::string_view attempted) {
  int code = sqlite3_errcode(database);
  std::string message = fmt::format("{}: {} (SQLite {})", attempted, sqlite3_errmsg(database),
                                    sqlite3_extended_errcode(database));
  switch (code) {
    case SQLITE_FULL:
      return ResourceExhausted(message + "; make room on the disk of the data folder");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Corrupt(std::move(message));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable(std::move(message));
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return PermissionDenied(std::move(message));
    default:
      return IoError(std::move(message));
  }
}

}  // namespace

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::BindInt(int parameter, int64_t value) {
  CHECK(sqlite3_bind_int64(statement_, parameter, value) == SQLITE_OK);
}

void SqliteStatement::BindText(int parameter, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  CHECK(sqlite3_bind_text64(statement_, parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8) ==
        SQLITE_OK);
}

void SqliteStatement::BindBlob(int parameter, std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  CHECK(sqlite3_bind_blob64(statement_, parameter, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
}

void SqliteStatement::BindNull(int parameter) {
  CHECK(sqlite3_bind_null(statement_, parameter) == SQLITE_OK);
}

Result<bool> SqliteStatement::Step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default: {
      std::string_view sql = sqlite3_sql(statement_);
      Error error = SqliteError(
          sqlite3_db_handle(statement_),
          fmt::format("running \"{}\" on the state database", sql.substr(0, kSqlShownMax)));
      Reset();
      return error;
    }
  }
}

Status SqliteStatement::Run() {
  ASSIGN_OR_RETURN(bool row, Step());
  CHECK(!row, "a statement without rows gave one: {}", sqlite3_sql(statement_));
  Reset();
  return {};
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

int64_t SqliteStatement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view SqliteStatement::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return text == nullptr ? std::string_view()
                         : std::string_view(reinterpret_cast<const char*>(text), size);
}

std::string_view SqliteStatement::Blob(int column) const {
  const void* blob = sqlite3_column_blob(statement_, column);
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return blob == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(blob), size);
}

bool SqliteStatement::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path, Mode mode) {
  // Its statistics of memory take one lock of the whole process for each allocation. Refused, and
  // so without effect, once SQLite is in use.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* handle = nullptr;
  int flags =
      SQLITE_OPEN_NOMUTEX | (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                      : SQLITE_OPEN_READONLY);
  int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(handle));
  if (code != SQLITE_OK) {
    if (handle == nullptr) return ResourceExhausted("opening " + path + ": no memory");
    return SqliteError(handle, "opening " + path);
  }
  sqlite3_extended_result_codes(handle, 0);
  // Without it a value bound to a column that a partial index speaks of expires the statement, and
  // each run compiles it again.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  if (mode == Mode::kReadWrite) {
    // FULL, and the folder is synced after a rollback journal was deleted. A new file has one until
    // it is in WAL mode; if it came back after a power cut, all of the file would be undone.
    RETURN_IF_ERROR(database->Execute("PRAGMA synchronous=EXTRA"));
    RETURN_IF_ERROR(database->Execute("PRAGMA journal_mode=WAL"));
    RETURN_IF_ERROR(database->Execute("PRAGMA foreign_keys=OFF"));
    RETURN_IF_ERROR(
        database->Execute(fmt::format("PRAGMA wal_autocheckpoint={}", kCheckpointPages)));
  } else {
    RETURN_IF_ERROR(database->Execute("PRAGMA query_only=ON"));
    RETURN_IF_ERROR(database->Execute(fmt::format("PRAGMA cache_size=-{}", kReaderCacheKib)));
  }
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  statements_.clear();
  sqlite3_close(database_);
}

Status SqliteDatabase::Execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return SqliteError(database_,
                     "running \"" + sql.substr(0, kSqlShownMax) + "\" on the state database");
}

Status SqliteDatabase::ExecuteKept(std::string_view sql) {
  ASSIGN_OR_RETURN(SqliteStatement * statement, Prepare(sql));
  return statement->Run();
}

Result<SqliteStatement*> SqliteDatabase::Prepare(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
      return SqliteError(database_,
                         "preparing \"" + std::string(sql.substr(0, kSqlShownMax)) + "\"");
    }
    found = statements_.emplace(sql, std::make_unique<SqliteStatement>(statement)).first;
  }
  found->second->Reset();
  return found->second.get();
}

Result<std::unique_ptr<SqliteStatement>> SqliteDatabase::PrepareOnce(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), 0, &statement,
                         nullptr) != SQLITE_OK) {
    return SqliteError(database_, "preparing \"" + std::string(sql.substr(0, kSqlShownMax)) + "\"");
  }
  return std::make_unique<SqliteStatement>(statement);
}

bool SqliteDatabase::InAutocommit() const { return sqlite3_get_autocommit(database_) != 0; }

}  // namespace penstock
