#include "transfer/job_rate.h"

#include <gtest/gtest.h>

#include "transfer/world_for_test.h"

namespace penstock {
namespace {

/// A CloudWatch that answers nothing that can be read.
class BrokenCloudWatch : public HttpClient {
 public:
  Result<HttpResponse> Send(const ClientRequest&, BodySource*, BodySink*,
                            std::stop_token) override {
    HttpResponse response;
    response.body = "nonsense";
    return response;
  }
};

TEST(JobRate, HeadroomNeedsAnAnswerToBeginWith) {
  testing::FakeClock clock;
  testing::FakeRandom random;
  BrokenCloudWatch cloudwatch;
  TransferContext context{};
  context.clock = &clock;
  context.random = &random;
  TableDescription table;
  table.name = "T";
  RateOptions headroom{.mode = RateMode::kHeadroom};
  auto rate = NewJobRate(context, headroom, table, CapacityKind::kRead, {});
  ASSERT_FALSE(rate);
  EXPECT_EQ(rate.error().code, ErrorCode::kInvalidArgument);
  context.cloudwatch = {{&cloudwatch, &clock, &random},
                        {"http://cw", "us-east-1", StaticCredentials({"A", "s", ""})}};
  rate = NewJobRate(context, headroom, table, CapacityKind::kRead, {});
  ASSERT_FALSE(rate);
  EXPECT_NE(rate.error().message.find("CloudWatch"), std::string::npos) << rate.error().message;
  EXPECT_TRUE(NewJobRate(context, {}, table, CapacityKind::kRead, {}));
}

}  // namespace
}  // namespace penstock
