#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Polls per second of `run --once` on many domains beside dnsperf, against one NSD in one run.

usage: bench_once.py [DOMAINS [ROUNDS]]   (100,000 domains, 3 rounds)

Each round runs dnsperf over the names once, then mxvigil into an empty store (every answer is
new and is written), then mxvigil over the store that is there (every answer is compared).
Figures are whole processes: wall time, CPU time as the kernel counts it. dnsperf loses queries of
its first burst and waits five seconds for them, so that its own figure, in which that is left
out, is printed and compared as well, with mxvigil's `seconds`. Ratios are medians.
"""
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scenario"))
import daemon  # noqa: E402
import lab as labs  # noqa: E402
import servers  # noqa: E402

SERVER = "fd00::1"  # dnsperf wants an address that is not of 127.0.0.0/8


def timed(command, **options):
    """Runs a program; returns (wall seconds, CPU seconds, its output)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False, **options)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    if done.returncode != 0:
        raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return wall, cpu, done.stdout


def figure(label, polls, wall, cpu):
    print(f"# {label:<24}{polls / wall:>10,.0f} polls/s {cpu / polls * 1e6:>8.2f} CPU s/1M "
          f"{wall:>8.2f} s wall", flush=True)
    return polls / wall, cpu / polls * 1e6


def round_of(lab, number, count, queries, domains):
    perf = [labs.find("dnsperf"), "-s", SERVER, "-p", "53", "-d", queries, "-c", "1",
            "-T", "1", "-q", "1000", "-n", "1"]
    wall, cpu, out = timed(perf)
    said = re.search(r"Queries per second:\s+([\d.]+)", out)
    lost = re.search(r"Queries lost:\s+(\d+)", out)
    results = {"dnsperf": figure("dnsperf", count, wall, cpu) + (float(said.group(1)),)}
    print(f"#   by its own clock {said.group(1)} q/s, lost {lost.group(1)}")
    monitor = daemon.Mxvigil(
        lab, name=f"round{number}", limits={"per-server-qps": 0, "total-qps": 0},
        views=[{"name": "direct", "kind": "recursive", "servers": [f"[{SERVER}]:53"]}],
        watch=[{"name": "all", "domains-file": str(domains), "interval": "60s",
                "views": ["direct"]}])
    command = [daemon.binary(), "-c", monitor.conf, "run", "--once", "--json"]
    for label in ("empty store", "known answers"):
        wall, cpu, out = timed(command, env=monitor.environment)
        row = json.loads(out.splitlines()[-1])
        if row["answers"].get("mx") != count:
            raise RuntimeError(f"not every domain was answered: {row}")
        own = count / row["seconds"]
        results[label] = figure(f"mxvigil, {label}", count, wall, cpu) + (own,)
        print(f"#   by its own clock {own:.0f} polls/s")
    if number == 1:
        print("# " + " ".join(map(str, perf)))
        print("# " + " ".join(map(str, command)))
    return results


def story(lab, t):
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    nsd = servers.Nsd(lab, addresses=(SERVER,))
    nsd.add_zone("bench.example", [f"d{n} MX 10 mx{n % 5}.host.example.\n"
                                   f"d{n} MX 20 mx{n % 7}.spare.example."
                                   for n in range(count)])
    nsd.start()
    names = [f"d{n}.bench.example" for n in range(count)]
    domains = lab.path / "domains.txt"
    domains.write_text("\n".join(names) + "\n")
    queries = lab.path / "queries.txt"
    queries.write_text("".join(f"{name} MX\n" for name in names))
    print(f"# {count} domains, {rounds} rounds, {os.cpu_count()} cores")
    all_results = [round_of(lab, number, count, queries, domains)
                   for number in range(1, rounds + 1)]
    for label in ("empty store", "known answers"):
        speed = statistics.median(r[label][0] / r["dnsperf"][0] for r in all_results)
        cpu = statistics.median(r[label][1] / r["dnsperf"][1] for r in all_results)
        own = statistics.median(r[label][2] / r["dnsperf"][2] for r in all_results)
        print(f"# ratio to dnsperf, {label}: {speed:.2f} x polls/s, {cpu:.2f} x CPU, "
              f"{own:.2f} x polls/s by their own clocks")
    t.ok(True, "measured")


labs.tell(story, "nsd", "dnsperf")
