#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The bodies of webhooks, chat and pagers. usage: bodies.py COMPOSE SCHEMAS

Each is valid by the schema of its service; and whatever domains are called and servers say, it
has the members that were planned, and nothing in it is a link, a mention or a control byte.
"""
import json
import pathlib
import re
import sys
import tempfile

import forms
import tap

try:
    import jsonschema
except ImportError:
    jsonschema = None

SERVICES = ("webhook", "slack", "teams", "pagerduty", "alertmanager")
LINK = "https://mxvigil.example.com/incidents/fra1-i7"


def read(folder, name, form):
    return (pathlib.Path(folder) / f"{name}.{form}.json").read_bytes()


def shape(value):
    """Members and types; of like things in a row one, since texts have other lengths."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        shapes = [shape(member) for member in value]
        return [s for i, s in enumerate(shapes) if i == 0 or s != shapes[i - 1]]
    return type(value).__name__


def strings(value):
    if isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)
    elif isinstance(value, str):
        yield value


def objects(value):
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else \
            value if isinstance(value, list) else ():
        yield from objects(member)


def slack_faults(body):
    faults = [thing["text"] for thing in objects(body) if thing.get("type") == "mrkdwn" and
              thing["text"] != f"<{LINK}|Open the incident>" and
              not re.fullmatch(r"\*[A-Z][a-z]+\*", thing["text"])]
    if re.search(r"[<>]|&(?!amp;|lt;|gt;)", body["text"]):
        faults.append(body["text"])
    return faults


def teams_faults(body):
    faults = [text for text in strings(body) if "{{" in text]
    size = len(json.dumps(body))
    return faults + ([f"{size} bytes"] if size > 28_000 else [])


def faults_of(form, raw):
    faults = []
    if re.search(rb"[\x00-\x1f\x7f]", raw if form != "exec" else raw.replace(b"\n", b"")):
        faults.append("a raw control byte")
    bodies = [json.loads(line) for line in raw.splitlines()] if form == "exec" \
        else [json.loads(raw)]
    for body in bodies:
        for text in strings(body):
            faults += [f"{c!r} in {text[:60]}" for c in forms.steering(text)]
        if form == "slack":
            faults += slack_faults(body)
        if form == "teams":
            faults += teams_faults(body)
    return faults, bodies


def check_schemas(t, folder, schemas):
    names = sorted(p.name.split(".")[0] for p in pathlib.Path(folder).glob("*.slack.json"))
    for form in SERVICES:
        if jsonschema is None:
            t.skip(f"{form} by its schema", "python3-jsonschema is not installed")
            continue
        schema = json.loads((pathlib.Path(schemas) / f"{form}.json").read_text())
        checker = jsonschema.Draft7Validator(schema)
        faults = []
        for name in names:
            body = json.loads(read(folder, name, form))
            body = body[:500] if isinstance(body, list) else body
            faults += [f"{name}: {list(e.absolute_path)} {e.message[:200]}"
                       for e in checker.iter_errors(body)]
        t.ok(not faults, f"{len(names)} bodies of {form} are valid by its schema",
             "\n".join(faults[:10]))
        bad = json.loads(read(folder, "event-opened", form))
        (bad[0] if isinstance(bad, list) else bad)["surprise"] = 1
        t.ok(list(checker.iter_errors(bad)), f"and the schema of {form} refuses another")


def check_hostile(t, folder, index):
    for form in SERVICES + ("exec",):
        bad = []
        for name, (twin, why) in index.items():
            faults, bodies = faults_of(form, read(folder, name, form))
            harmless = faults_of(form, read(folder, twin, form))[1]
            if shape(bodies) != shape(harmless):
                faults.append("members that were not planned")
            bad += [f"{name} ({why}): {fault}" for fault in faults]
        t.ok(not bad, f"{form} withstands {len(index)} hostile names and texts",
             "\n".join(bad[:10]))


def check_content(t, folder):
    events = ("suspected", "opened", "changed", "worse", "still", "reverted", "closed")
    pages = [json.loads(read(folder, f"event-{event}", "pagerduty")) for event in events]
    t.ok({page["dedup_key"] for page in pages} == {"mxvigil/fra1-i7"},
         "an incident has one key for a pager all its life")
    t.ok([page["event_action"] for page in pages] == ["trigger"] * 6 + ["resolve"],
         "and is resolved with the all-clear", [page["event_action"] for page in pages])
    seen = json.loads(read(folder, "seen", "pagerduty"))
    t.ok(seen["event_action"] == "acknowledge" and seen["dedup_key"] == "mxvigil/fra1-i7",
         "what was acknowledged here is there too")
    blind, daily = (json.loads(read(folder, f"event-{event}", "pagerduty"))
                    for event in ("blind", "daily"))
    t.ok(blind["event_action"] == "trigger" and daily["event_action"] == "resolve" and
         blind["dedup_key"] == daily["dedup_key"], "the self-check ends the alarm")
    many = json.loads(read(folder, "many", "pagerduty"))
    t.ok(many["payload"]["summary"] ==
         "critical: 9,997 domains moved to Example Mail, 3 others", "many are one page")
    mixed = json.loads(read(folder, "mixed", "pagerduty"))
    t.ok(mixed["event_action"] == "trigger", "also where the first of them is over",
         mixed["event_action"])
    lines = read(folder, "many", "exec").splitlines()
    t.ok(len(lines) == 10_000 and json.loads(lines[-1])["id"] == "fra1-i10000",
         "a program gets a line an incident")
    hook = json.loads(read(folder, "many", "webhook"))
    t.ok(hook["type"] == "incident.suspected" and len(hook["data"]["incidents"]) == 200 and
         hook["data"]["more"] == 9800, "a webhook names 200 and counts the rest")
    t.ok(json.loads(read(folder, "event-daily", "webhook"))["type"] == "mxvigil.daily",
         "and tells of mxvigil itself")
    worse = json.loads(read(folder, "event-worse", "alertmanager"))
    t.ok([(a["labels"]["severity"], a["endsAt"] > a["startsAt"]) for a in worse] ==
         [("critical", True), ("info", True), ("warning", True)] and
         worse[0]["endsAt"] > worse[1]["endsAt"],
         "what was less severe ends when it gets worse", worse)
    slack = json.loads(read(folder, "event-opened", "slack"))
    t.ok(slack["text"] == "critical: MX of online.de moved to Apple iCloud, 5,012 bounces" and
         "Do not suppress the addresses" in json.dumps(slack["blocks"]),
         "chat says what to do now")


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        index = forms.compose(sys.argv[1], folder)
        check_content(t, folder)
        check_schemas(t, folder, sys.argv[2])
        check_hostile(t, folder, index)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
