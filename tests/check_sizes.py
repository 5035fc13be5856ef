#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Files and functions stay small enough to read. usage: check_sizes.py ROOT"""
import pathlib
import sys

import tap
import tree

FILE_LINES = 500
HEADER_LINES = 200
FUNCTION_LINES = 60
COLUMNS = 100  # clang-format keeps code at 90; this is for comments and Python
# Tables may be long: their path, and what they are a table of.
TABLES = {}


def long_functions(lines):
    """Yields (line number, length): a body stands between lone braces in column one."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start + 1 > FUNCTION_LINES:
                yield start, number - start + 1
            start = None


def columns(line):
    return len(line.expandtabs(8))


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    files, functions, wide = [], [], []
    for path in tree.files(root, ".c", ".h", ".py", rooms=tree.ROOMS + ("tests",)):
        short = path.relative_to(root)
        lines = path.read_text(encoding="utf-8").split("\n")
        ceiling = HEADER_LINES if path.suffix == ".h" else FILE_LINES
        if len(lines) - 1 > ceiling and str(short) not in TABLES:
            files.append(f"{short}: {len(lines) - 1} lines, at most {ceiling}")
        functions += [f"{short}:{n}: a function of {length} lines"
                      for n, length in long_functions(lines)]
        wide += [f"{short}:{n}: {columns(line)} columns"
                 for n, line in enumerate(lines, 1) if columns(line) > COLUMNS]
    t = tap.Tap()
    t.ok(not files, f"no file over {FILE_LINES} lines", "\n".join(files))
    t.ok(not functions, f"no function over {FUNCTION_LINES} lines", "\n".join(functions))
    t.ok(not wide, f"no line over {COLUMNS} columns", "\n".join(wide))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
