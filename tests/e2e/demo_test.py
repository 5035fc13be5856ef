#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo tells its story, and leaves nothing behind, however it ends."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "scenario")]
import procs  # noqa: E402
import tap  # noqa: E402

SECONDS = "9"


def start(folder, *words):
    return subprocess.Popen(
        [sys.executable, str(HERE / "demo.py"), os.environ["MXVIGIL"], SECONDS, *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "80"}, start_new_session=True)


def left_behind(folder, group):
    """Files in the folder and processes of the demo's session."""
    return [p.name for p in folder.iterdir()] + procs.session(group)


def whole(t, folder):
    demo = start(folder)
    out = demo.communicate(timeout=90)[0]
    if not t.ok(demo.returncode == 0, "the demo comes to its end", out):
        return
    live, _, tables = out.partition("--- mxvigil changes")
    edits = live.split("--- the zone is ")
    t.ok(len(edits) == 3 and all("change" in part for part in edits[1:]),
         "each edit is followed by the change as the monitor records it", live)
    mails = [line for line in live.splitlines() if "s after the edit  [mxvigil] " in line]
    t.ok(len(mails) >= 2 and all("online.de" in mail for mail in mails),
         "the team had a mail of the move, and one of the return", live)
    changes, _, rest = tables.partition("--- mxvigil history online.de")
    history, _, found = rest.partition("--- mxvigil incidents")
    _, _, rest = found.partition("--- mxvigil incidents recipients")
    recipients, _, told = rest.partition("--- mxvigil incidents show")
    t.ok("incident" in edits[1] and "transient-hijack" in edits[1],
         "the monitor opens an incident while the MX is away", live)
    t.ok("transient-hijack" in found, "it is listed", found)
    listed = [line for line in recipients.splitlines() if line.endswith("@online.de")]
    t.ok(listed and not any("nobody" in line for line in listed),
         "those who bounced because of it are listed, and nobody else", recipients)
    t.ok("WHAT HAPPENED" in told and "Apple iCloud" in told and "WHAT TO DO AFTER" in told,
         "the demo ends with the story of the incident", told)
    for text, what in ((changes, "changes"), (history, "history")):
        t.ok("mx01.mail.icloud.com" in text and "mx00.ionos.de" in text,
             f"the {what} are shown with their hosts", text)
    t.ok("authoritative" in history and "mta" in history and "poll" in history.lower(),
         "the history shows both views and their coverage", history)
    t.ok(not left_behind(folder, demo.pid), "nothing is left behind",
         left_behind(folder, demo.pid))


def unedited(t, folder):
    demo = start(folder, "--no-edit")
    out = demo.communicate(timeout=90)[0]
    t.ok(demo.returncode == 0 and "transient-hijack" not in out and
         out.rstrip().endswith("there is no incident"),
         "with the zone left as it is there is no incident", out)


def interrupted(t, folder):
    demo = start(folder)
    for line in demo.stdout:
        if "the zone is edited" in line:
            break
    demo.send_signal(signal.SIGINT)
    demo.stdout.read()
    t.ok(demo.wait(30) == 130, "Ctrl-C ends it", demo.returncode)
    deadline = time.monotonic() + 5
    while left_behind(folder, demo.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    t.ok(not left_behind(folder, demo.pid), "and nothing is left behind",
         left_behind(folder, demo.pid))


def main():
    if not shutil.which("nsd", path=os.environ.get("PATH", "") + ":/usr/sbin"):
        tap.skip_all("not installed: nsd")
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        whole(t, pathlib.Path(folder))
        unedited(t, pathlib.Path(folder))
        interrupted(t, pathlib.Path(folder))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
