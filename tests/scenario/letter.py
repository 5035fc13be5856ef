#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mails are carried to a real Postfix that wants TLS and a login."""
import os
import pathlib
import socket
import sys
import time

import lab as labs
import mailbox

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "alerts"))
import courier  # noqa: E402
from courier import Courier, DONE, LATER, REFUSED, is_  # noqa: E402

PROGRAM = os.environ.get("COURIER", str(labs.ROOT / "build/tests/alerts/courier"))
BODY = ("From: mxvigil <mxvigil@sender.example>\r\nMessage-ID: <lab-a{0}@sender.example>\r\n"
        "Subject: letter {0}\r\n\r\n.\r\n..\r\n.dots\r\n" + "x" * 998 + "\r\nlast\r\n")


def tell_of_lookups(lab, t, server, team):
    """A resolver that never answers: others are not held up by it, nor is the end."""
    deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deaf.bind(("127.0.0.53", 53))
    lab.resolv_conf("127.0.0.53")
    lost = {**team, "name": "lost", "smtp": "smtp://mail.receiver.example:25"}
    with Courier(PROGRAM, team, lost, ca_file=str(mailbox.BUNDLE), connect_ms=1000) as sender:
        for number in range(4):
            sender.hand(number, "lost", "team@receiver.example", BODY.format(number))
        deaf.recv(512)
        began = time.monotonic()
        result = sender.mail(10, recipient="ops@receiver.example", body=BODY.format(10))
        t.ok(is_(result, DONE) and time.monotonic() - began < 1.5,
             "a lookup that hangs delays nobody", (time.monotonic() - began, result))
        results = [sender.result(number, 10) for number in range(4)]
        t.ok(all(is_(result, LATER, 0) for result in results) and time.monotonic() - began < 4,
             "it has the time for a connection, and is tried again",
             (time.monotonic() - began, results))
        sender.hand(20, "lost", "team@receiver.example", BODY.format(20))
        deaf.recv(512)
        began = time.monotonic()
        t.ok(sender.close() == 0 and time.monotonic() - began < 2, "nor does the end wait for it",
             time.monotonic() - began)


def story(lab, t):
    lab.own_etc()
    certificates = courier.Certificates()
    server = mailbox.Mailbox(lab, *certificates.make("good", "127.0.0.26"),
                             users=("team", "ops")).start()
    team = {"name": "mail", "type": courier.EMAIL, "smtp": server.url(), "user": "mx",
            "password": server.password, "tls": courier.TLS_REQUIRED,
            "from": "mxvigil@sender.example"}

    def send(number, recipient, ca=str(certificates.authority), **rest):
        options = {"ca_file": ca} if ca else {}
        with Courier(PROGRAM, {**team, **rest}, host="mail.sender.example", **options) as sender:
            return sender.mail(number, recipient=recipient, body=BODY.format(number))

    for number, user in enumerate(("team", "ops")):
        result = send(number, f"{user}@receiver.example")
        t.ok(is_(result, DONE, 250) and "queued as" in result["text"],
             f"{user}: taken over TLS and after a login", result)
        mail, = server.await_mails(user)
        t.ok(mail["Message-ID"] == f"<lab-a{number}@sender.example>" and
             mail.get_content() == BODY.format(number).split("\r\n\r\n")[1].replace("\r\n", "\n"),
             f"{user}: every line arrives as it was", mail.as_string())
        received = " ".join(mail.get_all("Received"))
        t.ok("ESMTPSA" in received and "Authenticated sender: mx" in received and
             "TLSv1.3" in received and "mail.sender.example" in received,
             f"{user}: encrypted, logged in, by our name", received)
        t.ok(mail["Return-Path"] == "<mxvigil@sender.example>" and
             mail["Delivered-To"] == f"{user}@receiver.example", f"{user}: for one", mail.items())
    result = send(2, "nobody@receiver.example")
    t.ok(is_(result, REFUSED, 550), "a user that is not there is final", result)
    result = send(3, "team@elsewhere.example", user=None, password=None)
    t.ok(is_(result, REFUSED, 554), "nor is there a way around the login", result)
    result = send(4, "team@receiver.example", password="wrong")
    t.ok(is_(result, LATER, 535), "a wrong password is tried again", result)
    result = send(5, "team@receiver.example", ca=None)
    t.ok(is_(result, LATER, 0) and "certificate" in result["text"],
         "a certificate that nobody vouches for: not sent", result)
    result = send(6, "team@receiver.example", smtp="smtp://mail.receiver.example:25")
    t.ok(is_(result, LATER, 0) and "resolve" in result["text"], "nor to a name without address",
         result)
    t.ok(len(server.files("team")) == len(server.files("ops")) == 1, "nothing else has arrived")
    mailbox.trust(certificates.authority)
    tell_of_lookups(lab, t, server, team)
    log = server.log.read_text()
    t.ok(log.count("sasl_username=mx") == 4 and server.password not in log,
         "one login for each that was let in", log)


mailbox.Mailbox.require()
labs.tell(story, "openssl")
