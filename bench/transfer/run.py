#!/usr/bin/python3
"""How fast transfers are, how much processor and memory they take, side by side with what else there is.

    bench/transfer/run.py [replay] [import] [local] [memory] [--rounds 3] [--pages 256] [--items 1000000] [--json]

  replay  a replay server's Scan pages: curl to /dev/null, `penstock export` to local files (uncompressed, digest on), a Java
          writer of the EMR connector's kind (Gson), a boto3 loop
  import  that export's files: read and checked alone (`penstock verify`, Gson), and by BatchWriteItem into a server that
          forgets them
  local   `penstock serve` with its own DynamoDB, capacity not enforced: import and export of items of 300 bytes
  memory  resident peaks at 100 MB and 5 GB, export and import

All of it if nothing is named; at the end, what was promised beside what was measured. Figures are medians of the rounds,
and rounds go through all programs in turn, so that what else the machine does meets all alike. "MB/s/core" is bytes of JSON
by the program's own processor time, user and system; what the servers take is theirs. Needs `cmake --build --preset release
--target penstock transfer_replay_server`, Debian's libgoogle-gson-java and a JDK for Gson, python3-boto3, curl; what is
missing is left out and named.
"""
import argparse
import base64
import contextlib
import fileinput
import itertools
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import BINARY, BUILD, MB, Timed, cpu_seconds, make_table, new_server, penstock, write_export

HERE = pathlib.Path(__file__).resolve().parent
GSON = pathlib.Path("/usr/share/java/gson.jar")
DISTINCT_PAGES = 128
BOTO3_PAGES = 24  # it is slow; enough of them that its start does not count
BOTO3_LINES = 40_000
MEMORY_BYTES_MAX = 256 << 20
TYPES = {"s": "S", "n": "N", "b": "B", "sS": "SS", "nS": "NS", "bS": "BS", "bOOL": "BOOL", "nULLValue": "NULL"}


@contextlib.contextmanager
def replay_server(pages):
    process = subprocess.Popen([BUILD / "transfer_replay_server", "--pages", str(pages), "--distinct",
                                str(min(pages, DISTINCT_PAGES))], stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def stats(url):
    return json.loads(subprocess.run(["/usr/bin/curl", "-s", url + "/stats"], check=True, capture_output=True).stdout)


def export(url, folder):
    return Timed([BINARY, "export", "Replay", folder, "--rate", "1000000000", "--endpoint-url-dynamodb", url, "--json"])


class Table:
    """Runs each row's program once a round and prints medians."""

    def __init__(self, title, rounds):
        self.title, self.rounds, self.rows = title, rounds, []

    def add(self, name, run):
        """`run` returns (Timed, bytes of JSON, items)."""
        self.rows.append((name, run))

    def measure(self):
        figures = {name: [] for name, _ in self.rows}
        for _ in range(self.rounds):
            for name, run in self.rows:
                timed, size, items = run()
                figures[name].append({"MB": size / MB, "cpu": timed.cpu, "MB/s/core": size / MB / timed.cpu,
                                      "MB/s": size / MB / timed.wall, "items/s": items / timed.wall,
                                      "MiB resident": timed.resident_mib})
        medians = {name: {key: statistics.median(one[key] for one in ones) for key in ones[0]}
                   for name, ones in figures.items()}
        print(f"\n{self.title}; medians of {self.rounds}\n")
        columns = list(next(iter(medians.values())))
        print("| | " + " | ".join(columns) + " | ours is |\n|---" + "|---:" * (len(columns) + 1) + "|")
        ours = next(one["MB/s/core"] for name, one in medians.items() if name.startswith("penstock"))
        for name, one in medians.items():
            cells = [f"{one[key]:,.1f}" if one[key] < 1000 else f"{one[key]:,.0f}" for key in columns]
            print(f"| {name} | " + " | ".join(cells) + f" | {ours / one['MB/s/core']:.2f} × |", flush=True)
        return medians


def compile_gson(folder):
    """The command line's beginning, or None."""
    if not GSON.exists() or not shutil.which("javac"):
        print("left out: Gson (libgoogle-gson-java and a JDK are not installed)", file=sys.stderr)
        return None
    subprocess.run(["javac", "-cp", str(GSON), "-d", str(folder), str(HERE / "GsonExport.java")], check=True)
    # Of the collectors it has, the one that takes the least processor here.
    return ["java", "-XX:+UseSerialGC", "-cp", f"{GSON}:{folder}", "GsonExport"]


def replay(options, folder):
    gson = compile_gson(folder)
    with replay_server(options.pages) as url:
        page_bytes = stats(url)["pageBytes"]
        size, boto3_pages = page_bytes * options.pages, min(BOTO3_PAGES, options.pages)
        table = Table("Scan pages to local files", options.rounds)

        def curl():
            return Timed(["/usr/bin/curl", "-s", f"{url}/page/[0-{options.pages - 1}]", "-o", "/dev/null"]), size, 0

        def ours():
            shutil.rmtree(folder / "out", ignore_errors=True)
            timed = export(url, folder / "out")
            return timed, size, timed.summary()["items"]

        def java():
            timed = Timed([*gson, "export", url, folder / "gson.out", "0", str(options.pages)])
            return timed, timed.summary()["bytes"], timed.summary()["items"]

        def boto3():
            timed = Timed([HERE / "run.py", "boto3-export", url, folder / "boto3.out", boto3_pages])
            return timed, page_bytes * boto3_pages, int(timed.lines[-1])

        table.add("curl to /dev/null", curl)
        table.add("penstock export", ours)
        if gson:
            table.add("Gson (Java)", java)
        table.add("boto3 and json.dumps", boto3)
        return table.measure()


def import_(options, folder):
    gson = compile_gson(folder)
    with replay_server(min(options.pages, DISTINCT_PAGES)) as url:
        files = folder / "files"
        items = export(url, files).summary()["items"]
        data_files = [file for file in files.iterdir() if file.name[0] not in "_m" and file.is_file()]
        size = sum(file.stat().st_size for file in data_files)
        sample = folder / "sample"
        sample.mkdir()
        with fileinput.input(sorted(data_files), encoding="utf8") as lines:
            (sample / "part").write_text("".join(itertools.islice(lines, BOTO3_LINES)), encoding="utf8")

        def verify():
            return Timed([BINARY, "verify", files, "--json"]), size, items

        def parse():
            return Timed([*gson, "parse", files]), size, items

        def ours():
            before = stats(url)["items"]
            timed = Timed([BINARY, "import", files, "Replay", "--rate", "1000000000", "--endpoint-url-dynamodb", url, "--json"])
            assert stats(url)["items"] - before == items
            return timed, size, items

        def java():
            return Timed([*gson, "import", files, url]), size, items

        def boto3():
            timed = Timed([HERE / "run.py", "boto3-import", url, sample / "part"])
            return timed, (sample / "part").stat().st_size, int(timed.lines[-1])

        def loads():
            timed = Timed([HERE / "run.py", "boto3-read", sample / "part"])
            return timed, (sample / "part").stat().st_size, int(timed.lines[-1])

        reading = Table("Legacy files, read only", options.rounds)
        reading.add("penstock verify", verify)
        if gson:
            reading.add("Gson (Java)", parse)
        reading.add("json.loads to boto3's shape", loads)
        writing = Table("Legacy files to BatchWriteItem", options.rounds)
        writing.add("penstock import", ours)
        if gson:
            writing.add("Gson (Java), unsigned", java)
        writing.add("json.loads and boto3", boto3)
        return {"read": reading.measure(), "write": writing.measure()}


def local(options, folder):
    write_export(folder / "source", options.items)
    rows = {"import": [], "export": []}
    for number in range(options.rounds):
        server = new_server(folder / f"server{number}")
        try:
            make_table(server, "Items")
            for what, arguments in (("import", (folder / "source", "Items")),
                                    ("export", ("Items", folder / f"local{number}"))):
                before = cpu_seconds(server.process.pid)
                timed = Timed(*penstock(server, what, *arguments))
                assert timed.summary()["items"] == options.items
                rows[what].append({"items/s": options.items / timed.wall,
                                   "client µs/item": timed.cpu / options.items * 1e6,
                                   "server µs/item": (cpu_seconds(server.process.pid) - before) / options.items * 1e6})
        finally:
            server.stop()
            shutil.rmtree(folder / f"server{number}")
            shutil.rmtree(folder / f"local{number}", ignore_errors=True)
    print(f"\nLocal DynamoDB, {options.items:,} items of 300 bytes; medians of {options.rounds}; the last column is what two "
          "cores would do that have nothing else to do\n")
    print("| | items/s | client µs/item | server µs/item | items/s on 2 free cores |\n|---|---:|---:|---:|---:|")
    result = {}
    for what, ones in rows.items():
        one = {key: statistics.median(row[key] for row in ones) for key in ones[0]}
        one["items/s on 2 free cores"] = 2e6 / (one["client µs/item"] + one["server µs/item"])
        result[what] = one
        print(f"| {what} | " + " | ".join(f"{one[key]:,.2f}" if one[key] < 1000 else f"{one[key]:,.0f}" for key in one) + " |")
    return result


def memory(_, folder):
    print("\nResident peaks\n\n| | MB of JSON | export MiB | import MiB |\n|---|---:|---:|---:|")
    result = {}
    for name, pages in (("small", 62), ("large", 3070)):
        with replay_server(pages) as url:
            size = stats(url)["pageBytes"] * pages / MB
            out = folder / f"memory-{name}"
            exported = export(url, out)
            imported = Timed([BINARY, "import", out, "Replay", "--rate", "1000000000", "--endpoint-url-dynamodb", url, "--json"])
            shutil.rmtree(out)
        result[name] = {"MB": size, "export MiB": exported.resident_mib, "import MiB": imported.resident_mib}
        print(f"| {name} | {size:,.0f} | {exported.resident_mib:.0f} | {imported.resident_mib:.0f} |", flush=True)
        assert max(exported.resident_mib, imported.resident_mib) * (1 << 20) <= MEMORY_BYTES_MAX
    return result


def promises(results):
    """(what, what was promised, what was measured) of what was run, each figure to be at least the promised one.

    Of an import the reading is promised; what it sends costs what HTTP requests of 25 items cost. boto3 reads no files: reading
    is held against the loop that imports with it.
    """
    def rate(rows, name):
        return next((row["MB/s/core"] for key, row in rows.items() if key.startswith(name)), None)

    scans, files, batches = (results.get("replay"), *(results.get("import", {}).get(part) for part in ("read", "write")))
    for name, rows, boto3 in (("export", scans, scans and rate(scans, "boto3")),
                              ("reading", files, batches and rate(batches, "json.loads and boto3"))):
        if not rows:
            continue
        ours, gson = rate(rows, "penstock"), rate(rows, "Gson")
        yield f"{name}: MB/s/core", 150, ours
        if gson:
            yield f"{name}: times Gson", 5, ours / gson
        if boto3:
            yield f"{name}: times a boto3 loop", 50, ours / boto3
    if "local" in results:
        yield "local import: items/s", 60_000, results["local"]["import"]["items/s"]
        yield "local import: items/s on 2 free cores", 60_000, results["local"]["import"]["items/s on 2 free cores"]


def boto3_client(url):
    import boto3
    return boto3.client("dynamodb", endpoint_url=url, region_name="us-east-1", aws_access_key_id="bench",
                        aws_secret_access_key="bench")


def boto3_export(url, path, pages):
    client, start, items = boto3_client(url), {}, 0
    with open(path, "w", encoding="utf8") as out:
        for _ in range(int(pages)):  # the table has as many or more
            page = client.scan(TableName="Replay", **start)
            for item in page["Items"]:
                out.write(json.dumps(item, default=lambda value: base64.b64encode(value).decode()) + "\n")
                items += 1
            start = {"ExclusiveStartKey": page.get("LastEvaluatedKey")}
    print(items)


def to_wire(value):
    (tag, content), = value.items()
    if tag == "m":
        return {"M": {name: to_wire(member) for name, member in content.items()}}
    if tag == "l":
        return {"L": [to_wire(element) for element in content]}
    return {TYPES[tag]: base64.b64decode(content) if tag == "b" else content}


def boto3_read(path):
    items = 0
    with open(path, encoding="utf8") as lines:
        for line in lines:
            {name: to_wire(value) for name, value in json.loads(line).items()}
            items += 1
    print(items)


def boto3_import(url, path):
    client, items, batch = boto3_client(url), 0, []

    def put():
        if batch:
            client.batch_write_item(RequestItems={"Replay": batch})
            batch.clear()

    with open(path, encoding="utf8") as lines:
        for line in lines:
            item = {name: to_wire(value) for name, value in json.loads(line).items()}
            batch.append({"PutRequest": {"Item": item}})
            items += 1
            if len(batch) == 25:
                put()
    put()
    print(items)


def main():
    loops = {"boto3-export": boto3_export, "boto3-import": boto3_import, "boto3-read": boto3_read}
    if len(sys.argv) > 2 and sys.argv[1] in loops:
        loops[sys.argv[1]](*sys.argv[2:])
        return
    parts = {"replay": replay, "import": import_, "local": local, "memory": memory}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(parts))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pages", type=int, default=256, help="of the replay server, 1.6 MB of JSON each")
    parser.add_argument("--items", type=int, default=1_000_000, help="of the local table")
    parser.add_argument("--json", action="store_true", help="all figures, as the last line")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    results = {}
    for name in options.parts or parts:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="penstock-bench-"))
        try:
            results[name] = parts[name](options, folder)
        finally:
            shutil.rmtree(folder)
    print("\n| | promised | measured | |\n|---|---:|---:|---|")
    for what, promised, measured in promises(results):
        print(f"| {what} | {promised:,} | {measured:,.1f} | {'kept' if measured >= promised else 'NOT KEPT'} |")
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
