# SPDX-License-Identifier: MIT
"""A name server that does as the story says: truth, forgery, silence, over UDP and TCP."""
import collections
import socket
import struct
import threading
import time

import dns

QUERY = collections.namedtuple("QUERY", "name kind ident transport peer at wire")
NUMBERS = {name: number for number, name in dns.RCODES.items()}


def rdata(kind, value):
    """value as text, or the bytes of the wire where a story wants something that is not text."""
    if isinstance(value, bytes):
        return value
    if kind == "MX":
        name = value[1] if isinstance(value[1], bytes) else dns.encode_name(value[1])
        return struct.pack(">H", value[0]) + name
    if kind in ("NS", "CNAME"):
        return dns.encode_name(value)
    if kind == "SOA":
        return dns.encode_name("ns1.") + dns.encode_name("hostmaster.") \
            + struct.pack(">5I", value, 3600, 600, 86400, 60)
    return socket.inet_pton(socket.AF_INET6 if kind == "AAAA" else socket.AF_INET, value)


def record(owner, kind, value, ttl=60):
    body = rdata(kind, value)
    return dns.encode_name(owner) + struct.pack(">HHIH", dns.TYPES[kind], 1, ttl, len(body)) + body


def reply(query, answers=(), authority=(), rcode="NOERROR", aa=True, tc=False, ident=None,
          question=None):
    """A whole message to a query; ident and question may be forged."""
    flags = 0x8000 | (0x0400 if aa else 0x0080) | (0x0200 if tc else 0) | NUMBERS[rcode]
    name = query.name if question is None else question
    return struct.pack(">6H", query.ident if ident is None else ident, flags, 1, len(answers),
                       len(authority), 0) \
        + dns.encode_name(name) + struct.pack(">HH", dns.TYPES[query.kind], 1) \
        + b"".join(answers) + b"".join(authority)


class Scripted:
    """Serves zones of (name, type) -> values, unless `script` takes a query over.

    script(query) returns None for the truth, or a list of messages to send: the empty list is
    silence. It runs in the server's threads.
    """

    def __init__(self, address, zone, port=53):
        self.address, self.zone, self.port = address, zone, port
        self.records = {(zone, "SOA"): [1]}
        self.ttl = 60
        self.script = None
        self.tcp_open = True
        self.queries = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.udp = socket.socket(family, socket.SOCK_DGRAM)
        self.udp.bind((address, port))
        self.tcp = socket.create_server((address, port), family=family, backlog=200)
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def parse(self, wire, transport, peer):
        ident = struct.unpack_from(">H", wire)[0]
        name, after = dns.read_name(wire, 12)
        number = struct.unpack_from(">H", wire, after)[0]
        kind = next((k for k, v in dns.TYPES.items() if v == number), None)
        return QUERY(name.rstrip(".").lower(), kind, ident, transport, peer, time.time(), wire)

    def truth(self, query):
        values = self.records.get((query.name, query.kind))
        if values is not None:
            return reply(query, [record(query.name, query.kind, v, self.ttl) for v in values])
        if not (query.name == self.zone or query.name.endswith("." + self.zone)):
            return reply(query, rcode="REFUSED", aa=False)
        known = any(name == query.name for name, _ in self.records)
        soa = [record(self.zone, "SOA", self.records[(self.zone, "SOA")][0])]
        return reply(query, authority=soa, rcode="NOERROR" if known else "NXDOMAIN")

    def answers(self, wire, transport, peer):
        try:
            query = self.parse(wire, transport, peer)
        except (struct.error, IndexError):
            return []
        self.queries.append(query)
        if query.kind is None:
            return []
        scripted = self.script(query) if self.script else None
        return [self.truth(query)] if scripted is None else scripted

    def serve_udp(self):
        while True:
            wire, peer = self.udp.recvfrom(65535)
            for message in self.answers(wire, "udp", peer):
                self.udp.sendto(message, peer)

    def serve_tcp(self):
        while True:
            connection, peer = self.tcp.accept()
            if not self.tcp_open:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                continue
            threading.Thread(target=self.serve_stream, args=(connection, peer),
                             daemon=True).start()

    def serve_stream(self, connection, peer):
        with connection, connection.makefile("rb") as stream:
            while len(head := stream.read(2)) == 2:
                wire = stream.read(struct.unpack(">H", head)[0])
                try:
                    for message in self.answers(wire, "tcp", peer):
                        connection.sendall(struct.pack(">H", len(message)) + message)
                except OSError:
                    return

    def asked(self, kind="MX", transport=None):
        return [q for q in list(self.queries)
                if q.kind == kind and transport in (None, q.transport)]
