#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""History leaves and enters as passive-DNS Common Output Format without losing anything."""
import json
import time

import daemon
import lab as labs
import world

DOMAIN = "online.example"
OLD = ((10, "mx00.ionos.example"), (10, "mx01.ionos.example"))
NEW = ((10, "mx01.icloud.example"),)
FOREIGN = [
    {"rrname": "gmx.example", "rrtype": "MX",
     "rdata": ["10 mx00.gmx.example", "20 mx01.gmx.example"],
     "time_first": 1700000000, "time_last": 1700003600, "count": 12},
    {"rrname": "gmx.example.", "rrtype": "MX", "rdata": "10 mx00.elsewhere.example.",
     "time_first": 1700003700, "time_last": 1700007200, "count": 3, "sensor_id": "abc"},
]


def cof_faults(row):
    """What the format asks of a row, and what we promise about ours."""
    faults = [key for key in ("rrname", "rrtype", "rdata", "time_first", "time_last")
              if key not in row]
    if faults:
        return [f"no {key}" for key in faults]
    if not (isinstance(row["time_first"], int) and isinstance(row["time_last"], int)
            and row["time_first"] <= row["time_last"]):
        faults.append("times are not epoch seconds in order")
    if not isinstance(row["rrname"], str) or row["rrname"] != row["rrname"].lower():
        faults.append("rrname")
    if not isinstance(row["rdata"], (str, list)):
        faults.append("rdata is neither string nor array")
    if "count" in row and not (isinstance(row["count"], int) and row["count"] >= 0):
        faults.append("count")
    return faults


def make_history(lab):
    place = world.World(lab)
    place.add_domain(DOMAIN, world.mx(*OLD), ttl=1)
    place.start()
    monitor = daemon.Mxvigil(lab, "first", views=world.VIEWS, watch=[
        {"name": "key", "domains": [DOMAIN], "interval": "1s", "views": ["authoritative", "mta"]}])
    monitor.start()
    for hosts in (OLD, NEW, OLD):
        if hosts is not OLD or monitor.seen(DOMAIN):
            place.edit(DOMAIN, world.mx(*hosts))
        for view in ("authoritative", "mta"):
            monitor.await_view(DOMAIN, view, hosts)
    monitor.kill()
    labs.pass_time(3)  # long enough to be a gap
    monitor.start()
    labs.until("polls after the crash", lambda: monitor.history(
        DOMAIN, "--view", "mta")[1]["mta"]["gaps"], 20, every=0.2)
    monitor.stop()
    return monitor


def round_trip(lab, t, monitor):
    done = monitor.cli("export")
    t.ok(done.returncode == 0, "export succeeds", done.stderr)
    lines = done.stdout.splitlines()
    faults = [f"{line[:120]}: {fault}" for line in lines for fault in cof_faults(json.loads(line))]
    t.ok(lines and not faults, f"{len(lines)} exported rows are Common Output Format",
         "\n".join(faults))
    file = monitor.path / "export.cof"
    file.write_text(done.stdout)
    second = daemon.Mxvigil(lab, "second", views=world.VIEWS)
    taken = second.cli("import", file)
    t.ok(taken.returncode == 0, "an empty store takes them", taken.stderr)
    spans = monitor.history(DOMAIN)[0]
    t.ok(second.history(DOMAIN)[0] == spans, "both have the same spans", second.history(DOMAIN)[0])
    # What came after the last poll is known here and cannot be known there.
    last = min(row["last_seen"] for row in spans if row["first_seen"] > spans[0]["first_seen"])
    for first in (spans[0]["first_seen"], daemon.stamp(time.time() - 3600)):
        window = ("--from", first, "--to", last)
        ours = monitor.rows("history", DOMAIN, *window)
        theirs = second.rows("history", DOMAIN, *window)
        t.ok(ours and ours == theirs, f"both tell the same history from {first}",
             "\n".join(f"- {a}\n+ {b}" for a, b in zip(ours, theirs) if a != b)
             or f"{len(ours)} and {len(theirs)} rows")
    again = second.cli("import", file)
    t.ok(again.returncode == 0 and second.rows("history", DOMAIN, *window) == theirs,
         "importing it again changes nothing", again.stderr)
    ended = [line.replace('"open":true', '"open":false') for line in lines]
    theirs = second.say("export").splitlines()
    t.ok(sorted(theirs) == sorted(ended), "and it exports the same rows, all spans ended",
         "\n".join(f"- {a}\n+ {b}" for a, b in zip(ended, theirs) if a != b))
    t.ok(second.cli("verify").returncode == 0, "the new chain holds", second.cli("verify").stderr)


def foreign(lab, t):
    monitor = daemon.Mxvigil(lab, "foreign", views=world.VIEWS)
    file = monitor.path / "foreign.cof"
    rows = [json.dumps(row) for row in FOREIGN]
    file.write_text("\n".join(rows[:1] + ["this is no row", '{"rrname": 7}'] + rows[1:]) + "\n")
    done = monitor.cli("import", file, "--view", "dnsdb")
    t.ok(done.returncode == 1 and "2" in done.stderr and "3" in done.stderr,
         "bad lines are refused by number, after the rest", done.stderr)
    spans, coverage = monitor.history("gmx.example")
    t.ok(len(spans) == 2 and all(s["imported"] and s["view"] == "dnsdb" for s in spans),
         "foreign rows are there, marked as imported", spans)
    t.ok(spans and spans[0]["first_seen"] == daemon.stamp(1700000000)
         and spans[-1]["last_seen"] == daemon.stamp(1700007200)
         and spans[0]["polls"] == 12, "with their times and counts", spans)
    t.ok(coverage["dnsdb"]["polls"] == 0 and coverage["dnsdb"]["covered_s"] == 0,
         "they give no coverage", coverage)


def story(lab, t):
    monitor = make_history(lab)
    round_trip(lab, t, monitor)
    foreign(lab, t)


labs.tell(story, "nsd", "unbound")
