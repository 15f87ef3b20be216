// Compressed files: foreign bytes end in text or in an error, and what we pack unpacks to itself.
#include <string_view>

#include "base/check.h"
#include "transfer/compression.h"
#include "transfer/decompression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  constexpr uint64_t kTextMax = 64u << 20;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::string_view name : {"x", "x.gz", "x.zst"}) {
    auto source = Decompressed(std::make_unique<StringSource>(text), name);
    if (source) static_cast<void>(ReadAll(**source, kTextMax).has_value());
  }
  for (Compression compression : {Compression::kGzip, Compression::kZstd}) {
    LineBuffer packed;
    Compressor compressor(compression);
    compressor.Append(text.substr(0, size / 2), &packed);
    compressor.Append(text.substr(size / 2), &packed);
    auto source = Decompressed(std::make_unique<StringSource>(packed.view()), "x");
    CHECK(source.has_value());
    auto whole = ReadAll(**source, kTextMax);
    CHECK(whole.has_value() && *whole == text);
  }
  return 0;
}
