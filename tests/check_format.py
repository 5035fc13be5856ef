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
    t = tap.Tap()
    for path in paths:
        run = subprocess.run([program, "--dry-run", "-Werror", str(path)],
                             capture_output=True, text=True, cwd=root)
        t.ok(run.returncode == 0, f"{path.relative_to(root)} is formatted", run.stderr[:2000])
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
