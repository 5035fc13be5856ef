#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Full disks, read-only disks, stores of a newer program, damaged stores."""
import os
import re
import sqlite3

import daemon
import lab as labs
import promises
import scripted

DOMAINS = [f"d{n}.disk.example" for n in range(40)]
SERVER = "127.0.1.66"
INTERVAL = 0.3


class Mover(scripted.Scripted):
    """Every domain has the MX set of the present version."""

    def __init__(self):
        super().__init__(SERVER, "disk.example")
        self.move_to(0)

    def move_to(self, version):
        self.version = version
        for domain in DOMAINS:
            self.records[(domain, "MX")] = [(10, f"mx{version}-{'x' * 40}.{domain}")]

    def hosts(self, domain):
        return [tuple(pair) for pair in self.records[(domain, "MX")]]


def make_monitor(lab, name, folder):
    return daemon.Mxvigil(
        lab, name, store=folder / "history.db",
        views=[{"name": "direct", "kind": "recursive", "servers": [f"{SERVER}:53"]}],
        control=str(lab.path / f"{name}.sock"),
        limits={"timeout": "300ms", "tries": 2, "per-server-qps": 0, "min-interval": "100ms"},
        watch=[{"name": "key", "domains": DOMAINS, "interval": "300ms", "views": ["direct"]}])


def fill(folder):
    """Leaves not a byte."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as out:
        try:
            while out.write(b"\0" * 65536):
                pass
        except OSError:
            pass
        try:
            while out.write(b"\0"):
                pass
        except OSError:
            pass
    return filler


def full(lab, t, mover):
    folder = lab.folder("small", size="4m")
    monitor = make_monitor(lab, "brim", folder)
    monitor.start()
    for domain in DOMAINS:
        monitor.await_view(domain, "direct", mover.hosts(domain))
    filler = fill(folder)
    mover.move_to(1)
    labs.until("the log says that the disk is full",
               lambda: "full" in monitor.logged().lower(), 30)
    asked = len(mover.asked())
    labs.until("polling goes on", lambda: len(mover.asked()) > asked + 4 * len(DOMAINS), 30)
    t.ok(monitor.process.poll() is None, "a full disk does not end the monitor")
    t.ok(monitor.cli("history", DOMAINS[0]).returncode == 0, "the history can be read meanwhile",
         monitor.cli("history", DOMAINS[0]).stderr)
    repeated = monitor.logged().lower().count("full")
    t.ok(repeated < 40, "the log is not flooded", repeated)
    filler.unlink()
    for domain in DOMAINS:
        monitor.await_view(domain, "direct", mover.hosts(domain), seconds=40)
    t.ok(True, "it resumes by itself when there is room")
    t.ok(monitor.stop() == 0, "and ends in peace")
    rows = monitor.changes()
    t.ok(len(rows) == len(DOMAINS), "every change is there once", len(rows))
    found = [f"{d}: {fault}" for d in DOMAINS
             for fault in promises.faults(*monitor.history(d), INTERVAL)]
    t.ok(not found, "the history keeps its promises", "\n".join(found[:10]))
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds",
         monitor.cli("verify").stderr)
    return monitor


def full_from_the_start(lab, t):
    folder = lab.folder("cramped", size="64k")
    monitor = make_monitor(lab, "tiny", folder)
    fill(folder)
    done = monitor.cli("run", "--once")
    t.ok(done.returncode == 1 and re.search("full|no space", done.stderr.lower()),
         "no room at the start: exit 1 and the reason", f"{done.returncode}: {done.stderr}")


def full_midway(lab, t, mover):
    folder = lab.folder("narrow", size="4m")
    monitor = make_monitor(lab, "midway", folder)
    monitor.write_conf(views=[{"name": "direct", "kind": "recursive", "qps": 10,
                               "servers": [f"{SERVER}:53"]}])
    asked = len(mover.asked())
    monitor.start("--once", ready=False)
    labs.until("polling has begun", lambda: len(mover.asked()) > asked, 20)
    fill(folder)
    t.ok(monitor.process.wait(30) == 1 and "full" in monitor.logged().lower(),
         "no room midway: run --once ends with 1 and the reason", monitor.logged()[-500:])


def read_only(lab, t, monitor):
    folder = monitor.store.parent
    before = monitor.rows("history", DOMAINS[0])
    labs.must("mount", "-o", "remount,ro", folder)
    done = monitor.cli("history", DOMAINS[0], "--json")
    t.ok(done.returncode == 0 and len(done.stdout.splitlines()) == len(before),
         "a read-only store can be read", f"{done.returncode}: {done.stderr}")
    for words in (("watch", "add", "other.example"), ("run", "--once")):
        done = monitor.cli(*words)
        t.ok(done.returncode == 1 and "read-only" in done.stderr.lower(),
             f"{words[0]} says that the store is read-only", f"{done.returncode}: {done.stderr}")
    labs.must("mount", "-o", "remount,rw", folder)
    t.ok(monitor.cli("watch", "add", "other.example").returncode == 0, "later it writes again")


def newer(t, monitor):
    with sqlite3.connect(monitor.store) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute("PRAGMA user_version = 9999")
    db.close()
    for words in (("history", DOMAINS[0]), ("run", "--once"), ("watch", "add", "x.example")):
        done = monitor.cli(*words)
        t.ok(done.returncode == 1 and "9999" in done.stderr,
             f"{words[0]}: a newer schema is refused", f"{done.returncode}: {done.stderr}")
    with sqlite3.connect(monitor.store) as db:
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    t.ok(monitor.cli("history", DOMAINS[0]).returncode == 0, "and left as it was")


def damaged(t, monitor):
    with open(monitor.store, "r+b") as file:
        file.write(b"this is no database at all" * 10)
    done = monitor.cli("history", DOMAINS[0])
    t.ok(done.returncode == 1 and str(monitor.store) in done.stderr, "a damaged store is named",
         f"{done.returncode}: {done.stderr}")
    os.unlink(monitor.store)
    done = monitor.cli("history", DOMAINS[0])
    t.ok(done.returncode == 1 and str(monitor.store) in done.stderr, "a missing store is named",
         f"{done.returncode}: {done.stderr}")


def story(lab, t):
    mover = Mover()
    monitor = full(lab, t, mover)
    full_from_the_start(lab, t)
    full_midway(lab, t, mover)
    read_only(lab, t, monitor)
    newer(t, monitor)
    damaged(t, monitor)


labs.tell(story)
