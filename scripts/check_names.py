#!/usr/bin/env python3
"""Names that must be told apart, in C++ laid out by .clang-format (what stands at namespace level starts in column 0):

1. No two files define the same type in the same namespace: that would be undefined behaviour that no compiler reports
   (each translation unit sees only one of them).
2. No two files of a folder define the same name in an anonymous namespace: a folder is compiled in a few large units,
   and what two files need has one place.

Prints every clash; exit status 1 if there is one."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMESPACE = re.compile(r"^namespace\s+([\w:]+)\s*\{")
ANONYMOUS = re.compile(r"^namespace\s*\{")
TYPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:class|struct|enum class|enum)\s+(?:\[\[\w+\]\]\s*)?(\w+)\b(?!::)(?!.*;\s*(?://.*)?$)")
ALIAS = re.compile(r"^using (\w+) =")
CONSTANT = re.compile(r"^(?:inline |static |thread_local )*(?:constexpr|constinit|const)\b.*?\b(k[A-Z]\w*)\b")
FUNCTION = re.compile(r"^(?!using |namespace |return |typedef |class |struct |enum )[\w:<>,&*\s\[\]]+?[\s&*](\w+)\((.*?)\)[^()]*\{")


def names(path):
    """(namespaces, kind, name) of each definition at namespace level; an anonymous namespace is called ''."""
    stack = []
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if match := NAMESPACE.match(line):
            stack.append(match.group(1))
        elif ANONYMOUS.match(line):
            stack.append("")
        elif line.startswith("}  // namespace"):
            if stack:
                stack.pop()
        elif match := TYPE.match(line):
            yield tuple(stack), "type", match.group(1)
        elif ALIAS.match(line):
            yield tuple(stack), "alias", line  # saying the same twice is no clash
        elif CONSTANT.match(line):
            declared = line
            for more in lines[number + 1 : number + 4]:  # "constexpr X kA = 1, kB = 2;" may go over the line's end
                if not declared.endswith(","):
                    break
                declared += " " + more.strip()
            for name in re.findall(r"\b(k[A-Z]\w*)(?:\[\w*\])* ?[={]", declared.split("//")[0]):
                yield tuple(stack), "constant", name
        elif line[:1].isalpha() and "(" in line:
            text = line
            for more in lines[number + 1 : number + 8]:
                if "{" in text or ";" in text:
                    break
                text += " " + more.strip()
            if match := FUNCTION.match(text):
                types = [re.sub(r"\s*\b\w+$", "", p.split("=")[0].strip()) for p in match.group(2).split(", ")]
                yield tuple(stack), "function", f"{match.group(1)}({', '.join(types)})"


def main():
    one_definition = collections.defaultdict(set)
    one_unit = collections.defaultdict(set)
    functions = collections.defaultdict(set)
    for folder in ("src", "sim"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            test = path.stem.endswith("_test")
            for spaces, kind, name in names(path):
                where = str(path.relative_to(ROOT))
                if "" not in spaces:
                    if kind == "type":
                        one_definition["::".join(spaces), name].add(where)
                elif kind != "alias" and path.suffix == ".cc" and path.name != "main.cc":
                    one_unit["::".join(spaces), path.parent, test, name].add(where)
                    if kind == "function":  # hides a type of that name
                        functions["::".join(spaces), path.parent, test, name.split("(")[0]].add(where)

    for key in functions.keys() & one_unit.keys():
        one_unit[key] |= functions[key]
    clashes = 0
    for table, what in ((one_definition, "is defined in"), (one_unit, "is defined in the unnamed namespaces of")):
        for key, paths in sorted(table.items(), key=lambda item: sorted(item[1])):
            if len(paths) > 1:
                clashes += 1
                print(f"{key[0]}::{key[-1]} {what} {', '.join(sorted(paths))}")
    print(f"{clashes} names clash" if clashes else "no names clash")
    return 1 if clashes else 0


if __name__ == "__main__":
    sys.exit(main())
