# SPDX-License-Identifier: MIT
"""Drives deliver through the program `courier`, and makes what its tests need."""
import json
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

EMAIL, SENDMAIL, EXEC, WEBHOOK, SLACK, TEAMS, PAGERDUTY, ALERTMANAGER, HEARTBEAT = range(1, 10)
TLS_REQUIRED, TLS_OPPORTUNISTIC, TLS_NONE = 1, 2, 3
DONE, LATER, REFUSED, UNTRIED = 1, 2, 3, 4
MAIL = "From: <mxvigil@example.net>\r\nMessage-ID: <fra1-a1@example.net>\r\n\r\nHello.\r\n"


class Courier:
    """One deliver, with its channels; `with` ends it."""

    def __init__(self, program, *channels, **options):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.results = {}
        self.said = []  # every line that came out of it
        threading.Thread(target=self.read, daemon=True).start()
        self.tell({"options": {"host": "mail.example.net", **options}})
        self.set(*channels)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self):
        for line in self.process.stdout:
            self.said.append(line)
            self.lines.put(line)
        self.lines.put("")

    def tell(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def set(self, *channels):
        self.tell({"channels": channels})

    def line(self, seconds):
        text = self.lines.get(timeout=seconds)
        if not text:
            raise RuntimeError("the courier has ended")
        return json.loads(text)

    def hand(self, number, channel, recipient=None, body="{}", **rest):
        """What deliver_hand says: 0 or negative errno."""
        self.tell({"id": number, "channel": channel, "recipient": recipient, "body": body,
                   **rest})
        while "handed" not in (said := self.line(20)):
            self.results[said["id"]] = said
        return said["handed"]

    def result(self, number, seconds=20):
        while number not in self.results:
            said = self.line(seconds)
            self.results[said["id"]] = said
        return self.results.pop(number)

    def mail(self, number=1, channel="mail", recipient="a@example.org", body=MAIL, seconds=20):
        """One mail, and what became of it."""
        handed = self.hand(number, channel, recipient, body)
        return self.result(number, seconds) if handed == 0 else {"handed": handed}

    def post(self, number=1, channel="hook", body="{}", seconds=20, **rest):
        handed = self.hand(number, channel, None, body, **rest)
        return self.result(number, seconds) if handed == 0 else {"handed": handed}

    def close(self):
        """The exit status; not after more than ten seconds."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            return self.process.wait(10)
        finally:
            self.process.kill()


def is_(result, verdict, code=None):
    return result.get("verdict") == verdict and code in (None, result.get("code"))


class Certificates:
    """A certificate authority of the test's own, made by openssl."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mxvigil-ca-"))
        self.authority = self.folder / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj",
                     "/CN=test authority")

    def openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.folder, check=True,
                       capture_output=True)

    def make(self, name, host, days=2, signed=True):
        """(certificate, key) of a host or an address."""
        kind = "IP" if host[0].isdigit() else "DNS"
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={kind}:{host}\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key") if signed else \
            ("-signkey", f"{name}.key")
        self.openssl("x509", "-req", "-in", f"{name}.csr", *signer, "-set_serial", len(name),
                     "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"
