"""What the transfer benchmarks share: processes that are timed, a server of the real program, an export of many items."""
import json
import os
import pathlib
import random
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "wire"))
from conftest import BINARY, Server  # noqa: E402

BUILD = pathlib.Path(BINARY).parent
MB = 1e6
ITEMS_PER_FILE = 100_000
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


class Timed:
    """A command that has ended well: what it took and what it printed."""

    def __init__(self, command, environment=None, codes=(0,)):
        began = time.monotonic()
        process = subprocess.Popen([str(word) for word in command], env=os.environ | CREDENTIALS | (environment or {}),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.resident_mib = 0
        watch = threading.Thread(target=self.watch_memory, args=(process.pid,))
        watch.start()
        out, self.err = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.wall = time.monotonic() - began
        self.cpu = usage.ru_utime + usage.ru_stime
        watch.join()
        self.lines = out.splitlines()
        if self.code not in codes:
            raise RuntimeError(f"{' '.join(map(str, command))} ended with {self.code}:\n{out}{self.err}")

    def watch_memory(self, pid):
        """The peak as the kernel tells it while the process is there; ru_maxrss begins with this interpreter's own."""
        status = pathlib.Path(f"/proc/{pid}/status")
        while True:
            try:
                peak = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
            except OSError:
                return
            if not peak:  # it has ended
                return
            self.resident_mib = int(peak[0].split()[1]) / 1024
            time.sleep(0.02)

    def summary(self):
        return json.loads(self.lines[-1])


def cpu_seconds(pid):
    """User and system time of a running process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def new_server(folder, config="[dynamodb]\nenforce = false\n"):
    folder.mkdir(parents=True)
    return Server(folder, config).start()


def make_table(server, name):
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(TableName=name, KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
                          AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "N"}],
                          ProvisionedThroughput={"ReadCapacityUnits": 40000, "WriteCapacityUnits": 40000})
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def penstock(server, *arguments):
    """The command line of a transfer that nothing but the two machines bounds, and its environment."""
    command = [BINARY, *arguments, "--rate", "1000000000", "--json"]
    return command, server.environment() | {"AWS_ENDPOINT_URL": server.url}


def write_export(folder, items, seed=1):
    """An export of `items` items of 300 bytes, as DynamoDB counts them, in Data Pipeline's format."""
    dice = random.Random(seed)
    folder.mkdir(parents=True)
    words = ["amber", "brook", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty", "knoll", "ledge"]
    notes = [" ".join(dice.choice(words) for _ in range(40))[:170] for _ in range(997)]
    names = []
    for first in range(0, items, ITEMS_PER_FILE):
        names.append(f"part-{first // ITEMS_PER_FILE:04}")
        with open(folder / names[-1], "w", encoding="utf8") as file:
            for i in range(first, min(items, first + ITEMS_PER_FILE)):
                file.write(f'{{"Id":{{"n":"{i}"}},"Name":{{"s":"Plätzchen {i}"}},"Country":{{"s":"AD"}},'
                           f'"Position":{{"m":{{"lat":{{"n":"{i % 90}.{i % 99991:05}"}},"lng":{{"n":"-{i % 180}.5"}}}}}},'
                           f'"Codes":{{"l":[{{"s":"08"}},{{"s":"{i % 1000}"}}]}},"Active":{{"bOOL":true}},'
                           f'"Population":{{"n":"{i * 37 % 10_000_019}"}},"Note":{{"s":"{notes[i % 997]}"}}}}\n')
    entries = ",\n".join('{"url":"s3://bench/%s","mandatory":true}' % name for name in names)
    (folder / "manifest").write_text('{"name":"DynamoDB-export","version":3,\n"entries": [\n' + entries + "\n]}")
