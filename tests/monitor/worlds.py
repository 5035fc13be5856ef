#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two small labelled worlds, judged; the large ones are in tests/bench/worlds.py.

Skipped where the generator does not lie beside the project. usage: worlds.py MXVIGIL
"""
import contextlib
import io
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "bench")]
import tap  # noqa: E402
import worlds  # noqa: E402

FLAGS = ["--domains", "80", "--days", "9", "--warmup", "3", "--volume-scale", "0.01"]


def main():
    mxvigil = sys.argv[1]
    if not worlds.SHARED.is_dir():
        tap.skip_all(f"not there: {worlds.SHARED}")
    t = tap.Tap()
    score = worlds.load("score")
    with tempfile.TemporaryDirectory(prefix="mxvigil-worlds-") as keep:
        for kind in ("plain", "renamed"):
            worlds.SETS[kind] = FLAGS
        for kind, seed in (("plain", 41), ("renamed", 42)):
            played = [(seed, worlds.play(mxvigil, keep, kind, seed))]
            with contextlib.redirect_stdout(io.StringIO()) as table:
                result = worlds.judge(score, played, True)
            hijack = result["kinds"]["transient-hijack"]
            t.ok(hijack["detectable"] >= 5 and hijack["recall"] >= 0.9,
                 f"{kind} {seed}: hijacks are found", table.getvalue())
            t.ok(hijack["precision"] >= 0.9, f"{kind} {seed}: and nothing else is called so",
                 table.getvalue())
            t.ok(result["false_alert_per_10k"] <= 30,  # two in this many domain-days
                 f"{kind} {seed}: there are no alarms without a cause", table.getvalue())
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
