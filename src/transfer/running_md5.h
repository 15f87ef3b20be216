// RunningMd5: an MD5 that can be put aside in the middle of a file and taken up by another process.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

class RunningMd5 {
 public:
  RunningMd5();

  void Update(std::string_view bytes);
  /// 16 bytes. Takes it to its end: nothing may be called after.
  std::string Finish();

  /// Hex text, from which Restore goes on.
  std::string Save() const;
  static std::optional<RunningMd5> Restore(std::string_view saved);

 private:
  // As in MD5_CTX of OpenSSL, which keeps its state in the open.
  std::array<uint32_t, 23> state_;
};

}  // namespace penstock
