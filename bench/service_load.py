#!/usr/bin/python3
"""What the Data Pipeline API bears, on a real `penstock serve` over loopback, and the same on moto's server.

    bench/service_load.py [describe|list|polls…] [--runs N] [--seconds S] [--json]

describe   one signed DescribePipelines, replayed by wrk: answers per second, latency, and what an answer costs the
           server in processor time. wrk runs on the same processors and takes its part of them: only the processor
           time is independent of what else the machine does. The access log is on. Also against moto's server, if
           scripts/install_peers.sh has put one there.
list       10,000 pipelines read through the pages of ListPipelines.
polls      1,000 PollForTask calls that wait: threads and resident memory for each of them.

PENSTOCK_BINARY: the program under test (default build/release/penstock). Needs wrk, and botocore for the signatures.
"""
import argparse
import json
import os
import pathlib
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/wire", "tests/peers", "bench")]
from conftest import REGION, Server  # noqa: E402
from peers import PEERS, Peer  # noqa: E402
from server_memory import cpu_seconds, definition, resident_kb  # noqa: E402

CONNECTIONS = 64  # wrk's
PIPELINES = 10_000
POLLS = 1_000
MOTO = PEERS / "python/bin/moto_server"


def threads(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/task").iterdir()))


def signed(url, key, operation, body):
    """The header fields and the body of a call as a client sends it."""
    text = json.dumps(body)
    request = botocore.awsrequest.AWSRequest(
        "POST", url + "/", data=text, headers={"Content-Type": "application/x-amz-json-1.1",
                                               "X-Amz-Target": f"DataPipeline.{operation}",
                                               "User-Agent": "aws-cli/2.9.19 Python/3.11.2 Linux/6.1 botocore/2.4.5"})
    botocore.auth.SigV4Auth(botocore.credentials.Credentials(*key), "datapipeline", REGION).add_auth(request)
    return dict(request.headers.items()), text


def milliseconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def replay(url, headers, body, pid, seconds, folder, connections=CONNECTIONS):
    """One run of wrk: what it saw, and the processor time of `pid` and of wrk for each answer."""
    lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(body)}"]
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers.items()]
    script = pathlib.Path(folder) / "replay.lua"
    script.write_text("\n".join(lines) + "\n")
    before, children = cpu_seconds(pid), os.times()
    done = subprocess.run(["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--latency", "-s", str(script),
                           url + "/"], capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    after, ended = cpu_seconds(pid), os.times()
    if "Non-2xx" in done or "Socket errors" in done:
        raise RuntimeError("not all calls were answered with success:\n" + done)
    answers = int(re.search(r"(\d+) requests in", done).group(1))
    client = ended.children_user + ended.children_system - children.children_user - children.children_system
    return {"per_second": float(re.search(r"Requests/sec:\s+([0-9.]+)", done).group(1)),
            "p50_ms": milliseconds(re.search(r"(?m)^\s+50%\s+(\S+)", done).group(1)),
            "p99_ms": milliseconds(re.search(r"(?m)^\s+99%\s+(\S+)", done).group(1)),
            "server_cpu_us": (after - before) / answers * 1e6, "wrk_cpu_us": client / answers * 1e6}


def medians(runs):
    return {name: round(statistics.median(run[name] for run in runs), 2) for name in runs[0]}


def make_pipeline(client, name, active):
    id = client.create_pipeline(name=name, uniqueId=name)["pipelineId"]
    if active:
        client.put_pipeline_definition(pipelineId=id, pipelineObjects=definition())
        client.activate_pipeline(pipelineId=id)
    return id


def describe(options, folder):
    """Runs of both servers take turns, so that what else the machine does falls on both."""
    server = Server(folder).start()
    figures = {}
    try:
        client = server.client("datapipeline")
        ids = {"empty": make_pipeline(client, "empty", False), "active": make_pipeline(client, "active", True)}
        runs = {name: [] for name in ids}
        moto_runs = []
        for _ in range(options.runs):
            for name, id in ids.items():
                headers, body = signed(server.url, server.key(), "DescribePipelines", {"pipelineIds": [id]})
                runs[name].append(replay(server.url, headers, body, server.process.pid, options.seconds, folder))
            if not MOTO.exists():
                continue
            moto = Peer("moto", folder, lambda port: [MOTO, "-H", "127.0.0.1", "-p", port], region=REGION)
            try:
                id = make_pipeline(moto.client("datapipeline"), "empty", False)
                headers, body = signed(moto.url, moto.key, "DescribePipelines", {"pipelineIds": [id]})
                # It serves one call at a time; a crowd would only wait for each other.
                moto_runs.append(replay(moto.url, headers, body, moto.process.pid, options.seconds, folder,
                                        connections=4))
            finally:
                moto.stop()
        figures = {f"describe_{name}": medians(each) for name, each in runs.items()}
        logged = (pathlib.Path(folder) / "server.log").read_bytes().count(b'operation="DescribePipelines"')
        figures["describe_logged_calls"] = logged
        if moto_runs:
            figures["moto_describe_empty"] = medians(moto_runs)
            figures["times_moto"] = round(figures["describe_empty"]["per_second"] /
                                          figures["moto_describe_empty"]["per_second"], 1)
    finally:
        server.stop()
    return figures


class Wire:
    """One kept connection that sends signed calls without a client library's own time."""

    def __init__(self, server):
        self.server = server
        host = urllib.parse.urlsplit(server.url)
        self.socket = socket.create_connection((host.hostname, host.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, operation, body):
        headers, text = signed(self.server.url, self.server.key(), operation, body)
        lines = [f"{name}: {value}" for name, value in headers.items()]
        host = urllib.parse.urlsplit(self.server.url).netloc
        self.socket.sendall(("POST / HTTP/1.1\r\nHost: " + host + f"\r\nContent-Length: {len(text)}\r\n" +
                             "\r\n".join(lines) + "\r\n\r\n" + text).encode())

    def receive(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536) or self.lost()
        head, _, body = data.partition(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while len(body) < size:
            body += self.socket.recv(65536) or self.lost()
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.decode()}\n{body.decode()}")
        return json.loads(body)

    @staticmethod
    def lost():
        raise RuntimeError("the server closed the connection")

    def call(self, operation, body):
        self.send(operation, body)
        return self.receive()


def list_pages(options, folder):
    server = Server(folder, config='[log]\nlevel = "warning"\n').start()
    try:
        wire = Wire(server)
        for n in range(PIPELINES):
            wire.call("CreatePipeline", {"name": f"p{n}", "uniqueId": f"p{n}"})
        runs = []
        for _ in range(options.runs):
            before, began = cpu_seconds(server.process.pid), time.monotonic()
            listed, pages, marker = set(), 0, {}
            while True:
                page = wire.call("ListPipelines", marker)
                listed.update(one["id"] for one in page["pipelineIdList"])
                pages += 1
                if not page["hasMoreResults"]:
                    break
                marker = {"marker": page["marker"]}
            assert len(listed) == PIPELINES, len(listed)
            runs.append({"seconds": time.monotonic() - began, "pages": pages,
                         "server_cpu_ms": (cpu_seconds(server.process.pid) - before) * 1000})
        return {"list": medians(runs)}
    finally:
        server.stop()


def polls(options, folder):
    runs = []
    for run in range(options.runs):
        run_folder = pathlib.Path(folder) / f"polls{run}"
        run_folder.mkdir()
        server = Server(run_folder, config='[log]\nlevel = "warning"\n').start()
        try:
            pid = server.process.pid
            client = server.client("datapipeline")
            # Whatever the first calls of a process fetch into memory is no poll's.
            for n in range(200):
                client.list_pipelines()
            Wire(server).call("CreatePipeline", {"name": "p", "uniqueId": "p"})
            time.sleep(0.5)
            threads_before, resident_before = threads(pid), resident_kb(pid)
            waiting = []
            for _ in range(POLLS):
                waiting.append(Wire(server))
                waiting[-1].send("PollForTask", {"workerGroup": "nobody", "hostname": "localhost"})
            time.sleep(2)
            parked, resident = threads(pid), resident_kb(pid)
            with selectors.DefaultSelector() as answered:
                for wire in waiting:
                    answered.register(wire.socket, selectors.EVENT_READ)
                assert not answered.select(0), "a poll was answered or refused at once"
            began = cpu_seconds(pid)
            time.sleep(3)
            runs.append({"threads_before": threads_before, "threads_parked": parked,
                         "kb_each": (resident - resident_before) / POLLS,
                         "cpu_percent_parked": (cpu_seconds(pid) - began) / 3 * 100})
            for wire in waiting:
                wire.socket.close()
        finally:
            server.stop()
    return {"polls": medians(runs)}


MEASURES = {"describe": describe, "list": list_pages, "polls": polls}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measures", nargs="*", metavar="|".join(MEASURES), help="default: all")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.measures) - set(MEASURES):
        parser.error(f"no such measure: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    figures = {}
    for name in options.measures or MEASURES:
        with tempfile.TemporaryDirectory() as folder:
            figures |= MEASURES[name](options, folder)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name}:", ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value)


if __name__ == "__main__":
    main()
