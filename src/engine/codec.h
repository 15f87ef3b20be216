// Records <-> bytes. The store keeps (key, value) pairs and stays ignorant of what is inside.
//
// Key: account, region, pipeline id, one letter for the kind, record id, separated by 0x1f, which
// no AWS string can contain. All rows of a pipeline, and all of an account and region, are
// therefore one key range. Value: one byte format version, then the record's fields in their order
// of declaration: integers as LEB128 varints (zig-zag when signed), strings and lists with their
// length before them, optionals with a presence byte. Fields added later stand at the end and keep
// their default when an older value lacks them. Equal records have equal bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/decision.h"

namespace penstock::engine {

/// The record's own name within its pipeline and kind: "" (pipeline, tombstone), the version in 20
/// digits (definition), component id, instance id, attempt id, effect key.
std::string RecordId(const Change& change);

/// The kind a change is about. REQUIRES: not an ErasePipeline.
RecordKind KindOf(const Change& change);

/// The row's key. For ErasePipeline: the prefix of all the pipeline's rows.
std::string RecordKey(const Write& write);
std::string RecordKey(const PipelineKey& pipeline, RecordKind kind, std::string_view id);
/// The prefix of all rows of a pipeline; of all of its rows of one kind; of all pipelines of a
/// scope.
std::string KeyPrefix(const PipelineKey& pipeline);
std::string KeyPrefix(const PipelineKey& pipeline, RecordKind kind);
std::string KeyPrefix(const Scope& scope);

/// The row's value. REQUIRES: a put, not an erasure.
std::string EncodeRecord(const Change& change);

/// The put that made this row. An error (kCorrupt) for bytes that none of ours can be.
Result<Write> DecodeRecord(std::string_view key, std::string_view value);

/// Whether the store must hand this record to the engine at start (Load of engine/state.h):
/// pipelines, definitions, components, effects, tombstones; instances that are not terminal or will
/// be resumed, attempts that are not terminal. The rest is history, loaded only when Needs() asks.
bool IsWorkingSet(const Change& change);

/// Whether the value can hold a user's secret and must be encrypted at rest: definitions.
bool MayHoldSecrets(RecordKind kind);

}  // namespace penstock::engine
