#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The MX points to a stranger for a while: the running monitor ties it to the bounces, in time."""
import time

import daemon
import lab as labs
import world

DOMAIN = "online.example"
HOME = ((10, "mx00.kundenserver.de"), (10, "mx01.kundenserver.de"))
AWAY = ((10, "mx01.mail.icloud.com"), (10, "mx02.mail.icloud.com"))
ADDRESS = {"mx00.kundenserver.de": "212.227.15.41", "mx01.kundenserver.de": "217.72.192.67",
           "mx01.mail.icloud.com": "17.57.152.5", "mx02.mail.icloud.com": "17.56.9.31"}
UNKNOWN = "550 5.1.1 <{}>: user does not exist"
PEOPLE = 20


class Log:
    """The log of a mail server, written as it would be."""

    def __init__(self, path):
        self.path = path
        self.mails = 0
        path.touch()

    def add(self, *deliveries):
        """Deliveries: (seconds since 1970, recipient, (preference, host), reply or None)."""
        with self.path.open("a") as log:
            for at, recipient, (_, host), reply in deliveries:
                self.mails += 1
                number = "4" + "".join("BCDFGHJKLM"[int(d)] for d in f"{self.mails:08d}")
                place = f"{host}[{ADDRESS[host]}]"
                result = "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued)" if not reply else (
                    f"dsn=5.1.1, status=bounced (host {place} said: {reply.format(recipient)} "
                    "(in reply to RCPT TO command))")
                log.write(f"{daemon.stamp(at)[:-1]}+00:00 mail postfix/smtp[4711]: {number}: "
                          f"to=<{recipient}>, relay={place}:25, delay=1.1, "
                          f"delays=0.1/0/0.5/0.5, {result}\n")


def person(number):
    return f"person{number}@{DOMAIN}"


def incidents(monitor, *words):
    return monitor.rows("incidents", *words)


def await_incident(monitor, what, fits, seconds=20):
    return labs.until(what, lambda: next(
        (row for row in incidents(monitor) if fits(row)), None), seconds, every=0.1)


def delivered(monitor):
    try:
        return sum(row["count"] for row in monitor.rows("deliveries", DOMAIN, "--from", "-2d"))
    except daemon.Refused:
        return 0  # never seen


def teach(monitor, log):
    """A day of ordinary mail, read at once."""
    now = time.time()
    log.add(*((now - 80000 + 250 * i, person(i % PEOPLE), HOME[i % 2], None) for i in range(300)))
    labs.until("the log is read", lambda: delivered(monitor) == 300, 20, every=0.2)


def story(lab, t):
    place = world.World(lab)
    place.add_domain(DOMAIN, world.mx(*HOME), ttl=1)
    place.start()
    log = Log(lab.folder("mail") / "mail.log")
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "1s",
                "views": ["authoritative", "mta"]}],
        deliveries=[{"name": "mail", "format": "postfix", "path": str(log.path)}])
    monitor.start()
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, HOME)
    teach(monitor, log)
    t.ok(not incidents(monitor), "a quiet domain has no incident", incidents(monitor))

    place.edit(DOMAIN, world.mx(*AWAY))
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, AWAY)
    moved = time.time()
    log.add(*((moved + i, person(i), AWAY[i % 2], UNKNOWN) for i in range(2)))
    row = await_incident(monitor, "two bounces open it",
                         lambda row: row["state"] == "open" and row["recipients"] == 2)
    t.ok(row["kind"] == "transient-hijack" and row["domain"] == DOMAIN,
         "two bounces at the stranger's make it a hijack", row)
    t.ok(row["from_operators"] == ["IONOS"] and row["to_operators"] == ["Apple iCloud"],
         "from whom to whom", row)
    t.ok(row["bounces"] == 2, "both bounces are counted", row)
    line = monitor.await_log("event=opened kind=transient-hijack", 5) and monitor.logged()
    t.ok(f"domain={DOMAIN} id={row['id']} event=opened" in line, "and the log says so",
         line[-2000:])
    status = monitor.rows("status")[0]
    t.ok(status["incidents_open"] == 1 and status["detector"] == {
        "domains": 1, "expected_false_alarms": 12, "relays_void": False},
        "status counts it, and says what the detector expects of itself", status)
    t.ok("1 incidents open" in monitor.say("status"), "in words too", monitor.say("status"))
    goes_on(t, place, monitor, log, row["id"])


def goes_on(t, place, monitor, log, name):
    """The same incident, over the death of the monitor in the middle of it."""
    monitor.kill()
    log.add(*((time.time(), person(i), AWAY[i % 2], UNKNOWN) for i in range(2, 5)))
    monitor.start()
    row = await_incident(monitor, "what was bounced meanwhile is read",
                         lambda row: row["bounces"] >= 5)
    t.ok(row["id"] == name and row["state"] == "open" and row["recipients"] == 5,
         "the incident goes on after a kill, nothing doubled", row)
    place.edit(DOMAIN, world.mx(*HOME))
    row = await_incident(monitor, "it is reverted", lambda row: row["state"] == "reverted")
    t.ok(row["id"] == name and row["kind"] == "transient-hijack" and row["bounces"] == 5,
         "reverted when the MX is back", row)
    monitor.await_log("event=reverted kind=transient-hijack", 5)
    t.ok(len(incidents(monitor)) == 1, "and it has stayed one", incidents(monitor))
    t.ok(monitor.logged().count("event=opened") == 1, "which was announced once")
    people = sorted(one["recipient"] for one in monitor.rows("incidents", "recipients", name))
    t.ok(people == sorted(person(i) for i in range(5)), "exactly those who bounced", people)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")


if __name__ == "__main__":
    labs.tell(story, "nsd", "unbound")
