#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Verifies the ledger of a store after docs/ledger.md, knowing nothing of the program.

usage: verify_ledger.py STORE
Prints "holds TRANSACTIONS HASH" or "broken TRANSACTION WHY". Exit status 0 or 1; 77 where
Python has no sqlite3.
"""
import hashlib
import struct
import sys

try:
    import sqlite3
except ImportError:
    sys.exit(77)

CHUNK = 32
PLACE = ("n.wire, v.name, s.text FROM {0} t JOIN point p ON p.number = t.point"
         " JOIN name n ON n.id = p.name JOIN view v ON v.id = p.view"
         " JOIN server s ON s.id = t.server")


class Broken(Exception):
    pass


def i64(value):
    return struct.pack(">q", value or 0)


def u32(value):
    return struct.pack(">I", value)


def sized(value):
    data = value.encode() if isinstance(value, str) else bytes(value or b"")
    return u32(len(data)) + data


def varints(data):
    """All numbers of a byte string."""
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
    if shift:
        raise Broken("a number ends early")


def signed(value):
    return ~(value >> 1) if value & 1 else value >> 1


class Ledger:
    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        self.next = {}
        self.seen = {"closed": 0, "evidence": 0, "bucket": 0, "pruning": 0}

    def one(self, sql, *parameters):
        row = self.db.execute(sql, parameters).fetchone()
        if row is None:
            raise Broken("a record is missing")
        return row

    def entry(self, table, number):
        """The hash of a dictionary entry, which must be that of its bytes."""
        key, data = self.one(f"SELECT hash, bytes FROM {table} WHERE id = ?", number)
        if hashlib.sha256(data).digest() != key:
            raise Broken(f"{table} {number} does not hash to its key")
        return key

    def evidence(self, kind, number):
        rows = self.db.execute(
            "SELECT e.message, s.text, e.at, e.rtt_us, e.port, e.flags FROM evidence e"
            " JOIN server s ON s.id = e.server WHERE kind = ? AND number = ?"
            " ORDER BY ordinal", (kind, number)).fetchall()
        self.seen["evidence"] += len(rows)
        return u32(len(rows)) + b"".join(
            self.entry("message", row[0]) + sized(row[1]) + b"".join(map(i64, row[2:]))
            for row in rows)

    def place(self, table, number):
        return b"".join(map(sized, self.one(
            f"SELECT {PLACE.format(table)} WHERE t.number = ?", number)))

    def other_type(self, sql, number):
        """What a point of another type than MX adds."""
        (rrtype,) = self.one(sql, number)
        return b"" if rrtype is None else i64(rrtype)

    def opened(self, number):
        rrtype, answer, first, before, was, by, confirmed = self.one(
            "SELECT rrtype, answer, first_at, not_before_ms, from_answer, confirmed_by,"
            " confirmed_ms FROM span WHERE number = ?", number)
        record = (b"\1" + i64(number) + self.place("span", number) + i64(rrtype or 15)
                  + self.entry("answer", answer) + i64(first)
                  + i64(0 if before is None else first - before))
        if was is None:
            return record + b"\0"
        return (record + b"\1" + self.entry("answer", was) + i64(by)
                + i64(0 if confirmed is None else first + confirmed)
                + self.evidence(0, 2 * number))

    def closed(self, number):
        self.seen["closed"] += 1
        rrtype, answer, first, before, last, alias, counters, flags, source = self.one(
            "SELECT rrtype, answer, first_at, not_before_ms, last_at,"
            " (SELECT wire FROM name WHERE id = alias), counters, flags,"
            " (SELECT text FROM imported i JOIN source o ON o.id = i.source"
            "  WHERE i.span = number) FROM span WHERE number = ? AND open = 0", number)
        return (b"\2" + i64(number) + self.place("span", number) + i64(rrtype or 15)
                + self.entry("answer", answer) + i64(first)
                + i64(0 if before is None else first - before) + i64(last)
                + sized(alias) + sized(counters) + i64(flags) + sized(source))

    def gap(self, number):
        return b"\3" + i64(number) + self.place("gap", number) + b"".join(
            map(i64, self.one("SELECT from_at, to_at, reason, imported FROM gap"
                              " WHERE number = ?", number))) + self.other_type(
                                  "SELECT p.rrtype FROM gap t JOIN point p"
                                  " ON p.number = t.point WHERE t.number = ?", number)

    def change(self, number):
        rrtype, at, before, was, now, by, confirmed, imported = self.one(
            "SELECT rrtype, at, not_before_at, from_answer, to_answer, confirmed_by,"
            " confirmed_at, imported FROM change WHERE number = ?", number)
        shown = 2 * number + 1
        return (b"\4" + i64(shown) + self.place("change", number) + i64(rrtype or 15)
                + i64(at) + i64(before) + self.entry("answer", was)
                + self.entry("answer", now) + i64(by) + i64(confirmed) + i64(imported)
                + self.evidence(0, shown))

    def suspicion(self, number):
        at, held, seen, why = self.one(
            "SELECT at, held_answer, seen_answer, why FROM suspicion WHERE number = ?",
            number)
        return (b"\5" + i64(number) + self.place("suspicion", number) + i64(at)
                + self.entry("answer", held) + self.entry("answer", seen) + sized(why)
                + self.evidence(1, number) + self.other_type(
                    "SELECT p.rrtype FROM suspicion t JOIN point p"
                    " ON p.number = t.point WHERE t.number = ?", number))

    def bucket(self, point, length, start, version):
        self.seen["bucket"] += 1
        chunk = start - start % (CHUNK * length)
        wire, view, data = self.one(
            "SELECT n.wire, v.name, b.data FROM bucket b JOIN point p ON p.number = b.point"
            " JOIN name n ON n.id = p.name JOIN view v ON v.id = p.view"
            " WHERE b.point = ? AND length_ms = ? AND chunk_at = ?", point, length, chunk)
        numbers = iter(varints(data))
        for offset, at_hand, polls, failed, longest in zip(*[numbers] * 5):
            if (offset, at_hand) == (start - chunk, version):
                return (b"\6" + sized(wire) + sized(view) + i64(length) + i64(start)
                        + i64(version) + u32(polls) + u32(polls - failed) + u32(longest)
                        + self.other_type(
                            "SELECT rrtype FROM point WHERE number = ?", point))
        raise Broken("a bucket is missing")

    def pruning(self, tx):
        self.seen["pruning"] += 1
        before, cut, key = self.one(
            "SELECT before_at, cut_tx, cut_hash FROM pruning WHERE tx = ?", tx)
        return b"\7" + i64(before) + i64(cut) + sized(key)

    def incident(self, number):
        row = self.one(
            "SELECT incident, (SELECT wire FROM name WHERE id = e.name), at, kind,"
            " kind_at_open, severity, severity_now, state, suspected_at, opened_at,"
            " change_at, change_not_before, first_bounce_at, last_bounce_at, reverted_at,"
            " closed_at, from_operators, to_operators, view, recipients, bounces, deferrals,"
            " deliveries FROM incident_event e WHERE number = ?", number)
        return (b"\10" + i64(number) + i64(row[0]) + sized(row[1])
                + b"".join(map(i64, row[2:16])) + b"".join(map(sized, row[16:19]))
                + b"".join(map(i64, row[19:])))

    def erasure(self, number):
        return b"\11" + i64(number) + b"".join(map(i64, self.one(
            "SELECT what, erased FROM erasure WHERE number = ?", number)))

    def records(self, tx, at, refs):
        kinds = {1: ("span", self.opened), 3: ("gap", self.gap),
                 4: ("change", self.change), 5: ("suspicion", self.suspicion),
                 8: ("incident_event", self.incident), 9: ("erasure", self.erasure)}
        numbers = iter(varints(refs))
        for kind in numbers:
            if kind == 7:
                yield self.pruning(tx)
            elif kind in kinds:
                table, record = kinds[kind]
                count, first = next(numbers), next(numbers)
                if self.next.get(table, first) != first:
                    raise Broken(f"numbers of {table} do not follow")
                self.next[table] = first + count
                yield from map(record, range(first, first + count))
            elif kind == 2:
                number = 0
                for _ in range(next(numbers)):
                    number += signed(next(numbers))
                    yield self.closed(number)
            elif kind == 6:
                count, length, point = next(numbers), next(numbers), 0
                for _ in range(count):
                    point += signed(next(numbers))
                    start = at - signed(next(numbers))
                    yield self.bucket(point, length, start, next(numbers))
            else:
                raise Broken("refs are damaged")

    def beginning(self, site, first):
        if first == 1:
            self.next = dict.fromkeys(("span", "gap", "change", "suspicion", "incident_event",
                                       "erasure"), 1)
            return hashlib.sha256(b"mxvigil ledger 1\n" + site.encode()).digest()
        row = self.db.execute("SELECT cut_hash FROM pruning WHERE cut_tx = ? AND tx > ?",
                              (first - 1, first - 1)).fetchone()
        if row is None:
            raise Broken("links are missing")
        return row[0]

    def complete(self):
        for table, number in self.next.items():
            if self.one(f"SELECT count(*) FROM {table} WHERE number < 1 OR number >= ?",
                        number)[0]:
                raise Broken(f"a {table} has no link")
        buckets = sum(len(list(varints(row[0]))) // 5
                      for row in self.db.execute("SELECT data FROM bucket"))
        found = {
            "closed": self.one("SELECT count(*) FROM span WHERE open = 0")[0],
            "evidence": self.one("SELECT count(*) FROM evidence")[0],
            "bucket": buckets,
            "pruning": self.one("SELECT count(*) FROM pruning")[0],
        }
        for what, count in self.seen.items():
            if found[what] != count:
                raise Broken(f"{what}: {found[what]} in the tables, {count} in the chain")

    def verify(self):
        """Returns (links, last hash), or raises Broken with the transaction."""
        site = self.one("SELECT value FROM meta WHERE key = 'site'")[0]
        links = self.db.execute(
            "SELECT tx, at, hash, refs FROM ledger ORDER BY tx").fetchall()
        first = links[0][0] if links else 1
        tx = 1
        try:
            previous = self.beginning(site, first)
            tx = first
            for number, at, key, refs in links:
                if number != tx:
                    raise Broken("a link is missing")
                chained = hashlib.sha256(previous + i64(tx) + i64(at) + sized(site))
                for record in self.records(tx, at, refs):
                    chained.update(record)
                if chained.digest() != key:
                    raise Broken("the hash is another")
                previous = key
                tx += 1
            tx -= 1
            self.complete()
        except (Broken, StopIteration, RuntimeError) as broken:
            raise Broken(f"{tx} {broken}") from broken
        return len(links), previous.hex()


def main():
    try:
        links, head = Ledger(sys.argv[1]).verify()
    except Broken as broken:
        print(f"broken {broken}")
        return 1
    print(f"holds {links} {head}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
