#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Thousands of domains move in the same second, under a monitor of several threads."""
import collections

import daemon
import lab as labs
import world

COUNT = 10_000 if labs.LONG else 2_000
OLD, NEW = "mx.ionos.example", "mx.icloud.example"


def lines(host):
    return [f"d{number} MX 10 {host}." for number in range(COUNT)]


def story(lab, t):
    place = world.World(lab)
    place.add_domain("bulk.example", lines(OLD), ttl=1)
    place.start(recursor=False)
    domains = lab.path / "domains.txt"
    domains.write_text("".join(f"d{number}.bulk.example\n" for number in range(COUNT)))
    monitor = daemon.Mxvigil(
        lab, views=[{"name": "direct", "kind": "recursive", "servers": [f"{world.ROOT}:53"]}],
        limits={"threads": 3, "per-server-qps": 0, "timeout": "2s"},
        watch=[{"name": "bulk", "domains-file": str(domains), "interval": "1s",
                "views": ["direct"]}])
    monitor.start()
    labs.until("every domain has been seen",
               lambda: monitor.rows("status")[0]["totals"]["spans"] == COUNT, 20, every=0.1)
    place.edit("bulk.example", lines(NEW))
    rows = monitor.await_changes(COUNT, seconds=60)
    told = collections.Counter(row["domain"] for row in rows)
    t.ok(len(told) == COUNT and max(told.values()) == 1, f"each of {COUNT} moved, once",
         told.most_common(3))
    t.ok(all(row["confirmed"] and row["kind"] == "replaced"
             and daemon.mx_of(row["to"]) == [(10, NEW)] for row in rows),
         "each is confirmed, and says where to")
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds")


if __name__ == "__main__":
    labs.tell(story, "nsd")
