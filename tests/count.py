#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts test cases in meson's logs and says so in one line, the last one.

usage: count.py [--coverage BUILD] TESTLOG.json...
With --coverage also prints the covered lines of each room, and holds resolvers/ and storage/ to
90 %.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

import tree

CASE = re.compile(r"^(not )?ok\b[^#]*(#\s*(SKIP|TODO)\b.*)?", re.IGNORECASE)
SKIP_ALL = re.compile(r"^1\.\.0\s*(#.*)?$")
FLOOR = {"resolvers": 90.0, "storage": 90.0}


def count_case(test, tally, failures):
    """One run of one program: its TAP lines, or itself where it speaks none."""
    bad = cases = skips = 0
    for line in (test.get("stdout") or "").splitlines():
        match = CASE.match(line)
        if match:
            cases += 1
            if match.group(3):  # cmocka says "not ok" of what it skips
                skips += 1
                tally["skipped"] += 1
            elif match.group(1):
                bad += 1
                tally["failed"] += 1
                failures.append(f"{test['name']}: {line}")
            else:
                tally["passed"] += 1
        elif SKIP_ALL.match(line):
            cases += 1
            tally["skipped"] += 1
            print(f"skipped: {test['name']}: {line}")
    # meson, too, takes cmocka's "not ok" of what it skips for a failure.
    only_skips = test["result"] == "FAIL" and test.get("returncode") == 0 and skips and not bad
    broken = test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not only_skips
    if broken and not bad:
        tally["failed"] += 1
        failures.append(f"{test['name']}: {test['result']}")
    elif not cases:
        tally["skipped" if test["result"] == "SKIP" else "passed"] += 1


def count_log(path, tally, failures):
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        tally["failed"] += 1
        failures.append(f"no results: {error}")
        return
    for line in lines:
        count_case(json.loads(line), tally, failures)


def room_coverage(build):
    """room -> (covered lines, lines), by gcovr."""
    run = subprocess.run(["gcovr", "--json-summary", "--exclude", "tests/.*", "-r", ".", build],
                         capture_output=True, text=True, check=True)
    rooms = collections.defaultdict(lambda: [0, 0])
    for entry in json.loads(run.stdout)["files"]:
        room = rooms[entry["filename"].split("/")[0]]
        room[0] += entry["line_covered"]
        room[1] += entry["line_total"]
    return rooms


def check_coverage(build, tally, failures):
    rooms = room_coverage(build)
    for room in tree.ROOMS:
        covered, lines = rooms.get(room, (0, 0))
        if not lines:
            continue
        share = 100.0 * covered / lines
        print(f"coverage {room}/: {share:.1f} % of {lines} lines")
        if share < FLOOR.get(room, 0):
            tally["failed"] += 1
            failures.append(f"coverage of {room}/ is below {FLOOR[room]} %")


def main():
    arguments = sys.argv[1:]
    build = None
    if arguments[:1] == ["--coverage"]:
        build, arguments = arguments[1], arguments[2:]
    tally, failures = collections.Counter(), []
    for path in arguments:
        count_log(path, tally, failures)
    if build:
        check_coverage(build, tally, failures)
    for failure in failures:
        print(f"failed: {failure}")
    skipped = f", {tally['skipped']} skipped" if tally["skipped"] else ""
    print(f"{tally['passed']} passed, {tally['failed']} failed{skipped}")
    return 1 if tally["failed"] or not tally["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
