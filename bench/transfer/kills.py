#!/usr/bin/python3
"""kill -9 at random moments of exports and imports, against a real server; each transfer is verified at its end.

    bench/transfer/kills.py [--transfers 10] [--kills 10] [--items 1000000] [--seed N] [--folder DIR]

Each of the transfers is an export of a table to files and an import of those files into a new table; each direction takes
--kills kills and then goes to its end. The moments are drawn so that they lie anywhere in a transfer. At the end: the
export's item count and digest against the table's, the new table's items against the export. Exit code 1: something was
lost, doubled or different.
"""
import argparse
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from measure import Timed, make_table, new_server, penstock, write_export


class Killed:
    """One command, killed and resumed until it has taken its kills, then to its end."""

    def __init__(self, server, dice, arguments, kills, seconds):
        self.kills = 0
        self.summary = None
        began = time.monotonic()
        command, environment = penstock(server, *arguments, "--resume")
        while self.summary is None:
            # Kills that come faster than the work goes on would all hit its first second.
            wait = dice.uniform(0.02, 2 * seconds / (kills + 1) + 1) if self.kills < kills else None
            self.run(command, environment, wait)
        self.seconds = time.monotonic() - began

    def run(self, command, environment, kill_after):
        process = subprocess.Popen([str(word) for word in command], env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            self.kills += 1
            return
        if process.returncode != 0:
            raise RuntimeError(f"{command} ended with {process.returncode}:\n{err}")
        self.summary = json.loads(out.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transfers", type=int, default=10)
    parser.add_argument("--kills", type=int, default=10, help="of each direction of each transfer")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--folder", help="where the server and the files go; a temporary one if not given")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-kills-", dir=options.folder))
    dice = random.Random(options.seed)
    print("seed", options.seed, flush=True)
    server = new_server(folder / "server")
    try:
        return 1 if run(options, server, folder, dice) else 0
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder)


def run(options, server, folder, dice):
    write_export(folder / "source", options.items)
    make_table(server, "Source")
    began = time.monotonic()
    source = Timed(*penstock(server, "import", folder / "source", "Source")).summary()
    import_seconds = time.monotonic() - began
    assert source["items"] == options.items and source["duplicates"] == 0
    shutil.rmtree(folder / "source")
    began = time.monotonic()
    Timed(*penstock(server, "export", "Source", folder / "clean"))
    export_seconds = time.monotonic() - began
    shutil.rmtree(folder / "clean")
    print(f"undisturbed: import {import_seconds:.1f} s, export {export_seconds:.1f} s", flush=True)

    kills = {"export": 0, "import": 0}
    lost = doubled = different = 0
    for number in range(options.transfers):
        out, table = folder / f"out{number}", f"Target{number}"
        exported = Killed(server, dice, ["export", "Source", out], options.kills, export_seconds)
        make_table(server, table)
        imported = Killed(server, dice, ["import", out, table], options.kills, import_seconds)
        kills["export"] += exported.kills
        kills["import"] += imported.kills
        # Exit code 1: there are differences, and it shows the first.
        files = Timed(*penstock(server, "verify", out, "--table", "Source"), codes=(0, 1))
        copy = Timed(*penstock(server, "verify", out, "--table", table), codes=(0, 1))
        missing = options.items - exported.summary["items"]
        # The machine may have become slower or faster.
        export_seconds, import_seconds = exported.seconds, imported.seconds
        doubled += imported.summary["duplicates"]
        lost += max(missing, 0)
        doubled += max(-missing, 0)
        for verified in (files, copy):
            different += verified.err.count("different:") if verified.code else 0
        for summary in (exported.summary, imported.summary):
            different += summary["digest"] != source["digest"]
        print(f"transfer {number + 1}: {exported.kills} + {imported.kills} kills; {exported.summary['items']} items in the "
              f"files, {copy.summary()['items']} in the table; {'equal' if files.code + copy.code == 0 else 'DIFFERENT'}",
              flush=True)
        if files.code or copy.code:
            print(files.err, copy.err, sep="\n")
        server.client("dynamodb").delete_table(TableName=table)
        shutil.rmtree(out)
    print(f"kills: {kills['export']} in export, {kills['import']} in import, over {options.transfers} transfers of "
          f"{options.items} items: {lost} lost, {doubled} doubled, {different} differences")
    return lost + doubled + different


if __name__ == "__main__":
    sys.exit(main())
