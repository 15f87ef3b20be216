#include "definition/evaluate.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "definition/secret.h"
#include "expr/nearest_word.h"

namespace penstock {
namespace {

using expr::Failure;
using expr::List;
using expr::Outcome;
using expr::Reference;
using expr::Value;

// One field may read another, which reads another: how deep, and how often in all.
constexpr size_t kFieldDepthMax = 20;
constexpr size_t kFieldReadsMax = 10'000;

// What a name's value costs beside its look-up, and where the search for faults ends: far above
// what a sound definition of 10,000 objects needs.
constexpr size_t kBytesPerCost = 64;
constexpr size_t kFaultCostMax = 1'000'000;

/// An object with what is known of it. `runtime` is null for objects reached through components.
struct View {
  const ResolvedObject* object = nullptr;
  const RuntimeScope* runtime = nullptr;
  std::string Id() const { return runtime != nullptr ? runtime->Id() : std::string(object->id()); }
};

// A literal as its slot's kind; the spelling stays, so that "0.250" comes out as it went in.
Value Typed(std::string_view text, SlotType slot) {
  Value value{text};
  if (slot == SlotType::kInteger) {
    if (auto number = ParseInt64(Trim(text))) value.data = *number, value.spelling = text;
  } else if (slot == SlotType::kDouble) {
    if (auto number = ParseDouble(Trim(text))) value.data = *number, value.spelling = text;
  } else if (slot == SlotType::kDateTime) {
    if (auto instant = ParseDateTime(text)) value.data = *instant;
  }
  return value;
}

SlotType SlotOf(ParameterType type) {
  switch (type) {
    case ParameterType::kInteger:
      return SlotType::kInteger;
    case ParameterType::kDouble:
      return SlotType::kDouble;
    case ParameterType::kString:
    case ParameterType::kS3ObjectKey:
      return SlotType::kString;
  }
  return SlotType::kString;
}

size_t SizeOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value.data)) return text->size();
  size_t size = 0;
  if (const List* list = value.AsList()) {
    for (const Value& element : *list) size += sizeof(Value) + SizeOf(element);
  }
  return size;
}

Value Folded(List values) {
  return values.size() == 1 ? std::move(values[0]) : Value(std::move(values));
}

class Evaluation {
 public:
  Evaluation(const ResolvedDefinition& definition, const Parameters& parameters, Missing missing,
             bool parameters_final = true)
      : definition_(definition),
        parameters_(parameters),
        missing_(missing),
        parameters_final_(parameters_final) {}

  Outcome<View> ViewOf(const RuntimeScope& runtime) {
    const ResolvedObject* object = definition_.Find(runtime.ComponentId());
    if (object == nullptr) {
      return Failure{Failure::Kind::kUnknownName, 0,
                     fmt::format("the definition has no object '{}'", runtime.ComponentId())};
    }
    return View{object, &runtime};
  }

  Outcome<Value> ValueOf(const View& view, const expr::Text& text);

  /// `name` in the scope of an object; parameters count only for bare names.
  Outcome<Value> Read(const View& view, std::string_view name, bool with_parameters) {
    Outcome<Value> value = ReadNow(view, name, with_parameters);
    cost_ += 1 + (value ? SizeOf(*value) / kBytesPerCost : 0);
    return value;
  }

  /// Names read, and what of long values.
  size_t cost() const { return cost_; }

  Outcome<Value> ReadNow(const View& view, std::string_view name, bool with_parameters) {
    if (++reads_ > kFieldReadsMax)
      return Failure{Failure::Kind::kTooMuch, 0, "too many fields are read"};
    if (name.starts_with('@')) return ReadRuntime(view, name);
    if (name == "node" && view.runtime != nullptr && view.runtime->Node() != nullptr) {
      ASSIGN_OR_RETURN(View node, ViewOf(*view.runtime->Node()));
      return Refer(node);
    }
    if (name == "id") return Value(view.Id());
    if (name == "name") return Value(view.object->name());
    if (name == "parent" && view.Id() != view.object->id())
      return Refer(View{view.object, nullptr});
    if (view.object->Find(name) != nullptr) return ReadField(view, name);
    if (with_parameters) {
      if (const Parameter* parameter = FindParameter(name)) return ReadParameter(*parameter);
    }
    if (view.runtime != nullptr) {
      if (std::optional<Value> value = Known(view, view.runtime->RuntimeField(name)))
        return *std::move(value);
    }
    const FieldInfo* info =
        view.object->type != nullptr ? view.object->type->Find(name) : FindFieldAnywhere(name);
    if (info != nullptr && info->runtime) return NotYet(name);
    if (info != nullptr) return Value("");
    return Unknown(view, name, with_parameters);
  }

  Outcome<Value> Follow(const Reference& reference, std::string_view name) {
    auto found = views_.find(reference.id);
    if (found == views_.end()) {
      return Failure{Failure::Kind::kUnknownName, 0,
                     fmt::format("'{}' is no object of this pipeline", reference.id)};
    }
    return Read(found->second, name, false);
  }

  const Parameter* FindParameter(std::string_view name) const { return parameters_.Find(name); }

  /// The id that a reference field's value stands for in this run.
  View Target(const View& view, const ResolvedField& field) const {
    const ResolvedObject* object = definition_.Find(field.value());
    const RuntimeScope* running =
        view.runtime != nullptr ? view.runtime->Target(field.key(), field.value()) : nullptr;
    return View{object, running};
  }

 private:
  Value Refer(const View& view) {
    std::string id = view.Id();
    views_.insert_or_assign(id, view);
    return Reference{std::move(id)};
  }

  Outcome<Value> NotYet(std::string_view name) const {
    if (missing_ == Missing::kEmpty) return Value("");
    return Failure{Failure::Kind::kNotYet, 0, fmt::format("'{}' has no value yet", name)};
  }

  // References that the runtime gives name objects that can be followed only if they are
  // components.
  std::optional<Value> Known(const View&, std::optional<Value> value) {
    if (!value) return std::nullopt;
    if (const Reference* reference = value->AsReference()) {
      if (const ResolvedObject* object = definition_.Find(reference->id)) {
        views_.try_emplace(reference->id, View{object, nullptr});
      }
    }
    return value;
  }

  Outcome<Value> ReadRuntime(const View& view, std::string_view name) {
    if (view.runtime != nullptr) {
      if (std::optional<Value> value = Known(view, view.runtime->RuntimeField(name)))
        return *std::move(value);
    }
    if (name == "@id") return Value(view.Id());
    if (FindFieldAnywhere(name) != nullptr) return NotYet(name);
    NearestWord nearest(name);
    for (const TypeInfo& type : AllTypes()) {
      for (const FieldInfo& field : type.fields) {
        if (field.name.starts_with('@')) nearest.Offer(field.name);
      }
    }
    return Failure{Failure::Kind::kUnknownName, 0,
                   fmt::format("there is no runtime field '{}'{}", name, DidYouMean(nearest))};
  }

  Outcome<Value> ReadField(const View& view, std::string_view key) {
    std::pair<const ResolvedObject*, std::string> place{view.object, std::string(key)};
    for (const auto& busy : path_) {
      if (busy == place) {
        return Failure{
            Failure::Kind::kTooMuch, 0,
            fmt::format("field '{}' of '{}' needs its own value", key, view.object->id())};
      }
    }
    if (path_.size() == kFieldDepthMax) {
      return Failure{
          Failure::Kind::kTooMuch, 0,
          fmt::format("fields refer to each other more than {} times in a row", kFieldDepthMax)};
    }
    path_.push_back(std::move(place));
    Outcome<Value> result = FieldValues(view, key);
    path_.pop_back();
    return result;
  }

  Outcome<Value> FieldValues(const View& view, std::string_view key) {
    const FieldInfo* info =
        view.object->type != nullptr ? view.object->type->Find(key) : FindFieldAnywhere(key);
    List values;
    for (const ResolvedField* place : view.object->FindAll(key)) {
      const ResolvedField& field = *place;
      if (field.is_ref()) {
        View target = Target(view, field);
        values.push_back(target.object != nullptr ? Refer(target)
                                                  : Value(Reference{std::string(field.value())}));
      } else if (field.text != nullptr) {
        auto value = ValueOf(view, *field.text);
        if (!value) {
          Failure failure = std::move(value).error();
          if (failure.kind != Failure::Kind::kNotYet)
            failure.message = fmt::format("in field '{}': {}", key, failure.message);
          return failure;
        }
        values.push_back(*std::move(value));
      } else {
        values.push_back(Typed(field.value(), info != nullptr ? info->slot : SlotType::kString));
      }
      values.back().secret |= IsSecretName(key);
    }
    return Folded(std::move(values));
  }

  Outcome<Value> ReadParameter(const Parameter& parameter) const {
    if (parameter.values.empty()) {
      if (!parameters_final_) {
        return Failure{Failure::Kind::kNotYet, 0,
                       fmt::format("parameter '{}' has no value yet", parameter.id)};
      }
      if (parameter.optional) return Value("");
      return Failure{Failure::Kind::kUnknownName, 0,
                     fmt::format("parameter '{}' has no value", parameter.id)};
    }
    List values;
    for (const std::string& text : parameter.values) {
      values.push_back(Typed(text, SlotOf(parameter.type)));
      values.back().secret = parameter.secret;
    }
    return Folded(std::move(values));
  }

  static std::string DidYouMean(const NearestWord& nearest) {
    return nearest.word().empty() ? "" : fmt::format("; did you mean '{}'?", nearest.word());
  }

  Outcome<Value> Unknown(const View& view, std::string_view name, bool with_parameters) const {
    NearestWord nearest(name);
    for (const ResolvedField& field : view.object->fields) nearest.Offer(field.key());
    if (with_parameters) {
      for (const auto& [id, parameter] : parameters_.all()) nearest.Offer(id);
    }
    if (view.object->type != nullptr) {
      for (const FieldInfo& field : view.object->type->fields) nearest.Offer(field.name);
    }
    return Failure{Failure::Kind::kUnknownName, 0,
                   fmt::format("'{}' has no field{} '{}'{}", view.object->id(),
                               with_parameters ? " and the pipeline no parameter" : "", name,
                               DidYouMean(nearest))};
  }

  const ResolvedDefinition& definition_;
  const Parameters& parameters_;
  Missing missing_;
  const bool parameters_final_;  // false: a parameter without value may still get one
  std::map<std::string, View, std::less<>> views_;                   // by the id in a Reference
  std::vector<std::pair<const ResolvedObject*, std::string>> path_;  // fields being read
  size_t reads_ = 0;
  size_t cost_ = 0;
};

class ViewScope : public expr::Scope {
 public:
  ViewScope(Evaluation& evaluation, const View& view) : evaluation_(evaluation), view_(view) {}
  Outcome<Value> Name(std::string_view name) override {
    return evaluation_.Read(view_, name, true);
  }
  Outcome<Value> Member(const Reference& object, std::string_view name) override {
    return evaluation_.Follow(object, name);
  }

 private:
  Evaluation& evaluation_;
  View view_;
};

Outcome<Value> Evaluation::ValueOf(const View& view, const expr::Text& text) {
  ViewScope scope(*this, view);
  return text.Evaluate(scope);
}

// An instance at some moment: it knows its times, and nothing else of a run.
class SampleScope : public ComponentScope {
 public:
  SampleScope(std::string id, Instant at) : ComponentScope(std::move(id)), at_(at) {}
  std::optional<Value> RuntimeField(std::string_view name) const override {
    const FieldInfo* info = FindFieldAnywhere(name);
    if (info == nullptr || info->slot != SlotType::kDateTime) return std::nullopt;
    return Value(at_);
  }

 private:
  const Instant at_;
};

// A leap day, the first and the last moment of years: what fails at all of them always fails.
constexpr std::string_view kSampleTimes[] = {"2012-02-29T17:10:00", "2011-01-01T00:00:00",
                                             "2011-12-31T23:59:59"};

Error ToError(std::string_view object, std::string_view field, const Failure& failure) {
  std::string where = field.empty() ? "" : fmt::format("field '{}' of ", field);
  return InvalidArgument(fmt::format("{}'{}', at character {}: {}", where, object,
                                     failure.offset + 1, failure.message));
}

// A field that is nothing but an optional parameter without value is as if it were not there.
bool IsDropped(const View& view, const ResolvedField& field, const Parameters& parameters) {
  std::string_view name = field.text->SingleName();
  if (name.empty() || view.object->Find(name) != nullptr) return false;
  const Parameter* parameter = parameters.Find(name);
  return parameter != nullptr && parameter->optional && parameter->values.empty();
}

EvaluatedField Kept(const ResolvedField& field, bool secret) {
  return {std::string(field.key()), std::string(field.value()), false, secret, false};
}

Status AppendEvaluated(const ResolvedDefinition& definition, const Parameters& parameters,
                       const RuntimeScope& object, const View& view, const ResolvedField& field,
                       const EvaluateOptions& options, std::vector<EvaluatedField>& out) {
  std::string key(field.key());
  Evaluation evaluation(definition, parameters, options.missing);
  if (field.is_ref()) {
    View target = evaluation.Target(view, field);
    std::string id = target.runtime != nullptr ? target.runtime->Id() : std::string(field.value());
    out.push_back({std::move(key), std::move(id), true});
    return {};
  }
  bool secret = IsSecretName(key);
  if (field.text == nullptr) {
    bool masked = secret && options.keep_secret_text;
    out.push_back({std::move(key), std::string(masked ? kSecretMask : field.value()), false, secret,
                   !masked});
    return {};
  }
  if (IsDropped(view, field, parameters)) return {};
  Outcome<Value> value = evaluation.ValueOf(view, *field.text);
  if (!value) {
    if (value.error().kind == Failure::Kind::kNotYet) {
      out.push_back(Kept(field, secret));
      return {};
    }
    return ToError(object.Id(), key, value.error());
  }
  secret |= expr::IsSecret(*value);
  if (secret && options.keep_secret_text) {
    out.push_back(Kept(field, true));
    return {};
  }
  const List* list = value->AsList();
  if (list == nullptr) {
    out.push_back({std::move(key), ToText(*value), false, secret});
    return {};
  }
  for (const Value& element : *list) out.push_back({key, ToText(element), false, secret});
  return {};
}

Result<std::vector<EvaluatedField>> Evaluate(const ResolvedDefinition& definition,
                                             const Parameters& parameters,
                                             const RuntimeScope& object, std::string_view only,
                                             const EvaluateOptions& options) {
  Outcome<View> view = Evaluation(definition, parameters, options.missing).ViewOf(object);
  if (!view) return ToError(object.Id(), only, view.error());
  std::vector<EvaluatedField> out;
  auto append = [&](const ResolvedField& field) {
    return AppendEvaluated(definition, parameters, object, *view, field, options, out);
  };
  if (!only.empty()) {
    for (const ResolvedField* field : view->object->FindAll(only)) RETURN_IF_ERROR(append(*field));
    return out;
  }
  for (const ResolvedField& field : view->object->fields) {
    if (field.key() != "parent") RETURN_IF_ERROR(append(field));
  }
  return out;
}

}  // namespace

Result<std::vector<EvaluatedField>> EvaluateFields(const ResolvedDefinition& definition,
                                                   const Parameters& parameters,
                                                   const RuntimeScope& object,
                                                   const EvaluateOptions& options) {
  return Evaluate(definition, parameters, object, {}, options);
}

Result<std::vector<EvaluatedField>> EvaluateField(const ResolvedDefinition& definition,
                                                  const Parameters& parameters,
                                                  const RuntimeScope& object, std::string_view key,
                                                  const EvaluateOptions& options) {
  return Evaluate(definition, parameters, object, key, options);
}

FaultFinder::FaultFinder(const ResolvedDefinition& definition, const Parameters& parameters,
                         bool parameters_final)
    : definition_(definition), parameters_(parameters), parameters_final_(parameters_final) {}

std::optional<Failure> FaultFinder::Find(const ResolvedObject& object, const ResolvedField& field) {
  if (field.text == nullptr) return std::nullopt;
  Failure fault;
  for (std::string_view time : kSampleTimes) {
    if (cost_ > kFaultCostMax) return std::nullopt;
    SampleScope scope(std::string(object.id()), ParseDateTime(time).value());
    Evaluation evaluation(definition_, parameters_, Missing::kKeepText, parameters_final_);
    Outcome<Value> value = evaluation.ValueOf(View{&object, &scope}, *field.text);
    cost_ += evaluation.cost();
    if (value || value.error().kind != Failure::Kind::kType) return std::nullopt;
    fault = std::move(value).error();
  }
  return fault;
}

Result<EvaluatedText> EvaluateText(const ResolvedDefinition& definition,
                                   const Parameters& parameters, const RuntimeScope& object,
                                   std::string_view text) {
  Evaluation evaluation(definition, parameters, Missing::kEmpty);
  auto evaluate = [&]() -> Outcome<Value> {
    ASSIGN_OR_RETURN(View view, evaluation.ViewOf(object));
    ASSIGN_OR_RETURN(expr::Text parsed, expr::Text::Parse(text));
    return evaluation.ValueOf(view, parsed);
  };
  Outcome<Value> value = evaluate();
  if (!value) return ToError(object.Id(), "", value.error());
  return EvaluatedText{ToText(*value), expr::IsSecret(*value)};
}

}  // namespace penstock
