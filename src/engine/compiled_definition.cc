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

}  // namespace

std::shared_ptr<const CompiledDefinition> CompileDefinition(const DefinitionRecord& record) {
  auto compiled = std::make_shared<CompiledDefinition>();
  compiled->version = record.version;
  compiled->resolved = Resolve(record.definition);
  compiled->parameters = Parameters::Of(record.definition);
  compiled->plan = CompilePlan(compiled->resolved, compiled->parameters);
  return compiled;
}

void CompiledCache::Trim() {
  while (objects_ > objects_max_ && recent_.size() > definitions_min_) recent_.back()->Release();
}

PackedDefinition::PackedDefinition(const DefinitionRecord& record,
                                   std::shared_ptr<CompiledCache> cache)
    : cache_(std::move(cache)), version_(record.version), bytes_(Pack(record)) {}

PackedDefinition::~PackedDefinition() { Release(); }

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
  if (compiled_ != nullptr) {
    cache_->recent_.splice(cache_->recent_.begin(), cache_->recent_, place_);
    return *compiled_;
  }
  compiled_ = CompileDefinition(Unpack());
  place_ = cache_->recent_.insert(cache_->recent_.begin(), this);
  cache_->objects_ += compiled_->resolved.objects().size();
  return *compiled_;
}

void PackedDefinition::Release() const {
  if (compiled_ == nullptr) return;
  cache_->objects_ -= compiled_->resolved.objects().size();
  cache_->recent_.erase(place_);
  compiled_.reset();
}

}  // namespace penstock::engine
