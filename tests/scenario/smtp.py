# SPDX-License-Identifier: MIT
"""A mail server that answers as the story says and remembers what it was asked.

An answer is a whole reply, lines separated by \\n: "550-5.1.1 no such user\\n550 5.1.1 sorry".
{0} in it is the recipient. Every final word about a recipient is kept as an ATTEMPT, whether it
fell at the greeting (421: recipient is None), at RCPT or at the end of DATA; what was taken is
kept as a MAIL with its bytes.
"""
import collections
import socket
import threading
import time

ATTEMPT = collections.namedtuple("ATTEMPT", "recipient stage reply at")
MAIL = collections.namedtuple("MAIL", "sender recipients data at")
OK = "250 2.0.0 Ok: queued"
STAGES = ("connect", "rcpt", "data")


def code(reply):
    return int(reply[:3])


def wire(reply):
    return "".join(f"{line}\r\n" for line in reply.split("\n")).encode("utf-8", "surrogateescape")


def address(argument):
    """The address in `FROM:<a@b> SIZE=1` or `TO:<a@b>`."""
    return argument.partition("<")[2].partition(">")[0]


class Receiver:
    """One mail server at one address. It takes everything until it is told otherwise."""

    def __init__(self, host, ip, port=25):
        self.host, self.ip, self.port = host, ip, port
        self.attempts = []
        self.mails = []
        self.lock = threading.Lock()
        self.script = {}
        self.listener = socket.create_server((ip, port), backlog=200)
        threading.Thread(target=self.listen, daemon=True).start()

    def answer(self, *replies, recipient=None, stage="rcpt"):
        """From now on: each attempt takes the next reply, and the last one stays. Without a
        recipient for all that have none of their own; None as a reply is the usual one."""
        if stage not in STAGES:
            raise ValueError(stage)
        with self.lock:
            self.script[stage, recipient] = list(replies)

    def close(self):
        """Nobody listens any more; sessions under way go on."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def said_to(self, recipient):
        return [attempt.reply for attempt in list(self.attempts)
                if attempt.recipient == recipient]

    # Inside: a thread for each session

    def next_reply(self, stage, recipient, usual):
        with self.lock:
            replies = self.script.get((stage, recipient)) or self.script.get((stage, None))
            if not replies:
                return usual
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return usual if reply is None else reply.replace("{0}", recipient or "")

    def note(self, recipient, stage, reply):
        self.attempts.append(ATTEMPT(recipient, stage, reply, time.time()))

    def listen(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(60)
        try:
            with connection, connection.makefile("rb") as lines:
                Session(self, connection, lines).run()
        except OSError:
            pass


class Session:
    """One connection, from greeting to QUIT."""

    def __init__(self, server, connection, lines):
        self.server, self.connection, self.lines = server, connection, lines
        self.sender, self.recipients = None, []

    def say(self, reply):
        self.connection.sendall(wire(reply))

    def run(self):
        greeting = self.server.next_reply("connect", None, f"220 {self.server.host} ESMTP")
        if code(greeting) != 220:
            self.server.note(None, "connect", greeting)
        self.say(greeting)
        if code(greeting) == 421:
            return
        while line := self.lines.readline():
            verb, _, argument = line.decode("utf-8", "surrogateescape").strip().partition(" ")
            if verb.upper() == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            handler = getattr(self, f"on_{verb.lower()}", None)
            self.say(handler(argument) if handler else "502 5.5.2 not known here")

    def on_ehlo(self, _):
        return f"250-{self.server.host}\n250-SIZE 10485760\n250-8BITMIME\n250 ENHANCEDSTATUSCODES"

    def on_helo(self, _):
        return f"250 {self.server.host}"

    def on_noop(self, _):
        return "250 2.0.0 Ok"

    def on_rset(self, _):
        self.sender, self.recipients = None, []
        return "250 2.0.0 Ok"

    def on_mail(self, argument):
        self.sender, self.recipients = address(argument), []
        return "250 2.1.0 Ok"

    def on_rcpt(self, argument):
        if self.sender is None:
            return "503 5.5.1 MAIL first"
        recipient = address(argument)
        reply = self.server.next_reply("rcpt", recipient, "250 2.1.5 Ok")
        if code(reply) == 250:
            self.recipients.append(recipient)
        else:
            self.server.note(recipient, "rcpt", reply)
        return reply

    def on_data(self, _):
        if not self.recipients:
            return "554 5.5.1 no valid recipients"
        self.say("354 go ahead")
        data = self.read_data()
        # One reply for all: that of the first recipient who has one of his own.
        replies = [self.server.next_reply("data", recipient, OK) for recipient in self.recipients]
        reply = next((r for r in replies if r != OK), OK)
        for recipient in self.recipients:
            self.server.note(recipient, "data", reply)
        if code(reply) == 250:
            self.server.mails.append(
                MAIL(self.sender, tuple(self.recipients), data, time.time()))
        self.sender, self.recipients = None, []
        return reply

    def read_data(self):
        data = []
        while (line := self.lines.readline()) != b".\r\n":
            if not line:
                raise ConnectionError("cut off in DATA")
            data.append(line[1:] if line.startswith(b".") else line)
        return b"".join(data)
