#include "transfer/linked_folder.h"

#include <gtest/gtest.h>

#include "transfer/local_folder.h"
#include "transfer/manifest.h"
#include "transfer/s3_folder.h"
#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using LinkedFolderTest = testing::PagedFixture;

TEST_F(LinkedFolderTest, NamesWhatUrlsMean) {
  S3Folder in_s3(&*s3_, &clock_, &random_, {"b", "p"});
  LocalFolder local(&files_, "/x");
  auto name = [](const DataFolder& folder, const char* url) {
    auto found = LinkedFolder::NameOf(folder, url);
    return found ? *found : "!" + found.error().message;
  };
  EXPECT_EQ(name(in_s3, "s3://b/p/f"), "f");
  EXPECT_EQ(name(in_s3, "s3n://b/p/f"), "f");
  EXPECT_EQ(name(in_s3, "f"), "f");
  EXPECT_EQ(name(in_s3, "s3a://other/p/f"), "s3://other/p/f");
  EXPECT_TRUE(name(in_s3, "file:///etc/passwd").starts_with("!")) << "nobody's to say";
  EXPECT_TRUE(name(in_s3, "/etc/passwd").starts_with("!"));
  EXPECT_TRUE(name(in_s3, "s3://b/p/").starts_with("!"));
  EXPECT_TRUE(name(in_s3, "http://b/p").starts_with("!"));
  EXPECT_EQ(name(local, "/x/f"), "f");
  EXPECT_EQ(name(local, "file:///x/f"), "f");
  EXPECT_EQ(name(local, "/y/f"), "file:///y/f");
  EXPECT_EQ(name(local, "s3://b/p/f"), "s3://b/p/f");
}

TEST_F(LinkedFolderTest, AManifestAloneIsEnough) {
  Fill(300);
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  aws_.objects["/other/place/manifest"] = aws_.objects["/bucket/out/manifest"];
  Write("moved/manifest", aws_.objects["/bucket/out/manifest"]);
  for (const char* source : {"s3://other/place", "moved"}) {
    aws_.tables["U"].items.clear();
    ImportOptions options = Import(source);
    auto refused = RunImport(Context(), options);
    ASSERT_FALSE(refused) << "files are looked for beside the manifest";
    EXPECT_NE(refused.error().message.find("which is not in"), std::string::npos);
    options.follow_manifest_urls = true;
    auto imported = RunImport(Context(), options);
    ASSERT_GOOD(imported);
    EXPECT_EQ(imported->items, 300u);
    EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
    VerifyOptions verify = Verify("T", source);
    verify.follow_manifest_urls = true;
    auto verified = RunVerify(Context(), verify);
    ASSERT_GOOD(verified);
    EXPECT_FALSE(verified->refusal);
  }
}

TEST_F(LinkedFolderTest, AnExportMadeHereIsFollowedWhereItWasCopied) {
  Fill(300);
  int runs = 0;
  for (const char* base : {"s3://bucket/some/folder", "s3a://bucket/some/folder/", "s3://bucket"}) {
    for (FileFormat format : {FileFormat::kDataPipeline, FileFormat::kDynamoDbJson}) {
      aws_.objects.clear();
      aws_.tables["U"].items.clear();
      const std::string here = fmt::format("out{}", ++runs);
      ExportOptions options = Export(here);
      options.style.format = format;
      options.manifest_base = base;
      ASSERT_GOOD(RunExport(Context(), options));
      const std::string there = std::string("/bucket") + (runs > 4 ? "/" : "/some/folder/");
      LocalFolder written(&files_, folder_ + "/" + here);
      auto entries = written.List(SIZE_MAX);
      ASSERT_GOOD(entries);
      for (const FolderEntry& entry : *entries) {
        auto content = written.Read(entry.name, 1u << 20);
        ASSERT_GOOD(content);
        aws_.objects[there + entry.name] = *content;
      }
      if (format == FileFormat::kDataPipeline) {
        // Elsewhere, the manifest alone leads there.
        Write("alone/manifest", aws_.objects[there + "manifest"]);
        auto manifest = ParseManifest(aws_.objects[there + "manifest"]);
        ASSERT_GOOD(manifest);
        for (const std::string& url : manifest->urls)
          EXPECT_TRUE(url.starts_with("s3:/" + there) && aws_.objects.contains(url.substr(4)))
              << url;
      }
      ImportOptions import = Import(format == FileFormat::kDataPipeline ? "alone" : "s3:/" + there);
      import.follow_manifest_urls = format == FileFormat::kDataPipeline;
      auto imported = RunImport(Context(), import);
      ASSERT_GOOD(imported);
      EXPECT_EQ(imported->items, 300u);
      EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
    }
  }
}

TEST_F(LinkedFolderTest, WhatIsMissingOrChangedThereIsSaid) {
  Fill(300);
  ASSERT_GOOD(RunExport(Context(), Export("s3://bucket/out")));
  aws_.objects["/other/place/manifest"] = aws_.objects["/bucket/out/manifest"];
  ImportOptions options = Import("s3://other/place");
  options.follow_manifest_urls = true;
  auto file = std::find_if(aws_.objects.begin(), aws_.objects.end(), [](const auto& object) {
    return object.first.size() == std::string("/bucket/out/").size() + 36;
  });
  ASSERT_NE(file, aws_.objects.end());
  file->second += "\n";
  auto refused = RunImport(Context(), options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("s3:/" + file->first + " has"), std::string::npos)
      << refused.error().message;
  const std::string name = file->first;
  aws_.objects.erase(file);
  refused = RunImport(Context(), options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("names a file elsewhere"), std::string::npos)
      << refused.error().message;
  EXPECT_NE(refused.error().message.find(name), std::string::npos);
  EXPECT_EQ(aws_.batches, 0);
}

}  // namespace
}  // namespace penstock
