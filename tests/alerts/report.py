#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Reports as parsers that are not ours read them. usage: report.py REPORTER"""
import base64
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import forms  # noqa: E402
import tap  # noqa: E402

DATA = "data:image/svg+xml;base64,"
POLICY = ("default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
          "form-action 'none'")
TAGS = {"html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "table", "tr",
        "th", "td", "ul", "li", "pre", "img", "span", "strong", "br", "colgroup",
        "col"}


def text_of(path):
    run = subprocess.run(["pdftotext", path, "-"], capture_output=True, timeout=60)
    return run.stdout.decode("utf-8", "strict") if run.returncode == 0 else run.stderr.decode()


def paper_of(folder, name):
    """Without blanks: lines of a cell are broken anywhere."""
    return "".join(text_of(folder / f"{name}.pdf").split())


def pages_of(path):
    run = subprocess.run(["pdfinfo", path], capture_output=True, text=True, timeout=60)
    found = re.search(r"^Pages:\s+(\d+)", run.stdout, re.MULTILINE)
    return int(found.group(1)) if found else 0


def faults_of(page):
    """What a page has that it must not have."""
    nodes = forms.Nodes(page)
    faults = nodes.faults + nodes.hrefs
    for tag, names in nodes.nodes:
        if tag.lstrip("/") not in TAGS | {"declaration"}:
            faults.append(f"<{tag}>")
        faults += [f"{tag} {name}" for name in names if name.startswith("on")]
    faults += [source[:40] for source in nodes.sources if not source.startswith(DATA)]
    faults += re.findall(r"<link|<base|@import url", page)
    faults += forms.steering(page)
    for source in nodes.sources:
        xml.etree.ElementTree.fromstring(base64.b64decode(source[len(DATA):], validate=True))
    return faults


def check_plain(t, folder):
    page = (folder / "plain.html").read_text()
    nodes = forms.Nodes(page)
    text = " ".join("".join(nodes.text).split())
    t.ok(not faults_of(page), "the page loads nothing", faults_of(page))
    t.ok(page.count(f'content="{POLICY}"') == 1, "and says so to the browser")
    t.ok("\\x09" not in text + paper_of(folder, "plain"), "tabs of records are blanks")
    t.ok("@media print" in page and "@page" in page, "it has a sheet for print")
    t.ok(len(nodes.sources) == 1, "one picture, in the page")
    paper = paper_of(folder, "plain")
    for said in ("transient-hijack, critical, closed", "412", "bounced: user",
                 "2023-08-29T20:30:57.000Z and 2023-08-29T20:31:07.000Z",
                 "66.7 % of 3 hours", "goes on", "9c 1f 84 00 00 01 00 02",
                 "the clock was not synchronised", "And 3 more", "transaction 41",
                 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                 "mxvigil verify", "anna@online.de bert@online.de", "suspicion 3"):
        t.ok(said in text, f"the page says: {said}", text)
        t.ok(said.replace(" ", "") in paper, f"the paper says: {said}", paper)
    t.ok(2 <= pages_of(folder / "plain.pdf") <= 6, "of a few pages",
         pages_of(folder / "plain.pdf"))
    for form in ("html", "pdf"):
        t.ok((folder / f"plain.{form}").read_bytes() == (folder / f"again.{form}").read_bytes(),
             f"the same report makes the same {form}")


def check_edges(t, folder):
    page = (folder / "bare.html").read_text()
    text = " ".join("".join(forms.Nodes(page).text).split())
    t.ok(not faults_of(page) and "<img" not in page, "of the monitor itself: no picture")
    for said in ("No change of the MX", "No view ever looked", "No mail to the domain",
                 "No message is kept", "Nothing is chained"):
        t.ok(said in text and said in " ".join(text_of(folder / "bare.pdf").split()),
             f"what there is not is said: {said}", text)
    t.ok("re-activated" not in "".join(
        line for line in text_of(folder / "bare.pdf").splitlines()
        if line.startswith("Recipients")), "recipients are not named unasked")
    size = (folder / "endless.html").stat().st_size
    t.ok(size < 32 << 20, "a long report ends somewhere", size)
    t.ok(100 < pages_of(folder / "endless.pdf") < 3000, "on paper too",
         pages_of(folder / "endless.pdf"))


def check_hostile(t, folder, hostile):
    for name, (twin, why) in hostile.items():
        page = (folder / f"{name}.html").read_text()
        nodes = forms.Nodes(page).nodes
        faults = faults_of(page)
        harmless = forms.Nodes((folder / f"{twin}.html").read_text()).nodes
        same = nodes == harmless
        paper = folder / f"{name}.pdf"
        steering = forms.steering(text_of(paper), "\n\f") if paper.exists() else []
        t.ok(not faults and same and not steering, f"{name}: {why}",
             f"{faults} {len(nodes)} of {len(harmless)} nodes, {steering}")


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        hostile = forms.compose(sys.argv[1], folder)
        folder = pathlib.Path(folder)
        check_plain(t, folder)
        check_edges(t, folder)
        check_hostile(t, folder, hostile)
        t.ok(len(hostile) >= 40, "forty hostile names and texts at least", len(hostile))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
