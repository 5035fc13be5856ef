#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Nobody names a domain: those that our own mail goes to are watched by themselves."""
import time

import daemon
import lab as labs
import world

INTERVAL = 1
HOSTS = {f"{name}.example": ((10, f"mx.{name}.example"),)
         for name in ("heavy", "middle", "small", "late", "later", "probed", "ours")}
FIRST = ["heavy.example", "middle.example", "small.example"]


class Log:
    """What Postfix writes, followed by the monitor."""

    def __init__(self, path):
        self.path = path
        self.number = 0

    def write(self, recipient, count, relay="mx.out.example[192.0.2.1]:25", status="sent",
              reply="250 2.0.0 ok"):
        with self.path.open("a") as out:
            for _ in range(count):
                self.number += 1
                out.write(f"{daemon.stamp(time.time())} host postfix/smtp[7]: "
                          f"4ABCDE{self.number:05X}: to=<{recipient}>, relay={relay}, delay=1, "
                          f"delays=0/0/0/1, dsn=2.0.0, status={status} ({reply})\n")


def make_monitor(lab, log):
    return daemon.Mxvigil(
        lab, "popular", views=world.VIEWS,
        deliveries=[{"name": "postfix", "format": "postfix", "path": str(log.path)}],
        watch=[{"name": "auto", "top-recipients": 3, "interval": f"{INTERVAL}s",
                "views": ["authoritative"]}])


def members(monitor):
    """{domain: when it entered the list}; refuses rows of any other group."""
    rows = monitor.rows("watch", "list")
    if any(row["watch"] != "auto" or row["views"] != ["authoritative"] for row in rows):
        raise ValueError(rows)
    return {row["domain"]: row["added_at"] for row in rows}


def await_counted(monitor, domain, count):
    def counted():
        done = monitor.cli("deliveries", domain, "--json")
        return done.returncode == 0 and f'"count":{count}' in done.stdout.replace(" ", "")
    labs.until(f"{count} deliveries to {domain} are counted", counted, 20, every=0.1)


def restart(t, monitor, label):
    t.ok(monitor.stop() == 0, f"{label}: the monitor ends in peace")
    monitor.start()


def find_first(t, monitor, log):
    """Mail to three domains; a probe, and mail that never left us, are no reason to watch."""
    for domain, count in zip(FIRST, (9, 6, 3)):
        log.write(f"a@{domain}", count)
    log.write("a@probed.example", 20, status="deliverable", reply="delivers to mailbox")
    log.write("a@ours.example", 20, relay="local", reply="delivered to mailbox")
    monitor.start()
    for domain in FIRST:
        monitor.await_view(domain, "authoritative", HOSTS[domain], seconds=40)
    found = members(monitor)
    t.ok(sorted(found) == FIRST, "the domains that mail goes to are watched", found)
    return found


def grow(t, monitor, log, before):
    """A fourth comes in; the one that it passed is near enough to stay."""
    log.write("a@late.example", 12)
    await_counted(monitor, "late.example", 12)
    restart(t, monitor, "a fourth")
    monitor.await_view("late.example", "authoritative", HOSTS["late.example"], seconds=40)
    after = members(monitor)
    t.ok(sorted(after) == sorted([*FIRST, "late.example"]), "a fourth outgrows one", after)
    t.ok({domain: after[domain] for domain in FIRST} == before,
         "through a restart the others are what they were", (before, after))


def outgrow(t, monitor, log):
    """A fifth: now the last one is too far down, and its coverage ends."""
    log.write("a@later.example", 15)
    await_counted(monitor, "later.example", 15)
    restart(t, monitor, "a fifth")
    monitor.await_view("later.example", "authoritative", HOSTS["later.example"], seconds=40)
    after = members(monitor)
    t.ok("small.example" not in after and len(after) == 4, "the last one leaves", after)
    left = time.time()
    spans, coverage = monitor.history("small.example")
    t.ok(len(spans) == 1 and daemon.epoch(spans[0]["last_seen"]) < left,
         "what was seen of it stays", spans)
    labs.pass_time(5 * INTERVAL)
    spans, coverage = monitor.history("small.example", "--from", daemon.stamp(left - 1))
    gaps = coverage["authoritative"]["gaps"]
    t.ok(gaps and gaps[-1]["reason"] == "unwatched", "and nobody claims to look on", coverage)
    return after


def story(lab, t):
    place = world.World(lab)
    for domain, hosts in HOSTS.items():
        place.add_domain(domain, world.mx(*hosts), ttl=2)
    place.start()
    log = Log(lab.folder("mail") / "mail.log")
    log.path.touch()
    monitor = make_monitor(lab, log)
    before = find_first(t, monitor, log)
    grow(t, monitor, log, before)
    after = outgrow(t, monitor, log)
    t.ok(not {"probed.example", "ours.example"} & set(after), "probes and our own are no mail")
    monitor.kill()
    monitor.start()
    labs.until("polls go on", lambda: monitor.history("late.example")[0][-1]["polls"] > 3, 20)
    t.ok(members(monitor) == after, "a crash changes nothing", members(monitor))
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds")


labs.tell(story, "nsd", "unbound")
