// Machines and clusters that pipelines create and end: one class per resource type, found by name.
// Run by the server (system side), never by a worker.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "activities/activity.h"
#include "definition/definition.h"
#include "ports/worker_host.h"

namespace penstock {

/// Which machine is meant.
struct ResourceRequest {
  std::string
      name;  // "<pipelineId>_@<component>_<time>", from the second attempt on with its number: one
             // attempt's alone. The cluster's name, and the group its worker polls
  std::string account;  // of the pipeline
  std::string region;   // of the pipeline; the object's own `region` wins
  Instant asked_at{};   // of a launch or look: it was made no earlier
  /// The resource object first, evaluated, then all it refers to. For Terminate one
  /// object of what identifies the machine: type, region, @resourceId if known. SECRETS IN CLEAR.
  std::vector<PipelineObject> objects;
};

enum class ResourceState { kAbsent, kStarting, kReady, kEnding, kEnded };

struct ResourceReport {
  ResourceState state = ResourceState::kAbsent;
  std::string message;        // why it ended by itself
  std::vector<Field> fields;  // @resourceId, @resourceRegion
};

/// What resources may use of the world. The pointees outlive them.
struct ResourceContext {
  ClientContext clients;
  ServiceDirectory* services;
  WorkerHost* workers;       // nullptr: this server has no machines of its own
  std::string endpoint_url;  // where workers elsewhere reach this server; empty: they are told by
                             // their environment
};

/// An Error of kUnavailable means "could not be asked": try again. Another one will not go away.
/// Thread-safe, stateless.
class Resource {
 public:
  virtual ~Resource() = default;
  /// Makes it, unless it is there already; what it is now.
  virtual Result<ResourceReport> Launch(const ResourceRequest& request,
                                        const ResourceContext& context, std::stop_token stop) = 0;
  virtual Result<ResourceReport> Look(const ResourceRequest& request,
                                      const ResourceContext& context, std::stop_token stop) = 0;
  /// Ends it if it is there; what it is now.
  virtual Result<ResourceReport> Terminate(const ResourceRequest& request,
                                           const ResourceContext& context,
                                           std::stop_token stop) = 0;
};

/// "EmrCluster", "Ec2Resource"; nullptr for another type. Lives as long as the program.
Resource* FindResource(std::string_view type);

}  // namespace penstock
