#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lies cost the liar a suspicion, and us at most a few queries: nothing unconfirmed is a change."""
import daemon
import lab as labs
import promises
import scripted
import world

DOMAIN = "online.example"
TRUTH = ((10, "mx00.ionos.example"),)
EVIL = ((10, "mx.evil.example"),)
LATER = ((10, "mx00.icloud.example"),)
INTERVAL = 0.3
SERVER = "127.0.1.66"


def forged(query, hosts=EVIL, **options):
    return scripted.reply(query, [scripted.record(query.name, "MX", h) for h in hosts], **options)


class Liar(scripted.Scripted):
    """Lies a counted number of times over UDP."""

    def __init__(self):
        super().__init__(SERVER, DOMAIN)
        self.records.update({(DOMAIN, "NS"): [f"ns1.{DOMAIN}"], (DOMAIN, "MX"): list(TRUTH),
                             (f"ns1.{DOMAIN}", "A"): [SERVER]})
        self.lies = 0
        self.lie = None
        self.script = self.maybe_lie

    def maybe_lie(self, query):
        if self.lies and query.kind == "MX" and query.transport == "udp":
            self.lies -= 1
            return self.lie(query)
        return None

    def tell(self, count, lie):
        """Lies so often, then says the truth a few more times."""
        self.lie, self.lies = lie, count
        labs.until("the lies are told", lambda: self.lies == 0, 30)
        told = len(self.asked())
        labs.until("the truth follows", lambda: len(self.asked()) >= told + 6, 30)


def unmoved(t, monitor, suspicions, label):
    t.ok(not monitor.changes(), f"{label}: no change", monitor.changes())
    spans = monitor.history(DOMAIN)[0]
    t.ok(len(spans) == 2 and all(daemon.mx_of(s) == sorted(TRUTH) for s in spans),
         f"{label}: the spans go on", spans)
    rows = monitor.changes("--suspicions")
    t.ok(len(rows) == suspicions, f"{label}: {suspicions} suspicions so far", rows)
    return rows


def lies_over_udp(t, monitor, liar):
    liar.tell(1, lambda query: [forged(query)])
    labs.until("a suspicion", lambda: monitor.changes("--suspicions"), 10)
    rows = unmoved(t, monitor, 1, "forged once, TCP says the truth")
    t.ok(daemon.mx_of(rows[0]["seen"]) == sorted(EVIL) and rows[0]["domain"] == DOMAIN
         and not rows[0]["confirmed"], "the suspicion says what was seen", rows)
    t.ok(liar.asked(transport="tcp"), "it was asked again over TCP")
    liar.tcp_open = False
    liar.tell(1, lambda query: [forged(query)])
    labs.until("another suspicion", lambda: len(monitor.changes("--suspicions")) >= 2, 10)
    unmoved(t, monitor, 2, "forged once, TCP is closed")
    ports = {q.peer[1] for q in liar.asked(transport="udp")}
    idents = {q.ident for q in liar.asked(transport="udp")}
    asked = len(liar.asked(transport="udp"))
    t.ok(len(idents) > 0.9 * asked and len(ports) > 1, "ids and ports are not predictable",
         f"{len(idents)} ids, {len(ports)} ports in {asked} queries")
    liar.tcp_open = True


def lies_off_the_path(t, monitor, liar):
    """Wrong id, wrong question, junk before the true answer: not even a suspicion."""
    def noise(query):
        return [b"", b"\x00" * 7, forged(query, ident=query.ident ^ 1),
                forged(query, question="other.example"), liar.truth(query)]
    liar.tell(10, noise)
    unmoved(t, monitor, 2, "noise before the true answer")


def failures(t, monitor, liar):
    for rcode in ("SERVFAIL", "REFUSED"):
        liar.tell(12, lambda query, code=rcode: [scripted.reply(query, rcode=code)])
        unmoved(t, monitor, 2, rcode)
    liar.tell(12, lambda query: [])
    unmoved(t, monitor, 2, "silence")
    reasons = {gap["reason"] for c in monitor.history(DOMAIN)[1].values() for gap in c["gaps"]}
    t.ok(reasons and reasons <= {"servfail", "refused", "timeout"}, "the gaps give the reason",
         reasons)


def truth_without_tcp(t, monitor, liar):
    liar.tcp_open = False
    liar.records[(DOMAIN, "MX")] = list(LATER)
    for view in ("authoritative", "direct"):
        monitor.await_view(DOMAIN, view, LATER)
    rows = monitor.changes()
    t.ok(len(rows) == 2 and {row["confirmed_by"] for row in rows} == {"udp"},
         "a true change is confirmed without TCP", rows)


def story(lab, t):
    place = world.World(lab)
    place.add_domain(DOMAIN, [], ns={"ns1": [SERVER]}, here=False)
    place.start()
    liar = Liar()
    monitor = daemon.Mxvigil(
        lab, views=[world.VIEWS[0], {"name": "direct", "kind": "recursive",
                                     "servers": [f"{SERVER}:53"]}],
        limits={"timeout": "300ms", "tries": 2, "per-server-qps": 1000, "min-interval": "100ms"},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "300ms",
                "views": ["authoritative", "direct"]}])
    monitor.start()
    for view in ("authoritative", "direct"):
        monitor.await_view(DOMAIN, view, TRUTH)
    lies_over_udp(t, monitor, liar)
    lies_off_the_path(t, monitor, liar)
    failures(t, monitor, liar)
    truth_without_tcp(t, monitor, liar)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    promises.check(t, monitor, DOMAIN, INTERVAL)


labs.tell(story, "nsd", "unbound")
