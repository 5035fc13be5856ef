# SPDX-License-Identifier: MIT
"""Servers that answer as the test says: SMTP with STARTTLS and AUTH, and HTTP, byte by byte."""
import socket
import ssl
import threading

HANG = object()  # nothing more is said, and the connection stays open


def serving(certificate=None, key=None):
    """A context of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Peer:
    """Listens on 127.0.0.1; each connection is a thread that runs self.serve."""

    def __init__(self, tls=None):
        self.tls = tls
        self.connections = 0
        self.hung = threading.Semaphore(0)  # released by each that has reached a HANG
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.open.append(connection)
            threading.Thread(target=self.guard, args=(connection,), daemon=True).start()

    def guard(self, connection):
        connection.settimeout(60)
        try:
            if self.serve(connection) is not HANG:
                connection.close()
        except OSError:
            connection.close()

    def hang(self):
        self.hung.release()
        return HANG

    def await_hung(self, count=1):
        for _ in range(count):
            if not self.hung.acquire(timeout=20):
                raise TimeoutError("nobody hangs")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self.listener.close()
        for connection in self.open:
            connection.close()


class SmtpPeer(Peer):
    """`replies` are by verb (also GREETING, BODY); HANG is one. What came is in `commands`, and
    the letters as they were on the wire, dots and all, in `bodies`."""

    def __init__(self, replies=None, offers=("SIZE 10000000", "8BITMIME", "SMTPUTF8"), tls=None,
                 drip=False):
        self.replies = {"GREETING": "220 peer ESMTP", "MAIL": "250 2.1.0 Ok",
                        "RCPT": "250 2.1.5 Ok", "DATA": "354 go ahead",
                        "BODY": "250 2.0.0 Ok: queued as 4711", "QUIT": "221 Bye",
                        "STARTTLS": "220 go ahead", "RSET": "250 Ok", **(replies or {})}
        self.offers = list(offers)
        self.drip = drip
        self.commands = []
        self.bodies = []
        self.encrypted = 0
        self.cut = threading.Semaphore(0)  # released by each letter that ended in the middle
        self.reading = threading.Event()  # cleared: nothing of a letter is read
        self.reading.set()
        super().__init__(tls)

    def say(self, connection, reply):
        data = "".join(f"{line}\r\n" for line in reply.split("\n")).encode(
            "utf-8", "surrogateescape")
        if not self.drip:
            connection.sendall(data)
            return
        for byte in data:  # one a second, or until the other side has had enough
            connection.sendall(bytes([byte]))
            if threading.Event().wait(1):
                return

    def serve(self, connection):
        if self.replies["GREETING"] is HANG:
            return self.hang()
        self.say(connection, self.replies["GREETING"])
        lines = connection.makefile("rb")
        while line := lines.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb = text.split(" ")[0].upper()
            self.commands.append(text)
            reply = self.reply(verb, text)
            if reply is HANG:
                return self.hang()
            self.say(connection, reply)
            if verb == "STARTTLS" and reply.startswith("220"):
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.encrypted += 1
                lines = connection.makefile("rb")
            if verb == "DATA" and reply.startswith("354"):
                reply = self.take(lines)
                if reply is HANG:
                    return self.hang()
                self.say(connection, reply)
            if verb == "QUIT":
                return None
        return None

    def reply(self, verb, text):
        reply = self.replies.get(f"{verb} {text.partition('<')[2].partition('>')[0]}",
                                 self.replies.get(verb))
        if reply is not None:
            return reply
        if verb == "EHLO":
            return "\n".join(["250-peer"] + [f"250-{offer}" for offer in self.offers] +
                             ["250 ENHANCEDSTATUSCODES"])
        return "235 2.7.0 welcome" if verb == "AUTH" else "502 5.5.2 what?"

    def take(self, lines):
        data = b""
        self.reading.wait(30)
        while (line := self.next_line(lines)) != b".\r\n":
            if not line:
                self.cut.release()
                raise ConnectionError("cut off in DATA")
            data += line
        self.bodies.append(data)
        return self.replies["BODY"]

    def next_line(self, lines):
        try:
            return lines.readline()
        except ConnectionError:
            return b""

    def verbs(self):
        return [command.split(" ")[0].upper() for command in self.commands]


class HttpPeer(Peer):
    """Answers each request with `reply`: bytes, HANG, or a callable that is given the
    connection. Requests are kept as (line, headers, body)."""

    def __init__(self, reply=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", tls=None):
        self.reply_with = reply
        self.requests = []
        super().__init__(tls)

    def serve(self, connection):
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True)
        lines = connection.makefile("rb")
        first = lines.readline().decode().strip()
        if not first:
            return None
        headers = {}
        while (line := lines.readline().decode().strip()):
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = lines.read(int(headers.get("content-length", 0)))
        self.requests.append((first, headers, body))
        if self.reply_with is HANG:
            return self.hang()
        if callable(self.reply_with):
            return self.reply_with(connection)
        connection.sendall(self.reply_with)
        return None


def status(line, headers="", body=""):
    return (f"HTTP/1.1 {line}\r\nContent-Length: {len(body)}\r\n{headers}"
            f"Connection: close\r\n\r\n{body}").encode()
