#include "aws/credentials_chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/world_for_test.h"

namespace penstock {
namespace {

using testing::HasSubstr;

constexpr char kStsAnswer[] =
    "<AssumeRoleResponse "
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials>"
    "<AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>rs</SecretAccessKey><SessionToken>rt</"
    "SessionToken>"
    "<Expiration>2024-05-01T13:00:00Z</Expiration></Credentials></AssumeRoleResult></"
    "AssumeRoleResponse>";

class ChainTest : public testing::Test {
 protected:
  ChainTest() { environment_ = {{"HOME", "/home/u"}, {"AWS_EC2_METADATA_DISABLED", "true"}}; }
  std::shared_ptr<CredentialsProvider> Chain(std::string profile = "") {
    CredentialsChainOptions options;
    options.environment = environment_;
    options.profile = std::move(profile);
    options.files = &files_;
    options.http = &http_;
    options.clock = &clock_;
    options.random = &random_;
    options.processes = &processes_;
    return CredentialsChain(std::move(options));
  }

  Environment environment_;
  test::MapFiles files_;
  test::ScriptedHttp http_;
  test::FakeClock clock_;
  test::FakeRandom random_;
  test::OneProcess processes_{files_};
};

TEST_F(ChainTest, EnvironmentWithSessionToken) {
  environment_["AWS_ACCESS_KEY_ID"] = "A";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  environment_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ(*Chain()->Get(), (Credentials{"A", "s", "t", {}}));
  environment_.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_THAT(Chain()->Get().error().message, HasSubstr("AWS_SECRET_ACCESS_KEY is not set"));
}

TEST_F(ChainTest, SharedFilesAndProfiles) {
  files_.files["/home/u/.aws/credentials"] =
      "[default]\naws_access_key_id = A\naws_secret_access_key=s # "
      "mine\n[other]\nAWS_ACCESS_KEY_ID=B\n"
      "aws_secret_access_key=t\naws_session_token = u\n";
  files_.files["/home/u/.aws/config"] =
      "[default]\naws_access_key_id = loses\nregion = eu-central-1\n";
  EXPECT_EQ(*Chain()->Get(), (Credentials{"A", "s", "", {}}));
  EXPECT_EQ(*Chain("other")->Get(), (Credentials{"B", "t", "u", {}}));
  environment_["AWS_PROFILE"] = "other";
  EXPECT_EQ(Chain()->Get()->access_key_id, "B");
  environment_["AWS_PROFILE"] = "absent";
  EXPECT_THAT(Chain()->Get().error().message,
              HasSubstr("profile \"absent\" has no credentials in /home/u/.aws/cred"));
}

TEST_F(ChainTest, NothingAnywhereSaysWhereItLooked) {
  auto got = Chain()->Get();
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(got.error().message, HasSubstr("aws configure"));
}

TEST_F(ChainTest, AssumedRoleIsKeptUntilFiveMinutesBeforeItsEnd) {
  files_.files["/home/u/.aws/credentials"] =
      "[base]\naws_access_key_id = A\naws_secret_access_key = s\n";
  files_.files["/home/u/.aws/config"] =
      "[profile r]\nrole_arn = arn:aws:iam::1:role/R\nsource_profile = base\nexternal_id = x "
      "y\nregion = eu-west-1\n"
      "services = mine\n[services mine]\nsts =\n  endpoint_url = http://sts.test/\n";
  http_.answers = {HttpResponse{200, {}, kStsAnswer}};
  auto chain = Chain("r");
  EXPECT_EQ(*chain->Get(), (Credentials{"ASIAROLE", "rs", "rt", ParseIso("2024-05-01T13:00:00Z")}));
  EXPECT_EQ(http_.requests[0].url, "http://sts.test/");
  EXPECT_EQ(http_.requests[0].body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2FR&"
            "RoleSessionName=penstock&"
            "DurationSeconds=3600&ExternalId=x%20y");
  EXPECT_THAT(std::string(*http_.requests[0].headers.Get("authorization")),
              HasSubstr("=A/20240501/eu-west-1/sts/"));
  clock_.now += std::chrono::minutes(54);
  EXPECT_TRUE(chain->Get());
  EXPECT_EQ(http_.requests.size(), 1u);
  // Renewal fails: the old key serves while it lasts.
  clock_.now += std::chrono::minutes(2);
  EXPECT_EQ(chain->Get()->access_key_id, "ASIAROLE");
  size_t asked = http_.requests.size();
  EXPECT_GT(asked, 1u);
  EXPECT_TRUE(chain->Get());
  EXPECT_EQ(http_.requests.size(), asked);
  clock_.now += std::chrono::minutes(5);
  EXPECT_FALSE(chain->Get());
}

TEST_F(ChainTest, RoleErrors) {
  files_.files["/home/u/.aws/config"] =
      "[profile loop]\nrole_arn = r\nsource_profile = loop2\n[profile loop2]\nrole_arn = "
      "r\nsource_profile = loop\n"
      "[profile bare]\nrole_arn = r\n[profile mfa]\nrole_arn = r\nmfa_serial = m\nsource_profile = "
      "x\n"
      "[profile sso]\nsso_session = s\n[sso-session s]\nsso_start_url = u\n";
  EXPECT_THAT(Chain("loop")->Get().error().message, HasSubstr("is its own source_profile"));
  EXPECT_THAT(Chain("bare")->Get().error().message,
              HasSubstr("neither source_profile nor credential_source"));
  EXPECT_THAT(Chain("mfa")->Get().error().message, HasSubstr("MFA"));
  EXPECT_THAT(Chain("sso")->Get().error().message, HasSubstr("aws sso login --profile sso"));
}

TEST_F(ChainTest, WebIdentity) {
  environment_["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  environment_["AWS_ROLE_ARN"] = "arn:r";
  environment_["AWS_ENDPOINT_URL_STS"] = "http://sts.test";
  files_.files["/token"] = "jwt\n";
  std::string answer = kStsAnswer;
  for (size_t at; (at = answer.find("AssumeRoleRes")) != std::string::npos;)
    answer.replace(at, 13, "AssumeRoleWithWebIdentityRes");
  http_.answers = {HttpResponse{200, {}, answer}};
  EXPECT_EQ(Chain()->Get()->access_key_id, "ASIAROLE");
  EXPECT_THAT(http_.requests[0].body, HasSubstr("WebIdentityToken=jwt"));
  EXPECT_FALSE(http_.requests[0].headers.Has("authorization"));
}

TEST_F(ChainTest, CredentialProcess) {
  files_.files["/home/u/.aws/config"] = "[default]\ncredential_process = tool --for me\n";
  processes_.output =
      R"({"Version":1,"AccessKeyId":"P","SecretAccessKey":"s","SessionToken":"t","Expiration":"2024-05-01T13:00:00Z"})";
  EXPECT_EQ(Chain()->Get()->access_key_id, "P");
  EXPECT_EQ(processes_.started.arguments,
            (std::vector<std::string>{"/bin/sh", "-c", "tool --for me"}));
  EXPECT_EQ(files_.files.size(), 1u) << "the output file is gone";
  EXPECT_EQ(files_.modes.begin()->second, 0600u);
  processes_.code = 3;
  EXPECT_THAT(Chain()->Get().error().message, HasSubstr("exit code 3"));
  processes_.code = 0;
  processes_.output = "secret junk";
  EXPECT_THAT(Chain()->Get().error().message, testing::Not(HasSubstr("junk")));
}

TEST_F(ChainTest, ContainerAndInstance) {
  std::string answer =
      R"({"AccessKeyId":"C","SecretAccessKey":"s","Token":"t","Expiration":"2024-05-01T18:00:00Z"})";
  environment_["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  environment_["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "auth";
  http_.answers = {HttpResponse{200, {}, answer}};
  EXPECT_EQ(Chain()->Get()->session_token, "t");
  EXPECT_EQ(http_.requests[0].url, "http://169.254.170.2/v2/x");
  EXPECT_EQ(http_.requests[0].headers.Get("authorization"), "auth");

  environment_ = {{"HOME", "/home/u"}};
  http_.requests.clear();
  http_.answers = {HttpResponse{200, {}, "imds-token"}, HttpResponse{200, {}, "my-role\n"},
                   HttpResponse{200, {}, answer}};
  EXPECT_EQ(Chain()->Get()->access_key_id, "C");
  EXPECT_EQ(http_.requests[0].method, "PUT");
  EXPECT_EQ(http_.requests[2].url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
  EXPECT_EQ(http_.requests[2].headers.Get("x-aws-ec2-metadata-token"), "imds-token");
}

TEST(EndpointRules, OrderOfSources) {
  ProfileFile files;
  files.AddConfig(
      "[profile p]\nendpoint_url = http://profile\nservices = s\nregion = eu-north-1\n"
      "[services s]\ndynamodb =\n  endpoint_url = http://services/\ndata_pipeline =\n  "
      "endpoint_url = http://dp\n"
      "[profile off]\nendpoint_url = http://x\nignore_configured_endpoint_urls = true\n");
  EXPECT_EQ(EndpointOf({}, files, "p", "dynamodb", "r"), "http://services");
  EXPECT_EQ(EndpointOf({}, files, "p", "data pipeline", "r"), "http://dp");
  EXPECT_EQ(EndpointOf({}, files, "p", "s3", "r"), "http://profile");
  EXPECT_EQ(EndpointOf({{"AWS_ENDPOINT_URL", "http://e/"}}, files, "p", "dynamodb", "r"),
            "http://e");
  EXPECT_EQ(
      EndpointOf({{"AWS_ENDPOINT_URL", "http://e"}, {"AWS_ENDPOINT_URL_DYNAMODB", "http://d"}},
                 files, "p", "dynamodb", "r"),
      "http://d");
  EXPECT_EQ(EndpointOf(
                {{"AWS_ENDPOINT_URL", "http://e"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}},
                files, "p", "s3", "eu-west-1"),
            "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(EndpointOf({}, files, "off", "dynamodb", "cn-north-1"),
            "https://dynamodb.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(RegionalEndpoint("cloudwatch", "us-east-1"),
            "https://monitoring.us-east-1.amazonaws.com");
  EXPECT_EQ(RegionalEndpoint("data pipeline", "us-east-1"),
            "https://datapipeline.us-east-1.amazonaws.com");
  EXPECT_EQ(ConfiguredRegion({}, files, "p"), "eu-north-1");
  EXPECT_EQ(ConfiguredRegion({{"AWS_DEFAULT_REGION", "a"}, {"AWS_REGION", "b"}}, files, "p"), "b");
  EXPECT_EQ(ProfileName({{"AWS_DEFAULT_PROFILE", "d"}}), "d");
}

TEST(ProfileFile, Dialect) {
  ProfileFile files;
  files.AddConfig(
      "junk = before\n; comment\n[profile  a b ]\nKey=v=1;2\n empty_parent_without = x\ns3 =\n"
      "  endpoint_url = nested\n[unclosed\nkey = lost\n[foreign]\nkey = "
      "lost\r\n[default]\r\nregion = r\r\n");
  EXPECT_EQ(files.Get("a b", "key"), "v=1;2");
  EXPECT_EQ(files.Get("a b", "endpoint_url"), std::nullopt);
  EXPECT_EQ(files.Get("a b", "s3\nendpoint_url"), "nested");
  EXPECT_EQ(files.Get("default", "region"), "r");
  EXPECT_FALSE(files.HasProfile("foreign"));
}

}  // namespace
}  // namespace penstock
