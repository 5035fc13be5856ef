#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run --once over 20,000 domains: every answer recorded, and the summary adds up."""
import collections
import json

import daemon
import lab as labs
import world

COUNT = 100_000 if labs.LONG else 20_000
WALKED = 1_000  # of these also asked at their own servers


def kind_of(number):
    """Most domains have mail exchangers; some say no in one of three ways."""
    return {0: "nodata", 1: "null-mx", 2: "nxdomain"}.get(number % 50, "mx")


LINES = {"mx": "d{0} MX 10 mx{1}.ionos.example.", "nodata": 'd{0} TXT "nothing"',
         "null-mx": "d{0} MX 0 ."}


def sweep(t, monitor, views, count, label):
    """One run; the summary must say what the zone says."""
    names = [f"d{n}.bulk.example" for n in range(count)]
    (monitor.path / "domains.txt").write_text("\n".join(names) + "\n")
    monitor.write_conf(watch=[{"name": "bulk", "domains-file": str(monitor.path / "domains.txt"),
                               "interval": "5m", "views": views}])
    done = monitor.cli("run", "--once", "--json", timeout=240)
    if not t.ok(done.returncode == 0, f"{label}: exit status 0", done.stderr[-2000:]):
        return
    row = json.loads(done.stdout.splitlines()[-1])
    expected = collections.Counter(kind_of(n) for n in range(count))
    t.note(f"{label}: {row}")
    t.ok(row["domains"] == count and row["polls"] >= count * len(views),
         f"{label}: every domain was polled", row)
    answers = {key: value for key, value in row["answers"].items() if value}
    t.ok(answers == {k: v * len(views) for k, v in expected.items()},
         f"{label}: the answers are those of the zone", row)
    t.ok(not any(row["failures"].values()) and row["changes"] == 0 and row["seconds"] >= 0,
         f"{label}: nothing failed, nothing changed", row)


def story(lab, t):
    place = world.World(lab)
    place.add_domain("bulk.example", [LINES[kind_of(n)].format(n, n % 7) for n in range(COUNT)
                                      if kind_of(n) in LINES])
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=[world.VIEWS[0], {"name": "direct", "kind": "recursive",
                                     "servers": [f"{world.ROOT}:53"]}],
        limits={"timeout": "2s", "tries": 3, "per-server-qps": 0})
    sweep(t, monitor, ["direct"], COUNT, f"{COUNT} domains")
    for number in (0, 1, 2, 3, COUNT - 1):
        spans = monitor.history(f"d{number}.bulk.example")[0]
        t.ok(len(spans) == 1 and spans[0]["answer"] == kind_of(number),
             f"domain {number} is recorded as {kind_of(number)}", spans)
    sweep(t, monitor, ["authoritative"], WALKED, f"{WALKED} at their own servers")
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds",
         monitor.cli("verify").stderr)


labs.tell(story, "nsd", "unbound")
