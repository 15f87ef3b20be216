// The server's own pages below /_penstock/: whether it is there, and its numbers.
#pragma once

#include <memory>

#include "net/http_server.h"
#include "scheduler/scheduler.h"

namespace penstock {

/// 200 and one line: being answered is all there is to say.
class HealthPage : public HttpService {
 public:
  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;
};

/// The numbers of the scheduler and of the port in Prometheus' text form.
class MetricsPage : public HttpService {
 public:
  /// Both outlive the page; the server may come later.
  MetricsPage(const Scheduler& scheduler, const std::unique_ptr<HttpServer>& server)
      : scheduler_(scheduler), server_(server) {}

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  const Scheduler& scheduler_;
  const std::unique_ptr<HttpServer>& server_;
};

}  // namespace penstock
