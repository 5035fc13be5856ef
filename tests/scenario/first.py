#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The first sight of a domain whose servers do not agree: most of them say what the view says."""
import time

import daemon
import lab as labs
import promises
import scripted

DOMAIN = "split.example"
FEW = ((10, "mx00.ionos.example"),)
MOST = ((10, "mx00.icloud.example"),)
SERVERS = ("127.0.1.61", "127.0.1.62", "127.0.1.63", "127.0.1.64")
INTERVAL = 0.5


def serve(address, hosts, delay=0.0):
    server = scripted.Scripted(address, DOMAIN)
    server.records[(DOMAIN, "MX")] = list(hosts)

    def late(query):
        time.sleep(delay)
        return [server.truth(query)]
    server.script = late
    return server


def make_monitor(lab, name):
    return daemon.Mxvigil(
        lab, name,
        views=[{"name": "mta", "kind": "recursive", "servers": [f"{a}:53" for a in SERVERS]}],
        limits={"timeout": "300ms", "tries": 2, "per-server-qps": 0, "min-interval": "100ms"},
        watch=[{"name": "key", "domains": [DOMAIN], "interval": "500ms", "views": ["mta"]}])


def story(lab, t):
    serve(SERVERS[0], FEW)
    for address in SERVERS[1:3]:
        serve(address, MOST, delay=0.05)
    silent = serve(SERVERS[3], MOST)
    silent.script = lambda query: []
    monitor = make_monitor(lab, "first")
    monitor.start()
    monitor.await_view(DOMAIN, "mta", MOST)
    labs.until("polls", lambda: monitor.history(DOMAIN)[0][-1]["polls"] > 4, 20)
    labs.pass_time(2 * len(SERVERS) * INTERVAL + 1)
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    spans = monitor.history(DOMAIN)[0]
    t.ok([(daemon.mx_of(s), (s["server"] or "view").split(":")[0]) for s in sorted(
        spans, key=lambda s: s["server"] or "")]
         == [(sorted(MOST), "view"), (sorted(FEW), SERVERS[0])],
         "the view says what most say, the other is kept apart", spans)
    promises.check(t, monitor, DOMAIN, INTERVAL)
    file = monitor.path / "export.cof"
    file.write_text(monitor.say("export"))
    other = make_monitor(lab, "second")
    done = other.cli("import", file)
    t.ok(done.returncode == 0, "what was exported can be imported", done.stderr)
    window = ("--from", spans[0]["first_seen"], "--to", spans[0]["last_seen"])
    t.ok(other.rows("history", DOMAIN, *window) == monitor.rows("history", DOMAIN, *window),
         "and gives the same history", other.rows("history", DOMAIN, *window))


labs.tell(story)
