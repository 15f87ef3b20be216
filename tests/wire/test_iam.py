"""The local IAM and STS through boto3 and the AWS CLI."""
import json
import signal
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "datapipeline.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


@pytest.fixture
def iam(server):
    return server.client("iam")


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    return failed.value.response["Error"]["Code"]


def test_caller_identity(server):
    identity = server.client("sts").get_caller_identity()
    assert len(identity["Account"]) == 12
    assert identity["Arn"] == f"arn:aws:iam::{identity['Account']}:root"
    assert identity["UserId"] == identity["Account"]
    said = json.loads(server.aws("sts", "get-caller-identity").stdout)
    assert said["Arn"] == identity["Arn"]
    assert code_of(server.client("sts").get_session_token) == "AccessDenied"


def test_a_presigned_caller_identity(server):
    """What clusters hand around as proof of who they are."""
    url = server.client("sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert b"<Account>" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(url.replace("Signature=", "Signature=0"), timeout=10)
    assert refused.value.code == 403


def test_create_default_roles(new_server):
    server = new_server()
    made = json.loads(server.aws("datapipeline", "create-default-roles", "--output", "json").stdout)
    assert [one["Role"]["RoleName"] for one in made] == ["DataPipelineDefaultRole", "DataPipelineDefaultResourceRole"]
    assert all(one["RolePolicy"]["Statement"] for one in made)
    services = made[0]["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
    assert "datapipeline.amazonaws.com" in services

    def check():
        iam = server.client("iam")
        profile = iam.get_instance_profile(InstanceProfileName="DataPipelineDefaultResourceRole")["InstanceProfile"]
        assert [role["RoleName"] for role in profile["Roles"]] == ["DataPipelineDefaultResourceRole"]
        attached = iam.list_attached_role_policies(RoleName="DataPipelineDefaultRole")["AttachedPolicies"]
        assert attached == [{"PolicyName": "AWSDataPipelineRole",
                             "PolicyArn": "arn:aws:iam::aws:policy/service-role/AWSDataPipelineRole"}]

    check()
    # Once they are there, nothing is made and nothing is said.
    assert server.aws("datapipeline", "create-default-roles").stdout.strip() in ("", "[]")
    server.stop(signal.SIGKILL)
    server.start()
    check()


def test_a_role_s_life(iam, unique):
    assert code_of(iam.get_role, RoleName=unique) == "NoSuchEntity"
    made = iam.create_role(RoleName=unique, AssumeRolePolicyDocument=json.dumps(TRUST), Path="/team/",
                           Description="d", Tags=[{"Key": "k", "Value": "v"}])["Role"]
    assert made["Arn"].endswith(f":role/team/{unique}")
    assert code_of(iam.create_role, RoleName=unique, AssumeRolePolicyDocument=json.dumps(TRUST)) == "EntityAlreadyExists"
    got = iam.get_role(RoleName=unique)["Role"]
    assert got == made
    assert got["AssumeRolePolicyDocument"] == TRUST
    assert got["Tags"] == [{"Key": "k", "Value": "v"}]
    assert unique in [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    iam.put_role_policy(RoleName=unique, PolicyName="inline", PolicyDocument=json.dumps(TRUST))
    assert iam.get_role_policy(RoleName=unique, PolicyName="inline")["PolicyDocument"] == TRUST
    assert iam.list_role_policies(RoleName=unique)["PolicyNames"] == ["inline"]
    assert code_of(iam.delete_role, RoleName=unique) == "DeleteConflict"
    iam.delete_role_policy(RoleName=unique, PolicyName="inline")
    iam.update_assume_role_policy(RoleName=unique, PolicyDocument=json.dumps({**TRUST, "Id": "x"}))
    assert iam.get_role(RoleName=unique)["Role"]["AssumeRolePolicyDocument"]["Id"] == "x"
    iam.delete_role(RoleName=unique)
    assert code_of(iam.get_role, RoleName=unique) == "NoSuchEntity"


def test_what_is_refused(iam, unique):
    assert code_of(iam.create_role, RoleName=unique, AssumeRolePolicyDocument="{") == "MalformedPolicyDocument"
    assert code_of(iam.create_role, RoleName="a/b", AssumeRolePolicyDocument="{}") == "ValidationError"
    assert code_of(iam.create_user, UserName="u") == "InvalidAction"
    assert code_of(iam.attach_role_policy, RoleName=unique, PolicyArn="arn:aws:iam::aws:policy/X" * 2) == "NoSuchEntity"
