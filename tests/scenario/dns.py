# SPDX-License-Identifier: MIT
"""The few DNS messages that a story needs: ask a question, read names, MX, SOA, NS, addresses."""
import random
import socket
import struct

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def encode_name(name):
    labels = [label for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def read_name(wire, at):
    """Returns (name with final dot, offset behind it)."""
    labels, after = [], None
    while True:
        length = wire[at]
        if length >= 0xC0:
            after = after if after is not None else at + 2
            at = struct.unpack_from(">H", wire, at)[0] & 0x3FFF
        elif length:
            labels.append(wire[at + 1:at + 1 + length].decode("latin-1"))
            at += 1 + length
        else:
            return ".".join(labels) + ".", after if after is not None else at + 1


class Answer:
    """rcode, aa, and the answer section as (owner, type number, ttl, value)."""

    def __init__(self, wire):
        self.wire = wire
        _, flags, questions, answers, _, _ = struct.unpack_from(">6H", wire)
        self.rcode = RCODES.get(flags & 15, str(flags & 15))
        self.aa = bool(flags & 0x0400)
        self.records = []
        at = 12
        for _ in range(questions):
            at = read_name(wire, at)[1] + 4
        for _ in range(answers):
            owner, at = read_name(wire, at)
            kind, _, ttl, length = struct.unpack_from(">HHIH", wire, at)
            at += 10
            self.records.append((owner, kind, ttl, self.value(kind, at, length)))
            at += length

    def value(self, kind, at, length):
        if kind == TYPES["MX"]:
            return struct.unpack_from(">H", self.wire, at)[0], read_name(self.wire, at + 2)[0]
        if kind in (TYPES["NS"], TYPES["CNAME"]):
            return read_name(self.wire, at)[0]
        if kind == TYPES["SOA"]:
            after = read_name(self.wire, read_name(self.wire, at)[1])[1]
            return struct.unpack_from(">I", self.wire, after)[0]
        return self.wire[at:at + length]


def ask(server, name, kind, port=53, seconds=0.3, recurse=False):
    """One question over UDP; None where no answer comes."""
    ident = random.randrange(65536)
    query = struct.pack(">6H", ident, 0x0100 if recurse else 0, 1, 0, 0, 0) \
        + encode_name(name) + struct.pack(">HH", TYPES[kind], 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(seconds)
        try:
            sock.connect((server, port))
            sock.send(query)
            wire = sock.recv(65535)
        except OSError:
            return None
    return Answer(wire) if len(wire) >= 12 and wire[:2] == query[:2] else None


def serial(server, zone, port=53):
    """The serial that a server has of a zone, or None."""
    answer = ask(server, zone, "SOA", port)
    found = [r[3] for r in answer.records if r[1] == TYPES["SOA"]] if answer else []
    return found[0] if found else None
