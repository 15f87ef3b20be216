// CSV and TSV: whatever is accepted must survive being written and read again, record by record and
// as a file.
#include <string_view>

#include "base/check.h"
#include "transfer/content_digest.h"
#include "transfer/delimited_reader.h"
#include "transfer/delimited_writer.h"
#include "transfer/line_source.h"

namespace penstock {
namespace {

/// The digest of all items of a file that is known to be good.
ContentDigest Sum(std::string_view text, char separator, uint64_t* count) {
  StringSource bytes(text);
  LineSource lines(&bytes, separator);
  DelimitedReader reader(separator);
  ItemHasher hasher;
  Item item;
  ContentDigest sum;
  while (true) {
    auto line = lines.Next();
    CHECK(line.has_value());
    if (!*line) return sum;
    LineKind kind = reader.Read((*line)->text, &item);
    CHECK(kind == LineKind::kItem || kind == LineKind::kHeader, "{}: {}", (*line)->text,
          reader.reason());
    if (kind != LineKind::kItem) continue;
    sum.Add(hasher.Hash(item));
    ++*count;
  }
}

void CheckFile(std::string_view text, char separator) {
  StringSource bytes(text);
  LineSource lines(&bytes, separator);
  DelimitedReader reader(separator);
  DelimitedWriter writer({.format = separator == ',' ? FileFormat::kCsv : FileFormat::kTsv});
  ItemHasher hasher;
  Item item;
  LineBuffer out;
  ContentDigest sum;
  uint64_t items = 0, last_number = 0;
  while (true) {
    auto line = lines.Next();
    CHECK(line.has_value());
    if (!*line) break;
    CHECK((*line)->number > last_number);
    last_number = (*line)->number;
    const bool is_header = reader.NeedsHeader();
    LineKind kind = reader.Read((*line)->text, &item);
    if (kind == LineKind::kBad) {
      CHECK(!reader.reason().empty());
      CHECK(reader.column() <= (*line)->text.size());
      if (is_header) return;
    }
    if (kind != LineKind::kItem) continue;
    sum.Add(hasher.Hash(item));
    ++items;
    CHECK(writer.Append(item, &out).has_value());
    // Put aside once, so that what goes on is checked too.
    if (items == 2) {
      auto saved = writer.Save(&out);
      CHECK(saved.has_value());
      CHECK(ParseColumns(*saved, separator).has_value(), "{}", *saved);
    }
  }
  CHECK(writer.Finish(&out).has_value());
  uint64_t count = 0;
  CHECK(Sum(out.view(), separator, &count) == sum, "{}", out.view());
  CHECK(count == items);
}

}  // namespace
}  // namespace penstock

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace penstock;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckFile(text, ',');
  CheckFile(text, '\t');
  return 0;
}
