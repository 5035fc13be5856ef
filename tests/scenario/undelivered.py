#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Alerts that do not arrive at the first attempt: what is lost is nothing, what is doubled is
the same mail twice, and one receiver's trouble is not another's."""
import collections
import email
import pathlib
import sys

import daemon
import lab as labs
import smtp
import world

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "alerts"))
import peer as peers  # noqa: E402

FROM = "mxvigil@sender.example"
SECRET, PASSWORD = "c4nary/T000/address-that-is-a-key", "c4nary-k3y-of-the-signature"
PEOPLE = [f"{name}@receiver.example" for name in ("anna", "berta", "clara")]


def channel(address, name="team", to=PEOPLE, port=25):
    return {"name": name, "type": "email", "smtp": f"smtp://{address}:{port}", "tls": "none",
            "from": FROM, "to": to}


def alerts(monitor, channel="team"):
    """{recipient: row} of a channel's last alert."""
    rows = [row for row in monitor.rows("alerts", "list") if row["channel"] == channel]
    last = max((int(row["alert"].rpartition("-a")[2]) for row in rows if row["alert"]), default=0)
    return {row["recipient"]: row for row in rows if (row["alert"] or "").endswith(f"-a{last}")}


def await_states(monitor, expected, seconds=20, channel="team"):
    return labs.until(
        f"the states are {expected}",
        lambda: (rows := alerts(monitor, channel)) and
        [rows[p]["state"] for p in PEOPLE if p in rows] == expected and
        all(row["attempts"] > 0 for row in rows.values()) and rows, seconds, every=0.1)


def try_channel(lab, monitor, name="team"):
    """Asks for a test, and does not wait for what comes of it."""
    lab.start(daemon.binary(), "-c", monitor.conf, "alerts", "test", name,
              log=monitor.path / "test.log", env=monitor.environment)


def message_id(data):
    return email.message_from_bytes(data)["Message-ID"]


def tell_of_silence_on_the_line(t, monitor):
    """Nobody listens. Later somebody does."""
    done = monitor.cli("alerts", "test", "team")
    t.ok(done.returncode == 1 and "connect" in done.stdout + done.stderr,
         "who tries the channel hears of it", (done.returncode, done.stdout, done.stderr))
    rows = await_states(monitor, ["waiting"] * 3)
    t.ok(all("connect" in row["error"] for row in rows.values()), "nobody listens: all wait",
         rows)
    server = smtp.Receiver("mx.receiver.example", "127.0.0.26")
    monitor.say("alerts", "retry")
    rows = await_states(monitor, ["sent"] * 3)
    t.ok(sorted(mail.recipients for mail in server.mails) == [(p,) for p in PEOPLE],
         "when somebody does, each gets a mail of his own", server.mails)
    t.ok(len({mail.data for mail in server.mails}) == 1, "which is the same for all",
         [message_id(mail.data) for mail in server.mails])
    return server


def tell_of_refusals(lab, t, monitor, server):
    server.answer("451 4.7.1 greylisted", None, recipient=PEOPLE[0])
    server.answer("550 5.1.1 no such user", recipient=PEOPLE[1])
    before = len(server.mails)
    try_channel(lab, monitor)
    rows = await_states(monitor, ["waiting", "refused", "sent"])
    t.ok(rows[PEOPLE[0]]["code"] == 451 and rows[PEOPLE[1]]["code"] == 550 and
         "no such user" in rows[PEOPLE[1]]["error"], "one waits, one is refused, one has it", rows)
    # a greylisted one comes half a minute later, or at once when somebody asks for it
    monitor.say("alerts", "retry")
    rows = labs.until("the greylisted one is sent", lambda: (r := alerts(monitor)) and
                      r[PEOPLE[0]]["state"] == "sent" and r, 20, every=0.1)
    t.ok(rows[PEOPLE[0]]["code"] == 250, "the one that waits is tried again", rows[PEOPLE[0]])
    got = collections.Counter(mail.recipients[0] for mail in server.mails[before:])
    t.ok(got == {PEOPLE[0]: 1, PEOPLE[2]: 1}, "nobody has it twice", got)
    server.answer(None, recipient=PEOPLE[1])


def tell_of_a_cut_answer(lab, t, monitor):
    """The server has the mail and does not say so: the next copy is the same."""
    silent = peers.SmtpPeer({"BODY": peers.HANG})
    sections = {"channels": [channel("127.0.0.1", "team", PEOPLE[:1], silent.port)]}
    monitor.write_conf(**sections)
    monitor.reload()
    monitor.await_log("configuration", 10)
    try_channel(lab, monitor)
    silent.await_hung()
    monitor.kill()
    frank = peers.SmtpPeer()
    monitor.write_conf(channels=[channel("127.0.0.1", "team", PEOPLE[:1], frank.port)])
    monitor.start()
    labs.until("the mail is there", lambda: frank.bodies, 20)
    t.ok(frank.bodies == silent.bodies and len(frank.bodies) == 1,
         "after a kill in the middle the same mail comes again, byte by byte",
         [message_id(body) for body in frank.bodies + silent.bodies])
    labs.until("it is sent", lambda: {row["state"] for row in alerts(monitor).values()} ==
               {"sent"}, 20, every=0.1)
    return frank


def tell_of_a_dead_receiver(lab, t, monitor, dead):
    """A server that does not greet, and another that does."""
    server = peers.SmtpPeer()
    monitor.write_conf(channels=[channel("127.0.0.1", "team", PEOPLE[:1], server.port),
                                 channel("127.0.0.1", "dead", PEOPLE[1:2], dead.port)])
    monitor.reload()
    for _ in range(3):
        try_channel(lab, monitor, "dead")
    dead.await_hung(2)
    try_channel(lab, monitor)
    labs.until("the mail is there", lambda: server.bodies, 5)
    t.ok(len(server.bodies) == 1 and dead.connections == 2,
         "a receiver that hangs is asked twice at once at most, and holds up nobody",
         dead.connections)


def tell_of_secrets(lab, t, monitor):
    """A webhook whose address is its key, and that repeats all it was told in a refusal."""
    hook = peers.HttpPeer(peers.status("403 No", body=f"no {SECRET} for {PASSWORD} here"))
    files = {"url": f"http://127.0.0.1:{hook.port}/{SECRET}", "key": PASSWORD}
    for name, text in files.items():
        (lab.path / name).write_text(text + "\n")
        (lab.path / name).chmod(0o600)
    monitor.write_conf(channels=[
        channel("127.0.0.26"),
        {"name": "hook", "type": "webhook", "url-file": str(lab.path / "url"),
         "secret-file": str(lab.path / "key")}])
    monitor.reload()
    done = labs.until("the hook is there", lambda: "***" in (
        run := monitor.cli("alerts", "test", "hook")).stdout + run.stderr and run, 10)
    said = done.stdout + done.stderr + monitor.say("alerts", "list") + monitor.say("status") + \
        monitor.say("alerts", "list", "--json") + monitor.logged()
    t.ok(hook.requests and "webhook-signature" in hook.requests[0][1] and "403" in said,
         "a webhook is signed, and its refusal told", hook.requests)
    store = b"".join(path.read_bytes() for path in monitor.path.glob("history.db*")
                     if path.is_file())
    t.ok(not any(s in said or s.encode() in store for s in (SECRET, PASSWORD)),
         "neither its address nor its key is shown, logged or stored", said[-3000:])


def story(lab, t):
    place = world.World(lab)
    place.add_domain("d.example", world.mx((10, "mx00.kundenserver.de")))
    place.start()
    dead = peers.SmtpPeer({"GREETING": peers.HANG})
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS, channels=[channel("127.0.0.26")],
        watch=[{"name": "key", "domains": ["d.example"], "interval": "1s", "views": ["mta"]}],
        routes=[{"name": "all", "channels": ["team"]}]).start()
    server = tell_of_silence_on_the_line(t, monitor)
    tell_of_refusals(lab, t, monitor, server)
    tell_of_a_cut_answer(lab, t, monitor)
    tell_of_a_dead_receiver(lab, t, monitor, dead)
    tell_of_secrets(lab, t, monitor)
    t.ok(monitor.stop() == 0, "it ends in peace, whoever still hangs")



labs.tell(story, "nsd", "unbound")
