// The AWS Data Pipeline API, version 2012-10-29, as an HttpService: JSON 1.1, one operation per
// X-Amz-Target. It checks a request against the model (api_model.h), turns a change into an event
// for the engine, answers a question from a snapshot of the store on the request's own thread, and
// parks a poll for work. (https://docs.aws.amazon.com/datapipeline/latest/APIReference/)
#pragma once

#include <memory>
#include <string>

#include "definition/limits.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "scheduler/scheduler.h"
#include "service/api_model.h"
#include "service/definition_cache.h"
#include "service/rate_limit.h"
#include "service/task_id.h"
#include "store/store.h"

namespace penstock {

struct DataPipelineOptions {
  Limits limits = OpenLimits();  // `strict` also switches on AWS's request rates
  bool regions_shared = true;    // [regions] shared: one name space for all regions
  Duration poll_hold{90'000};    // how long PollForTask waits for work
  uint64_t body_size_max = 64u << 20;
};

/// The name space a caller's pipelines live in.
engine::Scope ScopeOf(const Caller& caller, bool regions_shared);

/// Thread-safe. Serves requests that the gateway has authenticated (`caller` is set) for the
/// signing name "datapipeline".
class DataPipelineService : public HttpService {
 public:
  /// `secret`: the data folder's key; task ids are authenticated with a key derived from it. The
  /// others outlive the service. Stop the scheduler before destroying the service.
  DataPipelineService(DataPipelineOptions options, std::string_view secret, Scheduler& scheduler,
                      Store& store, Clock& clock);

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  const DataPipelineOptions options_;
  const TaskIdCodec task_ids_;
  Scheduler& scheduler_;
  Store& store_;
  Clock& clock_;
  DefinitionCache definitions_;
  RateLimit rate_limit_;
};

}  // namespace penstock
