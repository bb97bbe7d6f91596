#!/usr/bin/env python3
"""Compares what `madoguchi indicators` answers with what the plan prints.

    compare.py PRINTED.csv CITY MADOGUCHI

PRINTED.csv has a row per printed value: city, field (baseline, actual, target,
letter), year (western FY, empty where the plan prints none), value, as_of.
Prints every difference and a last line; exits 1 when anything differs.
"""
import csv
import io
import subprocess
import sys
from collections import defaultdict

COLUMN = {"baseline": "baseline", "actual": "actual", "target": "target", "letter": "verdict"}


def indicators(program, city, *options):
    command = [program, "--format", "csv", "indicators", city, *options]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return {(row["id"], row["year"]): row for row in csv.DictReader(io.StringIO(text))}


def main():
    path, city, program = sys.argv[1:4]
    with open(path, encoding="utf-8") as f:
        printed = [row for row in csv.DictReader(f) if row["city"] == city]
    tables = {}

    def table(year, as_of):
        if (year, as_of) not in tables:
            options = ["--year", "FY" + year] + (["--as-of", as_of] if as_of else [])
            tables[year, as_of] = indicators(program, city, *options)
        return tables[year, as_of]

    years = sorted({row["year"] for row in printed if row["year"]})
    same = defaultdict(int)
    wrong = 0
    for row in printed:
        year = row["year"] or (years[-1] if years else "2023")
        answer = table(year, row.get("as_of") or "").get((row["id"], year))
        got = answer[COLUMN[row["field"]]] if answer else None
        if got == row["value"]:
            same[row["field"]] += 1
            continue
        wrong += 1
        print(f"{city}/{row['id']} FY{year} {row['field']}: printed {row['value']}, got {got}")
    total = sum(same.values())
    parts = ", ".join(f"{n} {field}" for field, n in sorted(same.items()))
    print(f"{city}: {total} of {total + wrong} printed values match ({parts})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
