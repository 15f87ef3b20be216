// The server: local services, the pipeline half, the gateway and the one port, put together on one
// data folder.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "app/config.h"
#include "base/result.h"

namespace penstock {

struct ServerOptions {
  std::string data = "penstock-data";
  std::string listen = "127.0.0.1:7400";
  ServerConfig config;
};

class Server {
 public:
  /// Opens the folder, takes up where the last server left off, listens. When it returns, health
  /// answers 200 and DATA/address says where.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// "127.0.0.1:7400".
  const std::string& address() const;
  /// No new connections; requests in flight get 10 seconds. With `drain` the embedded worker first
  /// ends its tasks, unless `hurry` is stopped meanwhile. Worker processes go on. Idempotent.
  void Stop(bool drain, std::stop_token hurry = {});

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

/// The default of --data: $PENSTOCK_DATA, else ./penstock-data.
std::string DefaultDataFolder();

}  // namespace penstock
