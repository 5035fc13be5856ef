#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs by command while the monitor has the store: the same rows, the same words, each once."""
import email.utils
import gzip
import json
import random
import threading
import time

import daemon
import lab as labs

YESTERDAY = time.gmtime(time.time() - 86400)
DAY = time.strftime("%Y-%m-%d", YESTERDAY)
DOMAINS = ("a.example", "b.example", "c.example", "d.example")
VIEWS = [{"name": "mta", "kind": "recursive", "servers": ["127.0.0.1"]}]
KINDS = (
    ("sent", "2.0.0", "250 2.0.0 ok"),
    ("bounced", "5.1.1", "550 5.1.1 User unknown"),
    ("deferred", "4.2.2", "452 4.2.2 mailbox full"),
    ("bounced", "5.7.1", "554 5.7.1 Service unavailable; blocked using b.example"),
)
BOUNCE = f"""From: MAILER-DAEMON@sender.example
Date: {email.utils.formatdate(time.mktime(YESTERDAY))}
Message-ID: <1@sender.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; sender.example

Final-Recipient: rfc822; mail@a.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
"""


def line(number, prefix="4ABCD"):
    status, dsn, reply = KINDS[number % len(KINDS)]
    domain = DOMAINS[number // 7 % len(DOMAINS)]
    said = reply if status == "sent" else (
        f"host mx{number % 3}.{domain}[192.0.2.1] said: {reply} (in reply to RCPT TO command)")
    return (f"{DAY}T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z "
            f"host postfix/smtp[7]: {prefix}{number:06X}: to=<u{number}@{domain}>, "
            f"relay=mx{number % 3}.{domain}[192.0.2.1]:25, delay=1, delays=0/0/0/1, "
            f"dsn={dsn}, status={status} ({said})\n")


def lines(count, start=0, prefix="4ABCD"):
    return "".join(line(number, prefix) for number in range(start, start + count))


def told(monitor):
    """Every row that deliveries come out in, in one order."""
    rows = [row for domain in DOMAINS for kind in ((), ("--relays",))
            for row in asked(monitor, domain, *kind)]
    rejected = [{k: row[k] for k in ("source", "reason", "count") if k in row}
                for row in monitor.rows("status", "--rejected")]
    return sorted(json.dumps(row, sort_keys=True) for row in rows + rejected)


def asked(monitor, domain, *words):
    done = monitor.cli("deliveries", domain, "--from", DAY, "--to", f"{DAY} 23:59:59",
                       "--json", *words)
    return [json.loads(text) for text in done.stdout.splitlines()]


def total(monitor):
    return sum(row["count"] for domain in DOMAINS for row in asked(monitor, domain))


def differ(a, b):
    return "\n".join([f"- {x}" for x in a if x not in b][:5] + [f"+ {x}" for x in b
                                                               if x not in a][:5])


def same_with_and_without(lab, t):
    alone = daemon.Mxvigil(lab, "alone", views=VIEWS)
    served = daemon.Mxvigil(lab, "served", views=VIEWS).start()
    files = lab.folder("logs")
    text = lines(9000)
    (files / "plain.log").write_bytes(
        text.encode() + b"\x00\xff garbage\n"
        + f"{DAY}T03:00:00Z host postfix/smtp[7]: 4ABC: to=<>, status=sent\n".encode()
        + line(9001).replace("User unknown", "no \xe9\u20ac \x07 such user").encode("utf-8"))
    (files / "packed.log.gz").write_bytes(gzip.compress(lines(500, 20000, "5ABCD").encode()))
    (files / "other.csv").write_text("at,recipient,outcome,code,text\n" + "".join(
        f"{DAY}T05:00:{n:02d}Z,csv{n}@b.example,bounced,550,no such user \u00fc{n}\n"
        for n in range(60)) + f"{DAY}T05:00:00Z,no domain,bounced,550,x\nnonsense\n")
    (files / "bounce.eml").write_text(BOUNCE)
    calls = (("postfix", ("plain.log", "packed.log.gz", "missing.log")),
             ("csv", ("other.csv",)), ("dsn", ("bounce.eml",)),
             ("postfix", ("plain.log",)), ("csv", ("other.csv", "--json")),
             ("dsn", ("bounce.eml",)))
    for form, words in calls:
        words = [str(files / word) if "." in word else word for word in words]
        ours, theirs = (monitor.cli("ingest", "--format", form, *words)
                        for monitor in (alone, served))
        t.ok((ours.returncode, ours.stdout, ours.stderr)
             == (theirs.returncode, theirs.stdout, theirs.stderr),
             f"ingest {form} {len(words)} says the same with a monitor as without",
             f"{ours}\n{theirs}")
    piped = [monitor.cli("ingest", "--format", "postfix", stdin=open(files / "plain.log"))
             for monitor in (alone, served)]
    t.ok(piped[0].stderr == piped[1].stderr and "passed over" in piped[1].stderr,
         "also of what was piped, and known", piped)
    a, b = told(alone), told(served)
    t.ok(total(served) > 9500 and a == b, f"and {len(a)} rows are the same", differ(a, b))
    with (files / "plain.log").open("a") as log:
        log.write("\n" + lines(50, 30000))
    before = total(served)
    served.say("ingest", "--format", "postfix", files / "plain.log")
    t.ok(total(served) == before + 50, "what was added to a file is read, once",
         (before, total(served)))
    t.ok(served.stop() == 0, "the monitor ends well")
    served.say("ingest", "--format", "postfix", files / "plain.log")
    t.ok(total(served) == before + 50, "and by itself the command knows what was read")
    t.ok(served.cli("verify").returncode == 0, "the chain of hashes holds")


def killed_in_the_middle(lab, t):
    monitor = daemon.Mxvigil(lab, "killed", views=VIEWS)
    log = monitor.path / "big.log"
    count = 120000 if labs.LONG else 40000
    log.write_text(lines(count))
    rounds, cut = 0, 0
    while rounds < 60:
        rounds += 1
        monitor.start()
        killer = threading.Timer(random.uniform(0.02, 0.25), monitor.process.kill)
        killer.start()
        done = monitor.cli("ingest", "--format", "postfix", log)
        killer.cancel()
        if monitor.process.poll() is None:
            monitor.kill()
        monitor.process.wait()
        if done.returncode == 0:
            break
        cut += 1
    t.ok(done.returncode == 0 and cut > 0, f"after {cut} kills it comes to its end",
         done.stderr)
    t.ok(total(monitor) == count, f"of {count} deliveries none is lost or doubled",
         total(monitor))
    twin = daemon.Mxvigil(lab, "twin", views=VIEWS)
    twin.say("ingest", "--format", "postfix", log)
    a, b = told(twin), told(monitor)
    t.ok(a == b, "and all rows are what one reading gives", differ(a, b))


def both_read(lab, t):
    """The monitor follows a log that commands read too, while it grows and rotates."""
    folder = lab.folder("both-logs")
    log = folder / "mail.log"
    monitor = daemon.Mxvigil(lab, "both", views=VIEWS, deliveries=[
        {"name": "postfix", "format": "postfix", "path": str(log)}])
    log.write_text(lines(3000))
    monitor.start()
    number, statuses = 3000, set()
    for turn in range(12):
        if turn in (4, 8):
            log.rename(folder / f"mail.log.{9 - turn}")
        with log.open("a") as out:
            out.write(lines(400, number))
        number += 400
        readers = [threading.Thread(target=lambda path=path: statuses.add(monitor.cli(
            "ingest", "--format", "postfix", path).returncode))
            for path in sorted(folder.glob("mail.log*")) * 2]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
    t.ok(statuses == {0}, "commands read the files that the monitor follows", statuses)
    labs.until("all is read", lambda: total(monitor) >= number, 20)
    with log.open("a") as out:
        out.write(lines(10, number))
    labs.until("the monitor goes on by itself", lambda: total(monitor) >= number + 10, 20)
    t.ok(total(monitor) == number + 10, "each delivery is counted once",
         (total(monitor), number + 10))
    t.ok(monitor.stop() == 0, "the monitor ends well", monitor.logged()[-500:])


def story(lab, t):
    same_with_and_without(lab, t)
    killed_in_the_middle(lab, t)
    both_read(lab, t)


labs.tell(story)
