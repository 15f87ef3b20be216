"""Other people's servers, each started on a loopback port of its own.

scripts/install_peers.sh puts them under build/peers (or PENSTOCK_PEERS); what it could not get has a file
`<part>.unavailable` there with the reason, which is the reason of the tests' skip.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PENSTOCK_BINARY", ROOT / "build/release/penstock"))
PEERS = pathlib.Path(os.environ.get("PENSTOCK_PEERS", ROOT / "build/peers"))


def need(part, *paths):
    """Skips the test if `part` of the installation is not there."""
    reason = PEERS / f"{part}.unavailable"
    if reason.exists():
        pytest.skip(f"{part} is not to be had: {reason.read_text().strip()}")
    for path in (PEERS / f"{part}.installed", *paths):
        if not path.exists():
            pytest.skip(f"{part} is not installed: run scripts/install_peers.sh {part}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Peer:
    """A foreign server: its address, and the key, region and client to reach it with."""

    def __init__(self, name, folder, command, region, key=("AKIDPEER", "secret")):
        self.name, self.region, self.key = name, region, key
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = pathlib.Path(folder) / f"{name}.log"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([str(part) for part in command(self.port)], stdout=log, stderr=log, cwd=folder,
                                            env=environment, start_new_session=True)
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended with {self.process.returncode}:\n{self.told()}")
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return  # it answers, if only to say that this is not how it is spoken to
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{self.name} does not answer after 60 s:\n{self.told()}")

    def told(self):
        return self.log.read_text(errors="replace")[-3000:]

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def client(self, service):
        return boto3.client(service, endpoint_url=self.url, region_name=self.region, aws_access_key_id=self.key[0],
                            aws_secret_access_key=self.key[1], config=botocore.config.Config(
                                retries={"max_attempts": 3, "mode": "standard"}, s3={"addressing_style": "path"}))


def dynalite(folder):
    program = PEERS / "dynalite/node_modules/dynalite/cli.js"
    need("dynalite", program)
    return Peer("dynalite", folder, lambda port: [shutil.which("node"), program, "--port", port, "--host", "127.0.0.1",
                                                  "--createTableMs", 20, "--deleteTableMs", 20, "--updateTableMs", 20],
                region="eu-west-1")


def moto(folder):
    program = PEERS / "python/bin/moto_server"
    need("python", program)
    return Peer("moto", folder, lambda port: [program, "-H", "127.0.0.1", "-p", port], region="us-west-2")


def dynamodb_local(folder):
    jars = PEERS / "dynamodb-local"
    need("dynamodb-local", jars)
    return Peer("dynamodb-local", folder, lambda port: [
        "/usr/bin/java", "-Xmx512m", f"-Djava.library.path={jars}", "-cp", f"{jars}/*",
        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-disableTelemetry", "-port", port],
                region="eu-west-1")


START = {"dynalite": dynalite, "moto": moto, "dynamodb-local": dynamodb_local}
