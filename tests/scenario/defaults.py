#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No configuration at all: views from resolv.conf, the store where the user expects it."""
import json
import os
import pathlib
import shutil

import daemon
import lab as labs
import world

DOMAIN = "online.example"
HOSTS = ((10, "mx00.ionos.example"),)
NOBODY = 65534


def run_as(user, environment, *words):
    command = [environment["PROGRAM"], *words]
    if user:
        command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] + command
    return labs.run(*command, env=environment, cwd="/")


def check_user(t, user, environment, store, label):
    done = run_as(user, environment, "run", DOMAIN, "--once")
    t.ok(done.returncode == 0, f"{label}: it runs without a configuration", done.stderr)
    t.ok(store.is_file(), f"{label}: the store is {store}",
         [str(p) for p in store.parent.rglob("*")] if store.parent.is_dir() else done.stderr)
    done = run_as(user, environment, "history", DOMAIN, "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    spans = {row["view"]: daemon.mx_of(row) for row in rows if "coverage" not in row}
    t.ok(spans == {"authoritative": sorted(HOSTS), "mta": sorted(HOSTS)},
         f"{label}: both default views saw the domain", done.stdout + done.stderr)


def story(lab, t):
    place = world.World(lab)
    place.add_domain(DOMAIN, world.mx(*HOSTS), ttl=1)
    place.start()
    lab.own_etc()
    lab.resolv_conf(world.RECURSOR)
    labs.must("mount", "-t", "tmpfs", "tmpfs", "/var/lib")
    home = lab.folder("home")
    os.chown(home, NOBODY, NOBODY)
    program = lab.folder("bin") / "mxvigil"
    shutil.copy(daemon.binary(), program)  # the build may lie where others cannot go
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PROGRAM": str(program)}
    for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if key in os.environ:
            environment[key] = os.environ[key]
    check_user(t, 0, environment, pathlib.Path("/var/lib/mxvigil/history.db"), "root")
    check_user(t, NOBODY, environment, home / ".local/state/mxvigil/history.db", "a user")
    state = home / "state"
    state.mkdir()
    os.chown(state, NOBODY, NOBODY)
    check_user(t, NOBODY, {**environment, "XDG_STATE_HOME": str(state)},
               state / "mxvigil/history.db", "a user with XDG_STATE_HOME")


labs.tell(story, "nsd", "unbound", "setpriv")
