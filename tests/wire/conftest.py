"""Fixtures of the wire tests: a real server on a fresh folder, real AWS clients against it.

PENSTOCK_BINARY names the program under test (default build/release/penstock).
PENSTOCK_TEST_AWS names the aws CLI to test with (default: the distribution's).
PENSTOCK_TEST_ENDPOINT, with AWS credentials in the environment, aims the same tests at a server that runs already.
"""
import configparser
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request
import uuid

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PENSTOCK_BINARY", ROOT / "build/release/penstock"))
AWS = os.environ.get("PENSTOCK_TEST_AWS", "/usr/bin/aws")
REGION = "us-east-1"


class Server:
    """One `penstock serve` on its own data folder."""

    def __init__(self, folder, config="", arguments=()):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.config = self.folder / "penstock.toml"
        self.config.write_text(config)
        self.arguments = list(arguments)
        self.process = None
        self.url = None

    def start(self):
        address = self.data / "address"
        if address.exists():
            address.unlink()
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--config", str(self.config)]
            + self.arguments, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"server ended with {self.process.returncode}:\n{self.log()}")
            try:
                self.url = "http://" + address.read_text().strip()
                with urllib.request.urlopen(self.url + "/_penstock/health", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("server not healthy after 30 s:\n" + self.log())

    def stop(self, how=signal.SIGTERM, timeout=20):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(timeout)
        return self.process.returncode if self.process else None

    def log(self):
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]

    def key(self):
        parser = configparser.ConfigParser()
        parser.read(self.data / "credentials")
        return parser["default"]["aws_access_key_id"], parser["default"]["aws_secret_access_key"]

    def client(self, service, region=REGION, key=None, **config):
        access, secret = key or self.key()
        config.setdefault("retries", {"max_attempts": 1, "mode": "standard"})
        return boto3.client(service, endpoint_url=self.url, region_name=region, aws_access_key_id=access,
                            aws_secret_access_key=secret, config=botocore.config.Config(**config))

    def environment(self):
        access, secret = self.key()
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return kept | {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": REGION,
                       "AWS_REGION": REGION, "AWS_PAGER": "", "AWS_EC2_METADATA_DISABLED": "true",
                       "PATH": "/usr/bin:/bin"}

    def aws(self, *arguments, check=True, **options):
        """Runs the aws CLI; the CompletedProcess has text stdout and stderr."""
        done = subprocess.run([AWS, "--endpoint-url", self.url, *arguments], env=self.environment(), text=True,
                              capture_output=True, timeout=options.pop("timeout", 120), **options)
        if check and done.returncode != 0:
            raise AssertionError(f"aws {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    made = Server(tmp_path_factory.mktemp("server"), config=os.environ.get("PENSTOCK_TEST_CONFIG", "")).start()
    yield made
    code = made.stop()
    assert code == 0, f"server ended with {code}:\n{made.log()}"


@pytest.fixture
def new_server(tmp_path):
    """A factory of servers of a test's own, for restarts and configurations; they are stopped at its end."""
    made = []

    def make(config="", arguments=()):
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        made.append(Server(folder, config, arguments))
        return made[-1].start()

    yield make
    for one in made:
        one.stop(signal.SIGKILL)
        shutil.rmtree(one.folder, ignore_errors=True)


@pytest.fixture
def unique():
    """A name nobody else uses, legal for buckets, tables and pipelines."""
    return "t" + uuid.uuid4().hex[:16]


@pytest.fixture
def s3(server):
    return server.client("s3")


@pytest.fixture
def dynamodb(server):
    return server.client("dynamodb")


@pytest.fixture
def datapipeline(server):
    return server.client("datapipeline")


@pytest.fixture
def bucket(s3, unique):
    s3.create_bucket(Bucket=unique)
    return unique
