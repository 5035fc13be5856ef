#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The addresses of exchanges: each host once, hourly and at each change, as spans of A and AAAA."""
import signal
import sqlite3
import sys

import daemon
import lab as labs
import world

DOMAINS = ("online.example", "gmx.example")
MX = "mx.host.example"
SECOND = "mx2.host.example"
SEVERAL = ["mx A 192.0.2.1", "mx A 192.0.2.2", "mx AAAA 2001:db8::1", "mx2 A 192.0.2.9"]
ONE = ["mx A 192.0.2.3", "mx AAAA 2001:db8::1", "mx2 A 192.0.2.9"]
LAST = ["mx A 192.0.2.4", "mx AAAA 2001:db8::1", "mx2 A 192.0.2.9"]


def limits(interval):
    return {**daemon.Mxvigil.LIMITS, "address-interval": interval}


def spans_of(monitor, host, kind):
    return [row for row in monitor.seen(host) if row["rrtype"] == kind]


def await_addresses(monitor, host, kind, addresses, seconds=15):
    """Waits until the latest span of the host has exactly these; returns all its spans."""
    def latest_is():
        spans = spans_of(monitor, host, kind)
        return spans and spans[-1]["addresses"] == addresses and spans
    return labs.until(f"{host} {kind} {addresses}", latest_is, seconds, every=0.1)


def first_sight(t, monitor):
    row = await_addresses(monitor, MX, "A", ["192.0.2.1", "192.0.2.2"])[-1]
    t.ok(row["domain"] == MX and row["view"] == "mta" and row["answer"] == "address"
         and row["mx"] == [] and not row["imported"], "an exchange has a span of A", row)
    await_addresses(monitor, MX, "AAAA", ["2001:db8::1"])
    t.ok(True, "and one of AAAA")
    labs.until("both domains are seen", lambda: all(monitor.seen(name) for name in DOMAINS))
    with sqlite3.connect(f"file:{monitor.store}?mode=ro", uri=True) as db:
        points = db.execute("SELECT count(*) FROM point WHERE rrtype IS NOT NULL").fetchone()
    t.ok(points == (2,), "two domains that share an exchange cost two points", points)
    totals = monitor.rows("status")[0]["totals"]
    t.ok(totals["exchanges"] == 1 and totals["domains"] == 2, "status counts it", totals)


def change(t, place, monitor):
    before, after = place.edit("host.example", ONE)
    spans = await_addresses(monitor, MX, "A", ["192.0.2.3"])
    t.ok(len(spans) == 2 and spans[0]["addresses"] == ["192.0.2.1", "192.0.2.2"],
         "the old span has ended, another is open", spans)
    t.ok(len(spans_of(monitor, MX, "AAAA")) == 1, "that of AAAA goes on")
    rows = monitor.changes("--type", "a")
    t.ok(len(rows) == 1 and rows[0]["domain"] == MX and rows[0]["rrtype"] == "A"
         and rows[0]["to"]["addresses"] == ["192.0.2.3"] and rows[0]["confirmed"]
         and rows[0]["confirmed_by"] == "tcp" and rows[0]["kind"] == "replaced",
         "changes --type a tells it, confirmed", rows)
    low, high = daemon.epoch(rows[0]["not_before"]), daemon.epoch(rows[0]["at"])
    t.ok(low <= after + 2.1 and high >= before and high - low <= 1.2 + 0.1,
         "with a bracket as wide as the interval", (rows, before, after))
    t.ok(monitor.changes() == [], "changes alone tells of MX", monitor.changes())
    t.ok(len(monitor.changes("--type", "all")) == 1, "and --type all of everything")


def restart(t, monitor):
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    old = spans_of(monitor, MX, "A")
    monitor.start()
    spans = labs.until("polls after the start", lambda: (
        rows := spans_of(monitor, MX, "A")) and rows[-1]["polls"] > old[-1]["polls"] and rows)
    t.ok([row["first_seen"] for row in spans] == [row["first_seen"] for row in old],
         "a restart goes on with the span", spans)


def failure(t, place, monitor):
    """Nobody answers: a gap, and no end of anything."""
    place.unbound.process.send_signal(signal.SIGSTOP)
    labs.until("a gap", lambda: any(
        gap["reason"] == "timeout" for row in monitor.rows("history", MX, "--type", "a")
        for gap in row.get("coverage", {}).get("gaps", [])), 20, every=0.2)
    place.unbound.process.send_signal(signal.SIGCONT)
    polls = spans_of(monitor, MX, "A")[-1]["polls"]
    spans = labs.until("polls again", lambda: (
        rows := spans_of(monitor, MX, "A")) and rows[-1]["polls"] > polls and rows, 20)
    t.ok(len(spans) == 2, "a failure ends no span", spans)


def at_each_change(t, place, monitor):
    """With an hour between polls, what is new is looked at because an MX changed."""
    monitor.stop()
    monitor.write_conf(limits=limits("1h"))
    monitor.start()
    polls = spans_of(monitor, MX, "A")[-1]["polls"]
    place.edit("host.example", LAST)
    place.edit(DOMAINS[0], world.mx((10, MX), (20, SECOND)))
    await_addresses(monitor, SECOND, "A", ["192.0.2.9"])
    t.ok(True, "a new exchange is looked at, at once")
    nodata = labs.until("no IPv6", lambda: spans_of(monitor, SECOND, "AAAA"))
    t.ok(nodata[0]["answer"] == "nodata" and nodata[0]["addresses"] == [],
         "that it has no IPv6 is a span too", nodata)
    spans = await_addresses(monitor, MX, "A", ["192.0.2.4"])
    t.ok(len(spans) == 3 and spans[-1]["polls"] <= 2 and spans[-2]["polls"] >= polls,
         "one that was known is looked at again", spans)


def keep(lab, t, monitor):
    monitor.stop()
    t.ok(monitor.cli("verify").returncode == 0, "the chain holds", monitor.cli("verify").stderr)
    done = labs.run(sys.executable, labs.ROOT / "tests/storage/verify_ledger.py", monitor.store)
    t.ok(done.returncode == 0, "and by its description too", done.stdout + done.stderr)
    file = monitor.path / "export.cof"
    file.write_text(monitor.say("export"))
    second = daemon.Mxvigil(lab, "second", views=world.VIEWS)
    taken = second.cli("import", file)
    t.ok(taken.returncode == 0, "an export is imported", taken.stderr)
    for host in (MX, SECOND, *DOMAINS):
        spans = monitor.history(host)[0]
        t.ok(spans and second.history(host)[0] == spans, f"{host} has the same history",
             second.history(host)[0])
        last = daemon.epoch(max(row["last_seen"] for row in spans)) + 0.001
        window = ("--from", spans[0]["first_seen"], "--to", daemon.stamp(last))
        ours, theirs = (one.rows("history", host, *window) for one in (monitor, second))
        t.ok(ours == theirs, f"{host} has the same coverage", (ours[-2:], theirs[-2:]))
    theirs = second.say("export").splitlines()
    t.ok(sorted(theirs) == sorted(file.read_text().splitlines()), "and exported again the same")
    t.ok(second.cli("verify").returncode == 0, "that chain holds too")


def story(lab, t):
    place = world.World(lab)
    for name in DOMAINS:
        place.add_domain(name, world.mx((10, MX)), ttl=1)
    place.add_domain("host.example", SEVERAL, ttl=1)
    place.start()
    monitor = daemon.Mxvigil(lab, limits=limits("1s"), views=world.VIEWS, watch=[
        {"name": "key", "domains": list(DOMAINS), "interval": "1s",
         "views": ["authoritative", "mta"]}])
    monitor.start()
    first_sight(t, monitor)
    change(t, place, monitor)
    restart(t, monitor)
    failure(t, place, monitor)
    at_each_change(t, place, monitor)
    keep(lab, t, monitor)


labs.tell(story, "nsd", "unbound")
