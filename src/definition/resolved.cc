#include "definition/resolved.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace penstock {

struct ResolvedDefinition::Body {
  Definition source;
  std::deque<expr::Text> texts;  // addresses stay
  std::vector<ResolvedObject> objects;
  std::unordered_map<std::string_view, size_t> by_id;
  bool inherits_too_much = false;
};

namespace {

// What an object's ancestors do not hand down.
bool IsOwnOnly(std::string_view key) {
  return key == "type" || key == "parent" || key == "id" || key == "name";
}

// startDateTime and endDateTime are the only fields where the guide writes a call without braces.
bool IsBareCall(const Field& field) {
  return (field.key == "startDateTime" || field.key == "endDateTime") &&
         field.value.find('(') != std::string::npos && !expr::HasExpression(field.value);
}

class Resolver {
 public:
  Resolver(const Definition& source, std::deque<expr::Text>& texts,
           const std::unordered_map<std::string_view, size_t>& by_id)
      : source_(source), by_id_(by_id) {
    texts_.resize(source.objects.size());
    for (size_t i = 0; i < source.objects.size(); ++i) {
      for (const Field& field : source.objects[i].fields) {
        const expr::Text* text = nullptr;
        if (auto parsed = Parse(field)) text = &texts.emplace_back(*std::move(parsed));
        texts_[i].push_back(text);
      }
    }
  }

  ResolvedObject Of(size_t index) {
    const PipelineObject& object = source_.objects[index];
    ResolvedObject result;
    result.source = &object;
    if (const Field* type = object.Find("type"); type != nullptr && !type->is_ref) {
      result.type_name = type->value;
      result.type = FindType(type->value);
    }
    std::unordered_set<std::string_view> keys;
    std::vector<size_t> chain;
    for (std::optional<size_t> at = index; at && chain.size() <= kAncestorsMax;
         at = ParentOf(*at)) {
      if (std::find(chain.begin(), chain.end(), *at) != chain.end()) break;
      chain.push_back(*at);
      Append(*at, *at == index, keys, result);
    }
    if (result.fields.size() >= kIndexedFrom) Index(result);
    return result;
  }

  bool inherits_too_much() const { return inherited_ > kInheritedFieldsMax; }

 private:
  // Below, looking at every field is as fast.
  static constexpr size_t kIndexedFrom = 32;

  static void Index(ResolvedObject& object) {
    object.by_key.resize(object.fields.size());
    std::iota(object.by_key.begin(), object.by_key.end(), 0u);
    std::stable_sort(object.by_key.begin(), object.by_key.end(), [&](uint32_t a, uint32_t b) {
      return object.fields[a].key() < object.fields[b].key();
    });
  }

  static std::optional<expr::Text> Parse(const Field& field) {
    if (field.is_ref || field.key == "type") return std::nullopt;
    auto parsed = expr::HasExpression(field.value) ? expr::Text::Parse(field.value)
                  : IsBareCall(field)              ? expr::Text::ParseBare(field.value)
                                                   : expr::Outcome<expr::Text>(expr::Failure{});
    if (!parsed) return std::nullopt;
    return *std::move(parsed);
  }

  std::optional<size_t> ParentOf(size_t index) const {
    const PipelineObject& object = source_.objects[index];
    const Field* parent = object.Find("parent");
    std::string_view id = parent != nullptr ? std::string_view(parent->value) : "Default";
    if (parent == nullptr && object.id == "Default") return std::nullopt;
    auto found = by_id_.find(id);
    if (found == by_id_.end()) return std::nullopt;
    return found->second;
  }

  bool NamesObject(const TypeInfo* type, const ResolvedField& field) const {
    if (field.field->is_ref || field.text != nullptr) return false;
    if (field.key() != "parent") {
      if (IsUserFieldName(field.key())) return false;
      const FieldInfo* info =
          type != nullptr ? type->Find(field.key()) : FindFieldAnywhere(field.key());
      if (info == nullptr || info->slot != SlotType::kReference) return false;
    }
    return by_id_.contains(field.value());
  }

  void Append(size_t from, bool own, std::unordered_set<std::string_view>& keys,
              ResolvedObject& result) {
    const PipelineObject& origin = source_.objects[from];
    size_t first_new = result.fields.size();
    for (size_t i = 0; i < origin.fields.size(); ++i) {
      const Field& field = origin.fields[i];
      if (!own) {
        if (IsOwnOnly(field.key) || keys.contains(field.key)) continue;
        if (result.type != nullptr && result.type->Find(field.key) == nullptr &&
            !IsUserFieldName(field.key)) {
          continue;
        }
        if (++inherited_ > kInheritedFieldsMax) break;
      }
      result.fields.push_back({&field, &origin, texts_[from][i]});
      result.fields.back().names_object = NamesObject(result.type, result.fields.back());
    }
    for (size_t i = first_new; i < result.fields.size(); ++i) keys.insert(result.fields[i].key());
  }

  const Definition& source_;
  const std::unordered_map<std::string_view, size_t>& by_id_;
  std::vector<std::vector<const expr::Text*>> texts_;  // by object, then field
  size_t inherited_ = 0;                               // fields, of all objects so far
};

/// Calls `visit` with every field of that key in order, until it says false.
template <class Visit>
void ForEachOf(const ResolvedObject& object, std::string_view key, Visit visit) {
  if (object.by_key.empty()) {
    for (const ResolvedField& field : object.fields) {
      if (field.key() == key && !visit(field)) return;
    }
    return;
  }
  auto at = std::lower_bound(
      object.by_key.begin(), object.by_key.end(), key,
      [&](uint32_t place, std::string_view wanted) { return object.fields[place].key() < wanted; });
  for (; at != object.by_key.end() && object.fields[*at].key() == key; ++at) {
    if (!visit(object.fields[*at])) return;
  }
}

}  // namespace

const ResolvedField* ResolvedObject::Find(std::string_view key) const {
  const ResolvedField* found = nullptr;
  ForEachOf(*this, key, [&](const ResolvedField& field) {
    found = &field;
    return false;
  });
  return found;
}

std::vector<const ResolvedField*> ResolvedObject::FindAll(std::string_view key) const {
  std::vector<const ResolvedField*> found;
  ForEachOf(*this, key, [&](const ResolvedField& field) {
    found.push_back(&field);
    return true;
  });
  return found;
}

std::string_view ResolvedObject::Value(std::string_view key) const {
  const ResolvedField* field = Find(key);
  return field == nullptr ? std::string_view() : field->value();
}

std::vector<std::string_view> ResolvedObject::References(std::string_view key) const {
  std::vector<std::string_view> ids;
  ForEachOf(*this, key, [&](const ResolvedField& field) {
    if (field.is_ref()) ids.push_back(field.value());
    return true;
  });
  return ids;
}

ResolvedDefinition::ResolvedDefinition() : body_(std::make_shared<Body>()) {}

const Definition& ResolvedDefinition::source() const { return body_->source; }
const std::vector<ResolvedObject>& ResolvedDefinition::objects() const { return body_->objects; }

bool ResolvedDefinition::InheritsTooMuch() const { return body_->inherits_too_much; }

const ResolvedObject* ResolvedDefinition::Find(std::string_view id) const {
  auto found = body_->by_id.find(id);
  return found == body_->by_id.end() ? nullptr : &body_->objects[found->second];
}

ResolvedDefinition Resolve(Definition definition) {
  auto body = std::make_shared<ResolvedDefinition::Body>();
  body->source = std::move(definition);
  const std::vector<PipelineObject>& objects = body->source.objects;
  for (size_t i = 0; i < objects.size(); ++i) body->by_id.try_emplace(objects[i].id, i);
  Resolver resolver(body->source, body->texts, body->by_id);
  body->objects.reserve(objects.size());
  for (size_t i = 0; i < objects.size(); ++i) body->objects.push_back(resolver.Of(i));
  body->inherits_too_much = resolver.inherits_too_much();
  ResolvedDefinition result;
  result.body_ = std::move(body);
  return result;
}

}  // namespace penstock
