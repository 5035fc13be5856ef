#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every command and option of --help is in the manual. usage: manual.py MXVIGIL ROOT"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

# The page that tells about a command, where it is not mxvigil-COMMAND(1).
PAGES = {"import": "mxvigil-export", "config": "mxvigil", "completion": "mxvigil",
         "version": "mxvigil"}


def help_of(binary, *command):
    run = subprocess.run([binary, *command, "--help"], capture_output=True, text=True)
    return run.stdout if run.returncode == 0 else ""


def options_of(text):
    return re.findall(r"^ +(?:-\w, )? *--([a-z-]+)", text, re.MULTILINE)


def main():
    binary, pages = sys.argv[1], pathlib.Path(sys.argv[2]) / "docs" / "man"
    t = tap.Tap()
    top = (pages / "mxvigil.1.scd").read_text()
    listing = help_of(binary)
    commands = [line[2:].split("  ")[0].strip() for line in listing.splitlines()
                if re.match(r"  [a-z]", line)]
    t.ok(len(commands) >= 14, "--help lists the commands", listing)
    for command in commands:
        name = PAGES.get(command.split()[0], "mxvigil-" + command.split()[0])
        page = pages / f"{name}.1.scd"
        text = page.read_text() if page.is_file() else ""
        options = options_of(help_of(binary, *command.split()))
        missing = [o for o in options if f"*--{o}*" not in text and f"*--{o}*" not in top]
        t.ok(options and not missing, f"{command}: {page.name} names its options",
             f"{missing or 'no --help'}")
        t.ok(f"*{command}*" in top, f"{command} is in mxvigil(1)")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
