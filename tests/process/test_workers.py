"""Worker processes and the server die with -9: what they held goes on at once, and no retry is spent."""
import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "wire"))
import pipelines  # noqa: E402

CONFIG = '[engine]\ndefault_retry_delay = "1 hour"\n'  # a retry would never come in time: none may be spent


def two_steps(tmp_path, unique, runs_on=None, seconds=3):
    where = {"runsOn": {"ref": "Machine"}} if runs_on else {"workerGroup": "default"}
    objects = [
        {"id": "Default", "scheduleType": "ondemand", "maximumRetries": "0", "role": "DataPipelineDefaultRole",
         "resourceRole": "DataPipelineDefaultResourceRole"},
        {"id": "First", "type": "ShellCommandActivity", "command": f"echo $$ >> {tmp_path}/first; sleep {seconds}", **where},
        {"id": "Second", "type": "ShellCommandActivity", "command": f"echo $$ >> {tmp_path}/second",
         "dependsOn": {"ref": "First"}, **where}]
    if runs_on:
        objects.append({"id": "Machine", "type": runs_on, "terminateAfter": "1 hour"})
    return pipelines.write(tmp_path, {"objects": objects})


def lines(path):
    return path.read_text().split() if path.exists() else []


def until(condition, timeout=30):
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def worker_records(server):
    return [json.loads(p.read_text()) for p in (server.data / "workers").glob("*.json")]


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("runs_on", [None, "Ec2Resource", "EmrCluster"])
def test_a_killed_server_finishes_the_pipeline_after_its_restart(new_server, tmp_path, unique, runs_on):
    server = new_server(CONFIG)
    pipeline = pipelines.run(server, unique, two_steps(tmp_path, unique, runs_on))
    until(lambda: lines(tmp_path / "first"))
    workers = worker_records(server)
    server.stop(signal.SIGKILL)
    server.start()
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    assert all(f.get("@attemptCount", "1") == "1" for f in done.values())
    # A worker process outlives the server and its work with it; the embedded worker's work begins again.
    assert len(lines(tmp_path / "first")) == (2 if runs_on is None else 1)
    assert len(lines(tmp_path / "second")) == 1
    if runs_on:
        until(lambda: not any(alive(w["pid"]) for w in workers))
        until(lambda: not worker_records(server))


def test_a_killed_worker_is_replaced_and_its_work_begins_again(new_server, tmp_path, unique):
    server = new_server(CONFIG)
    pipeline = pipelines.run(server, unique, two_steps(tmp_path, unique, "Ec2Resource"))
    until(lambda: lines(tmp_path / "first"))
    [worker] = worker_records(server)
    command = int(lines(tmp_path / "first")[0])
    os.kill(worker["pid"], signal.SIGKILL)
    until(lambda: not alive(command))  # what the dead worker left is ended before another begins
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    assert len(lines(tmp_path / "first")) == 2
    assert pipelines.attempt(server, pipeline, [i for i in done if "First" in i][0])["@status"] == "FINISHED"
    assert [f["@attemptCount"] for i, f in done.items() if "First" in i] == ["1"]


def test_killed_again_and_again_at_any_moment(new_server, tmp_path, unique):
    server = new_server(CONFIG)
    pipeline = pipelines.run(server, unique, two_steps(tmp_path, unique, "Ec2Resource", seconds=1))
    for moment in (0.05, 0.2, 0.4, 0.8):
        time.sleep(moment)
        server.stop(signal.SIGKILL)
        server.start()
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    assert len(lines(tmp_path / "second")) == 1


def test_a_worker_that_no_record_names_is_ended(new_server, tmp_path, unique):
    server = new_server(CONFIG)
    pipelines.run(server, unique, two_steps(tmp_path, unique, "Ec2Resource", seconds=60))
    until(lambda: lines(tmp_path / "first"))
    [worker] = worker_records(server)
    server.stop(signal.SIGKILL)
    for record in (server.data / "workers").glob("*.json"):
        record.unlink()
    server.start()
    until(lambda: not alive(worker["pid"]))


def test_a_clean_end_leaves_workers_running_and_a_restart_adopts_them(new_server, tmp_path, unique):
    server = new_server(CONFIG)
    pipeline = pipelines.run(server, unique, two_steps(tmp_path, unique, "Ec2Resource", seconds=4))
    until(lambda: lines(tmp_path / "first"))
    [worker] = worker_records(server)
    assert server.stop() == 0
    assert alive(worker["pid"])
    server.start()
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}
    assert len(lines(tmp_path / "first")) == 1


def test_a_clean_end_costs_the_embedded_workers_task_no_retry(new_server, tmp_path, unique):
    server = new_server(CONFIG)
    pipeline = pipelines.run(server, unique, two_steps(tmp_path, unique, seconds=2))
    until(lambda: lines(tmp_path / "first"))
    command = int(lines(tmp_path / "first")[0])
    assert server.stop() == 0
    assert not alive(command)
    server.start()
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    assert len(lines(tmp_path / "first")) == 2
    assert all(f.get("@attemptCount", "1") == "1" for f in done.values())


def test_workers_follow_the_server_to_another_port(new_server, tmp_path, unique):
    server = new_server(CONFIG)
    pipeline = pipelines.run(server, unique, two_steps(tmp_path, unique, "Ec2Resource", seconds=2))
    until(lambda: lines(tmp_path / "first"))
    [worker] = worker_records(server)
    assert server.stop() == 0
    (server.data / "last-address").unlink()
    server.start()
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    assert not alive(worker["pid"])


def test_a_relative_data_folder(new_server, tmp_path, unique, monkeypatch):
    server = new_server(CONFIG)
    assert server.stop() == 0
    monkeypatch.chdir(server.folder)
    server.data = pathlib.Path("data")
    server.start()
    s3 = server.client("s3")
    s3.create_bucket(Bucket=unique)
    s3.put_object(Bucket=unique, Key="script.sh", Body=b'cp "$INPUT1_STAGING_DIR/a" "$OUTPUT1_STAGING_DIR/$1"\naws s3 ls\n')
    s3.put_object(Bucket=unique, Key="in/a", Body=b"hello")
    objects = [
        {"id": "Default", "scheduleType": "ondemand", "maximumRetries": "0", "role": "DataPipelineDefaultRole",
         "resourceRole": "DataPipelineDefaultResourceRole"},
        {"id": "In", "type": "S3DataNode", "directoryPath": f"s3://{unique}/in"},
        {"id": "Out", "type": "S3DataNode", "directoryPath": f"s3://{unique}/out"},
        {"id": "Copy", "type": "ShellCommandActivity", "scriptUri": f"s3://{unique}/script.sh", "scriptArgument": "b",
         "stage": "true", "input": {"ref": "In"}, "output": {"ref": "Out"}, "workerGroup": "default"}]
    pipeline = pipelines.run(server, unique, pipelines.write(tmp_path, {"objects": objects}))
    done = pipelines.wait(server, pipeline)
    assert {f["@status"] for f in done.values()} == {"FINISHED"}, pipelines.status(server, pipeline)
    assert s3.get_object(Bucket=unique, Key="out/b")["Body"].read() == b"hello"


def test_a_workers_log_goes_to_s3(new_server, tmp_path, unique):
    """As the original's --logUri: the worker's own log at its end, and the logs of attempts that have no place of their own."""
    server = new_server()
    server.client("s3").create_bucket(Bucket=unique)
    objects = [
        {"id": "Default", "scheduleType": "ondemand", "workerGroup": unique},
        {"id": "Say", "type": "ShellCommandActivity", "command": "echo hello"}]
    pipeline = pipelines.run(server, unique, pipelines.write(tmp_path, {"objects": objects}))
    worker = subprocess.Popen(
        [str(pipelines.BINARY), "worker", "--workerGroup", unique, "--taskrunnerId", "runner-1", "--output", str(tmp_path / "output"),
         "--logUri", f"s3://{unique}/logs"],
        env=server.environment() | {"AWS_ENDPOINT_URL": server.url}, stderr=subprocess.DEVNULL)
    try:
        pipelines.wait(server, pipeline)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0
    s3 = server.client("s3")
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=unique)["Contents"]]
    [said] = [key for key in keys if key.startswith(f"logs/{pipeline}/Say/") and key.endswith("/StdOutput")]
    assert s3.get_object(Bucket=unique, Key=said)["Body"].read() == b"hello\n"
    [log] = [key for key in keys if key.startswith("logs/runner-1/")]
    assert re.fullmatch(r"logs/runner-1/[^/]+/Task Runner\.log\.\d{4}-\d\d-\d\d-\d\d\.gz", log)
    text = gzip.decompress(s3.get_object(Bucket=unique, Key=log)["Body"].read()).decode()
    assert f"worker runner-1 of group {unique}" in text
    assert text == "".join(path.read_text() for path in sorted((tmp_path / "output/logs").iterdir()))
