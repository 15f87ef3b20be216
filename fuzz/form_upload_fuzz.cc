// Any bytes as a browser's upload: never a crash, and the same however they arrive.
#include <algorithm>

#include "aws/form_upload.h"
#include "base/check.h"
#include "local/s3/cors.h"
#include "local/s3/post_policy.h"

namespace penstock {
namespace {

class Dribble final : public BodySource {
 public:
  Dribble(std::string_view bytes, size_t step) : bytes_(bytes), step_(step) {}
  Result<size_t> Read(std::span<char> buffer) override {
    size_t count = std::min({step_, bytes_.size(), buffer.size()});
    std::copy_n(bytes_.data(), count, buffer.data());
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  const size_t step_;
};

std::string Outcome(std::string_view bytes, size_t step) {
  Dribble source(bytes, step);
  auto form = FormUpload::Read(source, "XX");
  if (!form) return "refused";
  std::string text = (*form)->file_name();
  for (const auto& [name, value] : (*form)->fields()) text += "\n" + name + "=" + value;
  auto file = ReadAll(**form, 1 << 20);
  return text + "\n" + (file ? *file : "cut off");
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;  // NOLINT: a function's scope
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // How far the read-ahead goes decides when too long is noticed; below the limit it must not show.
  if (size < 16'000) CHECK(Outcome(bytes, 1) == Outcome(bytes, 100'000));
  (void)ReadPostPolicy(bytes).has_value();
  (void)ReadCorsRules(std::string(bytes)).has_value();
  return 0;
}
