# SPDX-License-Identifier: MIT
"""The program under test as its user has it: a configuration file, a process, the command line."""
import datetime
import json
import os
import pathlib
import re
import signal
import socket

import lab as labs

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def epoch(text):
    """Seconds since 1970 of a time as the program writes it; refuses every other shape."""
    if not STAMP.fullmatch(text):
        raise ValueError(f"not RFC 3339 UTC with milliseconds: {text!r}")
    return datetime.datetime.fromisoformat(text[:-1] + "+00:00").timestamp()


def stamp(seconds):
    """Seconds since 1970 as the program takes them."""
    moment = datetime.datetime.fromtimestamp(round(seconds * 1000) / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def binary():
    path = os.environ.get("MXVIGIL")
    for build in () if path else ("build-test", "build"):
        candidate = labs.ROOT / build / "monitor" / "mxvigil"
        path = path or (str(candidate) if candidate.is_file() else None)
    if not path or not pathlib.Path(path).is_file():
        raise RuntimeError("no mxvigil to test: name it in MXVIGIL")
    return path


def yaml(key, value):
    """One section of the configuration; every flow value of YAML may be written as JSON."""
    if isinstance(value, list):
        return f"{key}:\n" + "".join(f"  - {json.dumps(item)}\n" for item in value)
    return f"{key}: {json.dumps(value)}\n"


class Refused(Exception):
    """A command ended with another status than 0."""


class Mxvigil:
    """One configuration with its store; starts, kills and asks the program."""

    LIMITS = {"timeout": "500ms", "tries": 2, "per-server-qps": 1000}

    def __init__(self, lab, name="mxvigil", store=None, **sections):
        self.lab = lab
        self.path = lab.folder(name)
        self.store = pathlib.Path(store or self.path / "history.db")
        self.conf = self.path / "mxvigil.yaml"
        self.log = self.path / f"{name}.log"
        self.sections = {"site": "lab", "limits": self.LIMITS, **sections}
        self.process = None
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        self.write_conf()

    def write_conf(self, **sections):
        self.sections.update(sections)
        self.conf.write_text("".join(
            [yaml("store", str(self.store))] + [yaml(k, v) for k, v in self.sections.items()]))

    # The daemon

    def start(self, *words, ready=True):
        self.process = self.lab.start(binary(), "-c", self.conf, "run", *words, log=self.log,
                                      env=self.environment, cwd=self.path)
        if ready:
            labs.until("the monitor takes requests", self.is_ready, 20)
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the monitor left with {self.process.returncode}: {self.logged()}")
        path = pathlib.Path(self.sections.get("control", f"{self.store}.sock"))
        if not path.exists():
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            try:
                sock.connect(str(path))
            except OSError:
                return False
        return True

    def stop(self):
        """Ends the monitor as an administrator does; returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def logged(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def await_log(self, text, seconds=15, count=1):
        return labs.until(f"the log says {text!r}",
                          lambda: self.logged().count(text) >= count, seconds)

    # The command line

    def cli(self, *words, **options):
        return labs.run(binary(), "-c", self.conf, *words,
                        env=self.environment, cwd=self.path, **options)

    def say(self, *words, **options):
        """A command that has to succeed; its standard output."""
        done = self.cli(*words, **options)
        if done.returncode != 0:
            raise Refused(f"{words}: status {done.returncode}: {done.stderr}")
        return done.stdout

    def rows(self, *words):
        """JSON rows of a command that has to succeed."""
        return [json.loads(line) for line in self.say(*words, "--json").splitlines()]

    def history(self, domain, *words):
        """(span rows, {view: coverage})."""
        rows = self.rows("history", domain, *words)
        spans = [row for row in rows if "coverage" not in row]
        return spans, {row["coverage"]["view"]: row["coverage"]
                       for row in rows if "coverage" in row}

    def changes(self, *words):
        return self.rows("changes", "--from", "-1d", *words)

    def seen(self, domain, *words):
        """Span rows of a domain, [] while it was never seen."""
        try:
            return self.history(domain, *words)[0]
        except Refused:
            return []

    def await_view(self, domain, view, hosts, seconds=15):
        """Waits until the latest span of a view has exactly these (preference, exchange)."""
        def latest_is():
            spans = [row for row in self.seen(domain, "--view", view) if row["server"] is None]
            return spans and mx_of(spans[-1]) == sorted(hosts) and spans[-1]
        return labs.until(f"{view} sees {hosts} for {domain}", latest_is, seconds, every=0.1)

    def await_changes(self, count, *words, seconds=15):
        """Waits for so many change rows and returns them."""
        return labs.until(f"{count} changes {words}",
                          lambda: (rows := self.changes(*words)) and len(rows) >= count and rows,
                          seconds, every=0.1)


def mx_of(row):
    return sorted((host["preference"], host["exchange"]) for host in row["mx"])
