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

TEST_F(ConverterTest, WhatItWritesIsEncryptedAndSaysWhereItGoes) {
  Write("in/f", "{\"pk\":{\"S\":\"a\"}}\ngarbage\n");
  ConvertOptions options{.source = folder_ + "/in",
                         .destination = "s3://bucket/out",
                         .no_manifest = true,
                         .style = {},
                         .manifest_base = "s3://elsewhere/x/",
                         .server_side_encryption = "aws:kms",
                         .kms_key_id = "key",
                         .rejects_max = 1};
  auto converted = RunConvert(Context(), options);
  ASSERT_GOOD(converted);
  EXPECT_EQ(aws_.objects.size(), 4u);  // data, manifest, _SUCCESS, the rejected line
  for (const auto& [name, content] : aws_.objects)
    EXPECT_EQ(aws_.encryption[name], "aws:kms key") << name;
  auto manifest = ParseManifest(aws_.objects["/bucket/out/manifest"]);
  ASSERT_GOOD(manifest);
  EXPECT_TRUE(manifest->urls.front().starts_with("s3://elsewhere/x/")) << manifest->urls.front();
  options.destination = folder_ + "/out";
  auto refused = RunConvert(Context(), options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("local folder"), std::string::npos);
}

}  // namespace
}  // namespace penstock
