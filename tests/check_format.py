#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""C is formatted as .clang-format says. usage: check_format.py ROOT CLANG_FORMAT"""
import pathlib
import subprocess
import sys

import tap
import tree


def main():
    root, program = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    paths = tree.files(root, ".c", ".h", rooms=tree.ROOMS + ("tests",))
    command = [program, "--dry-run", "-Werror"] + [str(path.relative_to(root)) for path in paths]
    run = subprocess.run(command, capture_output=True, text=True, cwd=root)
    faults = [line for line in run.stderr.splitlines() if ": error:" in line]
    t = tap.Tap()
    for path in paths:
        own = [line for line in faults if line.startswith(f"{path.relative_to(root)}:")]
        t.ok(not own, f"{path.relative_to(root)} is formatted", "\n".join(own[:5]))
    t.ok((run.returncode == 0) == (not faults), "the formatter had its say", run.stderr[:2000])
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
