#include "engine/codec.h"

#include <fmt/core.h>

#include <concepts>

#include "base/check.h"
#include "base/text.h"

namespace penstock::engine {
namespace {

constexpr char kFormatVersion = 1;
constexpr char kSeparator = '\x1f';

template <class R, class T>
concept Of = std::same_as<std::remove_const_t<R>, T>;

// The fields of each kind, in the order in which they are stored. A new field goes to the end of
// its list.

template <class C>
void Visit(C& c, Of<Tag> auto& r) {
  c(r.key, r.value);
}
template <class C>
void Visit(C& c, Of<Field> auto& r) {
  c(r.key, r.value, r.is_ref);
}
template <class C>
void Visit(C& c, Of<PipelineObject> auto& r) {
  c(r.id, r.name, r.fields);
}
template <class C>
void Visit(C& c, Of<ParameterAttribute> auto& r) {
  c(r.key, r.value);
}
template <class C>
void Visit(C& c, Of<ParameterObject> auto& r) {
  c(r.id, r.attributes);
}
template <class C>
void Visit(C& c, Of<ParameterValue> auto& r) {
  c(r.id, r.value);
}
template <class C>
void Visit(C& c, Of<Definition> auto& r) {
  c(r.objects, r.parameters, r.values);
}
template <class C>
void Visit(C& c, Of<PipelineRecord> auto& r) {
  c(r.name, r.unique_id, r.description, r.creator, r.tags, r.state, r.created_at,
    r.first_activated_at, r.last_activated_at, r.last_deactivated_at, r.finished_at,
    r.latest_version, r.active_version, r.last_version, r.errored, r.skip_before, r.last_run_at);
}
template <class C>
void Visit(C& c, Of<DefinitionRecord> auto& r) {
  c(r.version, r.definition);
}
template <class C>
void Visit(C& c, Of<ComponentRecord> auto& r) {
  c(r.id, r.paused, r.next_interval, r.last_created_at, r.next_run_at, r.latest_run_at,
    r.latest_completed_run_at, r.wake_at, r.health, r.health_from, r.health_updated_at);
}
template <class C>
void Visit(C& c, Of<InstanceRecord> auto& r) {
  c(r.id, r.component, r.version, r.scheduled_start, r.scheduled_end, r.due_at, r.status,
    r.actual_start, r.actual_end, r.node, r.resource, r.worker_group, r.inputs, r.outputs,
    r.depends_on, r.waiting_on, r.blocked_by, r.waiting_reason, r.attempts, r.tries_left,
    r.retry_at, r.wake_at, r.held, r.resumes, r.marked_finished, r.late_decided, r.actions_decided,
    r.cascade_failed_on, r.cancellation_reason, r.error_id, r.error_message, r.error_stack_trace,
    r.checks, r.first_check_at, r.last_check_at, r.launched_at, r.terminate_at, r.fields);
}
template <class C>
void Visit(C& c, Of<AttemptRecord> auto& r) {
  c(r.instance, r.number, r.status, r.worker_group, r.created_at, r.lease, r.leases, r.leased_at,
    r.acknowledged_at, r.reported_at, r.started_at, r.ended_at, r.worker, r.hostname, r.deadline,
    r.held, r.cancel_requested, r.error_id, r.error_message, r.error_stack_trace, r.fields);
}
template <class C>
void Visit(C& c, Of<EffectRecord> auto& r) {
  c(r.key, r.kind, r.object, r.instance, r.attempt, r.name, r.decided_at, r.fields);
}
template <class C>
void Visit(C& c, Of<TombstoneRecord> auto& r) {
  c(r.deleted_at);
}

constexpr uint8_t Last(RunStatus) { return static_cast<uint8_t>(RunStatus::kSkipped); }
constexpr uint8_t Last(PipelineState) { return static_cast<uint8_t>(PipelineState::kFinished); }
constexpr uint8_t Last(Health) { return static_cast<uint8_t>(Health::kError); }
constexpr uint8_t Last(EffectKind) { return static_cast<uint8_t>(EffectKind::kPublishAlarm); }

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <class... T>
  void operator()(const T&... fields) {
    (Put(fields), ...);
  }

 private:
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void Put(uint64_t value) { Varint(value); }
  void Put(int64_t value) {
    Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  void Put(int value) { Put(int64_t{value}); }
  void Put(bool value) { out_.push_back(value ? 1 : 0); }
  void Put(Instant value) { Put(int64_t{value.time_since_epoch().count()}); }
  void Put(const std::string& value) {
    Varint(value.size());
    out_ += value;
  }
  template <class T>
    requires std::is_enum_v<T>
  void Put(T value) {
    out_.push_back(static_cast<char>(value));
  }
  template <class T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value) Put(*value);
  }
  template <class T>
  void Put(const std::vector<T>& values) {
    Varint(values.size());
    for (const T& value : values) Put(value);
  }
  template <class T>
    requires std::is_class_v<T>
  void Put(const T& value) {
    Visit(*this, value);
  }

  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  /// At the top level a value that ends early leaves the fields after it at their defaults.
  template <class... T>
  void operator()(T&... fields) {
    const bool top = !std::exchange(nested_, true);
    ((top && in_.empty() ? void() : Get(fields)), ...);
  }

  bool ok() const { return ok_ && in_.empty(); }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (in_.empty()) break;
      const uint8_t byte = static_cast<uint8_t>(in_.front());
      in_.remove_prefix(1);
      if (shift == 63 && byte > 1) break;
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    in_ = {};
    return 0;
  }
  uint8_t Byte(uint8_t last) {
    if (in_.empty() || static_cast<uint8_t>(in_.front()) > last) {
      ok_ = false;
      in_ = {};
      return 0;
    }
    const uint8_t byte = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    return byte;
  }
  void Get(uint64_t& value) { value = Varint(); }
  void Get(int64_t& value) {
    const uint64_t bits = Varint();
    value = static_cast<int64_t>(bits >> 1) ^ -static_cast<int64_t>(bits & 1);
  }
  void Get(int& value) {
    int64_t wide = 0;
    Get(wide);
    if (wide < INT32_MIN || wide > INT32_MAX) ok_ = false;
    value = static_cast<int>(wide);
  }
  void Get(bool& value) { value = Byte(1) != 0; }
  void Get(Instant& value) {
    int64_t millis = 0;
    Get(millis);
    value = Instant(Duration(millis));
  }
  void Get(std::string& value) {
    const uint64_t size = Varint();
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return;
    }
    value = in_.substr(0, size);
    in_.remove_prefix(size);
  }
  template <class T>
    requires std::is_enum_v<T>
  void Get(T& value) {
    value = static_cast<T>(Byte(Last(T{})));
  }
  template <class T>
  void Get(std::optional<T>& value) {
    bool present = false;
    Get(present);
    if (present) Get(value.emplace());
  }
  template <class T>
  void Get(std::vector<T>& values) {
    const uint64_t size = Varint();
    // Each element takes at least a byte: a length beyond that is a lie, not a reason to allocate.
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return;
    }
    values.clear();
    for (uint64_t i = 0; i < size && ok_; ++i) Get(values.emplace_back());
  }
  template <class T>
    requires std::is_class_v<T>
  void Get(T& value) {
    Visit(*this, value);
  }

  std::string_view in_;
  bool ok_ = true;
  bool nested_ = false;
};

char KindLetter(RecordKind kind) {
  switch (kind) {
    case RecordKind::kPipeline:
      return 'p';
    case RecordKind::kDefinition:
      return 'd';
    case RecordKind::kComponent:
      return 'c';
    case RecordKind::kInstance:
      return 'i';
    case RecordKind::kAttempt:
      return 'a';
    case RecordKind::kEffect:
      return 'e';
    case RecordKind::kTombstone:
      return 't';
  }
  return '?';
}

template <class T>
Result<Change> Decode(std::string_view value) {
  T record{};
  Reader reader(value);
  Visit(reader, record);
  if (!reader.ok()) return Corrupt("a stored record does not read back");
  return Change(std::move(record));
}

Result<Change> DecodeKind(char kind, std::string_view value) {
  switch (kind) {
    case 'p':
      return Decode<PipelineRecord>(value);
    case 'd':
      return Decode<DefinitionRecord>(value);
    case 'c':
      return Decode<ComponentRecord>(value);
    case 'i':
      return Decode<InstanceRecord>(value);
    case 'a':
      return Decode<AttemptRecord>(value);
    case 'e':
      return Decode<EffectRecord>(value);
    case 't':
      return Decode<TombstoneRecord>(value);
  }
  return Corrupt(
      fmt::format("a stored record has the unknown kind 0x{:02x}", static_cast<uint8_t>(kind)));
}

template <class... F>
struct Overload : F... {
  using F::operator()...;
};
template <class... F>
Overload(F...) -> Overload<F...>;  // clang before 17 does not deduce it

}  // namespace

std::string RecordId(const Change& change) {
  return std::visit(Overload{
                        [](const PipelineRecord&) { return std::string(); },
                        [](const DefinitionRecord& r) { return fmt::format("{:020}", r.version); },
                        [](const ComponentRecord& r) { return r.id; },
                        [](const InstanceRecord& r) { return r.id; },
                        [](const AttemptRecord& r) { return AttemptId(r.instance, r.number); },
                        [](const EffectRecord& r) { return r.key; },
                        [](const TombstoneRecord&) { return std::string(); },
                        [](const EraseRecord& r) { return r.id; },
                        [](const ErasePipeline&) { return std::string(); },
                    },
                    change);
}

RecordKind KindOf(const Change& change) {
  CHECK(!std::holds_alternative<ErasePipeline>(change));
  if (const auto* erase = std::get_if<EraseRecord>(&change)) return erase->kind;
  return static_cast<RecordKind>(change.index());
}

std::string KeyPrefix(const Scope& scope) {
  return scope.account + kSeparator + scope.region + kSeparator;
}

std::string KeyPrefix(const PipelineKey& pipeline) {
  return KeyPrefix(pipeline.scope) + pipeline.id + kSeparator;
}

std::string KeyPrefix(const PipelineKey& pipeline, RecordKind kind) {
  return KeyPrefix(pipeline) + KindLetter(kind) + kSeparator;
}

std::string RecordKey(const PipelineKey& pipeline, RecordKind kind, std::string_view id) {
  return KeyPrefix(pipeline, kind).append(id);
}

std::string RecordKey(const Write& write) {
  if (std::holds_alternative<ErasePipeline>(write.change)) return KeyPrefix(write.pipeline);
  return RecordKey(write.pipeline, KindOf(write.change), RecordId(write.change));
}

std::string EncodeRecord(const Change& change) {
  std::string out(1, kFormatVersion);
  Writer writer(out);
  std::visit(Overload{
                 [](const EraseRecord&) { CHECK(false, "an erasure has no value"); },
                 [](const ErasePipeline&) { CHECK(false, "an erasure has no value"); },
                 [&](const auto& record) { Visit(writer, record); },
             },
             change);
  return out;
}

Result<Write> DecodeRecord(std::string_view key, std::string_view value) {
  std::array<std::string_view, 4> parts;  // account, region, pipeline, kind
  for (std::string_view& part : parts) {
    const size_t end = key.find(kSeparator);
    if (end == std::string_view::npos) return Corrupt("a stored record's key has too few parts");
    part = key.substr(0, end);
    key.remove_prefix(end + 1);
  }
  if (parts[3].size() != 1) return Corrupt("a stored record's key names no kind");
  if (value.empty() || value.front() != kFormatVersion) {
    return Corrupt("a stored record has a format of another version of this program");
  }
  auto change = DecodeKind(parts[3].front(), value.substr(1));
  if (!change) return std::move(change).error().In(fmt::format("pipeline {}", parts[2]));
  if (RecordId(*change) != key)
    return Corrupt(fmt::format("pipeline {}: a record is not the one its key names", parts[2]));
  return Write{{{std::string(parts[0]), std::string(parts[1])}, std::string(parts[2])},
               std::move(*change)};
}

bool IsWorkingSet(const Change& change) {
  if (const auto* instance = std::get_if<InstanceRecord>(&change))
    return !IsTerminal(instance->status) || instance->resumes;
  if (const auto* attempt = std::get_if<AttemptRecord>(&change))
    return !IsTerminal(attempt->status);
  return !std::holds_alternative<EraseRecord>(change) &&
         !std::holds_alternative<ErasePipeline>(change);
}

bool MayHoldSecrets(RecordKind kind) { return kind == RecordKind::kDefinition; }

}  // namespace penstock::engine
