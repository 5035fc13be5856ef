#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Deliveries from end to end: logs by command and by monitor, into rows.

usage: ingest.py MXVIGIL
"""
import contextlib
import email.utils
import gzip
import hmac
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

# Yesterday: the monitor lets go of what is old.
YESTERDAY = time.gmtime(time.time() - 86400)
DAY = time.strftime("%Y-%m-%d", YESTERDAY)
SENT = "250 2.0.0 ok"
UNKNOWN = "550 5.1.1 <{0}>: Recipient address rejected: User unknown"
BOUNCE = """From: MAILER-DAEMON@sender.example
To: bounces@sender.example
Subject: Undelivered Mail Returned to Sender
Date: DATE 03:00:20 +0000
Message-ID: <1@sender.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

User unknown
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; sender.example
X-Postfix-Queue-ID: 4ABCDE00001
Arrival-Date: DATE 03:00:00 +0000

Final-Recipient: rfc822; {0}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.a.example
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
""".replace("DATE", email.utils.formatdate(time.mktime(YESTERDAY))[:16])


def line(number, recipient, status="sent", dsn="2.0.0", reply=SENT):
    said = reply.format(recipient)
    if status != "sent":
        said = f"host mx.a.example[192.0.2.1] said: {said} (in reply to RCPT TO command)"
    return (f"{DAY}T03:00:{number % 60:02d}.000Z host postfix/smtp[7]: 4ABCDE{number:05X}: "
            f"to=<{recipient}>, relay=mx.a.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, "
            f"dsn={dsn}, status={status} ({said})\n")


def equal(t, found, wanted, name):
    t.ok(found == wanted, name, f"found {found!r}, expected {wanted!r}")


class World:
    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "mail.log"
        self.maildir = self.folder / "bounces"
        for name in ("new", "cur", "tmp"):
            (self.maildir / name).mkdir(parents=True)
        self.conf = self.folder / "mxvigil.yaml"
        self.conf.write_text(
            f"store: {self.folder}/history.db\nsite: test\n"
            "views:\n  - {name: mta, kind: recursive, servers: [127.0.0.1]}\n"
            "deliveries:\n"
            f"  - {{name: postfix, format: postfix, path: {self.log}}}\n"
            f"  - {{name: dsn, format: dsn, maildir: {self.maildir}}}\n")

    def run(self, *words, **options):
        return subprocess.run([self.binary, "-c", str(self.conf), *map(str, words)],
                              capture_output=True, text=True, timeout=60, **options)

    def rows(self, *words):
        done = self.run(*words, "--json")
        return [json.loads(text) for text in done.stdout.splitlines()]

    def counts(self, domain="a.example"):
        return {(r["outcome"], r["reason"]): (r["count"], r["recipients"])
                for r in self.rows("deliveries", domain)}


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def check_commands(world, t):
    text = "".join([
        line(1, "a@a.example", "bounced", "5.1.1", UNKNOWN),
        line(2, "B@a.example"), line(3, "b@a.example"),
        line(4, "c@a.example", "deferred", "4.2.2", "452 4.2.2 mailbox full"),
        f"{DAY}T03:00:00Z host postfix/smtp[7]: 4ABCDE00009: to=<>, status=sent\n"])
    path = world.folder / "old.log"
    path.write_text(text)
    done = world.run("ingest", "--format", "postfix", path)
    wanted = {("delivered", None): (2, 1), ("deferred", "mailbox-full"): (1, 1),
              ("bounced", "user-unknown"): (1, 1)}
    equal(t, world.counts(), wanted, "ingest counts by outcome, reason and recipient")
    rows = world.rows("deliveries", "a.example", "--from", DAY, "--to",
                      f"{DAY} 12:00")
    equal(t, sorted(rows[0]), ["count", "domain", "from", "outcome", "reason", "recipients",
                              "relay_host", "to"], "a row has the members of the interface")
    equal(t, (rows[0]["from"], rows[0]["to"]),
            (f"{DAY}T00:00:00.000Z", f"{DAY}T12:00:00.000Z"), "and the window's ends")
    equal(t, rows[0]["relay_host"], "mx.a.example", "and the relay")
    rejected = world.rows("status", "--rejected")
    equal(t, done.returncode, 1 if rejected else 0, "refused lines make the exit status 1")
    (world.folder / "old.log.gz").write_bytes(gzip.compress(text.encode()))
    world.run("ingest", "--format", "postfix", path, world.folder / "old.log.gz")
    world.run("ingest", "--format", "postfix", input=text)
    equal(t, world.counts(), wanted, "the same file again, packed and piped, changes nothing")
    path.write_text(text + line(5, "d@a.example"))
    world.run("ingest", "--format", "postfix", path)
    equal(t, world.counts()[("delivered", None)], (3, 2), "what was added to it is read")
    equal(t, world.run("deliveries", "b.example").returncode, 1, "a domain never seen is said")
    equal(t, world.run("ingest", "--format", "postfix", "/nonexistent").returncode, 1,
            "a missing file too")
    equal(t, world.run("ingest", "/dev/null").returncode, 2, "and a call without a format")
    key = world.folder / "history.db.key"
    equal(t, (key.stat().st_size, key.stat().st_mode & 0o777), (32, 0o600),
            "the key lies beside the store, for its owner alone")
    mail = world.folder / "bounce.eml"
    mail.write_text(BOUNCE.format("e@a.example"))
    for _ in range(2):
        world.run("ingest", "--format", "dsn", mail)
    equal(t, world.counts()[("bounced", "user-unknown")], (2, 2), "a bounce mail is read once")
    relays = world.rows("deliveries", "a.example", "--relays")
    equal(t, [r["relay_host"] for r in relays], ["mx.a.example"], "who answered is kept")


def check_relays(world, t):
    at = int(time.mktime(YESTERDAY))
    known = world.folder / "known.cof"
    known.write_text(json.dumps({
        "rrname": "a.example.", "rrtype": "MX",
        "rdata": ["10 mx1.own.example.", "20 mx00.ionos.de."],
        "time_first": at - 30 * 86400, "time_last": at + 86400, "count": 9,
        "sensor_id": "mta"}) + "\n")
    done = world.run("import", known)
    t.ok(done.returncode == 0, "what polls saw is known", done.stderr)
    hosts = ("mx1.own.example", "mx2.own.example", "mx.foreign.example",
             "mx01.kundenserver.de", "mx01.mail.icloud.com")
    log = "".join(line(i, f"r{i}@a.example").replace("mx.a.example", host)
                  for i, host in enumerate(hosts))
    log += line(7, "r@b.example").replace("mx.a.example", "mx.foreign.example")
    world.run("ingest", "--format", "postfix", input=log)
    outside = {r["relay_host"] for r in world.rows("deliveries", "a.example", "--relays")
               if r["outside_since"]}
    equal(t, outside, {"mx.foreign.example", "mx01.mail.icloud.com"},
          "a host of another operator is none of its MX")
    rows = world.rows("deliveries", "b.example", "--relays")
    equal(t, [r["outside_since"] for r in rows], [None],
          "of a domain that no poll saw nothing is said")


def check_monitor(world, t):
    world.log.write_text(line(1, "new@m.example", "bounced", "5.1.1", UNKNOWN)
                         .replace("4ABCDE", "5ABCDE"))
    monitor = subprocess.Popen([world.binary, "-c", str(world.conf), "run"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        t.ok(until(lambda: world.counts("m.example")), "the monitor reads the configured log")
        with world.log.open("a") as log:
            log.write(line(2, "x@m.example"))
        t.ok(until(lambda: ("delivered", None) in world.counts("m.example")),
             "and what is added to it")
        (world.maildir / "tmp" / "1.host").write_text(
            BOUNCE.format("mail@m.example").replace("4ABCDE", "6ABCDE"))
        os.rename(world.maildir / "tmp" / "1.host", world.maildir / "new" / "1.host")
        t.ok(until(lambda: world.counts("m.example").get(("bounced", "user-unknown")) == (2, 2)),
             "and the mails of the maildir")
        os.rename(world.maildir / "new" / "1.host", world.maildir / "cur" / "1.host:2,S")
        with world.log.open("a") as log:
            log.write(line(3, "y@m.example"))
        t.ok(until(lambda: world.counts("m.example").get(("delivered", None)) == (2, 2)),
             "which may be moved meanwhile")
    finally:
        monitor.terminate()
        words = monitor.communicate(timeout=30)[1]
    equal(t, monitor.returncode, 0, "the monitor ends well")
    equal(t, world.counts("m.example")[("bounced", "user-unknown")], (2, 2), "nothing twice")
    if monitor.returncode != 0:
        t.note(words)


def wave(domain, host="mx.home.example"):
    """Four days of ordinary mail until a short while ago; then those who took it bounce."""
    now = time.time()
    usual, bounces = [], []
    for number, at in enumerate(range(int(now) - 4 * 86400, int(now) - 1800, 900)):
        usual.append((at, number, f"person{number % 20}@{domain}", True))
    for number in range(12):
        bounces.append((int(now) - 1200 + 60 * number, 1000 + number,
                        f"person{number}@{domain}", False))

    def text(facts):
        return "".join(
            line(number, who, *(() if good else ("bounced", "5.1.1", UNKNOWN)))
            .replace(f"{DAY}T03:00:{number % 60:02d}", time.strftime(
                "%Y-%m-%dT%H:%M:%S", time.gmtime(at))).replace("mx.a.example", host)
            for at, number, who, good in facts)
    return text(usual), text(bounces)


def check_detector(world, t):
    """What commands read makes incidents, whether the monitor runs or not."""
    def found():
        return [(r["domain"], r["kind"], r["state"], r["bounces"])
                for r in world.rows("incidents", "list")]

    usual, bounces = wave("w.example")
    wanted = [("w.example", "receiver-fault", "open", 12)]
    done = world.run("ingest", "--format", "postfix", input=usual)
    equal(t, (done.returncode, found()), (0, []), "ordinary mail is no incident")
    world.run("ingest", "--format", "postfix", input=bounces)
    equal(t, found(), wanted, "a wave of bounces is one, though no monitor runs")
    monitor = subprocess.Popen([world.binary, "-c", str(world.conf), "run"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        t.ok(until(lambda: world.run("ingest", "--format", "postfix", input=usual).returncode == 0),
             "the monitor is there")
        usual, bounces = wave("v.example")
        world.run("ingest", "--format", "postfix", input=usual)
        world.run("ingest", "--format", "postfix", input=bounces)
        wanted += [("v.example", "receiver-fault", "open", 12)]
        equal(t, sorted(found()), sorted(wanted), "nor does anybody notice that one runs")
    finally:
        monitor.terminate()
        monitor.wait(30)
    equal(t, sorted(found()), sorted(wanted), "and both are there after it")


def check_forgetting(world, t):
    """Without a monitor: the detector's own memory lets go of recipients too."""
    store = world.folder / "history.db"

    def hash_of(address):
        key = (world.folder / "history.db.key").read_bytes()
        return hmac.new(key, address.encode(), "sha256").digest()[:16]

    def learnt(address):
        with contextlib.closing(sqlite3.connect(store)) as db:
            rows = db.execute("SELECT bytes FROM memory").fetchall()
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return (sum(hash_of(address) in row[0] for row in rows),
                store.read_bytes().count(hash_of(address)))

    for part in wave("f.example"):
        world.run("ingest", "--format", "postfix", input=part)
    rows, places = learnt("person1@f.example")
    t.ok(rows == 1 and places > rows, "the detector knows by hash who bounced", (rows, places))
    done = world.run("forget", "Person1@f.example")
    equal(t, (done.returncode, learnt("person1@f.example")), (0, (0, 0)),
          "one who is forgotten is nowhere in the file")
    t.ok(learnt("person2@f.example")[0] == 1, "others are")
    done = world.run("forget", "--domain", "f.example")
    equal(t, (done.returncode, learnt("person2@f.example")), (0, (0, 0)),
          "until their domain is forgotten")
    rows = world.rows("incidents", "list")
    equal(t, [(r["kind"], r["bounces"]) for r in rows], [("receiver-fault", 12)], "counts stay")


class Journal:
    """A journal as systemd-journal-remote makes one of export text, under the real time."""

    REMOTE = "/lib/systemd/systemd-journal-remote"
    UNIT = "postfix@-.service"

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir()
        self.live = folder / "x.journal"
        self.number = 0

    def write(self, count):
        text = ""
        for _ in range(count):
            self.number += 1
            at = time.time_ns() // 1000
            message = line(0, f"u{self.number}@j.example").split("postfix/smtp[7]: ")[1]
            message = message.replace("4ABCDE00000", f"4ABCDE{self.number:05X}")
            text += (f"__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={at - 10**15}\n"
                     "_BOOT_ID=0123456789abcdef0123456789abcdef\n"
                     f"_SYSTEMD_UNIT={self.UNIT}\nSYSLOG_IDENTIFIER=postfix/smtp\n"
                     f"SYSLOG_PID=7\nMESSAGE={message}\n")
        subprocess.run([self.REMOTE, f"--output={self.live}", "-"], input=text, text=True,
                       check=True, capture_output=True, timeout=30)

    def archive(self):
        self.live.rename(self.folder / f"old@{self.number}.journal")

    def vacuum(self):
        for path in self.folder.glob("old@*"):
            path.unlink()


def check_journal(world, t):
    journal = Journal(world.folder / "journal")
    world.conf.write_text(
        f"store: {world.folder}/history.db\nsite: test\n"
        "views:\n  - {name: mta, kind: recursive, servers: [127.0.0.1]}\n"
        "deliveries:\n  - {name: journal, format: postfix, "
        f"journal: \"{journal.UNIT}\", journal-directory: {journal.folder}}}\n")

    def start():
        return subprocess.Popen([world.binary, "-c", str(world.conf), "run"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def await_all():
        wanted = {("delivered", None): (journal.number, journal.number)}
        until(lambda: world.counts("j.example") == wanted)
        return world.counts("j.example") == wanted

    journal.write(5)
    monitor = start()
    try:
        t.ok(await_all(), "the monitor reads the configured journal", world.counts("j.example"))
        journal.archive()
        journal.write(5)
        t.ok(await_all(), "and what comes after its file was archived")
        monitor.kill()
        monitor.wait()
        journal.write(5)
        monitor = start()
        t.ok(await_all(), "and each message once though it is killed", world.counts("j.example"))
        t.ok(not world.rows("status", "--rejected"), "nothing is lost so far")
        monitor.terminate()
        t.ok(monitor.wait(30) == 0, "the monitor of the journal ends well")
        journal.write(2)
        journal.archive()
        journal.vacuum()
        journal.number -= 2
        journal.write(3)
        monitor = start()
        t.ok(await_all(), "it goes on behind what was vacuumed", world.counts("j.example"))
        lost = world.rows("status", "--rejected")
        t.ok(any("vacuumed" in json.dumps(row) for row in lost), "and says what that took", lost)
    finally:
        monitor.kill()
        monitor.wait()


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="mxvigil-ingest-") as folder:
        check_commands(World(sys.argv[1], pathlib.Path(folder) / "a"), t)
        check_relays(World(sys.argv[1], pathlib.Path(folder) / "c"), t)
        check_monitor(World(sys.argv[1], pathlib.Path(folder) / "b"), t)
        check_detector(World(sys.argv[1], pathlib.Path(folder) / "e"), t)
        check_forgetting(World(sys.argv[1], pathlib.Path(folder) / "f"), t)
        if os.access(Journal.REMOTE, os.X_OK):
            check_journal(World(sys.argv[1], pathlib.Path(folder) / "d"), t)
        else:
            t.skip("the journal", "no systemd-journal-remote")
    sys.exit(t.done())


if __name__ == "__main__":
    main()
