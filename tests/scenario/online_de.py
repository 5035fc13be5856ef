#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The day of online.de with real programs.

NSD changes the zone; Postfix delivers through Unbound to two receivers, of which the foreign one
knows nobody; the monitor polls both views and follows Postfix's log. The incident opens within
two bounces, is reverted when the zone is, and lists exactly who bounced because of it.
"""
import json

import daemon
import lab as labs
import mta
import smtp
import world

DOMAIN, OTHER = "online.example", "other.example"
HOME, CLOUD = "mx00.hoster.example", "mx01.cloud.example"
UNKNOWN = "550 5.1.1 <{0}>: user does not exist"
KNOWN = [f"person{number}@{DOMAIN}" for number in range(8)]
NOBODY = f"nobody@{DOMAIN}"
TTL = 2  # seconds: Unbound and Postfix follow the zone soon


class Town:
    """Two receivers, the domain between them, and another that stays where it is."""

    def __init__(self, lab):
        lab.own_etc()
        lab.resolv_conf(world.RECURSOR)
        self.place = world.World(lab)
        self.place.add_domain("hoster.example", ["mx00 A 127.0.2.1"])
        self.place.add_domain("cloud.example", ["mx01 A 127.0.3.1"])
        self.place.add_domain(DOMAIN, world.mx((10, HOME)), ttl=TTL)
        self.place.add_domain(OTHER, world.mx((10, HOME)), ttl=TTL)
        self.home = smtp.Receiver(HOME, "127.0.2.1")
        self.home.answer(UNKNOWN, recipient=NOBODY)
        self.cloud = smtp.Receiver(CLOUD, "127.0.3.1")
        self.cloud.answer(UNKNOWN)
        self.place.start()

    def move(self, host):
        return self.place.edit(DOMAIN, world.mx((10, host)), ttl=TTL)


def incidents(monitor):
    return [row for row in monitor.rows("incidents") if row["domain"] == DOMAIN]


def await_state(monitor, state, seconds=20):
    labs.until(f"the incident is {state}",
               lambda: [row["state"] for row in incidents(monitor)] == [state], seconds, every=0.1)
    return incidents(monitor)[0]


def await_both(monitor, host):
    for view in ("authoritative", "mta"):
        monitor.await_view(DOMAIN, view, [(10, host)], seconds=20)


def check_open(t, monitor, town, row):
    bounces = sorted(attempt.at for attempt in town.cloud.attempts)
    t.ok(row["kind"] == row["kind_at_open"] == "transient-hijack", "a transient hijack", row)
    t.ok(daemon.epoch(row["opened_at"]) <= bounces[1] + 1.0,
         "it opened with the second bounce at the latest", (row, bounces))
    t.ok(row["to_operators"] == ["cloud.example"] and row["from_operators"] == ["hoster.example"],
         "from the hoster to the cloud", row)
    t.ok(monitor.cli("check", DOMAIN).returncode in (1, 2), "check gives the alarm",
         monitor.cli("check", DOMAIN).stdout)
    t.ok(monitor.cli("check", OTHER).returncode == 0, "for this domain alone",
         monitor.cli("check", OTHER).stdout)


def check_end(t, monitor, row):
    t.ok(row["bounces"] == len(KNOWN) + 1 and row["recipients"] == len(KNOWN),
         "all bounces are counted, and whom they hit", row)
    listed = monitor.say("incidents", "recipients", row["id"]).split()
    t.ok(sorted(listed) == sorted(KNOWN), "exactly those are listed who bounced because of it",
         listed)
    everybody = [json.loads(line) for line in monitor.say(
        "incidents", "recipients", row["id"], "--all", "--json").splitlines()]
    t.ok({one["recipient"]: one["advice"] for one in everybody} ==
         {**{who: "re-activate" for who in KNOWN}, NOBODY: "leave"},
         "and one is left who was unknown before", everybody)
    told = monitor.say("incidents", "show", row["id"])
    t.ok(CLOUD in told and "WHAT TO DO AFTER" in told, "its story can be told", told)


def story(lab, t):
    town = Town(lab)
    postfix = mta.Postfix(lab).start()
    monitor = daemon.Mxvigil(
        lab, views=world.VIEWS,
        watch=[{"name": "all", "domains": [DOMAIN, OTHER], "interval": "1s"}],
        deliveries=[{"name": "postfix", "format": "postfix", "path": str(postfix.log),
                     "timezone": "UTC"}])
    monitor.start()
    await_both(monitor, HOME)
    postfix.send(*KNOWN, NOBODY, f"anne@{OTHER}")
    postfix.await_empty()
    town.move(CLOUD)
    await_both(monitor, CLOUD)
    await_state(monitor, "suspected")
    t.ok(True, "the move is a suspicion before anything bounces")
    labs.pass_time(TTL)  # Postfix asks Unbound, whose copy may be as old as that
    for recipient in KNOWN[:2]:
        postfix.send(recipient)
    postfix.await_empty()
    row = await_state(monitor, "open")
    check_open(t, monitor, town, row)
    postfix.send(*KNOWN[2:], NOBODY)
    postfix.send(f"bert@{OTHER}")
    postfix.await_empty()
    town.move(HOME)
    await_both(monitor, HOME)
    row = await_state(monitor, "reverted")
    t.ok(row["reverted_at"] is not None, "the incident is reverted when the zone is", row)
    labs.pass_time(TTL)
    postfix.send(*KNOWN)
    postfix.await_empty()
    labs.until("the log is read to its end",
               lambda: incidents(monitor)[0]["deliveries"] >= len(KNOWN), every=0.1)
    check_end(t, monitor, incidents(monitor)[0])
    t.ok(len(monitor.rows("incidents")) == 1, "nothing else happened", monitor.rows("incidents"))
    t.ok(monitor.stop() == 0, "the monitor ends in peace")
    postfix.stop()


mta.Postfix.require()
labs.tell(story, "nsd", "unbound")
