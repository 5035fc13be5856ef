#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A zone edit shows in every view: confirmed, and with edges no wider than the interval."""
import daemon
import lab as labs
import promises
import world

OLD = ((10, "mx00.ionos.example"), (10, "mx01.ionos.example"))
NEW = ((10, "mx01.icloud.example"), (20, "mx02.icloud.example"))
TTL = 3


def check_bracket(t, row, before, after, widest, label):
    """The change lies in the bracket, and the bracket is narrow."""
    low, high = daemon.epoch(row["not_before"]), daemon.epoch(row["at"])
    t.ok(0 < high - low <= widest, f"{label}: bracket no wider than {widest:.1f} s",
         f"{row['not_before']} to {row['at']}")
    t.ok(low <= after + 0.002 and high >= before - 0.002, f"{label}: the edit is inside",
         f"{row['not_before']} {row['at']}, edited {before:.3f} to {after:.3f}")


def move(t, place, monitor, domain, hosts, interval, label):
    """Edits the zone; both views must record exactly one more change each."""
    known = {row["id"] for row in monitor.changes("--domain", domain)}
    before, after = place.edit(domain, world.mx(*hosts))
    for view in ("authoritative", "mta"):
        monitor.await_view(domain, view, hosts)
    fresh = [row for row in monitor.changes("--domain", domain) if row["id"] not in known]
    t.ok(sorted(row["view"] for row in fresh) == ["authoritative", "mta"],
         f"{label}: one change in each view", fresh)
    for row in fresh:
        t.ok(row["confirmed"] and row["confirmed_by"] in ("tcp", "udp", "server")
             and daemon.epoch(row["confirmed_at"]) >= daemon.epoch(row["at"]),
             f"{label}: {row['view']} confirmed it", row)
        t.ok(row["server"] is None and row["rrtype"] == "MX" and not row["imported"]
             and row["kind"] == "replaced", f"{label}: {row['view']} names what it is", row)
        late = TTL + 1 if row["view"] == "mta" else 0
        check_bracket(t, row, before, after + late, interval + 0.1, f"{label}, {row['view']}")


def follow(lab, t, interval):
    domain = f"online{interval}.example"
    label = f"{interval} s"
    place = lab.place
    monitor = daemon.Mxvigil(lab, f"watch{interval}", views=world.VIEWS, watch=[
        {"name": "key", "domains": [domain], "interval": f"{interval}s",
         "views": ["authoritative", "mta"]}])
    monitor.start()
    for view in ("authoritative", "mta"):
        monitor.await_view(domain, view, OLD)
    move(t, place, monitor, domain, NEW, interval, f"{label}, there")
    move(t, place, monitor, domain, OLD, interval, f"{label}, and back")
    t.ok(monitor.stop() == 0, f"{label}: the monitor ends in peace")
    spans = monitor.history(domain, "--view", "authoritative")[0]
    t.ok([daemon.mx_of(row) for row in spans] == [sorted(OLD), sorted(NEW), sorted(OLD)],
         f"{label}: the history is old, new, old", spans)
    promises.check(t, monitor, domain, interval, f"{label}: the history keeps its promises")


def story(lab, t):
    lab.place = world.World(lab)
    for interval in (1, 2):
        lab.place.add_domain(f"online{interval}.example", world.mx(*OLD), ttl=TTL)
    lab.place.start()
    for interval in (1, 2):
        follow(lab, t, interval)


labs.tell(story, "nsd", "unbound")
