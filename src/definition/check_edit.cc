#include <fmt/core.h>

#include <map>
#include <vector>

#include "definition/evaluate.h"
#include "definition/parameters.h"
#include "definition/validate.h"

namespace penstock {
namespace {

constexpr std::string_view kNotAllowed = "EDIT_NOT_ALLOWED";

/// The references an object has after inheritance, by field, in order.
std::map<std::string_view, std::vector<std::string_view>> ReferencesOf(
    const ResolvedObject& object) {
  std::map<std::string_view, std::vector<std::string_view>> references;
  for (const ResolvedField& field : object.fields) {
    if (field.is_ref()) references[field.key()].push_back(field.value());
  }
  return references;
}

/// What the field says with the definition's own parameter values; its text where that is not known
/// or secret.
std::string ValueOf(const ResolvedDefinition& definition, const Parameters& parameters,
                    const ResolvedObject& object, std::string_view key) {
  const ResolvedField* field = object.Find(key);
  if (field == nullptr || field->text == nullptr) return std::string(object.Value(key));
  auto values = EvaluateField(definition, parameters, ComponentScope(std::string(object.id())), key,
                              {.missing = Missing::kKeepText, .keep_secret_text = true});
  return values && !values->empty() ? std::move(values->front().value)
                                    : std::string(field->value());
}

class Edit {
 public:
  Edit(const ResolvedDefinition& active, const ResolvedDefinition& latest)
      : active_(active),
        latest_(latest),
        active_parameters_(Parameters::Of(active.source())),
        latest_parameters_(Parameters::Of(latest.source())) {}

  std::vector<Problem> Check() {
    for (const ResolvedObject& before : active_.objects()) {
      const ResolvedObject* after = latest_.Find(before.id());
      if (after == nullptr) {
        Say(before.id(), "", "the object is in the active pipeline and cannot be removed");
      } else {
        CheckSchedule(before, *after);
        CheckReferences(before, *after);
      }
    }
    for (const ResolvedObject& added : latest_.objects()) {
      if (active_.Find(added.id()) == nullptr) CheckOutputs(added);
    }
    return std::move(problems_);
  }

 private:
  void Say(std::string_view id, std::string_view field, std::string_view message) {
    problems_.push_back(
        {std::string(id), std::string(field),
         fmt::format("{}: {} once the pipeline has been activated", kNotAllowed, message),
         Severity::kError});
  }

  void CheckSchedule(const ResolvedObject& before, const ResolvedObject& after) {
    if (before.type_name != "Schedule") return;
    for (std::string_view key : {"period", "cronExpression", "timeZone"})
      CheckValue(before, after, key, "");
    for (std::string_view key : {"startDateTime", "startAt"})
      CheckValue(before, after, key, "; activate with a start timestamp instead");
  }

  void CheckValue(const ResolvedObject& before, const ResolvedObject& after, std::string_view key,
                  std::string_view instead) {
    const std::string was = ValueOf(active_, active_parameters_, before, key);
    const std::string is = ValueOf(latest_, latest_parameters_, after, key);
    // A value that is not there yet, in a text that is the same, comes with the activation.
    const bool to_come = is == after.Value(key) && is == before.Value(key);
    if (was == is || to_come) return;
    Say(after.id(), key,
        fmt::format("'{}' cannot change (it was {}){}", key, was.empty() ? "absent" : was,
                    instead));
  }

  void CheckReferences(const ResolvedObject& before, const ResolvedObject& after) {
    auto old_references = ReferencesOf(before), new_references = ReferencesOf(after);
    for (const auto& [key, ids] : old_references) {
      auto found = new_references.find(key);
      if (found == new_references.end()) {
        Say(after.id(), key, fmt::format("the reference '{}' cannot be deleted", key));
      } else if (found->second != ids) {
        Say(after.id(), key,
            fmt::format("the reference '{}' cannot change (it was {})", key, ids[0]));
      }
    }
    for (const auto& [key, ids] : new_references) {
      if (!old_references.contains(key))
        Say(after.id(), key, fmt::format("the reference '{}' cannot be added", key));
    }
  }

  void CheckOutputs(const ResolvedObject& added) {
    for (std::string_view id : added.References("output")) {
      if (active_.Find(id) != nullptr) {
        Say(added.id(), "output",
            fmt::format("a new object cannot have the existing '{}' as its output", id));
      }
    }
  }

  const ResolvedDefinition& active_;
  const ResolvedDefinition& latest_;
  const Parameters active_parameters_, latest_parameters_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> CheckEdit(const ResolvedDefinition& active, const ResolvedDefinition& latest) {
  return Edit(active, latest).Check();
}

}  // namespace penstock
