#include "app/config.h"

#include <gmock/gmock.h>

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ConfigTest, NothingIsTheDefault) {
  auto config = ParseConfig("", "f");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_THAT(config->worker_groups, ElementsAre("default"));
  EXPECT_TRUE(config->shared_regions);
  EXPECT_FALSE(config->aws_limits);
  EXPECT_EQ(config->endpoints.at("s3"), EndpointConfig());
}

TEST(ConfigTest, EveryKey) {
  auto config = ParseConfig(R"(
[server]
threads = 8
public_url = "https://penstock.example/"
tls_certificate = "/c.pem"
tls_key = "/k.pem"
[log]
level = "debug"
format = "json"
[endpoints]
dynamodb = "aws"
s3 = "http://store:9000/"
cloudwatch = "local"
[endpoints.sns]
url = "aws"
profile = "alarms"
region = "eu-west-1"
role_arn = "arn:aws:iam::1:role/r"
ca_bundle = "/ca.pem"
[endpoints.emr]
region = "eu-west-2"
[regions]
shared = false
default = "eu-central-1"
[limits]
profile = "aws"
[engine]
default_maximum_retries = 5
default_retry_delay = "1 second"
ack_timeout = "3 minutes"
default_progress_timeout = "1 hour"
precondition_poll = "2 days"
ondemand_reactivate = "cancel"
late_means = "completion"
[dynamodb]
enforce = false
durability = "fsync"
[s3]
domain = "s3.example"
[smtp]
url = "smtp://mail.example:587"
from = "alarms@example.com"
user = "alarms"
password_file = "/run/secrets/smtp"
require_tls = true
[worker]
groups = ["a", "b/../c"]
tasks = 7
)",
                            "penstock.toml");
  ASSERT_TRUE(config) << config.error().message;
  using Kind = EndpointConfig::Kind;
  EXPECT_EQ(config->threads, 8);
  EXPECT_EQ(config->smtp_url, "smtp://mail.example:587");
  EXPECT_EQ(config->smtp_password_file, "/run/secrets/smtp");
  EXPECT_TRUE(config->smtp_require_tls);
  EXPECT_EQ(config->public_url, "https://penstock.example");
  EXPECT_EQ(config->tls_certificate, "/c.pem");
  EXPECT_EQ(config->tls_key, "/k.pem");
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
  EXPECT_EQ(config->log_format, LogFormat::kJson);
  EXPECT_EQ(config->endpoints.at("dynamodb"), (EndpointConfig{Kind::kAws, "", "", "", ""}));
  EXPECT_EQ(config->endpoints.at("s3"),
            (EndpointConfig{Kind::kUrl, "http://store:9000", "", "", ""}));
  EXPECT_EQ(config->endpoints.at("cloudwatch"), EndpointConfig());
  EXPECT_EQ(config->endpoints.at("sns"), (EndpointConfig{Kind::kAws, "", "alarms", "eu-west-1",
                                                         "arn:aws:iam::1:role/r", "/ca.pem"}));
  EXPECT_EQ(config->endpoints.at("emr"), (EndpointConfig{Kind::kLocal, "", "", "eu-west-2", ""}));
  EXPECT_FALSE(config->shared_regions);
  EXPECT_EQ(config->default_region, "eu-central-1");
  EXPECT_TRUE(config->aws_limits);
  EXPECT_EQ(config->default_maximum_retries, 5);
  EXPECT_EQ(config->default_retry_delay, std::chrono::seconds(1));
  EXPECT_EQ(config->ack_timeout, std::chrono::minutes(3));
  EXPECT_EQ(config->default_progress_timeout, std::chrono::hours(1));
  EXPECT_EQ(config->precondition_poll, std::chrono::hours(48));
  EXPECT_TRUE(config->ondemand_cancels_running);
  EXPECT_TRUE(config->late_until_finished);
  EXPECT_FALSE(config->dynamodb_enforce);
  EXPECT_TRUE(config->dynamodb_fsync);
  EXPECT_EQ(config->s3_domain, "s3.example");
  EXPECT_THAT(config->worker_groups, ElementsAre("a", "b/../c"));
  EXPECT_EQ(config->worker_tasks, 7);
}

TEST(ConfigTest, MistakesAreShownWhereTheyAre) {
  const struct {
    const char* text;
    const char* place;
    const char* message;
  } kCases[] = {
      {"[engin]\n",
       "f:1:", "unknown key \"engin\" in the file; known are dynamodb, endpoints, engine"},
      {"[engine]\nack_timeot = \"1 minute\"\n",
       "f:2:1:", "unknown key \"ack_timeot\" in [engine]; known are ack_timeout"},
      {"[server]\npublic_url = \"penstock.example\"\n", "f:2:14:", "must be a URL"},
      {"[endpoints.s3]\nca = \"x\"\n", "f:2:1:", "unknown key \"ca\" in an endpoint"},
      {"[endpoints.s3]\nca_bundle = \"x\"\n", "f:1:1:", "for services elsewhere"},
      {"worker = 1\n", "f:1:10:", "worker must be a table"},
      {"[worker]\ntasks = \"2\"\n", "f:2:9:", "whole number from 1 to 1000"},
      {"[worker]\ntasks = 0\n", "f:2:9:", "whole number from 1 to 1000"},
      {"[worker]\ntasks = 2.0\n", "f:2:9:", "whole number"},
      {"[worker]\ngroups = \"a\"\n", "f:2:10:", "list of strings"},
      {"[worker]\ngroups = [\"a\", 1]\n", "f:2:16:", "must be a string"},
      {"[worker]\ngroups = [\"a\", \"a\"]\n", "f:2:10:", "names the worker group \"a\" twice"},
      {"[worker]\ngroups = [\"\"]\n", "f:2:10:", "1 to 1024 characters"},
      {"[regions]\nshared = 1\n", "f:2:10:", "true or false"},
      {"[regions]\ndefault = 1\n", "f:2:11:", "must be a string"},
      {"[engine]\nack_timeout = 120\n", "f:2:15:", "must be a period"},
      {"[engine]\nack_timeout = \"soon\"\n", "f:2:15:", "soon"},
      {"[engine]\nack_timeout = \"0 minutes\"\n", "f:2:15:", "0 minutes"},
      {"[engine]\nack_timeout = \"1 month\"\n", "f:2:15:", "fixed length"},
      {"[limits]\nprofile = \"AWS\"\n", "f:2:11:", "must be one of \"open\", \"aws\""},
      {"[endpoints]\ns3 = \"store:9000\"\n", "f:2:6:", "\"local\", \"aws\" or a URL"},
      {"[endpoints.s3]\nprofile = \"p\"\n", "f:1:", "give url = \"aws\" or a URL as well"},
      {"[server]\ntls_key = \"k\"\n", "f:", "both tls_certificate and tls_key"},
      {"[server\n", "f:1:", ""},
      {"a = 1\na = 2\n", "f:2:", ""},
  };
  for (const auto& test : kCases) {
    auto config = ParseConfig(test.text, "f");
    ASSERT_FALSE(config) << test.text;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(config.error().message, StartsWith(test.place)) << test.text;
    EXPECT_THAT(config.error().message, HasSubstr(test.message)) << test.text;
  }
}

}  // namespace
}  // namespace penstock
