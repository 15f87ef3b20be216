#include "app/status_pages.h"

#include <fmt/core.h>

namespace penstock {

void HealthPage::Serve(HttpRequest request, BodySource&, std::unique_ptr<Responder> responder) {
  bool known = request.method == "GET" || request.method == "HEAD";
  HttpResponse response{
      .status = known ? 200 : 405, .headers = {{"Content-Type", "text/plain"}}, .body = "ok\n"};
  if (!known) response.body = "only GET\n";
  responder->Respond(std::move(response));
}

void MetricsPage::Serve(HttpRequest, BodySource&, std::unique_ptr<Responder> responder) {
  const SchedulerStatistics& statistics = scheduler_.statistics();
  std::string body;
  auto add = [&](std::string_view name, std::string_view kind, uint64_t value) {
    body += fmt::format("# TYPE {} {}\n{} {}\n", name, kind, name, value);
  };
  add("penstock_engine_events_total", "counter", statistics.events);
  add("penstock_engine_batches_total", "counter", statistics.batches);
  add("penstock_engine_commits_failed_total", "counter", statistics.commits_failed);
  add("penstock_engine_effects_total", "counter", statistics.effects);
  add("penstock_parked_polls", "gauge", statistics.parked_polls);
  if (server_) {
    HttpServer::Counts counts = server_->counts();
    add("penstock_http_connections", "gauge", counts.connections);
    add("penstock_http_requests_in_flight", "gauge", counts.in_flight);
  }
  responder->Respond({.status = 200,
                      .headers = {{"Content-Type", "text/plain; version=0.0.4"}},
                      .body = std::move(body)});
}

}  // namespace penstock
