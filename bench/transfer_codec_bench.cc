// The engine's inner loops on one core, in bytes of JSON a second: Scan page -> export lines,
// export lines -> wire items, the digest, and all that an export and an import do with an item.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "transfer/content_digest.h"
#include "transfer/item_size.h"
#include "transfer/item_writer.h"
#include "transfer/key_schema.h"
#include "transfer/line_reader.h"
#include "transfer/scan_page.h"

namespace penstock {
namespace {

constexpr int kItems = 5000;

/// 224 bytes of JSON each: strings, numbers, a map, a list, some non-ASCII.
std::string Item224(int i) {
  return fmt::format(
      R"({{"Id":{{"N":"{}"}},"Name":{{"S":"Place number {} déjà"}},"Country":{{"S":"AD"}},"Location":{{"M":{{"lat":{{"N":"42.{}"}},"lng":{{"N":"1.5{}"}}}}}},"Codes":{{"L":[{{"S":"08"}},{{"S":""}}]}},"Active":{{"BOOL":true}},"Pop":{{"N":"{}"}}}})",
      100000 + i, i, 10000 + i, i, i * 37);
}

std::string Page() {
  std::string page = "{\"Count\":5000,\"Items\":[";
  for (int i = 0; i < kItems; ++i) page += (i > 0 ? "," : "") + Item224(i);
  return page +
         "],\"ScannedCount\":5000,\"ConsumedCapacity\":{\"TableName\":\"t\",\"CapacityUnits\":64.0}"
         "}";
}

std::vector<std::string> Lines() {
  std::vector<std::string> lines;
  ItemReader reader(ItemDialect::kServer);
  ItemWriter writer({});
  Item item;
  std::string page = Page();
  CHECK(ReadScanPage(page, reader, &item, [&](const Item& one) -> Status {
          LineBuffer line;
          writer.AppendLine(one, &line);
          lines.emplace_back(line.view().substr(0, line.size() - 1));
          return {};
        }).has_value());
  return lines;
}

template <class Each>
void OverPage(benchmark::State& state, const Each& each) {
  const std::string page = Page();
  ItemReader reader(ItemDialect::kServer);
  Item item;
  for (auto _ : state) CHECK(ReadScanPage(page, reader, &item, each).has_value());
  state.SetBytesProcessed(static_cast<int64_t>(page.size()) * state.iterations());
  state.SetItemsProcessed(kItems * state.iterations());
}

void BM_PageParse(benchmark::State& state) {
  OverPage(state, [](const Item& item) -> Status {
    benchmark::DoNotOptimize(item.size());
    return {};
  });
}

void BM_PageToLines(benchmark::State& state) {
  ItemWriter writer({});
  LineBuffer lines;
  OverPage(state, [&](const Item& item) -> Status {
    if (lines.size() > (1u << 20)) lines.Clear();
    writer.AppendLine(item, &lines);
    return {};
  });
}

void BM_PageToLinesAndDigest(benchmark::State& state) {
  ItemWriter writer({});
  ItemHasher hasher;
  LineBuffer lines;
  ContentDigest digest;
  OverPage(state, [&](const Item& item) -> Status {
    if (lines.size() > (1u << 20)) lines.Clear();
    writer.AppendLine(item, &lines);
    digest.Add(hasher.Hash(item));
    return {};
  });
  benchmark::DoNotOptimize(digest);
}

template <class Each>
void OverLines(benchmark::State& state, const Each& each) {
  const std::vector<std::string> lines = Lines();
  int64_t bytes = 0;
  for (const std::string& line : lines) bytes += static_cast<int64_t>(line.size()) + 1;
  LineReader reader(LineShape::kBare);
  Item item;
  for (auto _ : state) {
    for (const std::string& line : lines) {
      CHECK(reader.Read(line, &item) == LineKind::kItem);
      each(item);
    }
  }
  state.SetBytesProcessed(bytes * state.iterations());
  state.SetItemsProcessed(kItems * state.iterations());
}

void BM_LinesParse(benchmark::State& state) {
  OverLines(state, [](const Item& item) { benchmark::DoNotOptimize(item.size()); });
}

void BM_LinesToWire(benchmark::State& state) {
  LineBuffer wire;
  OverLines(state, [&](const Item& item) {
    wire.Clear();
    ItemWriter::AppendWire(item, &wire);
  });
}

void BM_LinesToPuts(benchmark::State& state) {
  const KeySchema key{{{"Id", AttributeType::kN}}};
  LineBuffer wire, key_bytes;
  ItemHasher hasher;
  OverLines(state, [&](const Item& item) {
    wire.Clear();
    key_bytes.Clear();
    ItemWriter::AppendWire(item, &wire);
    CHECK(!key.Fault(item));
    key.AppendKey(item, hasher, &key_bytes);
    benchmark::DoNotOptimize(hasher.Hash(item));
    benchmark::DoNotOptimize(ItemSize(item));
  });
}

void BM_Digest(benchmark::State& state) {
  ItemHasher hasher;
  OverLines(state, [&](const Item& item) { benchmark::DoNotOptimize(hasher.Hash(item)); });
}

BENCHMARK(BM_PageParse);
BENCHMARK(BM_PageToLines);
BENCHMARK(BM_PageToLinesAndDigest);
BENCHMARK(BM_LinesParse);
BENCHMARK(BM_LinesToWire);
BENCHMARK(BM_LinesToPuts);
BENCHMARK(BM_Digest);

}  // namespace
}  // namespace penstock
