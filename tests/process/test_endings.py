"""How a server ends, and what it tells those who look for it."""
import subprocess
import time

import pytest


def start_task(server, command):
    client = server.client("datapipeline")
    id = client.create_pipeline(name="p", uniqueId="u")["pipelineId"]
    objects = [{"id": "Default", "fields": [("scheduleType", "ondemand"), ("workerGroup", "default")]},
               {"id": "Task", "fields": [("type", "ShellCommandActivity"), ("command", command)]}]
    wire = [{"id": o["id"], "name": o["id"], "fields": [{"key": k, "stringValue": v} for k, v in o["fields"]]} for o in objects]
    assert not client.put_pipeline_definition(pipelineId=id, pipelineObjects=wire)["errored"]
    client.activate_pipeline(pipelineId=id)


def wait_for(path):
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_drain_waits_for_tasks(new_server, tmp_path):
    server = new_server(arguments=["--drain"])
    start_task(server, f"touch {tmp_path}/begun; sleep 2; touch {tmp_path}/done")
    wait_for(tmp_path / "begun")
    assert server.stop(timeout=30) == 0
    assert (tmp_path / "done").exists()


def test_a_second_signal_ends_a_drain(new_server, tmp_path):
    server = new_server(arguments=["--drain"])
    start_task(server, f"touch {tmp_path}/begun; sleep 300; touch {tmp_path}/done")
    wait_for(tmp_path / "begun")
    with pytest.raises(subprocess.TimeoutExpired):
        server.stop(timeout=1.5)
    assert server.stop(timeout=20) == 0
    assert not (tmp_path / "done").exists()


def test_env_names_the_servers_region(new_server):
    from test_kill import BINARY
    server = new_server('[regions]\ndefault = "eu-west-1"\n')
    printed = subprocess.run([str(BINARY), "env", "--data", str(server.data)], text=True, capture_output=True, timeout=20)
    assert printed.returncode == 0
    assert "AWS_REGION=eu-west-1" in printed.stdout and f"AWS_ENDPOINT_URL={server.url}" in printed.stdout
