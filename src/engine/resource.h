// Resources: launched when the first work of their interval is ready for them, shared by all of it,
// ended when no more of it can come or at terminateAfter. (Developer Guide: "Pipeline Resources",
// Ec2Resource, EmrCluster; A38.)
#pragma once

#include <string>

#include "engine/draft.h"
#include "engine/outcome.h"

namespace penstock::engine {

/// The name a resource's machine or cluster is looked up by, and the worker group its workers poll:
/// "<pipelineId>_@<component>_<time>", from the second launch on with "_<attempt>", so that the end
/// of one machine can never be mistaken for that of the next. Holds the pipeline's id because two
/// pipelines may have equal instance ids.
std::string ResourceName(const PipelineKey& key, const std::string& instance, int attempt);

/// Looks at a resource instance: launch, wait, time out, end. REQUIRES: unfinished, and its time
/// has come.
void AdvanceResource(Draft& draft, const std::string& instance);

/// Whether work can be handed to its workers.
bool IsReady(const Draft& draft, const std::string& resource);

/// The launch effect ended.
void LaunchDone(Draft& draft, const std::string& instance, const std::vector<Field>& fields);
void LaunchFailed(Draft& draft, const std::string& instance, const Failure& why);
/// The terminate effect ended: the machine is gone.
void TerminateDone(Draft& draft, const std::string& instance, const Failure& why);
/// A running machine vanished.
void MachineLost(Draft& draft, const std::string& instance, const Failure& why);

// ---- called by End()

/// A resource instance is ending: stop the launch, end the machine. `before`: its status so far.
void EndMachine(Draft& draft, const std::string& instance, RunStatus before);
/// A resource instance ended: what becomes of those that run on it.
void ResourceEnded(Draft& draft, const std::string& instance, RunStatus outcome);
/// Something that runs on a resource ended.
void UserEnded(Draft& draft, const std::string& instance, RunStatus outcome);

}  // namespace penstock::engine
