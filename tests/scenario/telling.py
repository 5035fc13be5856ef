#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""From the edit of a zone to the mail in the receiver's spool: a real Postfix takes what is told.

The mails are read back by Python's parser: text, HTML and the picture, one thread an incident.
"""
import html.parser
import pathlib
import statistics
import sys
import time

import daemon
import incident
import lab as labs
import mailbox
import world
from incident import AWAY, HOME, UNKNOWN

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "alerts"))
import courier  # noqa: E402

DOMAINS = [f"d{number}.example" for number in range(5)]
INTERVAL = 1
FROM = "mxvigil@sender.example"


class Remote(html.parser.HTMLParser):
    """What a page would fetch."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "background") and not (value or "").startswith("cid:"):
                self.found.append((tag, name, value))
        if tag in ("script", "link", "iframe", "object", "form"):
            self.found.append((tag, attributes))


def parts(mail):
    return {part.get_content_type(): part for part in mail.walk() if not part.is_multipart()}


def check_envelope(t, what, mail, user):
    received = " ".join(mail.get_all("Received"))
    t.ok("ESMTPSA" in received and "Authenticated sender: mx" in received,
         f"{what}: over TLS and after a login", received)
    t.ok(mail["Delivered-To"] == f"{user}@receiver.example" and
         mail["Auto-Submitted"] == "auto-generated" and mail["List-Id"] and not mail.defects,
         f"{what}: marked as what it is", mail.items())
    t.ok(mail["Subject"].startswith("[mxvigil] ") and FROM in mail["From"],
         f"{what}: can be filtered", mail["Subject"])


def check_content(t, what, mail, domain):
    found = parts(mail)
    if not t.ok({"text/plain", "text/html", "image/png"} <= set(found),
                f"{what}: text, HTML, picture", list(found)):
        return
    text, page = found["text/plain"].get_content(), found["text/html"].get_content()
    picture = found["image/png"]
    t.ok(domain in text and "IONOS" in text and "iCloud" in text and
         max(map(len, text.splitlines())) <= 80, f"{what}: the text tells it in 80 columns", text)
    t.ok(domain in page and not Remote(page).found, f"{what}: the page fetches nothing",
         Remote(page).found)
    t.ok(picture.get_content().startswith(b"\x89PNG\r\n\x1a\n") and
         f"cid:{picture['Content-ID'].strip('<>')}" in page, f"{what}: the page shows the picture",
         picture.items())


def tell_of_test(t, server, monitor):
    began = time.time()
    monitor.say("alerts", "test", "team")
    mails = [server.await_mails(user)[0] for user in server.users]
    t.note(f"a test mail was there after {time.time() - began:.2f} s")
    for user, mail in zip(server.users, mails):
        check_envelope(t, f"test, {user}", mail, user)
    t.ok(mails[0]["Message-ID"] == mails[1]["Message-ID"] and
         mails[0].get_payload() is not None, "both are told the same", mails[0]["Message-ID"])
    rows = [row for row in monitor.rows("alerts", "list") if row["channel"] == "team"]
    t.ok(rows and all(row.get("state", "sent") == "sent" for row in rows),
         "the outbox says that it was sent", rows)


def arrived(server, known):
    """Mails of the first user that came after the first `known`: (parsed, when)."""
    files = server.files(server.users[0])
    return [(mail, path.stat().st_mtime) for mail, path in zip(
        server.mails(server.users[0]), files)][known:] if len(files) > known else []


def tell_of_moves(t, place, server, monitor, log):
    """One domain after the other; how long each took."""
    delays = []
    for number, domain in enumerate(DOMAINS):
        known = len(server.files("team"))
        edited = place.edit(domain, world.mx(*AWAY))[1]
        mail, at = labs.until(f"a mail about {domain}", lambda: next(
            ((m, at) for m, at in arrived(server, known) if domain in m["Subject"]), None), 20,
            every=0.05)
        delays.append(at - edited)
        if number == 0:
            check_envelope(t, "suspicion", mail, "team")
            check_content(t, "suspicion", mail, domain)
            first = mail
    t.ok(statistics.median(delays) < INTERVAL + 2,
         f"from the edit to the spool: {statistics.median(delays):.2f} s at the median",
         delays)
    known = len(server.files("team"))
    now = time.time()
    log.add(*((now, f"person{i}@{DOMAINS[0]}", AWAY[i % 2], UNKNOWN) for i in range(4)))
    update = await_about(server, known, DOMAINS[0], "a verdict")
    t.ok(first["Message-ID"] in update.get("References", "") and
         update["Message-ID"] != first["Message-ID"], "the verdict follows in the same thread",
         (update["References"], first["Message-ID"]))
    known = len(server.files("team"))
    place.edit(DOMAINS[0], world.mx(*HOME))
    update = await_about(server, known, DOMAINS[0], "the return")
    t.ok(first["Message-ID"] in update.get("References", ""), "and so does the return",
         update.items())
    check_content(t, "return", update, DOMAINS[0])


def await_about(server, known, domain, what):
    return labs.until(f"a mail with {what}", lambda: next(
        (mail for mail, _ in arrived(server, known)
         if domain in parts(mail)["text/plain"].get_content()), None), 40, every=0.1)


def channels(server, password):
    return [{"name": "team", "type": "email", "smtp": server.url(), "user": "mx",
             "password-file": str(password), "from": FROM,
             "to": [f"{user}@receiver.example" for user in server.users]}]


def story(lab, t):
    lab.own_etc()
    certificates = courier.Certificates()
    mailbox.trust(certificates.authority)
    server = mailbox.Mailbox(lab, *certificates.make("good", "127.0.0.26"),
                             users=("team", "ops")).start()
    password = lab.path / "password"
    password.write_text(f"{server.password}\n")
    password.chmod(0o600)
    place = world.World(lab)
    for domain in DOMAINS:
        place.add_domain(domain, world.mx(*HOME), ttl=1)
    place.start()
    log = incident.Log(lab.folder("mail") / "mail.log")
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS, channels=channels(server, password),
        watch=[{"name": "key", "domains": DOMAINS, "interval": f"{INTERVAL}s",
                "views": ["authoritative", "mta"]}],
        routes=[{"name": "all", "min-severity": "info", "channels": ["team"],
                 "group-wait": "1s"}],
        deliveries=[{"name": "mail", "format": "postfix", "path": str(log.path)}]).start()
    for domain in DOMAINS:
        for view in ("authoritative", "mta"):
            monitor.await_view(domain, view, HOME)
    now = time.time()
    log.add(*((now - 80000 + 50 * i, f"person{i % 20}@{DOMAINS[i % 5]}", HOME[i % 2], None)
              for i in range(1500)))
    tell_of_test(t, server, monitor)
    tell_of_moves(t, place, server, monitor, log)
    t.ok(monitor.stop() == 0 and server.password not in monitor.logged(),
         "it ends in peace, and the log holds no password", monitor.logged()[-2000:])
    store = b"".join(path.read_bytes() for path in monitor.path.glob("history.db*"))
    t.ok(server.password.encode() not in store, "nor does the store")


mailbox.Mailbox.require()
labs.tell(story, "nsd", "unbound", "openssl")
