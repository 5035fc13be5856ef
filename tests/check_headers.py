#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every header compiles alone, and included twice. usage: check_headers.py ROOT CC..."""
import pathlib
import shlex
import subprocess
import sys

import tap
import tree

LIBRARIES = ("libcares", "ldns", "sqlite3", "libuv", "libcyaml", "jansson", "libpsl",
             "libidn2", "libcrypto", "gmime-3.0", "libzstd", "zlib", "cmocka",
             "cairo", "pangocairo")


def library_flags():
    flags = []
    for name in LIBRARIES:
        run = subprocess.run(["pkg-config", "--cflags", name], capture_output=True, text=True)
        flags += shlex.split(run.stdout) if run.returncode == 0 else []
    return flags


def main():
    root, compiler = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    command = compiler + ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                          f"-I{root}", "-fsyntax-only", "-x", "c", "-"] + library_flags()
    t = tap.Tap()
    for path in tree.files(root, ".h", rooms=tree.ROOMS + ("tests",)):
        short = path.relative_to(root)
        include = f'#include "{short}"\n'
        source = include + include + "extern int header_ends_here;\n"
        run = subprocess.run(command, input=source, capture_output=True, text=True,
                             cwd=root)
        t.ok(run.returncode == 0, f"{short} stands alone", run.stderr)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
