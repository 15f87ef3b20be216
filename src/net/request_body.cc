#include "net/request_body.h"

#include <algorithm>
#include <utility>

namespace penstock {
namespace {

constexpr size_t kUnreadMax = 256 * 1024;
constexpr size_t kUnreadLow = 128 * 1024;  // more, please

}  // namespace

void RequestBody::Reset(std::optional<uint64_t> announced_size, bool done) {
  std::lock_guard lock(mutex_);
  announced_size_ = announced_size;
  bytes_.clear();
  begin_ = 0;
  decoded_bytes_ = 0;
  done_ = done;
  discarded_ = asked_ = false;
  error_.reset();
  trailers_ = {};
}

Result<size_t, RequestFault> RequestBody::Feed(RequestParser& parser, std::string_view input) {
  std::lock_guard lock(mutex_);
  asked_ = false;
  // Not at every read: moving what is left costs more than the memory it frees.
  if (begin_ > bytes_.size() / 2) bytes_.erase(0, std::exchange(begin_, 0));
  size_t before = bytes_.size();
  auto taken = parser.Feed(input, bytes_);
  if (!taken) return taken;
  decoded_bytes_ += bytes_.size() - before;
  if (discarded_) {
    bytes_.clear();
    begin_ = 0;
  }
  if (parser.done()) {
    done_ = true;
    trailers_ = parser.trailers();
  }
  changed_.notify_all();
  return taken;
}

void RequestBody::Discard() {
  std::lock_guard lock(mutex_);
  discarded_ = true;
  bytes_.clear();
  begin_ = 0;
}

void RequestBody::Fail(Error error) {
  std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  changed_.notify_all();
}

bool RequestBody::full() const {
  std::lock_guard lock(mutex_);
  return bytes_.size() - begin_ >= kUnreadMax;
}

bool RequestBody::failed() const {
  std::lock_guard lock(mutex_);
  return error_.has_value();
}

uint64_t RequestBody::decoded_bytes() const {
  std::lock_guard lock(mutex_);
  return decoded_bytes_;
}

bool RequestBody::done() const {
  std::lock_guard lock(mutex_);
  return done_;
}

void RequestBody::Release() {
  std::lock_guard lock(mutex_);
  std::string().swap(bytes_);
  begin_ = 0;
}

Result<size_t> RequestBody::Read(std::span<char> buffer) {
  size_t count;
  bool ask;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begin_ < bytes_.size() || done_ || error_; });
    count = std::min(buffer.size(), bytes_.size() - begin_);
    if (count == 0 && !done_ && error_) return *error_;
    std::copy_n(bytes_.data() + begin_, count, buffer.data());
    begin_ += count;
    ask = !done_ && !error_ && !asked_ && bytes_.size() - begin_ < kUnreadLow;
    asked_ = asked_ || ask;
  }
  if (ask) want_more_();
  return count;
}

std::optional<uint64_t> RequestBody::Size() const {
  std::lock_guard lock(mutex_);
  return done_ ? decoded_bytes_ : announced_size_;
}

}  // namespace penstock
