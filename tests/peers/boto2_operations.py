"""Calls the operations that boto 2 knows of the Data Pipeline API, and the main ones of DynamoDB and S3.

boto 2 is what programs before 2015 were written with; it signs a Host header of its own making. Prints the name of each
operation that did what it should, and `DynamoDB` and `S3`. Arguments: endpoint, access key, secret key.
"""
import io
import sys
import threading
import time
import urllib.parse
import uuid

import boto.datapipeline.exceptions
import boto.datapipeline.layer1
import boto.dynamodb2.layer1
import boto.regioninfo
import boto.s3.connection

URL = urllib.parse.urlsplit(sys.argv[1])
KEYS = {"aws_access_key_id": sys.argv[2], "aws_secret_access_key": sys.argv[3]}
PLAIN = {"is_secure": False, "port": URL.port}


def shown(operation):
    print(operation, flush=True)


def thing(id, **fields):
    return {"id": id, "name": id, "fields": [
        {"key": key, "refValue": value[1:]} if value.startswith("@") else {"key": key, "stringValue": value}
        for key, value in fields.items()]}


def fields(described):
    return {one["key"]: one.get("stringValue", one.get("refValue")) for one in described["fields"]}


def data_pipeline():
    region = boto.regioninfo.RegionInfo(name="us-east-1", endpoint=URL.netloc)
    client = boto.datapipeline.layer1.DataPipelineConnection(region=region, **KEYS, **PLAIN)
    client.auth_service_name, client.auth_region_name = "datapipeline", "us-east-1"  # else it guesses them from the host
    group = "boto2-" + uuid.uuid4().hex
    pipeline = client.create_pipeline("from boto 2", group)["pipelineId"]
    shown("CreatePipeline")
    definition = [
        thing("Default", scheduleType="ondemand", workerGroup=group, failureAndRerunMode="cascade"),
        thing("First", type="ShellCommandActivity", command="echo hello", stage="false"),
        thing("Second", type="ShellCommandActivity", command="true", dependsOn="@First", maximumRetries="0")]
    assert client.validate_pipeline_definition(definition, pipeline)["errored"] is False
    shown("ValidatePipelineDefinition")
    assert client.put_pipeline_definition(definition, pipeline)["errored"] is False
    shown("PutPipelineDefinition")
    got = client.get_pipeline_definition(pipeline, version="latest")["pipelineObjects"]
    assert sorted(one["id"] for one in got) == ["Default", "First", "Second"], got
    shown("GetPipelineDefinition")
    [described] = client.describe_pipelines([pipeline])["pipelineDescriptionList"]
    assert described["name"] == "from boto 2", described
    shown("DescribePipelines")
    found, marker = [], None
    while True:
        page = client.list_pipelines(marker)
        found += [one["id"] for one in page["pipelineIdList"]]
        if not page["hasMoreResults"]:
            break
        marker = page["marker"]
    assert pipeline in found
    shown("ListPipelines")

    def poll():
        for _ in range(3):
            task = client.poll_for_task(group, hostname="boto2").get("taskObject")
            if task:
                return task
        raise AssertionError("no task came")

    def instance(component):
        ids = client.query_objects(pipeline, "INSTANCE").get("ids", [])
        for one in client.describe_objects(ids, pipeline)["pipelineObjects"] if ids else []:
            if one["id"].startswith(f"@{component}_"):
                return one["id"], fields(one)["@status"]
        return None, None

    def wait(component, status):
        deadline = time.monotonic() + 30
        while instance(component)[1] != status:
            assert time.monotonic() < deadline, instance(component)
            time.sleep(.1)

    threading.Timer(.3, lambda: client.activate_pipeline(pipeline)).start()
    task = poll()
    shown("ActivatePipeline")
    assert any(fields(one).get("command") == "echo hello" for one in task["objects"].values()), task
    shown("PollForTask")
    assert client.report_task_progress(task["taskId"])["canceled"] is False
    shown("ReportTaskProgress")
    assert client.report_task_runner_heartbeat("boto2-1", worker_group=group)["terminate"] is False
    shown("ReportTaskRunnerHeartbeat")
    assert client.evaluate_expression(pipeline, "is #{'so'}", task["attemptId"])["evaluatedExpression"] == "is so"
    shown("EvaluateExpression")
    client.set_task_status(task["taskId"], "FINISHED")
    wait("First", "FINISHED")
    client.set_task_status(poll()["taskId"], "FAILED", error_id="NoGood", error_message="on purpose")
    wait("Second", "FAILED")
    shown("SetTaskStatus")
    query = {"selectors": [{"fieldName": "@status", "operator": {"type": "EQ", "values": ["FAILED"]}}]}
    failed = client.query_objects(pipeline, "INSTANCE", query=query)["ids"]
    assert failed == [instance("Second")[0]], failed
    shown("QueryObjects")
    shown("DescribeObjects")
    client.set_status(failed, "RERUN", pipeline)
    client.set_task_status(poll()["taskId"], "FINISHED")
    wait("Second", "FINISHED")
    shown("SetStatus")
    client.delete_pipeline(pipeline)
    try:
        client.describe_pipelines([pipeline])
        raise AssertionError("a deleted pipeline was described")
    except (boto.datapipeline.exceptions.PipelineDeletedException, boto.datapipeline.exceptions.PipelineNotFoundException):
        shown("DeletePipeline")


def dynamodb():
    client = boto.dynamodb2.layer1.DynamoDBConnection(host=URL.hostname, **KEYS, **PLAIN)
    client.auth_service_name, client.auth_region_name = "dynamodb", "us-east-1"
    table = "boto2-" + uuid.uuid4().hex
    client.create_table([{"AttributeName": "id", "AttributeType": "S"}], table, [{"AttributeName": "id", "KeyType": "HASH"}],
                        {"ReadCapacityUnits": 10, "WriteCapacityUnits": 10})
    while client.describe_table(table)["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(.1)
    item = {"id": {"S": "a"}, "n": {"N": "3.25"}, "ss": {"SS": ["x"]}}
    client.put_item(table, item)
    assert client.get_item(table, {"id": {"S": "a"}})["Item"] == item
    assert client.scan(table)["Count"] == 1
    client.delete_table(table)
    shown("DynamoDB")


def s3():
    client = boto.s3.connection.S3Connection(host=URL.hostname, calling_format=boto.s3.connection.OrdinaryCallingFormat(),
                                             **KEYS, **PLAIN)
    bucket = client.create_bucket("boto2-" + uuid.uuid4().hex)
    key = bucket.new_key("a b/\u00e4")
    key.set_metadata("who", "me")
    key.set_contents_from_string("content")
    read = bucket.get_key("a b/\u00e4")
    assert (read.get_contents_as_string(), read.get_metadata("who")) == (b"content", "me")
    upload = bucket.initiate_multipart_upload("big")
    for number in (1, 2):
        upload.upload_part_from_file(io.BytesIO(bytes(5 << 20)), number)
    upload.complete_upload()
    assert [(one.name, one.size) for one in bucket.list()] == [("a b/\u00e4", 7), ("big", 10 << 20)]
    assert not bucket.delete_keys([one.name for one in bucket.list()]).errors
    bucket.delete()
    shown("S3")


data_pipeline()
dynamodb()
s3()
