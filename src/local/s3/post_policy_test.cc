#include "local/s3/post_policy.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace penstock {
namespace {

constexpr std::string_view kPolicy = R"j({"expiration":"2024-01-02T00:00:00.000Z","conditions":[
    {"bucket":"b"},["starts-with","$key","user/"],["eq","$Content-Type","text/plain"],
    ["content-length-range",1,"10"]]})j";

TEST(PostPolicy, IsRead) {
  auto policy = ReadPostPolicy(Base64Encode(kPolicy));
  ASSERT_TRUE(policy.has_value()) << policy.error().message;
  EXPECT_EQ(policy->expires_at, *ParseIso("2024-01-02T00:00:00Z"));
  EXPECT_EQ(
      policy->conditions,
      (std::vector<PostCondition>{
          {false, "bucket", "b"}, {true, "key", "user/"}, {false, "content-type", "text/plain"}}));
  EXPECT_EQ(policy->size_least, 1u);
  EXPECT_EQ(policy->size_most, 10u);
}

TEST(PostPolicy, IsRefusedIfItSaysNothing) {
  for (std::string_view text :
       {"", "{}", "[]", R"j({"expiration":"x","conditions":[]})j",
        R"j({"expiration":"2024-01-02T00:00:00Z"})j",
        R"j({"expiration":"2024-01-02T00:00:00Z","conditions":["x"]})j",
        R"j({"expiration":"2024-01-02T00:00:00Z","conditions":[["eq","key","x"]]})j",
        R"j({"expiration":"2024-01-02T00:00:00Z","conditions":[["content-length-range","a",1]]})j",
        R"j({"expiration":"2024-01-02T00:00:00Z","conditions":[{"bucket":1}]})j"}) {
    auto policy = ReadPostPolicy(Base64Encode(text));
    ASSERT_FALSE(policy.has_value()) << text;
    EXPECT_EQ(policy.error().type, "InvalidPolicyDocument");
  }
  EXPECT_FALSE(ReadPostPolicy("?").has_value());
}

TEST(PostPolicy, BindsEveryField) {
  auto policy = *ReadPostPolicy(Base64Encode(kPolicy));
  using Fields = std::vector<std::pair<std::string, std::string>>;
  auto check = [&](Fields fields, std::string_view now) {
    auto checked = CheckPostPolicy(policy, fields, *ParseIso(now));
    return checked ? "" : checked.error().message;
  };
  const Fields good = {{"bucket", "b"}, {"key", "user/x"},  {"content-type", "text/plain"},
                       {"policy", "…"}, {"signature", "…"}, {"x-ignore-this", "1"}};
  EXPECT_EQ(check(good, "2024-01-01T00:00:00Z"), "");
  EXPECT_EQ(check(good, "2024-01-02T00:00:00Z"), "Invalid according to Policy: Policy expired.");
  Fields extra = good;
  extra.emplace_back("acl", "private");
  EXPECT_EQ(check(extra, "2024-01-01T00:00:00Z"),
            "Invalid according to Policy: Extra input fields: acl");
  Fields elsewhere = good;
  elsewhere[1].second = "other/x";
  EXPECT_EQ(check(elsewhere, "2024-01-01T00:00:00Z"),
            "Invalid according to Policy: Policy Condition failed: [\"starts-with\", \"$key\", "
            "\"user/\"]");
  Fields twice = good;
  twice.emplace_back("key", "other/x");
  EXPECT_EQ(check(twice, "2024-01-01T00:00:00Z"),
            "Invalid according to Policy: Policy Condition failed: [\"starts-with\", \"$key\", "
            "\"user/\"]");
}

TEST(PostPolicy, NamesItsBucket) {
  auto policy = *ReadPostPolicy(Base64Encode(
      R"j({"expiration":"2024-01-02T00:00:00Z","conditions":[["starts-with","$key",""]]})j"));
  auto checked =
      CheckPostPolicy(policy, {{"bucket", "b"}, {"key", "x"}}, *ParseIso("2024-01-01T00:00:00Z"));
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().type, "AccessDenied");
  EXPECT_EQ(checked.error().message, "Invalid according to Policy: Extra input fields: bucket");
}

TEST(PostPolicy, TakesAnAbsentFieldForAnEmptyOne) {
  auto check = [](std::string_view conditions) {
    auto policy =
        *ReadPostPolicy(Base64Encode(R"j({"expiration":"2024-01-02T00:00:00Z",)j" +
                                     ("\"conditions\":[" + std::string(conditions)) + "]}"));
    return CheckPostPolicy(policy, {}, *ParseIso("2024-01-01T00:00:00Z")).has_value();
  };
  EXPECT_TRUE(check(R"j(["starts-with","$key",""])j"));
  EXPECT_TRUE(check(R"j({"key":""})j"));
  EXPECT_FALSE(check(R"j({"key":"x"})j"));
}

}  // namespace
}  // namespace penstock
