#include "transfer/export_checkpoint.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(ExportCheckpoint, ComesBack) {
  ExportCheckpoint checkpoint("run", 3);
  checkpoint.Committed({0, 3}, {.name = "a", .items = 5, .bytes = 70, .digest = {1, 2}},
                       "{\"k\":1}");
  checkpoint.Ended({1, 3}, FileProof{.name = "b", .items = 1, .bytes = 9, .digest = {}},
                   {{{2, 6}, "{}"}, {{3, 6}, ""}});
  DataFileMark mark;
  mark.proof.name = "c";
  mark.file = {7, "state"};
  checkpoint.Saved({2, 3}, {mark, "{\"k\":2}"});
  auto read = ExportCheckpoint::Parse(checkpoint.Write(), "run");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)->Write(), checkpoint.Write());
  EXPECT_EQ((*read)->Remaining(), checkpoint.Remaining());
  EXPECT_EQ((*read)->Remaining().size(), 4u);
  EXPECT_EQ((*read)->Files().size(), 2u);
  EXPECT_EQ(ExportCheckpoint::Parse(checkpoint.Write(), "other").error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(ExportCheckpoint::Parse("{}", "run").error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace penstock
