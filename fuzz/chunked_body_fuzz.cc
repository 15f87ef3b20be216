// aws-chunked bodies as a stranger may send them, in pieces of any size. Input: a byte each for the
// mode, the pieces in which the wire delivers, the reader's buffer and the announced size; then the
// body.
#include <algorithm>

#include "aws/chunked_body.h"
#include "base/check.h"

namespace penstock {
namespace {

class PieceSource : public BodySource {
 public:
  PieceSource(std::string_view bytes, size_t piece) : left_(bytes), piece_(piece) {}
  Result<size_t> Read(std::span<char> buffer) override {
    size_t count = std::min({buffer.size(), piece_, left_.size()});
    std::copy_n(left_.data(), count, buffer.data());
    left_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view left_;
  size_t piece_;
};

struct Outcome {
  std::string body;
  bool ok = false;
  bool operator==(const Outcome&) const = default;
};

Outcome Decode(std::string_view bytes, size_t piece, size_t buffer_size, uint64_t decoded_size,
               bool trailer, bool is_signed) {
  PieceSource raw(bytes, piece);
  std::optional<ChunkSigning> signing;
  if (is_signed) signing = {"key", "20130524T000000Z", {"20130524", "us-east-1", "s3"}, "seed"};
  auto source = ChunkedBody(raw, decoded_size, trailer, std::move(signing));
  std::string buffer(buffer_size, '\0');
  Outcome outcome;
  while (true) {
    auto count = source->Read(buffer);
    if (!count) {
      CHECK(!BodyError(count.error()).type.empty());
      break;
    }
    if (*count == 0) {
      outcome.ok = true;
      break;
    }
    outcome.body.append(buffer, 0, *count);
  }
  CHECK(outcome.body.size() <= decoded_size);
  CHECK(!outcome.ok || outcome.body.size() == decoded_size);
  return outcome;
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  if (size < 4) return 0;
  std::string_view body(reinterpret_cast<const char*>(data) + 4, size - 4);
  bool trailer = (data[0] & 1) != 0, is_signed = (data[0] & 2) != 0;
  Outcome pieces = Decode(body, data[1] + 1u, data[2] + 1u, data[3], trailer, is_signed);
  Outcome whole = Decode(body, SIZE_MAX, 65536, data[3], trailer, is_signed);
  CHECK(pieces.ok == whole.ok);
  CHECK(!whole.ok || pieces == whole);
  return 0;
}
