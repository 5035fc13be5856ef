#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Thousands of domains move within a minute: each receiver gets one mail an interval.

All of them are incidents of the history and known to the channel; what a mail does not list it
counts. The monitor's memory stays as it is.
"""
import re
import time

import alerts
import daemon
import lab as labs
import storm
import world

WAIT = 5  # seconds between two alerts of the channel
COUNT = storm.COUNT
ROUTES = [{"name": "all", "channels": ["team"], "group-wait": f"{WAIT}s"}]


def memory(process):
    """Kilobytes that the process has had at most."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def told(monitor):
    """Incidents that sent alerts tell of."""
    rows = monitor.rows("alerts")
    done = {row["alert"]: row["incidents"] for row in rows if row["state"] == "sent"}
    return sum(done.values()), rows


def start(lab, place, t):
    domains = lab.path / "domains.txt"
    domains.write_text("".join(f"d{number}.bulk.example\n" for number in range(COUNT)))
    monitor = daemon.Mxvigil(
        lab, views=[{"name": "direct", "kind": "recursive", "servers": [f"{world.ROOT}:53"]}],
        limits={"threads": 2, "per-server-qps": 0, "timeout": "2s"},
        channels=alerts.CHANNELS, routes=ROUTES,
        watch=[{"name": "bulk", "domains-file": str(domains), "interval": "1s",
                "views": ["direct"]}])
    monitor.start()
    labs.until("every domain has been seen",
               lambda: monitor.rows("status")[0]["totals"]["spans"] == COUNT, 30, every=0.1)
    t.ok(not monitor.rows("alerts"), "nobody is told while all is quiet")
    return monitor


def check_list(t, mail):
    """A mail of thousands says what happened to how many, and a file names them all."""
    t.ok(re.search(r"[\d,]+ domains moved to ", mail["Subject"]),
         "its subject says how many, and where to", mail["Subject"])
    files = [part for part in mail.iter_attachments()]
    lines = files[0].get_content().splitlines() if files else []
    named = {line.split("  ")[0] for line in lines}
    count = int(re.search(r"([\d,]+) domains", mail["Subject"])[1].replace(",", ""))
    t.ok(len(named) == len(lines) >= count > 200 and
         all(name.endswith(".bulk.example") for name in named),
         "and a file names each of them once", (len(lines), count, lines[:3]))


def story(lab, t):
    place = world.World(lab)
    place.add_domain("bulk.example", storm.lines(storm.OLD), ttl=1)
    place.start(recursor=False)
    box = alerts.Box()
    monitor = start(lab, place, t)
    before = memory(monitor.process)
    began = time.time()
    place.edit("bulk.example", storm.lines(storm.NEW))
    monitor.await_changes(COUNT, seconds=90)
    labs.until("all incidents are told", lambda: told(monitor)[0] >= COUNT, 60, every=0.5)
    took = time.time() - began
    mails = box.mails()
    t.note(f"{len(mails)} mails of {COUNT} domains in {took:.1f} s, memory "
           f"{before} to {memory(monitor.process)} kB")
    t.ok(len(mails) == len(box.mails(alerts.TEAM[1])) <= took / WAIT + 1,
         "each receiver gets one mail an interval", (len(mails), took))
    gaps = [b[1] - a[1] for a, b in zip(mails, mails[1:])]
    t.ok(all(gap > WAIT * 0.8 for gap in gaps), "and no two of them sooner", gaps)
    count, rows = told(monitor)
    t.ok(count == COUNT and {row["state"] for row in rows} == {"sent"},
         "the alerts tell of each domain once", count)
    t.ok(len(monitor.rows("incidents")) == COUNT, "and each is in the history")
    largest = max((mail for mail, _ in mails), key=lambda mail: len(mail.as_bytes()))
    t.ok(len(largest.as_bytes()) < 2_000_000, "no mail is huge", len(largest.as_bytes()))
    check_list(t, largest)
    t.ok(memory(monitor.process) - before < 10 * COUNT + 40_000, "the memory stays as it was",
         (before, memory(monitor.process)))
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds")


if __name__ == "__main__":
    labs.tell(story, "nsd")
