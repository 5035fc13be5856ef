#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""deliver by sendmail and by programs. usage: deliver_program.py COURIER"""
import json
import os
import pathlib
import sys
import tempfile
import time

import courier
from courier import Courier, DONE, LATER, MAIL, REFUSED, is_

import tap  # noqa: E402

PROGRAM = sys.argv[1]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="mxvigil-program-"))


def script(name, text):
    path = FOLDER / name
    path.write_text(text)
    path.chmod(0o755)
    return path


# Says all there is to know of how it was started.
WITNESS = script("witness", f"""#!/usr/bin/python3
import json, os, signal, sys
out = {{"argv": sys.argv[1:], "body": sys.stdin.buffer.read().decode(), "env": dict(os.environ),
        "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd")), "cwd": os.getcwd(),
        "leads": os.getsid(0) == os.getpid() == os.getpgid(0),
        "blocked": [int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "ignored": [int(s) for s in signal.valid_signals()
                    if signal.getsignal(s) == signal.SIG_IGN and s != signal.SIGPIPE
                    and s != signal.SIGXFSZ]}}
open("{FOLDER}/seen.json", "w").write(json.dumps(out))
""")


def command(*words):
    return {"name": "run", "type": courier.EXEC, "command": [str(word) for word in words]}


def run(*words, body="{}", **options):
    with Courier(PROGRAM, command(*words), **options) as sender:
        return sender.post(channel="run", body=body, event="fra1-a1")


def shell(text, **options):
    return run("/bin/sh", "-c", text, **options)


def test_exec(t):
    body = '{"text": "ümlaut \\r\\n ; $(touch x)"}' * 5000
    result = run(WITNESS, "--one", "$(id) `id` ;", "", body=body)
    seen = json.loads((FOLDER / "seen.json").read_text())
    t.ok(is_(result, DONE, 0) and seen["argv"] == ["--one", "$(id) `id` ;", ""],
         "a program gets its arguments as they are", (result, seen["argv"]))
    t.ok(seen["body"] == body, "and the body on its standard input", len(seen["body"]))
    t.ok(set(seen["env"]) <= {"PATH", "LANG", "MXVIGIL_CHANNEL", "MXVIGIL_EVENT", "LC_CTYPE"} and
         seen["env"]["MXVIGIL_EVENT"] == "fra1-a1" and seen["env"]["MXVIGIL_CHANNEL"] == "run",
         "an environment of its own", seen["env"])
    t.ok(seen["fds"][:3] == [0, 1, 2] and len(seen["fds"]) == 4,
         "no descriptor of ours (the fourth is that of its own look)", seen["fds"])
    t.ok(seen["leads"] and seen["cwd"] == "/" and not seen["blocked"] and not seen["ignored"],
         "a session of its own, and signals as usual", seen)


def test_status(t):
    for status, verdict in ((0, DONE), (1, LATER), (64, REFUSED), (65, REFUSED), (67, REFUSED),
                            (68, REFUSED), (69, LATER), (75, LATER), (77, REFUSED),
                            (78, REFUSED), (127, LATER), (255, LATER)):
        result = shell(f"echo first; echo the reason >&2; exit {status}")
        t.ok(is_(result, verdict, status) and result["text"] == f"exit {status}: the reason",
             f"exit {status}", result)
    result = shell("kill -SEGV $$")
    t.ok(is_(result, LATER, 0) and "signal" in result["text"], "a signal: again later", result)
    result = run("/nonexistent/program")
    t.ok(is_(result, LATER) and "No such file" in result["text"],
         "a program that is not there: again later", result)
    result = run(FOLDER)
    t.ok(is_(result, LATER) and "Permission" in result["text"], "nor one that is none", result)


def test_output(t):
    result = shell("yes x | head -c 3000000; printf '\\033[31m%0900d\\n\\n\\n' 7; exit 1")
    t.ok(is_(result, LATER, 1) and result["text"].startswith("exit 1: ?[31m000") and
         len(result["text"]) < 256, "of much output the last line, bounded and clean", result)
    result = shell("exec <&- >&- 2>&-; exec sleep 0.2")
    t.ok(is_(result, DONE), "a program may close what it was given", result)
    began = time.monotonic()
    result = shell("sleep 60 & echo gone")
    t.ok(is_(result, DONE) and time.monotonic() - began < 5,
         "what it leaves behind is not waited for", result)


def test_limit(t):
    began = time.monotonic()
    mark = f"{FOLDER}/group"
    result = shell(f"trap '' TERM INT HUP; (trap '' TERM HUP; sleep 300) & echo $! > {mark}; "
                   "echo stuck; wait", program_ms=1000)
    took = time.monotonic() - began
    child = int(pathlib.Path(mark).read_text())
    t.ok(is_(result, LATER, 0) and result["text"] == "time limit reached: stuck" and took < 5,
         "a program has its time", (took, result))
    end = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < end:
        time.sleep(0.01)
    t.ok(not is_alive(child), "and its whole group ends with it")
    began = time.monotonic()
    with Courier(PROGRAM, command("/bin/sh", "-c", f"echo $$ > {mark}.2; sleep 300")) as sender:
        sender.hand(1, "run")
        while not (FOLDER / "group.2").exists() or not (FOLDER / "group.2").read_text():
            time.sleep(0.01)
        status = sender.close()
    child = int((FOLDER / "group.2").read_text())
    t.ok(status == 0 and time.monotonic() - began < 5 and not is_alive(child),
         "nothing outlives us", status)


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_many(t):
    """A slow program does not hold up a quick one; two at once of each."""
    channels = [{**command("/bin/sh", "-c", "sleep 300"), "name": "slow"},
                {**command("/bin/true"), "name": "run"}]
    with Courier(PROGRAM, *channels) as sender:
        for number in range(5):
            sender.hand(number, "slow")
        results = [sender.post(100 + number, "run") for number in range(50)]
        t.ok(all(is_(result, DONE) for result in results), "quick programs pass a slow one")


def test_sendmail(t):
    channel = {"name": "mail", "type": courier.SENDMAIL, "from": "mxvigil@example.net"}
    body = MAIL + ".\r\n.x\r\n\r\n"
    with Courier(PROGRAM, channel, sendmail=str(WITNESS)) as sender:
        result = sender.mail(recipient="a+b@example.org", body=body)
        seen = json.loads((FOLDER / "seen.json").read_text())
        t.ok(is_(result, DONE) and seen["argv"] ==
             ["-i", "-f", "mxvigil@example.net", "--", "a+b@example.org"],
             "sendmail gets its arguments, and the recipient behind --", (result, seen["argv"]))
        t.ok(seen["body"] == body.replace("\r\n", "\n"),
             "and the mail as a local program writes it", seen["body"])
        for address in ("-oQ/tmp@example.org", "a@b.example\nc@d.example", "root", "-bs",
                        "a@b.example c@d.example", "|/bin/sh@example.org;x", "/etc/passwd"):
            t.ok(sender.hand(9, "mail", address, MAIL) == -22, f"not {address!r}")
    for status, verdict in ((67, REFUSED), (75, LATER)):
        failing = script(f"sendmail{status}",
                         f"#!/bin/sh\necho 'no such user' >&2\nexit {status}\n")
        with Courier(PROGRAM, channel, sendmail=str(failing)) as sender:
            result = sender.mail()
        t.ok(is_(result, verdict, status) and "no such user" in result["text"],
             f"sendmail says {status}", result)


def main():
    t = tap.Tap()
    os.environ["SECRET_OF_THE_DAEMON"] = "x"
    for test in (test_exec, test_status, test_output, test_limit, test_many, test_sendmail):
        test(t)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
