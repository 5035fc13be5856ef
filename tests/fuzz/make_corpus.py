#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes the seeds of fuzz_wire and fuzz_name. usage: make_corpus.py tests/fuzz/corpus"""
import pathlib
import struct
import sys

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, OPT = 1, 2, 5, 6, 12, 15, 16, 28, 41
AA, TC, RD, RA = 0x0400, 0x0200, 0x0100, 0x0080
QUESTION = b"\xc0\x0c"  # a pointer to the question's name


def name(text):
    return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".") if p) + b"\0"


def rr(rtype, rdata, owner=QUESTION, ttl=300, rclass=1):
    return owner + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata


def mx(preference, exchange, **more):
    return rr(MX, struct.pack("!H", preference) + exchange, **more)


def opt(options=b"", extension=0):
    return rr(OPT, options, owner=b"\0", ttl=extension << 24, rclass=1232)


def ede(code, text=b""):
    return struct.pack("!HHH", 15, 2 + len(text), code) + text


def message(flags, answer=(), authority=(), additional=(), lie=0):
    sections = (answer, authority, additional)
    head = struct.pack("!6H", 0x1234, 0x8000 | flags, 1,
                       *[len(s) + lie for s in sections])
    return head + name("example.com") + struct.pack("!HH", MX, 1) \
        + b"".join(b"".join(s) for s in sections)


SOA_RR = rr(SOA, name("ns.example") + name("hostmaster.example") + struct.pack(
    "!5I", 1, 7200, 900, 1209600, 60))
TWO = (mx(10, b"\3mx1" + QUESTION), mx(20, b"\3MX2" + QUESTION))
WIRE = {
    "mx": message(AA, TWO, additional=[opt()]),
    "mx-glue": message(AA, TWO, [rr(NS, b"\2ns" + QUESTION)],
                       [rr(A, b"\xc0\0\2\1"), rr(AAAA, b"\x20\1\r\xb8" + bytes(12))]),
    "null-mx": message(AA, [mx(0, b"\0")]),
    "null-mx-beside": message(AA, [mx(0, b"\0"), mx(10, name("mx.example"))]),
    "foreign": message(AA, [mx(1, name("evil.example"), owner=name("example.org"))]),
    "nodata": message(RD | RA, authority=[SOA_RR], additional=[opt()]),
    "nxdomain": message(RD | RA | 3, authority=[SOA_RR]),
    "servfail-bogus": message(RD | RA | 2, additional=[opt(ede(6, b"bad signature"))]),
    "refused": message(5),
    "badvers": message(0, additional=[opt(b"\0\12\0\x08cookie..", 1)]),
    "referral": message(0, (), [rr(NS, name("ns.example"))],
                        [rr(A, b"\xc0\0\2\1", owner=name("ns.example"))]),
    "alias": message(RA, [rr(CNAME, name("a.example")),
                          mx(10, name("mx.example"), owner=name("a.example"))]),
    "alias-elsewhere": message(AA, [rr(CNAME, name("a.example"))]),
    "alias-loop": message(RA, [rr(CNAME, QUESTION)]),
    "alias-chain": message(RA, [
        rr(CNAME, name(f"a{i}.example"), owner=QUESTION if i == 1 else
           name(f"a{i - 1}.example")) for i in range(8, 0, -1)]),
    "truncated": message(AA | TC, TWO)[:-3],
    "cut": message(AA, TWO)[:-3],
    "counts-lie": message(AA, TWO, lie=900),
    "mx-empty": message(AA, [rr(MX, b"")]),
    "mx-trailing": message(AA, [mx(10, name("mx.example") + b"x")]),
    "pointer-self": message(AA, [mx(10, b"\xc0\x2b")]),
    "pointer-forward": message(AA, [mx(10, b"\xc0\x30")] + list(TWO)),
    "labels": message(AA, [mx(i, bytes([len(b)]) + b + b"\0") for i, b in enumerate(
        (b"\0", b" ", b"\r\n", b".", b"<", b'"', b"\x1b[2J", b"\x9b", b"\xff", b"=cmd"))]),
    "unknown-types": message(AA, [rr(65280, b"\1\2"), rr(46, bytes(30)), rr(PTR, QUESTION),
                                  rr(TXT, b"\2a\"\0\1b"), rr(TXT, b"\5a")]),
    "ttl-large": message(AA, [mx(10, QUESTION, ttl=0x80000000)]),
}
NAMES = [
    "example.com", "EXAMPLE.com.", ".", "", "a..b", "xn--bcher-kva.example",
    "b\u00fccher.example", "\u05de\u05d1.example", "xn--zz-1.example", "\\000\\255x.example",
    "\\300", "_dmarc.example.com", "192.0.2.1", "\u202eevil.example", "a\u200db.example",
    "\uff45xample\u3002com", "=cmd|' /C calc'!A0", '"quoted", \\ and\ttab\x1b[2J\x9b',
    ".".join(["a"] * 127), "a" * 63 + ".example", "a" * 64 + ".example",
    "fa\u00df.example", "a\u2100b.example", "user@example.com",
]


def main():
    root = pathlib.Path(sys.argv[1])
    seeds = {f"wire/{key}": value for key, value in WIRE.items()}
    seeds |= {f"name/{i:02}": text.encode() for i, text in enumerate(NAMES)}
    seeds["name/not-utf-8"] = b"\xff\xc3.example \xed\xa0\x80"
    for path, value in seeds.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(value)


if __name__ == "__main__":
    main()
