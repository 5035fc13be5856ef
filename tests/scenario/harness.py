#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The laboratory itself: its servers do what stories rely on, and broken promises are seen."""
import smtplib

import dns
import lab as labs
import promises
import scripted
import servers
import smtp
import world

OLD = ((10, "mx00.ionos.example"),)
NEW = ((5, "mx01.icloud.example"),)


def mx_at(server, **options):
    answer = dns.ask(server, "online.example", "MX", **options)
    return answer and [r[3] for r in answer.records if r[1] == dns.TYPES["MX"]]


def real_servers(lab, t):
    place = world.World(lab)
    knot = servers.Knot(lab, ("127.0.1.2", "fd00::2"))
    place.add_domain("online.example", world.mx(*OLD), ttl=1, extra=[knot],
                     ns={"ns1": ["127.0.1.1", "fd00::1"], "ns2": ["127.0.1.2", "fd00::2"]})
    knot.start()
    place.start()
    old, new = [(10, "mx00.ionos.example.")], [(5, "mx01.icloud.example.")]
    for address in ("127.0.1.1", "fd00::1", "127.0.1.2", "fd00::2"):
        t.ok(mx_at(address) == old, f"{address} serves the zone", mx_at(address))
    t.ok(mx_at(world.RECURSOR, recurse=True, seconds=2) == old, "the recursor walks to it")
    for server in (place.nsd, knot):
        before, after = place.edit("online.example", world.mx(*NEW), server=server)
        t.ok(0 < after - before < 2 and mx_at(server.addresses[0]) == new,
             f"an edit at {server.name} is there when edit() returns", after - before)
    labs.until("the recursor follows when its cache ends",
               lambda: mx_at(world.RECURSOR, recurse=True, seconds=1) == new, 10)
    place.nsd.freeze()
    t.ok(mx_at("127.0.1.1") is None, "a frozen server is silent")
    place.nsd.thaw()
    t.ok(labs.until("it speaks", lambda: mx_at("127.0.1.1", seconds=1)) == new, "and thaws")
    knot.stop()
    t.ok(mx_at("127.0.1.2") is None, "a stopped server is gone")


def scripted_server(t):
    server = scripted.Scripted("127.0.1.66", "online.example")
    server.records[("online.example", "MX")] = [(10, "mx00.ionos.example")]
    t.ok(mx_at("127.0.1.66") == [(10, "mx00.ionos.example.")], "the scripted server says the truth")
    server.script = lambda query: [scripted.reply(query, rcode="SERVFAIL")]
    t.ok(dns.ask("127.0.1.66", "online.example", "MX").rcode == "SERVFAIL", "or what it is told")
    server.script = lambda query: []
    t.ok(mx_at("127.0.1.66") is None, "or nothing")
    t.ok(len(server.asked("MX", "udp")) == 3, "and remembers what it was asked")


def receiving_server(t):
    server = smtp.Receiver("mx.online.example", "127.0.1.67")
    server.answer("550-5.1.1 <{0}>\n550 5.1.1 is unknown", recipient="no@online.example")
    server.answer("450 4.2.0 later", None, recipient="late@online.example")
    server.answer("421 4.3.2 busy", None, stage="connect")
    try:
        smtplib.SMTP("127.0.1.67", timeout=5)
        t.ok(False, "the receiver turns away whom it is told to")
    except smtplib.SMTPConnectError as error:
        t.ok(error.smtp_code == 421, "the receiver turns away whom it is told to", error)
    people = [f"{name}@online.example" for name in ("yes", "no", "late")]
    with smtplib.SMTP("127.0.1.67", timeout=5) as client:
        refused = client.sendmail("a@sender.example", people, "Subject: x\r\n\r\n.dot\r\n")
        t.ok(refused == {people[1]: (550, b"5.1.1 <no@online.example>\n5.1.1 is unknown"),
                         people[2]: (450, b"4.2.0 later")}, "refuses recipients", refused)
        server.answer("554 5.7.1 spam", stage="data", recipient=people[2])
        try:
            client.sendmail("a@sender.example", people[2:], "x")
            t.ok(False, "or a whole mail")
        except smtplib.SMTPDataError as error:
            t.ok(error.smtp_code == 554, "or a whole mail", error)
    t.ok([(mail.sender, mail.recipients, mail.data) for mail in server.mails]
         == [("a@sender.example", ("yes@online.example",), b"Subject: x\r\n\r\n.dot\r\n")],
         "takes the rest as it was sent", server.mails)
    t.ok([(attempt.recipient, attempt.stage, smtp.code(attempt.reply))
          for attempt in server.attempts]
         == [(None, "connect", 421), (people[1], "rcpt", 550), (people[2], "rcpt", 450),
             (people[0], "data", 250), (people[2], "data", 554)],
         "and remembers what it said", server.attempts)
    server.close()
    try:
        smtplib.SMTP("127.0.1.67", timeout=5)
        t.ok(False, "a closed receiver is gone")
    except OSError as error:
        t.ok(isinstance(error, ConnectionRefusedError), "a closed receiver is gone", error)


def made_up_history():
    def span(first, last, exchange):
        return {"domain": "online.example", "view": "mta", "server": None, "rrtype": "MX",
                "answer": "mx", "mx": [{"preference": 10, "exchange": exchange}],
                "operators": [], "first_seen": f"2026-01-01T00:00:{first:06.3f}Z",
                "last_seen": f"2026-01-01T00:00:{last:06.3f}Z", "polls": 3, "ttl_min": 5,
                "ttl_max": 5, "authenticated": False, "imported": False}
    spans = [span(0, 10, "a.example"), span(11, 20, "b.example"), span(40, 50, "a.example")]
    gap = {"from": "2026-01-01T00:00:20.000Z", "to": "2026-01-01T00:00:40.000Z",
           "reason": "timeout"}
    coverage = {"view": "mta", "from": "2026-01-01T00:00:00.000Z",
                "to": "2026-01-01T00:00:50.000Z", "polls": 9, "polls_exact": True,
                "covered_s": 30.0, "largest_gap_s": 20.0,
                "largest_gap_at": "2026-01-01T00:00:20.000Z", "gaps": [gap]}
    return spans, coverage


def broken_promises(t):
    spans, coverage = made_up_history()
    t.ok(not promises.faults(spans, {"mta": coverage}, 1), "a sound history has no faults",
         promises.faults(spans, {"mta": coverage}, 1))
    breaks = (
        ("overlap", lambda s, c: s[1].update(first_seen="2026-01-01T00:00:09.500Z")),
        ("without a gap", lambda s, c: c.update(gaps=[], covered_s=50.0)),
        ("without a gap", lambda s, c: s[1].update(first_seen="2026-01-01T00:00:11.103Z")),
        ("longer than largest_gap_s", lambda s, c: c.update(largest_gap_s=19.9)),
        ("covered_s", lambda s, c: c.update(covered_s=31.0)),
        ("the same answer", lambda s, c: s[1].update(mx=s[0]["mx"])),
        ("not canonical", lambda s, c: s[1].update(mx=[{"preference": 1, "exchange": "B."}])),
        ("do not ascend", lambda s, c: s.reverse()),
        ("no coverage row", lambda s, c: s[0].update(view="other")),
        ("mx without hosts", lambda s, c: s[0].update(mx=[])),
        ("no 'polls'", lambda s, c: s[0].pop("polls")),
    )
    for words, break_it in breaks:
        spans, coverage = made_up_history()
        break_it(spans, coverage)
        found = promises.faults(spans, {"mta": coverage}, 1)
        t.ok(any(words in fault for fault in found), f"a broken promise is seen: {words}", found)


def story(lab, t):
    real_servers(lab, t)
    scripted_server(t)
    receiving_server(t)
    broken_promises(t)


labs.tell(story, "nsd", "knotd", "unbound")
