"""The server is killed with -9 at random moments while clients write: what was acknowledged is there afterwards.

PENSTOCK_KILL_ROUNDS sets the number of rounds (default 12; the full suite takes 200).
"""
import os
import random
import signal
import threading
import time

import botocore.exceptions
import pytest

ROUNDS = int(os.environ.get("PENSTOCK_KILL_ROUNDS", "12"))
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
        except OUTAGE:
            return


def stored_number(client, id):
    objects = client.get_pipeline_definition(pipelineId=id)["pipelineObjects"]
    return int(objects[0]["fields"][1]["stringValue"]) if objects else None


def test_no_acknowledged_write_is_lost(new_server):
    server = new_server()
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    print("seed", seed)
    created, put = {}, {}
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
