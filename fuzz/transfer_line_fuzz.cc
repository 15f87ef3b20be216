// Lines of exports: whatever is accepted must survive being written and read again.
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "transfer/content_digest.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"
#include "transfer/line_reader.h"
#include "transfer/line_source.h"
#include "transfer/scan_page.h"

namespace penstock {
namespace {

void CheckLine(std::string_view line, LineShape shape, Leniency leniency = Leniency::kStrict) {
  LineReader reader(shape, leniency);
  Item item;
  LineKind kind = reader.Read(line, &item);
  if (kind == LineKind::kBad) {
    CHECK(!reader.reason().empty());
    CHECK(reader.column() <= line.size());
  }
  if (kind != LineKind::kItem && kind != LineKind::kDelete) return;
  ItemHasher hasher;
  ContentDigest digest = hasher.Hash(item);
  uint64_t size = ItemSize(item);
  for (AttributeOrder order :
       {AttributeOrder::kServer, AttributeOrder::kSorted, AttributeOrder::kJavaHashMap}) {
    LineBuffer out;
    ItemWriter({NullTag::kNull, order}).AppendLine(item, &out);
    std::string_view written = out.view().substr(0, out.size() - 1);
    CHECK(written.find('\n') == std::string_view::npos);
    LineReader again(LineShape::kBare);
    Item copy;
    CHECK(again.Read(written, &copy) == LineKind::kItem, "{}: {}", written, again.reason());
    CHECK(hasher.Hash(copy) == digest, "{}", written);
    CHECK(ItemSize(copy) == size);
  }
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  StringSource bytes(text);
  LineSource lines(&bytes);
  uint64_t number = 0;
  while (true) {
    auto line = lines.Next();
    CHECK(line.has_value());
    if (!*line) break;
    CHECK((*line)->number == ++number);
    CheckLine((*line)->text, LineShape::kAny);
    CheckLine((*line)->text, LineShape::kBare);
    CheckLine((*line)->text, LineShape::kBare, Leniency::kGson);
    CheckLine((*line)->text, LineShape::kWrapped);
    CheckLine((*line)->text, LineShape::kChange);
  }
  CHECK(lines.offset() == size);

  ItemReader reader(ItemDialect::kServer);
  Item item;
  ItemHasher hasher;
  uint64_t count = 0;
  auto page = ReadScanPage(text, reader, &item, [&](const Item& one) -> Status {
    hasher.Hash(one);
    ++count;
    return {};
  });
  if (page) CHECK(page->items == count);
  return 0;
}
