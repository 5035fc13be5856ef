# SPDX-License-Identifier: MIT
"""KumoMTA's HTTP interface for suspensions, as its documentation has it; strict about requests."""
import datetime
import http.server
import json
import threading
import uuid

PATH = "/api/admin/suspend/v1"
FIELDS = {"campaign", "domain", "duration", "expires", "queue_names", "reason", "tenant"}


class Kumo:
    """Suspensions by id; what was wrong with requests is in `faults`."""

    def __init__(self, address="127.0.0.1", port=8000):
        self.suspensions = {}
        self.faults = []
        self.asked = []
        kumo = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                code, answer = kumo.answer(self.command, self.path, self.headers,
                                           self.rfile.read(length))
                body = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fault(self, text):
        self.faults.append(text)
        return 400, {"error": text}

    def suspend(self, domain, reason, expires="2099-01-01T00:00:00Z"):
        number = str(uuid.uuid4())
        self.suspensions[number] = {"domain": domain, "reason": reason, "expires": expires}
        return number

    def of(self, domain):
        return [each for each in list(self.suspensions.values()) if each["domain"] == domain]

    def answer(self, method, path, headers, body):
        self.asked.append(method)
        if path != PATH:
            return self.fault(f"path {path}")
        if method == "GET":
            return 200, [{"id": number, "domain": each["domain"], "reason": each["reason"],
                          "duration": "1h"} for number, each in self.suspensions.items()]
        if headers.get("Content-Type") != "application/json":
            return self.fault(f"type {headers.get('Content-Type')}")
        given = json.loads(body)
        if method == "DELETE":
            if set(given) != {"id"} or str(uuid.UUID(given["id"])) != given["id"]:
                return self.fault(f"delete {given}")
            return (200 if self.suspensions.pop(given["id"], None) else 404), None
        if not set(given) <= FIELDS or not given.get("reason") or not given.get("domain"):
            return self.fault(f"suspend {given}")
        expires = datetime.datetime.fromisoformat(given["expires"].replace("Z", "+00:00"))
        if expires.tzinfo is None:
            return self.fault(f"expires {given}")
        return 200, {"id": self.suspend(given["domain"], given["reason"], given["expires"])}
