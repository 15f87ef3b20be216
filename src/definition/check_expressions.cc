#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "definition/evaluate.h"
#include "definition/secret.h"
#include "definition/validation.h"

namespace penstock {
namespace {

constexpr std::string_view kInvalidExpression = "INVALID_EXPRESSION";

// Names that are looked at, each in every object that inherits it: 10,000 objects with a hundred.
// Where more are used the search ends; a run would say what is wrong with the rest.
constexpr size_t kNamesMax = 1'000'000;

// Names that every object has, whatever its type.
bool IsBuiltIn(std::string_view name) {
  return name == "id" || name == "name" || name == "type" || name == "parent" || name == "node" ||
         name == "@id";
}

class NameCheck {
 public:
  /// `object` has a type.
  NameCheck(Validation& validation, const ResolvedObject& object, const ResolvedField& field)
      : validation_(validation), object_(object), field_(field) {}

  void Check(const expr::NameUse& use) {
    const std::string& first = use.path[0];
    offset_ = use.offset;
    if (!Knows(object_, first)) {
      if (validation_.parameters.Find(first) == nullptr) ReportUnknown(first);
      return;
    }
    if (first == "node" && !HasNode(object_)) {
      Say("'node' is known in actions and preconditions only: it is the object that refers to "
          "them");
      return;
    }
    if (use.path.size() == 1) return;
    if (first == "node" || first == "parent") return CheckOfAnyType(use.path[1]);
    Follow(object_, use.path, 0);
  }

 private:
  static bool Knows(const ResolvedObject& object, std::string_view name) {
    if (IsBuiltIn(name) || object.Find(name) != nullptr) return true;
    if (name.starts_with('@')) return FindFieldAnywhere(name) != nullptr;
    return object.type != nullptr ? object.type->Find(name) != nullptr
                                  : FindFieldAnywhere(name) != nullptr;
  }

  static bool HasNode(const ResolvedObject& object) {
    return object.type->category == TypeCategory::kAction ||
           object.type->category == TypeCategory::kPrecondition;
  }

  void Say(std::string_view message) {
    validation_.Error(field_.origin->id, field_.key(), kInvalidExpression,
                      fmt::format("'{}', at character {}: {}", field_.key(), offset_ + 1, message));
  }

  void ReportUnknown(const std::string& name) {
    const bool user = IsUserFieldName(name);
    std::string suggestion = validation_.Suggestion(name, [&](NearestWord& nearest) {
      auto offer = [&](std::string_view candidate) {
        if (!user || IsUserFieldName(candidate)) nearest.Offer(candidate);
      };
      for (const auto& [id, parameter] : validation_.parameters.all()) offer(id);
      for (const ResolvedField& field : object_.fields) offer(field.key());
      if (object_.type != nullptr) {
        for (const FieldInfo& field : object_.type->fields) offer(field.name);
      }
    });
    // A value for a parameter that nobody declared may come with the activation.
    if (user && validation_.options.moment == Moment::kPut) {
      validation_.Warn(
          field_.origin->id, field_.key(), kInvalidExpression,
          fmt::format(
              "'{}' is neither a field nor a declared parameter: its value must be given with the "
              "activation{}",
              name, suggestion));
      return;
    }
    if (name.starts_with('@')) {
      Say(fmt::format("there is no runtime field '{}'{}", name, suggestion));
      return;
    }
    if (validation_.definition.Find(name) != nullptr) {
      suggestion = fmt::format(
          "; to read from the object '{}', refer to it in a field, e.g. \"myObject\": "
          "{{\"ref\": \"{}\"}}, and write #{{myObject.…}}",
          name, name);
    }
    if (suggestion.empty()) suggestion = "; text goes in quotes";
    Say(fmt::format("'{}' is neither a field of '{}' nor a parameter{}", name, object_.id(),
                    suggestion));
  }

  // Whose type is not known before the run.
  void CheckOfAnyType(const std::string& name) {
    if (IsBuiltIn(name) || IsUserFieldName(name) || FindFieldAnywhere(name) != nullptr) return;
    std::string suggestion = validation_.Suggestion(name, [&](NearestWord& nearest) {
      for (const TypeInfo& type : AllTypes()) {
        for (const FieldInfo& info : type.fields) nearest.Offer(info.name);
      }
    });
    Say(fmt::format("no type has a field '{}'{}", name, suggestion));
  }

  // path[at] is a field of `object`, path[at + 1] must be one of what it refers to.
  void Follow(const ResolvedObject& object, const std::vector<std::string>& path, size_t at) {
    const ResolvedObject* from = &object;
    for (; at + 1 < path.size(); ++at) {
      const ResolvedField* field = from->Find(path[at]);
      if (field == nullptr) return;  // optional, or set while running
      if (!field->is_ref()) {
        return Say(fmt::format("'{}' is no reference, so that '.{}' cannot follow it", path[at],
                               path[at + 1]));
      }
      const ResolvedObject* target = validation_.definition.Find(field->value());
      if (target == nullptr || path[at + 1] == "node" || path[at + 1] == "parent") return;
      if (!Knows(*target, path[at + 1])) {
        std::string suggestion = validation_.Suggestion(path[at + 1], [&](NearestWord& nearest) {
          for (const ResolvedField& other : target->fields) nearest.Offer(other.key());
          if (target->type != nullptr) {
            for (const FieldInfo& info : target->type->fields) nearest.Offer(info.name);
          }
        });
        return Say(fmt::format("{} '{}' has no field '{}'{}", target->type_name, target->id(),
                               path[at + 1], suggestion));
      }
      if (path[at + 1].starts_with('@') && at > 0) {
        return Say(fmt::format("'{}' can be read through one reference only", path[at + 1]));
      }
      from = target;
    }
  }

  Validation& validation_;
  const ResolvedObject& object_;
  const ResolvedField& field_;
  size_t offset_ = 0;
};

void CheckSyntax(Validation& validation, const ResolvedObject& object) {
  for (const ResolvedField& resolved : object.fields) {
    const Field& field = *resolved.field;
    // What did not parse has no text.
    if (resolved.origin != object.source || resolved.text != nullptr || field.is_ref ||
        field.key == "type" || !expr::HasExpression(field.value))
      continue;
    auto parsed = expr::Text::Parse(field.value);
    if (parsed) continue;
    validation.Error(object.id(), field.key, kInvalidExpression,
                     fmt::format("'{}', at character {}: {}", field.key, parsed.error().offset + 1,
                                 parsed.error().message));
  }
}

/// The names that each text uses.
using NamesOfTexts = std::unordered_map<const expr::Text*, std::vector<expr::NameUse>>;

/// Finds fields whose value needs itself: depth-first over (object, field), without recursion.
class FieldCycles {
 public:
  /// `names` has every text of the definition.
  FieldCycles(Validation& validation, const NamesOfTexts& names)
      : validation_(validation), names_(names) {}

  void Run() {
    for (const ResolvedObject& object : validation_.definition.objects()) {
      for (const ResolvedField& field : object.fields) {
        if (field.text != nullptr) Visit({&object, field.key()});
      }
    }
  }

 private:
  using Place = std::pair<const ResolvedObject*, std::string_view>;
  struct Hash {
    size_t operator()(const Place& place) const {
      return std::hash<const void*>()(place.first) * 31 +
             std::hash<std::string_view>()(place.second);
    }
  };
  enum State { kOpen = 1, kDone = 2 };
  struct Frame {
    Place place;
    std::vector<Place> next;
  };

  std::vector<Place> Needs(const Place& place) {
    std::vector<Place> needs;
    for (const ResolvedField* field : place.first->FindAll(place.second)) {
      if (field->text == nullptr) continue;
      const std::vector<expr::NameUse>& names = names_.at(field->text);
      if (names.size() > names_left_) continue;
      names_left_ -= names.size();
      for (const expr::NameUse& use : names) AddTarget(*place.first, use.path, needs);
    }
    return needs;
  }

  void AddTarget(const ResolvedObject& object, const std::vector<std::string>& path,
                 std::vector<Place>& needs) {
    const ResolvedObject* at = &object;
    for (size_t i = 0; i + 1 < path.size(); ++i) {
      const ResolvedField* field = at->Find(path[i]);
      if (field == nullptr || !field->is_ref()) return;
      at = validation_.definition.Find(field->value());
      if (at == nullptr) return;
    }
    const ResolvedField* last = at->Find(path.back());
    if (last != nullptr && last->text != nullptr) needs.push_back({at, last->key()});
  }

  void Visit(const Place& root) {
    if (state_.contains(root)) return;
    std::vector<Frame> stack;
    auto open = [&](const Place& place) {
      state_[place] = kOpen;
      stack.push_back({place, Needs(place)});
    };
    open(root);
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next.empty()) {
        state_[frame.place] = kDone;
        stack.pop_back();
        continue;
      }
      Place next = frame.next.back();
      frame.next.pop_back();
      auto found = state_.find(next);
      if (found == state_.end()) {
        open(next);
      } else if (found->second == kOpen) {
        validation_.Error(next.first->id(), next.second, "CYCLIC_REFERENCE",
                          fmt::format("'{}' needs its own value; follow its expressions to see how",
                                      next.second));
      }
    }
  }

  Validation& validation_;
  const NamesOfTexts& names_;
  size_t names_left_ = kNamesMax;
  std::unordered_map<Place, State, Hash> state_;
};

/// Finds what evaluates to an error in every run. Names and cycles have checks of their own.
class EvaluationCheck {
 public:
  explicit EvaluationCheck(Validation& validation)
      : validation_(validation),
        faults_(validation.definition, validation.parameters,
                validation.options.moment == Moment::kActivate) {}

  /// `names`: all that the field's text uses.
  void Check(const ResolvedObject& object, const ResolvedField& field,
             const std::vector<expr::NameUse>& names) {
    // Without a call or an operator there is nothing that could go wrong.
    if (field.value().find_first_of("(+-*/^") == std::string_view::npos) return;
    std::optional<expr::Failure> fault =
        AnyObjectHas(names) ? FindOnce(object, field) : faults_.Find(object, field);
    if (!fault) return;
    validation_.Error(
        field.origin->id, field.key(), kInvalidExpression,
        fmt::format("'{}', at character {}: {}", field.key(), fault->offset + 1, fault->message));
  }

 private:
  // Whether the value is the same whichever object has the text: it reads times of the run only.
  static bool AnyObjectHas(const std::vector<expr::NameUse>& names) {
    return std::all_of(names.begin(), names.end(), [](const expr::NameUse& use) {
      return use.path.size() == 1 && use.path[0].starts_with("@scheduled");
    });
  }

  // Large definitions repeat their few date patterns in every object.
  std::optional<expr::Failure> FindOnce(const ResolvedObject& object, const ResolvedField& field) {
    auto [known, added] = known_.try_emplace(field.value());
    if (added) known->second = faults_.Find(object, field);
    return known->second;
  }

  Validation& validation_;
  FaultFinder faults_;
  std::unordered_map<std::string_view, std::optional<expr::Failure>> known_;  // by text
};

// A secret in a place that is not: allowed, AWS's own templates do it, but it deserves a word.
void WarnOfSecret(Validation& validation, const ResolvedField& field, const expr::NameUse& use) {
  if (!IsSecretName(use.path.back()) || IsSecretName(field.key())) return;
  validation.Warn(
      field.origin->id, field.key(), "SECRET_VALUE",
      fmt::format(
          "'{}' uses the secret '{}': its value is masked wherever it is shown, but a command that "
          "prints it would reveal it",
          field.key(), use.path.back()));
}

// ${NAME} belongs to shells, Hive and Pig; a parameter's name in it is a slip of the pen.
void WarnOfOtherBraces(Validation& validation, const PipelineObject& object) {
  for (const Field& field : object.fields) {
    if (field.is_ref) continue;
    const std::string_view text = field.value;
    for (size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
      const size_t end = text.find_first_of("${}", at + 2);
      if (end == std::string_view::npos || text[end] != '}') continue;
      const std::string_view name = text.substr(at + 2, end - at - 2);
      const Parameter* parameter = validation.parameters.Find(name);
      if (parameter == nullptr || !parameter->declared) continue;
      validation.Warn(object.id, field.key, kInvalidExpression,
                      fmt::format("'{}', at character {}: '${{{}}}' is no expression; write "
                                  "'#{{{}}}' for the parameter",
                                  field.key, at + 1, name, name));
    }
  }
}

// A value for no parameter that anything uses is a slip if there is one of nearly that name.
void WarnOfUnusedValues(Validation& validation, const std::unordered_set<std::string_view>& used) {
  for (const auto& [id, parameter] : validation.parameters.all()) {
    if (parameter.declared || used.contains(id)) continue;
    std::string suggestion = validation.Suggestion(id, [&](NearestWord& nearest) {
      for (const auto& [other, declared] : validation.parameters.all()) {
        if (declared.declared) nearest.Offer(other);
      }
    });
    if (suggestion.empty()) continue;
    validation.Warn(
        id, "", kInvalidFieldValue,
        fmt::format("no parameter '{}' is declared and no expression uses it{}", id, suggestion));
  }
}

}  // namespace

void CheckExpressions(Validation& validation) {
  NamesOfTexts names;
  std::unordered_set<std::string_view> used;
  EvaluationCheck evaluation(validation);
  size_t names_left = kNamesMax;
  for (const ResolvedObject& object : validation.definition.objects()) {
    CheckSyntax(validation, object);
    WarnOfOtherBraces(validation, *object.source);
    for (const ResolvedField& field : object.fields) {
      if (field.text == nullptr) continue;
      auto [uses, added] = names.try_emplace(field.text);
      if (added) {
        uses->second = field.text->Names();
        for (const expr::NameUse& use : uses->second) used.insert(use.path[0]);
      }
      // Names in an object without type are looked up where it is inherited.
      if (object.type == nullptr || uses->second.size() > names_left) continue;
      names_left -= uses->second.size();
      for (const expr::NameUse& use : uses->second) {
        NameCheck(validation, object, field).Check(use);
        WarnOfSecret(validation, field, use);
      }
      evaluation.Check(object, field, uses->second);
    }
  }
  WarnOfUnusedValues(validation, used);
  FieldCycles(validation, names).Run();
}

}  // namespace penstock
