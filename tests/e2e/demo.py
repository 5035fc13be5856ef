#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mail domain loses its MX records to another operator and gets them back, in a minute.

usage: demo.py MXVIGIL [SECONDS] [--no-edit]

NSD serves online.de on a high port of 127.0.0.1; mxvigil watches it every second, and follows
the log of a mail server. That server is played: it asks NSD where mail goes before each delivery,
and logs what such hosts answer, the old ones "queued", the foreign ones "user does not exist".
The team's mailbox is played too: a server on another port takes what mxvigil writes to it.
With --no-edit the zone stays as it is, and so there is no incident. Nothing outside a temporary
folder is touched, no root is needed and no packet leaves the machine.
"""
import argparse
import atexit
import datetime
import email
import email.policy
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scenario"))
import dns  # noqa: E402
import servers  # noqa: E402
import smtp  # noqa: E402
import world  # noqa: E402

DOMAIN = "online.de"
IONOS = ((10, "mx00.ionos.de"), (10, "mx01.ionos.de"))
ICLOUD = ((10, "mx01.mail.icloud.com"), (10, "mx02.mail.icloud.com"))
GLUE = ["ns1 A 127.0.0.1"]
# What hosts answer to RCPT, and their addresses as the log shows them.
ADDRESSES = {"mx00.ionos.de": "212.227.15.41", "mx01.ionos.de": "217.72.192.67",
             "mx01.mail.icloud.com": "17.57.152.5", "mx02.mail.icloud.com": "17.56.9.31"}
PEOPLE = ("anna", "bert", "clara", "david", "emma", "franz", "greta", "hugo")
NOBODY = "nobody"  # an address that the old hosts do not know either


class Place:
    """A temporary folder and the processes that live in it."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mxvigil-demo-"))
        self.processes = []
        atexit.register(self.close)

    def folder(self, name):
        path = self.path / name
        path.mkdir()
        return path

    def start(self, *command, log, **options):
        with open(log, "ab") as output:
            process = subprocess.Popen([str(part) for part in command], stdout=output,
                                       stderr=output, stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.path, ignore_errors=True)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.bind(("127.0.0.1", 0))
        return tcp.getsockname()[1]


class Sender:
    """A mail server that sends, as its log tells it."""

    def __init__(self, path, port):
        self.log = path / "mail.log"
        self.port = port
        self.mails = 0
        self.over = threading.Event()
        self.log.touch()

    def note(self, recipient, host, outcome):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        self.mails += 1
        with open(self.log, "a", encoding="ascii") as log:
            log.write(f"{now} mail postfix/smtp[4711]: 4DEMo{self.mails:06d}: "
                      f"to=<{recipient}@{DOMAIN}>, relay={host}[{ADDRESSES[host]}]:25, delay=0.9, "
                      f"delays=0.1/0/0.4/0.4, {outcome}\n")

    def deliver(self, recipient):
        """To the host that the DNS names, as a sender without a cache would."""
        answer = dns.ask("127.0.0.1", DOMAIN, "MX", port=self.port)
        hosts = [value for _, kind, _, value in (answer.records if answer else ())
                 if kind == dns.TYPES["MX"]]
        if not hosts:
            return  # the name server is busy with the edit: the mail waits
        host = min(hosts)[1].rstrip(".")
        refusal = None
        if "icloud" in host:
            refusal = f"550 5.1.1 <{recipient}@{DOMAIN}>: user does not exist"
        elif recipient == NOBODY:
            refusal = "550 5.1.1 Requested action not taken: mailbox unavailable"
        if refusal:
            self.note(recipient, host, f"dsn=5.1.1, status=bounced (host {host}"
                      f"[{ADDRESSES[host]}] said: {refusal} (in reply to RCPT TO command))")
        else:
            self.note(recipient, host, "dsn=2.0.0, status=sent (250 2.0.0 Ok: queued)")

    def run(self, every):
        turn = 0
        while not self.over.wait(every):
            self.deliver(NOBODY if turn % 11 == 4 else PEOPLE[turn % len(PEOPLE)])
            turn += 1


def configure(path, port, mailbox):
    server = f"127.0.0.1:{port}"
    conf = path / "mxvigil.yaml"
    conf.write_text(f"""store: {path}/history.db
site: demo
views:
  - {{name: authoritative, kind: authoritative, bootstrap: ["{server}"], port: {port}}}
  - {{name: mta, kind: recursive, servers: ["{server}"]}}
watch:
  - {{name: demo, domains: [{DOMAIN}], interval: 1s, views: [authoritative, mta]}}
deliveries:
  - {{name: mail, format: postfix, path: {path}/mail.log}}
channels:
  - {{name: team, type: email, smtp: "smtp://127.0.0.1:{mailbox}", tls: none,
     from: mxvigil@example.net, to: [deliverability@example.net]}}
routes:
  - {{name: everything, channels: [team], group-wait: 2s}}
""")
    return conf


def narrate(text):
    print(f"\n--- {text}", flush=True)


def echo(stream):
    """Shows what the monitor says, as it says it."""
    for line in stream:
        print("    " + line.rstrip("\n"), flush=True)


def latest_hosts(mxvigil, conf):
    """view -> hosts of its latest span, as the history has them."""
    done = subprocess.run([mxvigil, "-c", conf, "history", DOMAIN, "--json"],
                          capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["view"]: {(h["preference"], h["exchange"]) for h in row["mx"]}
            for row in rows if "coverage" not in row}


def await_recorded(mxvigil, conf, hosts):
    """The demo goes on when both views have it in the history."""
    deadline = time.monotonic() + 20
    while list(latest_hosts(mxvigil, conf).values()) != [set(hosts)] * 2:
        if time.monotonic() > deadline:
            sys.exit("the monitor did not record what the name server says")
        time.sleep(0.2)


def incidents(mxvigil, conf):
    done = subprocess.run([mxvigil, "-c", conf, "incidents", "--json"], capture_output=True,
                          text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def await_incident(mxvigil, conf, state):
    deadline = time.monotonic() + 20
    while [row["state"] for row in incidents(mxvigil, conf)] != [state]:
        if time.monotonic() > deadline:
            sys.exit(f"no incident became {state}")
        time.sleep(0.2)


def await_mail(mailbox, count):
    deadline = time.monotonic() + 20
    while len(mailbox.mails) < count:
        if time.monotonic() > deadline:
            sys.exit(f"the team got {len(mailbox.mails)} mails of {count}")
        time.sleep(0.1)


def tell(mxvigil, conf, nsd, mailbox, seconds):
    """The story: quiet, moved away, back, each a share of the whole time. Returns the instants
    of the edits."""
    edits = []
    for share, hosts, state, text in (
            (0.25, IONOS, None, None),
            (0.4, ICLOUD, "open", "the zone is edited: mail goes to another operator, whose "
             "servers know none of the recipients"),
            (0.35, IONOS, "reverted", "the zone is corrected: the old hosts are back")):
        begun = time.monotonic()
        if text:
            narrate(text)
            edits.append(time.time())
            nsd.edit(DOMAIN, world.mx(*hosts) + GLUE)
        await_recorded(mxvigil, conf, hosts)
        if state:
            await_incident(mxvigil, conf, state)
            await_mail(mailbox, len(edits))  # that it happened, that it is undone
        time.sleep(max(0, share * seconds - (time.monotonic() - begun)))
    return edits


def show(mxvigil, conf, *words):
    narrate("mxvigil " + " ".join(words))
    subprocess.run([mxvigil, "-c", conf, *words], check=True)


def show_mails(mailbox, edits):
    """What came to the team, and how long after the edit before it."""
    narrate("the mails to deliverability@example.net")
    for mail in mailbox.mails:
        message = email.message_from_bytes(mail.data, policy=email.policy.default)
        since = mail.at - max(at for at in edits if at <= mail.at)
        print(f"    {since:5.1f} s after the edit  {message['Subject']}")


def conclude(mxvigil, conf):
    """What the history and the incident say."""
    show(mxvigil, conf, "changes")
    show(mxvigil, conf, "history", DOMAIN)
    found = incidents(mxvigil, conf)
    show(mxvigil, conf, "incidents")
    for row in found:
        show(mxvigil, conf, "incidents", "recipients", row["id"])
        show(mxvigil, conf, "incidents", "show", row["id"])
    if not found:
        narrate("nothing happened, and so there is no incident")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mxvigil")
    parser.add_argument("seconds", nargs="?", type=float, default=45)
    parser.add_argument("--no-edit", action="store_true")
    given = parser.parse_args()
    mxvigil = given.mxvigil
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    place = Place()
    nsd = servers.Nsd(place, ("127.0.0.1",), port=free_port())
    nsd.add_zone(DOMAIN, world.mx(*IONOS) + GLUE, ttl=1)
    nsd.start()
    mailbox = smtp.Receiver("mail.example.net", "127.0.0.1", free_port())
    conf = configure(place.path, nsd.port, mailbox.port)
    sender = Sender(place.path, nsd.port)
    narrate(f"a name server of our own says that mail for {DOMAIN} goes to "
            + " and ".join(name for _, name in IONOS)
            + "; mxvigil asks it every second and reads a mail server's log")
    for recipient in PEOPLE + (NOBODY,):
        sender.deliver(recipient)
    monitor = subprocess.Popen([mxvigil, "-c", conf, "run"], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    place.processes.append(monitor)
    threading.Thread(target=echo, args=(monitor.stderr,), daemon=True).start()
    threading.Thread(target=sender.run, args=(given.seconds / 60,), daemon=True).start()
    edits = []
    if given.no_edit:
        await_recorded(mxvigil, conf, IONOS)
        time.sleep(given.seconds)
    else:
        edits = tell(mxvigil, conf, nsd, mailbox, given.seconds)
    sender.over.set()
    monitor.terminate()
    if monitor.wait(20) != 0:
        sys.exit(f"the monitor left with {monitor.returncode}")
    if edits:
        show_mails(mailbox, edits)
    conclude(mxvigil, conf)


if __name__ == "__main__":
    main()
