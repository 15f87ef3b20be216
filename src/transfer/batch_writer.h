// BatchWriter: one lane of an import. It puts (or deletes) the items it is given, in their order,
// by BatchWriteItem under a rate, until the last of them is in the table or known not to fit. All
// items of one key go to one lane, so that of two with the same key the later one stays.
//
//   * a batch has at most 25 items, 4 MiB and half a second's capacity units; of two items with
//     one key only the later is in it (under a condition the table is asked for each)
//   * its cost is known before it is sent
//   * what comes back unprocessed goes first into the next batch, after a pause
//   * a ValidationException names no culprit: the batch is halved until it is alone;
//     that one is rejected
//   * what depends on the item that is there (ImportMode) goes by PutItem with a condition,
//     which batches do not have
//   * throttles, server faults and broken connections are waited out (10 minutes without
//     progress end the job)
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aws/dynamodb_client.h"
#include "base/bounded_queue.h"
#include "transfer/checkpoint_file.h"
#include "transfer/content_digest.h"
#include "transfer/import_ledger.h"
#include "transfer/item_reader.h"
#include "transfer/key_schema.h"
#include "transfer/patience.h"
#include "transfer/progress.h"
#include "transfer/rate_controller.h"
#include "transfer/transfer.h"
#include "transfer/write_answer.h"

namespace penstock {

/// An item on its way into the table.
struct PutItem {
  std::shared_ptr<const char[]> text;  // what the next two look at
  std::string_view request;  // {"PutRequest":{"Item":{…}}} or {"DeleteRequest":{"Key":{…}}}
  std::string_view key;      // canonical: KeySchema::AppendKey
  bool is_delete = false;
  size_t key_hash = 0;  // of that
  double units = 1;     // its cost, if it does not replace a larger one
  uint64_t bytes = 0;   // of its file, as stored, that were read for it
  ContentDigest hash;
  std::string shown_key = {};  // as JSON, for conditional modes
  std::string rank = {};       // the value of ImportMode::attribute as JSON; empty: it has none
  uint64_t block = 0;          // of the ledger
  uint32_t file = 0;           // where it came from: index of the file,
  uint64_t line = 0;           // line,
  uint64_t offset = 0;         // and the line's first byte
};

using PutQueue = BoundedQueue<std::vector<PutItem>>;

/// What lanes share. The pointees outlive them.
struct LaneContext {
  const DynamoDbClient* client;
  std::string table;
  const KeySchema* key;
  ImportMode mode;
  ImportLedger* ledger;
  CheckpointFile* checkpoint;  // null: there is none
  RateController* rate;
  ProgressMeter* meter;
  Clock* clock;
  Random* random;
  /// Told of each item that DynamoDB refuses, and why, before the ledger is. Its line of the
  /// rejects file. Thread-safe.
  std::function<std::string(const PutItem&, const std::string& reason)> reject;
};

/// How much goes into one batch. Value type.
class BatchRoom {
 public:
  static constexpr size_t kItemsMax = 25;

  /// `target`: capacity units a second. On a slow table a full batch would be a burst.
  explicit BatchRoom(double target) : units_max_(target * kBatchSeconds) {}

  /// Counts an item in, unless it is one too many. The first one always has room.
  bool Take(size_t request_bytes, double units);

 private:
  static constexpr size_t kBytesMax = 4u << 20;  // DynamoDB takes 16 MiB on the wire
  static constexpr double kBatchSeconds = 0.5;   // of the target that one batch may cost

  double units_max_;
  size_t items_ = 0, bytes_ = 0;
  double units_ = 0;
};

/// One thread at a time.
class BatchWriter {
 public:
  static constexpr size_t kItemsMax = BatchRoom::kItemsMax;

  /// `lane`: its number, for the rate controller.
  BatchWriter(LaneContext context, uint64_t lane, std::stop_token stop);

  /// Writes until the queue is closed and all is done. kCanceled, or what cannot be waited out.
  Status Run(PutQueue& queue);

 private:
  /// Whether what is put depends on what is there.
  bool HasConditions() const;
  void Take(std::vector<PutItem> items);
  std::vector<PutItem> NextBatch(size_t items_max);
  /// Sends it; what is unprocessed comes back to the front of pending_.
  Status Send(std::vector<PutItem> batch);
  Status Refused(const CallError& error, std::vector<PutItem> batch);
  /// Puts one item under the mode's condition.
  Status PutConditionally(PutItem item);
  Status ConditionFailed(PutItem item);
  void Written(const std::vector<PutItem>& items);
  Status Settle(double reserved, std::string_view answer, std::vector<PutItem> batch);
  /// Those of the batch that an answer's UnprocessedItems names; the batch keeps the others.
  std::vector<PutItem> TakeUnprocessed(std::string_view unprocessed, std::vector<PutItem>* batch);
  /// `estimate`: what it did cost if the answer does not say.
  void SettleRate(double reserved, double estimate, const ConsumedCapacity& told);
  /// The answer was an error, or none came.
  void SettleWithoutAnswer(double reserved, bool costs);
  void PutBack(std::vector<PutItem> items);
  Status Pause(const CallError& error);

  const LaneContext context_;
  const uint64_t lane_;
  const std::stop_token stop_;
  Patience patience_;
  ItemReader reader_;
  ItemHasher hasher_;
  std::deque<PutItem> pending_;  // without conditions: each key once
};

}  // namespace penstock
