#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One monitor, many callers: the second daemon, requests while it runs, reloads good and bad."""
import time

import daemon
import lab as labs
import world

HOSTS = ((10, "mx00.ionos.example"),)
DOMAINS = ("online.example", "added.example", "reloaded.example", "named.example")


def watch(*domains):
    return [{"name": "key", "domains": list(domains), "interval": "1s", "tags": ["key"],
             "views": ["authoritative", "mta"]}]


def both_views(monitor, domain):
    for view in ("authoritative", "mta"):
        monitor.await_view(domain, view, HOSTS)


def second_daemon(t, monitor):
    done = monitor.cli("run", "--for", "1s")
    pid = str(monitor.process.pid)
    t.ok(done.returncode == 1 and pid in done.stderr and str(monitor.store) in done.stderr,
         "a second monitor is refused with the pid and the path of the first", done.stderr)
    t.ok(monitor.process.poll() is None, "the first does not mind")


def requests(t, monitor):
    t.ok(not monitor.seen("added.example"), "nobody looks at the domain yet")
    done = monitor.cli("watch", "add", "--tag", "key", "added.example")
    t.ok(done.returncode == 0, "watch add asks the running monitor", done.stderr)
    both_views(monitor, "added.example")
    t.ok(True, "which takes the domain up")
    listed = [row["domain"] for row in monitor.rows("watch", "list")]
    t.ok("added.example" in listed, "watch list shows it", listed)
    t.ok(monitor.cli("watch", "remove", "added.example").returncode == 0, "watch remove")
    labs.until("the gap says that nobody asked to look", lambda: any(
        gap["reason"] == "unwatched"
        for gap in monitor.history("added.example")[1]["mta"]["gaps"]), 15, every=0.2)
    monitor.say("watch", "add", "--tag", "key", "added.example")
    again = time.time()
    labs.until("polls after the gap", lambda: daemon.epoch(
        monitor.history("added.example", "--view", "mta")[0][-1]["last_seen"]) > again + 1,
        20, every=0.2)
    gaps = monitor.history("added.example")[1]["mta"]["gaps"]
    t.ok(len(gaps) == 1 and gaps[0]["reason"] == "unwatched",
         "the time between is a gap with its reason", gaps)
    status = monitor.rows("status")
    t.ok(status, "status answers", status)


def reloads(t, monitor):
    good = monitor.conf.read_text()
    monitor.conf.write_text(good.replace('"interval": "1s"', '"intervall": "1s"'))
    monitor.reload()
    monitor.await_log("mxvigil.yaml:", 10)
    monitor.conf.write_text(good)  # for the look-ups; it is not read again unasked
    polls = monitor.history("online.example", "--view", "mta")[0][-1]["polls"]
    labs.until("polls under the old configuration", lambda: monitor.history(
        "online.example", "--view", "mta")[0][-1]["polls"] > polls + 2, 20, every=0.2)
    t.ok(monitor.process.poll() is None, "a bad file leaves the old configuration in force")
    monitor.write_conf(watch=watch("online.example") + [
        {"name": "file", "domains-file": "none.txt", "interval": "1s", "views": ["mta"]}])
    monitor.reload()
    monitor.await_log("none.txt", 10)
    t.ok(monitor.cli("status").returncode == 0 and monitor.process.poll() is None,
         "so does one whose domains cannot be read", monitor.logged()[-500:])
    secret = monitor.conf.with_name("slack.url")
    secret.write_text("not an address\n")
    secret.chmod(0o600)
    monitor.write_conf(watch=watch("reloaded.example"), channels=[
        {"name": "chat", "type": "slack", "url-file": str(secret)}])
    monitor.reload()
    monitor.await_log("url-file", 10)
    t.ok(not monitor.seen("reloaded.example") and "read again" not in monitor.logged(),
         "and one whose channels cannot be", monitor.logged()[-500:])
    monitor.sections.pop("channels")
    monitor.write_conf(watch=watch("online.example", "reloaded.example"))
    monitor.reload()
    both_views(monitor, "reloaded.example")
    t.ok(True, "a good one is taken up")
    t.ok(len(monitor.history("online.example")[0]) == 2, "and the spans go on through it",
         monitor.history("online.example")[0])


def without_daemon(t, monitor):
    t.ok(monitor.stop() == 0, "SIGTERM ends it with 0")
    done = monitor.cli("watch", "add", "later.example")
    t.ok(done.returncode == 0, "without a monitor, watch add writes by itself", done.stderr)
    listed = [row["domain"] for row in monitor.rows("watch", "list")]
    t.ok("later.example" in listed, "and it is there", listed)
    gaps = labs.until("the silence is longer than patience", lambda: monitor.history(
        "online.example")[1]["mta"]["gaps"], 10, every=0.2)
    t.ok(gaps[-1]["reason"] == "stopped", "since the stop the history is blind", gaps)
    done = monitor.cli("run", "named.example", "--for", "2s")
    t.ok(done.returncode == 0, "run --for ends by itself",
         f"{done.returncode} {done.stderr[-500:]}")
    t.ok(len(monitor.seen("named.example")) == 2, "domains named on the command line are watched",
         monitor.seen("named.example"))
    both_views(monitor, "online.example")


def story(lab, t):
    place = world.World(lab)
    for domain in DOMAINS:
        place.add_domain(domain, world.mx(*HOSTS), ttl=1)
    place.start()
    monitor = daemon.Mxvigil(lab, views=world.VIEWS, watch=watch("online.example"))
    monitor.start()
    both_views(monitor, "online.example")
    second_daemon(t, monitor)
    requests(t, monitor)
    reloads(t, monitor)
    without_daemon(t, monitor)


labs.tell(story, "nsd", "unbound")
