#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Of two servers one differs; then the other, which bore the domain's answer, falls silent."""
import daemon
import lab as labs
import promises
import servers
import world

DOMAIN = "online.example"
OLD = ((10, "mx00.ionos.example"),)
NEW = ((10, "mx00.icloud.example"),)
INTERVAL = 0.5
NS = {"ns1": ["127.0.1.3"], "ns2": ["127.0.1.2"]}
KNOT = "127.0.1.2"


def story(lab, t):
    place = world.World(lab)
    knot = servers.Knot(lab, (KNOT,))
    first = servers.Nsd(lab, ("127.0.1.3",), "first")
    place.add_domain(DOMAIN, world.mx(*OLD), ttl=2, ns=NS, extra=[knot, first], here=False)
    for server in (knot, first):
        server.start()
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        limits={"timeout": "300ms", "tries": 3, "per-server-qps": 1000, "min-interval": "200ms"},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "500ms",
                "views": ["authoritative"]}])
    monitor.start()
    monitor.await_view(DOMAIN, "authoritative", OLD)

    place.edit(DOMAIN, world.mx(*NEW), server=knot)
    labs.until("the server that differs has a span of its own", lambda: [
        row for row in monitor.history(DOMAIN)[0] if KNOT in (row["server"] or "")], 20)
    labs.pass_time(4 * INTERVAL)
    t.ok(all(row["server"] for row in monitor.changes()), "a tie keeps the domain's answer",
         monitor.changes())

    first.stop()
    monitor.await_view(DOMAIN, "authoritative", NEW)
    rows = [row for row in monitor.changes() if row["server"] is None]
    t.ok(len(rows) == 1 and rows[0]["confirmed"] and daemon.mx_of(rows[0]["to"]) == sorted(NEW),
         "the domain changes to what all say that can be asked", rows)
    spans = monitor.history(DOMAIN)[0]
    labs.until("polls go on", lambda: monitor.history(DOMAIN)[0][-1]["polls"] > 6, 20)
    t.ok(len(spans) == 3, "nothing else is made of it", spans)

    first.start()
    labs.until("the silent one differs now", lambda: [
        row for row in monitor.history(DOMAIN)[0]
        if "127.0.1.3" in (row["server"] or "") and daemon.mx_of(row) == sorted(OLD)], 20)
    knot.stop()
    monitor.await_view(DOMAIN, "authoritative", OLD)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    promises.check(t, monitor, DOMAIN, INTERVAL)
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds")


labs.tell(story, "nsd", "knotd", "unbound")
