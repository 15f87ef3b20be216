"""The main job: tables in and out through the templates' pipelines, on a cluster that the pipeline makes and ends."""
import json
import pathlib
import subprocess

import pytest

import pipelines
from pipelines import BINARY

EXPORT = pipelines.TEMPLATES / "export-dynamodb-to-s3.json"
IMPORT = pipelines.TEMPLATES / "import-dynamodb-from-s3.json"


def make_table(server, name, count, key="Id", key_type="N"):
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(TableName=name, AttributeDefinitions=[{"AttributeName": key, "AttributeType": key_type}],
                          KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                          ProvisionedThroughput={"ReadCapacityUnits": 4000, "WriteCapacityUnits": 4000})
    for first in range(0, count, 25):
        requests = [{"PutRequest": {"Item": {key: {key_type: str(n)}, "Name": {"S": f"item {n}"},
                                             "Tags": {"L": [{"S": "a"}, {"NULL": True}]}}}}
                    for n in range(first, min(first + 25, count))]
        assert not dynamodb.batch_write_item(RequestItems={name: requests})["UnprocessedItems"]
    return dynamodb


def count(dynamodb, table):
    return sum(page["Count"] for page in dynamodb.get_paginator("scan").paginate(TableName=table, Select="COUNT"))


def export(server, table, bucket, name, **more):
    pipeline = pipelines.run(server, name, EXPORT, myDDBTableName=table, myOutputS3Loc=f"s3://{bucket}/exports",
                             myDDBReadThroughputRatio="1.0", myDDBRegion="us-east-1",
                             myPipelineLogUri=f"s3://{bucket}/logs", **more)
    return pipeline, pipelines.wait(server, pipeline)


def export_folder(server, bucket):
    listing = server.client("s3").list_objects_v2(Bucket=bucket, Prefix="exports/", Delimiter="/")
    return f"s3://{bucket}/" + listing["CommonPrefixes"][0]["Prefix"].rstrip("/")


def import_(server, table, source, name, **more):
    pipeline = pipelines.run(server, name, IMPORT, myDDBTableName=table, myInputS3Loc=source,
                             myDDBWriteThroughputRatio="1.0", myDDBRegion="us-east-1", **more)
    return pipeline, pipelines.wait(server, pipeline)


def with_data_node(folder, template, **fields):
    """The template with other fields of its S3DataNode, as a file."""
    definition = json.loads(template.read_text())
    for one in definition["objects"]:
        if one.get("type") == "S3DataNode":
            one.update(fields)
    return pipelines.write(folder, definition)


def failure(server, pipeline, done):
    """The fields of the activity's instance, which must have failed."""
    [activity] = [f for i, f in done.items() if "Activity" in i]
    assert activity["@status"] == "FAILED", pipelines.status(server, pipeline)
    assert activity["errorId"] and activity["errorMessage"]
    assert activity["errorMessage"] in pipelines.status(server, pipeline)
    return activity


@pytest.fixture(scope="module")
def job_server(tmp_path_factory):
    """Without the default pause between retries, and with one of them only."""
    from conftest import Server
    config = '[engine]\ndefault_retry_delay = "1 second"\ndefault_maximum_retries = 1\n'
    made = Server(tmp_path_factory.mktemp("job"), config=config).start()
    yield made
    assert made.stop() == 0, made.log()


@pytest.fixture
def job_bucket(job_server, unique):
    job_server.client("s3").create_bucket(Bucket=unique)
    return unique


def test_a_table_goes_out_and_comes_back_equal(job_server, job_bucket, unique):
    dynamodb = make_table(job_server, unique, 1000)
    _, done = export(job_server, unique, job_bucket, unique + "-out")
    assert {f["@status"] for f in done.values()} == {"FINISHED"}
    folder = export_folder(job_server, job_bucket)

    copy = unique + "-copy"
    make_table(job_server, copy, 0)
    pipeline, done = import_(job_server, copy, folder, unique + "-in")
    assert {f["@status"] for f in done.values()} == {"FINISHED"}
    [activity] = [i for i in done if "Activity" in i]
    figures = pipelines.attempt(job_server, pipeline, activity)
    assert figures["transferItems"] == "1000"
    assert float(figures["transferUnitsConsumed"]) >= 1000

    for table in (unique, copy):
        verified = subprocess.run([str(BINARY), "verify", folder, "--table", table, "--read-ratio", "1", "--json",
                                   "--endpoint-url-dynamodb", job_server.url, "--endpoint-url-s3", job_server.url],
                                  env=job_server.environment(), text=True, capture_output=True, timeout=60)
        assert verified.returncode == 0, verified.stderr
        assert json.loads(verified.stdout.splitlines()[-1])["items"] == 1000
    dynamodb.put_item(TableName=copy, Item={"Id": {"N": "5"}, "Name": {"S": "another"}})
    differs = subprocess.run([str(BINARY), "verify", folder, "--table", copy, "--read-ratio", "1",
                              "--endpoint-url-dynamodb", job_server.url, "--endpoint-url-s3", job_server.url],
                             env=job_server.environment(), text=True, capture_output=True, timeout=60)
    assert differs.returncode == 1, differs.stderr

    keys = [o["Key"] for o in job_server.client("s3").list_objects_v2(Bucket=job_bucket, Prefix="logs/")["Contents"]]
    assert any(k.endswith("/Activity.log") for k in keys)


def test_the_cluster_is_made_and_ended(job_server, job_bucket, unique):
    make_table(job_server, unique, 10)
    pipeline, done = export(job_server, unique, job_bucket, unique)
    clusters = json.loads(job_server.aws("emr", "list-clusters").stdout)["Clusters"]
    mine = [c for c in clusters if c["Name"].startswith(pipeline)]
    assert len(mine) == 1
    assert mine[0]["Status"]["State"] in ("TERMINATING", "TERMINATED")
    [cluster] = [f for i, f in done.items() if "Cluster" in i]
    assert cluster["@resourceId"] == mine[0]["Id"]


def test_an_empty_table(job_server, job_bucket, unique):
    make_table(job_server, unique, 0)
    _, done = export(job_server, unique, job_bucket, unique)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}
    key = export_folder(job_server, job_bucket).split("/", 3)[3] + "/manifest"
    manifest = job_server.client("s3").get_object(Bucket=job_bucket, Key=key)["Body"].read()
    assert json.loads(manifest)["entries"] == []


def test_a_missing_table_fails_saying_so(job_server, job_bucket, unique):
    pipeline, done = export(job_server, "nosuch-" + unique, job_bucket, unique)
    assert "nosuch-" + unique in failure(job_server, pipeline, done)["errorMessage"]


def test_a_missing_bucket_fails_saying_so(job_server, unique):
    make_table(job_server, unique, 1)
    pipeline, done = import_(job_server, unique, f"s3://nosuch-{unique}/x", unique)
    assert "nosuch-" + unique in failure(job_server, pipeline, done)["errorMessage"]


def test_a_folder_without_manifest_is_refused(job_server, job_bucket, unique):
    dynamodb = make_table(job_server, unique, 0)
    job_server.client("s3").put_object(Bucket=job_bucket, Key="part/one", Body=b'{"Id":{"n":"1"}}\n')
    pipeline, done = import_(job_server, unique, f"s3://{job_bucket}/part", unique)
    assert "manifest" in failure(job_server, pipeline, done)["errorMessage"]
    assert count(dynamodb, unique) == 0


def test_a_truncated_file_fails_before_the_first_write(job_server, job_bucket, unique):
    make_table(job_server, unique, 100)
    export(job_server, unique, job_bucket, unique + "-out")
    folder = export_folder(job_server, job_bucket)
    s3 = job_server.client("s3")
    prefix = folder.split("/", 3)[3]
    data = [o["Key"] for o in s3.list_objects_v2(Bucket=job_bucket, Prefix=prefix)["Contents"]
            if pathlib.Path(o["Key"]).name.count("-") == 4][0]
    body = s3.get_object(Bucket=job_bucket, Key=data)["Body"].read()
    s3.put_object(Bucket=job_bucket, Key=data, Body=body[:len(body) // 2])
    copy = unique + "-copy"
    dynamodb = make_table(job_server, copy, 0)
    pipeline, done = import_(job_server, copy, folder, unique + "-in")
    assert data.rsplit("/", 1)[1] in failure(job_server, pipeline, done)["errorMessage"]
    assert count(dynamodb, copy) == 0


def test_a_key_that_does_not_fit_fails_before_the_first_write(job_server, job_bucket, unique):
    make_table(job_server, unique, 10)
    export(job_server, unique, job_bucket, unique + "-out")
    copy = unique + "-copy"
    dynamodb = make_table(job_server, copy, 0, key="Other", key_type="S")
    pipeline, done = import_(job_server, copy, export_folder(job_server, job_bucket), unique + "-in")
    assert "Other" in failure(job_server, pipeline, done)["errorMessage"]
    assert count(dynamodb, copy) == 0


@pytest.mark.parametrize("ratio", ["0", "1.5", "x"])
def test_a_ratio_out_of_range_never_runs(job_server, unique, ratio):
    client = job_server.client("datapipeline")
    pipeline = client.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
    put = job_server.aws("datapipeline", "put-pipeline-definition", "--pipeline-id", pipeline, "--pipeline-definition",
                         f"file://{EXPORT}", "--parameter-values", "myDDBTableName=T", "myOutputS3Loc=s3://b/x",
                         f"myDDBReadThroughputRatio={ratio}", "myDDBRegion=us-east-1", check=False)
    activated = job_server.aws("datapipeline", "activate-pipeline", "--pipeline-id", pipeline, check=False)
    if activated.returncode == 0:
        failure(job_server, pipeline, pipelines.wait(job_server, pipeline))
    else:
        assert "hroughput" in put.stdout + put.stderr + activated.stderr


def test_a_step_of_another_program_fails_saying_what_is_supported(job_server, tmp_path, unique):
    definition = pipelines.write(tmp_path, {"objects": [
        {"id": "Default", "scheduleType": "ondemand", "maximumRetries": "0"},
        {"id": "Cluster", "type": "EmrCluster", "terminateAfter": "1 hour"},
        {"id": "WordCountActivity", "type": "EmrActivity", "runsOn": {"ref": "Cluster"},
         "step": "s3://bucket/wordcount.jar,in,out"}]})
    pipeline = pipelines.run(job_server, unique, definition)
    failed = failure(job_server, pipeline, pipelines.wait(job_server, pipeline))
    assert "wordcount.jar" in failed["errorMessage"]


def test_a_foreign_object_at_the_destination_refuses_the_export(job_server, job_bucket, tmp_path, unique):
    """The template's destination has the time in it; this one is the same for every run."""
    make_table(job_server, unique, 5)
    fixed = with_data_node(tmp_path, EXPORT, directoryPath=f"s3://{job_bucket}/taken")
    s3 = job_server.client("s3")
    s3.put_object(Bucket=job_bucket, Key="taken/holiday.jpg", Body=b"not ours")
    pipeline = pipelines.run(job_server, unique, fixed, myDDBTableName=unique, myOutputS3Loc=f"s3://{job_bucket}/x",
                             myDDBReadThroughputRatio="1.0", myDDBRegion="us-east-1")
    failed = failure(job_server, pipeline, pipelines.wait(job_server, pipeline))
    assert "holiday.jpg" in failed["errorMessage"]
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=job_bucket, Prefix="taken/")["Contents"]]
    assert keys == ["taken/holiday.jpg"]


def test_a_fixed_place_is_exported_to_again_only_by_the_users_word(job_server, job_bucket, tmp_path, unique):
    dynamodb = make_table(job_server, unique, 20)
    fixed = with_data_node(tmp_path, EXPORT, directoryPath="#{myOutputS3Loc}")
    values = dict(myDDBTableName=unique, myOutputS3Loc=f"s3://{job_bucket}/fixed", myDDBReadThroughputRatio="1.0",
                  myDDBRegion="us-east-1")
    manifests = []
    for run, more in enumerate(({}, {}, {"myAllowFixedExportPath": "true"})):
        pipeline = pipelines.run(job_server, f"{unique}-{run}", fixed, **values, **more)
        done = pipelines.wait(job_server, pipeline)
        if run == 1:
            assert "myAllowFixedExportPath" in failure(job_server, pipeline, done)["errorMessage"]
        else:
            assert {i["@status"] for i in done.values()} == {"FINISHED"}
        body = job_server.client("s3").get_object(Bucket=job_bucket, Key="fixed/manifest")["Body"].read()
        manifests.append(json.loads(body)["x-verify"]["items"])
        dynamodb.put_item(TableName=unique, Item={"Id": {"N": str(1000 + run)}})
    assert manifests == [20, 20, 22]


def test_an_export_to_a_missing_bucket_fails_saying_so(job_server, unique):
    make_table(job_server, unique, 5)
    pipeline, done = export(job_server, unique, "nosuch-" + unique, unique)
    assert "nosuch-" + unique in failure(job_server, pipeline, done)["errorMessage"]


def test_a_foreign_file_in_the_export_fails_before_the_first_write(job_server, job_bucket, unique):
    make_table(job_server, unique, 100)
    export(job_server, unique, job_bucket, unique + "-out")
    folder = export_folder(job_server, job_bucket)
    s3 = job_server.client("s3")
    prefix = folder.split("/", 3)[3]
    data, size = [(o["Key"], o["Size"]) for o in s3.list_objects_v2(Bucket=job_bucket, Prefix=prefix)["Contents"]
                  if pathlib.Path(o["Key"]).name.count("-") == 4][0]
    s3.put_object(Bucket=job_bucket, Key=data, Body=b"\xff\xd8" + b"x" * (size - 2))  # of the right size
    copy = unique + "-copy"
    dynamodb = make_table(job_server, copy, 0)
    pipeline, done = import_(job_server, copy, folder, unique + "-in")
    assert data.rsplit("/", 1)[1] in failure(job_server, pipeline, done)["errorMessage"]
    assert count(dynamodb, copy) == 0


def test_a_foreign_file_without_manifest_names_the_line(job_server, job_bucket, tmp_path, unique):
    dynamodb = make_table(job_server, unique, 0)
    path = with_data_node(tmp_path, IMPORT, myImportWithoutManifest="true")
    job_server.client("s3").put_object(Bucket=job_bucket, Key="odd/one", Body=b'{"Id":{"n":"1"}}\nMZ\x90\x00\n')
    pipeline = pipelines.run(job_server, unique, path, myDDBTableName=unique, myInputS3Loc=f"s3://{job_bucket}/odd",
                             myDDBWriteThroughputRatio="1.0", myDDBRegion="us-east-1")
    message = failure(job_server, pipeline, pipelines.wait(job_server, pipeline))["errorMessage"]
    assert "one" in message
    assert count(dynamodb, unique) <= 1


def test_a_malformed_definition_says_where_and_does_not_run(job_server, tmp_path, unique):
    client = job_server.client("datapipeline")
    pipeline = client.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
    definition = pipelines.write(tmp_path, {"objects": [
        {"id": "Default", "scheduleType": "ondemand"},
        {"id": "Odd", "type": "ShellComandActivity", "command": "true", "runsOn": {"ref": "Nobody"}}]})
    put = job_server.aws("datapipeline", "put-pipeline-definition", "--pipeline-id", pipeline, "--pipeline-definition",
                         f"file://{definition}", check=False)
    assert "Odd" in put.stdout + put.stderr
    activated = job_server.aws("datapipeline", "activate-pipeline", "--pipeline-id", pipeline, check=False)
    assert activated.returncode != 0
    assert "InvalidRequestException" in activated.stderr
    broken = tmp_path / "broken.json"
    broken.write_text('{"objects": [')
    put = job_server.aws("datapipeline", "put-pipeline-definition", "--pipeline-id", pipeline, "--pipeline-definition",
                         f"file://{broken}", check=False)
    assert put.returncode != 0
    assert pipelines.status(job_server, pipeline).startswith(pipeline)
