// DeliveryQueue: messages on their way to endpoints. What is in it is also in the store, so that a
// crash loses nothing: a delivery is written before its publisher hears of it and removed after its
// endpoint took it or it was given up; in between a crash can deliver it twice.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ports/clock.h"
#include "ports/http.h"
#include "ports/key_value.h"
#include "ports/mailer.h"

namespace penstock::sns {

struct Delivery {
  std::string id;  // of its own
  std::string endpoint;
  bool is_mail = false;
  std::string subject;                                         // mail
  std::vector<std::pair<std::string, std::string>> headers{};  // HTTP
  std::string body;
  std::string message_id;
  int tries = 0;
  bool operator==(const Delivery&) const = default;
};

/// As SNS does for HTTP endpoints by default: at once, then three pauses of none, two of a second,
/// ten that grow to 20 seconds, thirty-five of 20 seconds; then it is given up (Developer Guide,
/// "Message delivery retries"). nullopt: no more tries. `failures` counts from 1.
std::optional<Duration> PauseAfter(int failures);

/// Thread-safe. Deliveries of one endpoint are in no promised order.
class DeliveryQueue {
 public:
  /// The pointees outlive it. Without `mailer` no delivery may be mail.
  DeliveryQueue(KeyValue& store, HttpClient& http, Mailer* mailer, Clock& clock);
  ~DeliveryQueue();
  DeliveryQueue(const DeliveryQueue&) = delete;
  DeliveryQueue& operator=(const DeliveryQueue&) = delete;

  /// Takes up what the store holds. Once, before all else. A record that cannot be read is logged
  /// and left where it is.
  Status Load();
  void Start(int threads);
  /// Ends calls under way and waits for them; the store keeps the rest. Idempotent.
  void Stop();

  /// What makes the delivery durable; to be written with its cause.
  static void Put(WriteBatch& batch, const Delivery& delivery);
  /// Takes a delivery whose Put was written, due at once.
  void Add(Delivery delivery);

  /// Tries what is due on the calling thread; how many. REQUIRES: not started.
  size_t RunDue();
  size_t size();

 private:
  using Waiting = std::set<std::pair<std::chrono::nanoseconds, std::string>>;  // due, id

  void Loop(std::stop_token stop);
  bool RunOne(std::unique_lock<std::mutex>& lock, std::stop_token stop);
  /// kUnavailable: worth another try.
  Status Deliver(const Delivery& delivery, std::stop_token stop);

  KeyValue& store_;
  HttpClient& http_;
  Mailer* const mailer_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::string, Delivery> deliveries_;  // by id; guarded
  Waiting waiting_;                             // those not under way; guarded
  std::stop_source stop_;
  std::vector<std::jthread> threads_;
};

}  // namespace penstock::sns
