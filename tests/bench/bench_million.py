#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Memory and start time with a million watched domains, in one view and in two.

usage: bench_million.py [DOMAINS]

A fresh store is filled by one pass of `run --once`; then the monitor is started on it as it is
in operation, and what the kernel counts is read when all have been polled again.
"""
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scenario"))
import daemon  # noqa: E402
import lab as labs  # noqa: E402
import servers  # noqa: E402

SERVER = "127.0.1.1"


def memory(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {key: int(re.search(rf"{key}:\s+(\d+) kB", text).group(1)) * 1024
            for key in ("VmRSS", "VmHWM")}


def measure(lab, label, views, domains, count):
    monitor = daemon.Mxvigil(
        lab, name=label, limits={"per-server-qps": 0, "total-qps": 0},
        views=[{"name": name, "kind": "recursive", "servers": [f"{SERVER}:53"]}
               for name in views],
        watch=[{"name": "all", "domains-file": str(domains), "interval": "60s",
                "views": views}])
    start = time.monotonic()
    monitor.say("run", "--once", "--json", timeout=900)
    print(f"# {label}: first pass {time.monotonic() - start:.1f} s, "
          f"store {monitor.store.stat().st_size / count:.0f} bytes a domain", flush=True)
    start = time.monotonic()
    monitor.start(ready=False)
    monitor.await_log("watching domains=", 120)
    started = time.monotonic() - start
    labs.pass_time(70)
    used = memory(monitor.process.pid)
    print(f"# {label}: start {started:.1f} s, resident {used['VmRSS'] / 2**20:.1f} MiB, "
          f"most {used['VmHWM'] / 2**20:.1f} MiB, {used['VmRSS'] / count:.0f} bytes a domain",
          flush=True)
    monitor.stop()
    return used["VmRSS"]


def story(lab, t):
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    labs.must("mount", "-o", "remount,size=6g", lab.path)
    nsd = servers.Nsd(lab, addresses=(SERVER,))
    nsd.add_zone("bench.example", ["* MX 10 mx1.host.example.", "* MX 20 mx2.host.example."])
    nsd.start()
    names = [f"d{n}.bench.example" for n in range(count)]
    domains = lab.path / "domains.txt"
    domains.write_text("\n".join(names) + "\n")
    text = sum(len(name) + 2 for name in names)
    print(f"# {count} domains, {text / count:.1f} bytes of name each (wire form)")
    one = measure(lab, "one", ["first"], domains, count)
    two = measure(lab, "two", ["first", "second"], domains, count)
    print(f"# beyond the name: {(one - text) / count:.0f} bytes a domain in one view, "
          f"{(two - one) / count:.0f} more for a second")
    t.ok(True, "measured")


labs.tell(story, "nsd")
