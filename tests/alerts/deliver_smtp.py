#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""deliver by SMTP: answers, silence, hostile texts. usage: deliver_smtp.py COURIER"""
import base64
import os
import random
import sys
import time

import courier
import peer as peers
from courier import Courier, DONE, LATER, MAIL, REFUSED, is_

import tap  # noqa: E402

PROGRAM = sys.argv[1]
QUICK = {"connect_ms": 2000, "reply_ms": 1000, "smtp_ms": 3000}


def channel(peer, name="mail", **rest):
    return {"name": name, "type": courier.EMAIL, "tls": courier.TLS_NONE,
            "smtp": f"smtp://127.0.0.1:{peer.port}", "from": "mxvigil@example.net",
            "to": ["a@example.org"], **rest}


def one(replies=None, options=None, drip=False, **rest):
    """A mail to a peer that answers so."""
    peer = peers.SmtpPeer(replies, drip=drip, offers=["AUTH PLAIN", "SIZE 10000000"])
    with Courier(PROGRAM, channel(peer, **rest), **(options or {})) as sender:
        return peer, sender.mail()


def test_taken(t):
    peer, result = one()
    t.ok(is_(result, DONE, 250) and "queued as 4711" in result["text"],
         "a mail is taken, and the server's word of it kept", result)
    t.ok(peer.bodies == [MAIL.encode()], "every byte of it arrives", peer.bodies)
    t.ok(peer.commands[:4] == ["EHLO mail.example.net",
                               f"MAIL FROM:<mxvigil@example.net> SIZE={len(MAIL)}",
                               "RCPT TO:<a@example.org>", "DATA"],
         "one recipient, and nothing but what has to be said", peer.commands)


def test_refusals(t):
    for verb, reply, verdict in (
            ("MAIL", "451 4.3.0 try later", LATER), ("MAIL", "550 5.7.1 not you", REFUSED),
            ("RCPT", "450 4.2.0 greylisted", LATER), ("RCPT", "550 5.1.1 no such user", REFUSED),
            ("DATA", "451 4.3.0 no room", LATER), ("DATA", "554 5.5.1 no", REFUSED),
            ("BODY", "452 4.3.1 disk full", LATER), ("BODY", "554 5.7.1 spam", REFUSED),
            ("GREETING", "421 4.3.2 busy", LATER), ("GREETING", "554 5.3.2 no service", LATER),
            ("AUTH", "535 5.7.8 unknown", LATER)):
        login = {"user": "mx", "password": "password"} if verb == "AUTH" else {}
        _, result = one({verb: reply}, **login)
        t.ok(is_(result, verdict, int(reply[:3])) and result["text"] == reply,
             f"{reply[:3]} to {verb} is {'to be tried again' if verdict == LATER else 'final'}",
             result)
    _, result = one({"RCPT": "550-5.1.1 a long\n550-5.1.1 story\n550 5.1.1 unknown"})
    t.ok(is_(result, REFUSED, 550) and result["text"] == "550 5.1.1 unknown",
         "of a long reply the last line is kept", result)


def test_one_of_three(t):
    peer = peers.SmtpPeer({"RCPT b@example.org": "550 5.1.1 no such user",
                           "RCPT c@example.org": "451 4.7.1 later"})
    with Courier(PROGRAM, channel(peer)) as sender:
        for number, name in enumerate("abc"):
            sender.hand(number, "mail", f"{name}@example.org", MAIL)
        verdicts = [sender.result(number)["verdict"] for number in range(3)]
    t.ok(verdicts == [DONE, REFUSED, LATER] and len(peer.bodies) == 1,
         "a recipient that is refused takes nobody with it", verdicts)


def test_silence(t):
    silent = {stage: peers.SmtpPeer({stage: peers.HANG})
              for stage in ("GREETING", "EHLO", "RCPT", "DATA", "BODY")}
    with Courier(PROGRAM, *(channel(peer, stage) for stage, peer in silent.items()),
                 **QUICK) as sender:
        began = time.monotonic()
        for number, stage in enumerate(silent):
            sender.hand(number, stage, "a@example.org", MAIL)
        for number, (stage, peer) in enumerate(silent.items()):
            result = sender.result(number)
            peer.await_hung()
            t.ok(is_(result, LATER, 0 if stage in ("GREETING", "BODY") else None) and
                 time.monotonic() - began < 8, f"silence at {stage} ends, and is tried again",
                 (time.monotonic() - began, result))
            t.ok(("may have taken" in result["text"]) == (stage == "BODY"),
                 f"silence at {stage} is told as what it is", result)
    began = time.monotonic()
    _, result = one(options={**QUICK, "reply_ms": 60000}, drip=True)
    took = time.monotonic() - began
    t.ok(is_(result, LATER) and took < 6, "a byte a second ends with the time for it all",
         (took, result))
    began = time.monotonic()
    _, result = one({"QUIT": peers.HANG})
    t.ok(is_(result, DONE) and time.monotonic() - began < 2,
         "a server that does not say goodbye is not waited for", result)
    _, result = one({"RCPT": "550 5.1.1 no", "QUIT": peers.HANG, "RSET": peers.HANG})
    t.ok(is_(result, REFUSED) and time.monotonic() - began < 4,
         "nor one that has refused", result)


def test_queues(t):
    """Servers that are silent at some stage, and one that is not."""
    good = peers.SmtpPeer()
    silent = {stage: peers.SmtpPeer({stage: peers.HANG})
              for stage in ("GREETING", "RCPT", "BODY", "QUIT")}
    channels = [channel(peer, stage) for stage, peer in silent.items()] + [channel(good)]
    with Courier(PROGRAM, *channels) as sender:
        for number, stage in enumerate(silent):
            for k in range(3):
                sender.hand(100 + 10 * number + k, stage, "a@example.org", MAIL)
        for stage, peer in silent.items():
            peer.await_hung(2)
            began = time.monotonic()
            results = [sender.mail(number) for number in range(5)]
            t.ok(all(is_(result, DONE) for result in results) and
                 time.monotonic() - began < 2 and peer.connections <= 3,
                 f"a server that is silent at {stage} holds up nobody",
                 (time.monotonic() - began, results))


def test_given_up(t):
    """A letter of which a part is on its way does not become a whole one when it is given up."""
    for stage in ("GREETING", "EHLO", "MAIL", "DATA", "BODY"):
        peer = peers.SmtpPeer({stage: peers.HANG})
        with Courier(PROGRAM, channel(peer)) as sender:
            sender.hand(1, "mail", "a@example.org", MAIL)
            peer.await_hung()
            began = time.monotonic()
            status = sender.close()
        t.ok(status == 0 and time.monotonic() - began < 4,
             f"the end does not wait for a server that is silent at {stage}",
             time.monotonic() - began)
    big = MAIL + "".join(f"line {number:070d}\r\n" for number in range(80000))
    for how in ("the end", "the limit"):
        peer = peers.SmtpPeer()
        peer.reading.clear()
        with Courier(PROGRAM, channel(peer), smtp_ms=2000) as sender:
            sender.hand(1, "mail", "a@example.org", big)
            while "DATA" not in peer.verbs():
                time.sleep(0.01)
            if how == "the limit":
                result = sender.result(1)
                t.ok(is_(result, LATER, 0), "a server that reads no more: again later", result)
            status = sender.close()
        peer.reading.set()
        t.ok(status == 0 and peer.cut.acquire(timeout=20) and not peer.bodies,
             f"{how}: half a letter is seen to be one", (status, len(peer.bodies)))


def test_bytes(t):
    bodies = [".\r\n", "..\r\n", ".x\r\n\r\n.\r\n", "a\r\n.\r\nQUIT\r\n", "\r\n",
              "x" * 998 + "\r\n",
              "\r\n" * 40000 + ".\r\n"] + [("." * n + "\r\n") * 700 for n in (1, 3, 99)]
    peer = peers.SmtpPeer()
    with Courier(PROGRAM, channel(peer)) as sender:
        for number, body in enumerate(bodies):
            sender.mail(number, body=body)
        arrived = [b"".join(line[1:] if line.startswith(b".") else line
                            for line in body.splitlines(keepends=True)) for body in peer.bodies]
        t.ok(arrived == [body.encode() for body in bodies],
             "dots in front of a line arrive as they are", len(arrived))
        wrong = ["a\nb\r\n", "a\rb\r\n", "a\r\r\n", "no end", "x" * 999 + "\r\n", "", "a\0b\r\n",
                 "a\r\n\n.\n\r\n", "a\r"]
        handed = [sender.mail(100 + n, body=body).get("handed") for n, body in enumerate(wrong)]
        t.ok(handed == [-22] * len(wrong),
             "lone CR and LF, NUL and too long lines are not sent", handed)


def test_addresses(t):
    """Whatever stands in an address, the server sees the recipients that were accepted."""
    random.seed(7)
    alphabet = ["\r", "\n", "\r\n", "<", ">", "@", "a", "b.example", "RCPT TO:<x@evil.example>",
                " ", "\t", "\"", "\\", ",", ":", ";", "\x7f", "\x1b", "\x85", "\u2028", "\xe9",
                ".", "-", "[", "]", "127.0.0.1", "NOTIFY=NEVER"]
    count = int(os.environ.get("MXVIGIL_ADDRESSES", 100000))
    peer = peers.SmtpPeer()
    accepted = []
    with Courier(PROGRAM, channel(peer)) as sender:
        for number in range(count):
            text = "".join(random.choices(alphabet, k=random.randint(2, 8)))
            text = text if random.random() < 0.2 else f"a{text}@b.example"
            if sender.hand(number, "mail", text, MAIL) == 0:
                accepted.append(text)
                sender.result(number)
    planned = sorted(f"RCPT TO:<{text}>" for text in accepted)
    seen = sorted(c for c in peer.commands if c.upper().startswith("RCPT"))
    t.ok(seen == planned and len(accepted) > 20,
         f"of {count} hostile addresses the {len(accepted)} right ones make one RCPT each",
         sorted(set(seen) ^ set(planned))[:10])
    known = {"EHLO", "MAIL", "RCPT", "DATA", "QUIT", "RSET"}
    t.ok(set(peer.verbs()) <= known, "and no other command", set(peer.verbs()) - known)


def test_hostile_reply(t):
    for text in ("550 \x1b[31mred\x07", "550 a\x00b", "550 \udcff\udcfe bytes", "550 " + "x" * 900,
                 "550 \u202eesrever", "550 \x9b31m", "550 <script>alert(1)</script>"):
        _, result = one({"RCPT": text})
        shown = result["text"]
        t.ok(is_(result, REFUSED, 550) and len(shown.encode()) < 256 and
             not any(ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c == "\u202e" for c in shown),
             f"a reply of {text[:12]!r} is one line without controls", result)


def test_beyond_ascii(t):
    peer = peers.SmtpPeer()
    with Courier(PROGRAM, channel(peer)) as sender:
        for address in ("josé@b.example", "jose@bücher.example"):
            t.ok(sender.mail(recipient=address) == {"handed": -22}, f"{address}: not sent")
    for name, said in (("mail.example.net", "mail.example.net"), ("a b", "localhost"),
                       ("a\r\nQUIT", "localhost"), ("", "localhost"), ("%0d%0aQUIT", "localhost")):
        peer, _ = one(options={"host": name})
        t.ok(peer.commands[0] == f"EHLO {said}", f"a host called {name!r} says EHLO {said}",
             peer.commands)


def test_auth(t):
    password = "c4nary-P4ssword"
    plain = base64.b64encode(f"\0mx\0{password}".encode()).decode()
    login = base64.b64encode(password.encode()).decode()
    for offered in ("AUTH PLAIN", "AUTH LOGIN"):
        peer = peers.SmtpPeer({"AUTH": "334 " if "PLAIN" in offered else "334 VXNlcm5hbWU6"},
                              offers=[offered])
        peer.replies.update({plain: "235 2.7.0 welcome", login: "235 2.7.0 welcome",
                             plain.upper(): "235 2.7.0 welcome",
                             login.upper(): "235 2.7.0 welcome", "BXG=": "334 UGFzc3dvcmQ6"})
        with Courier(PROGRAM, channel(peer, user="mx", password=password)) as sender:
            result = sender.mail()
        t.ok(is_(result, DONE) and any(plain in c or login in c for c in peer.commands),
             f"{offered}: logged in, and sent", (result, peer.commands))
    for word in (password, plain, login):
        peer = peers.SmtpPeer({"AUTH": f"535 5.7.8 wrong: {word}"}, offers=["AUTH PLAIN"])
        with Courier(PROGRAM, channel(peer, user="mx", password=password)) as sender:
            result = sender.mail()
            sender.close()
            said = "".join(sender.said)
        t.ok(is_(result, LATER, 535) and "***" in result["text"],
             "a password that is refused is tried again: it is not the letter's fault", result)
        t.ok(not any(secret in said for secret in (password, plain, login)),
             "and is not shown when the server repeats it", said)


def main():
    t = tap.Tap()
    for test in (test_taken, test_refusals, test_one_of_three, test_silence, test_queues,
                 test_given_up,
                 test_bytes, test_addresses, test_hostile_reply, test_beyond_ascii, test_auth):
        test(t)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
