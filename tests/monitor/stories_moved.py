#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Pasts in which the MX goes elsewhere, each with the verdict that people gave it.

Real events are told again with made-up people. usage: stories_moved.py MXVIGIL
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import past as pasts  # noqa: E402
import tap  # noqa: E402
from past import DAY, HOUR  # noqa: E402
from verdict import Verdict, judge  # noqa: E402

T = 4 * DAY + 9 * HOUR  # when it happens
OWN = [("mx1.muster-hosting.de", "192.0.2.11"), ("mx2.muster-hosting.de", "192.0.2.12")]
OWN_NETWORK = ("192.0.2.0/24", 64501)
FOREIGN = [("mx.stranger.net", "198.51.100.7")]
FOREIGN_NETWORK = ("198.51.100.0/24", 64502)
UNKNOWN = "550 5.1.1 <{}>: Recipient address rejected: User unknown"


def mx(hosts, preference=10):
    return [f"{preference} {name}" for name, _ in hosts]


def places(past, *groups):
    for hosts, network in groups:
        for name, address in hosts:
            past.address(name, address, network)


def at_home(mxvigil, domain, until=T, every=600, views=("own", "mta")):
    """A domain at its own hosts, with a stray unknown address now and then."""
    past = pasts.Past(mxvigil, views)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    past.answer(domain, 0, until, mx(OWN))
    usual(past, domain, 0, until, every)
    return past


def usual(past, domain, first, last, every=600):
    past.traffic(domain, first, last, every, (0.99, past.sending(OWN)),
                 (0.01, past.strangers(OWN, UNKNOWN)))


def hotmail_2017(mxvigil):
    """1 September 2017: the new hosts are right, and the old ones refuse what long caches still
    send them. Old and new are of one operator."""
    domain = "hotmail.co.uk"
    old = [("mx1.hotmail.com", "65.55.37.72"), ("mx2.hotmail.com", "65.55.33.135")]
    new = [("hotmail-co-uk.olc.protection.outlook.com", "104.47.9.33")]
    past = pasts.Past(mxvigil)
    places(past, (old, ("65.52.0.0/14", 8075)), (new, ("104.40.0.0/13", 8075)))
    past.answer(domain, 0, T, mx(old))
    past.answer(domain, T, T + 4 * DAY, mx(new))
    past.traffic(domain, 0, T, 300, (1, past.sending(old)))
    past.traffic(domain, T, T + 6 * HOUR, 300, (2, past.refusing(
        old, "550 5.5.0 Requested action not taken: mailbox unavailable", "5.5.0")),
        (1, past.sending(new)))
    past.traffic(domain, T + 6 * HOUR, T + 4 * DAY, 300, (1, past.sending(new)))
    return past, [
        Verdict(domain, "migration-fallout", "migration-fallout", "warning", change=T,
                opened=(T, past.bounce(5)), hit=past.hit(), says="no longer in the MX"),
        Verdict(domain, "rotation", severity="info", needed=False)]


def partial(mxvigil):
    """One of two hosts is a stranger's for five hours."""
    domain = "halb.de"
    past = at_home(mxvigil, domain)
    back = T + 5 * HOUR
    past.answer(domain, T, back, mx(OWN[:1] + FOREIGN))
    past.answer(domain, back, T + 2 * DAY, mx(OWN))
    past.traffic(domain, T, back, 300, (1, past.sending(OWN[:1])),
                 (1, past.refusing(FOREIGN, UNKNOWN)))
    usual(past, domain, back, T + 2 * DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical", change=T,
                          back=back, opened=(T, past.bounce(2)), hit=past.hit(),
                          to="stranger.net")]


def relay_denied(mxvigil):
    """The stranger does not serve the domain and says so, to everybody."""
    domain = "verwaist.de"
    past = at_home(mxvigil, domain)
    back = T + 7 * HOUR
    past.answer(domain, T, back, mx(FOREIGN))
    past.answer(domain, back, T + 2 * DAY, mx(OWN))
    past.traffic(domain, T + 300, back, 600, (1, past.refusing(
        FOREIGN, "554 5.7.1 <{}>: Relay access denied", "5.7.1")))
    usual(past, domain, back, T + 2 * DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical", change=T,
                          back=back, opened=(T, past.bounce(2)), hit=past.hit(),
                          to="stranger.net")]


def past_the_gateway(mxvigil):
    """An edited MX goes past the filter, to a host that takes mail from the filter alone."""
    domain = "pfarrei-muster.co.uk"
    gate = [("eu-smtp-inbound-1.mimecast.com", "195.130.217.221")]
    behind = [("pfarreimuster-co-uk.mail.protection.outlook.com", "104.47.20.36")]
    past = pasts.Past(mxvigil)
    places(past, (gate, ("195.130.217.0/24", 42427)), (behind, ("104.40.0.0/13", 8075)))
    back = T + 30 * HOUR
    past.answer(domain, 0, T, mx(gate))
    past.answer(domain, T, back, mx(behind))
    past.answer(domain, back, T + 3 * DAY, mx(gate))
    past.traffic(domain, 0, T, 900, (1, past.sending(gate)))
    past.traffic(domain, T, back, 900, (1, past.refusing(
        behind, "550 5.7.1 Not authorised for direct delivery", "5.7.1")))
    past.traffic(domain, back, T + 3 * DAY, 900, (1, past.sending(gate)))
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical", change=T,
                          back=back, opened=(T, past.bounce(3)), hit=past.hit(),
                          to="Microsoft 365")]


def silent_at_first(mxvigil):
    """Twenty minutes after the move, with nothing but silence: it is told already."""
    domain = "still.de"
    past = at_home(mxvigil, domain)
    past.answer(domain, T, T + 1200, mx(FOREIGN))
    return past, [Verdict(domain, "transient-move", severity="warning", now="warning",
                          state="suspected", opened=(T, T), change=T, to="stranger.net",
                          says="the MX is at")]


def silent_accepts(mxvigil):
    """The stranger takes every mail, for nine hours. No bounce will ever tell."""
    domain = "still.de"
    past = at_home(mxvigil, domain)
    back = T + 9 * HOUR
    past.answer(domain, T, back, mx(FOREIGN))
    past.answer(domain, back, T + 3 * DAY, mx(OWN))
    past.traffic(domain, T, back, 600, (1, past.sending(FOREIGN)))
    usual(past, domain, back, T + 3 * DAY)
    return past, [Verdict(domain, "transient-move", severity="warning", now="info", change=T,
                          back=back, hit=set())]


def silent_defers(mxvigil):
    """The stranger puts everything off, for six hours."""
    domain = "warten.de"
    past = at_home(mxvigil, domain)
    back = T + 6 * HOUR
    past.answer(domain, T, back, mx(FOREIGN))
    past.answer(domain, back, T + 2 * DAY, mx(OWN))
    past.traffic(domain, T, back, 600, (1, past.putting_off(
        FOREIGN, "450 4.7.1 <{}>: Recipient address rejected: try again later")))
    usual(past, domain, back, T + 2 * DAY)
    return past, [Verdict(domain, "transient-move", severity="warning", now="info", change=T,
                          back=back, opened=(T, T), hit=set())]


def gateway_in_front(mxvigil):
    """A filter is put in front; it takes all mail, and it stays."""
    domain = "firma-muster.com"
    gate = [("us-smtp-inbound-1.mimecast.com", "205.139.110.221"),
            ("us-smtp-inbound-2.mimecast.com", "207.211.30.221")]
    past = at_home(mxvigil, domain)
    places(past, (gate[:1], ("205.139.110.0/24", 30031)), (gate[1:], ("207.211.30.0/24", 30031)))
    past.answer(domain, T, T + 5 * DAY, mx(gate))
    # Caches send to the old hosts for an hour, which go on taking mail.
    past.traffic(domain, T, T + HOUR, 600, (1, past.sending(gate)), (1, past.sending(OWN)))
    past.traffic(domain, T + HOUR, T + 5 * DAY, 600, (0.99, past.sending(gate)),
                 (0.01, past.strangers(gate, UNKNOWN)))
    return past, [Verdict(domain, "migration", "migration", now="info", change=T,
                          opened=(T + HOUR, T + 4 * HOUR), hit=set(), to="Mimecast")]


def roll_back(mxvigil):
    """Moved, accepted there, and moved back after four hours, for no reason that is told."""
    domain = "zurueck.de"
    google = [("aspmx.l.google.com", "142.250.102.26")]
    past = at_home(mxvigil, domain)
    places(past, (google, ("142.250.0.0/15", 15169)))
    back = T + 4 * HOUR
    past.answer(domain, T, back, mx(google))
    past.answer(domain, back, T + 3 * DAY, mx(OWN))
    past.traffic(domain, T, back, 300, (1, past.sending(google)))
    usual(past, domain, back, T + 3 * DAY)
    return past, [Verdict(domain, "transient-move", "migration", now="info", change=T, back=back,
                          hit=set(), to="Google")]


def cox_2024(mxvigil):
    """The service is given up: the MX moves for good, and two in three users do not."""
    domain = "cox.net"
    old = [("cxr.mx.a.cloudfilter.net", "35.162.106.154")]
    new = [("mta6.am0.yahoodns.net", "67.195.228.94")]
    past = pasts.Past(mxvigil)
    places(past, (old, ("35.160.0.0/13", 16509)), (new, ("67.195.0.0/16", 36647)))
    end = T + 9 * DAY
    past.answer(domain, 0, T, mx(old))
    past.answer(domain, T, end, mx(new))
    past.traffic(domain, 0, T, 600, (1, past.sending(old)))
    gone = past.refusing(new, "550 5.1.1 <{}>: User does not exist")
    stay = past.sending(new)
    past.traffic(domain, T, end, 600, (1, lambda second, recipient: (
        stay if int(recipient[6:8].rstrip("@")) % 3 == 0 else gone)(second, recipient)))
    return past, [Verdict(domain, "migration-fallout", change=T, opened=(T, past.bounce(4)),
                          to="Yahoo", says="accepted by the new hosts")]


def flapping(mxvigil):
    """A, B, A, B: every twenty minutes, and who is sent to B bounces."""
    domain = "flatter.de"
    past = at_home(mxvigil, domain)
    for turn in range(6):
        away, home = T + turn * 2400, T + turn * 2400 + 1200
        past.answer(domain, away, home, mx(FOREIGN))
        past.answer(domain, home, home + 1200, mx(OWN))
        past.traffic(domain, away, home, 200, (1, past.refusing(FOREIGN, UNKNOWN)))
        usual(past, domain, home, home + 1200, 200)
    last = T + 6 * 2400
    past.answer(domain, last, T + 2 * DAY, mx(OWN))
    usual(past, domain, last, T + 2 * DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical", change=T,
                          back=last - 1200, opened=(T, past.bounce(2)), hit=past.hit())]


def flapping_in_silence(mxvigil):
    """The same without any mail in that time."""
    domain = "flatter.de"
    past = at_home(mxvigil, domain)
    for turn in range(6):
        away = T + turn * 2400
        past.answer(domain, away, away + 1200, mx(FOREIGN))
        past.answer(domain, away + 1200, away + 2400, mx(OWN))
    past.answer(domain, T + 6 * 2400, T + 2 * DAY, mx(OWN))
    usual(past, domain, T + 6 * 2400, T + 2 * DAY)
    return past, [Verdict(domain, "transient-move", severity="warning", now="info", change=T,
                          opened=(T, T), hit=set())]


def unwatched(mxvigil):
    """Nobody looks at the domain's DNS; the mail's own relays are all there is. By the budget of
    false alarms, a third bounce is wanted."""
    domain = "unbeobachtet.de"
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    past.answer("anders.de", 0, T + DAY, mx(OWN))
    back = T + 6 * HOUR
    usual(past, domain, 0, T)
    past.traffic(domain, T, back, 600, (1, past.refusing(FOREIGN, UNKNOWN)))
    usual(past, domain, back, T + DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical",
                          opened=(T, past.bounce(3)), hit=past.hit(), to="stranger.net")]


def parked(mxvigil):
    """The registrar parks the domain; two days later somebody has paid."""
    domain = "vergessen.de"
    parking = [("mx1.sedoparking.com", "91.195.240.8")]
    past = at_home(mxvigil, domain)
    places(past, (parking, ("91.195.240.0/23", 47846)))
    back = T + 2 * DAY
    past.answer(domain, T, back, mx(parking))
    past.answer(domain, back, T + 5 * DAY, mx(OWN))
    past.traffic(domain, T, back, 1200, (1, past.refusing(parking, UNKNOWN)))
    usual(past, domain, back, T + 5 * DAY)
    return past, [Verdict(domain, "expiry", "expiry", "warning", change=T, back=back,
                          opened=(T, T + HOUR), to="Sedo")]


def null_mx(mxvigil):
    """The domain says that it takes no mail, and means it."""
    domain = "keine-post.de"
    past = at_home(mxvigil, domain)
    past.answer(domain, T, T + 3 * DAY, ["0 ."])
    for turn in range(60):
        past.no_mail(T + 600 + turn * HOUR, f"person{turn % 40}@{domain}")
    return past, [Verdict(domain, "null-mx", "null-mx", "info", change=T,
                          opened=(T, T + 300), hit=set())]


SMART = [("smart.absender.example", "203.0.113.200")]


def behind_smart_host(mxvigil):
    """Thirty domains; everything leaves by one smart host, so that relays tell nothing."""
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    for number in range(1, 30):
        past.answer(f"kunde{number}.de", 0, T + DAY, mx(OWN))
        past.traffic(f"kunde{number}.de", 0, T + DAY, 1800, (1, past.sending(SMART)))
    return past


def smart_host(mxvigil):
    """A domain's MX moves and its people bounce; the smart host is the one that says so."""
    past = behind_smart_host(mxvigil)
    domain, back = "kunde0.de", T + 6 * HOUR
    nested = ("550 5.1.1 <{0}>: host mx.stranger.net[198.51.100.7] said: 550 5.1.1 <{0}>: "
              "Recipient address rejected: User unknown")
    past.answer(domain, 0, T, mx(OWN))
    past.answer(domain, T, back, mx(FOREIGN))
    past.answer(domain, back, T + DAY, mx(OWN))
    past.traffic(domain, 0, T, 600, (1, past.sending(SMART)))
    past.traffic(domain, T, back, 600, (1, past.refusing(SMART, nested)))
    past.traffic(domain, back, T + DAY, 600, (1, past.sending(SMART)))
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical", change=T,
                          back=back, opened=(T, past.bounce(6)), hit=past.hit(),
                          to="stranger.net")]


def smart_host_migration(mxvigil):
    """A domain's MX moves, and nothing is heard of it: all mail is taken."""
    past = behind_smart_host(mxvigil)
    domain = "kunde0.de"
    past.answer(domain, 0, T, mx(OWN))
    past.answer(domain, T, T + 2 * DAY, mx(FOREIGN))
    past.traffic(domain, 0, T + 2 * DAY, 600, (1, past.sending(SMART)))
    return past, [Verdict(domain, "migration", "migration", now="info", change=T, state=None,
                          opened=(T + HOUR, T + 4 * HOUR), hit=set(), to="stranger.net")]


def to_the_backup(mxvigil):
    """The MX names the backup's host alone for six hours, and that knows nobody."""
    domain = "notnagel.de"
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    back, home = T + 6 * HOUR, mx(OWN) + mx(FOREIGN, 90)
    past.answer(domain, 0, T, home)
    past.answer(domain, T, back, mx(FOREIGN))
    past.answer(domain, back, T + 2 * DAY, home)
    usual(past, domain, 0, T)
    past.traffic(domain, T, back, 600, (1, past.refusing(FOREIGN, UNKNOWN)))
    usual(past, domain, back, T + 2 * DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical", change=T,
                          back=back, opened=(T, past.bounce(2)), hit=past.hit(),
                          to="stranger.net")]


def siblings(mxvigil):
    """Five domains of one hoster are sent to a host that serves none of them."""
    domains = [f"bruder{number}.de" for number in range(5)]
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    back, verdicts = T + 6 * HOUR, []
    for domain in domains:
        past.answer(domain, 0, T, mx(OWN))
        past.answer(domain, T, back, mx(FOREIGN))
        past.answer(domain, back, T + 2 * DAY, mx(OWN))
        usual(past, domain, 0, T, 1800)
        mark = len(past.refusals)
        past.traffic(domain, T, back, 1800, (1, past.refusing(
            FOREIGN, "554 5.7.1 <{}>: Relay access denied", "5.7.1")))
        own = past.refusals[mark:]
        usual(past, domain, back, T + 2 * DAY, 1800)
        verdicts.append(Verdict(
            domain, "transient-hijack", "transient-hijack", "critical", change=T, back=back,
            opened=(T, own[1][0]), hit={recipient for _, recipient in own}))
    return past, verdicts


def between_polls(mxvigil):
    """The MX is away for eight minutes, which no view happens to see; caches hold it for an
    hour. The views are heard once more before it is said."""
    domain = "kurz.de"
    past = at_home(mxvigil, domain, T + 2 * DAY)
    past.lines = [line for line in past.lines if line[0] < T]
    past.traffic(domain, T, T + HOUR, 240, (1, past.refusing(FOREIGN, UNKNOWN)))
    usual(past, domain, T + HOUR, T + 2 * DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical",
                          opened=(T, past.bounce(3) + pasts.POLL), hit=past.hit(),
                          to="stranger.net")]


def twice(mxvigil):
    """It happens, is put right, and happens again two days later: two incidents."""
    domain = "zweimal.de"
    past = at_home(mxvigil, domain)
    verdicts, last = [], T
    for first in (T, T + 2 * DAY):
        back = first + 3 * HOUR
        if first > last:
            past.answer(domain, last, first, mx(OWN))
            usual(past, domain, last, first)
        past.answer(domain, first, back, mx(FOREIGN))
        past.traffic(domain, first, back, 400, (1, past.refusing(FOREIGN, UNKNOWN)))
        verdicts.append(Verdict(
            domain, "transient-hijack", "transient-hijack", "critical", change=first, back=back,
            opened=(first, past.bounce(2, first)), hit=past.hit(first, back)))
        last = back
    past.answer(domain, last, last + DAY, mx(OWN))
    usual(past, domain, last, last + DAY)
    return past, verdicts


def few_left_behind(mxvigil):
    """A migration in which two mailboxes of forty were forgotten: they bounce from then on."""
    domain = "fast-alle.de"
    google = [("aspmx.l.google.com", "142.250.102.26")]
    past = at_home(mxvigil, domain)
    places(past, (google, ("142.250.0.0/15", 15169)))
    past.answer(domain, T, T + 5 * DAY, mx(google))
    gone, stay = past.refusing(google, UNKNOWN), past.sending(google)
    past.traffic(domain, T, T + 5 * DAY, 300, (1, lambda second, recipient: (
        gone if recipient.startswith(("person7@", "person8@")) else stay)(second, recipient)))
    return past, [Verdict(domain, "migration", "migration", now="info", change=T, to="Google")]


def first_day(mxvigil):
    """Five hours after the monitor was started, and before anything was learnt for long."""
    domain = "neu.de"
    first, back = 5 * HOUR, 9 * HOUR
    past = at_home(mxvigil, domain, first, 300)
    past.answer(domain, first, back, mx(FOREIGN))
    past.answer(domain, back, back + DAY, mx(OWN))
    past.traffic(domain, first, back, 300, (1, past.refusing(FOREIGN, UNKNOWN)), people=30)
    usual(past, domain, back, back + DAY)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical",
                          change=first, back=back, opened=(first, past.bounce(3)),
                          hit=past.hit(), to="stranger.net")]


def little_mail(mxvigil):
    """Two or three mails a day; one of them bounces while the MX is away. That is told when it
    is back, and of two recipients or less it is a warning."""
    domain = "selten.de"
    past = at_home(mxvigil, domain, 12 * DAY, 9 * HOUR)
    back = 12 * DAY + 10 * HOUR
    past.answer(domain, 12 * DAY, back, mx(FOREIGN))
    past.answer(domain, back, back + 3 * DAY, mx(OWN))
    known = past.lines[0][1].split("to=<")[1].split(">")[0]
    past.refusing(FOREIGN, UNKNOWN)(12 * DAY + 4 * HOUR, known)
    usual(past, domain, back, back + 3 * DAY, 9 * HOUR)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "warning",
                          change=12 * DAY, back=back, opened=(back, back + 4 * HOUR),
                          hit={known}, to="stranger.net")]


def moved_without_mail(mxvigil):
    """Nobody writes to the domain; its MX moves, and stays."""
    domain = "ohne-post.de"
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    past.answer(domain, 0, T, mx(OWN))
    past.answer(domain, T, T + 4 * DAY, mx(FOREIGN))
    usual(past, "anders.de", 0, T + 4 * DAY, 3600)
    return past, [Verdict(domain, "migration", now="info", change=T, to="stranger.net",
                          hit=set())]


def busy(mxvigil):
    """Ten thousand mails a day, of which one in fifty meets a resolver that still has the
    stranger's MX."""
    domain = "gross.de"
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (FOREIGN, FOREIGN_NETWORK))
    past.answer(domain, 0, 3 * DAY, mx(OWN))
    back = 3 * DAY + 2 * HOUR
    past.answer(domain, 3 * DAY, back, mx(FOREIGN))
    past.answer(domain, back, back + DAY, mx(OWN))
    usual(past, domain, 0, 3 * DAY, 10)
    past.traffic(domain, 3 * DAY, back, 10, (49, past.sending(OWN)),
                 (1, past.refusing(FOREIGN, UNKNOWN)))
    usual(past, domain, back, back + DAY, 10)
    return past, [Verdict(domain, "transient-hijack", "transient-hijack", "critical",
                          change=3 * DAY, back=back, opened=(3 * DAY, past.bounce(2)),
                          hit=past.hit())]


def large_fallout(mxvigil):
    """A migration whose old hosts refuse at once, of a domain with many people."""
    domain = "viele.de"
    new = [("mx01.hornetsecurity.com", "94.100.128.11")]
    past = pasts.Past(mxvigil)
    places(past, (OWN, OWN_NETWORK), (new, ("94.100.128.0/20", 24679)))
    past.answer(domain, 0, T, mx(OWN))
    past.answer(domain, T, T + 4 * DAY, mx(new))
    past.traffic(domain, 0, T, 60, (1, past.sending(OWN)), people=500)
    past.traffic(domain, T, T + 9 * HOUR, 60, (2, past.refusing(OWN, UNKNOWN)),
                 (3, past.sending(new)), people=500)
    past.traffic(domain, T + 9 * HOUR, T + 4 * DAY, 60, (1, past.sending(new)), people=500)
    return past, [Verdict(domain, "migration-fallout", "migration-fallout", "critical", change=T,
                          opened=(T, past.bounce(6)), hit=past.hit())]


STORIES = (hotmail_2017, partial, relay_denied, past_the_gateway, silent_at_first, silent_accepts,
           silent_defers, gateway_in_front, roll_back, cox_2024, flapping, flapping_in_silence,
           unwatched, parked, null_mx, smart_host, smart_host_migration, siblings, to_the_backup,
           between_polls,
           twice, few_left_behind, first_day, little_mail, moved_without_mail, busy,
           large_fallout)


def main():
    t = tap.Tap()
    for story in STORIES:
        past, verdicts = story(sys.argv[1])
        judge(t, story.__name__.replace("_", " "), past, verdicts)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
