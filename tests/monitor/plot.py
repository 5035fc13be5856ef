#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pictures and reports on the command line, of a store that make_incidents fills and a log of mail.

usage: plot.py MXVIGIL MAKE_INCIDENTS
"""
import datetime
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
LINE = ("{0} host postfix/smtp[7]: 4ABCDE{1:05d}: to=<u{1}@online.de>, relay={2}[192.0.2.1]:25, "
        "delay=1, delays=0/0/0/1, dsn={3}, status={4} "
        "(host {2}[192.0.2.1] said: {5} (in reply to RCPT TO command))\n")


def make_log(now):
    lines = []
    for number in range(600):
        at = datetime.datetime.fromtimestamp(now - 36000 + number * 60, datetime.timezone.utc)
        away = 300 <= number < 480
        lines.append(LINE.format(
            at.strftime("%Y-%m-%dT%H:%M:%SZ"), number,
            "mx01.mail.icloud.com" if away else "mx00.ionos.de",
            "5.1.1" if away else "2.0.0", "bounced" if away else "sent",
            "550 5.1.1 unknown user" if away else "250 ok"))
    return "".join(lines)


class World:
    def __init__(self, binary, maker, folder):
        self.binary, self.folder = binary, pathlib.Path(folder)
        self.now = int(time.time())
        self.conf = self.folder / "mxvigil.yaml"
        self.conf.write_text(f"store: {self.folder / 'history.db'}\nsite: fra1\nviews:\n"
                             "  - {name: mta, kind: recursive, servers: [127.0.0.1]}\n")
        subprocess.run([maker, str(self.folder / "history.db"), f"{self.now}000"], check=True)
        log = self.folder / "mail.log"
        log.write_text(make_log(self.now))
        self.run("ingest", "--format", "postfix", log)

    def run(self, *words):
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        return subprocess.run([self.binary, "-c", str(self.conf), *map(str, words)],
                              capture_output=True, text=True, timeout=60, env=environment)

    def plot(self, name, *words):
        """The bytes of a picture, or what was said instead."""
        path = self.folder / name
        done = self.run("plot", *words, "-o", path)
        return path.read_bytes() if done.returncode == 0 else done.stderr.encode()


def check_forms(world, t):
    png = world.plot("one.png", "--incident", "fra1-i1")
    t.ok(png.startswith(b"\x89PNG\r\n\x1a\n") and png[16:20] == (1440).to_bytes(4, "big"),
         "PNG at twice the width of a mail", png[:80])
    pdf = world.plot("one.pdf", "--incident", "fra1-i1")
    t.ok(pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF"), "PDF", pdf[:80])
    svg = world.plot("one.svg", "--incident", "fra1-i1")
    root = xml.etree.ElementTree.fromstring(svg)
    t.ok(root.tag == SVG + "svg" and root.get("width") == "720px", "SVG", svg[:200])
    t.ok(root.findtext(SVG + "title") == "online.de: transient-hijack, critical, reverted",
         "its title", root.findtext(SVG + "title"))
    words = root.findtext(SVG + "desc") or ""
    for said in ("Incident from ", "MX changed", "View mta:", "Apple iCloud (10 mx01.mail.",
                 "180 bounced as user unknown"):
        t.ok(said in words, f"in words: {said}", words)
    t.ok(b"href=\"http" not in svg and b"<script" not in svg, "nothing from elsewhere")
    t.ok(world.plot("LOUD.SVG", "online.de").startswith(b"<?xml"), "an ending in capitals")


def check_windows(world, t):
    svg = world.plot("all.svg", "Online.de").decode()
    t.ok("<title>MX of online.de</title>" in svg and "420 accepted" in svg,
         "a domain since anything is known of it", svg[:800])
    svg = world.plot("part.svg", "online.de", "--from", f"@{world.now - 3600}",
                     "--to", f"@{world.now}").decode()
    t.ok("Apple iCloud" not in svg and "60 accepted" in svg, "a window", svg[:800])


def check_refusals(world, t):
    folder = world.folder
    for words, status, said in (
            (["online.de"], 2, "-o FILE"),
            (["online.de", "-o", "x.gif"], 2, ".svg, .png or .pdf"),
            (["online.de", "-o", ".png"], 2, ".svg, .png or .pdf"),
            (["-o", "x.png"], 2, "expected a domain"),
            (["online.de", "--incident", "fra1-i1", "-o", "x.png"], 2, "expected a domain"),
            (["--incident", "fra1-i1", "--from", "-1h", "-o", "x.png"], 2, "own window"),
            (["--incident", "7", "-o", "x.png"], 2, "fra1-i7"),
            (["--incident", "fra1-i9", "-o", "x.png"], 1, "no incident fra1-i9"),
            (["--incident", "fra1-i4", "-o", "x.png"], 1, "monitor itself"),
            (["--incident", "fra1-i3", "-o", "x.png"], 1, "nothing is known"),
            (["unheard.example", "-o", "x.png"], 1, "never seen"),
            (["..", "-o", "x.png"], 2, "no domain"),
            (["online.de", "-o", folder / "no" / "x.png"], 1, "No such file")):
        done = world.run("plot", *words)
        t.ok(done.returncode == status and said in done.stderr,
             f"exit {status}: {' '.join(map(str, words[:4]))}", done.stderr)


def check_replacing(world, t):
    path = world.folder / "kept.svg"
    path.write_text("old")
    world.run("plot", "unheard.example", "-o", path)
    t.ok(path.read_text() == "old", "what was there stays where nothing can be drawn")
    world.run("plot", "online.de", "-o", path)
    t.ok(path.read_text().startswith("<?xml"), "and is replaced as a whole")
    umask = os.umask(0)
    os.umask(umask)
    t.ok(path.stat().st_mode & 0o777 == 0o666 & ~umask, "with the usual rights")
    parts = [p.name for p in world.folder.iterdir() if p.name.endswith(".part")]
    t.ok(not parts, "nothing is left beside it", parts)


def check_reports(world, t):
    page = world.folder / "one.html"
    paper = world.folder / "one.PDF"
    for path in (page, paper):
        done = world.run("report", "fra1-i1", "-o", path)
        t.ok(done.returncode == 0 and not done.stdout, f"report: {path.name}", done.stderr)
    text = page.read_text()
    for said in ("Report on incident fra1-i1: transient-hijack, critical, reverted",
                 "data:image/svg+xml;base64,", "mx01.mail.icloud.com of Apple iCloud answered",
                 "bounced: user-unknown", "mxvigil verify"):
        t.ok(said in text, f"the page says: {said[:30]}")
    t.ok("eve@online.de" not in text, "no address of a recipient")
    t.ok(paper.read_bytes().startswith(b"%PDF-"), "paper")
    world.run("report", "fra1-i1", "-o", page, "--recipients")
    t.ok("eve@online.de" in page.read_text(), "but with --recipients")
    done = world.run("report", "fra1-i4", "-o", page)
    t.ok(done.returncode == 0 and "<img" not in page.read_text(), "one of the monitor itself")
    done = world.run("report", "fra1-i3", "-o", page)
    t.ok("\x1b" not in page.read_text(), "no escape of others in the page", done.stderr)
    for words, status, said in (
            (["fra1-i1"], 2, "-o FILE"),
            (["fra1-i1", "-o", "x.txt"], 2, ".html or .pdf"),
            (["fra1-i1", "-o", world.folder / ".pdf"], 2, ".html or .pdf"),
            (["-o", "x.pdf"], 2, "ID"),
            (["7", "-o", "x.pdf"], 2, "fra1-i7"),
            (["fra1-i9", "-o", "x.pdf"], 1, "no incident fra1-i9"),
            (["fra1-i1", "-o", world.folder / "no" / "x.pdf"], 1, "No such file")):
        done = world.run("report", *words)
        t.ok(done.returncode == status and said in done.stderr,
             f"exit {status}: report {' '.join(map(str, words[:3]))}", done.stderr)


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        world = World(sys.argv[1], sys.argv[2], folder)
        check_forms(world, t)
        check_windows(world, t)
        check_refusals(world, t)
        check_replacing(world, t)
        check_reports(world, t)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
