#include "gateway/access_log.h"

#include "aws/cross_origin.h"
#include "base/log.h"
#include "json/json.h"

namespace penstock {
namespace {

// The error's name in the first bytes of a JSON or XML body.
std::string ErrorType(std::string_view body) {
  for (std::string_view mark : {"\"__type\":\"", "<Code>"}) {
    size_t at = body.find(mark);
    if (at == std::string_view::npos) continue;
    std::string_view rest = body.substr(at + mark.size(), 200);
    rest = rest.substr(0, rest.find_first_of("\"<"));
    if (size_t hash = rest.rfind('#'); hash != std::string_view::npos) rest.remove_prefix(hash + 1);
    return std::string(rest);
  }
  return {};
}

class Recorded : public Responder {
 public:
  Recorded(std::unique_ptr<Responder> inner, AccessRecord record, WireProtocol protocol, bool cors,
           Clock& clock, std::chrono::nanoseconds begun_at, AccessObserver* observer)
      : inner_(std::move(inner)),
        record_(std::move(record)),
        protocol_(protocol),
        cors_(cors),
        clock_(clock),
        observer_(observer),
        begun_at_(begun_at) {}
  ~Recorded() override { Done(); }
  Recorded(const Recorded&) = delete;
  Recorded& operator=(const Recorded&) = delete;

  void Respond(HttpResponse response) override {
    record_.status = response.status;
    if (response.status >= 400)
      record_.error_type = ErrorType(std::string_view(response.body).substr(0, 4096));
    Complete(response.headers);
    inner_->Respond(std::move(response));
    Done();
  }
  Status Begin(int status, Headers headers, std::optional<uint64_t> size) override {
    record_.status = status;
    Complete(headers);
    return inner_->Begin(status, std::move(headers), size);
  }
  Status Write(std::string_view bytes) override { return inner_->Write(bytes); }
  Status Finish() override {
    Status finished = inner_->Finish();
    Done();
    return finished;
  }
  bool PeerConnected() override { return inner_->PeerConnected(); }

 private:
  void Complete(Headers& headers) const {
    AddRequestId(headers, protocol_, record_.request_id);
    if (cors_) AddOpenCrossOriginHeaders(headers);
  }

  void Done() {
    if (std::exchange(done_, true)) return;
    record_.duration = clock_.Monotonic() - begun_at_;
    LogAccess(record_);
    if (observer_ != nullptr) observer_->OnCall(record_);
  }

  std::unique_ptr<Responder> inner_;
  AccessRecord record_;
  const WireProtocol protocol_;
  const bool cors_;
  Clock& clock_;
  AccessObserver* const observer_;
  const std::chrono::nanoseconds begun_at_;
  bool done_ = false;
};

std::string_view OrDash(const std::string& text) {
  return text.empty() ? std::string_view("-") : text;
}

}  // namespace

void LogAccess(const AccessRecord& record) {
  if (!LogEnabled(LogLevel::kInfo)) return;
  Log(LogLevel::kInfo,
      "call account={} key={} peer={} service={} operation={} status={} error={} micros={} "
      "request={}",
      OrDash(record.account), json::Quote(record.access_key_id), OrDash(record.peer_address),
      json::Quote(record.service), json::Quote(record.operation), record.status,
      OrDash(record.error_type),
      std::chrono::duration_cast<std::chrono::microseconds>(record.duration).count(),
      record.request_id);
}

std::unique_ptr<Responder> RecordedResponder(std::unique_ptr<Responder> inner, AccessRecord record,
                                             WireProtocol protocol, bool cors, Clock& clock,
                                             std::chrono::nanoseconds begun_at,
                                             AccessObserver* observer) {
  return std::make_unique<Recorded>(std::move(inner), std::move(record), protocol, cors, clock,
                                    begun_at, observer);
}

}  // namespace penstock
