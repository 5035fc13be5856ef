# SPDX-License-Identifier: MIT
"""Who is running, read from /proc."""
import pathlib


def table():
    """pid -> (parent, session) of every process but the dead."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent, _, session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if state != "Z":
            found[int(entry.name)] = int(parent), int(session)
    return found


def family(pid):
    """A process and all that descend from it, parents first."""
    members, everybody = [pid], table()
    for member in members:
        members += [child for child, (parent, _) in everybody.items() if parent == member]
    return members


def session(leader):
    return [pid for pid, (_, session) in table().items() if session == leader]
