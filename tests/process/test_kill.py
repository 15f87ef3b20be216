"""The server is killed with -9 at random moments while clients write: what was acknowledged is there afterwards.

PENSTOCK_KILL_ROUNDS sets the number of rounds (default 20), PENSTOCK_SCHEDULE_SECONDS how long schedules run under
kills (default 20; one kill every three seconds, every ten from 60 seconds on). The long run takes 200 and 600.
"""
import datetime
import os
import pathlib
import random
import signal
import subprocess
import threading
import time

import botocore.exceptions
import pytest

from runs_checker import SECOND, Execution, Schedule, violations

ROUNDS = int(os.environ.get("PENSTOCK_KILL_ROUNDS", "20"))
SCHEDULE_SECONDS = int(os.environ.get("PENSTOCK_SCHEDULE_SECONDS", "20"))
BINARY = pathlib.Path(os.environ.get("PENSTOCK_BINARY",
                                     pathlib.Path(__file__).resolve().parents[2] / "build/release/penstock"))
LAG_SECONDS_MAX = 60  # within which a run that was due begins, whatever is killed meanwhile
WRITERS = 4
OUTAGE = (botocore.exceptions.BotoCoreError,)


def definition(number):
    return [{"id": "Default", "name": "Default", "fields": [{"key": "scheduleType", "stringValue": "ondemand"},
                                                           {"key": "myNumber", "stringValue": str(number)}]}]


class Writer(threading.Thread):
    """Creates pipelines and puts definitions into them until the server is gone; remembers what was acknowledged."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        self.client = server.client("datapipeline", retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5)
        self.name = name
        self.created = {}  # unique id -> pipeline id
        self.put = {}  # pipeline id -> (number acknowledged, number sent after it or None)
        self.acknowledged_puts = 0

    def run(self):
        number = 0
        try:
            while True:
                unique = f"{self.name}-{number}"
                id = self.client.create_pipeline(name=unique, uniqueId=unique)["pipelineId"]
                self.created[unique] = id
                for _ in range(3):
                    number += 1
                    self.put[id] = (self.put.get(id, (None, None))[0], number)
                    self.client.put_pipeline_definition(pipelineId=id, pipelineObjects=definition(number))
                    self.put[id] = (number, None)
                    self.acknowledged_puts += 1
        except OUTAGE:
            return


class DataWriter(threading.Thread):
    """Puts objects and items until the server is gone; remembers the last acknowledged number and the one sent after it."""

    def __init__(self, server, name):
        super().__init__(daemon=True)
        once = {"retries": {"total_max_attempts": 1}, "connect_timeout": 2, "read_timeout": 5}
        self.s3, self.dynamodb = server.client("s3", **once), server.client("dynamodb", **once)
        self.name = name
        self.acknowledged = {"s3": -1, "dynamodb": -1}

    def run(self):
        number = 0
        try:
            while True:
                self.s3.put_object(Bucket="bucket", Key=f"{self.name}/{number}", Body=str(number).encode() * 100)
                self.acknowledged["s3"] = number
                self.dynamodb.put_item(TableName="table", Item={"Id": {"S": f"{self.name}/{number}"}})
                self.acknowledged["dynamodb"] = number
                number += 1
        except OUTAGE:
            return


def test_no_acknowledged_object_or_item_is_lost(new_server):
    server = new_server("[dynamodb]\nenforce = false\n")
    server.client("s3").create_bucket(Bucket="bucket")
    server.client("dynamodb").create_table(
        TableName="table", AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST")
    dice = random.Random()
    total = 0
    for round in range(max(1, ROUNDS // 4)):
        writers = [DataWriter(server, f"round{round}-writer{w}") for w in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(0.05, 0.6))
        server.stop(signal.SIGKILL)
        for writer in writers:
            writer.join(30)
            assert not writer.is_alive()
        server.start()
        s3, dynamodb = server.client("s3"), server.client("dynamodb")
        for writer in writers:
            stored = {o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(
                Bucket="bucket", Prefix=writer.name + "/") for o in page.get("Contents", [])}
            count = writer.acknowledged["s3"] + 1
            total += count + writer.acknowledged["dynamodb"] + 1
            assert {f"{writer.name}/{n}" for n in range(count)} <= stored
            assert len(stored) <= count + 1
            for number in range(max(0, count - 3), count):
                body = s3.get_object(Bucket="bucket", Key=f"{writer.name}/{number}")["Body"].read()
                assert body == str(number).encode() * 100
            for number in range(writer.acknowledged["dynamodb"] + 1):
                assert "Item" in dynamodb.get_item(TableName="table", Key={"Id": {"S": f"{writer.name}/{number}"}})
    assert total > 0
    print(f"{max(1, ROUNDS // 4)} kills, {total} objects and items acknowledged, 0 lost")


def described(client, id, sphere):
    """All objects of a sphere: their fields, by id."""
    ids = [i for page in client.get_paginator("query_objects").paginate(pipelineId=id, sphere=sphere) for i in page["ids"]]
    found = {}
    for first in range(0, len(ids), 25):
        for one in client.describe_objects(pipelineId=id, objectIds=ids[first:first + 25])["pipelineObjects"]:
            found[one["id"]] = {f["key"]: f.get("stringValue", f.get("refValue")) for f in one["fields"]}
    return found


def state(client, id):
    fields = client.describe_pipelines(pipelineIds=[id])["pipelineDescriptionList"][0]["fields"]
    return next(f["stringValue"] for f in fields if f["key"] == "@pipelineState")


def test_schedules_under_kills_miss_and_double_nothing(new_server, tmp_path):
    """A run every second and another every three, a worker that outlives the servers, and a server killed again and
    again: every interval has one instance, every attempt's command ran once, none ran that was not needed. Each seventh
    run of the first fails once, so that retries are told from doubled runs."""
    server = new_server('[engine]\nack_timeout = "2 seconds"\ndefault_retry_delay = "1 second"\n')
    ran = tmp_path / "ran"
    ran.mkdir()
    client = server.client("datapipeline")
    id = client.create_pipeline(name="p", uniqueId="u")["pipelineId"]
    start = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(seconds=2)
    schedules = [Schedule("Run", start, SECOND, SCHEDULE_SECONDS, True, lambda at: 2 if at.second % 7 == 0 else 1),
                 Schedule("Third", start, 3 * SECOND, SCHEDULE_SECONDS // 3, False)]
    mark = (f"f=$(mktemp {ran}/NAME_#{{format(@scheduledStartTime,'YYYYMMddHHmmss')}}_#{{@attemptCount}}.XXXXXX) && "
            "date +%s.%N >$f && sleep 0.05 && echo ended >>$f")
    fails_once = "test $((#{format(@scheduledStartTime,'s')} % 7)) -ne 0 || test #{@attemptCount} -gt 1"
    objects = [{"id": "Default", "fields": [("workerGroup", "outlives"), ("maximumRetries", "1")]}]
    for schedule, failing in zip(schedules, [" && { " + fails_once + "; }", ""]):
        name = schedule.component
        objects.append({"id": f"{name}Times", "fields": [
            ("type", "Schedule"), ("period", f"{schedule.period.seconds} seconds"),
            ("startDateTime", f"{start:%Y-%m-%dT%H:%M:%S}"), ("occurrences", str(schedule.count))]})
        objects.append({"id": name, "schedule": f"{name}Times", "fields": [
            ("type", "ShellCommandActivity"), ("scheduleType", "timeseries" if schedule.at_end else "cron"),
            ("command", mark.replace("NAME", name) + failing)]})
    wire = [{"id": o["id"], "name": o["id"], "fields":
             [{"key": k, "stringValue": v} for k, v in o["fields"]]
             + ([{"key": "schedule", "refValue": o["schedule"]}] if "schedule" in o else [])} for o in objects]
    stored = client.put_pipeline_definition(pipelineId=id, pipelineObjects=wire)
    assert not stored["errored"], stored
    with open(tmp_path / "worker.log", "wb") as log:
        worker = subprocess.Popen([str(BINARY), "worker", "--worker-group", "outlives", "--tasks", "4",
                                   "--endpoint-url", server.url, "--output", str(tmp_path / "worker")],
                                  env=server.environment() | {"AWS_ENDPOINT_URL": server.url}, stdout=log, stderr=log)
    kills = 0
    try:
        client.activate_pipeline(pipelineId=id)
        pause = 10 if SCHEDULE_SECONDS >= 60 else 3
        while datetime.datetime.now(datetime.timezone.utc) < start + SCHEDULE_SECONDS * SECOND:
            time.sleep(random.uniform(0.7, 1.3) * pause)
            server.stop(signal.SIGKILL)
            kills += 1
            server.start()
        client = server.client("datapipeline")
        deadline = time.monotonic() + 60
        while state(client, id) != "FINISHED":
            assert time.monotonic() < deadline, [f["@status"] for f in described(client, id, "INSTANCE").values()]
            time.sleep(0.5)
    finally:
        worker.terminate()
        worker.wait(20)
    instances, attempts = described(client, id, "INSTANCE"), described(client, id, "ATTEMPT")
    executions = Execution.read(ran)
    assert violations(schedules, instances, attempts, executions, LAG_SECONDS_MAX) == []
    print(f"{kills} kills, {len(instances)} runs in {len(executions)} attempts, 0 missed, 0 doubled")


def stored_number(client, id):
    objects = client.get_pipeline_definition(pipelineId=id)["pipelineObjects"]
    return int(objects[0]["fields"][1]["stringValue"]) if objects else None


def test_no_acknowledged_write_is_lost(new_server):
    server = new_server()
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    print("seed", seed)
    created, put = {}, {}
    acknowledged_puts = 0
    for round in range(ROUNDS):
        writers = [Writer(server, f"round{round}-writer{w}") for w in range(WRITERS)]
        for writer in writers:
            writer.start()
        time.sleep(dice.uniform(0.05, 0.6))
        server.stop(signal.SIGKILL)
        for writer in writers:
            writer.join(30)
            assert not writer.is_alive()
            created.update(writer.created)
            put.update(writer.put)
            acknowledged_puts += writer.acknowledged_puts
        server.start()
        client = server.client("datapipeline")
        listed = {one["id"]: one["name"] for page in client.get_paginator("list_pipelines").paginate()
                  for one in page["pipelineIdList"]}
        for unique, id in created.items():
            assert listed.get(id) == unique
        # What was under way may be there or not, but nothing half.
        assert len(listed) <= len(created) + WRITERS * (round + 1)
        for id, (acknowledged, sent) in put.items():
            assert stored_number(client, id) in {acknowledged, sent if sent is not None else acknowledged}
        put = {id: (stored_number(client, id), None) for id in dice.sample(sorted(put), min(len(put), 50))}
    assert created
    # A repeat of an acknowledged request finds what the first one made.
    for unique, id in list(created.items())[-20:]:
        assert client.create_pipeline(name=unique, uniqueId=unique)["pipelineId"] == id
    print(f"{ROUNDS} kills, {len(created)} pipelines and {acknowledged_puts} definitions acknowledged, 0 lost")


def test_a_run_survives_kills(new_server):
    """A pipeline of five steps; the server is killed after each hand-out, the worker goes on with what it holds."""
    server = new_server()
    client = server.client("datapipeline")
    id = client.create_pipeline(name="p", uniqueId="u")["pipelineId"]
    objects = [{"id": "Default", "name": "Default", "fields": [{"key": "scheduleType", "stringValue": "ondemand"},
                                                              {"key": "workerGroup", "stringValue": "killed"}]}]
    for step in range(5):
        fields = [{"key": "type", "stringValue": "ShellCommandActivity"}, {"key": "command", "stringValue": "true"}]
        if step:
            fields.append({"key": "dependsOn", "refValue": f"Step{step - 1}"})
        objects.append({"id": f"Step{step}", "name": f"Step{step}", "fields": fields})
    assert not client.put_pipeline_definition(pipelineId=id, pipelineObjects=objects)["errored"]
    client.activate_pipeline(pipelineId=id)
    done = []
    while len(done) < 5:
        task = client.poll_for_task(workerGroup="killed").get("taskObject")
        assert task, f"no task after {done}"
        server.stop(signal.SIGKILL)
        client = server.start().client("datapipeline")
        assert client.report_task_progress(taskId=task["taskId"])["canceled"] is False
        server.stop(signal.SIGKILL)
        client = server.start().client("datapipeline")
        client.set_task_status(taskId=task["taskId"], taskStatus="FINISHED")
        server.stop(signal.SIGKILL)
        client = server.start().client("datapipeline")
        done.append(task["attemptId"])
    assert [one.split("_")[0] for one in done] == [f"@Step{step}" for step in range(5)]
    assert all(one.endswith("_Attempt=1") for one in done)
    finished = client.query_objects(pipelineId=id, sphere="INSTANCE", query={"selectors": [
        {"fieldName": "@status", "operator": {"type": "EQ", "values": ["FINISHED"]}}]})["ids"]
    assert len(finished) == 5


def test_two_servers_never_share_a_folder(new_server):
    server = new_server()
    second = type(server)(server.folder)
    with pytest.raises(RuntimeError):
        second.start()
    assert server.client("datapipeline").list_pipelines()["pipelineIdList"] == []
