#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pasts in which names are not found, or not found by all, and in which nothing moves away;
each with the verdict that people gave it. usage: stories_unseen.py MXVIGIL
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import past as pasts  # noqa: E402
import tap  # noqa: E402
from past import DAY, HOUR  # noqa: E402
from verdict import Verdict, judge  # noqa: E402

T = 3 * DAY + 5 * HOUR
HOSTER = [("mx1.muster-hosting.de", "192.0.2.11"), ("mx2.muster-hosting.de", "192.0.2.12")]
HOSTER_NETWORK = ("192.0.2.0/24", 64501)
FOREIGN = [("mx.stranger.net", "198.51.100.7")]
FOREIGN_NETWORK = ("198.51.100.0/24", 64502)
UNKNOWN = "550 5.1.1 <{}>: Recipient address rejected: User unknown"
VIEWS = ("own", "mta", "public")


def mx(hosts):
    return [f"10 {name}" for name, _ in hosts]


def usual(past, domain, first, last, every=600, hosts=HOSTER):
    past.traffic(domain, first, last, every, (0.99, past.sending(hosts)),
                 (0.01, past.strangers(hosts, UNKNOWN)))


def blank(mxvigil, views=VIEWS):
    past = pasts.Past(mxvigil, views)
    for host in HOSTER:
        past.address(*host, HOSTER_NETWORK)
    past.address(*FOREIGN[0], FOREIGN_NETWORK)
    return past


def steady(mxvigil, domain, until, views=VIEWS):
    """One domain that stays where it is, and has mail until then."""
    past = blank(mxvigil, views)
    past.answer(domain, 0, until, mx(HOSTER))
    usual(past, domain, 0, until)
    return past


def village(mxvigil, domains=24):
    """Many domains, without mail or answers yet; (past, their names)."""
    return blank(mxvigil), [f"dorf{number}.de" for number in range(domains)]


def resolver_outage(mxvigil):
    """14 July 2025, 27 minutes: our resolver is down. All mail waits or bounces with 4.4.3 and
    5.4.4, and the view that asks the same resolver gets nothing."""
    past, domains = village(mxvigil)
    end = T + 27 * 60

    def lost(second, recipient):
        past.lost(second, recipient, recipient.rpartition("@")[2], final=past.mails % 4 == 0)
    for domain in domains:
        past.answer(domain, 0, T + DAY, mx(HOSTER), ("own", "public"))
        past.answer(domain, 0, T, mx(HOSTER), ("mta",))
        past.failing(domain, T, end, ("mta",))
        past.answer(domain, end, T + DAY, mx(HOSTER), ("mta",))
        usual(past, domain, 0, T, 900)
        past.traffic(domain, T, end, 300, (1, lost))
        usual(past, domain, end, T + DAY, 900)
    return past, [Verdict(None, "self", "self", "warning", opened=(T, T + 600))]


def resolver_outage_in_the_log(mxvigil):
    """The same, where only the mail server's resolver is down, and no view of ours asks it."""
    past, domains = village(mxvigil)
    end = T + 27 * 60
    for domain in domains:
        past.answer(domain, 0, T + DAY, mx(HOSTER))
        usual(past, domain, 0, T, 900)
        past.traffic(domain, T, end, 300, (1, lambda second, recipient: past.lost(
            second, recipient, recipient.rpartition("@")[2])))
        usual(past, domain, end, T + DAY, 900)
    return past, [Verdict(None, "self", "self", "warning", opened=(T, T + 900))]


def one_view_blind(mxvigil):
    """One of our three views gets no answer for three hours."""
    past, domains = village(mxvigil)
    end = T + 3 * HOUR
    for domain in domains:
        past.answer(domain, 0, T + DAY, mx(HOSTER), ("own", "mta"))
        past.answer(domain, 0, T, mx(HOSTER), ("public",))
        past.failing(domain, T, end, ("public",), "SERVFAIL")
        past.answer(domain, end, T + DAY, mx(HOSTER), ("public",))
        usual(past, domain, 0, T + DAY, 1800)
    return past, [Verdict(None, "self", "self", "warning", opened=(T, T + 600), says="public")]


def all_views_blind(mxvigil):
    """Our network is down: no view gets an answer."""
    past, domains = village(mxvigil)
    end = T + 2 * HOUR
    for domain in domains:
        past.answer(domain, 0, T, mx(HOSTER))
        past.failing(domain, T, end)
        past.answer(domain, end, T + DAY, mx(HOSTER))
        usual(past, domain, 0, T, 1800)
        usual(past, domain, end, T + DAY, 1800)
    return past, [Verdict(None, "self", "self", "critical", opened=(T, T + 600))]


def lost_polls(mxvigil):
    """Single polls are lost all the time, in every view."""
    past, domains = village(mxvigil, 12)
    for domain in domains:
        for view in VIEWS:
            at = 0
            while at < T:
                fails = min(at + 60 * past.chance.randrange(60, 300), T)
                past.answer(domain, at, fails, mx(HOSTER), (view,))
                if fails < T:
                    past.failing(domain, fails, fails + 60, (view,))
                at = fails + 60
        usual(past, domain, 0, T, 1800)
    return past, []


def dns_down(mxvigil):
    """The domain's servers are down for two hours; caches run dry one after the other."""
    domain = "dunkel.de"
    past = blank(mxvigil)
    end = T + 2 * HOUR
    for turn, view in enumerate(VIEWS):
        dark = T + turn * 1200
        past.answer(domain, 0, dark, mx(HOSTER), (view,))
        past.failing(domain, dark, end, (view,))
        past.answer(domain, end, T + DAY, mx(HOSTER), (view,))
    usual(past, domain, 0, T + 1200)
    past.traffic(domain, T + 1200, end, 600, (1, lambda second, recipient: past.lost(
        second, recipient, domain)))
    usual(past, domain, end, T + DAY)
    return past, [Verdict(domain, "dns-outage", "dns-outage", "warning", opened=(T, T + 1500),
                          hit=set())]


def typo(mxvigil):
    """A slip in the name of the host: mail finds no way until it is put right."""
    domain = "vertippt.de"
    past = blank(mxvigil)
    end = T + 5 * HOUR
    past.answer(domain, 0, T, mx(HOSTER))
    past.answer(domain, T, end, ["10 mx1.muster-hostnig.de"])
    past.answer(domain, end, T + 2 * DAY, mx(HOSTER))
    usual(past, domain, 0, T)
    past.traffic(domain, T, end, 600, (1, lambda second, recipient: past.lost(
        second, recipient, "mx1.muster-hostnig.de", "A")))
    usual(past, domain, end, T + 2 * DAY)
    return past, [Verdict(domain, "dns-outage", "dns-outage", "warning", opened=(T, T + HOUR),
                          says="mx1.muster-hostnig.de", hit=set()),
                  Verdict(domain, "transient-move", now="info", needed=False)]


def typo_in_one(mxvigil):
    """The same in one of two, at the same operator; the mail server meets it now and then."""
    domain = "halb-vertippt.de"
    past = blank(mxvigil)
    end = T + 5 * HOUR
    past.answer(domain, 0, T, mx(HOSTER))
    past.answer(domain, T, end, ["10 mx1.muster-hosting.de", "10 mx22.muster-hosting.de"])
    past.answer(domain, end, T + 2 * DAY, mx(HOSTER))
    usual(past, domain, 0, T)
    past.traffic(domain, T, end, 300, (1, past.sending(HOSTER[:1])), (1, lambda second, recipient:
                 past.lost(second, recipient, "mx22.muster-hosting.de", "A")))
    usual(past, domain, end, T + 2 * DAY)
    return past, [Verdict(domain, "dns-outage", "dns-outage", "warning", opened=(T, T + 2 * HOUR),
                          says="mx22.muster-hosting.de", hit=set()),
                  Verdict(domain, "rotation", severity="info", needed=False)]


def removed(mxvigil):
    """A provider's MX are all gone from its zone: mail would go to its web server's address,
    which does not take any."""
    domain = "isp-muster.de"
    past = blank(mxvigil)
    end = T + 4 * HOUR
    past.address(domain, "203.0.113.80", ("203.0.113.0/24", 64503))
    past.answer(domain, 0, T, mx(HOSTER))
    past.answer(domain, T, end, [])
    past.answer(domain, end, T + 2 * DAY, mx(HOSTER))
    usual(past, domain, 0, T)
    past.traffic(domain, T, end, 600, (1, lambda second, recipient: past.unreachable(
        second, recipient, domain, "203.0.113.80", "Connection refused")))
    usual(past, domain, end, T + 2 * DAY)
    return past, [Verdict(domain, "transient-move", severity="warning", now="info", change=T,
                          back=end, opened=(T, T), to="isp-muster.de", hit=set())]


def gone(mxvigil):
    """The registry has let the domain go."""
    domain = "geloescht.de"
    past = blank(mxvigil)
    past.answer(domain, 0, T, mx(HOSTER))
    past.answer(domain, T, T + 5 * DAY, [], rcode="NXDOMAIN")
    usual(past, domain, 0, T)
    past.traffic(domain, T, T + 5 * DAY, 3600, (1, lambda second, recipient: past.lost(
        second, recipient, domain, final=True)))
    return past, [Verdict(domain, "expiry", "dns-outage", "warning", opened=(T, T + 600))]


def poisoned(mxvigil, bounces=False):
    """One resolver is told another MX for two hours; the domain's own servers are not."""
    domain = "vergiftet.de"
    past = blank(mxvigil)
    end = T + 2 * HOUR
    past.answer(domain, 0, T + DAY, mx(HOSTER), ("own", "public"))
    past.answer(domain, 0, T, mx(HOSTER), ("mta",))
    past.answer(domain, T, end, mx(FOREIGN), ("mta",))
    past.answer(domain, end, T + DAY, mx(HOSTER), ("mta",))
    usual(past, domain, 0, T)
    if bounces:
        past.traffic(domain, T, end, 600, (1, past.refusing(FOREIGN, UNKNOWN)))
    usual(past, domain, end, T + DAY)
    opened = (T, T + 1800) if bounces else (T + 1200, T + 1800)
    return past, [Verdict(domain, "resolver-poisoning", "resolver-poisoning",
                          "critical" if bounces else "warning", change=T, back=end,
                          opened=opened, hit=past.hit(), to="stranger.net", says="view mta")]


def poisoned_and_hit(mxvigil):
    """The same resolver is our mail server's, and mail bounces."""
    return poisoned(mxvigil, bounces=True)


def late_cache(mxvigil):
    """A domain moves for good; one resolver keeps the old answer for as long as it may."""
    domain = "umgezogen.de"
    past = blank(mxvigil)
    past.answer(domain, 0, T, mx(HOSTER), ("own", "public"))
    past.answer(domain, T, T + 4 * DAY, mx(FOREIGN), ("own", "public"))
    past.answer(domain, 0, T + DAY, mx(HOSTER), ("mta",))
    past.answer(domain, T + DAY, T + 4 * DAY, mx(FOREIGN), ("mta",))
    usual(past, domain, 0, T + DAY)
    usual(past, domain, T + DAY, T + 4 * DAY, hosts=FOREIGN)
    return past, [Verdict(domain, "migration", "migration", now="info", change=T,
                          to="stranger.net", hit=set())]


def renamed(mxvigil):
    """The provider calls its hosts by another name; the network is the old one."""
    domain = "gleich.de"
    hosts = [("in1.muster-post.net", "192.0.2.61"), ("in2.muster-post.net", "192.0.2.62")]
    past = blank(mxvigil)
    for host in hosts:
        past.address(*host, HOSTER_NETWORK)
    past.answer(domain, 0, T, mx(HOSTER))
    past.answer(domain, T, T + 2 * DAY, mx(hosts))
    usual(past, domain, 0, T)
    usual(past, domain, T, T + 2 * DAY, hosts=hosts)
    return past, [Verdict(domain, "rotation", "rotation", "info", opened=(T, T), change=T,
                          hit=set())]


def taking_turns(mxvigil):
    """Two sets of one operator take turns, every quarter of an hour."""
    domain = "abwechselnd.de"
    others = [("mx3.muster-hosting.de", "192.0.2.13"), ("mx4.muster-hosting.de", "192.0.2.14")]
    past = blank(mxvigil)
    for host in others:
        past.address(*host, HOSTER_NETWORK)
    for turn, first in enumerate(range(0, T, 900)):
        past.answer(domain, first, first + 900, mx(others if turn % 2 else HOSTER))
    usual(past, domain, 0, T)
    return past, [Verdict(domain, "rotation", severity="info", hit=set(), needed=False)]


def another_order(mxvigil):
    """The same hosts, named in another order at each poll: nothing has happened."""
    domain = "gewuerfelt.de"
    past = blank(mxvigil)
    for turn, first in enumerate(range(0, T, 600)):
        past.answer(domain, first, first + 600, mx(HOSTER[::-1] if turn % 2 else HOSTER))
    usual(past, domain, 0, T)
    return past, []


def hijack_while_blind(mxvigil):
    """Our views are all blind, and just then a domain is hijacked: mail alone tells. That
    nearly all mail goes to one hoster makes that no smart host of ours."""
    past, domains = village(mxvigil)
    end = T + 2 * HOUR
    for domain in domains:
        past.answer(domain, 0, T, mx(HOSTER))
        past.failing(domain, T, end)
        past.answer(domain, end, T + DAY, mx(HOSTER))
        usual(past, domain, 0, T, 900)
        if domain == domains[0]:
            past.traffic(domain, T + 600, T + 6000, 300, (1, past.refusing(FOREIGN, UNKNOWN)))
            usual(past, domain, T + 6000, T + DAY, 900)
        else:
            usual(past, domain, T, T + DAY, 900)
    return past, [Verdict(None, "self", "self", "critical", opened=(T, T + 600)),
                  Verdict(domains[0], "transient-hijack", "transient-hijack", "critical",
                          opened=(T, past.bounce(3) + 600), hit=past.hit())]


STORIES = (resolver_outage, resolver_outage_in_the_log, one_view_blind, all_views_blind,
           lost_polls, dns_down, typo, typo_in_one, removed, gone, poisoned, poisoned_and_hit,
           late_cache, renamed, taking_turns, another_order, hijack_while_blind)


def main():
    t = tap.Tap()
    for story in STORIES:
        past, verdicts = story(sys.argv[1])
        judge(t, story.__name__.replace("_", " "), past, verdicts)
    past, _ = resolver_outage(sys.argv[1])
    t.ok(past.replay()[1] == past.replay()[1], "the same bytes in, the same bytes out")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
