#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Log lines per second of `mxvigil backtest`, beside peers in the same minute; then its memory.

Worlds come from ../shared/detect/gen.py, which lies beside the project and not in it: without it
this says so and ends with 77. It never fails by a time or a size.
usage: bench_backtest.py [DOMAINS]; MXVIGIL names the program.
"""
import collections
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GENERATOR = ROOT.parent / "shared" / "detect" / "gen.py"
MXVIGIL = os.environ.get("MXVIGIL", str(ROOT / "build" / "monitor" / "mxvigil"))
ROUNDS = 3

Run = collections.namedtuple("Run", "wall cpu peak")


def run(folder, *words):
    """One run of a program: seconds, and the most memory it had at a time, in bytes."""
    environment = dict(os.environ, XDG_CONFIG_HOME=str(folder))
    began = time.monotonic()
    # Read, not thrown away: grep stops at the first match when nobody listens.
    with subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE,
                          env=environment) as process:
        while process.stdout.read(1 << 16):
            pass
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{words[0]} ended with {process.returncode}")
    return Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime,
               usage.ru_maxrss * 1024)


def backtest(folder, log="mail.log", history=("dns.jsonl", "hosts.jsonl")):
    words = [MXVIGIL, "backtest", "--asn", folder / "asn.tsv", "--authoritative", "r1"]
    for name in history:
        words += ["--history", folder / name]
    return words + ["--deliveries", folder / log, "--format", "postfix"]


def generate(folder, *flags):
    print(f"makes a world: gen.py --seed 1 {' '.join(flags)}", flush=True)
    subprocess.run([sys.executable, GENERATOR, "--out", folder, "--seed", "1", *flags],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (folder / "nothing").touch()
    with open(folder / "mail.log", "rb") as log:
        return sum(1 for _ in log)


def speed(folder, lines):
    """The best of some rounds in which each had its turn."""
    peers = {"backtest": backtest(folder),
             "grep": ["grep", "-c", "status=", folder / "mail.log"]}
    if shutil.which("pflogsumm"):
        peers["pflogsumm"] = ["pflogsumm", folder / "mail.log"]
    for words in peers.values():
        print("$", " ".join(str(word) for word in words))
    rounds = {name: [] for name in peers}
    for turn in range(ROUNDS):
        for name, words in peers.items():
            if turn == 0 or name != "pflogsumm":
                rounds[name].append(run(folder, *words))
    for name, runs in rounds.items():
        wall, cpu = (min(getattr(each, what) for each in runs) for what in ("wall", "cpu"))
        print(f"{name:10} {wall:7.2f} s {cpu:7.2f} s CPU {lines / wall / 1e6:7.3f} million "
              f"lines/s {runs[0].peak / 1e6:7.1f} MB", flush=True)
    print(f"of {lines} lines, by the clock, the best of {ROUNDS} (pflogsumm: of 1); load "
          f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def memory(folder, domains, lines):
    """What each part adds: nothing, the history alone, the mail alone, both."""
    print("$", " ".join(str(word) for word in backtest(folder)))
    bare = run(folder, *backtest(folder, "nothing", ["nothing"])).peak
    rows = sum(1 for _ in open(folder / "dns.jsonl", "rb"))
    for what, words in (("history", backtest(folder, "nothing")),
                        ("mail", backtest(folder, history=["nothing"])),
                        ("both", backtest(folder))):
        peak = run(folder, *words).peak
        print(f"{what:8} peak {peak / 1e6:7.1f} MB, {(peak - bare) / domains:7.0f} bytes a domain",
              flush=True)
    print(f"of {domains} domains, {rows} rows of history, {lines} lines; "
          f"{bare / 1e6:.1f} MB without any of them")


def main():
    domains = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    if not GENERATOR.is_file():
        print(f"skipped: no {GENERATOR}")
        return 77
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch, "busy")
        folder.mkdir()
        speed(folder, generate(folder, "--domains", "300", "--days", "14"))
        shutil.rmtree(folder)
        folder = pathlib.Path(scratch, "wide")
        folder.mkdir()
        memory(folder, domains, generate(
            folder, "--domains", str(domains), "--days", "2", "--warmup", "1",
            "--volume-scale", "0.2", "--poll", "3600"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
