#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The samples of docs/formats.md and of the manual are read by the mappings beside them.

usage: formats.py MXVIGIL ROOT
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

MEMBERS = ("at", "recipient", "outcome", "code", "status", "reason", "relay_host", "relay_ip")
HALON = [
    ("2026-01-02T03:04:05.250Z", "ann@example.net", "delivered", 250, "2.0.0", None,
     "mx1.example.net", "192.0.2.7"),
    ("2026-01-02T03:04:06.000Z", "bob@example.net", "bounced", 550, "5.1.1", "user-unknown",
     "mx1.example.net", "192.0.2.7"),
]
SENDMAIL = [
    ("2026-01-02T02:04:06.000Z", "bob@example.net", "bounced", None, "5.1.1", "user-unknown",
     "mx1.example.net", "192.0.2.7"),
    ("2026-01-02T02:04:07.000Z", "ann@example.net", "delivered", None, "2.0.0", None,
     "mx1.example.net", "2001:db8::7"),
]
OTHERS = """\
2026-01-02T03:04:08+01:00 mail sendmail[77]: 602346: from=<me@example.com>, size=9, nrcpts=1
2026-01-02T03:04:09+01:00 mail sendmail[77]: 602348: to=<me@example.com>, delay=00:00:00, \
mailer=local, pri=120, dsn=2.0.0, stat=Sent
"""


def blocks_of(page, heading):
    """The fenced blocks below a heading."""
    text = page.read_text()
    start = re.search(f"^#+ {heading}$", text, re.MULTILINE | re.IGNORECASE).end()
    part = re.split(r"^#+ ", text[start:], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```\w*\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    return [text.replace("\\\\", "\\") for text in blocks] if page.suffix == ".scd" else blocks


def classify(binary, folder, data, *words):
    run = subprocess.run([binary, "classify", *words], input=data, capture_output=True,
                         text=True, timeout=60, cwd=folder)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return run, [tuple(row[name] for name in MEMBERS) for row in rows]


def halon(t, binary, page, folder):
    lines, mapping = blocks_of(page, "Halon")
    (folder / "c.yaml").write_text(mapping)
    run, rows = classify(binary, folder, lines, "-c", "c.yaml", "--source", "halon",
                         "--format", "jsonl")
    t.ok(run.returncode == 0 and rows == HALON, f"{page.name}: the sample of Halon",
         (rows, run.stderr))


def sendmail(t, binary, page, folder):
    lines, program = blocks_of(page, "Sendmail")[:2]
    (folder / "sendmail.sed").write_text(program)
    (folder / "empty.yaml").write_text("")
    table = subprocess.run(["sed", "-nEf", "sendmail.sed"], input=lines + OTHERS,
                           capture_output=True, text=True, cwd=folder, timeout=60)
    t.ok(table.returncode == 0 and table.stdout.count("\n") == 3, f"{page.name}: sed makes a table",
         table.stdout + table.stderr)
    run, rows = classify(binary, folder, table.stdout, "-c", "empty.yaml", "--format", "csv")
    t.ok(run.returncode == 0 and rows == SENDMAIL, f"{page.name}: the sample of Sendmail",
         (rows, run.stderr))


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    docs = pathlib.Path(sys.argv[2]) / "docs"
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        for page in (docs / "formats.md", docs / "man" / "mxvigil.formats.5.scd"):
            for part in (halon, sendmail):
                part(t, binary, page, pathlib.Path(folder))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
