#!/usr/bin/env python3
"""Holds the include directions of ARCHITECTURE.md against the source. Prints every offence; exit status 1 if there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]

PURE = ["base", "json", "time", "expr", "definition", "engine"]  # each sees those before it
PORTS = ["ports", "base", "time"]
LOCAL = ["local/s3", "local/dynamodb", "local/emr", "local/cloudwatch", "local/sns", "local/iam", "local/sts"]

# folder -> folders it may include besides itself
ALLOWED = {folder: PURE[:i] for i, folder in enumerate(PURE)}
ALLOWED["ports"] = ["base", "time"]
ALLOWED["system"] = ["ports", "base", "json", "time"]
BELOW = PURE + ["ports"]
ALLOWED["net"] = BELOW
ALLOWED["key_value"] = ["ports", "base", "time"]
ALLOWED["store"] = BELOW
ALLOWED["aws"] = BELOW
ALLOWED["transfer"] = BELOW + ["aws"]
ALLOWED["activities"] = BELOW + ["transfer", "aws"]
ALLOWED["runner"] = BELOW + ["activities", "aws"]
ALLOWED["scheduler"] = BELOW + ["store", "activities", "aws"]
ALLOWED["service"] = BELOW + ["scheduler", "store", "aws"]
ALLOWED["gateway"] = BELOW + ["aws"]
ALLOWED["cli"] = BELOW + ["transfer", "aws"]
for service in LOCAL:
    ALLOWED[service] = ["base", "json", "time", "ports", "aws"]
EVERYTHING = list(ALLOWED)
ALLOWED["app"] = EVERYTHING
ALLOWED["sim"] = [f for f in EVERYTHING if f not in ("net", "cli")]

# The pure folders keep away from clocks, files, threads and logs, whoever provides them. So base/ keeps a few headers that are
# not for them: logs, and what threads meet at.
NOT_FOR_PURE = ["log", "bounded_queue", "fair_shared_mutex"]
IMPURE = re.compile(r'#include\s+(<(thread|mutex|condition_variable|atomic|future|fstream|iostream|random|filesystem|ctime|'
                    r'stop_token|shared_mutex|unistd\.h|time\.h|sys/\S+|spdlog/\S+)>|"base/(' + "|".join(NOT_FOR_PURE) + r')\.h")')
IMPURE_CALL = re.compile(r"\b(system_clock::now|steady_clock::now|std::rand\b|std::this_thread|getenv)\b")
INCLUDE = re.compile(r'^\s*#include\s+"([^"]+)"')


def folder_of(path, root):
    parts = path.relative_to(root).parts
    return "/".join(parts[:2]) if parts[0] == "local" else parts[0]


def offences():
    sources = [(p, folder_of(p, ROOT / "src")) for e in ("*.h", "*.cc", "*.inc") for p in (ROOT / "src").rglob(e)]
    sources += [(p, "sim") for e in ("*.h", "*.cc") for p in (ROOT / "sim").rglob(e)]
    for path, folder in sorted(sources):
        test = path.name.endswith(("_test.cc", "_for_test.h", "_for_test.cc"))
        if folder not in ALLOWED:
            yield f"{path.relative_to(ROOT)}: folder {folder} is not in the plan of the house"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            where = f"{path.relative_to(ROOT)}:{number}"
            if folder in PURE and not test and path.stem not in [*NOT_FOR_PURE, "precompiled"]:
                if IMPURE.search(line) or IMPURE_CALL.search(line):
                    yield f"{where}: {folder} is pure: {line.strip()}"
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            if folder == "sim" and target.startswith("sim/"):
                continue
            if not (ROOT / "src" / target).exists():
                if not target.endswith(".inc"):
                    yield f"{where}: no such header: {target} (includes are relative to src/)"
                continue
            to = folder_of(ROOT / "src" / target, ROOT / "src")
            # A test may build what it tests on real or other parts, but the two halves meet over the wire only.
            if to != folder and to not in ALLOWED[folder] and not test:
                yield f"{where}: {folder} may not include {to} ({target})"


def main():
    found = list(offences())
    print("\n".join(found) if found else "include directions hold")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
