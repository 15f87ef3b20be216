#include "transfer/converter.h"

#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using ConverterTest = testing::PagedFixture;

TEST_F(ConverterTest, AConversionThatFailsAtItsEndLeavesNothing) {
  Fill(5);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.s3_fault = [](const std::string& method, const std::string& target) {
    return method == "PUT" && target.ends_with("_SUCCESS") ? 403 : 0;
  };
  ConvertOptions options{.source = folder_ + "/out", .destination = "s3://bucket/new"};
  options.style.format = FileFormat::kJsonLines;
  ASSERT_FALSE(RunConvert(Context(), options));
  EXPECT_TRUE(aws_.objects.empty());
}

}  // namespace
}  // namespace penstock
