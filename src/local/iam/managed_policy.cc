#include "local/iam/managed_policy.h"

#include <algorithm>
#include <array>

namespace penstock::iam {
namespace {

constexpr auto kPolicies = std::to_array<ManagedPolicy>({
    {"arn:aws:iam::aws:policy/AWSDataPipeline_FullAccess", "ANPAPENSTOCKDPFULL001",
     "Full access to pipelines and to what defining them needs.", "v1",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:List*",)"
     R"("dynamodb:DescribeTable","rds:DescribeDBInstances","rds:DescribeDBSecurityGroups",)"
     R"("redshift:DescribeClusters","redshift:DescribeClusterSecurityGroups","sns:ListTopics",)"
     R"("sns:Subscribe","iam:ListRoles","iam:GetRolePolicy","iam:GetInstanceProfile",)"
     R"("iam:ListInstanceProfiles","datapipeline:*"],"Resource":["*"]},{"Effect":"Allow",)"
     R"("Action":"iam:PassRole","Resource":["arn:aws:iam::*:role/DataPipelineDefaultRole",)"
     R"("arn:aws:iam::*:role/DataPipelineDefaultResourceRole"]}]})"},
    {"arn:aws:iam::aws:policy/service-role/AWSDataPipelineRole", "ANPAPENSTOCKDPROLE001",
     "What the pipeline service may do in an account.", "v1",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:*",)"
     R"("datapipeline:DescribeObjects","datapipeline:EvaluateExpression","dynamodb:BatchGetItem",)"
     R"("dynamodb:DescribeTable","dynamodb:GetItem","dynamodb:Query","dynamodb:Scan",)"
     R"("dynamodb:UpdateTable","ec2:*","elasticmapreduce:*","iam:GetInstanceProfile",)"
     R"("iam:GetRole","iam:GetRolePolicy","iam:ListAttachedRolePolicies","iam:ListRolePolicies",)"
     R"("iam:ListInstanceProfiles","iam:PassRole","rds:DescribeDBInstances",)"
     R"("rds:DescribeDBSecurityGroups","redshift:DescribeClusters",)"
     R"("redshift:DescribeClusterSecurityGroups","s3:CreateBucket","s3:DeleteObject","s3:Get*",)"
     R"("s3:List*","s3:Put*","sns:GetTopicAttributes","sns:ListTopics","sns:Publish",)"
     R"("sns:Subscribe","sns:Unsubscribe","sqs:CreateQueue","sqs:Delete*","sqs:GetQueue*",)"
     R"("sqs:PurgeQueue","sqs:ReceiveMessage"],"Resource":["*"]}]})"},
    {"arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforDataPipelineRole",
     "ANPAPENSTOCKDPEC20001", "What a pipeline's machines may do in an account.", "v1",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:*",)"
     R"("datapipeline:*","dynamodb:*","ec2:Describe*","elasticmapreduce:AddJobFlowSteps",)"
     R"("elasticmapreduce:Describe*","elasticmapreduce:ListInstance*",)"
     R"("elasticmapreduce:ModifyInstanceGroups","rds:Describe*","redshift:DescribeClusters",)"
     R"("redshift:DescribeClusterSecurityGroups","s3:*","sdb:*","sns:*","sqs:*"],)"
     R"("Resource":["*"]}]})"},
    {"arn:aws:iam::aws:policy/service-role/AmazonElasticMapReduceRole", "ANPAPENSTOCKEMRROLE01",
     "What the cluster service may do in an account.", "v1",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2:*","iam:GetRole",)"
     R"("iam:GetRolePolicy","iam:ListInstanceProfiles","iam:ListRolePolicies","iam:PassRole",)"
     R"("s3:*","sdb:BatchPutAttributes","sdb:Select","sqs:*"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/service-role/AmazonElasticMapReduceforAutoScalingRole",
     "ANPAPENSTOCKEMRSCALE1", "What scaling a cluster needs.", "v1",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)"
     R"("Action":["cloudwatch:DescribeAlarms","elasticmapreduce:ListInstanceGroups",)"
     R"("elasticmapreduce:ModifyInstanceGroups"],"Resource":"*"}]})"},
    {"arn:aws:iam::aws:policy/service-role/AmazonElasticMapReduceforEC2Role",
     "ANPAPENSTOCKEMREC2001", "What a cluster's machines may do in an account.", "v1",
     R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudwatch:*",)"
     R"("dynamodb:*","ec2:Describe*","elasticmapreduce:*","kinesis:*","rds:Describe*","s3:*",)"
     R"("sdb:*","sns:*","sqs:*","glue:*"],"Resource":"*"}]})"},
});

}  // namespace

std::span<const ManagedPolicy> AllManagedPolicies() { return kPolicies; }

const ManagedPolicy* FindManagedPolicy(std::string_view arn) {
  auto found = std::ranges::find(kPolicies, arn, &ManagedPolicy::arn);
  return found == kPolicies.end() ? nullptr : &*found;
}

std::string_view PolicyName(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }

std::string_view PolicyPath(std::string_view arn) {
  size_t first = arn.find('/'), last = arn.rfind('/');
  return first == std::string_view::npos ? "/" : arn.substr(first, last - first + 1);
}

}  // namespace penstock::iam
