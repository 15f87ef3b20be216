#include "transfer/import_ledger.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(ImportLedger, CountsOnlyWhatHasNoGap) {
  ImportLedger ledger(std::vector<FileProgress>(1));
  uint64_t first = ledger.BeginBlock(0);
  ledger.EndBlock(0, first, 10, 2, {.blank_lines = 8}, {"r1"}, false);
  uint64_t second = ledger.BeginBlock(0);
  ledger.EndBlock(0, second, 20, 1, {}, {}, true);
  ledger.Settle(0, second, {.written = 1});
  ledger.Settle(0, first, {.written = 1});
  std::vector<std::string> rejects;
  EXPECT_EQ(ledger.Snapshot(&rejects)[0].line, 0u);
  EXPECT_TRUE(rejects.empty());
  ledger.Settle(0, first, {.rejected = 1}, "r2");
  FileProgress now = ledger.Snapshot(&rejects)[0];
  EXPECT_EQ(now.line, 20u);
  EXPECT_TRUE(now.is_done);
  EXPECT_EQ(ledger.Sum().written, 2u);
  EXPECT_EQ(rejects, (std::vector<std::string>{"r1", "r2"}));
}

}  // namespace
}  // namespace penstock
