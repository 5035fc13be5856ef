#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mail waits while the MX is wrong, and goes when it is right again.

Two Postfix hold mail back, one by softening refusals (our socketmap server) and one by keeping
away from the foreign hosts (our file of pcre rules); a third does neither. All resolve through the
Unbound that the monitor's view `mta` asks, so that all have its stale answers. The zone is moved to
a host that knows nobody. What is sent from the suspicion on waits, through the stale tail too, and
arrives after the return; what else is sent flows. Then the monitor is stopped, killed, and its file
left behind: mail that has nothing to do with it flows all the same.
"""
import os
import signal
import time

import daemon
import kumomta
import lab as labs
import mta
import smtp
import world

DOMAIN, OTHER, NEIGHBOUR = "online.example", "other.example", "neighbour.example"
HOME, CLOUD = "mx00.hoster.example", "mx01.cloud.example"
UNKNOWN = "550 5.1.1 <{0}>: user lookup success but no user record found"
TTL = 4
PORT = 10045


def people(mta_name, count=4):
    return [f"{mta_name}{number}@{DOMAIN}" for number in range(count)]


class Town:
    """The domain's own host, a foreign one, and who else has mail at either."""

    def __init__(self, lab):
        lab.own_etc()
        lab.resolv_conf(world.RECURSOR)
        self.place = world.World(lab)
        self.place.add_domain("hoster.example", ["mx00 A 127.0.2.1"])
        self.place.add_domain("cloud.example", ["mx01 A 127.0.3.1"])
        self.place.add_domain(DOMAIN, world.mx((10, HOME)), ttl=TTL)
        self.place.add_domain(OTHER, world.mx((10, HOME)), ttl=TTL)
        self.place.add_domain(NEIGHBOUR, world.mx((10, CLOUD)), ttl=TTL)
        self.home = smtp.Receiver(HOME, "127.0.2.1")
        self.cloud = smtp.Receiver(CLOUD, "127.0.3.1")
        for name in ("soft", "away", "plain", "late"):
            for person in people(name):
                self.cloud.answer(UNKNOWN, recipient=person)
        self.cloud.answer(UNKNOWN, recipient=f"nobody@{NEIGHBOUR}")
        self.place.start()

    def move(self, host):
        return self.place.edit(DOMAIN, world.mx((10, host)), ttl=TTL)[1]

    def has(self, receiver, recipient):
        return smtp.OK in receiver.said_to(recipient)


class Office:
    """Three mail servers and the monitor beside them."""

    def __init__(self, lab):
        self.lab = lab
        self.town = Town(lab)
        self.filter = lab.folder("filter") / "reply.pcre"
        self.filter.write_text("")  # the file, then the setting
        self.soft = mta.Postfix(lab, "soft", address="127.0.0.25", settings={
            "smtp_delivery_status_filter": f"socketmap:inet:127.0.0.1:{PORT}:mxvigil"})
        self.away = mta.Postfix(lab, "away", address="127.0.0.26", settings={
            "smtp_dns_reply_filter": f"pcre:{self.filter}"})
        self.plain = mta.Postfix(lab, "plain", address="127.0.0.27")
        self.mtas = (self.soft, self.away, self.plain)
        for each in self.mtas:
            each.start()
        reload = f"/usr/bin/env LD_LIBRARY_PATH={self.away.environment['LD_LIBRARY_PATH']} " \
                 f"{self.away.program('postfix')} -c {self.away.conf} reload"
        self.kumo = kumomta.Kumo()
        self.kumo.suspend(DOMAIN, "the postmaster's own")
        self.kumo.suspend(OTHER, "mxvigil incident lab-i99: of before a crash")
        self.monitor = daemon.Mxvigil(
            lab, views=world.VIEWS,
            watch=[{"name": "all", "domains": [DOMAIN, OTHER, NEIGHBOUR], "interval": "1s"}],
            deliveries=[{"name": each.name, "format": "postfix", "path": str(each.log),
                         "timezone": "UTC"} for each in self.mtas],
            protect={"postfix-status": f"127.0.0.1:{PORT}", "min-severity": "warning",
                     "postfix-reply-filter": str(self.filter), "reload-command": reload,
                     "kumomta": "http://127.0.0.1:8000/"})
        self.monitor.start()

    def await_both(self, host):
        for view in ("authoritative", "mta"):
            self.monitor.await_view(DOMAIN, view, [(10, host)], seconds=20)

    def await_hold(self):
        labs.until("mail is held back", lambda: "IGNORE" in self.filter.read_text() and
                   self.reload_is_done(), 15)

    def reload_is_done(self):
        row = self.monitor.rows("protect", "--dry-run")[-1]["protect"]["reply_filter"]
        return row["reload"] and row["reload"]["ok"]

    def await_flow(self, t, what):
        """Mail that nothing holds goes as ever, also at the foreign host."""
        for each in (self.soft, self.away):
            for domain, receiver in ((OTHER, self.town.home), (NEIGHBOUR, self.town.cloud)):
                who = f"{what}-{each.name}@{domain}"
                each.send(who)
                labs.until(f"{who} has mail", lambda: self.town.has(receiver, who))
        t.ok(True, f"{what}: mail for others flows, at the foreign host too")

    def incidents(self):
        return [row for row in self.monitor.rows("incidents") if row["domain"] == DOMAIN]


def check_before(t, office):
    office.await_both(HOME)
    for each in office.mtas:
        each.send(*people(each.name))
        each.await_empty()
    t.ok(office.filter.read_text() == "", "nothing is held: the filter is an empty file")
    t.ok((office.filter.stat().st_mode & 0o777) == 0o644, "that everybody may read")
    t.ok(not office.monitor.rows("protect", "--dry-run")[:-1], "and nothing would be held")


def check_held(t, office):
    office.town.move(CLOUD)
    office.await_both(CLOUD)
    office.await_hold()
    t.ok([row["state"] for row in office.incidents()] == ["suspected"],
         "mail is held from the suspicion on, before anything bounced", office.incidents())
    labs.pass_time(TTL)  # other processes ask Unbound, whose copy may be as old as that
    for each in office.mtas:
        each.send(*people(each.name))
    office.plain.await_empty()
    t.ok(office.plain.bounced() >= set(people("plain")),
         "without protection mail bounces", office.plain.bounced())
    for each, words in ((office.soft, "dsn=4.1.1, status=deferred (host mx01.cloud.example"),
                        (office.away, "dsn=4.7.0, status=deferred (Error looking up name=")):
        labs.until(f"{each.name} defers", lambda: each.log.read_text().count(words) >= 4, 20)
        t.ok(each.waiting() == set(people(each.name)), f"{each.name}: all of it waits",
             each.waiting())
    t.ok(not any(office.town.cloud.said_to(person) for person in people("away")),
         "what is kept away never reaches the foreign host")


def check_others(t, office):
    office.await_flow(t, "held")
    office.soft.send(f"nobody@{NEIGHBOUR}")
    labs.until("nobody bounces", lambda: f"nobody@{NEIGHBOUR}" in office.soft.bounced())
    t.ok(True, "a refusal for another domain at the foreign host stands")


def check_shown(t, office):
    rows = labs.until("what is written is what would be", lambda: (
        rows := office.monitor.rows("protect", "--dry-run")) and
        not rows[-1]["protect"]["would_write"] and
        rows[-1]["protect"]["reply_filter"]["reload"]["ok"] and rows)
    row, last = rows[0], rows[-1]["protect"]
    t.ok(row["domain"] == DOMAIN and row["lift_at"] is None and
         [host["host"] for host in row["hosts"]] == [CLOUD], "protect --dry-run tells it", rows)
    t.ok(last["mta_view"] == "mta" and last["reply_filter"]["entries"] == 1,
         "and that Postfix has read the filter", last)
    told = office.monitor.say("protect", "--dry-run")
    t.ok(r"/^online\.example\. \d+ IN MX \d+ mx01\.cloud\.example\.$/ IGNORE" in told,
         "and the rule", told)
    status = office.monitor.rows("status")[0]
    t.ok(status["detector"]["protect"]["softened"] >= 4, "status counts what was softened", status)


def check_suspended(t, office):
    """A third server, that is told by HTTP to suspend the queue."""
    labs.until("KumoMTA is told", lambda: len(office.kumo.of(DOMAIN)) == 2)
    ours = office.kumo.of(DOMAIN)[1]
    row = office.incidents()[0]
    t.ok(row["id"] in ours["reason"] and
         daemon.epoch(ours["expires"]) > time.time() + 11 * 3600,
         "KumoMTA suspends the domain, for the incident and with its expiry", ours)
    t.ok(not office.kumo.of(OTHER), "what an earlier run suspended is lifted",
         office.kumo.suspensions)


def check_lifted(t, office):
    labs.until("KumoMTA goes on", lambda: len(office.kumo.of(DOMAIN)) == 1)
    t.ok(office.kumo.of(DOMAIN)[0]["reason"] == "the postmaster's own",
         "the suspension is lifted, and nobody else's", office.kumo.suspensions)
    t.ok(not office.kumo.faults, "KumoMTA understood all it was asked", office.kumo.faults)


def check_hung(t, office):
    """Stopped in the middle: a good mail may wait to be done with, and has been handed over."""
    office.monitor.process.send_signal(signal.SIGSTOP)
    office.await_flow(t, "hung")
    labs.until("the other way is done with its mail",
               lambda: office.away.waiting() == set(people("away")))
    t.ok(True, "hung: the filter on the disk needs nobody")
    office.monitor.process.send_signal(signal.SIGCONT)
    labs.until("what waited for us is done with", lambda: f"hung-soft@{OTHER}" not in
               office.soft.waiting(), 20)
    t.ok(len([1 for reply in office.town.home.said_to(f"hung-soft@{OTHER}")]) == 1,
         "a good mail is handed over once")


def check_return(t, office):
    back_at = office.town.move(HOME)
    late = {office.soft: people("late")[:2], office.away: people("late")[2:]}
    for each, recipients in late.items():
        each.send(*recipients)  # Unbound still has the foreign set
    office.await_both(HOME)
    returned_at = time.time()
    row = office.monitor.rows("protect", "--dry-run")[0]
    t.ok(row["returned_at"] and row["lift_at"] and daemon.epoch(row["lift_at"]) >=
         daemon.epoch(row["returned_at"]) + TTL, "it is lifted a TTL after the return", row)
    for each, recipients in late.items():
        labs.until(f"{each.name} has sent all that waited", lambda: all(
            smtp.OK in office.town.home.said_to(person)[-1:]
            for person in people(each.name) + recipients), 20)
        each.await_empty()
        t.ok(office.town.home.said_to(people(each.name)[0]) == [smtp.OK] * 2,
             f"{each.name}: what waited has arrived, once",
             office.town.home.said_to(people(each.name)[0]))
    labs.until("the filter is empty", lambda: office.filter.read_text() == "", 20)
    t.ok(time.time() >= returned_at - 1 + TTL, "the rules stayed for the stale tail")
    t.ok(returned_at - back_at < TTL + 5, "the view came back with Unbound's copy")
    mine = {*people("soft"), *people("away"), *people("late")}
    t.ok(not mine & (office.soft.bounced() | office.away.bounced()), "none has bounced",
         office.soft.bounced() | office.away.bounced())


def check_evidence(t, office):
    rows = [row for row in office.monitor.rows("incidents") if row["domain"] != NEIGHBOUR]
    t.ok([row["domain"] for row in rows] == [DOMAIN],
         "holding is taken for nobody's fault", rows)
    t.ok(rows[0]["kind"] == "transient-hijack", "what was refused is", rows)
    t.ok(rows[0]["bounces"] == rows[0]["recipients"] == len(people("plain")),
         "bounces are those that were none of ours", rows)
    listed = set(office.monitor.say("incidents", "recipients", rows[0]["id"]).split())
    t.ok(listed == set(people("plain")), "who bounced is to be re-activated, and nobody else",
         listed)


def check_killed(t, office):
    """Everything is left as it is: the server is gone, the file is not."""
    office.town.move(CLOUD)
    office.await_both(CLOUD)
    office.await_hold()
    labs.pass_time(TTL)
    office.monitor.kill()
    soft, away = people("soft")[0], people("away")[0]
    office.soft.send(soft)
    office.away.send(away)
    labs.until("softening has ended", lambda: soft in office.soft.bounced())
    t.ok(True, "killed: what nobody softens bounces, as if nothing were set")
    office.await_flow(t, "killed")
    t.ok(office.away.waiting() == {away}, "killed: the file that is left keeps mail away",
         office.away.waiting())
    later = daemon.stamp(time.time() + 13 * 3600)
    os.rename(office.monitor.store, f"{office.monitor.store}.gone")
    done = office.monitor.cli("protect", "--prune")
    t.ok(done.returncode == 0 and "IGNORE" in office.filter.read_text(),
         "protect --prune leaves what has not expired", done.stderr)
    done = office.monitor.cli("protect", "--prune", "--now", later)
    t.ok(done.returncode == 0 and office.filter.read_text() == "",
         "and empties the file later, without store and monitor", done.stderr)
    labs.until("the mail goes where the MX says", lambda: away in office.away.bounced())
    t.ok(True, "then mail goes as the DNS says")


def story(lab, t):
    office = Office(lab)
    check_before(t, office)
    check_held(t, office)
    check_others(t, office)
    check_shown(t, office)
    check_suspended(t, office)
    check_hung(t, office)
    check_return(t, office)
    check_lifted(t, office)
    check_evidence(t, office)
    check_killed(t, office)
    for each in office.mtas:
        each.stop()


mta.Postfix.require()
if mta.tree_of(mta.Postfix.PCRE_PACKAGE, mta.Postfix.PCRE) is None:
    labs.tap.skip_all("not unpacked: postfix-pcre")
labs.tell(story, "nsd", "unbound")
