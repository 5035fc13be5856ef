#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One of a domain's servers says something else, or nothing: it is named, the domain is not."""
import daemon
import lab as labs
import promises
import servers
import world

DOMAIN = "online.example"
OLD = ((10, "mx00.ionos.example"),)
NEW = ((10, "mx00.icloud.example"),)
INTERVAL = 0.5
NS = {"ns1": ["127.0.1.1", "fd00::1"], "ns2": ["127.0.1.2"], "ns3": ["fd00::3"]}
KNOT = "127.0.1.2"


def of_servers(rows):
    return [row for row in rows if row["server"] is not None]


def of_view(rows):
    return [row for row in rows if row["server"] is None]


def names(row, address):
    return address in (row["server"] or "")


def stale(t, monitor, knot, place):
    """Knot alone serves another set: a span of its own, the domain stands."""
    place.edit(DOMAIN, world.mx(*NEW), server=knot)
    rows = labs.until("a change of one server", lambda: of_servers(monitor.changes()), 20)
    t.ok(len(rows) == 1 and names(rows[0], KNOT) and daemon.mx_of(rows[0]["to"]) == sorted(NEW),
         "the server that differs is named", rows)
    spans = monitor.history(DOMAIN)[0]
    t.ok([daemon.mx_of(s) for s in of_servers(spans)] == [sorted(NEW)]
         and names(of_servers(spans)[0], KNOT), "it has a span of its own", spans)
    t.ok(not of_view(monitor.changes()) and len(of_view(spans)) == 1,
         "the domain is not said to have changed", monitor.changes())


def follow(t, monitor, place, third):
    """The others move too: the domain changes, and Knot differs no more."""
    place.edit(DOMAIN, world.mx(*NEW), server=third)
    place.edit(DOMAIN, world.mx(*NEW))
    monitor.await_view(DOMAIN, "authoritative", NEW)
    rows = of_view(monitor.changes())
    t.ok(len(rows) == 1 and rows[0]["confirmed"], "the domain changes when most say so", rows)


def left_behind(t, monitor, place, third, knot):
    """Everybody moves back but Knot, the stale secondary."""
    place.edit(DOMAIN, world.mx(*OLD), server=third)
    place.edit(DOMAIN, world.mx(*OLD))
    monitor.await_view(DOMAIN, "authoritative", OLD)
    labs.until("the stale server has a span of its own", lambda: [
        row for row in of_servers(monitor.history(DOMAIN)[0])[1:]
        if names(row, KNOT) and daemon.mx_of(row) == sorted(NEW)], 20)
    t.ok(len(of_view(monitor.changes())) == 2, "the domain went back once", monitor.changes())
    place.edit(DOMAIN, world.mx(*OLD), server=knot)


def lame(lab, t, monitor, knot):
    """Knot no longer has the zone: REFUSED is no answer, and the others suffice."""
    known = len(monitor.changes())
    knot.stop()
    knot.zones.clear()
    knot.start()
    since = monitor.history(DOMAIN)[0][-1]["polls"]
    labs.until("ten more polls",
               lambda: of_view(monitor.history(DOMAIN)[0])[-1]["polls"] >= since + 10, 30)
    t.ok(len(of_view(monitor.changes())) == 2, "a lame server changes nothing",
         monitor.changes()[known:])

    def named():
        gaps = monitor.history(DOMAIN)[1]["authoritative"]["server_gaps"]
        return [gap for gap in gaps if gap["server"] == KNOT and gap["reason"] == "refused"]
    t.ok(labs.until("the lame server is named", named, 30, every=0.2),
         "a lame server is named, with its reason")


def story(lab, t):
    place = world.World(lab)
    knot = servers.Knot(lab, (KNOT,))
    third = servers.Nsd(lab, ("fd00::3",), "third")
    place.add_domain(DOMAIN, world.mx(*OLD), ttl=2, ns=NS, extra=[knot, third])
    for server in (knot, third):
        server.start()
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        limits={"timeout": "500ms", "tries": 3, "per-server-qps": 1000, "min-interval": "200ms"},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "500ms",
                "views": ["authoritative"]}])
    monitor.start()
    monitor.await_view(DOMAIN, "authoritative", OLD)
    stale(t, monitor, knot, place)
    follow(t, monitor, place, third)
    left_behind(t, monitor, place, third, knot)
    lame(lab, t, monitor, knot)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    coverage = monitor.history(DOMAIN)[1]["authoritative"]
    t.ok(not coverage["gaps"] and coverage["largest_gap_s"] < 2 * INTERVAL + 0.5,
         "the view was never blind", coverage)
    promises.check(t, monitor, DOMAIN, INTERVAL)


labs.tell(story, "nsd", "knotd", "unbound")
