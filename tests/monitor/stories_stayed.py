#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pasts in which the MX stays and mail fares badly, each with the verdict that people gave it.

Real events are told again with made-up people. usage: stories_stayed.py MXVIGIL
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import past as pasts  # noqa: E402
import tap  # noqa: E402
from past import DAY, HOUR  # noqa: E402
from verdict import Verdict, judge  # noqa: E402

T = 5 * DAY
GMAIL = [("gmail-smtp-in.l.google.com", "142.250.102.26"),
         ("alt1.gmail-smtp-in.l.google.com", "142.250.153.27")]
GMAIL_SAYS = ("550-5.1.1 The email account that you tried to reach does not exist. Please try "
              "550-5.1.1 double-checking the recipient's email address for typos or 550-5.1.1 "
              "unnecessary spaces. Learn more at 550 5.1.1  "
              "https://support.google.com/mail/?p=NoSuchUser - gsmtp")
AOL = [("mailin-01.mx.aol.com", "64.12.91.195"), ("mailin-02.mx.aol.com", "64.12.91.196")]
AOL_SAYS = "550 5.1.1 <{}>: Recipient address rejected: aol.com"
COMCAST = [("mx1a1.comcast.net", "96.102.18.147"), ("mx2h1.comcast.net", "96.102.200.7")]
YAHOO = [("mta5.am0.yahoodns.net", "67.195.204.77"), ("mta6.am0.yahoodns.net", "67.195.228.94")]
YAHOO_SAYS = "554 delivery error: dd This user doesn't have a yahoo.com account ({}) [0]"
HOSTER = [("mx1.muster-hosting.de", "192.0.2.11"), ("mx2.muster-hosting.de", "192.0.2.12")]
UNKNOWN = "550 5.1.1 <{}>: Recipient address rejected: User unknown"


def at_home(mxvigil, domain, hosts, until, prefix, network):
    """A past of a domain whose MX never changes."""
    past = pasts.Past(mxvigil)
    for name, address in hosts:
        past.address(name, address, (prefix, network))
    past.answer(domain, 0, until, [f"10 {name}" for name, _ in hosts])
    return past


def usual(past, domain, hosts, first, last, every, reply, people=40):
    past.traffic(domain, first, last, every, (0.985, past.sending(hosts)),
                 (0.015, past.strangers(hosts, reply)), people=people)


def gmail_2020(mxvigil):
    """14 and 15 December 2020: a good part of all users is unknown, twice for some hours."""
    domain = "gmail.com"
    windows = ((T + 22 * HOUR + 960, T + DAY + 38 * 60), (
        T + DAY + 19 * HOUR + 38 * 60, T + DAY + 23 * HOUR + 57 * 60))
    past = at_home(mxvigil, domain, GMAIL, T + 4 * DAY, "142.250.0.0/15", 15169)
    at = 0
    for first, last in windows:
        usual(past, domain, GMAIL, at, first, 60, GMAIL_SAYS, 900)
        past.traffic(domain, first, last, 60, (0.6, past.sending(GMAIL)),
                     (0.3, past.refusing(GMAIL, GMAIL_SAYS)),
                     (0.1, past.putting_off(GMAIL, "421 4.3.0 Temporary System Problem. Try "
                                            "again later (10). - gsmtp", "4.3.0")), people=900)
        at = last
    usual(past, domain, GMAIL, at, T + 4 * DAY, 60, GMAIL_SAYS, 900)
    # Of 900 people some had never got mail before; the two dozen strangers stay out of it.
    verdicts = [Verdict(domain, "receiver-fault", "receiver-fault",
                        "critical" if len(past.hit(first, last)) >= 100 else "warning",
                        opened=(first, past.bounce(6, first)), hit=past.hit(first, last))
                for first, last in windows]
    return past, verdicts + [Verdict(domain, "receiver-outage", severity="info", needed=False)]


def aol_2017(mxvigil):
    """29 March 2017: ninety minutes in which every mail bounces."""
    domain = "aol.com"
    past = at_home(mxvigil, domain, AOL, T + 2 * DAY, "64.12.0.0/16", 1668)
    usual(past, domain, AOL, 0, T, 300, AOL_SAYS)
    past.traffic(domain, T, T + 5400, 300, (1, past.refusing(AOL, AOL_SAYS)))
    usual(past, domain, AOL, T + 5400, T + 2 * DAY, 300, AOL_SAYS)
    return past, [Verdict(domain, "receiver-fault", "receiver-fault", "warning",
                          opened=(T, past.bounce(4)), hit=past.hit())]


def comcast_2024(mxvigil):
    """12 March 2024: "Not our Customer", of customers."""
    domain = "comcast.net"
    says = "550 5.1.1 Not our Customer"
    past = at_home(mxvigil, domain, COMCAST, T + 2 * DAY, "96.96.0.0/12", 7922)
    usual(past, domain, COMCAST, 0, T, 400, says)
    past.traffic(domain, T, T + 7 * HOUR, 400, (1, past.refusing(COMCAST, says)),
                 (1, past.sending(COMCAST)))
    usual(past, domain, COMCAST, T + 7 * HOUR, T + 2 * DAY, 400, says)
    return past, [Verdict(domain, "receiver-fault", "receiver-fault", "warning",
                          opened=(T, past.bounce(8)), hit=past.hit())]


def yahoo_2019(mxvigil):
    """Autumn 2019: waves of a quarter of all mail, without an enhanced code that says it."""
    domain = "yahoo.com"
    past = at_home(mxvigil, domain, YAHOO, T + 2 * DAY, "67.195.0.0/16", 36647)
    usual(past, domain, YAHOO, 0, T, 120, YAHOO_SAYS, 200)
    past.traffic(domain, T, T + 6 * HOUR, 120, (0.75, past.sending(YAHOO)),
                 (0.25, past.refusing(YAHOO, YAHOO_SAYS, "5.0.0")), people=200)
    usual(past, domain, YAHOO, T + 6 * HOUR, T + 2 * DAY, 120, YAHOO_SAYS, 200)
    return past, [Verdict(domain, "receiver-fault", "receiver-fault", "warning",
                          opened=(T, past.bounce(10)), hit=past.hit())]


def given_up(mxvigil):
    """A provider gives up its mailboxes and leaves the MX as it is: told once, not for ever."""
    domain = "zugemacht.de"
    past = at_home(mxvigil, domain, HOSTER, T + 12 * DAY, "192.0.2.0/24", 64501)
    usual(past, domain, HOSTER, 0, T, 600, UNKNOWN)
    past.traffic(domain, T, T + 12 * DAY, 900, (1, past.refusing(HOSTER, UNKNOWN)))
    return past, [Verdict(domain, "receiver-fault", "receiver-fault", "warning",
                          opened=(T, past.bounce(4)))]


def washing_day(mxvigil):
    """Somebody imports an old list and writes to it: addresses that nobody ever had."""
    past = pasts.Past(mxvigil)
    past.address(*HOSTER[0], ("192.0.2.0/24", 64501))
    verdicts = []
    for number in range(6):
        domain = f"liste{number}.de"
        past.answer(domain, 0, T + 2 * DAY, [f"10 {HOSTER[0][0]}"])
        usual(past, domain, HOSTER[:1], 0, T + 2 * DAY, 500, UNKNOWN)
        past.traffic(domain, T, T + 2 * HOUR, 120, (0.7, past.strangers(HOSTER[:1], UNKNOWN)),
                     (0.3, past.sending(HOSTER[:1])))
        verdicts.append(Verdict(domain, "list-quality", "list-quality", "info",
                                opened=(T, T + 3600), hit=set()))
    return past, verdicts


def purge(mxvigil):
    """Four in a hundred old mailboxes are closed, and each is written to once."""
    domain = "aufgeraeumt.de"
    past = at_home(mxvigil, domain, HOSTER, T + 3 * DAY, "192.0.2.0/24", 64501)
    usual(past, domain, HOSTER, 0, T, 100, UNKNOWN, 500)
    past.traffic(domain, T, T + DAY, 100, (0.96, past.sending(HOSTER)),
                 (0.04, past.refusing(HOSTER, UNKNOWN)), people=500)
    usual(past, domain, HOSTER, T + DAY, T + 3 * DAY, 100, UNKNOWN, 500)
    return past, []


def bad_list(mxvigil):
    """One address in ten is wrong, every day: that is what is usual there."""
    domain = "schlechte-liste.de"
    past = at_home(mxvigil, domain, HOSTER, 14 * DAY, "192.0.2.0/24", 64501)
    past.traffic(domain, 0, 14 * DAY, 300, (0.9, past.sending(HOSTER)),
                 (0.1, past.strangers(HOSTER, UNKNOWN)))
    return past, []


def policy_wave(mxvigil):
    """Our address is on a list for a day: refused, but nobody is unknown."""
    domain = "gmx.de"
    past = at_home(mxvigil, domain, HOSTER, T + 2 * DAY, "192.0.2.0/24", 64501)
    usual(past, domain, HOSTER, 0, T, 300, UNKNOWN)
    blocked = ("554-gmx.net (mxgmx015) Nemesis ESMTP Service not available 554-No SMTP service "
               "554-IP address is black listed. 554 For explanation visit "
               "https://www.gmx.net/mail/senderguidelines")

    def refuse(second, recipient):
        past.bounced(second, recipient, *HOSTER[0], blocked, "5.7.1")
    past.traffic(domain, T, T + DAY, 300, (1, refuse))
    usual(past, domain, HOSTER, T + DAY, T + 2 * DAY, 300, UNKNOWN)
    return past, []


def throttled(mxvigil):
    """Yahoo slows us down for five days: a rate limit, no outage."""
    domain = "yahoo.com"
    past = at_home(mxvigil, domain, YAHOO, T + 6 * DAY, "67.195.0.0/16", 36647)
    usual(past, domain, YAHOO, 0, T, 200, YAHOO_SAYS)
    past.traffic(domain, T, T + 5 * DAY, 100, (0.2, past.sending(YAHOO)), (0.8, past.putting_off(
        YAHOO, "421 4.7.0 [TSS04] Messages from 203.0.113.5 temporarily deferred due to "
        "unexpected volume or user complaints - 4.16.55.1; see "
        "https://postmaster.yahooinc.com/error-codes", "4.7.0")))
    usual(past, domain, YAHOO, T + 5 * DAY, T + 6 * DAY, 200, YAHOO_SAYS)
    return past, []


def greylisted(mxvigil):
    """Each mail is put off once, and taken five minutes later, for ever."""
    domain = "graue-liste.de"
    past = at_home(mxvigil, domain, HOSTER, 10 * DAY, "192.0.2.0/24", 64501)
    put_off = past.putting_off(HOSTER, "450 4.2.0 <{}>: Recipient address rejected: Greylisted, "
                               "see http://postgrey.schweikert.ch/help/", "4.2.0")

    def twice(second, recipient):
        put_off(second, recipient)
        past.sent(second + 310, recipient, *HOSTER[0])
    past.traffic(domain, 0, 10 * DAY, 400, (1, twice))
    return past, []


def receiver_down(mxvigil):
    """The receiver's hosts cannot be reached for three days, but for minutes: one outage."""
    domain = "aus.de"
    past = at_home(mxvigil, domain, HOSTER, T + 5 * DAY, "192.0.2.0/24", 64501)
    usual(past, domain, HOSTER, 0, T, 300, UNKNOWN)

    def unreachable(second, recipient):
        past.unreachable(second, recipient, *HOSTER[0])
    for hour in range(0, 72, 6):
        first = T + hour * HOUR
        past.traffic(domain, first, first + 5 * HOUR + 2400, 300, (1, unreachable))
        past.traffic(domain, first + 5 * HOUR + 2400, first + 6 * HOUR, 300,
                     (1, past.sending(HOSTER)))
    usual(past, domain, HOSTER, T + 3 * DAY, T + 5 * DAY, 300, UNKNOWN)
    return past, [Verdict(domain, "receiver-outage", "receiver-outage", "info",
                          opened=(T, T + HOUR), hit=set())]


def first_hours(mxvigil):
    """The monitor was started this morning: twenty domains, some of bad lists, all hosts new."""
    past = pasts.Past(mxvigil)
    for number in range(20):
        domain = f"neu{number}.de"
        host = (f"mx.hoster{number % 5}.net", f"198.51.100.{number % 5 + 1}")
        past.address(*host, (f"198.51.100.{number % 5 + 1}/32", 64510 + number % 5))
        past.answer(domain, 0, 12 * HOUR, [f"10 {host[0]}"])
        past.traffic(domain, 0, 12 * HOUR, 90 + 60 * number, (0.92, past.sending([host])),
                     (0.08, past.strangers([host], UNKNOWN)), people=20 + 20 * number)
    return past, []


def backup_host(mxvigil):
    """A provider's host stands in while the own one is down; it has always been in the MX."""
    domain = "zwei-wege.de"
    first = [("mail.zwei-wege.de", "203.0.113.9")]
    second = [("mx-backup.muster-hosting.de", "192.0.2.19")]
    past = pasts.Past(mxvigil)
    past.address(*first[0], ("203.0.113.0/24", 64520))
    past.address(*second[0], ("192.0.2.0/24", 64501))
    past.answer(domain, 0, T + 2 * DAY, ["10 mail.zwei-wege.de", "20 mx-backup.muster-hosting.de"])
    usual(past, domain, first, 0, T, 600, UNKNOWN)
    past.traffic(domain, T, T + 8 * HOUR, 600, (0.95, past.sending(second)),
                 (0.05, past.strangers(second, UNKNOWN)))
    usual(past, domain, first, T + 8 * HOUR, T + 2 * DAY, 600, UNKNOWN)
    return past, []


STORIES = (gmail_2020, aol_2017, comcast_2024, yahoo_2019, given_up, washing_day, purge, bad_list,
           policy_wave, throttled, greylisted, receiver_down, first_hours, backup_host)


def main():
    t = tap.Tap()
    for story in STORIES:
        past, verdicts = story(sys.argv[1])
        judge(t, story.__name__.replace("_", " "), past, verdicts)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
