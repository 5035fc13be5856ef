#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 at random moments while zones keep changing: what was announced is kept, once."""
import collections
import random
import re
import threading
import time

import daemon
import lab as labs
import promises
import world

ROUNDS = 1000 if labs.LONG else 200
DOMAINS = [f"d{n}.example" for n in range(8)]
INTERVAL = 0.2
LIFE = 0.45  # longest life of a monitor in seconds
ANNOUNCED = re.compile(r"\bchange\b.*?\b(lab-\d+)\b")


class Editor(threading.Thread):
    """Moves one domain after another to its next MX set, without a pause, and keeps the book."""

    def __init__(self, place):
        super().__init__(daemon=True)
        self.place, self.version, self.ending = place, collections.Counter(), False
        self.fault = None

    def run(self):
        try:
            while not self.ending:
                for domain in DOMAINS:
                    self.version[domain] += 1
                    self.place.edit(domain, mx_of_version(self.version[domain]))
        except Exception as error:
            self.fault = error


def mx_of_version(version):
    """The version is in the record: history must show an ascending series."""
    return world.mx((version, "mx00.ionos.example"))


def version_of(answer):
    return answer["mx"][0]["preference"]


def live_and_die(monitor, times):
    begun = time.monotonic()
    monitor.start(ready=False)
    labs.pass_time(random.uniform(0, LIFE))
    if monitor.process.poll() is not None:
        raise RuntimeError(f"the monitor left by itself: {monitor.logged()[-2000:]}")
    monitor.kill()
    times.append(time.monotonic() - begun)


def check_changes(t, monitor, editor):
    announced = set(ANNOUNCED.findall(monitor.logged()))
    rows = monitor.changes()
    ids = collections.Counter(row["id"] for row in rows)
    t.ok(len(announced) >= ROUNDS // 4, "changes were announced between the kills",
         f"{len(announced)} announced, log:\n{monitor.logged()[-3000:]}")
    t.ok(announced <= set(ids), f"none of {len(announced)} announced changes is lost",
         sorted(announced - set(ids))[:20])
    t.ok(max(ids.values(), default=0) == 1, f"none of {len(rows)} recorded changes is doubled",
         ids.most_common(3))
    for domain in DOMAINS:
        own = [row for row in rows if row["domain"] == domain and row["server"] is None]
        told = [version_of(row["to"]) for row in own]
        t.ok(own and all(a["to"] == b["from"] for a, b in zip(own, own[1:]))
             and all(a < b for a, b in zip(told, told[1:]))
             and told[-1] <= editor.version[domain],
             f"{domain}: an unbroken ascending chain", told)


def story(lab, t):
    place = world.World(lab)
    for domain in DOMAINS:
        place.add_domain(domain, mx_of_version(0), ttl=1)
    place.start()
    monitor = daemon.Mxvigil(
        lab, views=[{"name": "direct", "kind": "recursive", "servers": [f"{world.ROOT}:53"]}],
        limits={"timeout": "300ms", "tries": 2, "per-server-qps": 0, "min-interval": "100ms"},
        watch=[{"name": "key", "domains": DOMAINS, "interval": "200ms", "views": ["direct"]}])
    editor = Editor(place)
    editor.start()
    times = []
    for _ in range(ROUNDS):
        live_and_die(monitor, times)
    t.note(f"{ROUNDS} kills in {sum(times):.1f} s")
    begun = time.monotonic()
    monitor.start()
    t.ok(time.monotonic() - begun < 2, "it starts within 2 s after all this")
    editor.ending = True
    editor.join()
    t.ok(editor.fault is None, "the zones kept changing", editor.fault)
    for domain in DOMAINS:
        monitor.await_view(domain, "direct", [(editor.version[domain], "mx00.ionos.example")])
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    check_changes(t, monitor, editor)
    verified = monitor.cli("verify")
    t.ok(verified.returncode == 0, "the chain of hashes holds", verified.stdout + verified.stderr)
    found = [f"{domain}: {fault}" for domain in DOMAINS
             for fault in promises.faults(*monitor.history(domain), INTERVAL)]
    t.ok(not found, "the history keeps its promises", "\n".join(found[:20]))
    reasons = {gap["reason"] for domain in DOMAINS
               for gap in monitor.history(domain)[1]["direct"]["gaps"]}
    t.ok(reasons <= {"crashed", "stopped", "overload", "timeout", "network"},
         "gaps say what they are", reasons)


labs.tell(story, "nsd", "unbound")
