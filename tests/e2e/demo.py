#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A mail domain loses its MX records to another operator and gets them back, in a minute.

usage: demo.py MXVIGIL [SECONDS]

NSD serves online.de on a high port of 127.0.0.1; mxvigil watches it every second. Nothing
outside a temporary folder is touched, no root is needed and no packet leaves the machine.
"""
import atexit
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scenario"))
import servers  # noqa: E402
import world  # noqa: E402

DOMAIN = "online.de"
IONOS = ((10, "mx00.ionos.de"), (10, "mx01.ionos.de"))
ICLOUD = ((10, "mx01.mail.icloud.com"), (10, "mx02.mail.icloud.com"))
GLUE = ["ns1 A 127.0.0.1"]


class Place:
    """A temporary folder and the processes that live in it."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mxvigil-demo-"))
        self.processes = []
        atexit.register(self.close)

    def folder(self, name):
        path = self.path / name
        path.mkdir()
        return path

    def start(self, *command, log, **options):
        with open(log, "ab") as output:
            process = subprocess.Popen([str(part) for part in command], stdout=output,
                                       stderr=output, stdin=subprocess.DEVNULL, **options)
        self.processes.append(process)
        return process

    def close(self):
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(self.path, ignore_errors=True)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
        tcp.bind(("127.0.0.1", 0))
        return tcp.getsockname()[1]


def configure(path, port):
    server = f"127.0.0.1:{port}"
    conf = path / "mxvigil.yaml"
    conf.write_text(f"""store: {path}/history.db
site: demo
views:
  - {{name: authoritative, kind: authoritative, bootstrap: ["{server}"], port: {port}}}
  - {{name: mta, kind: recursive, servers: ["{server}"]}}
watch:
  - {{name: demo, domains: [{DOMAIN}], interval: 1s, views: [authoritative, mta]}}
""")
    return conf


def narrate(text):
    print(f"\n--- {text}", flush=True)


def echo(stream):
    """Shows what the monitor says, as it says it."""
    for line in stream:
        print("    " + line.rstrip("\n"), flush=True)


def latest_hosts(mxvigil, conf):
    """view -> hosts of its latest span, as the history has them."""
    done = subprocess.run([mxvigil, "-c", conf, "history", DOMAIN, "--json"],
                          capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["view"]: {(h["preference"], h["exchange"]) for h in row["mx"]}
            for row in rows if "coverage" not in row}


def await_recorded(mxvigil, conf, hosts):
    """The demo goes on when both views have it in the history."""
    deadline = time.monotonic() + 20
    while list(latest_hosts(mxvigil, conf).values()) != [set(hosts)] * 2:
        if time.monotonic() > deadline:
            sys.exit("the monitor did not record what the name server says")
        time.sleep(0.2)


def tell(mxvigil, conf, nsd, seconds):
    """The story: quiet, moved away, back, each a share of the whole time."""
    for share, hosts, text in ((0.25, IONOS, None),
                               (0.4, ICLOUD, "the zone is edited: mail goes to another operator"),
                               (0.35, IONOS, "the zone is corrected: the old hosts are back")):
        begun = time.monotonic()
        if text:
            narrate(text)
            nsd.edit(DOMAIN, world.mx(*hosts) + GLUE)
        await_recorded(mxvigil, conf, hosts)
        time.sleep(max(0, share * seconds - (time.monotonic() - begun)))


def main():
    mxvigil, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 45
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
    place = Place()
    nsd = servers.Nsd(place, ("127.0.0.1",), port=free_port())
    nsd.add_zone(DOMAIN, world.mx(*IONOS) + GLUE, ttl=1)
    nsd.start()
    conf = configure(place.path, nsd.port)
    narrate(f"a name server of our own says that mail for {DOMAIN} goes to "
            + " and ".join(name for _, name in IONOS) + "; mxvigil asks it every second")
    monitor = subprocess.Popen([mxvigil, "-c", conf, "run"], stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    place.processes.append(monitor)
    threading.Thread(target=echo, args=(monitor.stderr,), daemon=True).start()
    tell(mxvigil, conf, nsd, seconds)
    monitor.terminate()
    if monitor.wait(20) != 0:
        sys.exit(f"the monitor left with {monitor.returncode}")
    for words in (("changes",), ("history", DOMAIN)):
        narrate("mxvigil " + " ".join(words))
        subprocess.run([mxvigil, "-c", conf, *words], check=True)


if __name__ == "__main__":
    main()
