#include "aws/query_protocol.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(QueryParametersTest, KnowWhetherTheyAreUtf8) {
  EXPECT_TRUE(QueryParameters("", "").IsUtf8());
  EXPECT_TRUE(QueryParameters("Action=Publish&Message=%C3%A9%F0%9F%98%80", "a=%00").IsUtf8());
  for (const char* bad : {"Message=%FF", "Message=%C3", "%FF=x", "Message=%ED%A0%80",
                          "Tags.member.1.Value=%C0%80", "Message=\xFF"}) {
    EXPECT_FALSE(QueryParameters(bad, "").IsUtf8()) << bad;
    EXPECT_FALSE(QueryParameters("Action=Publish", bad).IsUtf8()) << bad;
  }
}

}  // namespace
}  // namespace penstock
