#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`mxvigil backtest` over the day of 29 August 2023, told again with made-up people.

The MX of online.de points at Apple iCloud's servers for 11 h 38 min; these know none of its
users. usage: backtest.py MXVIGIL
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import past as pasts  # noqa: E402
import tap  # noqa: E402

DOMAIN = "online.de"
IONOS = [("mx00.kundenserver.de", "212.227.15.41"), ("mx01.kundenserver.de", "217.72.192.67")]
APPLE = [("mx01.mail.icloud.com", "17.57.152.5"), ("mx02.mail.icloud.com", "17.56.9.31")]
UNKNOWN = "550 Requested action not taken: mailbox unavailable"
FOREIGN = "550 5.1.1 <{}>: user does not exist"
AWAY = 4 * pasts.DAY + 7 * pasts.HOUR
BACK = AWAY + 11 * pasts.HOUR + 38 * 60
END = 6 * pasts.DAY


def mx(hosts):
    return [f"10 {name}" for name, _ in hosts]


def online_de(mxvigil, moved=True):
    """The story, or the same days without the change."""
    past = pasts.Past(mxvigil)
    past.address(IONOS[0][0], IONOS[0][1], ("212.227.0.0/16", 8560))
    past.address(IONOS[1][0], IONOS[1][1], ("217.72.192.0/20", 8560))
    past.address(APPLE[0][0], APPLE[0][1], ("17.0.0.0/8", 714))
    past.address(APPLE[1][0], APPLE[1][1], ("17.0.0.0/8", 714))
    if not moved:
        past.answer(DOMAIN, 0, END, mx(IONOS))
        past.everyday(DOMAIN, 0, END, IONOS, reply=UNKNOWN, unknown_every=97)
        return past
    past.answer(DOMAIN, 0, AWAY, mx(IONOS))
    past.answer(DOMAIN, AWAY, BACK, mx(APPLE))
    past.answer(DOMAIN, BACK, END, mx(IONOS))
    past.everyday(DOMAIN, 0, AWAY, IONOS, reply=UNKNOWN, unknown_every=97)
    # While it is away: 12 people who are there, one who never was, each once an hour or so.
    second = AWAY + 90
    for turn in range(24):
        name = f"person{turn % 12}" if turn != 13 else "nobody96"
        past.bounced(second, f"{name}@{DOMAIN}", *APPLE[turn % 2],
                     FOREIGN.format(f"{name}@{DOMAIN}"))
        second += 1700
    past.everyday(DOMAIN, BACK + 600, END, IONOS, reply=UNKNOWN, unknown_every=97)
    return past


def tell(t, mxvigil):
    found, printed = online_de(mxvigil).replay("--recipients")
    t.ok(len(found) == 1, "the day makes one incident", found)
    row = found[0]
    t.ok(row["kind"] == row["kind_at_open"] == "transient-hijack", "a transient hijack", row)
    t.ok(row["from_operators"] == ["IONOS"] and row["to_operators"] == ["Apple iCloud"],
         "from IONOS to Apple iCloud", row)
    t.ok(pasts.epoch(row["change_at"]) == AWAY, "changed when it was first seen", row)
    t.ok(pasts.epoch(row["opened_at"]) <= AWAY + 90 + 1700, "open after two bounces at most", row)
    t.ok(pasts.epoch(row["first_bounce_at"]) == AWAY + 90, "the first bounce begins its window")
    t.ok(pasts.epoch(row["last_bounce_at"]) == AWAY + 90 + 23 * 1700, "the last one ends it")
    t.ok(pasts.epoch(row["reverted_at"]) == BACK, "reverted when the MX was back", row)
    t.ok(row["state"] == "closed" and row["severity"] == "critical", "critical, and over", row)
    t.ok(row["bounces"] == 24 and row["recipients"] == 12, "24 bounces, 12 to re-activate", row)
    again = {one["recipient"] for one in row["recipient_list"] if one["advice"] == "re-activate"}
    left = {one["recipient"] for one in row["recipient_list"] if one["advice"] == "leave"}
    t.ok(again == {f"person{i}@{DOMAIN}" for i in range(12)}, "all who were there before", again)
    t.ok(left == {f"nobody96@{DOMAIN}"}, "and not the one who was unknown at home too", left)
    names = {proof["name"] for proof in row["evidence"]}
    t.ok({"mx-foreign", "foreign-relay", "foreign-bounces", "returned"} <= names,
         "what speaks for it is said", names)
    t.ok(printed == online_de(mxvigil).replay("--recipients")[1],
         "the same bytes in, the same bytes out")


def main():
    mxvigil = sys.argv[1]
    t = tap.Tap()
    tell(t, mxvigil)
    found, _ = online_de(mxvigil, moved=False).replay()
    t.ok(not found, "the same days without the change make none", found)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
