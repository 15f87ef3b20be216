#include "transfer/table_archive.h"

#include <gtest/gtest.h>

#include "transfer/transfer_fixture_for_test.h"

namespace penstock {
namespace {

using TableArchiveTest = testing::PagedFixture;

TEST_F(TableArchiveTest, ATableIsMadeAgain) {
  Fill(20);
  aws_.tables["T"].ttl_attribute = "at";
  aws_.tables["T"].indexes["ByAt"] = 50;
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  aws_.tables.erase("U");
  ImportOptions options = Import("out");
  EXPECT_EQ(RunImport(Context(), options).error().code, ErrorCode::kNotFound);
  options.create_table = true;
  options.billing = *ParseTableBilling("7,500");
  ASSERT_GOOD(RunImport(Context(), options));
  EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
  EXPECT_EQ(aws_.tables["U"].ttl_attribute, "at");
  ASSERT_EQ(aws_.created.size(), 1u);
  const json::Object& made = aws_.created[0];
  EXPECT_EQ(json::Write(made.at("ProvisionedThroughput")),
            R"({"ReadCapacityUnits":7,"WriteCapacityUnits":500})");
  EXPECT_EQ(made.at("GlobalSecondaryIndexes").as_array().size(), 1u);
  EXPECT_EQ(json::Write(made.at("Tags")), R"([{"Key":"team","Value":"blue"}])");
  // The fake does not make indexes: that is a difference of schema, not of content.
  VerifyOptions verify;
  verify.source = folder_ + "/out";
  verify.table = "U";
  verify.rate.ratio = 1;
  auto verified = RunVerify(Context(), verify);
  ASSERT_GOOD(verified);
  EXPECT_FALSE(verified->refusal);
  ASSERT_EQ(verified->warnings.size(), 1u);
  EXPECT_NE(verified->warnings[0].find("index ByAt"), std::string::npos) << verified->warnings[0];
}

TEST_F(TableArchiveTest, WhatATableIsIsNotGuessed) {
  Fill(5);
  aws_.tags = R"([{"Key":"aws:cloudformation:stack-id","Value":"x"},{"Key":"team","Value":"red"}])";
  aws_.refused["DescribeTimeToLive"] = "AccessDeniedException";
  auto exported = RunExport(Context(), Export("out"));
  ASSERT_GOOD(exported);
  ASSERT_EQ(exported->warnings.size(), 1u);
  EXPECT_NE(exported->warnings[0].find("time to live of table T"), std::string::npos)
      << exported->warnings[0];
  aws_.refused["DescribeTimeToLive"] = "UnknownOperationException";
  exported = RunExport(Context(), Export("quiet"));
  ASSERT_GOOD(exported);
  EXPECT_TRUE(exported->warnings.empty());
  aws_.refused["DescribeTimeToLive"] = "ThrottlingException";
  exported = RunExport(Context(), Export("later"));
  ASSERT_FALSE(exported);
  EXPECT_EQ(exported.error().code, ErrorCode::kUnavailable) << exported.error().message;
  aws_.refused.clear();
  aws_.tables.erase("U");
  ImportOptions options = Import("out");
  options.create_table = true;
  ASSERT_GOOD(RunImport(Context(), options));
  ASSERT_EQ(aws_.created.size(), 1u);
  EXPECT_EQ(json::Write(aws_.created[0].at("Tags")), R"([{"Key":"team","Value":"red"}])");
}

TEST_F(TableArchiveTest, WhatAServerDoesNotHaveIsLeftOut) {
  Fill(20);
  aws_.tables["T"].extras = {
      {"StreamSpecification",
       json::Object{{"StreamEnabled", true}, {"StreamViewType", "NEW_IMAGE"}}},
      {"SSEDescription", json::Object{{"Status", "ENABLED"}}},
      {"TableClassSummary", json::Object{{"TableClass", "STANDARD_INFREQUENT_ACCESS"}}}};
  ASSERT_GOOD(RunExport(Context(), Export("out")));
  ImportOptions options = Import("out");
  options.create_table = true;
  const std::vector<std::vector<std::string>> servers = {
      {}, {"SSESpecification"}, {"StreamSpecification", "SSESpecification"}};
  for (const auto& unsupported : servers) {
    aws_.tables.erase("U");
    aws_.created.clear();
    aws_.unsupported = unsupported;
    auto imported = RunImport(Context(), options);
    ASSERT_GOOD(imported);
    EXPECT_EQ(aws_.tables["U"].items, aws_.tables["T"].items);
    ASSERT_EQ(imported->warnings.size(), unsupported.size());
    ASSERT_EQ(aws_.created.size(), 1u);
    EXPECT_TRUE(aws_.created[0].contains("TableClass"));
    for (size_t i = 0; i < unsupported.size(); ++i) {
      EXPECT_FALSE(aws_.created[0].contains(unsupported[i]));
      EXPECT_NE(imported->warnings[i].find("made without the " + unsupported[i]), std::string::npos)
          << imported->warnings[i];
    }
  }
  // What a table cannot be without is not left out.
  aws_.tables.erase("U");
  aws_.unsupported = {"KeySchema"};
  EXPECT_FALSE(RunImport(Context(), options));
  EXPECT_FALSE(aws_.tables.contains("U"));
}

class SettingsTest : public TableArchiveTest {
 protected:
  SettingsTest() {
    Fill(20);
    aws_.faults.latency = Duration(0);
  }
  void ExportTo(const std::string& where) { ASSERT_GOOD(RunExport(Context(), Export(where))); }
  /// What verifying the export against T warns of.
  std::vector<std::string> Warnings(const std::string& from = "out") {
    auto verified = RunVerify(Context(), Verify("T", from));
    EXPECT_TRUE(verified);
    if (!verified) return {};
    EXPECT_FALSE(verified->refusal) << verified->refusal->message;
    return verified->warnings;
  }
  json::Object& extras() { return aws_.tables["T"].extras; }
};

TEST_F(SettingsTest, ThatDifferAreToldAndTheContentIsTheSame) {
  using Texts = std::vector<std::string>;
  extras() = {{"StreamSpecification",
               json::Object{{"StreamEnabled", true}, {"StreamViewType", "NEW_IMAGE"}}},
              {"TableClassSummary", json::Object{{"TableClass", "STANDARD_INFREQUENT_ACCESS"}}},
              {"DeletionProtectionEnabled", true}};
  ExportTo("out");
  EXPECT_EQ(Warnings(), Texts{});
  extras()["StreamSpecification"] = json::Object{{"StreamEnabled", false}};
  EXPECT_EQ(Warnings(), Texts{"the settings differ: the stream: NEW_IMAGE in the export, none in "
                              "table T"});
  extras()["StreamSpecification"] =
      json::Object{{"StreamEnabled", true}, {"StreamViewType", "KEYS_ONLY"}};
  extras()["TableClassSummary"] = json::Object{{"TableClass", "STANDARD"}};
  extras()["DeletionProtectionEnabled"] = false;
  aws_.tags =
      R"([{"Key":"team","Value":""},{"Key":"aws:x","Value":"1"},{"Key":"new","Value":"n"}])";
  aws_.tables["T"].on_demand = true;
  EXPECT_EQ(Warnings(),
            (Texts{"the settings differ: the billing: provisioned in the export, on demand in "
                   "table T",
                   "the settings differ: the stream: NEW_IMAGE in the export, KEYS_ONLY in table T",
                   "the settings differ: tag team: \"blue\" in the export, \"\" in table T",
                   "the settings differ: tag new: none in the export, \"n\" in table T",
                   "the settings differ: the table class: STANDARD_INFREQUENT_ACCESS in the "
                   "export, STANDARD in table T",
                   "the settings differ: the deletion protection: on in the export, off in table "
                   "T"}));
}

TEST_F(SettingsTest, CapacityAndCountsAreNone) {
  aws_.tables["T"].indexes["ByAt"] = 50;
  ExportTo("out");
  aws_.tables["T"].read_units = 7;
  aws_.tables["T"].indexes["ByAt"] = 500;
  extras() = {{"ItemCount", 5}, {"TableSizeBytes", 77}, {"TableArn", "arn:other"}};
  EXPECT_EQ(Warnings(), std::vector<std::string>{});
}

TEST_F(SettingsTest, WhatOneSideDoesNotSayIsNoDifference) {
  aws_.tables["T"].ttl_attribute = "at";
  extras() = {{"TableClassSummary", json::Object{{"TableClass", "STANDARD"}}},
              {"DeletionProtectionEnabled", true}};
  ExportTo("told");
  // A server that has none of these.
  aws_.refused["DescribeTimeToLive"] = aws_.refused["ListTagsOfResource"] =
      "UnknownOperationException";
  extras() = {{"ProvisionedThroughput", nullptr}};
  EXPECT_EQ(Warnings("told"), std::vector<std::string>{});
  ExportTo("untold");
  auto archive = ParseTableArchive(Read("untold/_table.json"));
  ASSERT_GOOD(archive);
  EXPECT_FALSE(archive->tags);
  EXPECT_FALSE(archive->ttl_attribute);
  aws_.refused.clear();
  extras().clear();
  aws_.tables["T"].on_demand = true;
  EXPECT_EQ(Warnings("untold"), std::vector<std::string>{});
}

TEST_F(SettingsTest, NoTimeToLiveAndNoTagsAreKnownToBeNone) {
  aws_.tags = "[]";
  ExportTo("out");
  aws_.tags = R"([{"Key":"team","Value":"blue"}])";
  aws_.tables["T"].ttl_attribute = "at";
  EXPECT_EQ(Warnings(),
            (std::vector<std::string>{
                "the schema differs: the time to live: none in the export, at in table T",
                "the settings differ: tag team: none in the export, \"blue\" in table T"}));
}

}  // namespace
}  // namespace penstock
