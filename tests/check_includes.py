#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The arrows between the rooms, and the fences around the libraries.

resolvers <- storage <- alerts <- monitor. Whoever breaks a rule is named as file:line.
usage: check_includes.py ROOT
"""
import pathlib
import re
import sys

import tap
import tree

# What a room may include of another; a room includes itself, monitor includes all.
DOORS = {
    "resolvers": (),
    "storage": ("resolvers/mxset.h", "resolvers/name.h"),
    "alerts": ("storage/record.h", "storage/instant.h", "storage/incident.h",
               "resolvers/name.h", "resolvers/utf8.h"),
}
# Library -> where it may be included.
FENCES = (
    (r"ares(_\w+)?\.h", r"resolvers/channel\w*\.[ch]"),
    (r"ldns/.*", r"resolvers/.*"),
    (r"idn2\.h", r"resolvers/.*"),
    (r"sqlite3\.h", r"storage/.*"),
    (r"uv\.h|uv/.*", r"monitor/.*"),
    (r"cyaml/.*", r"monitor/.*"),
    (r"libpsl\.h", r"monitor/.*"),
    (r"systemd/.*", r"monitor/.*"),
    (r"microhttpd\.h", r"monitor/web/.*"),
    (r"gmime/.*", r"monitor/ingest/.*"),
    (r"zstd\.h", r"monitor/ingest/.*"),
    (r"zlib\.h", r"monitor/ingest/.*"),
    (r"curl/.*", r"alerts/.*"),
    (r"cairo.*\.h", r"alerts/.*"),
    (r"pango/.*", r"alerts/.*"),
)
# One file only knows it, wherever that is inside its fence.
ONE_FILE = ("ares.h", "gmime/gmime.h", "systemd/sd-journal.h", "zlib.h", "zstd.h")


def arrow_fault(root, path, target):
    room = path.parts[0]
    if not (root / target).is_file():
        return "no such file from the root of the tree"
    if room == "monitor" or target.startswith(room + "/") or target in DOORS[room]:
        return None
    return f"{room}/ may not include {target}"


def fence_fault(path, header):
    for library, place in FENCES:
        if re.fullmatch(library, header) and not re.fullmatch(place, str(path)):
            return f"<{header}> belongs to {place}"
    return None


def find_cycle(graph):
    """A list of headers that include each other in a ring, or None."""
    state = {}

    def walk(node, trail):
        state[node] = "open"
        for target in graph.get(node, ()):
            if state.get(target) == "open":
                return trail[trail.index(target):] + [target] if target in trail \
                    else [node, target]
            if target not in state:
                ring = walk(target, trail + [target])
                if ring:
                    return ring
        state[node] = "done"
        return None

    for node in sorted(graph):
        ring = walk(node, [node]) if node not in state else None
        if ring:
            return ring
    return None


def survey(root):
    arrows, fences, graph, users = [], [], {}, {}
    for path in tree.files(root, ".c", ".h"):
        short = path.relative_to(root)
        for line, system, project in tree.includes(path):
            if project:
                graph.setdefault(str(short), []).append(project)
                fault = arrow_fault(root, short, project)
                if fault:
                    arrows.append(f"{short}:{line}: {fault}")
            else:
                users.setdefault(system, set()).add(str(short))
                fault = fence_fault(short, system)
                if fault:
                    fences.append(f"{short}:{line}: {fault}")
    for header in ONE_FILE:
        if len(users.get(header, ())) > 1:
            fences.append(f"<{header}> is in several files: {sorted(users[header])}")
    return arrows, fences, graph


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    arrows, fences, graph = survey(root)
    ring = find_cycle(graph)
    t = tap.Tap()
    t.ok(graph, "project includes were found", f"none under {root}")
    t.ok(not arrows, "arrows between rooms point down", "\n".join(arrows))
    t.ok(not fences, "libraries stay in their rooms", "\n".join(fences))
    t.ok(not ring, "no headers include each other in a ring", " -> ".join(ring or ()))
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
