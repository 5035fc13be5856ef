#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`mxvigil classify`: rows, refusals, files and rules. usage: cli_classify.py MXVIGIL"""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

MEMBERS = ["at", "source", "recipient", "domain", "outcome", "code", "status", "reason", "rule",
           "relay_host", "relay_ip", "text"]
LOG = """\
2026-06-19T11:13:09.5+02:00 mail postfix/smtp[7]: 4XYz1: to=<Jane@Example.COM>, \
relay=mx1.example.com[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced \
(host mx1.example.com[192.0.2.1] said: 550 5.1.1 <Jane@Example.COM>: Recipient address \
rejected: User unknown (in reply to RCPT TO command))
2026-06-19T11:13:10+02:00 mail postfix/smtp[7]: 4XYz2: to=<joe@example.net>, \
relay=mx.example.net[2001:db8::1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent \
(250 2.0.0 Ok: queued as 1)
2026-06-19T11:13:11+02:00 mail postfix/smtp[7]: 4XYz3: to=<joe@example.org>, relay=none, \
delay=1, delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to \
mx.example.org[192.0.2.3]:25: Connection refused)
2026-06-19T11:13:12+02:00 mail postfix/qmgr[8]: 4XYz3: from=<a@example.com>, size=1, nrcpt=1
"""
FIRST = {
    "at": "2026-06-19T09:13:09.500Z", "recipient": "Jane@Example.COM", "domain": "example.com",
    "outcome": "bounced", "code": 550, "status": "5.1.1", "reason": "user-unknown",
    "rule": "unknown-user", "relay_host": "mx1.example.com", "relay_ip": "192.0.2.1",
}
BOUNCE = """\
From: MAILER-DAEMON@mail.example.net
Date: Fri, 19 Jun 2026 09:13:09 +0000
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.net

Final-Recipient: rfc822; jane@example.com
Action: failed
Status: 5.2.2
Remote-MTA: dns; mx1.example.com
Diagnostic-Code: smtp; 552 5.2.2 mailbox full

--b--
"""


class Program:
    def __init__(self, binary, folder):
        self.binary, self.folder = os.path.abspath(binary), pathlib.Path(folder)
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                            "XDG_CONFIG_HOME": folder, "HOME": folder}

    def run(self, *words, stdin=b""):
        run = subprocess.run([self.binary, *words], input=stdin, capture_output=True, timeout=60,
                             cwd=self.folder, env=self.environment)
        rows = [json.loads(line) for line in run.stdout.decode().splitlines()]
        return run.returncode, rows, run.stderr.decode()

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return name


def rows_of_a_log(t, program):
    status, rows, said = program.run("classify", "--format", "postfix", stdin=LOG.encode())
    t.ok(status == 0 and not said, "a log is taken", said)
    t.ok(len(rows) == 3 and all(list(row) == MEMBERS for row in rows),
         "each delivery is a row with all members in order", rows)
    got = {key: rows[0][key] for key in FIRST} if rows else {}
    t.ok(got == FIRST, "a bounce has everything that the log says", got)
    t.ok(rows[0]["source"] == "-" and rows[0]["text"].startswith("550 5.1.1 <Jane"),
         "the text is the answer alone", rows[0])
    t.ok(rows[1]["outcome"] == "delivered" and rows[1]["reason"] is None and
         rows[1]["rule"] is None and rows[1]["relay_ip"] == "2001:db8::1",
         "a delivery has neither reason nor rule", rows[1])
    t.ok(rows[2]["outcome"] == "deferred" and rows[2]["reason"] == "network" and
         rows[2]["code"] is None, "what is not known is null", rows[2])


def files(t, program):
    program.write("a.log", LOG)
    program.write("b.log.gz", gzip.compress(LOG.encode()))
    status, rows, said = program.run("classify", "--format", "postfix", "a.log", "b.log.gz", "-",
                                     stdin=LOG.encode())
    t.ok(status == 0 and [row["source"] for row in rows] ==
         ["a.log"] * 3 + ["b.log.gz"] * 3 + ["-"] * 3, "several files, one packed", said)
    t.ok([dict(row, source="") for row in rows[:3]] == [dict(row, source="") for row in rows[3:6]],
         "a packed file says the same")
    status, rows, said = program.run("classify", "--format", "postfix", "gone.log", "a.log")
    t.ok(status == 1 and len(rows) == 3 and "gone.log: " in said,
         "a file that is not there is named, the others are read", said)
    status, rows, said = program.run("classify", "--format", "postfix", "b.log.gz",
                                     "--json")
    t.ok(status == 0 and len(rows) == 3, "--json changes nothing", said)
    program.write("cut.gz", gzip.compress(LOG.encode() * 100)[:-20])
    status, rows, said = program.run("classify", "--format", "postfix", "cut.gz")
    t.ok(status == 1 and rows and "cut.gz: " in said, "a packed file that was cut is named", said)


def refusals(t, program):
    lines = b'{"recipient":"a@example.com","outcome":"bounced","text":"no"}\n' \
        + b'{"recipient":\n' * 150
    status, rows, said = program.run("classify", "--format", "jsonl", stdin=lines)
    t.ok(status == 1 and len(rows) == 1, "what is sound is taken, and the exit status is 1", said)
    t.ok("-:2: " in said and said.count("\n") == 102 and
         "1 deliveries, 150 refused" in said, "a hundred refused lines are named, all counted",
         said)
    log = LOG.encode().replace(b"User unknown", b"\xff\x1b[2J user unknown \xe2\x80")
    status, rows, said = program.run("classify", "--format", "postfix", stdin=log)
    t.ok(status == 0 and rows[0]["reason"] == "user-unknown" and
         "\ufffd\x1b[2J user unknown \ufffd" in rows[0]["text"],
         "bytes that are no UTF-8 do not spoil the row", (rows[:1], said))
    status, rows, said = program.run("classify", "--format", "dsn", stdin=b"Subject: hi\n\nhi\n")
    t.ok(status == 1 and not rows and "-: " in said, "a mail that is no bounce is refused", said)


def mails(t, program):
    program.write("one.eml", BOUNCE)
    program.write("two.eml", BOUNCE.replace("\n", "\r\n"))
    status, rows, said = program.run("classify", "--format", "dsn", "one.eml", "two.eml")
    t.ok(status == 0 and len(rows) == 2 and rows[0]["recipient"] == "jane@example.com" and
         rows[0]["status"] == "5.2.2" and rows[0]["reason"] == "mailbox-full" and
         rows[0]["code"] == 552, "bounce mails are read", (rows, said))
    t.ok(len(rows) == 2 and dict(rows[0], source="") == dict(rows[1], source=""),
         "whatever ends their lines")


def folders(t, program):
    def folder(name, **mails):
        for path, data in mails.items():
            target = program.folder / name / path.replace("__", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.encode())

    words = ("classify", "--format", "dsn")
    folder("box", new__2=BOUNCE, cur__1=BOUNCE, tmp__3=BOUNCE)
    status, rows, said = program.run(*words, "box")
    t.ok(status == 0 and [row["source"] for row in rows] == ["box/new/2", "box/cur/1"],
         "of a maildir what is in new and cur is read", (rows, said))
    folder("plain", b=BOUNCE, a="Subject: hi\n\nhi\n", c=BOUNCE * 2, inner__d=BOUNCE)
    folder("plain", **{".hidden": BOUNCE})
    os.mkfifo(program.folder / "plain" / "fifo")
    status, rows, said = program.run(*words, "plain/", "one.eml")
    t.ok(status == 1 and [row["source"] for row in rows] ==
         ["plain/b", "plain/c", "one.eml"], "of a folder each file that is a bounce", rows)
    t.ok("plain/a: " in said and "3 deliveries, 1 refused" in said and "inner" not in said,
         "what is none is refused and named", said)
    (program.folder / "none").mkdir()
    status, rows, said = program.run(*words, "none")
    t.ok(status == 0 and not rows and not said, "an empty folder has nothing", said)
    status, rows, said = program.run(*words, "gone")
    t.ok(status == 1 and "gone: " in said, "a folder that is not there is named", said)
    status, rows, said = program.run("classify", "--format", "postfix", "none")
    t.ok(status == 1 and "none: " in said, "logs are read from files alone", said)


def rules(t, program):
    line = b'{"recipient":"a@example.com","outcome":"bounced","text":"550 user unknown"}\n'
    program.write("local.rules", "mine: blocked\n\ttext user unknown\n")
    program.write("bad.rules", "mine: blocked\n\ttext User\n")
    words = ("classify", "--format", "jsonl")
    status, rows, said = program.run(*words, "--rules", "local.rules", stdin=line)
    t.ok(status == 0 and rows[0]["rule"] == "mine" and rows[0]["reason"] == "blocked",
         "local rules go first", said)
    status, rows, said = program.run(*words, "--rules", "bad.rules", stdin=line)
    t.ok(status == 3 and not rows and "bad.rules:2: found " in said,
         "a wrong rule is named with file and line", said)
    program.write("c.yaml", f"rules-file: {program.folder}/local.rules\ndeliveries:\n"
                  "  - {name: halon, format: jsonl, path: /dev/null, timezone: Europe/Berlin,\n"
                  "     fields: {recipient: rcpt, text: result.reason, outcome: what, at: ts}}\n")
    line = b'{"rcpt":"a@example.com","what":"bounced","ts":"2026-06-19 11:00:00",' \
        b'"result":{"reason":"550 user unknown"}}\n'
    status, rows, said = program.run(*words, "-c", "c.yaml", "--source", "halon", stdin=line)
    t.ok(status == 0 and rows[0]["rule"] == "mine" and
         rows[0]["at"] == "2026-06-19T09:00:00.000Z",
         "rules, fields and zone come from the configuration", (rows, said))
    status, rows, said = program.run(*words, "-c", "c.yaml", "--source", "sendmail", stdin=line)
    t.ok(status == 2 and "--source" in said, "an unknown source is named", said)


def fields_without_time(t, program):
    for form, text in (
            ("jsonl", '{"recipient":"a@example.com","code":550,"text":"no"}\n'),
            ("jsonl", '{"at":null,"recipient":"a@example.com","code":550,"text":"no"}\n'),
            ("csv", "recipient,code,text\na@example.com,550,no\n"),
            ("csv", "at,recipient,code,text\n,a@example.com,550,no\n")):
        status, rows, said = program.run("classify", "--format", form, stdin=text.encode())
        t.ok(status == 0 and len(rows) == 1 and rows[0]["at"] is None
             and rows[0]["code"] == 550, f"{form} without a time is a row without a time",
             (rows, said))
    status, rows, said = program.run("classify", "--format", "csv",
                                     stdin=b"at,recipient,code\nsoon,a@example.com,550\n")
    t.ok(status == 1 and not rows and "-:2: " in said,
         "a time that cannot be read is refused", (rows, said))


def names_beside_the_configuration(t, program):
    """Whatever folder the program is called in."""
    folder = program.folder / "etc"
    folder.mkdir()
    (folder / "own.rules").write_text("own: blocked\n\ttext user unknown\n")
    (folder / "c.yaml").write_text(
        "rules-file: own.rules\ndeliveries:\n  - {name: csv, format: csv, path: a.csv,\n"
        "     fields: {recipient: rcpt, original: was, id: message}}\n")
    status, rows, said = program.run(
        "classify", "--format", "csv", "-c", "etc/c.yaml", "--source", "csv",
        stdin=b"rcpt,code,text,was,message\na@example.com,550,user unknown,b@example.com,7\n")
    t.ok(status == 0 and rows[0]["rule"] == "own",
         "the rules file lies beside the configuration", (rows, said))


def calls(t, program):
    for words, says in ((("classify",), "--format"), (("classify", "--format", "mbox"), "postfix"),
                        (("classify", "--format", "postfix", "--tz", "Mars/Base"), "--tz")):
        status, rows, said = program.run(*words)
        t.ok(status == 2 and not rows and says in said, " ".join(words) + " is a wrong call", said)
    with open("/dev/full", "wb") as full:
        run = subprocess.run([program.binary, "classify", "--format", "postfix"],
                             input=LOG.encode(), stdout=full, stderr=subprocess.PIPE, timeout=60,
                             env=program.environment)
    t.ok(run.returncode == 1 and b"standard output" in run.stderr,
         "a full disk is said", run.stderr)


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(sys.argv[1], folder)
        for part in (rows_of_a_log, files, refusals, mails, folders, rules,
                     fields_without_time, names_beside_the_configuration, calls):
            part(t, program)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
