#!/usr/bin/env python3
"""Fuzzes for a given time of the processor and says when the last new edge was found, in the code under test and elsewhere.

usage: fuzz/campaign.py [--minutes N] [--jobs N] [--merge] TARGET...

TARGET is the name of a program in build/asan (cmake --preset asan; cmake --build --preset asan --target TARGET). Inputs are
kept in build/asan/corpus/TARGET, so that a further campaign goes on where this one ended; --merge adds those to
fuzz/corpus/TARGET that reach what the ones there do not. A crash is left in build/asan and ends its target's campaign. At the
end comes a table in Markdown; exit status 1 if anything crashed."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import select
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "asan"

# Where the grammar of a target's input stands; of other targets all of src/ counts.
GRAMMAR = {
    "cron_fuzz": r"/src/time/cron_expression\.",
    "definition_fuzz": r"/src/definition/(definition_file|positioned_json)\.",
    "expression_fuzz": r"/src/expr/",
    "joda_fuzz": r"/src/time/joda_pattern\.",
    "period_fuzz": r"/src/time/period\.",
}

# The timeout is by the wall clock, on a machine that may be very busy.
LIMITS = ["-timeout=1200", "-rss_limit_mb=4096"]

def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Campaign:
    def __init__(self, target):
        self.target = target
        self.grammar = re.compile(GRAMMAR.get(target, r"/src/"))
        self.seconds = 0.0  # of the processor
        self.last_edge = {True: 0.0, False: 0.0}  # when it was found: in the grammar, elsewhere
        self.executions = self.edges = self.grammar_edges = self.grammar_total = 0
        self.crashed = False

    def run(self, seconds):
        kept = BUILD / "corpus" / self.target
        kept.mkdir(parents=True, exist_ok=True)
        program = [str(BUILD / self.target), *LIMITS, f"-artifact_prefix={BUILD}/{self.target}-"]
        corpora = [str(kept), str(ROOT / "fuzz" / "corpus" / self.target)]
        dictionary = ROOT / "fuzz" / "dictionaries" / self.target
        options = [f"-dict={dictionary}"] if dictionary.exists() else []
        with open(BUILD / f"{self.target}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(program + options + ["-print_pcs=1"] + corpora, stdout=log, stderr=subprocess.PIPE)
            self.crashed = self.follow(process, seconds, log)
        # Told to stop, a target would try to say this in a signal handler, which may not allocate.
        replay = subprocess.run(program + ["-runs=0", "-print_coverage=1"] + corpora, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, check=False)
        for line in replay.stderr.decode(errors="replace").splitlines():
            if (match := re.search(r"COVERED_FUNC: hits: \d+ edges: (\d+)/(\d+) ", line)) and self.grammar.search(line):
                self.grammar_edges += int(match.group(1))
                self.grammar_total += int(match.group(2))
        return self

    def follow(self, process, seconds, log):
        """Reads what the process says until it has had its time; whether it ended before."""
        begun = b""  # a line of which the end has not come yet
        with process:
            while True:
                if process.poll() is None:
                    self.seconds = processor_seconds(process.pid)
                    if self.seconds >= seconds:
                        process.kill()
                        return False
                if not select.select([process.stderr], [], [], 1)[0]:
                    continue
                piece = os.read(process.stderr.fileno(), 1 << 16)
                if not piece:
                    return True
                *lines, begun = (begun + piece).split(b"\n")
                for line in lines:
                    self.read(line.decode(errors="replace"), log)

    def read(self, line, log):
        if "NEW_PC:" in line:
            self.last_edge[bool(self.grammar.search(line))] = self.seconds
            line = f"{self.seconds / 60:.1f} min {line}"
        elif match := re.match(r"#(\d+)\s.*\bcov: (\d+)", line):
            self.executions, self.edges = int(match.group(1)), int(match.group(2))
        log.write(line + "\n")

    def row(self):
        return (f"| {self.target} | {self.seconds / 60:.1f} | {self.executions:,} | {self.edges:,} | "
                f"{self.grammar_edges:,} of {self.grammar_total:,} | {self.last_edge[True] / 60:.1f} | "
                f"{self.last_edge[False] / 60:.1f} |" + (" crashed" if self.crashed else ""))


def merge(target):
    corpus = ROOT / "fuzz" / "corpus" / target
    subprocess.run([str(BUILD / target), *LIMITS, "-merge=1", "-verbosity=0", str(corpus),
                    str(BUILD / "corpus" / target)], check=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--minutes", type=float, default=20, help="of the processor, for each target")
    arguments.add_argument("--jobs", type=int, default=2, help="targets at a time")
    arguments.add_argument("--merge", action="store_true", help="keep what was found in fuzz/corpus")
    arguments.add_argument("targets", nargs="+", metavar="TARGET")
    options = arguments.parse_args()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        campaigns = list(pool.map(lambda target: Campaign(target).run(options.minutes * 60), options.targets))
    print("| target | processor minutes | executions | edges | of the grammar's | last new one there, minute | elsewhere |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for campaign in campaigns:
        print(campaign.row())
    if options.merge:
        for campaign in campaigns:
            merge(campaign.target)
    return 1 if any(campaign.crashed for campaign in campaigns) else 0


if __name__ == "__main__":
    sys.exit(main())
