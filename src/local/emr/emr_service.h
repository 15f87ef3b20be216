// A local service that speaks Amazon EMR (2009-03-31, JSON 1.1), as far as clusters that run
// pipelines need it. A cluster is one worker process on this machine: the one that its step
// `command-runner.jar penstock worker --worker-group G` names. Any other step fails, saying so.
//
// Operations: RunJobFlow, DescribeCluster, ListClusters, AddJobFlowSteps, DescribeStep, ListSteps,
// TerminateJobFlows, and what `aws emr describe-cluster` reads besides: ListInstanceGroups,
// ListBootstrapActions.
#pragma once

#include <mutex>

#include "aws/api_error.h"
#include "local/emr/cluster.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/key_value.h"
#include "ports/random.h"
#include "ports/worker_host.h"

namespace penstock::emr {

class EmrService : public HttpService {
 public:
  /// The pointees outlive the service. Clusters are kept in `store` under "emr/"; with
  /// `shared_regions` all regions are one.
  EmrService(KeyValue& store, WorkerHost& workers, Clock& clock, Random& random,
             bool shared_regions);

  void Serve(HttpRequest request, BodySource& body, std::unique_ptr<Responder> responder) override;

 private:
  using Reply = ApiResult<std::optional<json::Object>>;  // nullopt: an empty body

  Reply Dispatch(const Caller& caller, const std::string& operation, const json::Object& input);
  Reply RunJobFlow(const Caller& caller, const json::Object& input);
  Reply DescribeCluster(const Caller& caller, const json::Object& input);
  Reply ListClusters(const Caller& caller, const json::Object& input);
  Reply AddJobFlowSteps(const Caller& caller, const json::Object& input);
  Reply DescribeStep(const Caller& caller, const json::Object& input);
  Reply ListSteps(const Caller& caller, const json::Object& input);
  Reply TerminateJobFlows(const Caller& caller, const json::Object& input);
  Reply ListInstanceGroups(const Caller& caller, const json::Object& input);
  Reply ListBootstrapActions(const Caller& caller, const json::Object& input);

  std::string Prefix(const Caller& caller) const;
  Status Save(const Caller& caller, const Cluster& cluster);
  /// The cluster as it is now, what the worker process tells included and stored.
  ApiResult<Cluster> Load(const Caller& caller, const std::string& id);
  Status Refresh(const Caller& caller, Cluster& cluster);
  ApiResult<Step> MakeStep(const json::Value& config, const Cluster& cluster, bool first);
  std::string NewId(std::string_view prefix);

  KeyValue& store_;
  WorkerHost& workers_;
  Clock& clock_;
  Random& random_;
  const bool shared_regions_;
  std::mutex mutex_;  // one operation at a time: there are few, and each is short
};

}  // namespace penstock::emr
