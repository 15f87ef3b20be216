"""export, import and verify by hand against a real server: what moves, what is proven, what is refused."""
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from conftest import BINARY

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "transfer"


def penstock(server, *arguments, expect=0, **options):
    done = subprocess.run([str(BINARY), *arguments], env=transfer_environment(server), text=True, capture_output=True,
                          timeout=120, **options)
    assert done.returncode == expect, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


def transfer_environment(server):
    return server.environment() | {"AWS_ENDPOINT_URL": server.url}


def make_table(dynamodb, name, key="Id", key_type="N", read=20000, write=20000):
    dynamodb.create_table(TableName=name, KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": key, "AttributeType": key_type}],
                          ProvisionedThroughput={"ReadCapacityUnits": read, "WriteCapacityUnits": write})
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def write_lines(folder, count):
    """An export as another program would have written it: no digests."""
    folder.mkdir()
    with open(folder / "data-0", "w", encoding="utf8") as lines:
        for i in range(count):
            lines.write(json.dumps({"Id": {"n": str(i)}, "Name": {"s": f"näme {i}"}, "Tags": {"sS": ["a", "b"]},
                                    "At": {"m": {"lat": {"n": "1.50"}, "all": {"l": [{"bOOL": True}, {"nULLValue": True}]}}}},
                                   ensure_ascii=False, separators=(",", ":")) + "\n")
    (folder / "manifest").write_text('{"name":"DynamoDB-export","version":3,\n"entries": [\n'
                                     '{"url":"s3://elsewhere/long/ago/data-0","mandatory":true}\n]}')


def summary(done):
    return json.loads(done.stdout.splitlines()[-1])


def test_round_trip_through_s3(server, dynamodb, s3, bucket, unique, tmp_path):
    make_table(dynamodb, unique + "a")
    make_table(dynamodb, unique + "b")
    write_lines(tmp_path / "in", 5000)
    first = summary(penstock(server, "import", str(tmp_path / "in"), unique + "a", "--write-ratio", "1", "--json"))
    assert (first["items"], first["rejected"]) == (5000, 0)
    assert first["consumedCapacityUnits"] >= 5000

    exported = summary(penstock(server, "export", unique + "a", f"s3://{bucket}/out", "--read-ratio", "1", "--json"))
    assert exported["items"] == 5000
    assert exported["digest"] == first["digest"]
    assert exported["manifest"] == f"s3://{bucket}/out/manifest"
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, Prefix="out/")["Contents"]]
    assert {"out/manifest", "out/_SUCCESS", "out/_penstock/run.json"} <= set(keys)
    manifest = json.loads(s3.get_object(Bucket=bucket, Key="out/manifest")["Body"].read())
    assert manifest["version"] == 3
    assert all(e["url"].removeprefix(f"s3://{bucket}/") in keys and e["mandatory"] is True for e in manifest["entries"])
    lines = b"".join(s3.get_object(Bucket=bucket, Key=e["url"].removeprefix(f"s3://{bucket}/"))["Body"].read()
                     for e in manifest["entries"])
    assert len(lines.splitlines()) == 5000 and len(lines) == exported["bytes"]

    again = summary(penstock(server, "import", f"s3://{bucket}/out", unique + "b", "--write-ratio", "1", "--json"))
    assert again["digest"] == exported["digest"]
    penstock(server, "verify", f"s3://{bucket}/out", "--table", unique + "b", "--read-ratio", "1")
    dynamodb.put_item(TableName=unique + "b", Item={"Id": {"N": "17"}, "Name": {"S": "other"}})
    different = penstock(server, "verify", f"s3://{bucket}/out", "--table", unique + "b", "--read-ratio", "1", expect=1)
    assert '{"Id":{"N":"17"}}' in different.stderr


def test_two_accounts_and_regions(new_server, tmp_path):
    """Table and bucket, and table and table, of two servers with other keys and regions; the environment knows neither."""
    sides = {"here": (new_server("[regions]\nshared = false\n"), "eu-west-1"),
             "there": (new_server("[regions]\nshared = false\n"), "us-west-2")}
    with open(tmp_path / "profiles", "w") as profiles:
        for name, (side, region) in sides.items():
            access, secret = side.key()
            profiles.write(f"[{name}]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\nregion = {region}\n")
    here, there = (side for side, _ in sides.values())
    for side, region in sides.values():
        make_table(side.client("dynamodb", region), "Cities")
    there.client("s3", "us-west-2").create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    write_lines(tmp_path / "in", 500)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "profiles"), "AWS_REGION": "ap-south-1",
                    "AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}

    def run(*arguments, expect=0):
        done = subprocess.run([str(BINARY), *arguments], env=environment, text=True, capture_output=True, timeout=120)
        assert done.returncode == expect, f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stderr

    table = ["--endpoint-url-dynamodb", here.url, "--dynamodb-profile", "here"]
    bucket = ["--endpoint-url-s3", there.url, "--s3-profile", "there"]
    run("import", str(tmp_path / "in"), "Cities", "--write-ratio", "1", *table)
    run("export", "Cities", "s3://bucket/out", "--read-ratio", "1", *table, *bucket)
    copy = ["--endpoint-url-dynamodb", there.url, "--dynamodb-profile", "there"]
    run("import", "s3://bucket/out", "Cities", "--write-ratio", "1", *copy, *bucket)

    against = ["verify", "dynamodb://Cities", "--table", "Cities", "--read-ratio", "1", *copy, "--source-endpoint-url-dynamodb", here.url]
    assert "equal: 500 items" in run(*against, "--source-profile", "here")
    here.client("dynamodb", "eu-west-1").put_item(TableName="Cities", Item={"Id": {"N": "5"}, "Name": {"S": "another"}})
    told = run(*against, "--source-profile", "here", expect=1)
    assert f"the first table Cities (eu-west-1, {here.url}) is not the content of table Cities (us-west-2, {there.url})" in told
    # A flag outranks the profile's region, in which the table is.
    assert "eu-central-1" in run(*against, "--source-profile", "here", "--source-region", "eu-central-1", expect=2)
    # The other side's key is nobody's here.
    assert "UnrecognizedClientException" in run(*against, expect=2)


@pytest.mark.parametrize("prefix", ["a b/ü%41+&=?#x", "ends/with/", "日本"])
def test_any_prefix_is_a_folder(server, dynamodb, s3, bucket, unique, tmp_path, prefix):
    make_table(dynamodb, unique)
    write_lines(tmp_path / "in", 100)
    penstock(server, "import", str(tmp_path / "in"), unique, "--write-ratio", "1")
    penstock(server, "export", unique, f"s3://{bucket}/{prefix}", "--read-ratio", "1")
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert prefix.rstrip("/") + "/manifest" in keys
    penstock(server, "verify", f"s3://{bucket}/{prefix}", "--table", unique, "--read-ratio", "1")


def test_a_table_of_aws_is_made_here(server, dynamodb, bucket, unique, tmp_path):
    """What the local DynamoDB does not have (streams, own keys) is left out, and said."""
    make_table(dynamodb, unique)
    write_lines(tmp_path / "in", 10)
    out = tmp_path / "out"
    penstock(server, "import", str(tmp_path / "in"), unique, "--write-ratio", "1")
    penstock(server, "export", unique, str(out), "--read-ratio", "1")
    archive = json.loads((out / "_table.json").read_text())
    archive["table"] |= {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
                         "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS"}}
    (out / "_table.json").write_text(json.dumps(archive))
    made = penstock(server, "import", str(out), unique + "b", "--create-table", "--write-ratio", "1")
    assert "without the StreamSpecification" in made.stderr and "without the SSESpecification" in made.stderr
    penstock(server, "verify", str(out), "--table", unique + "b", "--read-ratio", "1")


def test_tricky_items_keep_their_digest(server, dynamodb, unique, tmp_path):
    make_table(dynamodb, unique, key="pk", key_type="S")
    source = tmp_path / "in"
    source.mkdir()
    (source / "lines").write_bytes((GOLDEN / "tricky-legacy-v4.jsonl").read_bytes())
    given = summary(penstock(server, "import", str(source), unique, "--no-manifest", "--write-ratio", "1", "--json"))
    assert given["items"] == 74
    taken = summary(penstock(server, "export", unique, str(tmp_path / "out"), "--read-ratio", "1", "--json"))
    assert (taken["items"], taken["digest"]) == (74, given["digest"])


def test_foreign_destination_is_refused(server, dynamodb, s3, bucket, unique):
    make_table(dynamodb, unique)
    s3.put_object(Bucket=bucket, Key="out/mine.txt", Body=b"precious")
    refused = penstock(server, "export", unique, f"s3://{bucket}/out", expect=2)
    assert f"s3://{bucket}/out/mine.txt" in refused.stderr
    assert [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["out/mine.txt"]


@pytest.mark.parametrize("damage", ["missing", "truncated", "changed", "no manifest"])
def test_damaged_export_writes_nothing(server, dynamodb, unique, tmp_path, damage):
    make_table(dynamodb, unique + "a")
    make_table(dynamodb, unique + "b")
    write_lines(tmp_path / "in", 200)
    penstock(server, "import", str(tmp_path / "in"), unique + "a", "--write-ratio", "1")
    out = tmp_path / "out"
    penstock(server, "export", unique + "a", str(out), "--read-ratio", "1", "--segments", "1")
    [data] = [f for f in out.iterdir() if len(f.name) == 36]
    content = data.read_bytes()
    if damage == "missing":
        data.unlink()
    elif damage == "truncated":
        data.write_bytes(content[:-10])
    elif damage == "changed":
        data.write_bytes(content.replace(b'"1.50"', b'"1.51"', 1).replace(b'"1.5"', b'"1.6"', 1))
    else:
        (out / "manifest").unlink()
    refused = penstock(server, "import", str(out), unique + "b", expect=2)
    assert (data.name if damage != "no manifest" else "--no-manifest") in refused.stderr
    assert dynamodb.scan(TableName=unique + "b", Select="COUNT")["Count"] == 0


def test_wrong_table_and_wrong_flags(server, dynamodb, unique, tmp_path):
    make_table(dynamodb, unique, key="Other", key_type="S")
    write_lines(tmp_path / "in", 10)
    refused = penstock(server, "import", str(tmp_path / "in"), unique, expect=2)
    assert "Other (S)" in refused.stderr
    assert "unheard-of" in penstock(server, "export", "unheard-of", str(tmp_path / "x"), expect=2).stderr
    assert "--read-ratio" in penstock(server, "export", unique, str(tmp_path / "x"), "--read-ratio", "50", expect=2).stderr


def test_export_keeps_to_its_ratio(server, dynamodb, unique, tmp_path):
    make_table(dynamodb, unique, read=100)
    write_lines(tmp_path / "in", 15000)
    penstock(server, "import", str(tmp_path / "in"), unique, "--write-ratio", "1")
    began = time.monotonic()
    done = summary(penstock(server, "export", unique, str(tmp_path / "out"), "--read-ratio", "0.5", "--json"))
    seconds = time.monotonic() - began
    assert done["items"] == 15000
    assert done["throttledRequests"] == 0
    assert done["consumedCapacityUnits"] <= 1.05 * 50 * seconds + 25


def test_kill_and_resume(server, dynamodb, unique, tmp_path):
    make_table(dynamodb, unique, read=200)
    write_lines(tmp_path / "in", 10000)
    penstock(server, "import", str(tmp_path / "in"), unique, "--write-ratio", "1")
    # About six seconds' worth, so that it does not end before its kills.
    command = [str(BINARY), "export", unique, str(tmp_path / "out"), "--rate", "10"]
    for pause in (0.15, 0.4, 0.9):
        running = subprocess.Popen(command + (["--resume"] if (tmp_path / "out").exists() else []),
                                   env=transfer_environment(server), stderr=subprocess.DEVNULL)
        time.sleep(pause)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert not (tmp_path / "out" / "manifest").exists()
    stopped = subprocess.Popen(command + ["--resume"], env=transfer_environment(server), stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    stopped.send_signal(signal.SIGINT)
    _, told = stopped.communicate(timeout=30)
    assert stopped.returncode == 3, told
    assert "--resume" in told
    done = summary(penstock(server, "export", unique, str(tmp_path / "out"), "--read-ratio", "1", "--resume", "--json"))
    assert done["items"] == 10000 and "resumedFrom" in done
    assert not [f for f in os.listdir(tmp_path / "out") if f.startswith(".")]
    penstock(server, "verify", str(tmp_path / "out"), "--table", unique, "--read-ratio", "1")
