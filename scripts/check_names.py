#!/usr/bin/env python3
"""No two headers define the same type in the same namespace: that would be undefined behaviour that no compiler reports
(each translation unit sees only one of them). Prints every clash; exit status 1 if there is one."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMESPACE = re.compile(r"^\s*namespace\s+([\w:]+)\s*\{")
ANONYMOUS = re.compile(r"^\s*namespace\s*\{")
TYPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:class|struct|enum class|enum)\s+(?:\[\[\w+\]\]\s*)?(\w+)\b(?!::)(?!.*;\s*(?://.*)?$)")


def types(path):
    """(namespace, name) of each type defined at namespace level; relies on the format: such lines start in column 0."""
    stack = []
    for line in path.read_text(errors="replace").splitlines():
        if match := NAMESPACE.match(line):
            stack.append(match.group(1))
        elif ANONYMOUS.match(line):
            stack.append(f"<{path}>")
        elif line.startswith("}  // namespace"):
            if stack:
                stack.pop()
        elif match := TYPE.match(line):
            yield "::".join(stack), match.group(1)


def main():
    where = collections.defaultdict(set)
    for folder in ("src", "sim"):
        for suffix in ("*.h", "*.cc"):
            for path in (ROOT / folder).rglob(suffix):
                for key in types(path):
                    where[key].add(str(path.relative_to(ROOT)))
    clashes = {key: paths for key, paths in where.items() if len(paths) > 1}
    for (space, name), paths in sorted(clashes.items()):
        print(f"{space}::{name} is defined in {', '.join(sorted(paths))}")
    print(f"{len(clashes)} names clash" if clashes else "no names clash")
    return 1 if clashes else 0


if __name__ == "__main__":
    sys.exit(main())
