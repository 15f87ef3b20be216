// What simulated clients and workers say to the service and hear from it: the API's JSON, to and
// from the engine's words.
#pragma once

#include <optional>
#include <string>

#include "engine/decision.h"
#include "engine/event.h"
#include "ports/http.h"

namespace penstock::sim {

/// A request as a client sends it.
struct WireRequest {
  std::string operation;
  std::string body;
};
/// `task_id`: what the worker was given for the task that `body` names; unused by other requests.
/// REQUIRES: a request of a client or worker, not what the world does.
WireRequest ToWire(const engine::EventBody& body, const std::string& task_id);

/// An answer as the client understands it.
struct WireAnswer {
  engine::Reply reply;  // of a Task: no key, and the attempt's own object first
  std::string task_id;  // of a Task
};
/// nullopt: the server failed (5xx), or the answer is none of that operation.
std::optional<WireAnswer> FromWire(const engine::EventBody& request, const HttpResponse& response);

}  // namespace penstock::sim
