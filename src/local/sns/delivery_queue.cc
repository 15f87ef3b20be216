#include "local/sns/delivery_queue.h"

#include <algorithm>

#include "base/log.h"
#include "json/json.h"

namespace penstock::sns {
namespace {

constexpr char kPrefix[] = "sns/delivery/";
constexpr Duration kConnectTimeout{5'000};
constexpr Duration kCallMax{15'000};  // SNS waits 15 seconds for an endpoint's answer
constexpr uint64_t kAnswerBytesMax = 64 << 10;
// A clock that somebody set, or a manual one, must not keep a thread asleep for long.
constexpr std::chrono::milliseconds kSleepMax{1'000};

std::string Encode(const Delivery& delivery) {
  json::Array headers;
  for (const auto& [name, value] : delivery.headers)
    headers.push_back(json::Array{json::Value(name), json::Value(value)});
  return json::Write(json::Object{{"endpoint", delivery.endpoint},
                                  {"mail", delivery.is_mail},
                                  {"subject", delivery.subject},
                                  {"headers", std::move(headers)},
                                  {"body", delivery.body},
                                  {"messageId", delivery.message_id},
                                  {"tries", delivery.tries}});
}

Result<Delivery> Decode(std::string id, std::string_view text) {
  ASSIGN_OR_RETURN(json::Object in, json::ParseObject(text));
  Delivery delivery{.id = std::move(id)};
  ASSIGN_OR_RETURN(delivery.endpoint, json::GetString(in, "endpoint"));
  ASSIGN_OR_RETURN(delivery.is_mail, json::GetBool(in, "mail"));
  ASSIGN_OR_RETURN(delivery.subject, json::GetString(in, "subject"));
  ASSIGN_OR_RETURN(const json::Array* headers, json::GetArray(in, "headers"));
  for (const json::Value& entry : *headers) {
    const json::Array* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !pair->at(0).is_string() ||
        !pair->at(1).is_string())
      return Corrupt("a delivery's header is no pair of strings");
    delivery.headers.emplace_back(std::string(pair->at(0).get_string()),
                                  std::string(pair->at(1).get_string()));
  }
  ASSIGN_OR_RETURN(delivery.body, json::GetString(in, "body"));
  ASSIGN_OR_RETURN(delivery.message_id, json::GetString(in, "messageId"));
  ASSIGN_OR_RETURN(int64_t tries, json::GetInt(in, "tries"));
  delivery.tries = static_cast<int>(tries);
  return delivery;
}

bool MayPass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
}

// The body of a good answer. It says nothing, so a long one is not heard out.
class Unheard final : public BodySink {
 public:
  Status Write(std::string_view bytes) override {
    size_ += bytes.size();
    if (size_ > kAnswerBytesMax) return ResourceExhausted("the answer is long");
    return {};
  }
  bool cut_short() const { return size_ > kAnswerBytesMax; }

 private:
  uint64_t size_ = 0;
};

}  // namespace

std::optional<Duration> PauseAfter(int failures) {
  constexpr int kAtOnce = 3, kShort = 2, kGrowing = 10, kLong = 35;
  constexpr Duration kSecond{1'000}, kLongest{20'000};
  int number = failures;
  if (number <= kAtOnce) return Duration(0);
  if ((number -= kAtOnce) <= kShort) return kSecond;
  if ((number -= kShort) <= kGrowing)
    return kSecond + (kLongest - kSecond) * (number - 1) / (kGrowing - 1);
  if ((number -= kGrowing) <= kLong) return kLongest;
  return std::nullopt;
}

DeliveryQueue::DeliveryQueue(KeyValue& store, HttpClient& http, Mailer* mailer, Clock& clock)
    : store_(store), http_(http), mailer_(mailer), clock_(clock) {}

DeliveryQueue::~DeliveryQueue() { Stop(); }

Status DeliveryQueue::Load() {
  const std::string prefix = kPrefix;
  auto at = store_.NewIterator(prefix, PrefixEnd(prefix));
  for (at->Seek(prefix); at->Valid(); at->Next()) {
    Result<Delivery> delivery = Decode(std::string(at->key().substr(prefix.size())), at->value());
    if (!delivery) {
      Log(LogLevel::kError, "sns: {} is not delivered, it cannot be read: {}", at->key(),
          delivery.error().message);
      continue;
    }
    Add(*std::move(delivery));
  }
  return at->status();
}

void DeliveryQueue::Start(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Loop(stop_.get_token()); });
}

void DeliveryQueue::Stop() {
  stop_.request_stop();
  changed_.notify_all();
  threads_.clear();  // joins
}

void DeliveryQueue::Put(WriteBatch& batch, const Delivery& delivery) {
  batch.Put(kPrefix + delivery.id, Encode(delivery));
}

void DeliveryQueue::Add(Delivery delivery) {
  std::lock_guard lock(mutex_);
  waiting_.emplace(clock_.Monotonic(), delivery.id);
  std::string id = delivery.id;
  deliveries_.emplace(std::move(id), std::move(delivery));
  changed_.notify_one();
}

Status DeliveryQueue::Deliver(const Delivery& delivery, std::stop_token stop) {
  if (delivery.is_mail) {
    if (mailer_ == nullptr) return FailedPrecondition("this server sends no mail");
    return mailer_->Send({.to = delivery.endpoint,
                          .subject = delivery.subject,
                          .text = delivery.body,
                          .message_id = delivery.message_id + "@penstock"},
                         stop);
  }
  ClientRequest request{.method = "POST",
                        .url = delivery.endpoint,
                        .headers = {},
                        .body = delivery.body,
                        .connect_timeout = kConnectTimeout,
                        .timeout = kCallMax,
                        .total = kCallMax,
                        .answer_bytes_max = kAnswerBytesMax};
  for (const auto& [name, value] : delivery.headers) request.headers.Add(name, value);
  Unheard body;
  Result<HttpResponse> answer = http_.Send(request, nullptr, &body, stop);
  if (body.cut_short()) return {};
  if (!answer) {
    // A long refusal; whether it is for good is not known.
    if (answer.error().code == ErrorCode::kResourceExhausted)
      return Unavailable(answer.error().message);
    return std::move(answer).error();
  }
  if (answer->status >= 200 && answer->status < 300) return {};
  std::string message =
      WithoutSecrets(delivery.endpoint) + " answered " + std::to_string(answer->status);
  bool passing = answer->status >= 500 || answer->status == 429;
  return passing ? Unavailable(std::move(message)) : FailedPrecondition(std::move(message));
}

bool DeliveryQueue::RunOne(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  if (waiting_.empty() || waiting_.begin()->first > clock_.Monotonic()) return false;
  std::string id = waiting_.begin()->second;
  waiting_.erase(waiting_.begin());
  Delivery delivery = deliveries_.at(id);
  lock.unlock();

  Status delivered = Deliver(delivery, stop);
  std::optional<Duration> pause;
  bool interrupted = !delivered && stop.stop_requested();
  if (!delivered && MayPass(delivered.error())) pause = PauseAfter(++delivery.tries);
  if (!interrupted) {
    WriteBatch batch;
    if (pause) {
      Put(batch, delivery);
    } else {
      batch.Delete(kPrefix + id);
      if (!delivered) {
        Log(LogLevel::kError, "sns: message {} to {} was given up after {} tries: {}",
            delivery.message_id, WithoutSecrets(delivery.endpoint), std::max(1, delivery.tries),
            delivered.error().message);
      }
    }
    // Unwritten, it is only delivered once more after a crash.
    if (Status written = store_.Write(batch, Durability::kProcess); !written)
      Log(LogLevel::kWarning, "sns: {}", written.error().message);
  }

  lock.lock();
  if (interrupted) return true;
  if (pause) {
    waiting_.emplace(clock_.Monotonic() + *pause, id);
    deliveries_.at(id).tries = delivery.tries;
  } else {
    deliveries_.erase(id);
  }
  return true;
}

void DeliveryQueue::Loop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (RunOne(lock, stop)) continue;
    std::chrono::nanoseconds sleep = kSleepMax;
    if (!waiting_.empty()) {
      sleep = std::clamp<std::chrono::nanoseconds>(waiting_.begin()->first - clock_.Monotonic(),
                                                   std::chrono::milliseconds(1), kSleepMax);
    }
    changed_.wait_for(lock, stop, sleep, [&] {
      return !waiting_.empty() && waiting_.begin()->first <= clock_.Monotonic();
    });
  }
}

size_t DeliveryQueue::RunDue() {
  std::unique_lock lock(mutex_);
  size_t count = 0;
  // What fails and may be tried at once is tried at once.
  while (RunOne(lock, stop_.get_token())) ++count;
  return count;
}

size_t DeliveryQueue::size() {
  std::lock_guard lock(mutex_);
  return deliveries_.size();
}

}  // namespace penstock::sns
