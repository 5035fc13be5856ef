#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The systemd units of packaging/ are right. usage: check_units.py ROOT"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tap

# Programs that units run, and that need not be installed here.
PROGRAMS = ("/usr/bin/mxvigil", "/usr/sbin/postfix")


def main():
    packaging = pathlib.Path(sys.argv[1]).resolve() / "packaging"
    units = sorted(path for path in packaging.iterdir()
                   if path.suffix in (".service", ".path", ".timer"))
    t = tap.Tap()
    t.ok(len(units) >= 5, "units are shipped", units)
    for unit in units:
        if unit.suffix != ".service":
            service = unit.with_suffix(".service")
            t.ok(service.is_file(), f"{unit.name} starts a service that is there")
    if not shutil.which("systemd-analyze"):
        t.note("not checked: no systemd-analyze")
        return t.done()
    with tempfile.TemporaryDirectory() as folder:
        for unit in units:
            text = unit.read_text()
            for program in PROGRAMS:
                text = text.replace(program, "/bin/true")
            (pathlib.Path(folder) / unit.name).write_text(text)
        for unit in units:
            done = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", pathlib.Path(folder) / unit.name],
                capture_output=True, text=True)
            t.ok(done.returncode == 0 and not done.stderr, f"{unit.name} is right", done.stderr)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
