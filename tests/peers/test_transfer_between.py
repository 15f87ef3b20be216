"""export, import and verify between Penstock's services and other people's: DynamoDB Local, dynalite, moto.

Each side has its own endpoint, key and region. boto3 puts the items and compares what arrived; `verify` has to agree.
"""
import configparser
import json
import os
import re
import signal
import subprocess
import threading

import botocore.exceptions
import pytest

import items
from peers import BINARY

GENERATED = 2000

# The tricky items that a peer cannot hold, so that they cannot be moved into or out of it.
REFUSED = {
    "dynalite": {"t023",   # takes no number with a plus sign
                 "t057"},  # loses an attribute of the name __proto__
    "moto": {"t070"},      # counts the bytes of an item of 400 KB differently
    "dynamodb-local": set(),
}


class Penstock:
    """Penstock's own server in a peer's shape."""

    def __init__(self, server):
        self.name, self.url, self.region, self.key = "penstock", server.url, "us-east-1", server.key()
        self.client = server.client


class Transfer:
    """The command line, with a profile for each side."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, verb, *arguments, tables, buckets=None, expect=0):
        command, environment = self._prepare(verb, arguments, tables, buckets)
        done = subprocess.run(command, env=environment, text=True, capture_output=True, timeout=300)
        assert done.returncode == expect, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1]) if expect == 0 else done.stderr

    def kill(self, seconds, verb, *arguments, tables, buckets=None):
        """Kills it after so many seconds, or when it first says that it moves items; it must not be done by then."""
        command, environment = self._prepare(verb, arguments, tables, buckets)
        running = subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        late = threading.Timer(seconds, running.kill)
        late.start()
        told = ""
        for line in running.stdout:
            told += line
            if re.match(r"(exporting|importing): [1-9]", line):
                running.kill()
        late.cancel()
        assert running.wait() == -signal.SIGKILL, f"{command} ended by itself with {running.returncode}:\n{told}"

    def _prepare(self, verb, arguments, tables, buckets):
        credentials, config = configparser.ConfigParser(), configparser.ConfigParser()
        for profile, side in (("tables", tables), ("buckets", buckets or tables)):
            credentials[profile] = {"aws_access_key_id": side.key[0], "aws_secret_access_key": side.key[1]}
            config[f"profile {profile}"] = {"region": side.region}
        for name, parser in (("credentials", credentials), ("config", config)):
            with open(self.folder / name, "w") as out:
                parser.write(out)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
                        "AWS_CONFIG_FILE": str(self.folder / "config"), "AWS_EC2_METADATA_DISABLED": "true"}
        command = [str(BINARY), verb, *map(str, arguments), "--endpoint-url-dynamodb", tables.url, "--dynamodb-profile",
                   "tables", "--json"]
        if buckets:
            command += ["--endpoint-url-s3", buckets.url, "--s3-profile", "buckets"]
        return command, environment


@pytest.fixture
def transfer(tmp_path):
    return Transfer(tmp_path)


@pytest.fixture
def side(server, peer):
    """side(name): Penstock's server or a peer's. The tables of a test are gone after it: servers count their capacity."""
    asked = {}

    def get(name):
        asked[name] = asked.get(name) or (Penstock(server) if name == "penstock" else peer(name))
        return asked[name]

    yield get
    for one in asked.values():
        client = one.client("dynamodb")
        for table in client.list_tables()["TableNames"]:
            client.delete_table(TableName=table)


def make_table(side, name, **more):
    client = side.client("dynamodb")
    described = {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                 "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                 "ProvisionedThroughput": {"ReadCapacityUnits": 10000, "WriteCapacityUnits": 10000}} | more
    client.create_table(TableName=name, **described)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return client


def make_bucket(side, name):
    place = {} if side.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": side.region}}
    side.client("s3").create_bucket(Bucket=name, **place)


def put_all(client, table, wanted):
    """Puts the items one by one; {key: canonical item} of what is there unaltered, {key: reason} of what is not."""
    taken, refused = {}, {}
    for item in wanted:
        key, given = item["pk"]["S"], items.canonical({"M": item})
        try:
            client.put_item(TableName=table, Item=item)
        except botocore.exceptions.ClientError as error:
            refused[key.split("-")[0]] = str(error)
            continue
        got = items.canonical({"M": client.get_item(TableName=table, Key={"pk": item["pk"]}, ConsistentRead=True)["Item"]})
        if got == given:
            taken[key] = given
        else:
            client.delete_item(TableName=table, Key={"pk": item["pk"]})
            refused[key.split("-")[0]] = f"altered: {got}"
    return taken, refused


@pytest.mark.parametrize("format", ["datapipeline", "dynamodb-json"])
@pytest.mark.parametrize("buckets", ["penstock", "moto"])
@pytest.mark.parametrize("tables", ["dynalite", "moto", "dynamodb-local"])
def test_round_trip(side, transfer, unique, tmp_path, tables, buckets, format):
    foreign, store, ours = side(tables), side(buckets), side("penstock")
    make_bucket(store, unique)
    client = make_table(foreign, unique)
    wanted, refused = put_all(client, unique, items.tricky())
    assert set(refused) == REFUSED[tables], refused

    more = items.generated(GENERATED)
    (tmp_path / "more").mkdir()
    items.write_jsonl(tmp_path / "more" / "items.jsonl", more)
    loaded = transfer("import", tmp_path / "more", unique, "--no-manifest", "--write-ratio", 1, tables=foreign)
    assert (loaded["items"], loaded["rejected"]) == (GENERATED, 0)
    wanted |= {item["pk"]["S"]: items.canonical({"M": item}) for item in more}
    assert items.of_table(client, unique) == wanted

    # Out of the foreign server, into ours.
    out = f"s3://{unique}/out"
    exported = transfer("export", unique, out, "--format", format, "--read-ratio", 1, "--segments", 4, tables=foreign,
                        buckets=store)
    assert exported["items"] == len(wanted)
    transfer("verify", out, "--table", unique, "--read-ratio", 1, tables=foreign, buckets=store)
    arrived = transfer("import", out, unique + "b", "--create-table", "--write-ratio", 1, tables=ours, buckets=store)
    assert (arrived["items"], arrived["digest"]) == (len(wanted), exported["digest"])
    assert items.of_table(ours.client("dynamodb"), unique + "b") == wanted
    transfer("verify", out, "--table", unique + "b", "--read-ratio", 1, tables=ours, buckets=store)

    # And back, under another name.
    back = transfer("export", unique + "b", f"s3://{unique}/back", "--format", format, "--read-ratio", 1, tables=ours,
                    buckets=store)
    assert back["digest"] == exported["digest"]
    again = transfer("import", f"s3://{unique}/back", unique + "c", "--create-table", "--write-ratio", 1, tables=foreign,
                     buckets=store)
    assert again["digest"] == exported["digest"]
    assert items.of_table(client, unique + "c") == wanted
    transfer("verify", out, "--table", unique + "c", "--read-ratio", 1, tables=foreign, buckets=store)

    # A difference is one, and is shown.
    client.put_item(TableName=unique + "c", Item={"pk": {"S": "g000007"}, "other": {"N": "1"}})
    told = transfer("verify", out, "--table", unique + "c", "--read-ratio", 1, tables=foreign, buckets=store, expect=1)
    assert "g000007" in told


def test_around(side, transfer, unique, tmp_path):
    """One export after another through every server, each in another format: the digest stays."""
    held = [item for item in items.tricky() if item["pk"]["S"].split("-")[0] not in set().union(*REFUSED.values())]
    held += items.generated(300, seed=7)
    (tmp_path / "0").mkdir()
    items.write_jsonl(tmp_path / "0" / "items.jsonl", held)
    digest = None
    stations = [("penstock", "csv", "none"), ("dynalite", "jsonl", "zstd"), ("moto", "tsv", "gzip"),
                ("dynamodb-local", "dynamodb-json", "zstd"), ("penstock", "datapipeline", "gzip")]
    for n, (name, format, compression) in enumerate(stations):
        station, table = side(name), f"{unique}-{n}"
        client = make_table(station, table)
        flags = [] if n else ["--no-manifest"]
        loaded = transfer("import", tmp_path / str(n), table, "--write-ratio", 1, *flags, tables=station)
        digest = digest or loaded["digest"]
        assert (loaded["items"], loaded["rejected"], loaded["digest"]) == (len(held), 0, digest), name
        exported = transfer("export", table, tmp_path / str(n + 1), "--format", format, "--compress", compression,
                            "--read-ratio", 1, tables=station)
        assert exported["digest"] == digest, (name, format)
        transfer("verify", tmp_path / str(n + 1), "--table", table, "--read-ratio", 1, tables=station)
        assert items.of_table(client, table) == {item["pk"]["S"]: items.canonical({"M": item}) for item in held}


@pytest.mark.parametrize("origin,target", [("dynalite", "penstock"), ("dynamodb-local", "moto"), ("moto", "dynamodb-local"),
                                           ("penstock", "dynalite")])
def test_table_is_made_as_it_was(side, transfer, unique, tmp_path, origin, target):
    """Keys, indexes, capacity travel in _table.json."""
    units = {"ReadCapacityUnits": 700, "WriteCapacityUnits": 600}
    client = make_table(
        side(origin), unique,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "at", "AttributeType": "N"},
                              {"AttributeName": "who", "AttributeType": "B"}], ProvisionedThroughput=units,
        GlobalSecondaryIndexes=[{"IndexName": "by-who", "KeySchema": [{"AttributeName": "who", "KeyType": "HASH"},
                                                                      {"AttributeName": "at", "KeyType": "RANGE"}],
                                 "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]},
                                 "ProvisionedThroughput": units}],
        LocalSecondaryIndexes=[{"IndexName": "local", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"},
                                                                    {"AttributeName": "who", "KeyType": "RANGE"}],
                                "Projection": {"ProjectionType": "KEYS_ONLY"}}])
    for n in range(40):
        client.put_item(TableName=unique, Item={"pk": {"S": "k"}, "at": {"N": str(n * .25)}, "who": {"B": bytes([n])},
                                                "x": {"S": "x" * n or "-"}})
    exported = transfer("export", unique, tmp_path / "out", "--read-ratio", 1, tables=side(origin))
    made = transfer("import", tmp_path / "out", unique + "-made", "--create-table", "--write-ratio", 1, tables=side(target))
    assert (made["items"], made["digest"]) == (40, exported["digest"])
    transfer("verify", tmp_path / "out", "--table", unique + "-made", "--read-ratio", 1, tables=side(target))

    def shape(table):
        def index(one):
            return (one["IndexName"], repr(one["KeySchema"]), one["Projection"]["ProjectionType"],
                    sorted(one["Projection"].get("NonKeyAttributes", [])),
                    one.get("ProvisionedThroughput", {}).get("WriteCapacityUnits"))
        return (table["KeySchema"], sorted(map(repr, table["AttributeDefinitions"])),
                table["ProvisionedThroughput"]["ReadCapacityUnits"], table["ProvisionedThroughput"]["WriteCapacityUnits"],
                [index(one) for one in table["GlobalSecondaryIndexes"]],
                [index(one)[:4] for one in table["LocalSecondaryIndexes"]])

    other = side(target).client("dynamodb")
    assert shape(other.describe_table(TableName=unique + "-made")["Table"]) == shape(
        client.describe_table(TableName=unique)["Table"])
    found = other.query(TableName=unique + "-made", IndexName="by-who", KeyConditionExpression="who = :w",
                        ExpressionAttributeValues={":w": {"B": bytes([7])}})["Items"]
    assert [item["at"]["N"] for item in found] == ["1.75"]


@pytest.mark.parametrize("tables", ["dynalite", "moto", "dynamodb-local"])
@pytest.mark.parametrize("buckets", ["penstock", "moto"])
def test_killed_and_resumed(side, transfer, unique, tmp_path, tables, buckets):
    """kill -9 in an export from a foreign table and in an import into one; the second half goes on, nothing is twice."""
    foreign, store = side(tables), side(buckets)
    make_bucket(store, unique)
    client = make_table(foreign, unique)
    # Items of 16 KB: at these bounds some three seconds of reading and five of writing.
    wide = [{"pk": {"S": f"k{i:04}"}, "v": {"S": f"{i:08}" * 2000}} for i in range(300)]
    for item in wide:
        client.put_item(TableName=unique, Item=item)
    out = f"s3://{unique}/out"
    export = ["export", unique, out, "--rate", 200, "--segments", 3]
    transfer.kill(1.5, *export, tables=foreign, buckets=store)
    exported = transfer(*export, "--resume", tables=foreign, buckets=store)
    assert exported["items"] == len(wide)
    transfer("verify", out, "--table", unique, "--read-ratio", 1, tables=foreign, buckets=store)

    # moto counts a unit for a request of any size, which is settled: it would be done at once.
    back = ["import", out, unique + "b", "--create-table", "--rate", 400 if tables == "moto" else 1000]
    transfer.kill(1.5, *back, tables=foreign, buckets=store)
    transfer(*back, "--resume", tables=foreign, buckets=store)
    transfer("verify", out, "--table", unique + "b", "--read-ratio", 1, tables=foreign, buckets=store)
    assert items.of_table(client, unique + "b") == {item["pk"]["S"]: items.canonical({"M": item}) for item in wide}
