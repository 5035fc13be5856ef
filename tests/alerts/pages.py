#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pages of mails in a browser, light and dark, wide and narrow. usage: pages.py COMPOSE"""
import base64
import html
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

import forms
import tap

TRIES = 3  # a browser on a machine that is short of memory dies now and then

# Shows a page in a frame of some width, and writes down how it came out.
FRAME = """<!DOCTYPE html><meta name="color-scheme" content="light dark"><body>
<iframe srcdoc="{page}" style="border:0;width:{width}px;height:900px"></iframe><script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  const colours = (name) => {{
    const style = getComputedStyle(page.querySelector(name));
    return style.color + " on " + style.backgroundColor;
  }};
  const picture = page.querySelector("img");
  document.title = JSON.stringify([page.documentElement.scrollWidth,
    picture ? picture.naturalWidth : 0, colours(".paper"), page.body.innerText.length,
    Math.max(...[...page.querySelectorAll("td")].slice(0, 12).map(c => c.offsetHeight))]);
}});</script>"""


def page_of(folder, name):
    message = forms.mail(folder, name)[1]
    text = forms.body(message, "html")
    for part in message.walk():
        if part.get_content_type() == "image/png":
            data = base64.b64encode(part.get_content()).decode()
            text = text.replace(f"cid:{part['content-id'][1:-1]}", f"data:image/png;base64,{data}")
    return text


class Browser:
    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)

    def run(self, page, dark, *arguments):
        path = self.folder / "page.html"
        path.write_text(page, encoding="utf-8")
        command = [self.program, "--headless=new", "--no-sandbox", "--disable-gpu",
                   "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                   f"--user-data-dir={self.folder}/profile", *arguments]
        if dark:
            command.append("--blink-settings=preferredColorScheme=0")
        for _ in range(TRIES):
            run = subprocess.run(command + [path.as_uri()], capture_output=True, timeout=60,
                                 check=False)
            if run.returncode == 0:
                break
        return run.stdout.decode()

    def measure(self, page, width, dark=False):
        """[width that it needs, of its picture, colours, length of text, highest of some cells]"""
        frame = FRAME.format(page=html.escape(page), width=width)
        title = re.search(r"<title>(\[.*?\])</title>", self.run(frame, dark, "--dump-dom",
                                                               "--window-size=1300,1000"))
        return json.loads(title.group(1)) if title else None

    def shoot(self, page, dark):
        picture = self.folder / "page.png"
        picture.unlink(missing_ok=True)
        self.run(page, dark, f"--screenshot={picture}", "--window-size=1000,800")
        return picture.read_bytes()


def pixels(png):
    """Colours of a PNG of 8 bits without interlace, as a set of triples."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    size = {2: 3, 6: 4}[kind]
    data, at = b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at:at + 8])
        data += png[at + 8:at + 8 + length] if name == b"IDAT" else b""
        at += 12 + length
    raw, line, colours = zlib.decompress(data), bytearray(width * size), set()
    for y in range(height):
        start = y * (width * size + 1)
        line = unfilter(raw[start], bytearray(raw[start + 1:start + 1 + width * size]), line, size)
        colours.update(bytes(line[x:x + 3]) for x in range(0, len(line), size * 7))
    return colours, bytes(line[:3])


def unfilter(kind, line, above, size):
    for i in range(len(line)):
        left = line[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        up = above[i]
        if kind == 1:
            line[i] = line[i] + left & 255
        elif kind == 2:
            line[i] = line[i] + up & 255
        elif kind == 3:
            line[i] = line[i] + (left + up) // 2 & 255
        elif kind == 4:
            guess = left + up - corner
            near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up),
                       (abs(guess - corner), 2, corner))
            line[i] = line[i] + near[2] & 255
    return line


def brightness(colour):
    """Of "rgb(1, 2, 3)", from 0 to 1, as the eye weighs it (WCAG)."""
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(colours):
    ink, paper = (brightness(c) + 0.05 for c in colours.split(" on "))
    return max(ink, paper) / min(ink, paper)


def main():
    program = shutil.which("chromium")
    if not program:
        tap.skip_all("not installed: chromium")
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        forms.compose(sys.argv[1], folder)
        browser = Browser(program, folder)
        opened = page_of(folder, "event-opened")
        for name, page in (("an incident", opened), ("many", page_of(folder, "many")),
                           ("a very long name", page_of(folder, "name-54"))):
            for width in (360, 1200):
                seen = browser.measure(page, width)
                t.ok(seen and seen[0] <= width and seen[1] and seen[3] > 1000,
                     f"{name} fits {width} pixels, its picture is shown", seen)
        t.ok(browser.measure(opened, 360)[4] < 90, "words stand in one piece in narrow columns")
        light, dark = (browser.measure(opened, 800, dark) for dark in (False, True))
        t.ok(contrast(light[2]) > 12 and brightness(light[2].split(" on ")[1]) > 0.9,
             "in the light ink is dark on bright paper", light)
        t.ok(contrast(dark[2]) > 12 and brightness(dark[2].split(" on ")[1]) < 0.03,
             "in the dark ink is bright on dark paper", dark)
        for name, is_dark in (("light", False), ("dark", True)):
            colours, corner = pixels(browser.shoot(opened, is_dark))
            t.ok(len(colours) > 50 and (corner[0] < 64) == is_dark,
                 f"what is drawn in the {name} is no empty page", (len(colours), corner))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
