# SPDX-License-Identifier: MIT
"""What a past is to be judged as, written down before it is replayed."""
import dataclasses

import past as pasts

SLACK = 2  # seconds; COF knows no fractions


@dataclasses.dataclass
class Verdict:
    """An incident that is to be found; what is None is not looked at. Times in seconds."""
    domain: str | None
    kind: str
    at_open: str | None = None
    severity: str | None = None
    now: str | None = None  # severity_now
    state: str | None = "closed"
    opened: tuple | None = None  # the earliest and the latest; () is never
    change: float | None = None
    back: float | None = None  # reverted
    hit: set | None = None  # to be re-activated, all of them
    to: str | None = None  # among to_operators
    says: str | None = None  # in a text of the evidence
    needed: bool = True  # False: may be missing

    def _times(self, row):
        at = pasts.epoch(row["opened_at"])
        if self.opened == () and at is not None:
            yield f"opened at {at}, and should not have been"
        if self.opened and not (at is not None and self.opened[0] - SLACK <= at
                                <= self.opened[1] + SLACK):
            yield f"opened at {at}, not within {self.opened}"
        for name, wanted in (("change_at", self.change), ("reverted_at", self.back)):
            at = pasts.epoch(row[name])
            if wanted is not None and (at is None or abs(at - wanted) > SLACK):
                yield f"{name} is {at}, not {wanted}"

    def faults(self, row):
        """What of the row is not as it should be."""
        for name, wanted in (("kind_at_open", self.at_open), ("severity", self.severity),
                             ("severity_now", self.now), ("state", self.state)):
            if wanted is not None and row[name] != wanted:
                yield f"{name} is {row[name]}, not {wanted}"
        yield from self._times(row)
        if self.hit is not None:
            found = {one["recipient"] for one in row["recipient_list"]
                     if one["advice"] == "re-activate"}
            if found != self.hit or row["recipients"] != len(found):
                yield (f"recipients: {row['recipients']}, too many {sorted(found - self.hit)}, "
                       f"missing {sorted(self.hit - found)}")
        if self.to is not None and self.to not in row["to_operators"]:
            yield f"to_operators are {row['to_operators']}, without {self.to}"
        if self.says is not None and not any(
                self.says in proof["text"] for proof in row["evidence"]):
            yield f"the evidence does not say {self.says!r}"


def judge(t, story, past, verdicts):
    """Replays, and states that there is each verdict, as it should be, and nothing else."""
    rows, _ = past.replay("--recipients")
    for verdict in verdicts:
        row = next((row for row in rows
                    if (row["domain"], row["kind"]) == (verdict.domain, verdict.kind)), None)
        name = f"{story}: {verdict.kind}" + (f" of {verdict.domain}" if verdict.domain else "")
        if row is None:
            if verdict.needed:
                t.ok(False, name, "not found")
            continue
        rows.remove(row)
        faults = list(verdict.faults(row))
        row = {key: row[key] for key in row if key != "recipient_list"}
        t.ok(not faults, name, "\n".join(faults + [str(row)]))
    t.ok(not rows, f"{story}: nothing else", "\n".join(
        str({key: row[key] for key in row if key != "recipient_list"}) for row in rows))
