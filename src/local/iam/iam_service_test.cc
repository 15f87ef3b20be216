#include "local/iam/iam_service.h"

#include <gtest/gtest.h>

#include "aws/xml_reader.h"
#include "base/encoding.h"
#include "key_value/memory_key_value.h"
#include "system/system_clock.h"
#include "system/system_random.h"

namespace penstock::iam {
namespace {

struct Answer {
  int status = 0;
  std::string body;
  bool Has(std::string_view text) const { return body.find(text) != std::string::npos; }
};

class KeepAnswer : public Responder {
 public:
  explicit KeepAnswer(Answer& answer) : answer_(answer) {}
  void Respond(HttpResponse response) override { answer_ = {response.status, response.body}; }
  Status Begin(int, Headers, std::optional<uint64_t>) override { return {}; }
  Status Write(std::string_view) override { return {}; }
  Status Finish() override { return {}; }
  bool PeerConnected() override { return true; }

 private:
  Answer& answer_;
};

class IamServiceTest : public testing::Test {
 protected:
  Answer Call(const std::string& form, const std::string& account = "111111111111") {
    HttpRequest request{.method = "POST", .target = "/", .request_id = "r-1"};
    request.caller = Caller{.account = account, .region = "us-east-1", .service = "iam"};
    Answer answer;
    StringSource source(form);
    IamService(store_, clock_, random_)
        .Serve(request, source, std::make_unique<KeepAnswer>(answer));
    return answer;
  }
  Answer Create(const std::string& name) {
    return Call("Action=CreateRole&Version=2010-05-08&RoleName=" + name +
                "&AssumeRolePolicyDocument=" + PercentEncode(kTrust));
  }

  static constexpr std::string_view kTrust =
      R"({"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]})";
  MemoryKeyValue store_;
  SystemClock clock_;
  SystemRandom random_;
};

TEST_F(IamServiceTest, RolesAreMadeKeptAndEnded) {
  EXPECT_EQ(Call("Action=GetRole&RoleName=R").status, 404);
  EXPECT_TRUE(Call("Action=GetRole&RoleName=R").Has("<Code>NoSuchEntity</Code>"));
  Answer made = Create("R");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_TRUE(made.Has("<CreateRoleResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"));
  EXPECT_TRUE(made.Has("<Arn>arn:aws:iam::111111111111:role/R</Arn>"));
  EXPECT_TRUE(made.Has(PercentEncode(kTrust)));
  EXPECT_TRUE(made.Has("<RequestId>r-1</RequestId>"));
  EXPECT_EQ(Create("r").status, 409);  // without regard to case
  EXPECT_EQ(Call("Action=GetRole&RoleName=R", "222222222222").status, 404);

  constexpr char kPolicy[] = "&PolicyArn=arn:aws:iam::aws:policy/service-role/AWSDataPipelineRole";
  EXPECT_EQ(Call(std::string("Action=AttachRolePolicy&RoleName=R") + kPolicy).status, 200);
  EXPECT_EQ(Call(std::string("Action=AttachRolePolicy&RoleName=R") + kPolicy).status, 200);
  EXPECT_TRUE(Call("Action=ListAttachedRolePolicies&RoleName=R").Has("AWSDataPipelineRole"));
  EXPECT_TRUE(Call("Action=DeleteRole&RoleName=R").Has("DeleteConflict"));
  EXPECT_EQ(Call(std::string("Action=DetachRolePolicy&RoleName=R") + kPolicy).status, 200);
  EXPECT_EQ(Call(std::string("Action=DetachRolePolicy&RoleName=R") + kPolicy).status, 404);
  EXPECT_EQ(Call("Action=DeleteRole&RoleName=R").status, 200);
  EXPECT_EQ(Call("Action=GetRole&RoleName=R").status, 404);
}

TEST_F(IamServiceTest, AnInstanceProfileHoldsOneRole) {
  Create("R");
  Create("S");
  EXPECT_EQ(Call("Action=CreateInstanceProfile&InstanceProfileName=P").status, 200);
  EXPECT_EQ(Call("Action=CreateInstanceProfile&InstanceProfileName=P").status, 409);
  std::string add = "Action=AddRoleToInstanceProfile&InstanceProfileName=P&RoleName=";
  EXPECT_EQ(Call(add + "T").status, 404);
  EXPECT_EQ(Call(add + "R").status, 200);
  EXPECT_TRUE(Call(add + "S").Has("LimitExceeded"));
  EXPECT_TRUE(
      Call("Action=GetInstanceProfile&InstanceProfileName=P").Has("<RoleName>R</RoleName>"));
  EXPECT_TRUE(Call("Action=ListInstanceProfilesForRole&RoleName=R").Has("<member>"));
  EXPECT_TRUE(Call("Action=DeleteRole&RoleName=R").Has("DeleteConflict"));
  EXPECT_TRUE(Call("Action=DeleteInstanceProfile&InstanceProfileName=P").Has("DeleteConflict"));
  EXPECT_EQ(Call("Action=RemoveRoleFromInstanceProfile&InstanceProfileName=P&RoleName=R").status,
            200);
  EXPECT_EQ(Call("Action=DeleteInstanceProfile&InstanceProfileName=P").status, 200);
}

TEST_F(IamServiceTest, InlinePoliciesTagsAndPages) {
  for (int i = 0; i < 5; ++i) Create("R" + std::to_string(i));
  Answer first = Call("Action=ListRoles&MaxItems=2");
  EXPECT_TRUE(first.Has("<IsTruncated>true</IsTruncated><Marker>R1</Marker>")) << first.body;
  Answer last = Call("Action=ListRoles&MaxItems=3&Marker=R1");
  EXPECT_TRUE(last.Has("<IsTruncated>false</IsTruncated>"));
  EXPECT_TRUE(last.Has("<RoleName>R4</RoleName>"));
  EXPECT_EQ(Call("Action=ListRoles&MaxItems=0").status, 400);

  std::string put = "Action=PutRolePolicy&RoleName=R0&PolicyName=p&PolicyDocument=";
  EXPECT_TRUE(Call(put + "x").Has("MalformedPolicyDocument"));
  EXPECT_EQ(Call(put + PercentEncode(kTrust)).status, 200);
  EXPECT_TRUE(Call("Action=GetRolePolicy&RoleName=R0&PolicyName=p").Has(PercentEncode(kTrust)));
  EXPECT_TRUE(Call("Action=ListRolePolicies&RoleName=R0").Has("<member>p</member>"));
  EXPECT_EQ(Call("Action=DeleteRolePolicy&RoleName=R0&PolicyName=p").status, 200);
  EXPECT_EQ(Call("Action=TagRole&RoleName=R0&Tags.member.1.Key=k&Tags.member.1.Value=v").status,
            200);
  EXPECT_TRUE(Call("Action=ListRoleTags&RoleName=R0").Has("<Key>k</Key><Value>v</Value>"));
  EXPECT_EQ(Call("Action=UntagRole&RoleName=R0&TagKeys.member.1=k").status, 200);
  EXPECT_FALSE(Call("Action=GetRole&RoleName=R0").Has("<Tags>"));
}

TEST_F(IamServiceTest, SaysWhatIsWrong) {
  EXPECT_TRUE(Call("").Has("<Code>InvalidAction</Code>"));
  EXPECT_TRUE(Call("Action=CreateUser").Has("<Code>InvalidAction</Code>"));
  EXPECT_TRUE(Call("Action=GetRole")
                  .Has("1 validation error detected: Value null at &apos;roleName&apos;") ||
              Call("Action=GetRole").Has("Value null at 'roleName'"));
  EXPECT_EQ(Call("Action=GetRole&RoleName=").status, 400);
  EXPECT_EQ(Call("Action=GetRole&RoleName=a%2Fb").status, 400);
  EXPECT_EQ(Call("Action=GetRole&RoleName=" + std::string(65, 'a')).status, 400);
  EXPECT_TRUE(Call("Action=CreateRole&RoleName=R&AssumeRolePolicyDocument=%7B")
                  .Has("MalformedPolicyDocument"));
  EXPECT_EQ(Call("Action=GetPolicy&PolicyArn=arn:aws:iam::aws:policy/None").status, 404);
  EXPECT_TRUE(Call("Action=GetPolicyVersion&VersionId=v1&PolicyArn="
                   "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforDataPipelineRole")
                  .Has("<IsDefaultVersion>true</IsDefaultVersion>"));
}

TEST(Role, IsStoredWhole) {
  Role role{.name = "R", .path = "/p/", .id = "AROA1", .arn = "arn", .trust = "{}"};
  role.description = "d";
  role.session_seconds_max = 7200;
  role.created_at = *ParseDateTime("2014-05-01T00:00:00");
  role.attached = {"a", "b"};
  role.inlined = {{"p", "{}"}};
  role.tags = {{"k", "v"}};
  EXPECT_EQ(ParseRole(json::Write(ToJson(role))).value(), role);
  EXPECT_FALSE(ParseRole("{}"));
  EXPECT_FALSE(ParseInstanceProfile("[]"));
}

TEST_F(IamServiceTest, WhatIsNotUtf8IsRefused) {
  ASSERT_EQ(Create("R").status, 200);
  for (const char* form : {"Action=UpdateRole&RoleName=R&Description=%FF",
                           "Action=TagRole&RoleName=R&Tags.member.1.Key=k&Tags.member.1.Value=%C3",
                           "Action=GetRole&RoleName=R&%ED%A0%80=x", "Action=%FF"}) {
    Answer answer = Call(form);
    EXPECT_EQ(answer.status, 400) << form;
    EXPECT_TRUE(answer.Has("<Code>ValidationError</Code>")) << answer.body;
  }
  EXPECT_EQ(Call("Action=GetRole&RoleName=R").status, 200);
}

TEST_F(IamServiceTest, ABrokenRecordDoesNotHideTheOthers) {
  Create("R");
  Call("Action=CreateInstanceProfile&InstanceProfileName=P");
  WriteBatch broken;
  broken.Put("iam/111111111111/role/broken", "{\"name\":\"\xFF\"}");
  broken.Put("iam/111111111111/instance-profile/broken", "");
  ASSERT_TRUE(store_.Write(broken, Durability::kProcess));
  EXPECT_TRUE(Call("Action=ListRoles").Has("<RoleName>R</RoleName>"));
  EXPECT_TRUE(Call("Action=ListInstanceProfiles").Has("<InstanceProfileName>P<"));
  EXPECT_EQ(Call("Action=GetRole&RoleName=broken").status, 500);
}

}  // namespace
}  // namespace penstock::iam
