// The server's data folder: who holds it, its keys, its address. Layout:
//
//   lock          flock()ed while a server runs; holds its pid
//   credentials   the root key, in AWS's shared-credentials format, profile [default], mode 0600
//   secret.key    64 hex digits: encrypts secrets at rest and signs task ids, mode 0600
//   address       host:port of the running server; removed by a clean end
//   url           the same for clients, with http:// or https://
//   last-address  as address, kept
//   region        the default region, kept
//   pipelines.db  pipeline state (store/)
//   dynamodb/     tables
//   s3/           objects and their index
//   services/     what EMR, SNS and IAM remember
//   workers/      worker processes
//
// Losing secret.key loses every stored secret; copies of the folder should include it.
#pragma once

#include <memory>
#include <string>

#include "aws/credentials.h"
#include "base/result.h"
#include "ports/files.h"
#include "ports/random.h"

namespace penstock {

class ServerFolder {
 public:
  /// Creates what is missing, takes the lock and removes the address of a server that was killed.
  /// kFailedPrecondition names the process that holds the lock.
  static Result<ServerFolder> Open(const std::string& path, Files& files, Random& random);

  const std::string& path() const { return path_; }
  std::string Sub(const std::string& name) const { return path_ + "/" + name; }
  const Credentials& root_key() const { return root_key_; }
  /// 12 digits, derived from the secret key: two servers are two accounts.
  const std::string& account() const { return account_; }
  /// 32 bytes.
  const std::string& secret_key() const { return secret_key_; }

  /// Where the last server on this folder listened; empty if there was none.
  const std::string& last_address() const { return last_address_; }
  /// `url`: what a client on this host calls; `region`: what it takes unless it has one of its own.
  Status WriteAddress(const std::string& address, const std::string& url,
                      const std::string& region);
  void RemoveAddress();

 private:
  ServerFolder(std::string path, Files& files) : path_(std::move(path)), files_(&files) {}

  std::string path_;
  Files* files_;
  std::unique_ptr<FileLock> lock_;
  Credentials root_key_;
  std::string account_;
  std::string secret_key_;
  std::string last_address_;
};

/// What another process reads of a running server's folder. The error says what is missing and how
/// to start one.
struct ServerAccess {
  std::string url;  // "http://127.0.0.1:7400"
  std::string region;
  Credentials root_key;
};
Result<ServerAccess> ReadServerAccess(const std::string& path, Files& files);

}  // namespace penstock
