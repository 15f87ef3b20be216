"""Clients of other makes and ages against Penstock: the AWS SDK for Java v1, boto 2, the newest AWS CLI v1.

The newest CLI and boto3 run all of tests/wire too (see test.sh); here is what a user does with the CLI in one go.
"""
import json
import shlex
import subprocess
import time

import pytest

from peers import BINARY, PEERS, ROOT, need

OPERATIONS = {"ActivatePipeline", "AddTags", "CreatePipeline", "DeactivatePipeline", "DeletePipeline", "DescribeObjects",
              "DescribePipelines", "EvaluateExpression", "GetPipelineDefinition", "ListPipelines", "PollForTask",
              "PutPipelineDefinition", "QueryObjects", "RemoveTags", "ReportTaskProgress", "ReportTaskRunnerHeartbeat",
              "SetStatus", "SetTaskStatus", "ValidatePipelineDefinition"}


def run(server, *command):
    done = subprocess.run([*map(str, command), server.url, *server.key()], text=True, capture_output=True, timeout=180,
                          env=server.environment())
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}{server.log()}"
    return set(done.stdout.split())


def test_java_v1(server):
    jars = PEERS / "java"
    need("java", jars)
    assert run(server, "/usr/bin/java", "-cp", f"{jars}/operations-1.jar:{jars}/lib/*", "penstock.Operations") == OPERATIONS


def test_boto2(server):
    """All but the three operations that came after its time."""
    python = PEERS / "python/bin/python"
    need("python", python)
    if subprocess.run([python, "-c", "import boto.datapipeline.layer1"], capture_output=True).returncode != 0:
        pytest.skip("boto 2 cannot be imported by this Python (it ends with 3.11)")
    assert run(server, python, ROOT / "tests/peers/boto2_operations.py") == (
        OPERATIONS - {"AddTags", "RemoveTags", "DeactivatePipeline"} | {"DynamoDB", "S3"})


@pytest.fixture
def aws(server, tmp_path):
    """The newest AWS CLI of version 1, told by `penstock env` alone where the server is; JSON answers as values."""
    program = PEERS / "python/bin/aws"
    need("python", program)
    said = subprocess.run([BINARY, "env", "--data", server.data], text=True, capture_output=True, check=True).stdout
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)} | dict(
        line.removeprefix("export ").split("=", 1) for line in said.splitlines() if "=" in line)
    environment = {name: shlex.split(value)[0] if value else "" for name, value in environment.items()}

    def call(*arguments, expect=0):
        done = subprocess.run([program, *map(str, arguments), "--output", "json"], env=environment, text=True,
                              capture_output=True, timeout=120, cwd=tmp_path)
        assert done.returncode == expect, f"aws {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        if expect != 0:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else done.stdout

    return call


def test_newest_cli_datapipeline(aws, unique, tmp_path):
    definition = {"objects": [{"id": "Default", "scheduleType": "ondemand", "workerGroup": "default"},
                              {"id": "Say", "type": "ShellCommandActivity", "command": "test #{myWord} = hello"}],
                  "parameters": [{"id": "myWord", "type": "String", "default": "unset"}], "values": {"myWord": "nothing"}}
    (tmp_path / "definition.json").write_text(json.dumps(definition))
    pipeline = aws("datapipeline", "create-pipeline", "--name", unique, "--unique-id", unique, "--tags",
                   "key=team,value=tests")["pipelineId"]
    put = aws("datapipeline", "put-pipeline-definition", "--pipeline-id", pipeline, "--pipeline-definition",
              "file://definition.json")
    assert put["errored"] is False, put
    got = aws("datapipeline", "get-pipeline-definition", "--pipeline-id", pipeline)
    assert {one["id"]: one for one in got["objects"]}["Say"]["command"] == "test #{myWord} = hello"
    assert got["values"] == {"myWord": "nothing"}
    aws("datapipeline", "activate-pipeline", "--pipeline-id", pipeline, "--parameter-values", "myWord=hello")
    deadline = time.monotonic() + 60
    while True:
        runs = aws("datapipeline", "list-runs", "--pipeline-id", pipeline)
        if runs and all(one["@status"] == "FINISHED" for one in runs):
            break
        assert time.monotonic() < deadline, runs
        time.sleep(.2)
    assert any(one["@componentParent"] == "Say" for one in runs), runs
    assert aws("datapipeline", "list-runs", "--pipeline-id", pipeline, "--status", "failed") == []
    assert any(one["id"] == pipeline for one in aws("datapipeline", "list-pipelines")["pipelineIdList"])
    aws("datapipeline", "deactivate-pipeline", "--pipeline-id", pipeline, "--cancel-active")
    aws("datapipeline", "delete-pipeline", "--pipeline-id", pipeline)
    told = aws("datapipeline", "describe-pipelines", "--pipeline-ids", pipeline, expect=255)
    assert "PipelineDeletedException" in told or "PipelineNotFoundException" in told


def test_newest_cli_iam(aws):
    aws("datapipeline", "create-default-roles")
    roles = {one["RoleName"] for one in aws("iam", "list-roles")["Roles"]}
    assert {"DataPipelineDefaultRole", "DataPipelineDefaultResourceRole"} <= roles
    profile = aws("iam", "get-instance-profile", "--instance-profile-name", "DataPipelineDefaultResourceRole")
    assert profile["InstanceProfile"]["Roles"][0]["RoleName"] == "DataPipelineDefaultResourceRole"
    assert len(aws("sts", "get-caller-identity")["Account"]) == 12


def test_newest_cli_s3(aws, unique, tmp_path):
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/deep/ä b.txt").write_text("small")
    (tmp_path / "tree/big").write_bytes(b"0123456789abcdef" * (20 << 16))  # 20 MB: in parts, with checksums
    aws("s3", "mb", f"s3://{unique}")
    aws("s3", "sync", "tree", f"s3://{unique}/tree")
    assert "upload" not in aws("s3", "sync", "tree", f"s3://{unique}/tree")
    aws("s3", "cp", "--recursive", f"s3://{unique}/tree", "back")
    for name in ("deep/ä b.txt", "big"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "tree" / name).read_bytes()
    head = aws("s3api", "head-object", "--bucket", unique, "--key", "tree/deep/ä b.txt", "--checksum-mode", "ENABLED")
    assert "ChecksumCRC64NVME" in head or "ChecksumCRC32" in head, head
    aws("s3", "mv", f"s3://{unique}/tree/big", f"s3://{unique}/moved")
    assert [one["Key"] for one in aws("s3api", "list-objects-v2", "--bucket", unique)["Contents"]] == [
        "moved", "tree/deep/ä b.txt"]
    aws("s3", "rb", "--force", f"s3://{unique}")
    assert "NoSuchBucket" in aws("s3", "ls", f"s3://{unique}", expect=255)


def test_newest_cli_dynamodb(aws, unique):
    aws("dynamodb", "create-table", "--table-name", unique, "--billing-mode", "PAY_PER_REQUEST", "--key-schema",
        "AttributeName=id,KeyType=HASH", "--attribute-definitions", "AttributeName=id,AttributeType=S")
    while aws("dynamodb", "describe-table", "--table-name", unique)["Table"]["TableStatus"] != "ACTIVE":
        pass
    for n in range(5):
        aws("dynamodb", "put-item", "--table-name", unique, "--item", json.dumps({"id": {"S": str(n)}, "b": {"B": "raw"}}))
    assert aws("dynamodb", "scan", "--table-name", unique, "--page-size", "2", "--select", "COUNT")["Count"] == 5
    found = aws("dynamodb", "query", "--table-name", unique, "--key-condition-expression", "id = :i",
                "--expression-attribute-values", '{":i": {"S": "3"}}')
    assert found["Items"] == [{"id": {"S": "3"}, "b": {"B": "cmF3"}}]  # this CLI takes raw bytes and shows base64
    assert "ConditionalCheckFailedException" in aws(
        "dynamodb", "delete-item", "--table-name", unique, "--key", '{"id": {"S": "9"}}', "--condition-expression",
        "attribute_exists(id)", expect=255)


def test_newest_cli_sns(aws, unique):
    topic = aws("sns", "create-topic", "--name", unique, "--tags", "Key=team,Value=tests")["TopicArn"]
    assert aws("sns", "publish", "--topic-arn", topic, "--subject", "news", "--message", "ä", "--message-attributes",
               '{"kind": {"DataType": "String", "StringValue": "test"}}')["MessageId"]
    assert aws("sns", "list-tags-for-resource", "--resource-arn", topic)["Tags"] == [{"Key": "team", "Value": "tests"}]
    pending = aws("sns", "subscribe", "--topic-arn", topic, "--protocol", "http", "--notification-endpoint",
                  "http://127.0.0.1:9/nobody")
    assert pending["SubscriptionArn"] == "pending confirmation"
    assert len(aws("sns", "list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]) == 1
    aws("sns", "delete-topic", "--topic-arn", topic)
    assert topic not in str(aws("sns", "list-topics"))
