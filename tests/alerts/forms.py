# SPDX-License-Identifier: MIT
"""What the program `compose` wrote, as parsers that are not ours read it."""
import email
import email.policy
import html.parser
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

VOID = {"br", "col", "img", "meta"}


def compose(program, folder):
    """Lets it write, and returns {hostile name: (its harmless twin, what is the matter)}."""
    subprocess.run([program, folder], check=True, timeout=60)
    lines = (pathlib.Path(folder) / "index.txt").read_text().splitlines()
    return {name: (twin, why) for name, twin, why in (line.split("\t") for line in lines)}


def mail(folder, name):
    raw = (pathlib.Path(folder) / f"{name}.eml").read_bytes()
    return raw, email.message_from_bytes(raw, policy=email.policy.default)


def body(message, kind):
    """The text of a mail, "plain" or "html", with line ends as texts have them here."""
    return message.get_body((kind,)).get_content().replace("\r\n", "\n")


class Nodes(html.parser.HTMLParser):
    """The elements of a page with the names of their attributes, and what these refer to."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.nodes, self.open, self.faults = [], [], []
        self.hrefs, self.sources, self.text = [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"left open: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.nodes.append((tag, tuple(name for name, _ in attrs)))
        self.hrefs += [value for name, value in attrs if name == "href"]
        self.sources += [value for name, value in attrs if name == "src"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        self.nodes.append(("/" + tag, ()))
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes another")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_comment(self, data):
        self.nodes.append(("comment", ()))

    def handle_decl(self, decl):
        self.nodes.append(("declaration", ()))

    def unknown_decl(self, data):
        self.nodes.append(("unknown", ()))

    def handle_pi(self, data):
        self.nodes.append(("instruction", ()))

    def handle_data(self, data):
        self.text.append(data)


def steering(text, allowed="\n"):
    """Characters that steer a terminal or turn text around."""
    bad = {0x061c, 0x200e, 0x200f, 0x2028, 0x2029, *range(0x202a, 0x202f),
           *range(0x2066, 0x206a)}
    return [c for c in text if c not in allowed and
            (ord(c) < 32 or 127 <= ord(c) < 160 or ord(c) in bad)]
