#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mails of alerts as Python's parser reads them. usage: mail.py COMPOSE

Whatever domains are called and servers say, a mail has the headers, the recipients and the
elements of its page that were planned.
"""
import pathlib
import re
import sys
import tempfile

import forms
import tap

TO = ["deliverability@example.com", "oncall@example.com", "log@example.net"]
LINK = "https://mxvigil.example.com/incidents/fra1-i7"


def wire_faults(raw):
    """What no server may be given."""
    faults = []
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        faults.append("a bare CR or LF")
    if re.search(rb"[^\x20-\x7e\r\n]", raw):
        faults.append("a byte that is not printable ASCII")
    lines = raw.split(b"\r\n")
    longest = max(len(line) for line in lines)
    if longest > 78:
        faults.append(f"a line of {longest}")
    if b"\n." in raw or b"\nFrom " in raw:
        faults.append("a line that starts with a dot or From")
    return faults


def header_faults(message):
    faults = [f"defect: {defect}" for part in message.walk() for defect in part.defects]
    for name, value in message.items():
        if forms.steering(value, ""):
            faults.append(f"{name} has {forms.steering(value, '')}")
        faults += [f"{name}: {defect}" for defect in value.defects]
    to = [address.addr_spec for address in message["to"].addresses]
    if to != TO:
        faults.append(f"to {to}")
    sender = message["from"].addresses
    if [a.addr_spec for a in sender] != ["mxvigil@mail.example.com"]:
        faults.append(f"from {sender}")
    if not message["subject"].startswith("[mxvigil] "):
        faults.append(message["subject"])
    return faults


def page_faults(message):
    faults = []
    page = forms.Nodes(forms.body(message, "html"))
    cids = {f"cid:{part['content-id'][1:-1]}" for part in message.walk() if part["content-id"]}
    if set(page.sources) != cids:
        faults.append(f"pictures {page.sources}, parts {cids}")
    if not set(page.hrefs) <= {LINK}:
        faults.append(f"links {page.hrefs}")
    faults += page.faults
    faults += [f"text has {c!r}" for c in forms.steering("".join(page.text))]
    text = forms.body(message, "plain")
    faults += [f"plain text has {c!r}" for c in forms.steering(text)]
    return faults


def all_faults(raw, message):
    return wire_faults(raw) + header_faults(message) + page_faults(message)


def check_hostile(t, folder, index):
    for name, (twin, why) in index.items():
        raw, message = forms.mail(folder, name)
        _, harmless = forms.mail(folder, twin)
        faults = all_faults(raw, message)
        if message.keys() != harmless.keys():
            faults.append(f"headers {set(message.keys()) ^ set(harmless.keys())}")
        ours, theirs = (forms.Nodes(forms.body(m, "html")).nodes
                        for m in (message, harmless))
        if ours != theirs:
            at = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a != b), -1)
            faults.append(f"{len(ours)} elements, not {len(theirs)}; from no. {at} on")
        types = [[p.get_content_type() for p in m.walk()] for m in (message, harmless)]
        if types[0] != types[1]:
            faults.append(f"parts {types}")
        t.ok(not faults, f"a mail withstands {name}: {why}", "\n".join(faults[:8]))


def check_forms(t, folder):
    names = sorted(p.stem for p in pathlib.Path(folder).glob("*.eml")
                   if not p.stem.startswith(("name-", "text-")))
    for name in names:
        faults = all_faults(*forms.mail(folder, name))
        t.ok(not faults, f"{name} is a mail without fault", "\n".join(faults[:8]))


def check_content(t, folder):
    _, first = forms.mail(folder, "event-suspected")
    raw, message = forms.mail(folder, "event-closed")
    t.ok(message["in-reply-to"] == first["message-id"] == message["references"] ==
         "<fra1-a12@mail.example.com>" and first["in-reply-to"] is None,
         "what comes later stands in the thread of the first")
    t.ok(first["subject"] == "[mxvigil] critical: MX of online.de moved to Apple iCloud, "
         "no bounce yet" and message["subject"] == "[mxvigil] closed: MX of online.de moved "
         "to Apple iCloud, 4,137 recipients to re-activate", "subjects can be filtered",
         first["subject"])
    t.ok(message["auto-submitted"] == "auto-generated" and
         message["list-id"] == "mxvigil alerts <team.mxvigil.mail.example.com>" and
         message["x-mxvigil-event"] == "fra1-a15" and
         message["x-mxvigil-kind"] == "transient-hijack" and
         message["x-mxvigil-severity"] == "critical" and
         message["x-mxvigil-domain"] == "online.de", "marks for filters are there")
    t.ok(str(message["date"].datetime) == "2023-08-30 11:31:07+00:00", "dated by the alert")
    kinds = [p.get_content_type() for p in message.walk()]
    t.ok(kinds == ["multipart/mixed", "multipart/alternative", "text/plain",
                   "multipart/related", "text/html", "image/png", "text/plain"],
         "text, page, picture and addresses", kinds)
    part = list(message.iter_attachments())[0]
    t.ok(part.get_filename() == "re-activate-fra1-i7.txt" and
         part.get_content().splitlines() ==
         ["anna@online.de", "bernd@online.de", "clara@online.de"],
         "the addresses to re-activate are a file", part.get_content())
    picture = next(p for p in message.walk() if p.get_content_type() == "image/png")
    t.ok(picture.get_content()[:8] == b"\x89PNG\r\n\x1a\n" and
         picture.get_content()[-8:-4] == b"IEND", "the picture is whole")
    text = forms.body(message, "plain")
    lines = [line for line in text.splitlines() if len(line) > 78 and "  " not in line[:4]]
    t.ok(not lines and "mxvigil incidents show fra1-i7" in text and LINK in text and
         "9f1c5f7d0b6a4c2e" in text and "  All-clear: it is over.\n" in text,
         "the text says where to go on and what it rests on", text)
    many = forms.mail(folder, "many")[1]
    body = forms.body(many, "plain")
    t.ok(many["subject"] == "[mxvigil] critical: 9,997 domains moved to Example Mail, "
         "3 others" and many["x-mxvigil-incidents"] == "10000" and
         len(re.findall(r"d\d{4}\.example: ", body)) == 200 and
         "9,800 more are not named here" in body, "ten thousand are one mail",
         many["subject"])
    t.ok(len(forms.body(many, "html")) < 100_000,
         "and its page is none that mail programs cut",
         len(forms.body(many, "html")))
    spoken = forms.mail(folder, "twin-spoken")[1]
    t.ok("bücher.example (xn--bcher-kva.example)" in spoken["subject"] and
         "bücher.example" in forms.body(spoken, "html"),
         "an international name is shown in both forms", spoken["subject"])
    like = forms.body(forms.mail(folder, "twin-like")[1], "plain")
    t.ok("gmai1.com can be taken for gmail, and is not it." in like,
         "look-alike names are pointed at", like)
    blind = forms.mail(folder, "event-blind")[1]
    t.ok(blind["subject"] == "[mxvigil] critical: mxvigil at fra1 is blind" and
         "Polling: the last was 12 minutes ago." in
         forms.body(blind, "plain"), "the alarm says what is blind")


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        index = forms.compose(sys.argv[1], folder)
        t.ok(len(index) >= 80, "the table of hostile names and texts is long", len(index))
        check_content(t, folder)
        check_forms(t, folder)
        check_hostile(t, folder, index)
        closed = forms.mail(folder, "event-closed")[0]
        forms.compose(sys.argv[1], folder)
        t.ok(forms.mail(folder, "event-closed")[0] == closed, "composed again it is the same")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
