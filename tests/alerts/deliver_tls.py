#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""deliver over TLS that is missing, stripped or wrong. usage: deliver_tls.py COURIER"""
import sys

import courier
import peer as peers
from courier import Courier, DONE, LATER, is_

import tap  # noqa: E402

PROGRAM = sys.argv[1]
CA = courier.Certificates()
GOOD = CA.make("good", "127.0.0.1")
WRONG = {
    "of another host": CA.make("other", "mail.example.org"),
    "of another address": CA.make("elsewhere", "127.0.0.2"),
    "signed by itself": CA.make("alone", "127.0.0.1", signed=False),
    "that has expired": CA.make("expired", "127.0.0.1", days=-1),
}
PASSWORD = "c4nary-P4ssword"


def send(peer, tls=courier.TLS_REQUIRED, scheme="smtp", **rest):
    channel = {"name": "mail", "type": courier.EMAIL, "tls": tls, "from": "me@example.net",
               "smtp": f"{scheme}://127.0.0.1:{peer.port}", "user": "mx", "password": PASSWORD,
               "to": ["a@example.org"], **rest}
    with Courier(PROGRAM, channel, ca_file=str(CA.authority), reply_ms=5000) as sender:
        return sender.mail()


def test_required(t):
    peer = peers.SmtpPeer(offers=["STARTTLS"], tls=peers.serving(*GOOD))
    result = send(peer, user=None, password=None)
    t.ok(is_(result, DONE) and peer.encrypted == 1, "a certificate that holds: sent", result)
    for offers, replies, what in (
            ([], {}, "TLS that is not offered"),
            (["STARTTLS"], {"STARTTLS": "454 4.7.0 not now"}, "TLS that is refused"),
            (["XXXXXXXA"], {"STARTTLS": "502 5.5.2 what?"}, "TLS that was stripped")):
        peer = peers.SmtpPeer(replies, offers=["AUTH PLAIN LOGIN", *offers])
        result = send(peer)
        t.ok(is_(result, LATER) and not peer.bodies, f"{what}: nothing is sent", result)
        t.ok(not {"AUTH", "MAIL"} & set(peer.verbs()), f"{what}: not even the login",
             peer.commands)
    for what, certificate in WRONG.items():
        peer = peers.SmtpPeer(offers=["STARTTLS", "AUTH PLAIN"], tls=peers.serving(*certificate))
        result = send(peer)
        t.ok(is_(result, LATER) and not peer.bodies and "AUTH" not in peer.verbs(),
             f"a certificate {what}: nothing is sent", (result, peer.commands))


def test_injected(t):
    """What stands behind the answer to STARTTLS was not said by the peer that TLS is with."""
    peer = peers.SmtpPeer({"STARTTLS": "220 go ahead\n250 2.1.0 Ok\n250 Ok"}, offers=["STARTTLS"],
                          tls=peers.serving(*GOOD))
    result = send(peer, user=None, password=None)
    t.ok(is_(result, LATER) and not peer.bodies, "replies sent ahead of TLS are not read", result)


def test_opportunistic(t):
    peer = peers.SmtpPeer(offers=["STARTTLS"], tls=peers.serving(*WRONG["signed by itself"]))
    result = send(peer, courier.TLS_OPPORTUNISTIC, user=None, password=None)
    t.ok(is_(result, DONE) and peer.encrypted == 1,
         "opportunistic: encrypted with whatever certificate", result)
    peer = peers.SmtpPeer()
    result = send(peer, courier.TLS_OPPORTUNISTIC, user=None, password=None)
    t.ok(is_(result, DONE) and peer.encrypted == 0, "opportunistic: in the clear where there is "
         "none", result)
    peer = peers.SmtpPeer(offers=["STARTTLS"], tls=peers.serving(*GOOD))
    result = send(peer, courier.TLS_NONE, user=None, password=None)
    t.ok(is_(result, DONE) and peer.encrypted == 0, "none: not even where it is offered", result)


class SmtpsPeer(peers.SmtpPeer):
    """TLS from the first byte."""

    def serve(self, connection):
        return super().serve(self.tls.wrap_socket(connection, server_side=True))


def test_smtps(t):
    peer = SmtpsPeer(tls=peers.serving(*GOOD))
    result = send(peer, scheme="smtps", user=None, password=None)
    t.ok(is_(result, DONE), "smtps: sent", result)
    for what, certificate in WRONG.items():
        peer = SmtpsPeer(tls=peers.serving(*certificate))
        result = send(peer, scheme="smtps")
        t.ok(is_(result, LATER) and not peer.commands, f"smtps, a certificate {what}: not a word",
             (result, peer.commands))


def test_https(t):
    def post(peer, **rest):
        channel = {"name": "hook", "type": courier.WEBHOOK,
                   "url": f"https://127.0.0.1:{peer.port}/secret-path", **rest}
        with Courier(PROGRAM, channel, ca_file=str(CA.authority)) as sender:
            return sender.post()

    peer = peers.HttpPeer(tls=peers.serving(*GOOD))
    result = post(peer)
    t.ok(is_(result, DONE, 200) and len(peer.requests) == 1, "https: sent", result)
    for what, certificate in WRONG.items():
        peer = peers.HttpPeer(tls=peers.serving(*certificate))
        result = post(peer)
        t.ok(is_(result, LATER, 0) and not peer.requests, f"https, a certificate {what}: not sent",
             result)


def main():
    t = tap.Tap()
    for test in (test_required, test_injected, test_opportunistic, test_smtps, test_https):
        test(t)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
