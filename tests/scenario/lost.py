#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A question is lost just when the answer changes: the hole between the spans says so."""
import daemon
import lab as labs
import promises
import scripted

DOMAIN = "lost.example"
OLD = ((10, "mx00.ionos.example"),)
NEW = ((10, "mx00.icloud.example"),)
SERVER = "127.0.1.71"
INTERVAL = 0.5


def story(lab, t):
    server = scripted.Scripted(SERVER, DOMAIN)
    server.records[(DOMAIN, "MX")] = list(OLD)
    monitor = daemon.Mxvigil(
        lab, views=[{"name": "mta", "kind": "recursive", "servers": [f"{SERVER}:53"]}],
        limits={"timeout": "400ms", "tries": 3, "per-server-qps": 0, "min-interval": "100ms"},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "500ms", "views": ["mta"]}])
    monitor.start()
    monitor.await_view(DOMAIN, "mta", OLD)
    lost = []

    def lose_one(query):
        if lost:
            return None
        lost.append(query)
        return []
    server.records[(DOMAIN, "MX")] = list(NEW)
    server.script = lose_one
    monitor.await_view(DOMAIN, "mta", NEW)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    spans, coverage = monitor.history(DOMAIN)
    hole = daemon.epoch(spans[1]["first_seen"]) - daemon.epoch(spans[0]["last_seen"])
    gaps = [gap for gap in coverage["mta"]["gaps"] if gap["from"] == spans[0]["last_seen"]]
    t.ok(hole > INTERVAL + 0.1 and [gap["reason"] for gap in gaps] == ["timeout"],
         f"a hole of {hole:.3f} s is a gap, and its reason is the server's silence",
         coverage["mta"]["gaps"])
    promises.check(t, monitor, DOMAIN, INTERVAL)


labs.tell(story)
