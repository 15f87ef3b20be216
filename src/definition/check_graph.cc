#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "definition/validation.h"

namespace penstock {
namespace {

/// Who waits for whom while the pipeline runs, and which configuration contains which.
class WaitGraph {
 public:
  explicit WaitGraph(Validation& validation) : validation_(validation) {
    const auto& objects = validation.definition.objects();
    edges_.resize(objects.size());
    for (size_t i = 0; i < objects.size(); ++i) index_.try_emplace(objects[i].id(), i);
    for (size_t i = 0; i < objects.size(); ++i) AddEdges(i, objects[i]);
  }

  void FindCycles() {
    state_.assign(edges_.size(), kNew);
    for (size_t i = 0; i < edges_.size(); ++i) {
      if (state_[i] == kNew) Visit(i);
    }
  }

 private:
  enum State { kNew, kOpen, kDone };

  void AddEdges(size_t from, const ResolvedObject& object) {
    if (object.type == nullptr) return;
    for (const ResolvedField& field : object.fields) {
      const FieldInfo* info = object.type->Find(field.key());
      if (!field.is_ref() || field.key() == "parent" || info == nullptr || info->runtime) continue;
      // Alarms fire; nobody waits for them.
      if (field.key() == "onFail" || field.key() == "onSuccess" || field.key() == "onLateAction")
        continue;
      auto target = index_.find(field.value());
      if (target == index_.end()) continue;
      bool output = field.key() == "output" && object.type->category == TypeCategory::kActivity;
      if (!output) {
        edges_[from].push_back(target->second);
      } else if (!Reads(object, field.value())) {
        // Data is ready when its producer has finished; an activity that changes its own input does
        // not count.
        edges_[target->second].push_back(from);
      }
    }
  }

  static bool Reads(const ResolvedObject& activity, std::string_view id) {
    std::vector<std::string_view> inputs = activity.References("input");
    return std::find(inputs.begin(), inputs.end(), id) != inputs.end();
  }

  void Visit(size_t root) {
    std::vector<std::pair<size_t, size_t>> stack = {{root, 0}};  // object, next edge
    state_[root] = kOpen;
    while (!stack.empty()) {
      auto& [at, next] = stack.back();
      if (next == edges_[at].size()) {
        state_[at] = kDone;
        stack.pop_back();
        continue;
      }
      size_t target = edges_[at][next++];
      if (state_[target] == kOpen) {
        Report(stack, target);
      } else if (state_[target] == kNew) {
        state_[target] = kOpen;
        stack.push_back({target, 0});
      }
    }
  }

  void Report(const std::vector<std::pair<size_t, size_t>>& stack, size_t target) {
    constexpr size_t kShownMax = 10;
    const auto& objects = validation_.definition.objects();
    std::vector<std::string> names;
    bool inside = false;
    for (const auto& [at, next] : stack) {
      inside |= at == target;
      if (inside && names.size() < kShownMax) names.emplace_back(objects[at].id());
    }
    names.emplace_back(objects[target].id());
    validation_.Error(
        objects[target].id(), "", "CYCLIC_REFERENCE",
        fmt::format(
            "these objects would wait for each other for ever: {}; remove one of the references",
            Join(names, " -> ")));
  }

  Validation& validation_;
  std::unordered_map<std::string_view, size_t> index_;
  std::vector<std::vector<size_t>> edges_;
  std::vector<State> state_;
};

void CheckRollUps(Validation& validation) {
  size_t max = validation.options.limits.references_to_one_object;
  if (max == 0) return;
  std::unordered_map<std::string_view, size_t> counts;
  for (const ResolvedObject& object : validation.definition.objects()) {
    for (const Field& field : object.source->fields) {
      if (field.is_ref && field.key != "parent" && ++counts[field.value] == max + 1) {
        validation.Warn(field.value, "", "LIMIT_EXCEEDED",
                        fmt::format("more than {} objects refer to this one (\"roll-ups\")", max));
      }
    }
  }
}

}  // namespace

void CheckGraph(Validation& validation) {
  WaitGraph(validation).FindCycles();
  CheckRollUps(validation);
}

}  // namespace penstock
