#include "transfer/batch_writer.h"

#include <algorithm>
#include <iterator>

#include "json/json.h"

namespace penstock {
namespace {

constexpr size_t kAnswerDepthMax = 200;
constexpr std::string_view kUnprocessed = "UnprocessedItems";

/// {"PutRequest":{"Item":{…}}} -> {…}
std::string_view ItemOf(const PutItem& put) {
  constexpr std::string_view kBefore = "{\"PutRequest\":{\"Item\":", kAfter = "}}";
  return put.request.substr(kBefore.size(), put.request.size() - kBefore.size() - kAfter.size());
}

bool AreOfOneKey(const PutItem& a, const PutItem& b) {
  return a.key_hash == b.key_hash && a.key == b.key;
}

bool Holds(const std::vector<PutItem>& items, const PutItem& wanted) {
  return std::any_of(items.begin(), items.end(),
                     [&](const PutItem& item) { return AreOfOneKey(item, wanted); });
}

double Units(const std::vector<PutItem>& items) {
  double units = 0;
  for (const PutItem& item : items) units += item.units;
  return units;
}

}  // namespace

bool BatchRoom::Take(size_t request_bytes, double units) {
  const bool is_full =
      items_ == kItemsMax || bytes_ + request_bytes > kBytesMax || units_ + units > units_max_;
  if (items_ > 0 && is_full) return false;
  ++items_;
  bytes_ += request_bytes;
  units_ += units;
  return true;
}

BatchWriter::BatchWriter(LaneContext context, uint64_t lane, std::stop_token stop)
    : context_(std::move(context)),
      lane_(lane),
      stop_(std::move(stop)),
      patience_(context_.clock, context_.random),
      reader_(ItemDialect::kServer) {}

Status BatchWriter::Run(PutQueue& queue) {
  while (!stop_.stop_requested()) {
    while (pending_.size() < kItemsMax) {
      std::optional<std::vector<PutItem>> more = pending_.empty() ? queue.Pop() : queue.TryPop();
      if (!more) break;
      Take(*std::move(more));
    }
    if (pending_.empty()) return {};
    bool is_conditional = HasConditions() && !pending_.front().is_delete;
    std::vector<PutItem> batch = NextBatch(is_conditional ? 1 : kItemsMax);
    RETURN_IF_ERROR(is_conditional ? PutConditionally(std::move(batch.front()))
                                   : Send(std::move(batch)));
    context_.meter->Tick();
    if (context_.checkpoint != nullptr) context_.checkpoint->Changed();
  }
  return Canceled("the import was stopped");
}

bool BatchWriter::HasConditions() const {
  return context_.mode.kind != ImportMode::Kind::kOverwrite;
}

void BatchWriter::Take(std::vector<PutItem> items) {
  // Under a condition the table decides which of two stays.
  if (HasConditions()) {
    std::move(items.begin(), items.end(), std::back_inserter(pending_));
    return;
  }
  for (PutItem& item : items) {
    auto older = std::find_if(pending_.begin(), pending_.end(),
                              [&](const PutItem& one) { return AreOfOneKey(one, item); });
    if (older == pending_.end()) {
      pending_.push_back(std::move(item));
    } else {
      context_.ledger->Settle(older->file, older->block, {.duplicates = 1});
      item.bytes += older->bytes;
      *older = std::move(item);
    }
  }
}

std::vector<PutItem> BatchWriter::NextBatch(size_t items_max) {
  std::vector<PutItem> batch;
  batch.reserve(std::min(items_max, pending_.size()));
  BatchRoom room(context_.rate->Target());
  while (!pending_.empty() && batch.size() < items_max) {
    PutItem& item = pending_.front();
    // A batch has no conditions: of deletions it ends before the first put, and has each key once.
    if (!batch.empty() && HasConditions() && (!item.is_delete || Holds(batch, item))) break;
    if (!room.Take(item.request.size(), item.units)) break;
    batch.push_back(std::move(item));
    pending_.pop_front();
  }
  return batch;
}

void BatchWriter::PutBack(std::vector<PutItem> items) {
  std::vector<PutItem> later(std::make_move_iterator(pending_.begin()),
                             std::make_move_iterator(pending_.end()));
  pending_.clear();
  Take(std::move(items));
  Take(std::move(later));
}

Status BatchWriter::Send(std::vector<PutItem> batch) {
  constexpr size_t kAround = 128;  // the items, but for the table's name
  size_t size = context_.table.size() + kAround;
  for (const PutItem& item : batch) size += item.request.size() + 1;
  std::string body;
  body.reserve(size);
  body.append("{\"RequestItems\":{").append(json::Quote(context_.table)).append(":[");
  for (size_t i = 0; i < batch.size(); ++i) {
    if (i > 0) body += ',';
    body += batch[i].request;
  }
  body += "]},\"ReturnConsumedCapacity\":\"INDEXES\"}";
  double units = Units(batch);
  {
    TimedSpan span(context_.meter, TimeSpent::kRate);
    if (!context_.rate->Reserve(lane_, units, stop_)) return Canceled("the import was stopped");
  }
  CallResult<std::string> answer;
  {
    TimedSpan span(context_.meter, TimeSpent::kDynamoDb);
    answer = context_.client->Call("BatchWriteItem", std::move(body), RetryPolicy::kNone, stop_);
  }
  if (answer) return Settle(units, *answer, std::move(batch));
  // Part of it may have been written when no answer came; to count all of it keeps the bound.
  SettleWithoutAnswer(units, answer.error().http == 0);
  return Refused(answer.error(), std::move(batch));
}

Status BatchWriter::Settle(double reserved, std::string_view answer, std::vector<PutItem> batch) {
  const size_t sent = batch.size();
  auto read = ReadWriteAnswer(answer);
  if (!read) {
    SettleRate(reserved, Units(batch), {});
    return std::move(read.error())
        .In(fmt::format("writing to table {}: the answer to BatchWriteItem cannot be read",
                        context_.table));
  }
  std::vector<PutItem> left = TakeUnprocessed(read->unprocessed, &batch);
  SettleRate(reserved, Units(batch), read->consumed);
  Written(batch);
  if (left.empty()) {
    patience_.Reset();
    return {};
  }
  if (left.size() < sent) patience_.Reset();
  PutBack(std::move(left));
  context_.rate->OnThrottle(lane_);
  return Pause({.type = std::string(kUnprocessed), .message = "DynamoDB left items unprocessed"});
}

void BatchWriter::SettleRate(double reserved, double estimate, const ConsumedCapacity& told) {
  context_.rate->Settle(reserved, told.units >= 0 ? told.units : estimate, told.indexes);
}

void BatchWriter::SettleWithoutAnswer(double reserved, bool costs) {
  RateController::IndexUnits nothing = std::map<std::string, double>();
  context_.rate->Settle(reserved, costs ? reserved : 0, costs ? std::nullopt : nothing);
}

std::vector<PutItem> BatchWriter::TakeUnprocessed(std::string_view unprocessed,
                                                  std::vector<PutItem>* batch) {
  std::vector<PutItem> left;
  if (unprocessed.empty()) return left;
  auto tables = json::ParseObject(unprocessed, kAnswerDepthMax);
  if (!tables) {
    // Nobody knows which: all of it goes again, which does no harm.
    std::swap(left, *batch);
    return left;
  }
  std::vector<bool> is_left(batch->size(), false);
  for (const auto& [table, requests] : *tables) {
    if (!requests.is_array()) continue;
    for (const json::Value& request : requests.get_array()) {
      // By key: a server may spell the rest, numbers above all, in its own way.
      // A PutRequest has an Item, a DeleteRequest a Key; both have the key's attributes.
      std::string text = request.is_object() && request.get_object().size() == 1
                             ? json::Write(request.get_object().begin()->value())
                             : "";
      JsonCursor cursor(text);
      std::string_view name;
      Item item;
      bool read = cursor.Take('{') && cursor.Skip(&name) && cursor.Take(':') &&
                  reader_.Read(cursor, &item) && !context_.key->Fault(item);
      LineBuffer key;
      if (read) context_.key->AppendKey(item, hasher_, &key);
      auto at = std::find_if(batch->begin(), batch->end(),
                             [&](const PutItem& put) { return put.key == key.view(); });
      if (!read || at == batch->end()) {
        // Nor are these to be told from the others.
        std::swap(left, *batch);
        return left;
      }
      is_left[static_cast<size_t>(at - batch->begin())] = true;
    }
  }
  std::vector<PutItem> done;
  for (size_t i = 0; i < batch->size(); ++i)
    (is_left[i] ? left : done).push_back(std::move((*batch)[i]));
  *batch = std::move(done);
  return left;
}

Status BatchWriter::Refused(const CallError& error, std::vector<PutItem> batch) {
  if (stop_.stop_requested()) return Canceled("the import was stopped");
  if (error.type == "ResourceNotFoundException") {
    return NotFound(
        fmt::format("writing to table {}: the table is not there any more", context_.table));
  }
  if (error.type == "ValidationException" || error.http == 413) {
    if (batch.size() == 1) {
      context_.ledger->Settle(batch[0].file, batch[0].block, {.rejected = 1},
                              context_.reject(batch[0], error.message));
      return {};
    }
    std::vector<PutItem> second(
        std::make_move_iterator(batch.begin() + static_cast<ptrdiff_t>(batch.size() / 2)),
        std::make_move_iterator(batch.end()));
    batch.resize(batch.size() / 2);
    // What either leaves unprocessed goes to pending_, whose keys differ from all of these.
    RETURN_IF_ERROR(Send(std::move(batch)));
    return Send(std::move(second));
  }
  if (!error.IsRetryable())
    return error.ToError(fmt::format("writing to table {}", context_.table));
  if (error.IsThrottle()) context_.rate->OnThrottle(lane_);
  PutBack(std::move(batch));
  return Pause(error);
}

Status BatchWriter::PutConditionally(PutItem item) {
  // What is absent is always written.
  std::string body = fmt::format(
      "{{\"TableName\":{},\"Item\":{},\"ReturnConsumedCapacity\":\"INDEXES\","
      "\"ExpressionAttributeNames\":{{\"#k\":{}",
      json::Quote(context_.table), ItemOf(item), json::Quote(context_.key->attributes[0].name));
  std::string condition = "attribute_not_exists(#k)";
  if (!item.rank.empty()) {
    body += fmt::format(",\"#r\":{}}},\"ExpressionAttributeValues\":{{\":r\":{}",
                        json::Quote(context_.mode.attribute), item.rank);
    condition += " OR attribute_not_exists(#r) OR #r < :r";
  }
  body += fmt::format("}},\"ConditionExpression\":\"{}\"}}", condition);
  {
    TimedSpan span(context_.meter, TimeSpent::kRate);
    if (!context_.rate->Reserve(lane_, item.units, stop_))
      return Canceled("the import was stopped");
  }
  CallResult<std::string> answer;
  {
    TimedSpan span(context_.meter, TimeSpent::kDynamoDb);
    answer = context_.client->Call("PutItem", std::move(body), RetryPolicy::kNone, stop_);
  }
  const double reserved = item.units;
  if (!answer) {
    bool condition_failed = answer.error().type == "ConditionalCheckFailedException";
    // A refused condition costs what the write would have.
    bool costs = condition_failed || answer.error().http == 0;
    SettleWithoutAnswer(reserved, costs);
    if (condition_failed) return ConditionFailed(std::move(item));
    std::vector<PutItem> batch;
    batch.push_back(std::move(item));
    return Refused(answer.error(), std::move(batch));
  }
  auto read = ReadWriteAnswer(*answer);
  SettleRate(reserved, reserved, read ? read->consumed : ConsumedCapacity());
  patience_.Reset();
  Written({std::move(item)});
  return {};
}

Status BatchWriter::ConditionFailed(PutItem item) {
  patience_.Reset();
  if (context_.mode.kind != ImportMode::Kind::kFailIfExists) {
    context_.ledger->Settle(item.file, item.block, {.skipped = 1, .digest = item.hash});
    context_.meter->Add(1, item.bytes);
    return {};
  }
  // An earlier try, whose answer was lost or which was killed, may have put this very item.
  auto answer =
      context_.client->Call("GetItem",
                            fmt::format("{{\"TableName\":{},\"Key\":{},\"ConsistentRead\":true}}",
                                        json::Quote(context_.table), item.shown_key),
                            RetryPolicy::kPatient, stop_);
  if (answer) {
    auto object = json::ParseObject(*answer, kAnswerDepthMax);
    const json::Value* found = object ? json::Find(*object, "Item") : nullptr;
    std::string text = found != nullptr ? json::Write(*found) : "";
    JsonCursor cursor(text);
    Item there;
    if (found != nullptr && reader_.Read(cursor, &there) && hasher_.Hash(there) == item.hash) {
      Written({std::move(item)});
      return {};
    }
  }
  return AlreadyExists(fmt::format(
      "writing to table {}: it has an item with the key {} already, and the import mode is "
      "fail-if-exists; what was written before stays",
      context_.table, item.shown_key));
}

void BatchWriter::Written(const std::vector<PutItem>& items) {
  uint64_t bytes = 0;
  // Of one block after another: most of a batch comes from a few.
  for (size_t i = 0; i < items.size();) {
    const PutItem& first = items[i];
    ImportCounts counts;
    for (; i < items.size() && items[i].file == first.file && items[i].block == first.block; ++i) {
      ++counts.written;
      counts.digest.Add(items[i].hash);
      bytes += items[i].bytes;
    }
    context_.ledger->Settle(first.file, first.block, counts);
  }
  context_.meter->Add(items.size(), bytes);
}

Status BatchWriter::Pause(const CallError& error) {
  const bool is_throttle = error.type == kUnprocessed || error.IsThrottle();
  TimedSpan span(context_.meter, is_throttle ? TimeSpent::kThrottle : TimeSpent::kDynamoDb);
  context_.meter->Tick();
  if (patience_.Wait(stop_)) return {};
  if (stop_.stop_requested()) return Canceled("the import was stopped");
  return Unavailable(
      fmt::format("writing to table {}: nothing could be written for 10 minutes: {}: {}",
                  context_.table, error.type, error.message));
}

}  // namespace penstock
