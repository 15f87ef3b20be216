#include "transfer/exporter.h"

#include <gtest/gtest.h>

#include "transfer/manifest.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using ExporterTest = testing::PagedFixture;

TEST_F(ExporterTest, AFolderMayBeCalledManifest) {
  Fill(5);
  auto exported = RunExport(Context(), Export("s3://bucket/manifest"));
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->manifest, "s3://bucket/manifest/manifest");
  for (const char* source : {"s3://bucket/manifest/", "s3://bucket/manifest/manifest"})
    ExpectVerified(source);
  ExportOptions local = Export("local");
  local.kms_key_id = "key";
  EXPECT_EQ(RunExport(Context(), local).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(ExporterTest, EveryObjectIsEncryptedAsAsked) {
  Fill(40, 300'000);  // with parts
  ExportOptions options = Export("s3://bucket/out");
  options.segments = 1;
  options.server_side_encryption = "aws:kms";
  options.kms_key_id = "key";
  ASSERT_GOOD(RunExport(Context(), options));
  for (const auto& [name, content] : aws_.objects)
    EXPECT_EQ(aws_.encryption[name], "aws:kms key") << name;
}

TEST_F(ExporterTest, OverwriteReplacesAnExportAndNothingElse) {
  Fill(100);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Export("out");
  again.run_id = "run-3";
  ASSERT_FALSE(RunExport(Context(), again));
  again.overwrite = true;
  Fill(120);
  auto exported = RunExport(Context(), again);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 120u);
  ExpectVerified("out");
  again.run_id = "run-4";
  for (const char* mine : {"mine.txt", "_mine", "mine.part", ".mine.part"}) {
    const std::string path = folder_ + "/out/" + mine;
    ASSERT_TRUE(files_.Replace(path, "precious"));
    auto refused = RunExport(Context(), again);
    ASSERT_FALSE(refused) << mine;
    EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
    EXPECT_TRUE(files_.Exists(folder_ + "/out/manifest"));
    ASSERT_TRUE(files_.Remove(path));
  }
  ASSERT_GOOD(RunExport(Context(), again));
}

TEST_F(ExporterTest, WhatCannotBeReadReplacesNothing) {
  Fill(100);
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ExportOptions again = Export("out");
  again.run_id = "run-3";
  again.overwrite = true;
  aws_.refused["Scan"] = "AccessDeniedException";
  auto refused = RunExport(Context(), again);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("before the export at"), std::string::npos)
      << refused.error().message;
  aws_.refused.clear();
  ExpectVerified("out");
  // Nor what finds no bound; of an empty place it claims nothing.
  ExportOptions headroom = Export("out");
  headroom.run_id = "run-4";
  headroom.overwrite = true;
  headroom.rate.mode = RateMode::kHeadroom;
  ASSERT_FALSE(RunExport(Context(), headroom));
  ExpectVerified("out");
  headroom.destination = folder_ + "/new";
  ASSERT_FALSE(RunExport(Context(), headroom));
  EXPECT_FALSE(files_.Exists(folder_ + "/new/_penstock/run.json"));
}

TEST_F(ExporterTest, ASlowTailIsSplitWithoutLoss) {
  Fill(2000);
  aws_.faults.latency = Duration(0);
  ExportOptions options = Export("out");
  options.segments = 1;
  options.memory_bytes = 256u << 20;
  options.splits_tail = true;
  auto exported = RunExport(Context(), options);
  ASSERT_GOOD(exported);
  EXPECT_EQ(exported->items, 2000u);
  ExpectVerified("out");
  auto manifest = ParseManifest(*files_.Read(folder_ + "/out/manifest"));
  ASSERT_GOOD(manifest);
  EXPECT_GT(manifest->urls.size(), 1u);
}

}  // namespace
}  // namespace penstock
