// SqliteDatabase and SqliteStatement: the little of SQLite's C interface that the store needs, with
// errors as values. sqlite3.h stays in the .cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace penstock {

/// A prepared statement, borrowed from its database. Parameters count from 1, columns from 0. Bound
/// bytes must live until the next Reset. One thread at a time.
class SqliteStatement {
 public:
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  void BindInt(int parameter, int64_t value);
  void BindText(int parameter, std::string_view text);
  void BindBlob(int parameter, std::string_view bytes);
  void BindNull(int parameter);

  /// True: a row is there. False: no more rows.
  Result<bool> Step();
  /// Step() for a statement that gives no rows, then Reset().
  Status Run();
  /// Ready to run again, with nothing bound.
  void Reset();

  int64_t Int(int column) const;
  /// Views live until the next Step or Reset.
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// One connection. One thread at a time.
class SqliteDatabase {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  /// kReadWrite creates the file and puts it into WAL mode with synchronous=EXTRA (in WAL mode the
  /// same as FULL): a commit is on the disk when it returns.
  static Result<std::unique_ptr<SqliteDatabase>> Open(const std::string& path, Mode mode);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// Runs statements that give no rows.
  Status Execute(const std::string& sql);
  /// Execute() of one statement that is prepared once and kept, as Prepare() does.
  Status ExecuteKept(std::string_view sql);
  /// A statement for this text, reset, prepared once and kept. `sql` must be one of a bounded set
  /// of texts. A statement lent twice at the same time is the same one: do not nest queries of
  /// equal text.
  Result<SqliteStatement*> Prepare(std::string_view sql);
  /// A statement that is not kept. It must go before the database does.
  Result<std::unique_ptr<SqliteStatement>> PrepareOnce(std::string_view sql);
  /// Whether no transaction is open.
  bool InAutocommit() const;

 private:
  explicit SqliteDatabase(sqlite3* database) : database_(database) {}

  sqlite3* database_;
  std::map<std::string, std::unique_ptr<SqliteStatement>, std::less<>> statements_;  // by text
};

}  // namespace penstock
