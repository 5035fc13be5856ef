#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""deliver by HTTP: answers, redirects, floods, signatures. usage: deliver_http.py COURIER"""
import base64
import hashlib
import hmac
import sys
import time

import courier
import peer as peers
from courier import Courier, DONE, LATER, REFUSED, UNTRIED, is_
from peer import status

import tap  # noqa: E402

PROGRAM = sys.argv[1]
NOW = 1700000000  # the courier's clock
SECRET = "c4nary/T0P/S3cretSegment"


def hook(peer, name="hook", kind=courier.WEBHOOK, path="/" + SECRET, **rest):
    return {"name": name, "type": kind, "url": f"http://127.0.0.1:{peer.port}{path}", **rest}


def one(reply, **options):
    peer = peers.HttpPeer(reply)
    with Courier(PROGRAM, hook(peer), **options) as sender:
        return peer, sender.post(event="fra1-a1")


def test_request(t):
    peer = peers.HttpPeer()
    body = '{"text": "ümlaut\\n"}'
    with Courier(PROGRAM, hook(peer)) as sender:
        result = sender.post(body=body)
        sender.post(2, content_type="text/x-test")
    first, headers, got = peer.requests[0]
    t.ok(is_(result, DONE, 200) and first == f"POST /{SECRET} HTTP/1.1" and
         got == body.encode(), "a body is posted as it is", (result, first, got))
    t.ok(headers["content-type"] == "application/json" and
         headers["user-agent"].startswith("mxvigil/") and "expect" not in headers and
         "authorization" not in headers and "webhook-signature" not in headers,
         "with the headers that it needs", headers)
    t.ok(peer.requests[1][1]["content-type"] == "text/x-test", "and the type that is asked for",
         peer.requests[1])
    peer = peers.HttpPeer()
    with Courier(PROGRAM, hook(peer, kind=courier.HEARTBEAT)) as sender:
        result = sender.post(body="")
    t.ok(is_(result, DONE) and peer.requests[0][0] == f"GET /{SECRET} HTTP/1.1",
         "a heartbeat is a GET", peer.requests)


def test_status(t):
    for line, headers, verdict, after in (
            ("200 OK", "", DONE, 0), ("202 Accepted", "", DONE, 0), ("204 None", "", DONE, 0),
            ("301 Moved", "Location: /x\r\n", REFUSED, 0),
            ("308 Moved", "Location: /x\r\n", REFUSED, 0),
            ("302 Found", "Location: /x\r\n", LATER, 0),
            ("307 Later", "Location: /x\r\n", LATER, 0),
            ("400 Bad", "", REFUSED, 0), ("403 No", "", REFUSED, 0), ("404 None", "", REFUSED, 0),
            ("410 Gone", "Retry-After: 7\r\n", REFUSED, 0), ("408 Slow", "", LATER, 0),
            ("429 Easy", "Retry-After: 120\r\n", LATER, 120),
            ("429 Easy", "Retry-After: 99999999\r\n", LATER, 86400),
            ("429 Easy", "Retry-After: soon\r\n", LATER, 0),
            ("503 Busy", "Retry-After: 5\r\n", LATER, 5), ("500 Oops", "", LATER, 0)):
        peer, result = one(status(line, headers, "why"))
        t.ok(is_(result, verdict, int(line[:3])) and result["retry_after"] == after and
             len(peer.requests) == 1, f"{line[:3]} {headers.strip()} is judged", result)
    future = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 300))
    _, result = one(status("503 Busy", f"Retry-After: {future}\r\n"))
    t.ok(290 <= result["retry_after"] <= 301, "a date to come back at is understood", result)
    _, result = one(status("400 Bad", body="invalid_token\r\nmore"))
    t.ok(result["text"] == "HTTP 400: invalid_token more", "the receiver's reason is told", result)


def test_redirect(t):
    """Nobody else is asked, whatever the receiver says."""
    other = peers.HttpPeer()
    for target in (f"http://127.0.0.1:{other.port}/", "http://169.254.169.254/latest/meta-data",
                   "file:///etc/passwd", f"gopher://127.0.0.1:{other.port}/x"):
        for line in ("301 Moved", "302 Found", "307 Temporary"):
            _, result = one(status(line, f"Location: {target}\r\n"))
            t.ok(result["verdict"] in (LATER, REFUSED) and not other.connections,
                 f"a {line[:3]} to {target.split('/')[0]}//... is not followed", result)


def test_address(t):
    for host, scheme in (("169.254.169.254", "http"), ("169.254.1.1", "https"),
                         ("[fe80::1]", "https"), ("0.0.0.0", "http"), ("[::]", "http"),
                         ("[::ffff:169.254.169.254]", "https"), ("100.100.100.200", "http"),
                         ("[64:ff9b::a9fe:a9fe]", "https"), ("224.0.0.1", "http"),
                         ("192.0.2.1", "http"), ("[2001:db8::1]", "http"),
                         ("255.255.255.255", "https"), ("[fd00:ec2::254]", "https")):
        channel = {"name": "hook", "type": courier.WEBHOOK, "url": f"{scheme}://{host}/x"}
        with Courier(PROGRAM, channel, connect_ms=3000) as sender:
            result = sender.post()
        t.ok(is_(result, LATER, 0) and "not an address to connect to" in result["text"],
             f"{scheme} to {host} is not connected", result)
    for url in ("file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1/x",
                "dict://127.0.0.1:1/x", "smtp://127.0.0.1:1"):
        with Courier(PROGRAM, {"name": "hook", "type": courier.WEBHOOK, "url": url}) as sender:
            result = sender.post()
        t.ok(is_(result, LATER, 0) and "not supported" in result["text"],
             f"{url.split(':')[0]} is not spoken", result)


def flood(head, piece, seconds=60):
    """A reply without an end."""
    def reply(connection):
        connection.sendall(head)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(piece)
    return reply


def test_flood(t):
    for what, head, piece, verdict in (
            ("a body of 1 GiB", b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
             b"x" * 65536, DONE),
            ("a body without end", b"HTTP/1.1 500 Oops\r\n\r\n", b"x" * 65536, LATER),
            ("headers without end", b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"y" * 990 + b"\r\n",
             None),
            ("interim replies without end", b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50, LATER)):
        began = time.monotonic()
        _, result = one(flood(head, piece), http_ms=8000)
        t.ok(time.monotonic() - began < 4 and verdict in (None, result["verdict"]),
             f"{what}: not read to the end", (time.monotonic() - began, result))
    for what, reply, verdict in (
            ("silence", peers.HANG, LATER), ("no HTTP", b"220 hello\r\n", LATER),
            ("nothing", b"", LATER),
            ("a reply that stops", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", DONE)):
        began = time.monotonic()
        _, result = one(reply, http_ms=1000)
        t.ok(is_(result, verdict) and time.monotonic() - began < 4, f"{what}: judged in time",
             result)


def test_signature(t):
    """As Standard Webhooks has it, computed here from its text alone."""
    key = "a key of more than sixteen bytes"
    for body in ("{}", '{"x": "ümlaut"}', ""):
        peer = peers.HttpPeer()
        with Courier(PROGRAM, hook(peer, secret=key)) as sender:
            sender.post(body=body, event="fra1-a7")
        _, headers, got = peer.requests[0]
        signed = f"fra1-a7.{NOW}.".encode() + got
        expected = base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest())
        t.ok(headers.get("webhook-signature") == "v1," + expected.decode() and
             headers["webhook-id"] == "fra1-a7" and headers["webhook-timestamp"] == str(NOW),
             f"the signature over {body!r} holds", headers)


def test_secrets(t):
    """A receiver that repeats what it was told does not get it into what we say."""
    key = "r0uting-k3y-c4nary"
    pieces = ["/" + SECRET, "S3cretSegment", key]
    for line in ("200 OK", "400 Bad", "404 None", "500 Oops"):
        for piece in pieces:
            peer = peers.HttpPeer(status(line, body=f"no {piece} here: {piece}{piece}"))
            with Courier(PROGRAM, hook(peer, key=key)) as sender:
                sender.post()
                sender.close()
                said = "".join(sender.said)
            t.ok(piece not in said and ("***" in said or line[0] == "2"),
                 f"{line[:3]} with {piece[:6]}... in it: not shown", said)
    peer = peers.HttpPeer()
    peer.close()
    with Courier(PROGRAM, hook(peer, key=key)) as sender:
        result = sender.post()
        sender.close()
        said = "".join(sender.said)
    t.ok(is_(result, LATER) and not any(piece in said for piece in pieces),
         "nor when nobody listens", said)


def test_queues(t):
    """One receiver that hangs, and three that do not."""
    dead = peers.HttpPeer(peers.HANG)
    good = [peers.HttpPeer() for _ in range(3)]
    channels = [hook(dead, "dead")] + [hook(peer, f"good{n}") for n, peer in enumerate(good)]
    with Courier(PROGRAM, *channels, http_ms=60000) as sender:
        for number in range(20):
            sender.hand(number, "dead")
        dead.await_hung(2)
        began = time.monotonic()
        results = [sender.post(1000 + 10 * n + k, f"good{n}") for n in range(3) for k in range(10)]
        took = time.monotonic() - began
        t.ok(all(is_(result, DONE) for result in results) and took < 5,
             "one that hangs delays nobody else", took)
        t.ok(dead.connections <= 2, "and is asked twice at once at most", dead.connections)
        t.ok(sender.hand(7, "none") == -2, "a channel that is not there is said so")
        began = time.monotonic()
        ended = sender.close()
        t.ok(ended == 0 and time.monotonic() - began < 3, "the end does not wait for it",
             (ended, time.monotonic() - began))


def test_reload(t):
    dead, good = peers.HttpPeer(peers.HANG), peers.HttpPeer()
    with Courier(PROGRAM, hook(dead, "a"), hook(dead, "b"), hook(dead, "c"),
                 http_ms=2000) as sender:
        for number in range(12):
            sender.hand(number, "abc"[number // 4])
        dead.await_hung(6)
        sender.set(hook(good, "a"), hook(good, "c", kind=courier.SLACK))
        results = [sender.result(number) for number in range(12)]
    verdicts = [result["verdict"] for result in results]
    t.ok(verdicts[0:4] == [LATER, LATER, DONE, DONE], "what waits takes the new settings",
         verdicts)
    t.ok(verdicts[4:8] == [LATER, LATER, UNTRIED, UNTRIED], "of a channel that went it is untried",
         verdicts)
    t.ok(verdicts[8:12] == [LATER, LATER, UNTRIED, UNTRIED],
         "as of one that is of another type now", verdicts)
    peer = peers.HttpPeer(peers.HANG)
    with Courier(PROGRAM, hook(peer)) as sender:
        said = [sender.hand(number, "hook") for number in range(110)]
    t.ok(said[:100] == [0] * 100 and said[-1] == -16, "a queue has an end", said[-12:])


def main():
    t = tap.Tap()
    for test in (test_request, test_status, test_redirect, test_address, test_flood,
                 test_signature, test_secrets, test_queues, test_reload):
        test(t)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
