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

TEST_F(ConverterTest, AManifestBaseThatCannotBeIsRefusedBeforeAnythingIsWritten) {
  Fill(5);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ConvertOptions options{.source = folder_ + "/out", .destination = "s3://bucket/new"};
  options.manifest_base = "s3://b/f\xFF";
  int writes = 0;
  aws_.s3_fault = [&](const std::string& method, const std::string&) {
    writes += method != "GET" ? 1 : 0;
    return 0;
  };
  auto refused = RunConvert(Context(), options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(writes, 0);
}

}  // namespace
}  // namespace penstock
