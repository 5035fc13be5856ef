#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every kind of change is recorded as what it is."""
import daemon
import lab as labs
import promises
import world

NAME = "mail.online.example"
A, B, C, D, E = (f"mx{n}.ionos.example" for n in "abcde")
OTHER = ["other MX 7 mxe.ionos.example."]


def hosts(*pairs):
    return [f"mail MX {preference} {name}." for preference, name in pairs]


# zone lines, expected kind, answer, set
STEPS = (
    (hosts((10, A)), None, "mx", [(10, A)]),
    (hosts((10, A), (20, B)), "added", "mx", [(10, A), (20, B)]),
    (hosts((5, A), (20, B)), "preference", "mx", [(5, A), (20, B)]),
    (hosts((5, A)), "removed", "mx", [(5, A)]),
    (hosts((5, C)), "replaced", "mx", [(5, C)]),
    (hosts((5, C), (9, D)), "added", "mx", [(5, C), (9, D)]),
    (hosts((5, C), (9, B)), "partly-replaced", "mx", [(5, C), (9, B)]),
    (["mail MX 0 ."], "answer", "null-mx", [(0, "")]),
    (['mail TXT "no mail exchanger here"'], "answer", "nodata", []),
    (hosts((10, A)), "answer", "mx", [(10, A)]),
    ([], "answer", "nxdomain", []),
    (["mail CNAME other"], "answer", "mx", [(7, E)]),
    (hosts((10, A)), "replaced", "mx", [(10, A)]),
)


def story(lab, t):
    place = world.World(lab)
    place.add_domain("online.example", STEPS[0][0] + OTHER, ttl=1)
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        limits={"timeout": "500ms", "tries": 2, "per-server-qps": 1000, "min-interval": "200ms"},
        watch=[{"name": "key", "domains": [NAME], "interval": "500ms",
                "views": ["authoritative"]}])
    monitor.start()
    monitor.await_view(NAME, "authoritative", STEPS[0][3])
    for count, (lines, kind, answer, expected) in enumerate(STEPS[1:], 1):
        place.edit("online.example", lines + OTHER)
        label = f"{count}: {kind}, {answer} {expected}"
        try:
            rows = monitor.await_changes(count, "--domain", NAME)
        except labs.Late:
            rows = monitor.changes("--domain", NAME)
        last = rows[-1] if rows else {}
        t.ok(len(rows) == count and last["kind"] == kind and last["to"]["answer"] == answer
             and daemon.mx_of(last["to"]) == sorted(expected), label, rows[-2:])
    rows = monitor.changes("--domain", NAME)
    t.ok(all(old["to"] == new["from"] for old, new in zip(rows, rows[1:])),
         "each change starts where the one before it ended", rows)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    spans = monitor.history(NAME)[0]
    t.ok([(s["answer"], daemon.mx_of(s)) for s in spans] == [
        (step[2], sorted(step[3])) for step in STEPS], "the history tells the same", spans)
    t.ok(spans[10]["ttl_min"] is None and spans[0]["ttl_min"] == 1,
         "no TTL without an RRset", spans[10])
    promises.check(t, monitor, NAME, 0.5)


labs.tell(story, "nsd", "unbound")
