#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""From the edit of a zone to the mail in the team's box: suspicion, verdict, return, all-clear.

The monitor is killed in between, and the team's server is down for a while: the thread goes on, and
nothing is told twice.
"""
import email
import email.policy
import time

import daemon
import incident
import lab as labs
import smtp
import world

DOMAIN, HOME, AWAY = incident.DOMAIN, incident.HOME, incident.AWAY
TEAM = ["one@team.example", "two@team.example"]
CHANNELS = [{"name": "team", "type": "email", "smtp": "smtp://127.0.2.9:25", "tls": "none",
             "from": "mxvigil@sender.example", "to": TEAM}]
ROUTES = [{"name": "all", "channels": ["team"], "group-wait": "2s"}]


class Box:
    """What the team's server took, as an independent parser of MIME reads it."""

    def __init__(self):
        self.server = smtp.Receiver("mx.team.example", "127.0.2.9")

    def mails(self, recipient=TEAM[0]):
        return [(email.message_from_bytes(mail.data, policy=email.policy.default), mail.at)
                for mail in list(self.server.mails) if mail.recipients == (recipient,)]

    def await_mail(self, what, fits, seconds=15):
        return labs.until(what, lambda: next(
            (pair for pair in self.mails() if fits(pair[0])), None), seconds, every=0.05)

    def subjects(self):
        return [mail["Subject"] for mail, _ in self.mails()]


def body(mail, kind="plain"):
    return mail.get_body((kind,)).get_content()


def alerts(monitor, *words):
    return monitor.rows("alerts", *words)


def check_first(t, mail, at, edited):
    t.note(f"the suspicion was told {at - edited:.2f} s after the edit")
    t.ok(mail["Subject"].startswith("[mxvigil] warning: ") and DOMAIN in mail["Subject"],
         "its subject can be filtered", mail["Subject"])
    t.ok(mail["Auto-Submitted"] == "auto-generated" and mail["In-Reply-To"] is None,
         "made by a program, and the first of its thread", mail.as_string()[:800])
    t.ok(DOMAIN in body(mail) and AWAY[0][1] in body(mail), "it says what happened", body(mail))
    t.ok(DOMAIN in body(mail, "html"), "as a page too")


def check_follows(t, what, mail, first):
    t.ok(mail["In-Reply-To"] == first["Message-ID"] and
         first["Message-ID"] in (mail["References"] or ""), f"{what} follows the first mail",
         (mail["In-Reply-To"], first["Message-ID"]))


def start(lab, place, log):
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS, channels=CHANNELS, routes=ROUTES,
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "1s",
                "views": ["authoritative", "mta"]}],
        deliveries=[{"name": "mail", "format": "postfix", "path": str(log.path)}])
    monitor.start()
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, HOME)
    incident.teach(monitor, log)
    return monitor


def is_hijack(mail):
    return "critical" in mail["Subject"]


def story(lab, t):
    place = world.World(lab)
    place.add_domain(DOMAIN, world.mx(*HOME), ttl=1)
    place.start()
    box = Box()
    log = incident.Log(lab.folder("mail") / "mail.log")
    monitor = start(lab, place, log)
    t.ok(not box.mails() and not alerts(monitor), "a quiet domain sends nothing")
    try_channel(t, monitor, box)

    place.edit(DOMAIN, world.mx(*AWAY))
    edited = time.time()
    first, at = box.await_mail("the suspicion", lambda mail: DOMAIN in mail["Subject"])
    check_first(t, first, at, edited)
    labs.until("both have it", lambda: len(box.mails(TEAM[1])) == 2, every=0.1)
    t.ok([row["state"] for row in alerts(monitor)] == ["sent"] * 4, "both handovers are done",
         alerts(monitor))
    verdict(t, place, monitor, log, box, first)


def try_channel(t, monitor, box):
    done = monitor.cli("alerts", "test", "team")
    t.ok(done.returncode == 0 and done.stdout.count(": sent") == 2,
         "a channel can be tried", done.stdout + done.stderr)
    mail, _ = box.await_mail("the test", lambda mail: "test" in mail["Subject"])
    t.ok("team" in body(mail), "the test says which", body(mail))
    done = monitor.cli("alerts", "test", "nobody")
    t.ok(done.returncode == 1 and "no channel" in done.stderr, "but not one that is not there",
         done.stderr)


def verdict(t, place, monitor, log, box, first):
    """Bounces come while the team's server is down, and the monitor is killed before it is up."""
    box.server.answer("421 4.3.2 come back later", stage="connect")
    now = time.time()
    log.add(*((now + i / 10, incident.person(i), AWAY[i % 2], incident.UNKNOWN)
              for i in range(4)))
    row = labs.until("the verdict waits", lambda: next(
        (row for row in alerts(monitor, "--waiting") if row.get("attempts")), None), every=0.1)
    t.ok(row["error"].startswith("421") and row["thread"], "the list says why", row)
    status = monitor.rows("status")[0]["outbox"]
    t.ok(status["waiting"] == 2 and status["error"], "so does the status", status)
    monitor.kill()
    box.server.answer(None, stage="connect")
    monitor.start()
    t.ok("2 to be tried" in monitor.say("alerts", "retry"), "it can be tried at once")
    mail, _ = box.await_mail("the verdict", is_hijack)
    check_follows(t, "the verdict", mail, first)
    after(t, place, monitor, log, box, first)


def after(t, place, monitor, log, box, first):
    place.edit(DOMAIN, world.mx(*HOME))
    mail, _ = box.await_mail("the return", lambda mail: "back" in mail["Subject"] or
                             "revert" in mail["Subject"])
    check_follows(t, "the return", mail, first)
    name = monitor.rows("incidents")[0]["id"]
    monitor.say("incidents", "close", name)
    mail, _ = box.await_mail("the all-clear", lambda mail: incident.person(0) in mail.as_string()
                             or any(incident.person(0) in part.get_content()
                                    for part in mail.iter_attachments()))
    check_follows(t, "the all-clear", mail, first)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    ids = [mail["Message-ID"] for mail, _ in box.mails()]
    t.ok(len(set(ids)) == len(ids) == 5, "each was sent once", box.subjects())
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds")


if __name__ == "__main__":
    labs.tell(story, "nsd", "unbound")
