#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A name server dies and falls silent: gaps with their reason, and no span ends by it."""
import os
import signal
import time

import daemon
import lab as labs
import promises
import servers
import world

DOMAIN = "online.example"
HOSTS = ((10, "mx00.ionos.example"), (20, "mx01.ionos.example"))
INTERVAL, TIMEOUT, TRIES = 1.0, 0.5, 2
BLIND = 5.0
VIEWS = ("authoritative", "mta")


def gap_of(monitor, view, after):
    """The gap of a view that lasts or has ended since an instant."""
    coverage = monitor.history(DOMAIN)[1][view]
    found = [gap for gap in coverage["gaps"] if daemon.epoch(gap["to"]) > after]
    return found[-1] if found else None


def await_blindness(monitor, view, since):
    def long_enough():
        gap = gap_of(monitor, view, since)
        return gap and daemon.epoch(gap["to"]) - daemon.epoch(gap["from"]) >= BLIND and gap
    return labs.until(f"a gap of {BLIND} s in {view}", long_enough, 30, every=0.2)


def await_sight(monitor, view, since):
    """The history knows of a poll later than an instant: the gap is over."""
    def polled():
        spans = monitor.history(DOMAIN, "--view", view)[0]
        return daemon.epoch(spans[-1]["last_seen"]) > since
    labs.until(f"{view} sees again", polled, 30, every=0.2)


def check_gap(t, monitor, view, down, up, reasons, label):
    """The gap begins with the last usable poll and ends with the next one."""
    gap = gap_of(monitor, view, down)
    t.ok(gap["reason"] in reasons, f"{label}, {view}: the reason is {' or '.join(reasons)}", gap)
    start, end = daemon.epoch(gap["from"]), daemon.epoch(gap["to"])
    slack = TIMEOUT * TRIES + 0.2
    late = 2.2 if view == "mta" else 0  # what the recursor still had in its cache
    t.ok(down - INTERVAL - slack <= start <= down + late + slack,
         f"{label}, {view}: it begins with the last usable poll", f"{gap}, down at {down:.3f}")
    back = 6 if view == "mta" else 0  # a recursor remembers a dead server for a while
    t.ok(up <= end <= up + INTERVAL + slack + back,
         f"{label}, {view}: it ends with the next usable poll", f"{gap}, up at {up:.3f}")


def blackout(t, monitor, take_down, bring_up, reasons, label):
    down = time.time()
    take_down()
    for view in VIEWS:
        await_blindness(monitor, view, down)
    up = time.time()
    bring_up()
    for view in VIEWS:
        await_sight(monitor, view, up)
    check_gap(t, monitor, "authoritative", down, up, reasons, label)
    check_gap(t, monitor, "mta", down, up, ("servfail", "timeout"), label)


def stopped_process(t, monitor):
    """The monitor itself stands still: that is blindness too, and not the domain's."""
    begun = time.time()
    os.kill(monitor.process.pid, signal.SIGSTOP)
    labs.pass_time(BLIND)
    os.kill(monitor.process.pid, signal.SIGCONT)
    woken = time.time()
    await_sight(monitor, "authoritative", woken)
    gap = gap_of(monitor, "authoritative", begun + 1)
    t.ok(gap and gap["reason"] in ("overload", "suspended")
         and daemon.epoch(gap["from"]) <= begun + 0.1 and daemon.epoch(gap["to"]) >= woken - 0.1,
         "a monitor that stood still says so", f"{gap}, still {begun:.3f} to {woken:.3f}")


def story(lab, t):
    place = world.World(lab)
    authority = servers.Nsd(lab, ("127.0.1.3",), "authority")
    place.add_domain(DOMAIN, world.mx(*HOSTS), ttl=2, ns={"ns1": ["127.0.1.3"]},
                     extra=[authority], here=False)
    authority.start()
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        limits={"timeout": f"{TIMEOUT * 1000:.0f}ms", "tries": TRIES, "per-server-qps": 1000},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "1s", "views": list(VIEWS)}])
    monitor.start()
    for view in VIEWS:
        monitor.await_view(DOMAIN, view, HOSTS)
    blackout(t, monitor, lambda: (authority.process.kill(), authority.process.wait()),
             authority.start, ("network",), "killed")
    blackout(t, monitor, authority.freeze, authority.thaw, ("timeout",), "silent")
    stopped_process(t, monitor)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")

    spans, coverages = monitor.history(DOMAIN)
    for view in VIEWS:
        own = [row for row in spans if row["view"] == view]
        t.ok(len(own) == 1 and daemon.mx_of(own[0]) == sorted(HOSTS),
             f"{view}: one span lies through both outages", own)
    longest = max(daemon.epoch(g["to"]) - daemon.epoch(g["from"])
                  for g in coverages["authoritative"]["gaps"])
    t.ok(abs(coverages["authoritative"]["largest_gap_s"] - longest) < 0.003 and longest >= BLIND,
         "largest_gap_s is the longest of them", coverages["authoritative"])
    t.ok(not monitor.changes("--domain", DOMAIN), "nothing is said to have changed")
    promises.check(t, monitor, DOMAIN, INTERVAL)


labs.tell(story, "nsd", "unbound")
