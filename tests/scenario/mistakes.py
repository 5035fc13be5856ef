#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Wrong configurations and wrong words: named precisely, with the promised exit status."""
import re
import time

import daemon
import lab as labs

GOOD = """store: {store}
site: lab
views:
  - {{name: mta, kind: recursive, servers: ["127.0.0.53:53"]}}
watch:
  - {{name: key, domains: [online.example], interval: 10s, views: [mta]}}
"""
# what, text to be replaced, its replacement, line that must be named, words that must be said
FAULTS = (
    ("an unknown key", "site: lab", "sight: lab", 2, ("sight", "site")),
    ("a misspelt key of a watch", "interval: 10s", "intervall: 10s", 6, ("intervall", "interval")),
    ("a repeated key", "site: lab", "site: lab\nsite: again", 3, ("site",)),
    ("a duration without a unit", "interval: 10s", "interval: soon", 6, ("soon",)),
    ("a view that is not defined", "views: [mta]", "views: [mtb]", 6, ("mtb", "mta")),
    ("a kind that does not exist", "kind: recursive", "kind: recursiv", 4, ("recursive",)),
    ("a missing key", "name: mta, ", "", 4, ("name",)),
    ("a port out of range", "127.0.0.53:53", "127.0.0.53:70000", 4, ("70000",)),
    ("a domain that is none", "online.example", "online..example", 6, ("online..example",)),
    ("broken YAML", "watch:", "watch: [", 5, ()),
)


def configurations(t, monitor):
    good = GOOD.format(store=monitor.store)
    monitor.conf.write_text(good)
    done = monitor.cli("config", "check")
    t.ok(done.returncode == 0, "a right configuration passes", done.stderr)
    for what, old, new, line, words in FAULTS:
        monitor.conf.write_text(good.replace(old, new, 1))
        for command in (("config", "check"), ("run", "--once")):
            done = monitor.cli(*command)
            named = re.search(r"mxvigil\.yaml:(\d+)", done.stderr)
            t.ok(done.returncode == 3, f"{what}: {command[0]} exits with 3",
                 f"{done.returncode}: {done.stderr}")
            slack = 1 if what == "broken YAML" else 0
            near = named and abs(int(named.group(1)) - line) <= slack
            t.ok(near, f"{what}: {command[0]} names line {line}", done.stderr)
            t.ok(all(word in done.stderr for word in words),
                 f"{what}: {command[0]} says {' and '.join(words) or 'why'}", done.stderr)
    monitor.conf.write_text(good + "web: {listen: \"127.0.0.1:8053\"}\n")
    done = monitor.cli("config", "check")
    t.ok(done.returncode == 0 and "web" in done.stderr, "a part not built yet is warned about",
         done.stderr)
    monitor.conf.unlink()
    done = monitor.cli("config", "check")
    t.ok(done.returncode == 3 and "mxvigil.yaml" in done.stderr, "a missing file is named",
         done.stderr)
    monitor.conf.write_text(good)


def words(t, monitor):
    for command in (("history",), ("frobnicate",), ("history", "online.example", "--colour"),
                    ("history", "online.example", "--from", "yesterday-ish"),
                    ("run", "--for", "10"), ("watch", "upend"), ()):
        done = monitor.cli(*command)
        t.ok(done.returncode == 2 and done.stderr, f"exit 2 for: {' '.join(command) or 'nothing'}",
             f"{done.returncode}: {done.stdout}{done.stderr}")
    monitor.say("watch", "add", "seen.example")
    done = monitor.cli("history", "never.example")
    t.ok(done.returncode == 1 and "never.example" in done.stderr,
         "exit 1 for a domain never seen", f"{done.returncode}: {done.stderr}")
    t.ok(monitor.cli("version").returncode == 0, "version")


def domain_lists(t, monitor):
    junk = monitor.path / "junk.txt"
    with open(junk, "w", encoding="utf-8") as out:
        for number in range(1_000_000):
            out.write(f"..{number}..not a domain\x01\n" if number % 1000 else
                      f"good{number}.example\n")
    begun = time.monotonic()
    done = monitor.cli("watch", "import", junk)
    took = time.monotonic() - begun
    t.ok(done.returncode == 1 and took < 30, f"a million lines of junk are read in {took:.1f} s",
         f"{done.returncode}: {done.stderr[:500]}")
    listed = [row["domain"] for row in monitor.rows("watch", "list")]
    t.ok(len([d for d in listed if d.startswith("good")]) == 1000,
         "the thousand good ones are taken", len(listed))
    mixed = monitor.path / "mixed.txt"
    mixed.write_bytes(b"\xef\xbb\xbfFirst.Example\r\n# words\n\nsecond.example,tag,other\n"
                      b"Somebody <me@third.example>\nb\xc3\xbccher.example\n")
    done = monitor.cli("watch", "import", mixed)
    listed = {row["domain"] for row in monitor.rows("watch", "list")}
    t.ok(done.returncode == 0 and {"first.example", "second.example", "third.example",
                                   "xn--bcher-kva.example"} <= listed,
         "domains, CSV and addresses are understood", done.stderr)


def story(lab, t):
    monitor = daemon.Mxvigil(lab)
    configurations(t, monitor)
    words(t, monitor)
    domain_lists(t, monitor)


labs.tell(story)
