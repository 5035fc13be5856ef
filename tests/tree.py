# SPDX-License-Identifier: MIT
"""The source tree as the checks see it: its rooms and their C files."""
import pathlib
import re

ROOMS = ("resolvers", "storage", "alerts", "monitor")
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:<([^>]+)>|"([^"]+)")')


def files(root, *suffixes, rooms=ROOMS):
    root = pathlib.Path(root)
    found = []
    for room in rooms:
        found += [p for p in (root / room).rglob("*")
                  if p.suffix in suffixes and "data" not in p.parts and p.is_file()]
    return sorted(found)


def includes(path):
    """Yields (line number, system header or None, project header or None)."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)
