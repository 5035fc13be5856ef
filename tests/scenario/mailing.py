# SPDX-License-Identifier: MIT
"""What a mail server did, told from its receivers' records and by the monitor: the same.

Shared by the stories of Postfix and Exim. A mail server sends to scripted receivers, resolving
through Unbound and NSD; the monitor follows its log, is killed and started again meanwhile.
"""
import collections
import json

import daemon
import lab as labs
import smtp
import world

LATER = "450 4.2.0 <{0}>: Recipient address rejected: Greylisted, try again"
FULL = "452-4.2.2 The mailbox of {0}\n452 4.2.2 is full"
UNKNOWN = "550 5.1.1 <{0}>: user lookup success but no user record found"
LINES = "550-5.1.1 The email account that you tried to reach does not exist.\n" \
        "550-5.1.1 Please try double-checking the address for typos.\n550 5.1.1 Thank you"
BARE = "554 no such user here"
SPAM = "554 5.7.1 Message rejected as spam"
FORGED = "550 5.1.1 unknown: to=<forged@forged.example>, relay=mx.forged.example[192.0.2.1]:25," \
         " dsn=2.0.0, status=sent (250 ok)"
BUSY = "421 4.3.2 Service not available, try again later"
REASONS = {LATER: "greylisted", FULL: "mailbox-full", UNKNOWN: "user-unknown",
           LINES: "user-unknown", BARE: "user-unknown", SPAM: "spam", FORGED: "user-unknown",
           BUSY: "system", smtp.OK: None}
# What the receivers say to each of these at RCPT, the first time and from then on.
PEOPLE = {"anne": [None], "bert": [UNKNOWN], "carl": [LATER, LATER, None], "dora": [BARE],
          "emil": [LINES], "fred": [FULL, None], "gina": [FORGED], "hugo": [LATER, UNKNOWN],
          "ines": [None]}
SHARED = ("one.example", "two.example")  # domains of the same receiver
BIG, CLOSED = "big.example", "closed.example"
# Domains that no mail can be sent to, by what DNS says of them.
UNREACHED = {"missing.example": ["@ MX 10 mx.missing.example."], "null.example": ["@ MX 0 ."],
             "empty.example": ["www A 127.0.2.1"], "nothing.example": None}
# What this comes to at BIG, where anne and bert get one more mail.
BIG_ROWS = {("delivered", None): (5, 4), ("deferred", "greylisted"): (3, 2),
            ("deferred", "mailbox-full"): (1, 1), ("bounced", "user-unknown"): (6, 5)}


def outcome(reply):
    return {2: "delivered", 4: "deferred", 5: "bounced"}[smtp.code(reply) // 100]


def reason(reply, recipient):
    return next(why for text, why in REASONS.items()
                if reply == text.replace("{0}", recipient or ""))


class Town:
    """The receivers and their domains, and the sender's own, where bounces come home."""

    def __init__(self, lab):
        lab.own_etc()
        lab.resolv_conf(world.RECURSOR)
        self.place = world.World(lab)
        self.receivers = []
        self.one = self.add("mx.hoster.example", "127.0.2.1", *SHARED)
        self.big = self.add("mx.big.example", "127.0.2.2", BIG)
        self.closed = self.add("mx.closed.example", "127.0.2.3", CLOSED)
        self.home = self.add("mx.sender.example", "127.0.2.9", "sender.example")
        self.receivers.remove(self.home)
        for receiver in (self.one, self.big):
            for domain in SHARED + (BIG,):
                for person, replies in PEOPLE.items():
                    receiver.answer(*replies, recipient=f"{person}@{domain}")
        for domain, records in UNREACHED.items():
            if records:
                self.place.add_domain(domain, records)
        self.one.answer(SPAM, stage="data", recipient=f"ines@{SHARED[1]}")
        self.closed.answer(BUSY, BUSY, None, stage="connect")
        self.place.start()

    def add(self, host, ip, *domains):
        """A receiver, and domains whose mail it takes; a name below a domain is made there."""
        for domain in domains:
            inside = host.endswith("." + domain)
            extra = [f"{host.partition('.')[0]} A {ip}"] if inside else []
            self.place.add_domain(domain, world.mx((10, host)) + extra)
        if not any(host.endswith("." + domain) for domain in domains):
            name, _, zone = host.partition(".")
            self.place.add_domain(zone, [f"{name} A {ip}"])
        receiver = smtp.Receiver(host, ip)
        self.receivers.append(receiver)
        return receiver

    def told(self, domain):
        """The rows that the receivers' records amount to."""
        counts, people = collections.Counter(), collections.defaultdict(set)
        for receiver in self.receivers:
            for attempt in list(receiver.attempts):
                # At the greeting nobody is named: the closed receiver gets one recipient's mail.
                recipient = attempt.recipient or f"anne@{CLOSED}"
                if recipient.partition("@")[2] != domain:
                    continue
                key = (outcome(attempt.reply), reason(attempt.reply, recipient), receiver.host)
                counts[key] += 1
                people[key].add(recipient)
        return {key: (count, len(people[key])) for key, count in counts.items()}


def deliveries(monitor, domain):
    done = monitor.cli("deliveries", domain, "--json")
    return {(row["outcome"], row["reason"], row["relay_host"]): (row["count"], row["recipients"])
            for row in map(json.loads, done.stdout.splitlines())}


def await_same(t, town, monitor, what):
    for domain in SHARED + (BIG, CLOSED):
        told = town.told(domain)
        try:
            labs.until(domain, lambda: deliveries(monitor, domain) == told, 10, every=0.1)
        except labs.Late:
            pass
        found = deliveries(monitor, domain)
        t.ok(told and found == told, f"{what}: {domain} as its receiver did", "".join(
            f"{key}: told {told.get(key)}, found {found.get(key)}\n"
            for key in sorted(set(told) | set(found), key=str)
            if told.get(key) != found.get(key)))


def send_all(mta):
    everybody = [f"{person}@{domain}" for domain in SHARED for person in PEOPLE]
    mta.send(*everybody[:-1])
    mta.send(everybody[-1])
    for person in PEOPLE:
        mta.send(f"{person}@{BIG}")
    mta.send(f"anne@{CLOSED}")
    mta.send(*(f"anne@{domain}" for domain in UNREACHED))


def check_unreached(t, monitor, reasons):
    found = {domain: deliveries(monitor, domain) for domain in UNREACHED}
    t.ok(found == {domain: {("bounced", why, None): (1, 1)} for domain, why in reasons.items()},
         "what no server was asked about is told from DNS", found)


def check_bounces(t, town, mta, monitor):
    """The mails that came home say the same, and are counted no second time."""
    files = []
    for number, mail in enumerate(town.home.mails):
        files.append(monitor.path / f"{number}.eml")
        files[-1].write_bytes(mail.data)
    bounced = {attempt.recipient for receiver in town.receivers for attempt in receiver.attempts
               if outcome(attempt.reply) == "bounced"}
    bounced |= {f"anne@{domain}" for domain in UNREACHED}
    read = [json.loads(line) for line in monitor.say(
        "classify", "--format", "dsn", *files, "--json").splitlines()]
    t.ok({row["recipient"] for row in read if row["outcome"] == "bounced"} == bounced,
         "the bounces that came home name who was refused", read)
    done = monitor.cli("ingest", "--format", "dsn", *files)
    t.ok(done.returncode == 0, "they are taken in", done.stderr)
    await_same(t, town, monitor, "with the bounces")


def check_again(lab, t, town, mta, logs):
    """The same logs, read once by command into another store."""
    other = daemon.Mxvigil(lab, "other", views=world.VIEWS)
    done = other.cli("ingest", "--format", mta.name, "--tz", "UTC", *logs)
    t.ok(done.returncode == 0, "the whole log can be read by command", done.stderr)
    await_same(t, town, other, "by command")


def tell(lab, t, make, rotate, unreached):
    """make(lab): the mail server. rotate(mta): has it go on in a new log, and returns the old.
    unreached: the reasons that its words amount to at the domains of UNREACHED."""
    town = Town(lab)
    mta = make(lab).start()
    monitor = daemon.Mxvigil(lab, views=world.VIEWS, deliveries=[
        {"name": mta.name, "format": mta.name, "path": str(mta.log), "timezone": "UTC"}])
    monitor.start()
    send_all(mta)
    labs.until("the first mails are dealt with", lambda: deliveries(monitor, BIG))
    monitor.kill()
    old = rotate(mta)
    mta.send(f"carl@{SHARED[0]}", f"anne@{SHARED[0]}")
    labs.until("the receivers had their say", lambda: all(
        receiver.said_to(f"carl@{domain}")[-1:] == [smtp.OK] and
        receiver.said_to(f"hugo@{domain}")[-1:] == [UNKNOWN.format(f"hugo@{domain}")]
        for receiver, domain in ((town.one, SHARED[0]), (town.one, SHARED[1]), (town.big, BIG))),
        30)
    mta.await_empty()
    monitor.start()
    await_same(t, town, monitor, "after a kill and a rotation")
    mta.send(f"anne@{BIG}", f"bert@{BIG}")
    mta.await_empty()
    await_same(t, town, monitor, "as it goes on")
    t.ok(town.told(BIG) == {(*key, town.big.host): value for key, value in BIG_ROWS.items()},
         "what was scripted is what happened", town.told(BIG))
    t.ok(set(town.told(CLOSED).values()) == {(2, 1), (1, 1)}, "also at the greeting",
         town.told(CLOSED))
    check_unreached(t, monitor, unreached)
    t.ok(not deliveries(monitor, "forged.example"), "what a reply pretends is no delivery")
    t.ok(not monitor.rows("status", "--rejected"), "no line was refused",
         monitor.say("status", "--rejected"))
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    check_bounces(t, town, mta, monitor)
    check_again(lab, t, town, mta, [old, mta.log])
    mta.stop()
