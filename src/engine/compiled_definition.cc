#include "engine/compiled_definition.h"

#include <utility>
#include <variant>

#include "base/check.h"
#include "engine/codec.h"

namespace penstock::engine {
namespace {

std::string Pack(const DefinitionRecord& record) {
  std::string bytes = EncodeRecord(record);
  bytes.shrink_to_fit();  // it grew by doubling
  return bytes;
}

size_t SizeOf(const CompiledDefinition& text) { return text.resolved.objects().size(); }
size_t SizeOf(const Plan& plan) { return plan.components.size(); }

}  // namespace

std::shared_ptr<const CompiledDefinition> CompileDefinition(const DefinitionRecord& record,
                                                            std::shared_ptr<const Plan> plan) {
  ResolvedDefinition resolved = Resolve(record.definition);
  Parameters parameters = Parameters::Of(record.definition);
  if (plan == nullptr) plan = std::make_shared<const Plan>(CompilePlan(resolved, parameters));
  const Plan& same = *plan;
  return std::shared_ptr<const CompiledDefinition>(new CompiledDefinition{
      record.version, std::move(resolved), std::move(parameters), std::move(plan), same});
}

void CompiledCache::Trim() {
  while (texts_.size > bounds_.objects && texts_.recent.size() > bounds_.definitions_min) {
    PackedDefinition::Release(texts_.recent.back()->text_, texts_);
  }
  while (plans_.size > bounds_.components && plans_.recent.size() > bounds_.definitions_min) {
    PackedDefinition::Release(plans_.recent.back()->plan_, plans_);
  }
}

PackedDefinition::PackedDefinition(const DefinitionRecord& record,
                                   std::shared_ptr<CompiledCache> cache)
    : cache_(std::move(cache)), version_(record.version), bytes_(Pack(record)) {}

PackedDefinition::~PackedDefinition() {
  Release(text_, cache_->texts_);
  Release(plan_, cache_->plans_);
}

DefinitionRecord PackedDefinition::Unpack() const {
  const std::string id = RecordId(DefinitionRecord{version_, {}});
  Result<Write> write = DecodeRecord(RecordKey({}, RecordKind::kDefinition, id), bytes_);
  CHECK(write.has_value(), "a packed definition does not read back");
  return std::get<DefinitionRecord>(std::move(write->change));
}

bool PackedDefinition::Holds(const DefinitionRecord& record) const {
  return EncodeRecord(record) == bytes_;
}

const CompiledDefinition& PackedDefinition::Compiled() const {
  Keep(text_, cache_->texts_, text_.value ? text_.value : CompileDefinition(Unpack(), plan_.value));
  return *text_.value;
}

const Plan& PackedDefinition::plan() const {
  Keep(plan_, cache_->plans_, plan_.value ? plan_.value : Compiled().shared_plan);
  return *plan_.value;
}

template <class T>
void PackedDefinition::Keep(Kept<T>& kept, CompiledCache::Shelf& shelf,
                            std::shared_ptr<const T> value) const {
  if (kept.value != nullptr) {
    shelf.recent.splice(shelf.recent.begin(), shelf.recent, kept.place);
    return;
  }
  shelf.size += SizeOf(*value);
  kept.value = std::move(value);
  kept.place = shelf.recent.insert(shelf.recent.begin(), this);
}

template <class T>
void PackedDefinition::Release(Kept<T>& kept, CompiledCache::Shelf& shelf) {
  if (kept.value == nullptr) return;
  shelf.size -= SizeOf(*kept.value);
  shelf.recent.erase(kept.place);
  kept.value.reset();
}

}  // namespace penstock::engine
