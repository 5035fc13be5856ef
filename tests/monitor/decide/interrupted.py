#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Worlds judged by a detector that is interrupted all the time, and by one that is not.

Worlds are made by ../shared/detect/gen.py, which lies beside the project and not in it: without
it this is skipped. usage: interrupted.py MXVIGIL INTERRUPTED
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
import tap  # noqa: E402

GEN = pathlib.Path(__file__).parents[4] / "shared" / "detect" / "gen.py"
SPARSE = ["--volume-scale", "0.005", "--poll", "3600"]
WORLDS = [(1, SPARSE), (2, SPARSE)]


def found(program, folder, every):
    words = [program, "backtest", "--history", folder / "dns.jsonl",
             "--history", folder / "hosts.jsonl", "--asn", folder / "asn.tsv",
             "--authoritative", "r1", "--deliveries", folder / "mail.log",
             "--format", "postfix"]
    return subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, check=True,
                          env=dict(os.environ, XDG_CONFIG_HOME=str(folder),
                                   MXVIGIL_INTERRUPT=str(every))).stdout


def main():
    mxvigil, interrupted = sys.argv[1:]
    t = tap.Tap()
    if not GEN.is_file():
        tap.skip_all("no worlds")
    for seed, flags in WORLDS:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            subprocess.run([sys.executable, GEN, "--out", folder, "--seed", str(seed), *flags],
                           check=True, stderr=subprocess.DEVNULL)
            steady = found(mxvigil, folder, 1)
            t.ok(steady.count(b"\n") > 5, f"world {seed} has incidents", steady.decode())
            for every in (997, 20011):
                broken = found(interrupted, folder, every)
                t.ok(broken == steady, f"world {seed}, interrupted every {every} facts",
                     "other incidents")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
