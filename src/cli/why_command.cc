#include "cli/why_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "cli/command_line.h"
#include "cli/described_object.h"

namespace penstock {
namespace {

constexpr size_t kCausesShown = 10;  // of one instance
constexpr size_t kDepthMax = 100;    // longer chains than any definition makes

bool HasEnded(const std::string& status) {
  return status == "FINISHED" || status == "FAILED" || status == "CANCELED" ||
         status == "CASCADE_FAILED" || status == "TIMEDOUT" || status == "SKIPPED";
}

bool EndedBadly(const std::string& status) { return HasEnded(status) && status != "FINISHED"; }

class Tracer {
 public:
  Tracer(const DataPipelineClient& client, const std::string& pipeline, std::ostream& out)
      : client_(client), pipeline_(pipeline), out_(out) {}

  Status Trace(const std::string& instance) {
    ASSIGN_OR_RETURN(const DescribedObject about, DescribePipeline(client_, pipeline_));
    ASSIGN_OR_RETURN(const std::vector<DescribedObject> found, Describe({instance}));
    if (found.empty() || found.front()["@sphere"] != "INSTANCE") {
      return NotFound(
          fmt::format("pipeline {} has no instance '{}'; 'penstock status {}' lists those it has",
                      pipeline_, instance, pipeline_));
    }
    if (std::string state = about["@pipelineState"]; state != "SCHEDULED")
      out_ << fmt::format("pipeline {} is {}\n", pipeline_, state);
    return Show(found.front(), 0);
  }

 private:
  Result<std::vector<DescribedObject>> Describe(const std::vector<std::string>& ids) {
    return DescribeObjects(client_, pipeline_, ids);
  }

  Status Show(const DescribedObject& instance, size_t depth) {
    Print(instance.id, instance["@status"], {}, depth);
    if (!shown_.insert(instance.id).second) {
      out_ << "  see above\n";
      return {};
    }
    ASSIGN_OR_RETURN(const std::string reason, Reason(instance));
    out_ << (reason.empty() ? "" : "  " + OneLine(reason)) << '\n';
    if (depth >= kDepthMax) return {};
    ASSIGN_OR_RETURN(const std::vector<DescribedObject> causes, Causes(instance, depth));
    for (const DescribedObject& cause : causes) RETURN_IF_ERROR(Show(cause, depth + 1));
    return {};
  }

  void Print(const std::string& id, const std::string& status, std::string_view text,
             size_t depth) {
    out_ << fmt::format("{}{}  {}{}", std::string(2 * depth, ' '), id, status, text);
  }

  /// What the instance says of itself.
  Result<std::string> Reason(const DescribedObject& instance) {
    const std::string status = instance["@status"];
    if (!HasEnded(status)) {
      std::string reason = instance["@waitingReason"];
      if (reason.empty() && status == "RUNNING") reason = "is at work";
      return reason;
    }
    if (status == "FINISHED") return "since " + instance["@actualEndTime"];
    if (status == "SKIPPED")
      return std::string("its interval is before the startTimestamp of an activation");
    std::string reason = ErrorOf(instance);
    if (reason.empty()) reason = instance["cancellationReason"];
    if (instance["@headAttempt"].empty()) return reason;
    ASSIGN_OR_RETURN(const auto attempts, Describe({instance["@headAttempt"]}));
    if (attempts.empty()) return reason;
    if (reason.empty()) reason = ErrorOf(attempts.front());
    if (std::string log = attempts.front()["@logLocation"]; !log.empty())
      reason += (reason.empty() ? "log: " : "; log: ") + log;
    return reason;
  }

  /// What the instance waits for, or ended because of.
  Result<std::vector<DescribedObject>> Causes(const DescribedObject& instance, size_t depth) {
    const std::string status = instance["@status"];
    std::vector<std::string> ids;
    if (!HasEnded(status)) {
      ids = instance.All("@waitingOn");
    } else if (status == "CASCADE_FAILED" && !instance.All("@cascadeFailedOn").empty()) {
      ids = {instance.All("@cascadeFailedOn").front()};  // which has the rest of the chain
    } else if (status == "FAILED" || status == "CANCELED") {
      ids = instance.All("precondition");
      ids.insert(ids.end(), instance.All("runsOn").begin(), instance.All("runsOn").end());
    }
    const size_t count = ids.size();
    if (count > kCausesShown) ids.resize(kCausesShown);
    std::vector<DescribedObject> causes;
    if (ids.empty()) return causes;
    ASSIGN_OR_RETURN(causes, Describe(ids));
    const bool waits = !HasEnded(status);
    std::erase_if(causes, [&](const DescribedObject& cause) {
      if (waits || status == "CASCADE_FAILED") return false;
      // A guard or a machine that is well, or was canceled with its user, is no cause.
      return !EndedBadly(cause["@status"]) || ErrorOf(cause).empty();
    });
    for (const std::string& id : ids) {
      const bool there = std::any_of(causes.begin(), causes.end(),
                                     [&](const DescribedObject& c) { return c.id == id; });
      if (there || !waits) continue;
      Print(id, "-", "  is not there yet: it is made when its time comes\n", depth + 1);
    }
    if (count > kCausesShown) {
      out_ << fmt::format("{}and {} more\n", std::string(2 * depth + 2, ' '), count - kCausesShown);
    }
    return causes;
  }

  const DataPipelineClient& client_;
  const std::string& pipeline_;
  std::ostream& out_;
  std::set<std::string> shown_;
};

}  // namespace

int PrintWhy(const DataPipelineClient& client, const std::string& pipeline,
             const std::string& instance, std::ostream& out, std::ostream& err) {
  const std::string whole = instance.substr(0, instance.rfind("_Attempt="));
  const Status traced = Tracer(client, pipeline, out).Trace(whole);
  if (traced) return kExitDone;
  err << traced.error().message << '\n';
  return traced.error().code == ErrorCode::kNotFound ? kExitNo : kExitUnusable;
}

}  // namespace penstock
