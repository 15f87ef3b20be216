#!/usr/bin/env python3
"""Prints a definition file as `aws datapipeline validate-pipeline-definition --cli-input-json` takes it: that command, unlike
put-pipeline-definition, does not read definition files.

usage: definition_to_api.py PIPELINE-ID FILE [PARAMETER=VALUE]...
"""
import json
import sys


def fields(entry, left_out, reference):
    for key in sorted(set(entry) - set(left_out)):
        for value in entry[key] if isinstance(entry[key], list) else [entry[key]]:
            if reference and isinstance(value, dict):
                yield {"key": key, "refValue": value["ref"]}
            else:
                yield {"key": key, "stringValue": value}


def main():
    pipeline, file, values = sys.argv[1], sys.argv[2], [argument.split("=", 1) for argument in sys.argv[3:]]
    with open(file, encoding="utf-8") as source:
        definition = json.load(source)
    print(json.dumps({
        "pipelineId": pipeline,
        "pipelineObjects": [{"id": o["id"], "name": o.get("name", o["id"]), "fields": list(fields(o, ("id", "name"), True))}
                            for o in definition["objects"]],
        "parameterObjects": [{"id": p["id"], "attributes": list(fields(p, ("id",), False))}
                             for p in definition.get("parameters", [])],
        "parameterValues": [{"id": key, "stringValue": value} for key, value in values],
    }))


if __name__ == "__main__":
    main()
