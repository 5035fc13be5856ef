#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tree checks can fail: each fault planted in a small tree is found by name and line."""
import json
import pathlib
import subprocess
import sys
import tempfile

import tap

HERE = pathlib.Path(__file__).resolve().parent
SOUND = {
    "resolvers/name.h": "#pragma once\nint name_length(void);\n",
    "resolvers/name.c": '#include "resolvers/name.h"\n',
    "storage/record.h": '#pragma once\n#include "resolvers/name.h"\n',
    "monitor/main.c": '#include "storage/record.h"\n',
    "tests/resolvers/test_name.c": "\n",
    "tests/resolvers/meson.build": "'name',\n",
}
BODY = "int name_long(void)\n{\n" + "\treturn 1;\n" * 70 + "}\n"
# name, script, planted files, what the output must contain
FAULTS = (
    ("an upward arrow", "check_includes.py",
     {"resolvers/name.c": '\n#include "storage/record.h"\n'}, "resolvers/name.c:2:"),
    ("a back door", "check_includes.py",
     {"resolvers/wire.h": "#pragma once\n", "storage/record.h": '#include "resolvers/wire.h"\n'},
     "storage/record.h:1:"),
    ("an escaped library", "check_includes.py",
     {"monitor/main.c": "#include <stdio.h>\n#include <sqlite3.h>\n"}, "monitor/main.c:2:"),
    ("a ring", "check_includes.py",
     {"resolvers/name.h": '#include "resolvers/wire.h"\n',
      "resolvers/wire.h": '#include "resolvers/name.h"\n'}, "resolvers/wire.h -> "),
    ("a header that leans on others", "check_headers.py",
     {"storage/record.h": "size_t record_size(void);\n"}, "storage/record.h stands alone"),
    ("a source without a test", "check_twins.py",
     {"storage/store.c": "\n"}, "not ok 3 - storage/store.c has a test"),
    ("a test that is not built", "check_twins.py",
     {"tests/resolvers/meson.build": "\n"}, "is not built"),
    ("a long function", "check_sizes.py", {"resolvers/name.c": BODY}, "resolvers/name.c:2:"),
    ("a long file", "check_sizes.py", {"resolvers/name.c": "\n" * 501}, "501 lines"),
    ("a wide line", "check_sizes.py", {"resolvers/name.c": "\t" * 13 + "\n"}, "104 columns"),
)

# What a runner said and how it ended -> the last line of the count, the exit status
COUNTS = (
    ("ok 1 - a\nok 2 - b\n1..2\n", "OK", "2 passed, 0 failed", 0),
    ("ok 1 - a\nnot ok 2 - b\n", "FAIL", "1 passed, 1 failed", 1),
    ("ok 1 - a\n", "ERROR", "1 passed, 1 failed", 1),
    ("ok 1 - a\n", "TIMEOUT", "1 passed, 1 failed", 1),
    ("ok 1 - a\nok 2 # SKIP no root\nnot ok 3 # SKIP c\n", "OK",
     "1 passed, 0 failed, 2 skipped", 0),
    ("1..0 # SKIP no root\n", "SKIP", "0 passed, 0 failed, 1 skipped", 1),
    ("", "OK", "1 passed, 0 failed", 0),
    ("", "FAIL", "0 passed, 1 failed", 1),
    ("ok 1 - a\nnot ok 2 # SKIP c\n", "FAIL", "1 passed, 1 failed, 1 skipped", 1),
)


def count(stdout, result, **more):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        log.write(json.dumps({"name": "t", "stdout": stdout, "result": result,
                              **more}) + "\n")
        log.flush()
        return subprocess.run([sys.executable, str(HERE / "count.py"), log.name],
                              capture_output=True, text=True)


def check_counts(t):
    for stdout, result, expected, status in COUNTS:
        run = count(stdout, result)
        t.ok(run.stdout.splitlines()[-1:] == [expected] and run.returncode == status,
             f"{result} with {stdout!r} counts as {expected}", run.stdout + run.stderr)
    run = count("ok 1 - a\nnot ok 2 # SKIP c\n", "FAIL", returncode=0)
    t.ok("1 passed, 0 failed, 1 skipped\n" in run.stdout and run.returncode == 0,
         "a runner that left in peace has only skipped", run.stdout)
    run = subprocess.run([sys.executable, str(HERE / "count.py"), "/nonexistent.json"],
                         capture_output=True, text=True)
    t.ok(run.returncode == 1 and "0 passed, 1 failed" in run.stdout, "no results are a failure")


def run_check(script, files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        compiler = ["cc"] if script == "check_headers.py" else []
        return subprocess.run([sys.executable, str(HERE / script), folder] + compiler,
                              capture_output=True, text=True)


def main():
    t = tap.Tap()
    for script in sorted({fault[1] for fault in FAULTS}):
        run = run_check(script, SOUND)
        t.ok(run.returncode == 0, f"{script} accepts a sound tree", run.stdout + run.stderr)
    for name, script, planted, expected in FAULTS:
        run = run_check(script, {**SOUND, **planted})
        t.ok(run.returncode == 1 and expected in run.stdout, f"{script} finds {name}",
             run.stdout + run.stderr)
    check_counts(t)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
