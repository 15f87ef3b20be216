#include "service/selector.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "service/data_pipeline_error.h"
#include "time/instant.h"

namespace penstock {
namespace {

using engine::RunStatus;

constexpr size_t kSelectorsMax = 10;

enum class FieldClass { kText, kReference, kStatus, kSphere, kTime };

struct SelectableField {
  std::string_view name;
  FieldClass kind;
};
constexpr SelectableField kFields[] = {
    {"name", FieldClass::kText},
    {"@sphere", FieldClass::kSphere},
    {"parent", FieldClass::kReference},
    {"@componentParent", FieldClass::kReference},
    {"@instanceParent", FieldClass::kReference},
    {"@status", FieldClass::kStatus},
    {"@scheduledStartTime", FieldClass::kTime},
    {"@scheduledEndTime", FieldClass::kTime},
    {"@actualStartTime", FieldClass::kTime},
    {"@actualEndTime", FieldClass::kTime},
};

const SelectableField* FindField(std::string_view name) {
  auto found = std::ranges::find(kFields, name, &SelectableField::name);
  return found == std::end(kFields) ? nullptr : found;
}

constexpr std::pair<std::string_view, SelectorOperator> kOperators[] = {
    {"EQ", SelectorOperator::kEq},           {"REF_EQ", SelectorOperator::kRefEq},
    {"GE", SelectorOperator::kGe},           {"LE", SelectorOperator::kLe},
    {"BETWEEN", SelectorOperator::kBetween},
};

/// A date alone is its midnight.
std::optional<Instant> ParseTime(std::string_view text) {
  std::optional<Instant> instant = ParseDateTime(text);
  return instant ? instant : ParseIso(text);
}

ApiResult<Selector> ParseSelector(const json::Object& object) {
  const json::Value* name = json::Find(object, "fieldName");
  const json::Value* operation = json::Find(object, "operator");
  if (name == nullptr || operation == nullptr) {
    return InvalidRequestException("A selector needs a fieldName and an operator");
  }
  Selector selector;
  selector.field = std::string(name->get_string());
  const SelectableField* field = FindField(selector.field);
  if (field == nullptr) {
    std::vector<std::string> names;
    for (const SelectableField& known : kFields) names.emplace_back(known.name);
    return InvalidRequestException(
        fmt::format("Objects cannot be selected by the field '{}'; use one of {}", selector.field,
                    Join(names, ", ")));
  }
  const json::Value* type = json::Find(operation->get_object(), "type");
  if (type == nullptr)
    return InvalidRequestException(fmt::format("The operator on '{}' has no type", selector.field));
  std::string_view type_name = type->get_string();
  for (const auto& [text, known] : kOperators) {
    if (text == type_name) selector.operation = known;
  }
  if (const json::Value* values = json::Find(operation->get_object(), "values")) {
    for (const json::Value& value : values->get_array())
      selector.values.emplace_back(value.get_string());
  }
  bool is_equality =
      selector.operation == SelectorOperator::kEq || selector.operation == SelectorOperator::kRefEq;
  if (!is_equality && field->kind != FieldClass::kTime) {
    return InvalidRequestException(
        fmt::format("The operator {} works on times only (@scheduledStartTime, @scheduledEndTime, "
                    "@actualStartTime, @actualEndTime), "
                    "not on '{}'",
                    type_name, selector.field));
  }
  if (selector.operation == SelectorOperator::kRefEq && field->kind != FieldClass::kReference) {
    return InvalidRequestException(
        fmt::format("The operator REF_EQ works on reference fields only (parent, @componentParent, "
                    "@instanceParent), not on '{}'",
                    selector.field));
  }
  size_t wanted = is_equality ? 0 : selector.operation == SelectorOperator::kBetween ? 2 : 1;
  if (wanted == 0 ? selector.values.empty() : selector.values.size() != wanted) {
    return InvalidRequestException(fmt::format(
        "The operator {} on '{}' needs {}, but {} were given", type_name, selector.field,
        wanted == 0   ? "at least one value"
        : wanted == 1 ? "one value"
                      : "two values",
        selector.values.size()));
  }
  if (field->kind == FieldClass::kTime) {
    for (const std::string& value : selector.values) {
      if (ParseTime(value)) continue;
      return InvalidRequestException(
          fmt::format("'{}' is no time; '{}' is compared with values like 2014-05-01T00:00:00",
                      value, selector.field));
    }
  }
  return selector;
}

std::vector<RunStatus> StatusesOf(const std::vector<std::string>& words) {
  std::vector<RunStatus> statuses;
  for (const std::string& word : words) {
    if (EqualsIgnoreCase(word, "WAITING")) {
      statuses.push_back(RunStatus::kWaitingOnDependencies);
      statuses.push_back(RunStatus::kWaitingForRunner);
    } else if (std::optional<RunStatus> status = engine::ParseStatus(word)) {
      statuses.push_back(*status);
    }
  }
  return statuses;
}

std::vector<ObjectCondition::Range> RangesOf(const Selector& selector) {
  std::vector<Instant> times;
  for (const std::string& value : selector.values) times.push_back(*ParseTime(value));
  switch (selector.operation) {
    case SelectorOperator::kGe:
      return {{times[0], std::nullopt}};
    case SelectorOperator::kLe:
      return {{std::nullopt, times[0]}};
    case SelectorOperator::kBetween:
      return {{times[0], times[1]}};
    case SelectorOperator::kEq:
    case SelectorOperator::kRefEq:
      break;
  }
  std::vector<ObjectCondition::Range> ranges;
  for (Instant time : times) ranges.push_back({time, time});
  return ranges;
}

ObjectColumn ColumnOf(std::string_view field) {
  if (field == "parent" || field == "@componentParent") return ObjectColumn::kComponent;
  if (field == "@instanceParent") return ObjectColumn::kInstance;
  if (field == "@status") return ObjectColumn::kStatus;
  if (field == "@scheduledStartTime") return ObjectColumn::kScheduledStart;
  if (field == "@scheduledEndTime") return ObjectColumn::kScheduledEnd;
  if (field == "@actualStartTime") return ObjectColumn::kActualStart;
  if (field == "@actualEndTime") return ObjectColumn::kActualEnd;
  return ObjectColumn::kId;  // name
}

bool Contains(const std::vector<std::string>& values, std::string_view value) {
  return std::ranges::find(values, value) != values.end();
}

bool Holds(const Selector& selector, const PipelineObject& component) {
  if (selector.field == "name") return Contains(selector.values, component.name);
  const Field* field = component.Find(selector.field);
  if (field == nullptr) return false;
  if (selector.operation == SelectorOperator::kRefEq && !field->is_ref) return false;
  if (FindField(selector.field)->kind != FieldClass::kTime)
    return Contains(selector.values, field->value);
  std::optional<Instant> time = ParseTime(field->value);
  return time && std::ranges::any_of(RangesOf(selector), [&](const ObjectCondition::Range& range) {
           return (!range.from || *time >= *range.from) && (!range.until || *time <= *range.until);
         });
}

}  // namespace

ApiResult<std::vector<Selector>> ParseSelectors(const json::Object* query) {
  std::vector<Selector> selectors;
  const json::Value* list = query == nullptr ? nullptr : json::Find(*query, "selectors");
  if (list == nullptr) return selectors;
  if (list->get_array().size() > kSelectorsMax) {
    return InvalidRequestException(fmt::format("A query takes {} selectors at most; {} were given",
                                               kSelectorsMax, list->get_array().size()));
  }
  for (const json::Value& selector : list->get_array()) {
    ASSIGN_OR_RETURN(Selector parsed, ParseSelector(selector.get_object()));
    selectors.push_back(std::move(parsed));
  }
  return selectors;
}

ObjectQuery MakeObjectQuery(ObjectSphere sphere, const std::vector<Selector>& selectors) {
  ObjectQuery query{sphere, {}};
  for (const Selector& selector : selectors) {
    ObjectCondition condition;
    switch (FindField(selector.field)->kind) {
      case FieldClass::kSphere: {
        std::string_view own = sphere == ObjectSphere::kInstance ? "INSTANCE" : "ATTEMPT";
        if (Contains(selector.values, own)) continue;
        break;  // a condition on the id that nothing satisfies
      }
      case FieldClass::kStatus:
        condition.column = ObjectColumn::kStatus;
        condition.any_status = StatusesOf(selector.values);
        break;
      case FieldClass::kTime:
        condition.column = ColumnOf(selector.field);
        condition.ranges = RangesOf(selector);
        break;
      case FieldClass::kText:
      case FieldClass::kReference:
        condition.column = ColumnOf(selector.field);
        condition.any_of = selector.values;
        break;
    }
    query.conditions.push_back(std::move(condition));
  }
  return query;
}

bool Matches(const std::vector<Selector>& selectors, const PipelineObject& component) {
  return std::ranges::all_of(selectors,
                             [&](const Selector& selector) { return Holds(selector, component); });
}

}  // namespace penstock
