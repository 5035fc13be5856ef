#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Incidents on the command line, on a store that make_incidents fills.

usage: incidents.py MXVIGIL MAKE_INCIDENTS
"""
import csv
import io
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

INCIDENT_MEMBERS = [
    "id", "domain", "kind", "kind_at_open", "severity", "severity_now", "state", "opened_at",
    "change_at", "first_bounce_at", "last_bounce_at", "reverted_at", "closed_at",
    "from_operators", "to_operators", "recipients", "bounces", "deliveries", "evidence",
    "summary"]
RECIPIENT_MEMBERS = [
    "incident", "recipient", "recipient_hash", "first_bounce_at", "last_bounce_at", "bounces",
    "accepted_before", "relay_host", "advice"]
ODD = "o'hara+\"$x\"@online.de"
LINE = ("2026-01-02T03:04:05Z host postfix/smtp[7]: 4ABCDE00001: to=<{0}>, "
        "relay=mx.example[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced "
        "(host mx.example[192.0.2.1] said: 550 5.1.1 unknown (in reply to RCPT TO command))\n")


class World:
    def __init__(self, binary, maker, folder):
        self.binary, self.maker, self.folder = binary, maker, pathlib.Path(folder)
        self.store = self.folder / "history.db"
        self.conf = self.folder / "mxvigil.yaml"
        self.conf.write_text(f"store: {self.store}\nsite: fra1\nviews:\n"
                             "  - {name: mta, kind: recursive, servers: [127.0.0.1]}\n")
        self.make()

    def make(self):
        for name in self.folder.glob("history.db*"):
            name.unlink()
        subprocess.run([self.maker, str(self.store), str(int(time.time() * 1000))], check=True)

    def run(self, *words, **options):
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run([self.binary, "-c", str(self.conf), *map(str, words)],
                              capture_output=True, text=True, timeout=60, env=environment,
                              **options)

    def rows(self, *words):
        return [json.loads(text) for text in self.run(*words, "--json").stdout.splitlines()]


def equal(t, found, wanted, name):
    t.ok(found == wanted, name, f"found {found!r}, expected {wanted!r}")


def has(t, text, words, name):
    missing = [word for word in words if word not in text]
    t.ok(not missing, name, f"{missing} not in {text}")


def check_lists(world, t):
    rows = world.rows("incidents")
    equal(t, [r["id"] for r in rows], ["fra1-i4", "fra1-i2", "fra1-i1", "fra1-i3"],
          "incidents come by when they opened")
    equal(t, list(rows[2]), INCIDENT_MEMBERS, "a row has the members of the interface")
    equal(t, (rows[0]["domain"], rows[2]["domain"]), (None, "online.de"), "domain, or null")
    equal(t, (rows[2]["from_operators"], rows[2]["evidence"][0]["name"],
              rows[2]["evidence"][0]["weight"]), (["IONOS"], "foreign-relay", 6.9),
          "operators and evidence are lists")
    equal(t, rows, world.rows("incidents", "list"), "incidents is incidents list")
    equal(t, [r["id"] for r in world.rows("incidents", "--open")], ["fra1-i1", "fra1-i3"],
          "--open leaves out what is closed")
    equal(t, [r["id"] for r in world.rows("incidents", "--domain", "Online.de")], ["fra1-i1"],
          "--domain")
    equal(t, [r["id"] for r in world.rows("incidents", "--to", "-20h")],
          ["fra1-i4", "fra1-i2"], "--to")
    equal(t, [r["id"] for r in world.rows("incidents", "--from", "-28h", "--to", "-6h")], [],
          "a window that none was open in")
    done = world.run("incidents")
    t.ok(done.returncode == 0 and all(len(line) <= 80 for line in done.stdout.splitlines()),
         "the table fits a terminal", done.stdout)
    has(t, done.stdout, ["fra1-i1", "critical", "3 recipients to re-activate"], "the table")
    t.ok("\x1b" not in done.stdout, "no escape of others reaches the terminal")
    for call, status, said in (
            (("incidents", "show", "fra1-i9"), 1, "no incident fra1-i9"),
            (("incidents", "show", "fra1-1"), 2, "fra1-i7"),
            (("incidents", "show"), 2, "ID"),
            (("incidents", "recipients", "fra1-i9"), 1, "no incident"),
            (("incidents", "recipients", "fra1-i1", "x.log"), 2, "ID"),
            (("incidents", "recipients", "fra1-i1", "--from", "x"), 2, "--format-in"),
            (("incidents", "recipients", "fra1-i1", "--for", "pigeon"), 2, "postmark"),
            (("incidents", "recipients", "fra1-i1", "--for", "ses", "--format", "csv"), 2,
             "text"),
            (("incidents", "recipients", "fra1-i1", "--for", "ses", "--all"), 2, "--all"),
            (("incidents", "recipients", "fra1-i1", "--from", "/nonexistent", "--format-in",
              "postfix"), 1, "/nonexistent"),
            (("incidents", "ack", "fra1-i9"), 1, "no such incident"),
            (("incidents", "close", "x"), 1, "id of an incident"),
            (("incidents", "--domain", "..",), 2, "no domain")):
        done = world.run(*call)
        t.ok(done.returncode == status and said in done.stderr,
             f"exit {status}: {' '.join(call)}", f"{done.returncode}: {done.stderr}")


def check_story(world, t):
    done = world.run("incidents", "show", "fra1-i1")
    equal(t, done.returncode, 0, "show")
    text = " ".join(done.stdout.split())
    has(t, text, [
        "transient-hijack, reverted, critical at its worst",
        "before, and now again since 10 mx00.ionos.de 10 mx01.mail.icloud.com"
        " 10 mx01.ionos.de [IONOS] 10 mx02.mail.icloud.com [Apple iCloud]",
        "(foreign-relay, +6.9)", "within the 10 seconds",
        "largest TTL seen was 3600 s", "Leave 1 recipient suppressed",
        "3 recipients bounced more than once", "The view mta gave"],
        "the story has what the history knows")
    equal(t, world.rows("incidents", "show", "fra1-i1")[0]["id"], "fra1-i1", "show as a row")
    t.ok(all(len(line) <= 80 for line in done.stdout.splitlines()), "80 columns", done.stdout)
    done = world.run("incidents", "show", "fra1-i2")
    has(t, " ".join(done.stdout.split()), ["looks like a typing error for gmail.com"],
        "a domain that is likely mistyped is told")
    done = world.run("incidents", "show", "fra1-i4")
    t.ok(done.returncode == 0 and "of our own" in done.stdout, "an incident of our own")


def check_recipients(world, t):
    done = world.run("incidents", "recipients", "fra1-i1")
    equal(t, done.stdout.splitlines(), ["eve@online.de", ODD], "one address a line")
    t.ok("1 of 3" in done.stderr, "who is known by a hash alone is told", done.stderr)
    rows = world.rows("incidents", "recipients", "fra1-i1", "--all")
    equal(t, list(rows[0]), RECIPIENT_MEMBERS, "a row has the members of the interface")
    equal(t, [(r["recipient"], r["advice"]) for r in rows],
          [("eve@online.de", "re-activate"), (ODD, "re-activate"), (None, "re-activate"),
           ("gone@online.de", "leave")], "--all has those to be left, too")
    cells = list(csv.DictReader(io.StringIO(
        world.run("incidents", "recipients", "fra1-i1", "--format", "csv").stdout)))
    equal(t, [c["recipient"] for c in cells], ["eve@online.de", ODD, ""], "csv")
    equal(t, [len(c["recipient_hash"]) for c in cells], [32] * 3, "csv has the hashes")
    log = world.folder / "mail.log"
    log.write_text(LINE.format("Hidden@Online.de") + LINE.format("other@online.de")
                   + LINE.format("hidden@other.example"))
    done = world.run("incidents", "recipients", "fra1-i1", "--from", log, "--format-in",
                     "postfix")
    equal(t, (done.stdout.splitlines(), done.stderr),
          (["eve@online.de", ODD, "hidden@online.de"], ""),
          "an address that is not kept is found in the log")
    empty = world.folder / "empty.log"
    empty.write_text("")
    done = world.run("incidents", "recipients", "fra1-i1", empty, "--from", log, "--format-in",
                     "postfix")
    equal(t, len(done.stdout.splitlines()), 3, "further files may be arguments")


def check_providers(world, t):
    """Lines are run by a shell in which curl and aws print what they were called with."""
    stubs = world.folder / "bin"
    stubs.mkdir()
    for name in ("curl", "aws"):
        stub = stubs / name
        stub.write_text("#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done\n")
        stub.chmod(0o755)
    environment = {"PATH": f"{stubs}:{os.environ['PATH']}", "MAILGUN_DOMAIN": "m.example",
                   "GREENARROW_HOST": "ga.example", "GREENARROW_LIST": "7"}
    encoded = "o%27hara%2B%22%24x%22%40online.de"
    payload = json.dumps({"Suppressions": [{"EmailAddress": ODD}]}, separators=(",", ":"))
    subscriber = json.dumps({"subscriber": {"email": ODD, "status": "active"}},
                            separators=(",", ":"))
    for provider, wanted in (
            ("postmark", [payload, "https://api.postmarkapp.com/message-streams/outbound/"
                                   "suppressions/delete"]),
            ("mailgun", [f"https://api.mailgun.net/v3/m.example/bounces/{encoded}"]),
            ("sendgrid", [f"https://api.sendgrid.com/v3/suppression/bounces/{encoded}"]),
            ("ses", ["delete-suppressed-destination", f"--email-address={ODD}"]),
            ("greenarrow", [subscriber, "https://ga.example/ga/api/v2/mailing_lists/7/"
                            "subscribers/" + encoded.replace(".", "%2E")])):
        lines = world.run("incidents", "recipients", "fra1-i1", "--for", provider).stdout
        t.ok(lines.startswith(f"# Lines for {provider}. Nothing was called"),
             f"{provider}: what is to be set stands above", lines)
        called = subprocess.run(["sh", "-c", lines], capture_output=True, text=True,
                                env=environment)
        words = called.stdout.splitlines()
        t.ok(called.returncode == 0 and all(word in words for word in wanted),
             f"{provider}: a shell reads the line as it is meant",
             f"{wanted} not in {words} {called.stderr}")
        equal(t, len(lines.splitlines()), 4, f"{provider}: a line for each address")


def check_health(world, t):
    for domain, status, said in (
            ("online.de", 1, "MXVIGIL WARNING - online.de: fra1-i1: Mail for online.de"),
            ("bank.example", 2, "MXVIGIL CRITICAL - bank.example: fra1-i3: "),
            ("never.example", 3, "MXVIGIL UNKNOWN - never.example: was never looked at"),
            ("..", 3, "MXVIGIL UNKNOWN")):
        done = world.run("check", domain)
        lines = done.stdout.splitlines()
        t.ok(done.returncode == status and len(lines) == 1 and lines[0].startswith(said)
             and lines[0].count("|") == (domain != ".."), f"check {domain}: {status}",
             f"{done.returncode} {done.stdout}")
    for call in (("check",), ("check", "--frob", "online.de"), ("check", "a", "b")):
        done = world.run(*call)
        t.ok(done.returncode == 3 and done.stdout == "MXVIGIL UNKNOWN - wrong call\n",
             f"a wrong call is unknown: {' '.join(call)}", f"{done.returncode} {done.stdout}")
    row = world.rows("check", "online.de")[0]
    equal(t, (row["status"], row["incidents"], row["fresh_views"]), ("WARNING", 1, 1),
          "check as a row")
    world.run("incidents", "close", "fra1-i1")
    done = world.run("check", "online.de")
    t.ok(done.returncode == 0 and done.stdout.startswith(
        "MXVIGIL OK - online.de: 10 mx00.ionos.de, 10 mx01.ionos.de"), "check: well",
        done.stdout)
    done = world.run("--store", world.folder / "none.db", "check", "online.de")
    t.ok(done.returncode == 3 and "UNKNOWN" in done.stdout, "no store is unknown", done.stdout)


def check_writing(world, t):
    done = world.run("incidents", "close", "fra1-i1")
    t.ok(done.returncode == 0 and "closed before" in done.stderr, "closed once", done.stderr)
    row = world.rows("incidents", "show", "fra1-i1")[0]
    equal(t, (row["state"], row["severity"], row["severity_now"], row["evidence"][-1]["name"]),
          ("closed", "critical", "info", "closed-by-hand"), "closed by hand")
    equal(t, world.run("incidents", "ack", "fra1-i3").returncode, 0, "ack")
    t.ok("seen by somebody" in " ".join(world.run("incidents", "--open").stdout.split()),
         "an incident that was seen is told so")
    done = world.run("expect", "online.de", "--operator", "ionos", "--operator", "Apple iCloud",
                     "--until", "2100-01-01", "--note", "moving house")
    t.ok(done.returncode == 0 and "number 1" in done.stderr, "expect", done.stderr)
    world.run("expect", "b.example")
    rows = world.rows("expect", "--list")
    equal(t, rows[1], {"number": 1, "domain": "online.de", "operators": ["ionos",
                       "Apple iCloud"], "until": "2100-01-01T00:00:00.000Z",
                       "made_at": rows[1]["made_at"], "note": "moving house"}, "expect --list")
    has(t, world.run("expect", "--list").stdout,
        ["for good", "any change", "ionos, Apple iCloud: moving house"], "the table")
    equal(t, [r["number"] for r in world.rows("expect", "--list", "b.example")], [2],
          "expect --list of a domain")
    equal(t, world.run("expect", "--remove", "1").returncode, 0, "expect --remove")
    equal(t, len(world.rows("expect", "--list")), 1, "it is gone")
    for call, status, said in (
            (("expect",), 2, "DOMAIN"), (("expect", "--remove", "x"), 2, "number"),
            (("expect", "--remove", "9"), 1, "no such expectation"),
            (("expect", "a.example", "--until", "-1h"), 2, "over already"),
            (("expect", "a.example", "--until", "soon"), 2, "soon"),
            (("expect", "--list", "--note", "x"), 2, "--list"),
            (("expect", "a..b"), 2, "no domain"),
            (("expect", "a.example", "--operator", b"\xff".decode("utf-8", "surrogateescape")),
             2, "UTF-8"),
            (("expect", "a.example", "--note", b"\xff".decode("utf-8", "surrogateescape")),
             2, "UTF-8"),
            (("expect", "c.example", "--operator", "ionso"), 0, "no provider is known as"),
            (("forget",), 2, "ADDRESS"), (("forget", "eve"), 2, "@"),
            (("forget", "a@b.de", "--domain", "b.de"), 2, "alone"),
            (("forget", "--domain", ".."), 2, "no domain")):
        done = world.run(*call)
        t.ok(done.returncode == status and said in done.stderr,
             f"exit {status}: {' '.join(call)}", f"{done.returncode}: {done.stderr}")
    equal(t, len(world.rows("expect", "--list")), 2, "what was refused is not expected")
    done = world.run("forget", "Eve@online.de")
    t.ok(done.returncode == 0 and done.stderr.startswith("mxvigil: 1 rows"), "forget",
         done.stderr)
    equal(t, world.run("incidents", "recipients", "fra1-i1").stdout.splitlines(), [ODD],
          "the recipient is forgotten")
    equal(t, world.rows("forget", "--domain", "online.de")[0]["rows"], 3, "forget --domain")
    done = world.run("incidents", "recipients", "fra1-i1", "--all")
    t.ok(done.stdout == "" and "no recipients" in done.stderr, "so are the others")
    equal(t, world.rows("incidents", "show", "fra1-i1")[0]["recipients"], 3, "counts stay")
    equal(t, world.run("verify").returncode, 0, "the ledger holds")


def check_daemon(world, t):
    """With somebody at the control socket, commands ask him."""
    heard = []
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{world.store}.sock")
    server.listen()

    def serve():
        for answer in ({"ok": True, "closed": 1}, {"ok": False, "error": "not\x1bnow"}):
            with server.accept()[0] as client, client.makefile("rw") as lines:
                heard.append(json.loads(lines.readline()))
                lines.write(json.dumps(answer) + "\n")
                lines.flush()

    thread = threading.Thread(target=serve)
    thread.start()
    done = world.run("incidents", "close", "fra1-i1")
    equal(t, (done.returncode, heard),
          (0, [{"request": "incident-close", "incident": "fra1-i1"}]), "a daemon is asked")
    done = world.run("expect", "a.example", "--note", "x")
    t.ok(done.returncode == 1 and "\x1b" not in done.stderr, "and may refuse", done.stderr)
    equal(t, heard[1], {"request": "expect-add", "domain": "a.example", "operators": [],
                        "until": 0, "note": "x"}, "what is expected reaches it")
    thread.join()
    server.close()
    os.unlink(f"{world.store}.sock")


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        world = World(sys.argv[1], sys.argv[2], folder)
        check_lists(world, t)
        check_story(world, t)
        check_recipients(world, t)
        check_providers(world, t)
        check_health(world, t)
        check_writing(world, t)
        check_daemon(world, t)
    done = subprocess.run([sys.argv[1], "completion", "bash"], capture_output=True, text=True)
    words = shlex.split(done.stdout, comments=True)
    t.ok(any("recipients" in word and "show" in word for word in words),
         "the completion knows the words after incidents")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
