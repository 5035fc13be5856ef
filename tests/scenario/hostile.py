#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Answers made to hurt: names full of control bytes, messages full of traps."""
import csv
import io
import json
import pathlib
import struct

import daemon
import dns
import lab as labs
import scripted

DOMAIN = "online.example"
SERVER = "127.0.1.66"
HOSTS = ((10, "mx00.ionos.example"),)
LABELS = (b"\x1b[31mred", b"a\r\nb", b"nul\x00nul", b'say "hi"', b"=cmd|calc", b"dot.inside",
          b"back\\slash", b"\x9b31m", b"\xff\xfe", b"<script>", b"@sum", b"comma,comma", b"x" * 63)


def wire_name(label):
    return bytes([len(label)]) + label + dns.encode_name("evil.example")


def unescape(text):
    """Bytes of the first label, whatever the program chose to escape."""
    out, at = bytearray(), 0
    while at < len(text) and text[at] != ".":
        if text[at] == "\\" and text[at + 1:at + 4].isdigit():
            out.append(int(text[at + 1:at + 4]))
            at += 4
        elif text[at] == "\\":
            out += text[at + 1].encode()
            at += 2
        else:
            out += text[at].encode("latin-1")
            at += 1
    return bytes(out)


def clean(text):
    """No control byte but those of our own layout: no C0, DEL, C1."""
    return not [c for c in text if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160]


def header(query, answers, additional=0):
    question = dns.encode_name(query.name) + struct.pack(">HH", 15, 1)
    return struct.pack(">6H", query.ident, 0x8400, 1, answers, 0, additional) + question


def traps(query):
    """name -> a message that answers the query in a malicious way."""
    own = b"\xc0\x0c"
    mx = struct.pack(">HHI", 15, 1, 60)
    loop = struct.pack(">H", 0xC000 | len(header(query, 1)))
    true_mx = scripted.record(DOMAIN, "MX", HOSTS[0])
    bomb = own + struct.pack(">HHIH", 16, 1, 60, 65000) + b"\0" * 65000
    return {
        "a pointer to itself": header(query, 1) + loop + mx + b"\0\4\0\x0a" + own,
        "a pointer ahead": header(query, 1) + b"\xff\xff" + mx + b"\0\4\0\x0a" + own,
        "counts that lie": header(query, 65535),
        "MX data of no length": header(query, 1) + own + mx + b"\0\0",
        "MX data of one byte": header(query, 1) + own + mx + b"\0\1\0",
        "a name beyond the data": header(query, 1) + own + mx + b"\0\4\0\x0a\x3fa",
        "a bomb of empty strings": header(query, 2) + true_mx + bomb,
        "half a header": struct.pack(">H", query.ident) + b"\x84",
        "another owner's records": header(query, 2) + true_mx
        + dns.encode_name("other.example") + mx + b"\0\4\0\x0a" + own,
    }


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def set_traps(t, monitor, server):
    """Over UDP where it fits, over TCP where it is large: none ends the span or the monitor."""
    before = resident(monitor.process)
    for name in traps(scripted.QUERY(DOMAIN, "MX", 0, "tcp", None, 0, b"")):
        def spring(query, trap=name):
            message = traps(query)[trap]
            if query.kind != "MX":
                return None
            large = len(message) > 1232 and query.transport == "udp"
            return [scripted.reply(query, tc=True)] if large else [message]
        server.script = spring
        asked = len(server.asked())
        labs.until(f"polls into {name}", lambda: len(server.asked()) >= asked + 6, 30)
        t.ok(monitor.process.poll() is None, f"{name}: the monitor stands")
        t.ok(not monitor.changes(), f"{name}: it is no change", monitor.changes())
    grown = resident(monitor.process) - before
    t.ok(grown < 20000, f"memory grew by {grown} KiB")
    server.script = None
    polls = monitor.history(DOMAIN)[0][-1]["polls"]
    labs.until("true answers are seen again",
               lambda: monitor.history(DOMAIN)[0][-1]["polls"] > polls + 3, 20, every=0.2)


def many_hosts(t, monitor, server):
    """4,000 records over TCP: bounded and recorded as something, not swallowed in silence."""
    def flood(query):
        if query.kind != "MX":
            return None
        if query.transport == "udp":
            return [scripted.reply(query, tc=True)]
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIHH", 15, 1, 60, 4, n) + b"\xc0\x0c"
                        for n in range(4000))
        return [header(query, 4000) + body]
    server.script = flood
    asked = len(server.asked())
    labs.until("polls of the flood", lambda: len(server.asked()) >= asked + 6, 30)
    t.ok(monitor.process.poll() is None, "4,000 records do not end the monitor")
    server.script = None
    monitor.await_view(DOMAIN, "direct", HOSTS)


def strange_names(t, monitor, server):
    server.records[(DOMAIN, "MX")] = [(n, wire_name(label)) for n, label in enumerate(LABELS)]
    labs.until("the strange set is recorded", lambda: any(
        len(span["mx"]) == len(LABELS) for span in monitor.history(DOMAIN)[0]), 20, every=0.2)
    span = [s for s in monitor.history(DOMAIN)[0] if len(s["mx"]) == len(LABELS)][0]
    t.ok([unescape(h["exchange"]) for h in span["mx"]] == [label.lower() for label in LABELS],
         "every byte of the names is kept, escaped", span["mx"])
    unsafe = {chr(n) for n in (*range(33), *range(127, 256))}
    t.ok(not any(unsafe & set(h["exchange"]) for h in span["mx"]), "as \\DDD", span["mx"])
    for words in (("history", DOMAIN), ("history", DOMAIN, "--format", "csv"),
                  ("history", DOMAIN, "--format", "cof"), ("history", DOMAIN, "--json"),
                  ("changes",), ("history", DOMAIN, "--evidence"), ("export",)):
        text = monitor.say(*words)
        t.ok(text and clean(text), f"no raw control byte in: {' '.join(words)}", repr(text[:2000]))
    t.ok(clean(monitor.logged()), "nor in the log", repr(monitor.logged()[-2000:]))
    rows = list(csv.reader(io.StringIO(monitor.say("history", DOMAIN, "--format", "csv"))))
    cells = [cell for row in rows[1:] for cell in row]
    t.ok(len({len(row) for row in rows if row}) == 1 and not any(
        cell[:1] in ("=", "+", "@") for cell in cells), "CSV is even and starts no formula", rows)
    for line in monitor.say("history", DOMAIN, "--format", "cof").splitlines():
        json.loads(line)


def story(lab, t):
    server = scripted.Scripted(SERVER, DOMAIN)
    server.records[(DOMAIN, "MX")] = list(HOSTS)
    monitor = daemon.Mxvigil(
        lab, views=[{"name": "direct", "kind": "recursive", "servers": [f"{SERVER}:53"]}],
        limits={"timeout": "200ms", "tries": 2, "per-server-qps": 0, "min-interval": "100ms"},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "200ms", "views": ["direct"]}])
    monitor.start()
    monitor.await_view(DOMAIN, "direct", HOSTS)
    set_traps(t, monitor, server)
    many_hosts(t, monitor, server)
    strange_names(t, monitor, server)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    t.ok(monitor.cli("verify").returncode == 0, "the chain of hashes holds")


labs.tell(story)
