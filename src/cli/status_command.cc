#include "cli/status_command.h"

#include <fmt/core.h>

#include <algorithm>

#include "cli/command_line.h"
#include "cli/described_object.h"

namespace penstock {
namespace {

// What there is to say about an instance besides its status.
std::string Remark(const DescribedObject& instance, const DescribedObject* attempt) {
  std::string remark;
  auto add = [&](const std::string& text) {
    if (!text.empty()) remark += (remark.empty() ? "" : "; ") + text;
  };
  std::string status = instance["@status"];
  bool failed = status == "FAILED" || status == "CASCADE_FAILED" || status == "TIMEDOUT" ||
                status == "CANCELED";
  if (!instance["@waitingOn"].empty() && !failed) add("waiting on " + instance["@waitingOn"]);
  if (std::string error = ErrorOf(instance); !error.empty()) {
    add(error);
  } else if (attempt != nullptr && status != "FINISHED" && !ErrorOf(*attempt).empty()) {
    add("last attempt: " + ErrorOf(*attempt));
  }
  add(instance["cancellationReason"]);
  if (!instance["@cascadeFailedOn"].empty())
    add("failed because of " + instance["@cascadeFailedOn"]);
  if (attempt != nullptr && !(*attempt)["transferItems"].empty()) {
    const DescribedObject& figures = *attempt;
    if (!figures["transferSeconds"].empty()) {
      add(fmt::format("{} items in {} s, {} of {} allowed capacity units", figures["transferItems"],
                      figures["transferSeconds"], figures["transferUnitsConsumed"],
                      figures["transferUnitsAllowed"]));
    } else {
      add(fmt::format("{} items, {} of {} units/s, limited by {}", figures["transferItems"],
                      figures["transferUnitsPerSecond"], figures["transferUnitsPerSecondAllowed"],
                      figures["transferLimitedBy"]));
    }
  }
  return remark;
}

Status Print(const DataPipelineClient& client, const std::string& pipeline, std::ostream& out) {
  ASSIGN_OR_RETURN(const DescribedObject about, DescribePipeline(client, pipeline));
  out << fmt::format("{} {} {}\n", pipeline, OneLine(about["name"]), about["@pipelineState"]);

  ASSIGN_OR_RETURN(std::vector<std::string> instance_ids,
                   ListObjects(client, pipeline, "INSTANCE"));
  ASSIGN_OR_RETURN(std::vector<DescribedObject> instances,
                   DescribeObjects(client, pipeline, instance_ids));
  std::vector<std::string> attempt_ids;
  for (const DescribedObject& instance : instances) {
    if (std::string head = instance["@headAttempt"]; !head.empty()) attempt_ids.push_back(head);
  }
  ASSIGN_OR_RETURN(std::vector<DescribedObject> attempts,
                   DescribeObjects(client, pipeline, attempt_ids));
  std::map<std::string, const DescribedObject*> attempt_of;
  for (const DescribedObject& attempt : attempts) attempt_of[attempt.id] = &attempt;

  std::sort(instances.begin(), instances.end(),
            [](const DescribedObject& a, const DescribedObject& b) {
              return std::tuple(a["@scheduledStartTime"], a.id) <
                     std::tuple(b["@scheduledStartTime"], b.id);
            });
  size_t width = 0;
  for (const DescribedObject& instance : instances) width = std::max(width, instance.id.size());
  for (const DescribedObject& instance : instances) {
    auto attempt = attempt_of.find(instance["@headAttempt"]);
    const DescribedObject* head = attempt == attempt_of.end() ? nullptr : attempt->second;
    std::string line = fmt::format("{:<{}}  {:<23}", instance.id, width, instance["@status"]);
    if (std::string remark = Remark(instance, head); !remark.empty())
      line += "  " + OneLine(remark);
    if (head != nullptr && !(*head)["@logLocation"].empty())
      line += "  " + OneLine((*head)["@logLocation"]);
    while (line.ends_with(' ')) line.pop_back();
    out << line << '\n';
  }
  return {};
}

}  // namespace

int PrintStatus(const DataPipelineClient& client, const std::string& pipeline, std::ostream& out,
                std::ostream& err) {
  Status printed = Print(client, pipeline, out);
  if (printed) return kExitDone;
  err << printed.error().message << '\n';
  return printed.error().code == ErrorCode::kNotFound ? kExitNo : kExitUnusable;
}

}  // namespace penstock
