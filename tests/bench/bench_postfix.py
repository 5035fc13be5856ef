#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lines per second from a Postfix log into tallies, beside pflogsumm and grep in the same run.

The log comes from a generator that also writes what is true; totals that differ are a failure,
times never are. usage: bench_postfix.py BENCH_POSTFIX GENERATOR [LINES]
"""
import collections
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

OUTCOMES = {"sent": "delivered", "bounced": "bounced", "deferred": "deferred"}


def timed(*command):
    """Seconds of processor time and what was printed: other work on the machine costs less."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
    return usage.ru_utime + usage.ru_stime, out


def truth(path):
    counts = collections.Counter()
    for row in path.read_text().splitlines():
        counts[OUTCOMES[row.split("\t")[7]]] += 1
    return counts


def show(name, lines, seconds):
    print(f"{name:12} {seconds:8.3f} s CPU {lines / seconds / 1e6:8.3f} million lines/s")
    return lines / seconds


def main():
    bench, generator = sys.argv[1], pathlib.Path(sys.argv[2])
    wanted = sys.argv[3] if len(sys.argv) > 3 else "1000000"
    if not generator.is_file():
        print(f"skipped: no {generator}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        log, facts = pathlib.Path(folder, "mail.log"), pathlib.Path(folder, "truth.tsv")
        with log.open("w") as out:
            subprocess.run([sys.executable, generator, "--lines", wanted, "--seed", "1",
                            "--truth", facts], stdout=out, check=True)
        log.read_bytes()  # into the page cache
        seconds, out = timed(bench, str(log))
        said = dict(line.split() for line in out.splitlines())
        lines = int(said["lines"])
        ours = show("mxvigil", lines, seconds)
        grep = show("grep -c", lines, timed("grep", "-c", "status=", str(log))[0])
        print(f"{ours / grep:.2f} of grep")
        if shutil.which("pflogsumm"):
            peer = show("pflogsumm", lines, timed("pflogsumm", str(log))[0])
            print(f"{ours / peer:.0f} times pflogsumm")
        expected = truth(facts)
        for outcome in ("delivered", "bounced", "deferred"):
            print(f"{outcome}: {said[outcome]}, true are {expected[outcome]}")
        same = all(int(said[o]) == expected[o] for o in OUTCOMES.values())
        return 0 if same and said["rejected"] == "0" else 1


if __name__ == "__main__":
    sys.exit(main())
