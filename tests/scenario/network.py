#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Starting without a network, and resolvers that change under a running monitor."""
import time

import daemon
import lab as labs
import promises
import servers
import world

DOMAIN = "online.example"
HOSTS = ((10, "mx00.ionos.example"),)
NEW = ((10, "mx00.icloud.example"),)
SECOND = "127.0.0.54"


def offline(lab, t, place):
    """No name server anywhere: the monitor starts all the same."""
    monitor = daemon.Mxvigil(lab, "offline", views=world.VIEWS, watch=[
        {"name": "key", "domains": [DOMAIN], "interval": "1s", "views": ["authoritative", "mta"]}])
    begun = time.time()
    monitor.start()
    labs.until("the history says that the network is not there", lambda: any(
        gap["reason"] == "network"
        for c in coverage_since(monitor, begun).values() for gap in c["gaps"]), 30, every=0.2)
    t.ok(monitor.process.poll() is None, "it goes on without a network")
    t.ok(not monitor.changes(), "and claims nothing")
    place.start()
    back = time.time()
    for view in ("authoritative", "mta"):
        span = monitor.await_view(DOMAIN, view, HOSTS)
        late = daemon.epoch(span["first_seen"]) - back
        # A walk to a domain's servers that failed is not tried again at once.
        most = 3.5 if view == "authoritative" else 2.5
        t.ok(late < most, f"{view} answers {late:.1f} s after the servers came", span)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    t.ok(not monitor.changes(), "the first sight is no change", monitor.changes())
    for view, coverage in coverage_since(monitor, begun).items():
        blind = [gap for gap in coverage["gaps"] if gap["reason"] == "network"]
        t.ok(len(blind) == 1 and daemon.epoch(blind[0]["from"]) < begun + 1
             and daemon.epoch(blind[0]["to"]) >= back - 0.1,
             f"{view}: the blind beginning is a gap", coverage)


def coverage_since(monitor, begun):
    try:
        return monitor.history(DOMAIN, "--from", daemon.stamp(begun))[1]
    except daemon.Refused:
        return {}


def resolvers(lab, t, place):
    """No views configured: they follow resolv.conf, also while running."""
    lab.own_etc()
    lab.resolv_conf(world.RECURSOR)
    monitor = daemon.Mxvigil(lab, "following", watch=[
        {"name": "key", "domains": [DOMAIN], "interval": "1s"}])
    monitor.start()
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, HOSTS)
    second = servers.Unbound(lab, SECOND, (world.ROOT,), name="second").start()
    lab.resolv_conf(SECOND)
    changed = time.time()
    place.unbound.stop()
    place.edit(DOMAIN, world.mx(*NEW))
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, NEW)
    t.ok(True, "the new resolver is asked as soon as resolv.conf names it")
    coverage = monitor.history(DOMAIN)[1]["mta"]
    late = [g for g in coverage["gaps"] if daemon.epoch(g["to"]) - changed > 4]
    t.ok(not late, "and the change of resolvers blinds nobody for long", coverage)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    promises.check(t, monitor, DOMAIN, 1)
    second.stop()


def story(lab, t):
    place = world.World(lab)
    place.add_domain(DOMAIN, world.mx(*HOSTS), ttl=1)
    offline(lab, t, place)
    resolvers(lab, t, place)


labs.tell(story, "nsd", "unbound")
