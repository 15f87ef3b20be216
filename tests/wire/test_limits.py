"""The `aws` profile: every published limit and rate, with AWS's exceptions; the `open` profile has none of them."""
import re
import time

import botocore.exceptions
import pytest


def error_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        call(**arguments)
    return failed.value.response["Error"]["Code"], failed.value.response["Error"]["Message"]


def thing(id, **values):
    return {"id": id, "name": id, "fields": [{"key": key, "stringValue": value} for key, value in values.items()]}


@pytest.fixture
def strict(new_server):
    return new_server(config='[limits]\nprofile = "aws"\n')


def test_rates(strict):
    client = strict.client("datapipeline")
    begun, admitted, refused = time.monotonic(), 0, None
    while refused is None and admitted < 400:
        try:
            client.list_pipelines()
            admitted += 1
        except botocore.exceptions.ClientError as error:
            refused = error.response
    # A burst of 100, and one a second meanwhile.
    assert 100 <= admitted <= 101 + time.monotonic() - begun
    assert refused["Error"]["Code"] == "ThrottlingException"
    assert refused["ResponseMetadata"]["HTTPStatusCode"] == 400
    # Each operation has its own bucket.
    client.create_pipeline(name="n", uniqueId="n")


def test_pipelines_of_an_account(strict):
    client = strict.client("datapipeline", retries={"max_attempts": 10, "mode": "standard"})
    ids = [client.create_pipeline(name=f"n{i}", uniqueId=f"u{i}")["pipelineId"] for i in range(100)]
    code, message = error_of(client.create_pipeline, name="more", uniqueId="more")
    assert code == "InvalidRequestException" and message.startswith("Web service limit exceeded: "), message
    assert client.create_pipeline(name="n7", uniqueId="u7")["pipelineId"] == ids[7]  # a repeat makes none
    client.delete_pipeline(pipelineId=ids[0])
    client.create_pipeline(name="more", uniqueId="more")
    assert error_of(client.describe_pipelines, pipelineIds=ids[1:27])[0] == "InvalidRequestException"
    assert len(client.describe_pipelines(pipelineIds=ids[1:26])["pipelineDescriptionList"]) == 25


def test_definitions(strict, datapipeline, unique):
    client = strict.client("datapipeline")
    pipeline = client.create_pipeline(name="n", uniqueId="n")["pipelineId"]
    free = datapipeline.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
    many = [thing(f"F{i}", type="CSV") for i in range(101)]
    code, message = error_of(client.put_pipeline_definition, pipelineId=pipeline, pipelineObjects=many)
    assert code == "InvalidRequestException" and "maximum number of objects" in message, message
    assert client.get_pipeline_definition(pipelineId=pipeline)["pipelineObjects"] == []
    assert not datapipeline.put_pipeline_definition(pipelineId=free, pipelineObjects=many)["errored"]

    base = {"type": "ShellCommandActivity", "command": "x", "workerGroup": "g"}
    default = thing("Default", scheduleType="ondemand")
    for what, objects in {
            "retryDelay": [thing("A", **base, retryDelay="1 minute")],
            "maximumRetries": [thing("A", **base, maximumRetries="6")],
            "maxActiveInstances": [thing("A", **base, maxActiveInstances="6")],
            "attemptTimeout": [thing("A", **base, attemptTimeout="30 seconds")],
            "50": [thing("A", **base, **{f"my{chr(65 + i // 26)}{i}": "x" for i in range(60)})],
            "15360": [thing("A", **base, myA="x" * 8000, myB="x" * 8000)],
            "256": [thing("A" * 257, **base)],
            "is an extension": [
                thing("S", type="Schedule", cronExpression="@daily", timeZone="UTC", startDateTime="2100-01-01T00:00:00")],
            "period": [thing("S", type="Schedule", period="10 minutes", startDateTime="2100-01-01T00:00:00")]}.items():
        strictly = client.validate_pipeline_definition(pipelineId=pipeline, pipelineObjects=[default, *objects])
        assert strictly["errored"] and what in str(strictly["validationErrors"]), (what, strictly)
        freely = datapipeline.validate_pipeline_definition(pipelineId=free, pipelineObjects=[default, *objects])
        assert not freely["errored"], (what, freely)


def test_every_call_leaves_a_line_with_its_request_id(new_server):
    server = new_server()
    client = server.client("datapipeline")
    made = client.create_pipeline(name="n", uniqueId="n")["ResponseMetadata"]["RequestId"]
    with pytest.raises(botocore.exceptions.ClientError) as failed:
        client.delete_pipeline(pipelineId="df-NONE")
    refused = failed.value.response["ResponseMetadata"]["RequestId"]
    who = server.client("sts").get_caller_identity()
    lines = {re.search(r"request=(\S+)", line).group(1): line for line in server.log().splitlines() if " request=" in line}
    for request, operation, service, status, error in [
            (made, "CreatePipeline", "datapipeline", 200, "-"),
            (refused, "DeletePipeline", "datapipeline", 400, "PipelineNotFoundException"),
            (who["ResponseMetadata"]["RequestId"], "GetCallerIdentity", "sts", 200, "-")]:
        line = lines[request]
        assert f"account={who['Account']}" in line and f'key="{server.key()[0]}"' in line, line
        assert f'service="{service}"' in line and f'operation="{operation}"' in line, line
        assert f"status={status}" in line and f"error={error}" in line, line
        assert re.search(r"micros=\d+", line), line
