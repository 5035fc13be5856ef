#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 at random moments while there is something to tell: all of it is told, and what comes
twice is the same mail, which only a kill between the server's answer and our note of it does."""
import collections
import email
import email.policy
import random
import re
import threading
import time

import daemon
import lab as labs
import smtp
import world

ROUNDS = 200
LIFE = 0.5  # longest life of a monitor in seconds
TEAMS = 6
DOMAINS = [f"d{number}.example" for number in range(5 * TEAMS)]
HOME = ((10, "mx00.kundenserver.de"),)
AWAY = ((10, "mx01.mail.icloud.com"),)
FROM = "mxvigil@sender.example"


def team_of(domain):
    return DOMAINS.index(domain) % TEAMS


def people_of(team):
    return [f"{name}{team}@receiver.example" for name in ("anna", "berta")]


class Editor(threading.Thread):
    """Moves one domain after another away, and home again the next time."""

    def __init__(self, place):
        super().__init__(daemon=True)
        self.place, self.away, self.ending, self.fault = place, set(), threading.Event(), None

    def run(self):
        try:
            while not self.ending.wait(0.3):
                domain = random.choice(DOMAINS)
                self.away ^= {domain}
                self.place.edit(domain, world.mx(*(AWAY if domain in self.away else HOME)), ttl=1)
        except Exception as error:
            self.fault = error


def live_and_die(monitor):
    monitor.start(ready=False)
    labs.pass_time(random.uniform(0.05, LIFE))
    if monitor.process.poll() is not None:
        raise RuntimeError(f"the monitor left by itself: {monitor.logged()[-2000:]}")
    monitor.kill()


def sections(server):
    teams = range(TEAMS)
    return {
        "channels": [{"name": f"team{team}", "type": "email", "tls": "none", "from": FROM,
                      "smtp": f"smtp://{server.ip}:25", "to": people_of(team)}
                     for team in teams],
        # Not more than 30 alerts an hour for each: what is over that waits.
        "routes": [{"name": f"team{team}", "min-severity": "info", "group-wait": "6s",
                    "channels": [f"team{team}"],
                    "domains": [d for d in DOMAINS if team_of(d) == team]} for team in teams],
        "watch": [{"name": "key", "domains": DOMAINS, "interval": "200ms",
                   "views": ["authoritative"]}],
        "views": world.VIEWS[:1],
        "limits": {**daemon.Mxvigil.LIMITS, "min-interval": "200ms"},
    }


def await_quiet(monitor):
    """Nothing is gathered, and nothing waits."""
    labs.until("all is told", lambda: not [
        row for row in monitor.rows("alerts", "list") if row["state"] in ("gathering", "waiting")],
        60, every=0.5)


def check_alerts(t, rows, mails):
    """Each alert of the outbox is with each of its recipients."""
    got = collections.Counter(
        (mail["Message-ID"], recipient) for mail, recipient, _ in mails)
    planned = {(f"<{row['alert']}@sender.example>", row["recipient"]) for row in rows}
    t.ok(len(planned) >= 40 and {row["state"] for row in rows} == {"sent"},
         f"{len(planned)} mails were to be sent, and are", collections.Counter(
             row["state"] for row in rows))
    t.ok(planned <= set(got), "none of them is lost", sorted(planned - set(got))[:10])
    t.ok(set(got) <= planned, "nothing else was sent", sorted(set(got) - planned)[:10])
    copies = collections.defaultdict(set)
    for mail, recipient, data in mails:
        copies[mail["Message-ID"], recipient].add(data)
    doubled = sum(count - 1 for count in got.values())
    t.ok(all(len(variants) == 1 for variants in copies.values()),
         "a second copy is the same, byte by byte",
         [key for key, variants in copies.items() if len(variants) > 1][:10])
    t.ok(doubled <= ROUNDS // 4, f"{doubled} came twice in {ROUNDS} kills", got.most_common(5))


def check_incidents(t, monitor, mails):
    """Each incident was told to those whom it concerns, and to nobody else."""
    told = collections.defaultdict(set)
    for mail, recipient, _ in mails:
        text = mail.get_body(("plain",)).get_content() + mail["Subject"]
        for domain in re.findall(r"\bd\d+\.example\b", text):
            told[domain].add(recipient)
    domains = {row["domain"] for row in monitor.rows("incidents", "--from", "-1d")}
    t.ok(len(domains) >= TEAMS, f"{len(domains)} domains had incidents", sorted(domains))
    silent = [d for d in domains if told[d] != set(people_of(team_of(d)))]
    t.ok(not silent, "each was told to those whom it concerns, and to nobody else",
         [(d, sorted(told[d])) for d in silent])


def story(lab, t):
    place = world.World(lab)
    for domain in DOMAINS:
        place.add_domain(domain, world.mx(*HOME), ttl=1)
    place.start()
    server = smtp.Receiver("mx.receiver.example", "127.0.0.26")
    monitor = daemon.Mxvigil(lab, **sections(server)).start()
    for domain in DOMAINS:
        monitor.await_view(domain, "authoritative", HOME)
    editor = Editor(place)
    editor.start()
    monitor.kill()
    began = time.monotonic()
    for _ in range(ROUNDS):
        live_and_die(monitor)
    t.note(f"{ROUNDS} kills in {time.monotonic() - began:.0f} s")
    editor.ending.set()
    editor.join()
    t.ok(editor.fault is None, "the zones were edited to the end", editor.fault)
    monitor.start()
    await_quiet(monitor)
    mails = [(email.message_from_bytes(mail.data, policy=email.policy.default),
              mail.recipients[0], mail.data) for mail in list(server.mails)]
    check_alerts(t, monitor.rows("alerts", "list"), mails)
    check_incidents(t, monitor, mails)
    t.ok(monitor.say("verify") is not None, "the history is whole")
    t.ok(monitor.stop() == 0, "the monitor ends in peace")


labs.tell(story, "nsd", "unbound")
