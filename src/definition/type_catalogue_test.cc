#include "definition/type_catalogue.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

namespace penstock {
namespace {

TEST(TypeCatalogue, HasEveryType) {
  EXPECT_EQ(AllTypes().size(), 41u);
  size_t documented = 0, runnable = 0;
  for (const TypeInfo& type : AllTypes()) {
    documented += type.documented;
    runnable += type.Runnable();
    EXPECT_EQ(FindType(type.name), &type);
    for (size_t i = 1; i < type.fields.size(); ++i)
      EXPECT_LT(type.fields[i - 1].name, type.fields[i].name);
    for (const FieldInfo& field : type.fields) {
      EXPECT_EQ(type.Find(field.name), &field);
      EXPECT_EQ(field.slot == SlotType::kReference, !field.ref_types.empty())
          << type.name << "." << field.name;
      EXPECT_EQ(field.secret, field.name.starts_with('*'));
    }
  }
  EXPECT_EQ(documented, 38u);
  EXPECT_EQ(runnable, 22u);
  EXPECT_EQ(FindType("emrActivity"), nullptr);
}

TEST(TypeCatalogue, KnowsFields) {
  const TypeInfo& emr = *FindType("EmrActivity");
  EXPECT_EQ(emr.category, TypeCategory::kActivity);
  EXPECT_TRUE(emr.Find("step")->multiple);
  EXPECT_EQ(emr.Find("step")->count_max, 255u);
  EXPECT_EQ(emr.Find("runsOn")->ref_types[0], "EmrCluster");
  EXPECT_EQ(emr.Find("runsOn")->required_group, "runsOnOrWorkerGroup");
  EXPECT_TRUE(emr.Find("@status")->runtime);
  EXPECT_TRUE(FindType("EmrCluster")->Find("runsOn")->forbidden);
  EXPECT_EQ(FindType("Schedule")->Find("period")->period_min, "15 minutes");
  EXPECT_EQ(FindType("DynamoDBDataNode")->Find("readThroughputPercent")->min, 0.1);
  EXPECT_TRUE(FindType("S3PrefixNotEmpty")->managed_by_service);
  EXPECT_FALSE(FindType("Exists")->managed_by_service);
  EXPECT_FALSE(FindType("Ec2Resource")->Find("logUri")->documented);
  EXPECT_EQ(FindFieldAnywhere("scheduleType")->slot, SlotType::kEnumeration);
  EXPECT_EQ(FindFieldAnywhere("nothing"), nullptr);
}

TEST(TypeCatalogue, MatchesCategories) {
  const TypeInfo& s3 = *FindType("S3DataNode");
  for (const char* name : {"S3DataNode", "DataNode", "RunnableObject", "any"})
    EXPECT_TRUE(TypeMatches(s3, name));
  for (const char* name : {"Activity", "SqlDataNode", "Resource"})
    EXPECT_FALSE(TypeMatches(s3, name));
  EXPECT_FALSE(TypeMatches(*FindType("CSV"), "RunnableObject"));
}

TEST(TypeCatalogue, UserFields) {
  for (const char* name : {"myX", "*myPassword", "my_x", "my1"})
    EXPECT_TRUE(IsUserFieldName(name)) << name;
  for (const char* name : {"my", "mystery", "MyX", "*password", ""})
    EXPECT_FALSE(IsUserFieldName(name)) << name;
}

TEST(TypeCatalogue, GeneratedFileIsUpToDate) {
  EXPECT_EQ(std::system("/usr/bin/python3 " PENSTOCK_SOURCE_DIR
                        "/scripts/generate_type_catalogue.py --check"),
            0);
}

}  // namespace
}  // namespace penstock
