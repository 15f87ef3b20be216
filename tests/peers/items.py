"""Items to move and how to tell whether they are the same, by boto3 alone."""
import base64
import decimal
import json
import pathlib
import random

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
EXACT = decimal.Context(prec=60, Emin=-999, Emax=999)


def tricky():
    """The 74 tricky items, in boto3's form."""
    with open(GOLDEN / "tricky-items.jsonl", encoding="utf8") as lines:
        return [{name: from_json(value) for name, value in json.loads(line)["Item"].items()} for line in lines]


def from_json(value):
    [(tag, content)] = value.items()
    if tag == "B":
        return {"B": base64.b64decode(content)}
    if tag == "BS":
        return {"BS": [base64.b64decode(one) for one in content]}
    if tag == "L":
        return {"L": [from_json(one) for one in content]}
    if tag == "M":
        return {"M": {name: from_json(one) for name, one in content.items()}}
    return value


def generated(count, seed=20121029):
    """`count` items of all ten types, a few nested, each with a key of its own; the same ones for the same seed."""
    draw = random.Random(seed)
    letters = "abcXYZ 09_-.,:;'\"\\/<>&{}[]\t\n\u00e4\u00df\u20ac\u4e2d\u0416\U0001f300\u2028"

    def text(longest=40):
        return "".join(draw.choice(letters) for _ in range(draw.randint(1, longest)))

    def number():
        digits = str(draw.randint(1, 10 ** draw.randint(1, 38) - 1))
        kind = draw.randrange(4)
        if kind == 0:
            return digits
        if kind == 1:
            return "-" + digits
        if kind == 2:
            return f"{digits[:1]}.{digits[1:] or '5'}"
        return f"{digits}E{draw.randint(-60, 60)}"

    def numbers():
        distinct = {decimal.Decimal(n): n for n in (number() for _ in range(draw.randint(1, 6)))}
        return list(distinct.values())

    def value(depth):
        kind = draw.randrange(10 if depth else 8)
        if kind == 8:
            return {"L": [value(depth - 1) for _ in range(draw.randrange(4))]}
        if kind == 9:
            return {"M": {text(12): value(depth - 1) for _ in range(draw.randrange(4))}}
        return [{"S": text()}, {"N": number()}, {"B": draw.randbytes(draw.randint(1, 60))}, {"BOOL": draw.random() < .5},
                {"NULL": True}, {"SS": list({text(8) for _ in range(draw.randint(1, 6))})}, {"NS": numbers()},
                {"BS": list({draw.randbytes(draw.randint(1, 9)) for _ in range(3)})}][kind]

    return [{"pk": {"S": f"g{i:06}"}, **{f"a{n}": value(2) for n in range(draw.randint(0, 6))}} for i in range(count)]


def canonical(value):
    """A value in a form in which equal values are equal: numbers by value, sets without order."""
    [(tag, content)] = value.items()
    if tag == "N":
        return ("N", EXACT.normalize(decimal.Decimal(content)))
    if tag == "NS":
        return ("NS", frozenset(EXACT.normalize(decimal.Decimal(one)) for one in content))
    if tag in ("SS", "BS"):
        return (tag, frozenset(content))
    if tag == "L":
        return ("L", tuple(canonical(one) for one in content))
    if tag == "M":
        return ("M", tuple(sorted((name, canonical(one)) for name, one in content.items())))
    return (tag, content)


def of_table(client, table):
    """{key: canonical item} of a whole table."""
    found = {}
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            found[item["pk"]["S"]] = canonical({"M": item})
    return found


def as_json(value):
    [(tag, content)] = value.items()
    if tag == "B":
        return {"B": base64.b64encode(content).decode()}
    if tag == "BS":
        return {"BS": [base64.b64encode(one).decode() for one in content]}
    if tag == "L":
        return {"L": [as_json(one) for one in content]}
    if tag == "M":
        return {"M": {name: as_json(one) for name, one in content.items()}}
    return value


def write_jsonl(path, items):
    """DynamoDB's attribute JSON, an item a line."""
    with open(path, "w", encoding="utf8", newline="\n") as out:
        for item in items:
            out.write(json.dumps(as_json({"M": item})["M"], ensure_ascii=False) + "\n")
