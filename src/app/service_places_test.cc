#include "app/service_places.h"

#include <gmock/gmock.h>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = EndpointConfig::Kind;

const OwnServer kOwn{"http://127.0.0.1:7400",
                     {.access_key_id = "AKIDOWN", .secret_access_key = "own", .session_token = ""}};

class ServicePlacesTest : public WorldTest {
 protected:
  ServicePlacesOptions Options() {
    return {.own = {},
            .endpoints = {},
            .default_region = "us-east-1",
            .environment = {{"HOME", folder_},
                            {"AWS_ACCESS_KEY_ID", "AKIDENV"},
                            {"AWS_SECRET_ACCESS_KEY", "env"}},
            .profile = {},
            .files = &files_,
            .http = &aws_,
            .clock = &clock_,
            .random = &random_,
            .processes = &processes_};
  }
  // "url region key id" of the place.
  static std::string Place(ServicePlaces& places, const std::string& service,
                           const std::string& region = "") {
    auto endpoint = places.Find(service, region);
    if (!endpoint) return endpoint.error().message;
    auto key = endpoint->credentials->Get();
    return endpoint->url + " " + endpoint->region + " " +
           (key ? key->access_key_id : key.error().message);
  }
};

TEST_F(ServicePlacesTest, TheServersOwnServicesUnlessTheConfigurationSaysOtherwise) {
  ServicePlacesOptions options = Options();
  options.own = kOwn;
  options.environment["AWS_ENDPOINT_URL"] =
      "http://env";  // inside the server the configuration wins
  options.endpoints = {{"dynamodb", {Kind::kAws, "", "", "", ""}},
                       {"emr", {Kind::kUrl, "http://emr:1", "", "eu-west-2", ""}},
                       {"sns", {}}};
  ServicePlaces places(options);
  EXPECT_EQ(Place(places, "s3"), "http://127.0.0.1:7400 us-east-1 AKIDOWN");
  EXPECT_EQ(Place(places, "datapipeline", "eu-west-1"), "http://127.0.0.1:7400 eu-west-1 AKIDOWN");
  EXPECT_EQ(Place(places, "sns", "eu-west-1"), "http://127.0.0.1:7400 eu-west-1 AKIDOWN");
  EXPECT_EQ(Place(places, "dynamodb", "eu-west-1"),
            "https://dynamodb.eu-west-1.amazonaws.com eu-west-1 AKIDENV");
  EXPECT_EQ(Place(places, "elasticmapreduce", "eu-west-1"), "http://emr:1 eu-west-2 AKIDENV");
}

TEST_F(ServicePlacesTest, WithoutAServerTheSdksRulesHold) {
  ServicePlacesOptions options = Options();
  options.environment["AWS_ENDPOINT_URL"] = "http://all";
  options.environment["AWS_ENDPOINT_URL_S3"] = "http://s3/";
  options.environment["AWS_REGION"] = "eu-north-1";
  ServicePlaces places(options);
  EXPECT_EQ(Place(places, "s3"), "http://s3 eu-north-1 AKIDENV");
  EXPECT_EQ(Place(places, "dynamodb"), "http://all eu-north-1 AKIDENV");
  options.environment.erase("AWS_ENDPOINT_URL");
  ServicePlaces aws(options);
  EXPECT_EQ(Place(aws, "dynamodb", "eu-west-1"),
            "https://dynamodb.eu-west-1.amazonaws.com eu-west-1 AKIDENV");
}

TEST_F(ServicePlacesTest, AnAddressIsAnHttpUrl) {
  for (const char* wrong : {"foo", "foo:80", "file:///etc", "http://", "https:///x", "ftp://h"}) {
    ServicePlacesOptions options = Options();
    options.environment["AWS_ENDPOINT_URL"] = wrong;
    options.endpoints = {{"s3", {Kind::kUrl, wrong, "", "", ""}}};
    ServicePlaces places(options);
    auto found = places.Find("dynamodb", "");
    ASSERT_FALSE(found) << wrong;
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(found.error().message, HasSubstr("AWS_ENDPOINT_URL"));
    EXPECT_THAT(Place(places, "s3"), HasSubstr("as the address of s3 (by a flag")) << wrong;
  }
  ServicePlacesOptions options = Options();
  options.environment["AWS_ENDPOINT_URL"] = "HTTPS://h:1/path";
  ServicePlaces places(options);
  EXPECT_EQ(Place(places, "s3"), "HTTPS://h:1/path us-east-1 AKIDENV");
}

TEST_F(ServicePlacesTest, ProfilesHaveKeysAndRegionsOfTheirOwn) {
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/.aws"));
  ASSERT_TRUE(files_.Replace(
      folder_ + "/.aws/credentials",
      "[a]\naws_access_key_id = AKIDA\naws_secret_access_key = a\n"
      "[b]\naws_access_key_id = AKIDB\naws_secret_access_key = b\nregion = eu-west-3\n"));
  ServicePlacesOptions options = Options();
  options.endpoints = {{"s3", {Kind::kUrl, "http://x", "a", "", ""}},
                       {"sns", {Kind::kUrl, "http://y", "b", "", ""}}};
  ServicePlaces places(options);
  EXPECT_EQ(Place(places, "s3"), "http://x us-east-1 AKIDA");
  EXPECT_EQ(Place(places, "sns"), "http://y eu-west-3 AKIDB");
  EXPECT_THAT(Place(places, "dynamodb"), HasSubstr("AKIDENV"));
  // The same provider each time: what it fetched is kept.
  EXPECT_EQ(places.Find("s3", "eu-west-1")->credentials, places.Find("s3", "")->credentials);
  EXPECT_NE(places.Find("s3", "")->credentials, places.Find("sns", "")->credentials);
}

TEST_F(ServicePlacesTest, AServicesOwnProfileKnowsItsRegionBetterThanTheEnvironment) {
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/.aws"));
  ASSERT_TRUE(files_.Replace(
      folder_ + "/.aws/credentials",
      "[all]\naws_access_key_id = AKIDALL\naws_secret_access_key = a\nregion = eu-west-1\n"
      "[own]\naws_access_key_id = AKIDOWN\naws_secret_access_key = b\nregion = eu-west-2\n"
      "[bare]\naws_access_key_id = AKIDBARE\naws_secret_access_key = c\n"
      "[role]\nrole_arn = arn:r\nsource_profile = own\nregion = cn-north-1\n"));
  ServicePlacesOptions options = Options();
  options.profile = "all";
  auto with = [&](const std::string& profile, const std::string& region = "") {
    options.endpoints["s3"] = {Kind::kLocal, "", profile, "", ""};
    ServicePlaces places(options);
    return Place(places, "s3", region);
  };
  EXPECT_EQ(with("bare"), "https://s3.eu-west-1.amazonaws.com eu-west-1 AKIDBARE");
  options.environment["AWS_REGION"] = "us-west-1";
  EXPECT_EQ(with("own"), "https://s3.eu-west-2.amazonaws.com eu-west-2 AKIDOWN");
  EXPECT_EQ(with("own", "eu-west-3"), "https://s3.eu-west-3.amazonaws.com eu-west-3 AKIDOWN");
  EXPECT_EQ(with("bare"), "https://s3.us-west-1.amazonaws.com us-west-1 AKIDBARE");
  // As the SDKs have it, the environment outranks a profile for everything.
  EXPECT_EQ(with(""), "https://s3.us-west-1.amazonaws.com us-west-1 AKIDALL");
  // A role of another partition is known to no STS outside of it.
  EXPECT_THAT(with("role"), HasSubstr("arn:r at https://sts.cn-north-1.amazonaws.com.cn"));
}

TEST(WorkerEnvironmentTest, HasNoSecretsOfTheServer) {
  Environment ours = {{"PATH", "/bin"},     {"HOME", "/root"},    {"AWS_ACCESS_KEY_ID", "AKIDOURS"},
                      {"AWS_PROFILE", "p"}, {"DB_PASSWORD", "x"}, {"NO_PROXY", "internal.net"}};
  Environment environment = WorkerEnvironment(ours, kOwn, "eu-west-1", {{"s3", {}}});
  EXPECT_EQ(environment.at("PATH"), "/bin");
  EXPECT_EQ(environment.at("AWS_ENDPOINT_URL"), "http://127.0.0.1:7400");
  EXPECT_EQ(environment.at("AWS_REGION"), "eu-west-1");
  EXPECT_EQ(environment.at("AWS_ACCESS_KEY_ID"), "AKIDOWN");
  EXPECT_EQ(environment.at("NO_PROXY"), "internal.net,127.0.0.1");
  EXPECT_EQ(environment.at("no_proxy"), "127.0.0.1");
  for (const char* name : {"DB_PASSWORD", "AWS_PROFILE", "PENSTOCK_SERVICES"})
    EXPECT_FALSE(environment.contains(name)) << name;
}

TEST(WorkerEnvironmentTest, TellsOfServicesElsewhere) {
  std::map<std::string, EndpointConfig> endpoints = {
      {"s3", {Kind::kUrl, "http://x", "p", "eu-west-2", "arn:r"}},
      {"dynamodb", {Kind::kAws, "", "", "", ""}},
      {"emr", {}}};
  Environment ours = {{"AWS_ACCESS_KEY_ID", "AKIDOURS"}, {"AWS_PROFILE", "p"}, {"OTHER", "x"}};
  Environment environment = WorkerEnvironment(ours, kOwn, "eu-west-1", endpoints);
  auto services = DecodeForeignServices(environment.at("PENSTOCK_SERVICES"));
  ASSERT_TRUE(services) << services.error().message;
  EXPECT_EQ(*services, (ForeignServices{
                           endpoints, {{"AWS_ACCESS_KEY_ID", "AKIDOURS"}, {"AWS_PROFILE", "p"}}}));
  EXPECT_FALSE(DecodeForeignServices("{}"));
  EXPECT_FALSE(DecodeForeignServices(R"({"endpoints": {"s3": 1}, "environment": {}})"));
}

}  // namespace
}  // namespace penstock
