#include "transfer/compression.h"

#include <libdeflate.h>
#include <zstd.h>

#include "base/check.h"

namespace penstock {
namespace {

// The fastest levels: the network and the table are to be the limit, not this.
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;

}  // namespace

struct Compressor::State {
  libdeflate_compressor* gzip = nullptr;
  ZSTD_CCtx* zstd = nullptr;

  ~State() {
    libdeflate_free_compressor(gzip);
    ZSTD_freeCCtx(zstd);
  }
};

Compressor::Compressor(Compression compression)
    : compression_(compression), state_(std::make_unique<State>()) {
  if (compression_ == Compression::kGzip) {
    state_->gzip = libdeflate_alloc_compressor(kGzipLevel);
    CHECK(state_->gzip != nullptr, "no memory for a gzip compressor");
  } else if (compression_ == Compression::kZstd) {
    state_->zstd = ZSTD_createCCtx();
    CHECK(state_->zstd != nullptr, "no memory for a zstd compressor");
    ZSTD_CCtx_setParameter(state_->zstd, ZSTD_c_compressionLevel, kZstdLevel);
    ZSTD_CCtx_setParameter(state_->zstd, ZSTD_c_checksumFlag, 1);
  }
}

Compressor::~Compressor() = default;

size_t Compressor::block_size() const {
  return compression_ == Compression::kNone ? 256u << 10 : 1u << 20;
}

void Compressor::Append(std::string_view block, LineBuffer* out) {
  switch (compression_) {
    case Compression::kNone:
      out->Append(block);
      break;
    case Compression::kGzip: {
      size_t room = libdeflate_gzip_compress_bound(state_->gzip, block.size());
      size_t size = libdeflate_gzip_compress(state_->gzip, block.data(), block.size(),
                                             out->Reserve(room), room);
      CHECK(size > 0, "{} bytes did not fit into their bound", block.size());
      out->Advance(size);
      break;
    }
    case Compression::kZstd: {
      size_t room = ZSTD_compressBound(block.size());
      size_t size =
          ZSTD_compress2(state_->zstd, out->Reserve(room), room, block.data(), block.size());
      CHECK(!ZSTD_isError(size), "zstd: {}", ZSTD_getErrorName(size));
      out->Advance(size);
      break;
    }
  }
}

}  // namespace penstock
