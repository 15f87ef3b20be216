// What the connections of one HTTP server share, and the threads that hold them. Private to
// src/net: it drags Asio in, which nobody else should pay for.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "net/http_server.h"
#include "net/worker_pool.h"
#include "ports/http.h"

namespace penstock {

class HttpConnection;

/// One thread that holds connections, with all that it touches alone.
struct IoThread {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  boost::asio::steady_timer sweep{context};
  std::unordered_set<std::shared_ptr<HttpConnection>> connections;
  bool closing = false;
  std::thread thread;
};

/// Connections keep it alive: a responder may outlive the server.
struct HttpServerCore {
  HttpServerCore(HttpServerOptions options_in, HttpService* service_in, Clock* clock_in,
                 Random* random_in)
      : options(std::move(options_in)), service(service_in), clock(clock_in), random(random_in) {}

  const HttpServerOptions options;
  HttpService* const service;
  Clock* const clock;
  Random* const random;
  std::unique_ptr<boost::asio::ssl::context> tls;  // nullptr: plain HTTP
  std::vector<std::unique_ptr<IoThread>> io;
  WorkerPool requests{"http-request", options.request_threads};
  WorkerPool uploads{"http-upload", options.upload_threads};
  WorkerPool urgent{"http-urgent", 1};

  std::atomic<bool> stopping = false;
  std::atomic<uint64_t> buffered_bytes = 0;
  std::atomic<size_t> connections = 0, in_flight = 0, parked = 0;
  std::mutex mutex;
  std::condition_variable changed;  // `connections` went down
};

}  // namespace penstock
