#include "runner/aws_shim.h"

#include <gtest/gtest.h>

#include "activities/world_for_test.h"

namespace penstock {
namespace {

class AwsShimTest : public WorldTest {
 protected:
  AwsShimTest() {
    EXPECT_TRUE(WriteAwsShim(files_, folder_ + "/shim"));
    EXPECT_TRUE(files_.MakeDirectories(folder_ + "/real"));
    EXPECT_TRUE(
        files_.Replace(folder_ + "/real/aws", "#!/bin/bash\nprintf '<%s>' \"$@\"; exit 5\n", 0755));
  }

  // What the real one was called with.
  std::string Call(std::vector<std::string> arguments,
                   std::vector<std::pair<std::string, std::string>> variables,
                   const std::string& path = "", int code = 5) {
    arguments.insert(arguments.begin(), "aws");
    variables.emplace_back(
        "PATH", path.empty() ? folder_ + "/shim:" + folder_ + "/real:/usr/bin:/bin" : path);
    ProcessSpec spec{.arguments = std::move(arguments),
                     .environment = std::move(variables),
                     .directory = folder_,
                     .stdout_path = folder_ + "/out",
                     .stderr_path = folder_ + "/err"};
    EXPECT_TRUE(files_.Remove(spec.stdout_path));
    auto process = processes_.Start(spec);
    EXPECT_TRUE(process);
    auto status = processes_.Wait(*process, Duration(10'000));
    EXPECT_TRUE(status);
    EXPECT_EQ(status->code, code);
    return files_.Read(spec.stdout_path).value();
  }
};

TEST_F(AwsShimTest, AddsTheCommonEndpoint) {
  EXPECT_EQ(Call({"s3", "ls", "a b", ""}, {{"AWS_ENDPOINT_URL", "http://u"}}),
            "<--endpoint-url><http://u><s3><ls><a b><>");
  EXPECT_EQ(Call({"--no-paginate", "dynamodb", "list-tables"}, {{"AWS_ENDPOINT_URL", "http://u"}}),
            "<--endpoint-url><http://u><--no-paginate><dynamodb><list-tables>");
  EXPECT_EQ(Call({"s3", "ls"}, {}), "<s3><ls>");
}

TEST_F(AwsShimTest, TheServicesOwnVariableWins) {
  std::vector<std::pair<std::string, std::string>> variables = {
      {"AWS_ENDPOINT_URL", "http://u"},
      {"AWS_ENDPOINT_URL_S3", "http://s3"},
      {"AWS_ENDPOINT_URL_DATA_PIPELINE", "http://dp"},
      {"AWS_ENDPOINT_URL_COGNITO_IDP", "http://idp"}};
  EXPECT_EQ(Call({"s3api", "list-buckets"}, variables),
            "<--endpoint-url><http://s3><s3api><list-buckets>");
  EXPECT_EQ(Call({"--region", "eu-west-1", "s3", "ls"}, variables),
            "<--endpoint-url><http://s3><--region><eu-west-1><s3><ls>");
  EXPECT_EQ(Call({"datapipeline", "list-pipelines"}, variables),
            "<--endpoint-url><http://dp><datapipeline><list-pipelines>");
  EXPECT_EQ(Call({"cognito-idp", "x"}, variables), "<--endpoint-url><http://idp><cognito-idp><x>");
  EXPECT_EQ(Call({"sns", "x"}, variables), "<--endpoint-url><http://u><sns><x>");
}

TEST_F(AwsShimTest, AnOptionGivenWinsOverAll) {
  std::vector<std::pair<std::string, std::string>> variables = {
      {"AWS_ENDPOINT_URL_S3", "http://s3"}};
  EXPECT_EQ(Call({"s3", "ls", "--endpoint-url", "http://mine"}, variables),
            "<s3><ls><--endpoint-url><http://mine>");
  EXPECT_EQ(Call({"--endpoint-url=http://mine", "s3", "ls"}, variables),
            "<--endpoint-url=http://mine><s3><ls>");
}

TEST_F(AwsShimTest, WithoutARealOneItSaysSo) {
  ASSERT_TRUE(files_.MakeDirectories(folder_ + "/tools"));
  for (const char* tool : {"bash", "dirname", "tr"}) {
    ASSERT_TRUE(files_.Replace(folder_ + "/tools/" + tool,
                               fmt::format("#!/bin/bash\nexec /usr/bin/{} \"$@\"\n", tool), 0755));
  }
  Call({"s3", "ls"}, {}, folder_ + "/shim:" + folder_ + "/tools", 127);
  EXPECT_EQ(files_.Read(folder_ + "/err").value(), "aws: command not found\n");
}

TEST_F(AwsShimTest, AddedTwiceItDoesNotCallItself) {
  EXPECT_EQ(Call({"s3", "ls"}, {{"AWS_ENDPOINT_URL", "http://u"}},
                 folder_ + "/shim:" + folder_ + "/shim/:" + folder_ + "/real:/usr/bin:/bin"),
            "<--endpoint-url><http://u><s3><ls>");
}

}  // namespace
}  // namespace penstock
