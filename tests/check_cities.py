#!/usr/bin/env python3
"""The five cities through the real programs.

For each city: a fresh store, its plan and sample ledger, then every printed
baseline, actual, target and letter against `indicators`, and for every counted
row the sum of `prove` against what the entries must give.

    check_cities.py            the comparison
    check_cities.py --mutate   also drops each filter of each counted rule, one
                               at a time, and wants to see its number change

BUILD names the build folder.
"""
import csv
import io
import os
import re
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
CITIES = {"nagai": "062090", "suzaka": "202070", "yonezawa": "062022", "ueda": "202037",
          "honjo": "112119"}


def rows(path):
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(f))


class City:
    """A daemon on a temporary store with the city's plan and ledger in it."""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.TemporaryDirectory(prefix="madoguchi-")
        store = self.folder.name + "/store"
        self.server = "unix:" + self.folder.name + "/s"
        subprocess.run([BUILD + "/madoguchid", "init", "--store", store, "--municipality",
                        CITIES[name], "--name", name], check=True, stdout=subprocess.DEVNULL)
        self.log = open(self.folder.name + "/log", "w+b")
        self.daemon = subprocess.Popen([BUILD + "/madoguchid", "serve", "--store", store,
                                        "--listen", self.server], stderr=self.log)
        deadline = time.monotonic() + 60
        while self.try_run("status").returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                sys.exit("the daemon does not answer: " + self.log.read().decode())
            time.sleep(0.02)

    def try_run(self, *words):
        return subprocess.run([BUILD + "/madoguchi", "--server", self.server, "--format", "csv",
                               *words], capture_output=True, text=True)

    def run(self, *words):
        done = self.try_run(*words)
        if done.returncode != 0:
            sys.exit(f"{self.name}: madoguchi {' '.join(words)}: {done.stderr}")
        return done.stdout

    def table(self, *words):
        return list(csv.DictReader(io.StringIO(self.run(*words))))

    def close(self):
        self.daemon.terminate()
        code = self.daemon.wait(60)
        self.folder.cleanup()
        if code != 0:
            sys.exit(f"{self.name}: the daemon ended with {code}")


def prove_sum(city, indicator, year):
    last = city.table("prove", f"{city.name}/{indicator}", "--year", "FY" + year)
    counted = [row for row in last[:-1] if row["kind"] != "baseline"]
    return last[-1], counted


def check_proofs(city, kinds):
    """Every counted row's number is the sum of the entries listed under it."""
    wrong = 0
    measures = measure_words(city.name)
    for row in kinds:
        if row["city"] != city.name or row["counted"] != "yes" or not row["year"]:
            continue
        _, facts = prove_sum(city, row["id"], row["year"])
        what = measures[row["id"]]
        column = {"persons": "persons", "attendees": "persons", "households": "households"}.get(
            what, "number")
        if what in ("programs", "active"):
            continue
        total = sum(int(fact[column]) for fact in facts if fact[column])
        if str(total) != row["facts"]:
            wrong += 1
            print(f"{city.name}/{row['id']} FY{row['year']}: entries sum to {total}, "
                  f"expected {row['facts']}")
    return wrong


def indicator_blocks(name):
    """The plan file cut into its head and one text per indicator."""
    with open(f"plans/{name}.yaml", encoding="utf-8") as f:
        text = f.read()
    head, body = text.split("\nindicators:\n", 1)
    blocks = re.split(r"(?m)^(?=  - id: )", body)
    return head + "\nindicators:\n" + blocks[0], blocks[1:]


def measure_words(name):
    words = {}
    for block in indicator_blocks(name)[1]:
        ident = re.search(r"- id: *\"?([a-z0-9-]+)", block).group(1)
        count = re.search(r"count: *([a-z]+)", block)
        words[ident] = count.group(1) if count else ""
    return words


def mutations(block):
    """The block with one filter of its rule dropped, for each filter."""
    found = re.search(r"where: *\[([^\]]*)\]", block)
    if not found:
        return
    filters = split_filters(found.group(1))
    for i in range(len(filters)):
        rest = ", ".join(filters[:i] + filters[i + 1:])
        yield filters[i], block[:found.start(1)] + rest + block[found.end(1):]


def split_filters(text):
    parts = re.findall(r"\"[^\"]*\"|'[^']*'|[^,\s][^,]*", text)
    return [p.strip() for p in parts if p.strip()]


def check_mutations(city, kinds):
    head, blocks = indicator_blocks(city.name)
    year = {row["id"]: row["year"] for row in kinds
            if row["city"] == city.name and row["counted"] == "yes" and row["year"]}
    tried = wrong = 0
    for n, block in enumerate(blocks):
        ident = re.search(r"- id: *\"?([a-z0-9-]+)", block).group(1)
        if ident not in year:
            continue
        for dropped, mutated in mutations(block):
            tried += 1
            before = actual(city, ident, year[ident])
            put_plan(city, head + "".join(blocks[:n]) + mutated + "".join(blocks[n + 1:]))
            after = actual(city, ident, year[ident])
            put_plan(city, head + "".join(blocks))
            if before == after:
                wrong += 1
                print(f"{city.name}/{ident}: still {before} without {dropped}")
    print(f"{city.name}: {tried} filters dropped, {tried - wrong} changed their number")
    return wrong


def put_plan(city, text):
    path = city.folder.name + "/plan.yaml"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    city.run("plan", "put", path)


def actual(city, ident, year):
    for row in city.table("indicators", city.name, "--year", "FY" + year, "--plan-now"):
        if row["id"] == ident:
            return row["actual"]
    return None


def compare(city):
    done = subprocess.run([sys.executable, "plans/compare.py", "tests/data/printed.csv", city.name,
                           BUILD + "/madoguchi"], env={**os.environ,
                                                       "MADOGUCHI_SERVER": city.server})
    return done.returncode


def check_words(city, words):
    wrong = 0
    for row in words:
        if row["city"] != city.name:
            continue
        for answer in city.table("indicators", city.name, "--year", "FY" + row["year"]):
            if answer["id"] == row["id"] and row["word"] not in answer["note"]:
                wrong += 1
                print(f"{city.name}/{row['id']}: no {row['word']} in the note: {answer['note']}")
    return wrong


def main():
    kinds = rows("tests/data/printed-kinds.csv")
    words = rows("tests/data/printed-words.csv")
    wrong = 0
    for name in CITIES:
        city = City(name)
        city.run("plan", "put", f"plans/{name}.yaml")
        city.run("import", f"plans/ledgers/{name}.csv")
        again = city.try_run("import", f"plans/ledgers/{name}.csv")
        if again.returncode != 0 or city.table("status") == []:
            wrong += 1
            print(f"{name}: a second import is refused: {again.stderr}")
        wrong += compare(city) + check_proofs(city, kinds) + check_words(city, words)
        if "--mutate" in sys.argv:
            wrong += check_mutations(city, kinds)
        if city.try_run("verify").returncode != 0:
            wrong += 1
            print(f"{name}: the store does not hold")
        city.close()
    print("five cities: " + ("all printed values match" if wrong == 0 else f"{wrong} differ"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
