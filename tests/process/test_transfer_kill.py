"""Exports and imports killed with -9 at random moments go on where they were: nothing lost, nothing doubled.

PENSTOCK_TRANSFER_KILLS sets how many kills each direction takes (default 5).
"""
import importlib.util
import json
import os
import pathlib
import random
import signal
import subprocess
import time

_wire_tests = pathlib.Path(__file__).resolve().parents[1] / "wire"
_spec = importlib.util.spec_from_file_location("wire_conftest_for_transfers", _wire_tests / "conftest.py")
_wire = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_wire)
BINARY = _wire.BINARY

KILLS = int(os.environ.get("PENSTOCK_TRANSFER_KILLS", "5"))
ITEMS = int(os.environ.get("PENSTOCK_TRANSFER_ITEMS", "20000"))


def make_table(dynamodb, name):
    dynamodb.create_table(TableName=name, KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "N"}],
                          ProvisionedThroughput={"ReadCapacityUnits": 40000, "WriteCapacityUnits": 40000})
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def run(server, *arguments, kill_after=None):
    """The exit code (None: killed) and the --json summary."""
    process = subprocess.Popen([str(BINARY), *arguments, "--json"], text=True,
                               env=server.environment() | {"AWS_ENDPOINT_URL": server.url},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=kill_after or 120)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert kill_after, "it did not end"
        return None, None
    assert process.returncode == 0, out + err
    return 0, json.loads(out.splitlines()[-1])


def killed_until_done(server, dice, arguments, seconds):
    """Runs the command, kills it KILLS times, lets it end; the summary and the kills that hit."""
    kills = 0
    for _ in range(KILLS):
        code, summary = run(server, *arguments, "--resume", kill_after=dice.uniform(0.2, seconds))
        if code == 0:
            return summary, kills
        kills += 1
    return run(server, *arguments, "--resume")[1], kills


def lines_of(count):
    for i in range(count):
        yield json.dumps({"Id": {"n": str(i)}, "Name": {"s": f"näme {i}"}, "Pad": {"s": "x" * 200}},
                         ensure_ascii=False, separators=(",", ":")) + "\n"


def test_killed_transfers_lose_and_double_nothing(new_server, tmp_path):
    server = new_server()
    dynamodb, s3 = server.client("dynamodb"), server.client("s3")
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    print("seed", seed)
    for table in ("Source", "Target"):
        make_table(dynamodb, table)
    s3.create_bucket(Bucket="kills")
    source = tmp_path / "in"
    source.mkdir()
    with open(source / "data-0", "w", encoding="utf8") as file:
        file.writelines(lines_of(ITEMS))
    (source / "manifest").write_text('{"name":"DynamoDB-export","version":3,\n"entries": [\n'
                                     '{"url":"s3://elsewhere/data-0","mandatory":true}\n]}')

    # About five seconds each, so that kills hit.
    imported, kills = killed_until_done(server, dice, ["import", str(source), "Source", "--rate", str(ITEMS // 5)], 1.2)
    print("import:", kills, "kills")
    assert imported["items"] == ITEMS and imported["duplicates"] == 0 and imported["rejected"] == 0
    assert kills == 0 or imported["resumedFrom"]
    # What was written before a kill was not written again, but for what was in flight.
    assert not list(source.glob("_penstock/import-*"))

    units = ITEMS * 250 / 8192
    for destination in (str(tmp_path / "out"), "s3://kills/out"):
        exported, kills = killed_until_done(
            server, dice, ["export", "Source", destination, "--rate", str(units / 4), "--segments", "16"], 1.2)
        print(destination, kills, "kills")
        assert exported["items"] == ITEMS and exported["digest"] == imported["digest"]
        verified = run(server, "verify", destination, "--table", "Source", "--read-ratio", "1")[1]
        assert verified["items"] == ITEMS
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="kills", Prefix="out/")["Contents"]]
    assert not [key for key in keys if "checkpoint" in key or "/tail/" in key]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="kills")

    run(server, "import", "s3://kills/out", "Target", "--write-ratio", "1")
    assert run(server, "verify", "dynamodb://Source", "--table", "Target", "--read-ratio", "1")[0] == 0


def test_a_killed_replacement_leaves_the_old_export_or_the_new_one(new_server, tmp_path):
    server = new_server()
    dynamodb, s3 = server.client("dynamodb"), server.client("s3")
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    print("seed", seed)
    s3.create_bucket(Bucket="replaced")
    for table, items in (("Old", 1500), ("New", 2000)):
        make_table(dynamodb, table)
        for first in range(0, items, 25):
            dynamodb.batch_write_item(RequestItems={table: [
                {"PutRequest": {"Item": {"Id": {"N": str(i)}, "Of": {"S": table}, "Pad": {"S": "x" * 300}}}}
                for i in range(first, first + 25)]})
    for destination in (str(tmp_path / "out"), "s3://replaced/out"):
        old = run(server, "export", "Old", destination, "--read-ratio", "1")[1]
        found = set()
        # About one second each; now and then begun anew, which replaces what is unfinished.
        replace = ["export", "New", destination, "--rate", "80", "--segments", "8", "--overwrite"]
        for _ in range(2 * KILLS):
            run(server, *replace, *(["--resume"] if dice.random() < 0.6 else []), kill_after=dice.uniform(0.05, 1.3))
            whole = run(server, "verify", destination)[1]
            found.add(whole["items"])
            assert whole["items"] == 2000 or whole["digest"] == old["digest"]
        assert 1500 in found, "every replacement came to its end"
        new = run(server, *replace, "--resume")[1]
        assert new["items"] == 2000
        run(server, "verify", destination, "--table", "New", "--read-ratio", "1")
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    names = {o["Key"].removeprefix("out/").rpartition("/")[2]
             for o in s3.list_objects_v2(Bucket="replaced", Prefix="out/")["Contents"]}
    fixed = {"manifest", "_SUCCESS", "_table.json", "run.json"}
    for there in (left, names):
        assert fixed <= there
        # One file for each segment, or none of an empty one, and all of one run.
        assert len({name[:8] for name in there - fixed}) == 1 and len(there - fixed) <= 8
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="replaced")


def test_an_interrupted_transfer_says_so(new_server, tmp_path):
    """SIGINT: exit code 3 and a checkpoint; then --resume ends it."""
    server = new_server()
    dynamodb = server.client("dynamodb")
    make_table(dynamodb, "Things")
    for first in range(0, 400, 25):
        dynamodb.batch_write_item(RequestItems={"Things": [
            {"PutRequest": {"Item": {"Id": {"N": str(i)}, "Pad": {"S": "x" * 1000}}}} for i in range(first, first + 25)]})
    out = tmp_path / "out"
    process = subprocess.Popen([str(BINARY), "export", "Things", str(out), "--rate", "1", "--segments", "4"], text=True,
                               env=server.environment() | {"AWS_ENDPOINT_URL": server.url},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.time() + 30
    while not (out / "_penstock" / "run.json").exists():
        assert time.time() < deadline
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "--resume" in err
    assert not (out / "manifest").exists()
    assert (out / "_penstock" / "checkpoint.json").exists()
    _, summary = run(server, "export", "Things", str(out), "--read-ratio", "1", "--segments", "4", "--resume")
    assert summary["items"] == 400 and summary["resumedFrom"]
