#include "transfer/foreign_load.h"

#include <gtest/gtest.h>

#include "transfer/world_for_test.h"

namespace penstock {
namespace {

using testing::FakeClock;
using testing::FakeRandom;

/// A CloudWatch that says one thing.
class FakeCloudWatch : public HttpClient {
 public:
  Result<HttpResponse> Send(const ClientRequest& request, BodySource* source, BodySink*,
                            std::stop_token) override {
    asked.push_back(source != nullptr ? *ReadAll(*source, 1u << 20) : std::string(request.body));
    HttpResponse response;
    response.body = body;
    return response;
  }
  std::string body;
  std::vector<std::string> asked;
};

TEST(ForeignLoad, IsTheSumWithoutOurs) {
  FakeClock clock;
  FakeRandom random;
  FakeCloudWatch cloudwatch;
  auto at = [&](Duration before) { return FormatIsoMillis(clock.Now() - before); };
  cloudwatch.body = fmt::format(
      "<GetMetricStatisticsResponse><GetMetricStatisticsResult><Datapoints>"
      "<member><Timestamp>{}</Timestamp><Sum>60</Sum></member>"
      "<member><Timestamp>{}</Timestamp><Sum>6000</Sum></member></Datapoints>"
      "</GetMetricStatisticsResult></GetMetricStatisticsResponse>",
      at(Duration(180'000)), at(Duration(120'000)));
  ForeignLoad load({&cloudwatch, &clock, &random},
                   {"http://cw", "us-east-1", StaticCredentials({"A", "s", ""})}, "a/b",
                   CapacityKind::kWrite);
  EXPECT_EQ(*load.UnitsPerSecond(0), 100);
  ASSERT_EQ(cloudwatch.asked.size(), 1u);
  EXPECT_NE(cloudwatch.asked[0].find("ConsumedWriteCapacityUnits"), std::string::npos);
  EXPECT_NE(cloudwatch.asked[0].find("Value=a%2Fb"), std::string::npos);
  EXPECT_EQ(*load.UnitsPerSecond(10), 100);  // from memory
  EXPECT_EQ(cloudwatch.asked.size(), 1u);
  // We took 3000 of the 6000 of the next minute.
  Instant began = clock.Now();
  clock.Sleep(Duration(60'000));
  ASSERT_TRUE(load.UnitsPerSecond(3010));
  clock.Sleep(Duration(60'000));
  cloudwatch.body = fmt::format(
      "<R><Datapoints><member><Timestamp>{}</Timestamp><Sum>6000</Sum></member></Datapoints></R>",
      FormatIsoMillis(began));
  auto now = load.UnitsPerSecond(3010);
  ASSERT_TRUE(now);
  EXPECT_NEAR(*now, 75, 1);  // half way from 100 to 50
  cloudwatch.body = "nonsense";
  clock.Sleep(Duration(60'000));
  EXPECT_FALSE(load.UnitsPerSecond(3010));
  // Nor is it known before the next minute; it is not asked for at once.
  size_t asked = cloudwatch.asked.size();
  clock.Sleep(Duration(4000));
  EXPECT_FALSE(load.UnitsPerSecond(3010));
  EXPECT_EQ(cloudwatch.asked.size(), asked);
}

}  // namespace
}  // namespace penstock
