// Task ids as workers see them: opaque, and only ours are good. The text is base64 of a MAC (16
// bytes of HMAC-SHA256 under a key that never leaves the server) followed by the engine's own name
// for instance, attempt and lease.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

/// Thread-safe. Value type.
class TaskIdCodec {
 public:
  /// `secret`: the folder's key. The MAC key is derived from it, so the same secret may serve other
  /// purposes.
  explicit TaskIdCodec(std::string_view secret);

  std::string Encode(std::string_view name) const;
  /// The name, or nullopt if the text is none of ours.
  std::optional<std::string> Decode(std::string_view task_id) const;

 private:
  std::string key_;
};

}  // namespace penstock
