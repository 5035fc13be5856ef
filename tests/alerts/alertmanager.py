#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a real Alertmanager makes of our alerts. usage: alertmanager.py COMPOSE"""
import datetime
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import forms
import tap

CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def now_shifted(body):
    """The same as if its first time were a minute ago: what is long over is no alert."""
    pattern = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

    def parse(text):
        return datetime.datetime.fromisoformat(text.decode().replace("Z", "+00:00"))

    first = parse(re.search(rb'"startsAt":"([^"]*)"', body).group(1))
    alert = parse(b"2023-08-29T21:21:07.000Z")  # when the samples were written
    shift = datetime.datetime.now(datetime.timezone.utc) - max(first, alert)
    return re.sub(pattern, lambda m: (parse(m.group()) + shift).isoformat(
        timespec="milliseconds").replace("+00:00", "Z").encode(), body)


class Alertmanager:
    def __init__(self, program, folder):
        self.url = f"http://127.0.0.1:{free_port()}"
        config = pathlib.Path(folder) / "alertmanager.yml"
        config.write_text(CONFIG)
        self.process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={folder}/data",
             f"--web.listen-address={self.url[7:]}", "--cluster.listen-address="],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(self, path, body=None):
        request = urllib.request.Request(self.url + path, body,
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def wait(self):
        for _ in range(300):
            try:
                if self.ask("/-/ready")[0] == 200:
                    return True
            except OSError:
                pass
            if self.process.poll() is not None:
                return False
            time.sleep(0.1)
        return False

    def post(self, body):
        return self.ask("/api/v2/alerts", body)

    def alerts(self):
        return json.loads(self.ask("/api/v2/alerts")[1])

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def check_life(t, manager, folder):
    def body(name):
        return (pathlib.Path(folder) / f"{name}.alertmanager.json").read_bytes()

    status, text = manager.post(now_shifted(body("event-opened")))
    alerts = manager.alerts()
    t.ok(status == 200 and len(alerts) == 1 and alerts[0]["status"]["state"] in
         ("active", "unprocessed") and alerts[0]["labels"] == {
             "alertname": "mxvigil", "domain": "online.de", "incident": "fra1-i7",
             "severity": "critical", "site": "fra1"} and
         alerts[0]["annotations"]["moved"] == "from IONOS to Apple iCloud",
         "an incident is one active alert", (status, text, alerts))
    status, _ = manager.post(now_shifted(body("event-worse")))
    t.ok(status == 200 and len(manager.alerts()) == 1, "what is worse is the same alert",
         manager.alerts())
    closed = json.loads(now_shifted(body("event-worse")))
    over = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    closed[0]["endsAt"] = over
    labels = [json.loads(body(f"event-{event}"))[0]["labels"] for event in ("worse", "closed")]
    t.ok(labels[0] == labels[1], "the all-clear names the alert that was opened", labels)
    t.ok(manager.post(json.dumps(closed).encode())[0] == 200 and not manager.alerts(),
         "and ends it", manager.alerts())
    broken = body("event-opened").replace(b'"alertname"', b'"alert name"')
    t.ok(manager.post(broken)[0] == 400, "Alertmanager refuses what is no alert")


def check_hostile(t, manager, folder, index):
    bad = []
    for name in index:
        body = (pathlib.Path(folder) / f"{name}.alertmanager.json").read_bytes()
        status, text = manager.post(body)
        if status != 200:
            bad.append(f"{name}: {status} {text[:200]}")
    t.ok(not bad, f"it takes {len(index)} hostile ones", "\n".join(bad))
    many = (pathlib.Path(folder) / "many.alertmanager.json").read_bytes()
    status, _ = manager.post(now_shifted(many))
    t.ok(status == 200 and len(manager.alerts()) == 10_000, "and ten thousand at once", status)


def main():
    program = shutil.which("prometheus-alertmanager")
    if not program:
        tap.skip_all("not installed: prometheus-alertmanager")
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        index = forms.compose(sys.argv[1], folder)
        manager = Alertmanager(program, folder)
        try:
            if t.ok(manager.wait(), "Alertmanager runs"):
                check_life(t, manager, folder)
                check_hostile(t, manager, folder, index)
        finally:
            manager.stop()
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
