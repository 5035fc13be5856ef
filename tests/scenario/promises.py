# SPDX-License-Identifier: MIT
"""What every history promises, whatever happened: checked on the rows that the user gets."""
import daemon

SPAN_KEYS = {"domain", "view", "server", "rrtype", "answer", "mx", "operators", "first_seen",
             "last_seen", "polls", "ttl_min", "ttl_max", "authenticated", "imported"}
COVERAGE_KEYS = {"view", "from", "to", "polls", "polls_exact", "covered_s", "largest_gap_s",
                 "largest_gap_at", "gaps"}
ANSWERS = {"mx", "nodata", "null-mx", "nxdomain"}
REASONS = {"servfail", "refused", "timeout", "network", "malformed", "bogus", "stopped",
           "crashed", "suspended", "clock", "overload", "unwatched"}
MILLISECOND = 0.0011  # two roundings


def shape_faults(row):
    faults = [f"no {key!r}" for key in sorted(SPAN_KEYS - row.keys())]
    if faults:
        return faults
    mx = row["mx"]
    if row["answer"] not in ANSWERS:
        faults.append(f"answer {row['answer']!r}")
    if (row["answer"] == "null-mx") != (mx == [{"preference": 0, "exchange": ""}]):
        faults.append(f"{row['answer']} with {mx}")
    if row["answer"] in ("nodata", "nxdomain") and mx:
        faults.append(f"{row['answer']} with {mx}")
    if row["answer"] == "mx" and not mx:
        faults.append("mx without hosts")
    if any(h["exchange"] != h["exchange"].lower() or h["exchange"].endswith(".") for h in mx):
        faults.append(f"exchange not canonical: {mx}")
    if daemon.epoch(row["first_seen"]) > daemon.epoch(row["last_seen"]) or row["polls"] < 1:
        faults.append(f"{row['first_seen']} to {row['last_seen']}, {row['polls']} polls")
    return faults


def order_faults(rows):
    keys = [(r["first_seen"], r["view"], r["server"] or "") for r in rows]
    return [] if keys == sorted(keys) else ["rows do not ascend by time, view, server"]


def is_covered(start, end, gaps):
    return any(daemon.epoch(gap["from"]) <= start + MILLISECOND
               and daemon.epoch(gap["to"]) >= end - MILLISECOND for gap in gaps)


def hole_faults(rows, coverage, interval):
    """Of one view as a whole: order, no overlap, and holes that are narrow or gaps."""
    faults = []
    for old, new in zip(rows, rows[1:]):
        start, end = daemon.epoch(old["last_seen"]), daemon.epoch(new["first_seen"])
        if end <= start:
            faults.append(f"overlap: {old['last_seen']} and {new['first_seen']}")
        elif end - start > interval + 0.1 + MILLISECOND and not is_covered(
                start, end, coverage["gaps"]):
            faults.append(f"hole of {end - start:.3f} s at {old['last_seen']} without a gap")
        if (old["answer"], daemon.mx_of(old)) == (new["answer"], daemon.mx_of(new)):
            faults.append(f"two spans in a row with the same answer at {new['first_seen']}")
    return faults


def coverage_faults(coverage):
    faults = [f"coverage has no {key!r}" for key in sorted(COVERAGE_KEYS - coverage.keys())]
    if faults:
        return faults
    start, end = daemon.epoch(coverage["from"]), daemon.epoch(coverage["to"])
    blind, last, before = 0.0, start, None
    for gap in coverage["gaps"]:
        a, b = daemon.epoch(gap["from"]), daemon.epoch(gap["to"])
        if gap["reason"] not in REASONS:
            faults.append(f"gap with reason {gap['reason']!r}")
        if not start - MILLISECOND <= a <= b <= end + MILLISECOND or a < last - MILLISECOND:
            faults.append(f"gap {gap} after {before}, or outside the window "
                          f"{coverage['from']} {coverage['to']}")
        if b - a > coverage["largest_gap_s"] + MILLISECOND:
            faults.append(f"gap {gap} longer than largest_gap_s {coverage['largest_gap_s']}")
        blind, last, before = blind + (b - a), b, gap
    if abs(coverage["covered_s"] - (end - start - blind)) > 0.002 * (2 + len(coverage["gaps"])):
        faults.append(f"covered_s {coverage['covered_s']} is not the window less gaps, "
                      f"{end - start - blind:.3f}")
    return faults


def faults(spans, coverages, interval):
    """Everything that is wrong with a history, as lines; [] where it keeps its promises."""
    found = order_faults(spans)
    for row in spans:
        found += [f"{row.get('view')} {row.get('first_seen')}: {f}" for f in shape_faults(row)]
    for view, coverage in coverages.items():
        own = [r for r in spans if r["view"] == view and r["server"] is None]
        found += [f"{view}: {f}" for f in coverage_faults(coverage)]
        found += [f"{view}: {f}" for f in hole_faults(own, coverage, interval)]
    missing = {row["view"] for row in spans} - set(coverages)
    found += [f"view {view} has no coverage row" for view in missing]
    return found


def check(t, monitor, domain, interval, name="the history keeps its promises", words=()):
    spans, coverages = monitor.history(domain, *words)
    found = faults(spans, coverages, interval)
    return t.ok(spans and not found, name, "\n".join(found) or "no spans")
