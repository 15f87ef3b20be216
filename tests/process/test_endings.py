"""How a server ends, and what it tells those who look for it."""
import os
import signal
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


def test_env_waits_for_a_server_that_is_just_starting(tmp_path):
    from test_kill import BINARY
    folder = tmp_path / "later"
    waiting = subprocess.Popen([str(BINARY), "env", "--data", str(folder)], text=True, stdout=subprocess.PIPE)
    server = subprocess.Popen([str(BINARY), "serve", "--data", str(folder), "--listen", "127.0.0.1:0"], stderr=subprocess.DEVNULL)
    try:
        printed, _ = waiting.communicate(timeout=20)
        assert waiting.returncode == 0
        assert f"AWS_ENDPOINT_URL={(folder / 'url').read_text().strip()}\n" in printed
    finally:
        server.terminate()
        assert server.wait(20) == 0


def test_env_says_that_there_is_no_server(tmp_path):
    from test_kill import BINARY
    printed = subprocess.run([str(BINARY), "env", "--data", str(tmp_path)], text=True, capture_output=True, timeout=20)
    assert printed.returncode == 2 and printed.stdout == "" and "no server runs on" in printed.stderr


def test_an_answer_that_cannot_be_printed_is_no_success():
    from test_kill import BINARY
    with open("/dev/full", "wb") as full:
        for command in (["templates"], ["templates", "--json"], ["export", "--help"]):
            lost = subprocess.run([str(BINARY), *command], text=True, stdout=full, stderr=subprocess.PIPE, timeout=20)
            assert lost.returncode == 2, command
            assert "stdout cannot be written" in lost.stderr
    # Nothing to print, nothing lost; and who reads no further has had enough.
    with open("/dev/full", "wb") as full:
        missing = subprocess.run([str(BINARY), "templates", "show", "none"], stdout=full, stderr=subprocess.DEVNULL, timeout=20)
    assert missing.returncode == 2
    reading, writing = os.pipe()
    os.close(reading)
    closed = subprocess.run([str(BINARY), "templates", "--json"], text=True, stdout=writing, stderr=subprocess.PIPE, timeout=20,
                            preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
    os.close(writing)
    assert (closed.returncode, closed.stderr) == (0, "")
