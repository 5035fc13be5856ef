# SPDX-License-Identifier: MIT
"""A past to replay: what views of the DNS saw, and what a mail server logged, as files.

Times are seconds from the start of the past. Domains and hosts are those of the story that is
told; people are made up.
"""
import datetime
import json
import pathlib
import random
import subprocess
import tempfile

START = 1_780_272_000  # 2026-06-01T00:00:00Z, a Monday
HOUR = 3600
DAY = 86400
POLL = 60


def stamp(second):
    """As Postfix writes times: RFC 3339 with microseconds."""
    when = datetime.datetime.fromtimestamp(START + second, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")


def epoch(text):
    """Seconds from the start of the past of a time in a row; None for null."""
    if text is None:
        return None
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() - START


class Past:
    """Gathers rows and lines; replay() writes them and runs the detector over them."""

    def __init__(self, mxvigil, views=("own", "mta"), poll=POLL):
        self.mxvigil = mxvigil
        self.views = views
        self.poll = poll
        self.rows = []
        self.lines = []
        self.networks = {}
        self.mails = 0
        self.chance = random.Random(4711)
        self.refusals = []  # (second, recipient) of what refusing() bounced

    # --- the DNS ---

    def answer(self, domain, first, last, hosts, views=None, rcode=None):
        """Views saw this from first to last: hosts as "10 mx.example.net", or an rcode."""
        for view in views or self.views:
            count = max(1, int((last - first) // self.poll))
            row = {"rrname": domain + ".", "rrtype": "MX",
                   "rdata": [host + ("" if host.endswith(".") else ".") for host in hosts],
                   "time_first": int(START + first), "time_last": int(START + last - self.poll)
                   if count > 1 else int(START + first), "count": count, "sensor_id": view}
            if rcode:
                row["x_rcode"] = rcode
            self.rows.append(row)

    def address(self, host, address, network):
        """A host has an address, in a prefix that an AS originates: network = (prefix, AS)."""
        self.rows.append({"rrname": host + ".", "rrtype": "A", "rdata": [address],
                          "time_first": START, "time_last": START + 90 * DAY, "count": 1,
                          "sensor_id": self.views[0]})
        self.networks[network[0]] = network[1]

    def failing(self, domain, first, last, views=None, rcode="SERVFAIL"):
        """Polls of these views from first to last came to nothing."""
        self.answer(domain, first, last, [], views, rcode)

    # --- mail ---

    def _line(self, second, rest):
        self.mails += 1
        queue_id = "4" + "".join("BCDFGHJKLM"[int(digit)] for digit in f"{self.mails:08d}")
        self.lines.append((second, f"{stamp(second)} mail postfix/smtp[4711]: {queue_id}: {rest}"))

    def sent(self, second, recipient, host, address):
        self._line(second, f"to=<{recipient}>, relay={host}[{address}]:25, delay=1.1, "
                           "delays=0.1/0/0.5/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued)")

    def bounced(self, second, recipient, host, address, reply, dsn="5.1.1"):
        self._line(second, f"to=<{recipient}>, relay={host}[{address}]:25, delay=1.1, "
                           f"delays=0.1/0/0.5/0.5, dsn={dsn}, status=bounced (host "
                           f"{host}[{address}] said: {reply} (in reply to RCPT TO command))")

    def deferred(self, second, recipient, host, address, reply, dsn="4.0.0"):
        self._line(second, f"to=<{recipient}>, relay={host}[{address}]:25, delay=61, "
                           f"delays=60/0/0.5/0.5, dsn={dsn}, status=deferred (host "
                           f"{host}[{address}] said: {reply} (in reply to RCPT TO command))")

    def lost(self, second, recipient, name, kind="MX", final=False):
        """A look-up of name failed: the mail waits, or bounces where final."""
        status, dsn, why = ("bounced", "5.4.4", "Host not found") if final else (
            "deferred", "4.4.3", "Host not found, try again")
        self._line(second, f"to=<{recipient}>, relay=none, delay=1.1, delays=1/0/0/0, dsn={dsn}, "
                           f"status={status} (Host or domain name not found. Name service error "
                           f"for name={name} type={kind}: {why})")

    def everyday(self, domain, first, last, hosts, every=600, people=40, reply=None,
                 unknown_every=0):
        """Mail as on any day: in turn to people and hosts (name, address). With unknown_every,
        one mail in so many goes to an address that nobody has."""
        second = first
        turn = 0
        while second < last:
            host, address = hosts[turn % len(hosts)]
            if unknown_every and turn % unknown_every == unknown_every - 1:
                self.bounced(second, f"nobody{turn}@{domain}", host, address, reply)
            else:
                self.sent(second, f"person{turn % people}@{domain}", host, address)
            second += every
            turn += 1

    def unreachable(self, second, recipient, host, address, why="Connection timed out"):
        self._line(second, f"to=<{recipient}>, relay=none, delay=61, delays=1/0/60/0, dsn=4.4.1, "
                           f"status=deferred (connect to {host}[{address}]:25: {why})")

    def no_mail(self, second, recipient):
        """The domain has a null MX."""
        self._line(second, f"to=<{recipient}>, relay=none, delay=0.1, delays=0.1/0/0/0, "
                           f"dsn=5.1.0, status=bounced (Domain {recipient.rpartition('@')[2]} "
                           "does not accept mail (nullMX))")

    def traffic(self, domain, first, last, every, *outcomes, people=40):
        """A mail about every so many seconds, to a person by chance; what becomes of it is one
        of the outcomes (share, function of second and recipient), also by chance."""
        second = first + every * self.chance.random()
        shares = [share for share, _ in outcomes]
        while second < last:
            happen, = self.chance.choices([what for _, what in outcomes], shares)
            happen(second, f"person{self.chance.randrange(people)}@{domain}")
            second += every * (0.5 + self.chance.random())

    def sending(self, hosts):
        return lambda second, recipient: self.sent(
            second, recipient, *self.chance.choice(hosts))

    def refusing(self, hosts, reply, dsn="5.1.1"):
        """An outcome: the recipient is unknown there. It is noted in refusals."""
        def happen(second, recipient):
            self.refusals.append((second, recipient))
            self.bounced(second, recipient, *self.chance.choice(hosts),
                         reply.format(recipient), dsn)
        return happen

    def strangers(self, hosts, reply, dsn="5.1.1"):
        """An outcome: the mail was to an address that nobody has, and that is said."""
        def happen(second, recipient):
            nobody = f"nobody{self.mails}@{recipient.rpartition('@')[2]}"
            self.bounced(second, nobody, *self.chance.choice(hosts), reply.format(nobody), dsn)
        return happen

    def putting_off(self, hosts, reply, dsn="4.7.1"):
        return lambda second, recipient: self.deferred(
            second, recipient, *self.chance.choice(hosts), reply.format(recipient), dsn)

    def hit(self, first=0, last=float("inf")):
        """Who was refused in that time."""
        return {recipient for second, recipient in self.refusals if first <= second < last}

    def bounce(self, number, first=0):
        """When the so manyth refusal from then on was, counted from 1."""
        return sorted(second for second, _ in self.refusals if second >= first)[number - 1]

    # --- the detector ---

    def replay(self, *more, status=0):
        """Runs backtest; returns (incidents, the bytes it printed)."""
        with tempfile.TemporaryDirectory(prefix="mxvigil-past-") as name:
            folder = pathlib.Path(name)
            self.rows.sort(key=lambda row: row["time_first"])
            (folder / "dns.jsonl").write_text(
                "".join(json.dumps(row) + "\n" for row in self.rows))
            (folder / "mail.log").write_text(
                "".join(line + "\n" for _, line in sorted(self.lines)))
            (folder / "asn.tsv").write_text(
                "".join(f"{prefix}\t{number}\n" for prefix, number in self.networks.items()))
            done = subprocess.run(
                [self.mxvigil, "backtest", "--history", folder / "dns.jsonl", "--asn",
                 folder / "asn.tsv", "--authoritative", self.views[0], "--deliveries",
                 folder / "mail.log", "--format", "postfix", *more],
                stdin=subprocess.DEVNULL, capture_output=True, check=False,
                env={"PATH": "/usr/bin:/bin", "XDG_CONFIG_HOME": name, "HOME": name})
        if done.returncode != status:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        return [json.loads(line) for line in done.stdout.splitlines()], done.stdout
