#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A domain that is an alias into a zone of somebody else: mail goes where the alias leads."""
import daemon
import promises
import servers
import world

DOMAIN, TARGET = "lists.online.example", "mail.host.example"
HERE, THERE = [(10, "mx1.host.example")], [(10, "mx2.host.example"), (20, "mx3.host.example")]


def lines(owner, hosts):
    return [f"{owner} MX {preference} {name}." for preference, name in hosts]


def story(lab, t):
    place = world.World(lab)
    host = servers.Nsd(lab, ("127.0.1.4",), "host")
    host.add_zone("host.example", lines("mail", HERE) + ["ns1 A 127.0.1.4"], ttl=1)
    place.delegations += ["host.example. NS ns1.host.example.",
                          "ns1.host.example. A 127.0.1.4"]
    owner = servers.Nsd(lab, ("127.0.1.3",), "owner")
    alias = [f"lists CNAME {TARGET}.", "ns1 A 127.0.1.3"]
    owner.add_zone("online.example", alias, ttl=1)
    place.delegations += ["online.example. NS ns1.online.example.",
                          "ns1.online.example. A 127.0.1.3"]
    host.start()
    owner.start()
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "1s",
                "views": ["authoritative", "mta"]}])
    monitor.start()
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, HERE)
    t.ok(True, "the hosts of the alias are those of the domain, in both views")
    t.ok(not monitor.changes(), "and nothing has changed")

    host.edit("host.example", lines("mail", THERE) + ["ns1 A 127.0.1.4"])
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, THERE)
    rows = monitor.await_changes(2)
    t.ok({row["view"] for row in rows} == {"authoritative", "mta"}
         and all(row["confirmed"] for row in rows),
         "what changes behind the alias is a change of the domain, confirmed", rows)

    owner.edit("online.example", ["lists CNAME nowhere.host.example.", "ns1 A 127.0.1.3"])
    rows = monitor.await_changes(4)
    t.ok(all(row["to"]["answer"] == "nxdomain" for row in rows[2:]),
         "an alias to a name that does not exist is no such domain", rows[2:])
    owner.edit("online.example", ["lists CNAME lists2", f"lists2 CNAME {TARGET}.",
                                  "ns1 A 127.0.1.3"])
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, THERE)
    t.ok(True, "two aliases on the way are followed too")
    before = len(monitor.changes())
    owner.edit("online.example", [f"lists CNAME {TARGET}.", "ns1 A 127.0.1.3"])
    polls = monitor.history(DOMAIN, "--view", "authoritative")[0][-1]["polls"]
    daemon.labs.until("polls over the other way", lambda: monitor.history(
        DOMAIN, "--view", "authoritative")[0][-1]["polls"] > polls + 3, 20, every=0.2)
    t.ok(len(monitor.changes()) == before, "another way to the same hosts is no change",
         monitor.changes()[before:])
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    promises.check(t, monitor, DOMAIN, 1.0)


daemon.labs.tell(story, "nsd", "unbound")
