#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""history --at: exact where it can be, honest where it cannot."""
import time

import daemon
import lab as labs
import world

DOMAIN = "online.example"
OLD = ((10, "mx00.ionos.example"),)
NEW = ((10, "mx00.icloud.example"),)
VIEWS = ("authoritative", "mta")
INTERVAL, TIMEOUT = 1.0, 0.5


def at(monitor, seconds, view):
    rows = [row for row in monitor.rows("history", DOMAIN, "--at", daemon.stamp(seconds),
                                        "--view", view)
            if row.get("server") is None]
    return rows[0] if len(rows) == 1 else {"rows": rows}


def poll_times(row):
    """The usable polls that a row names, however near or far."""
    return [daemon.epoch(row[key]) if row.get(key) else None
            for key in ("poll_before", "poll_after")]


def inside_spans(t, monitor, view, spans, nearest):
    for span in spans:
        inside = daemon.epoch(span["first_seen"]) + 1.5
        row = at(monitor, inside, view)
        t.ok(row.get("exact") is False and 0 < row.get("within_s", 0) <= nearest,
             f"{view}: inside a span, no further than {nearest} s from a poll", row)
        t.ok(row.get("answer") == span["answer"] and daemon.mx_of(row) == daemon.mx_of(span),
             f"{view}: and gives its answer", row)


def in_brackets(t, monitor, view, spans):
    for old, new in zip(spans, spans[1:]):
        low, high = daemon.epoch(old["last_seen"]), daemon.epoch(new["first_seen"])
        row = at(monitor, (low + high) / 2, view)
        t.ok(row.get("exact") is True, f"{view}: in a bracket it is exact", row)
        t.ok(poll_times(row) == [low, high], f"{view}: and names the polls on both sides",
             f"{row}, {old['last_seen']} {new['first_seen']}")


def in_gap(t, monitor, view):
    gaps = monitor.history(DOMAIN)[1][view]["gaps"]
    if not t.ok(len(gaps) >= 1, f"{view}: the stop left a gap", gaps):
        return
    low, high = (daemon.epoch(gaps[0][key]) for key in ("from", "to"))
    row = at(monitor, (low + high) / 2, view)
    t.ok(row.get("exact") is True and poll_times(row) == [low, high],
         f"{view}: in a gap it names the usable polls around it", f"{row}, {gaps[0]}")


def outside(t, monitor, view):
    done = monitor.cli("history", DOMAIN, "--at", "2001-01-01", "--view", view, "--json")
    t.ok(done.returncode == 0 and '"mx"' not in done.stdout.replace('"mx":[]', ""),
         f"{view}: before the first poll it knows nothing", done.stdout + done.stderr)


def windows(t, monitor, view, spans):
    """A window that cuts a stretch of polls cannot count them exactly, and says so."""
    first, last = daemon.epoch(spans[0]["first_seen"]), daemon.epoch(spans[-1]["last_seen"])
    whole = monitor.history(DOMAIN, "--view", view, "--from", daemon.stamp(first - 5),
                            "--to", daemon.stamp(last + 5))[1][view]
    t.ok(whole["polls_exact"] is True and whole["polls"] >= sum(s["polls"] for s in spans),
         f"{view}: a window around everything counts exactly", whole)
    middle = (first + daemon.epoch(spans[0]["last_seen"])) / 2
    cut = monitor.history(DOMAIN, "--view", view, "--from", daemon.stamp(middle))
    t.ok(cut[1][view]["polls_exact"] is False and cut[1][view]["polls"] <= whole["polls"],
         f"{view}: one that cuts a stretch says that it does not", cut[1][view])
    t.ok([s["first_seen"] for s in cut[0]] == [s["first_seen"] for s in spans],
         f"{view}: spans are not clipped to the window", cut[0])
    none = monitor.history(DOMAIN, "--view", view, "--from", "2001-01-01", "--to", "2001-01-02")
    t.ok(none[0] == [] and none[1][view]["polls"] == 0 and none[1][view]["covered_s"] == 0,
         f"{view}: a day before it all is one gap", none)


def make_history(lab, t):
    place = world.World(lab)
    place.add_domain(DOMAIN, world.mx(*OLD), ttl=1)
    place.start()
    monitor = daemon.Mxvigil(lab, views=world.VIEWS, watch=[
        {"name": "key", "domains": [DOMAIN], "interval": "1s", "views": list(VIEWS)}])
    monitor.start()
    for view in VIEWS:
        monitor.await_view(DOMAIN, view, OLD)
    enough(monitor, 5)
    place.edit(DOMAIN, world.mx(*NEW))
    for view in VIEWS:
        monitor.await_view(DOMAIN, view, NEW)
    enough(monitor, 4)
    monitor.stop()
    for view in VIEWS:
        inside_spans(t, monitor, view, monitor.history(DOMAIN, "--view", view)[0], 1.5)
    labs.pass_time(4)  # the time that the history was blind, and has to say so
    monitor.start()
    started = time.time()
    labs.until("polls after the stop", lambda: all(
        daemon.epoch(monitor.history(DOMAIN, "--view", view)[0][-1]["last_seen"]) > started + 2
        for view in VIEWS), 30, every=0.2)
    monitor.stop()
    return monitor


def enough(monitor, polls):
    labs.until(f"{polls} polls of the latest span", lambda: all(
        monitor.history(DOMAIN, "--view", view)[0][-1]["polls"] >= polls for view in VIEWS),
        30, every=0.2)


def story(lab, t):
    monitor = make_history(lab, t)
    for view in VIEWS:
        spans = monitor.history(DOMAIN, "--view", view)[0]
        t.ok(len(spans) == 2, f"{view}: two spans, the stop has not split one", spans)
        inside_spans(t, monitor, view, spans, 2 * INTERVAL + TIMEOUT)
        in_brackets(t, monitor, view, spans)
        in_gap(t, monitor, view)
        outside(t, monitor, view)
        windows(t, monitor, view, spans)


labs.tell(story, "nsd", "unbound")
