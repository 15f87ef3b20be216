#include "transfer/checkpoint_file.h"

#include <gtest/gtest.h>

#include "transfer/s3_folder.h"
#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeAws;
using testing::FakeClock;
using testing::FakeRandom;

TEST(CheckpointFile, IsWrittenAgainSoonAfterAThrottleOfMinutes) {
  FakeClock clock;
  FakeRandom random;
  FakeAws aws(&clock);
  S3Client s3({&aws, &clock, &random},
              {"http://aws.test", "us-east-1", StaticCredentials({"AKID", "secret", ""})});
  std::stop_source job;
  S3Folder folder(&s3, &clock, &random, {"b", "p"}, {.stop = job.get_token()});
  int asked = 0;
  CheckpointFile file(&folder, "c", &clock,
                      [&]() -> Result<std::string> { return std::to_string(++asked); });
  clock.Sleep(Duration(6'000));
  const double began = clock.Seconds();
  aws.s3_fault = [&](const std::string&, const std::string&) {
    return clock.Seconds() - began < 500 ? FakeAws::kSlowDown : 0;
  };
  file.Changed();
  EXPECT_GT(clock.Seconds() - began, 500);
  EXPECT_EQ(aws.objects["/b/p/c"], "1");
  // What took long is not done again at once, but in time.
  file.Changed();
  EXPECT_EQ(asked, 1);
  clock.Sleep(Duration(601'000));
  file.Changed();
  EXPECT_EQ(aws.objects["/b/p/c"], "2");
}

}  // namespace
}  // namespace penstock
