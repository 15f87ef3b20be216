#!/usr/bin/python3
"""What a server's memory holds: resident size when fresh, with N pipelines stored, and with them active and idle.

    bench/server_memory.py [N] [--json]       (PENSTOCK_BINARY: default build/release/penstock)
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "wire"))
from conftest import Server  # noqa: E402


def resident_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def field(key, value, ref=False):
    return {"key": key, "refValue" if ref else "stringValue": value}


def definition(activities=17):
    """20 objects: a daily schedule, a default, a data node and activities in a row."""
    objects = [
        {"id": "Default", "fields": [field("scheduleType", "cron"), field("schedule", "Daily", True),
                                     field("workerGroup", "nobody")]},
        {"id": "Daily", "fields": [field("type", "Schedule"), field("period", "1 day"),
                                   field("startDateTime", "2099-01-01T00:00:00")]},
        {"id": "Node", "fields": [field("type", "S3DataNode"), field("directoryPath", "s3://bucket/folder")]}]
    for n in range(activities):
        fields = [field("type", "ShellCommandActivity"), field("command", "true")]
        if n:
            fields.append(field("dependsOn", f"Activity{n - 1}", True))
        objects.append({"id": f"Activity{n}", "fields": fields})
    return [{**o, "name": o["id"]} for o in objects]


def main():
    count = int(next((a for a in sys.argv[1:] if a.isdigit()), "1000"))
    figures = {"pipelines": count}
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, config='[log]\nlevel = "warning"\n').start()
        try:
            pid = server.process.pid
            client = server.client("datapipeline")
            figures["fresh_kb"] = resident_kb(pid)
            ids = []
            for n in range(count):
                ids.append(client.create_pipeline(name=f"p{n}", uniqueId=f"p{n}")["pipelineId"])
                stored = client.put_pipeline_definition(pipelineId=ids[-1], pipelineObjects=definition())
                assert not stored["errored"], stored
            figures["stored_kb"] = resident_kb(pid)
            for id in ids:
                client.activate_pipeline(pipelineId=id)
            figures["active_kb"] = resident_kb(pid)
            before = cpu_seconds(pid)
            time.sleep(5)
            figures["idle_cpu_percent"] = round((cpu_seconds(pid) - before) / 5 * 100, 2)
            server.stop()
            began = time.monotonic()
            server.start()
            figures["restart_seconds"] = round(time.monotonic() - began, 3)
            figures["restarted_kb"] = resident_kb(server.process.pid)
            figures["kb_per_pipeline"] = round((figures["restarted_kb"] - figures["fresh_kb"]) / count, 1)
        finally:
            server.stop()
    print(json.dumps(figures) if "--json" in sys.argv else "\n".join(f"{k}: {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
