#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What means the same to a sender is no change: order, duplicates, case, TTLs, serials."""
import random

import daemon
import lab as labs
import promises
import scripted
import world

HOSTS = tuple((10 * n, f"mx0{n}.ionos.example") for n in range(1, 6))
INTERVAL = 0.2
ROUNDS = 60 if labs.LONG else 25


def any_case(name):
    return "".join(random.choice((c.lower(), c.upper())) for c in name)


def shuffle(query):
    """The same set in another dress each time."""
    if query.kind != "MX":
        return None
    hosts = list(HOSTS) + random.choices(HOSTS, k=random.randrange(4))
    random.shuffle(hosts)
    return [scripted.reply(query, [
        scripted.record(any_case(query.name), "MX", (p, any_case(h)), random.choice((0, 5, 3600)))
        for p, h in hosts])]


def story(lab, t):
    place = world.World(lab, round_robin=True)
    place.add_domain("plain.example", world.mx(*HOSTS), ttl=60)
    place.add_domain("dressed.example", [], ns={"ns1": ["127.0.1.66"]}, here=False)
    place.start()
    dresser = scripted.Scripted("127.0.1.66", "dressed.example")
    dresser.records.update({("dressed.example", "NS"): ["ns1.dressed.example"],
                            ("ns1.dressed.example", "A"): ["127.0.1.66"]})
    dresser.script = shuffle
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS + [{"name": "direct", "kind": "recursive",
                                   "servers": ["127.0.1.66:53"]}],
        limits={"timeout": "500ms", "tries": 2, "per-server-qps": 1000, "min-interval": "100ms"},
        watch=[{"name": "plain", "domains": ["plain.example"], "interval": "200ms",
                "views": ["authoritative", "mta"]},
               {"name": "dressed", "domains": ["dressed.example"], "interval": "200ms",
                "views": ["authoritative", "direct"]}])
    monitor.start()
    for domain, view in (("plain.example", "authoritative"), ("plain.example", "mta"),
                         ("dressed.example", "authoritative"), ("dressed.example", "direct")):
        monitor.await_view(domain, view, HOSTS)
    place.edit("plain.example", world.mx(*reversed(HOSTS)), ttl=7)
    labs.until("the new TTL is seen", lambda: monitor.history(
        "plain.example", "--view", "authoritative")[0][0]["ttl_min"] == 7, 10, every=0.1)
    place.edit("plain.example", world.mx(*[(p, h.upper()) for p, h in HOSTS]), ttl=300)
    before = len(dresser.asked())
    labs.until(f"{ROUNDS} more polls of the dresser",
               lambda: len(dresser.asked()) >= before + ROUNDS, 30)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    for domain in ("plain.example", "dressed.example"):
        spans = monitor.history(domain)[0]
        t.ok(len(spans) == 2, f"{domain}: one span a view", spans)
        promises.check(t, monitor, domain, INTERVAL, f"{domain}: the history keeps its promises")
    spans = monitor.history("plain.example", "--view", "authoritative")[0]
    t.ok(spans[0]["ttl_min"] == 7 and spans[0]["ttl_max"] == 300,
         "the TTLs seen are kept beside the span", spans)
    dressed = monitor.history("dressed.example", "--view", "direct")[0][0]
    t.ok(dressed["polls"] >= ROUNDS // 2 and dressed["mx"] == [
        {"preference": p, "exchange": h} for p, h in HOSTS], "hosts are canonical", dressed)
    t.ok(not monitor.changes(), "no change is recorded", monitor.changes())
    t.ok(not monitor.changes("--suspicions"), "and none is suspected",
         monitor.changes("--suspicions"))


labs.tell(story, "nsd", "unbound")
