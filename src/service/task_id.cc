#include "service/task_id.h"

#include "base/digest.h"
#include "base/encoding.h"

namespace penstock {
namespace {

constexpr size_t kMacSize = 16;

}  // namespace

TaskIdCodec::TaskIdCodec(std::string_view secret) : key_(HmacSha256(secret, "penstock task id")) {}

std::string TaskIdCodec::Encode(std::string_view name) const {
  return Base64Encode(HmacSha256(key_, name).substr(0, kMacSize).append(name));
}

std::optional<std::string> TaskIdCodec::Decode(std::string_view task_id) const {
  std::optional<std::string> bytes = Base64Decode(task_id);
  if (!bytes || bytes->size() < kMacSize) return std::nullopt;
  std::string name = bytes->substr(kMacSize);
  std::string mac = HmacSha256(key_, name).substr(0, kMacSize);
  if (!ConstantTimeEquals(mac, std::string_view(*bytes).substr(0, kMacSize))) return std::nullopt;
  return name;
}

}  // namespace penstock
