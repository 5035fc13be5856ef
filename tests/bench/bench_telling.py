#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""From the edit of a zone to the mail in the receiver's box, with real servers.

usage: bench_telling.py [EDITS] [INTERVAL]      (as root; 30 edits at 2 s)

NSD serves the zones, Unbound resolves, and a Postfix with STARTTLS and AUTH takes the alerts into
a maildir. One domain after the other is moved to another operator at a random moment of the poll
interval. Printed are the times from the end of the edit to the first sight (in the history), to
the incident (in the store), and to the file in the maildir; beside them what the same Postfix
takes for one mail that is handed to it at once, in the same minute. The goal is a median of
one interval and 2 s.
"""
import random
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / part) for part in ("scenario", "alerts")]
import courier  # noqa: E402
import daemon  # noqa: E402
import lab as labs  # noqa: E402
import mailbox  # noqa: E402
import world  # noqa: E402

HOME, AWAY = [(10, "mx00.hoster.example")], [(10, "mx01.cloud.example")]


def seconds_of(text):
    return float(text.rstrip("s"))


def show(what, times):
    times = sorted(times)
    print(f"{what:28} median {statistics.median(times):6.2f} s   p95 "
          f"{times[int(0.95 * (len(times) - 1))]:6.2f} s   largest {times[-1]:6.2f} s", flush=True)


def hand_over(box, number):
    """One mail by the receiver's own sendmail: how long until it is in the box?"""
    before = len(box.files("team"))
    began = time.time()
    box.send("team@receiver.example", subject=f"peer {number}")
    labs.until("the peer's mail is there", lambda: len(box.files("team")) > before, every=0.005)
    return time.time() - began


def measure(place, monitor, box, domain, interval):
    time.sleep(random.uniform(0, interval))
    before = {path.name for path in box.files("team")}
    place.edit(domain, world.mx(*AWAY), ttl=1)
    edited = time.time()

    def arrived():
        return [path for path in box.files("team") if path.name not in before and
                domain in path.read_text(errors="replace")]
    path, *_ = labs.until(f"a mail tells of {domain}", arrived, 60, every=0.005)
    in_box = time.time() - edited
    row = next(row for row in monitor.rows("incidents") if row["domain"] == domain)
    return (daemon.epoch(row["change_at"]) - edited, daemon.epoch(row["opened_at"]) - edited,
            in_box, path)


def story(lab, t):
    edits = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    interval = sys.argv[2] if len(sys.argv) > 2 else "2s"
    lab.own_etc()
    certificates = courier.Certificates()
    box = mailbox.Mailbox(lab, *certificates.make("good", "127.0.0.26")).start()
    mailbox.trust(certificates.authority)
    lab.resolv_conf(world.RECURSOR)
    place = world.World(lab)
    domains = [f"domain{number}.example" for number in range(edits)]
    for domain in domains:
        place.add_domain(domain, world.mx(*HOME), ttl=1)
    place.start()
    password = lab.folder("secrets") / "password"
    password.write_text(box.password)
    password.chmod(0o600)
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS, watch=[{"name": "all", "domains": domains, "interval": interval}],
        channels=[{"name": "team", "type": "email", "smtp": box.url(), "tls": "required",
                   "user": "mx", "password-file": str(password),
                   "from": "mxvigil@sender.example", "to": ["team@receiver.example"]}],
        routes=[{"name": "all", "channels": ["team"], "group-wait": "1s"}])
    monitor.start()
    for domain in domains:
        monitor.await_view(domain, "authoritative", HOME, seconds=30)
        monitor.await_view(domain, "mta", HOME, seconds=30)
    print(f"# {daemon.binary()} run: {edits} edits, interval {interval}", flush=True)
    print("# peer: postfix sendmail, handed over at once", flush=True)
    rows = [measure(place, monitor, box, domain, seconds_of(interval)) for domain in domains]
    peer = [hand_over(box, number) for number in range(10)]
    show("edit -> first sight", [row[0] for row in rows])
    show("edit -> incident", [row[1] for row in rows])
    show("edit -> mail in the box", [row[2] for row in rows])
    show("peer: hand-over -> box", peer)
    median = statistics.median(row[2] for row in rows)
    print(f"# median less one interval: {median - seconds_of(interval):.2f} s (goal: under 2 s); "
          f"first sight to box: "
          f"{statistics.median(row[2] - row[0] for row in rows) / statistics.median(peer):.1f}"
          f" x the peer", flush=True)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")


mailbox.Mailbox.require()
labs.tell(story, "nsd", "unbound", "openssl")
