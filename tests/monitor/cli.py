#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The command line on a store that is made by import: words, rows, tables, exit statuses.

usage: cli.py MXVIGIL
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import tap  # noqa: E402

START = 1693303929123  # 2023-08-29T10:12:09.123Z
MINUTE = 60_000
HOUR = 3_600_000


class Program:
    """The program with a store and configuration of its own."""

    def __init__(self, binary, folder, name="one"):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self.store = self.folder / f"{name}.db"
        self.conf = self.folder / f"{name}.yaml"
        self.conf.write_text(f"store: {self.store}\nsite: test\nviews:\n"
                             "  - {name: mta, kind: recursive, servers: [127.0.0.1]}\n"
                             "watch:\n"
                             "  - {name: key, domains: [online.de], tags: [a]}\n")
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith("XDG_") and k != "NO_COLOR"}
        self.environment["LC_ALL"] = "C.UTF-8"

    def run(self, *words, stdin=None, **environment):
        return subprocess.run([self.binary, "-c", str(self.conf), *map(str, words)],
                              input=stdin, capture_output=True, text=True,
                              env={**self.environment, **environment}, timeout=60)

    def rows(self, *words):
        done = self.run(*words, "--json")
        return [json.loads(line) for line in done.stdout.splitlines()]


def span(domain, view, first, last, hosts, answer="mx", **more):
    row = {"rrname": domain, "rrtype": "MX", "rdata": hosts, "time_first": first // 1000,
           "time_last": last // 1000, "sensor_id": view, "count": more.pop("count", 60)}
    row["x_mxvigil"] = {
        "record": "span", "answer": answer, "server": None, "first_ms": first, "last_ms": last,
        "not_before_ms": None, "ttl_min": 300 if hosts else None,
        "ttl_max": 300 if hosts else None, "alias": None, "authenticated": False,
        "beside_null": False, "imported": False, **more}
    return row


def gap(domain, view, first, last, reason):
    return {"rrname": domain, "rrtype": "MX", "rdata": [], "time_first": first // 1000,
            "time_last": last // 1000, "sensor_id": view,
            "x_mxvigil": {"record": "gap", "reason": reason, "server": None, "from_ms": first,
                          "to_ms": last, "imported": False}}


def bucket(domain, view, first, length, polls, longest):
    return {"rrname": domain, "rrtype": "MX", "rdata": [], "time_first": first // 1000,
            "time_last": (first + length) // 1000, "sensor_id": view,
            "x_mxvigil": {"record": "bucket", "from_ms": first, "length_ms": length,
                          "polls": polls, "usable": polls, "longest_ms": longest}}


def change(domain, view, at, before, old, new):
    return {"rrname": domain, "rrtype": "MX", "rdata": [], "time_first": at // 1000,
            "time_last": at // 1000, "sensor_id": view,
            "x_mxvigil": {"record": "change", "server": None, "at_ms": at,
                          "not_before_ms": before, "confirmed_by": "tcp",
                          "confirmed_ms": at + 30, "kind": "replaced", "imported": False,
                          "from": {"answer": "mx", "rdata": old},
                          "to": {"answer": "mx", "rdata": new}}}


OLD = ["10 mx00.ionos.de.", "10 mx01.ionos.de."]
NEW = ["10 mx01.mail.icloud.com.", "10 mx02.mail.icloud.com."]
MOVED = START + 10 * MINUTE
STORY = [
    span("online.de", "mta", START, MOVED - 10_000, OLD, not_before_ms=None),
    span("online.de", "mta", MOVED, MOVED + HOUR, NEW, not_before_ms=MOVED - 10_000, count=355),
    change("online.de", "mta", MOVED, MOVED - 10_000, OLD, NEW),
    gap("online.de", "mta", MOVED + 5 * MINUTE, MOVED + 6 * MINUTE, "timeout"),
    span("xn--mnchen-3ya.de", "mta", START, START + HOUR, ["10 mx.xn--mnchen-3ya.de."]),
    span("nomail.example", "mta", START, START + HOUR, ["0 ."], "null-mx"),
    span("gone.example", "mta", START, START + HOUR, [], "nxdomain"),
]
WINDOW = ("--from", "2023-08-29T10:00:00Z", "--to", "2023-08-29T12:00:00Z")


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def words(t, program):
    for call, status, said in (
            ((), 2, "usage"),
            (("frobnicate",), 2, "nearest"),
            (("histroy", "a.example"), 2, "history"),
            (("watch",), 2, "watch add"),
            (("watch", "ad", "a.example"), 2, "watch add"),
            (("backup",), 2, "not in this release"),
            (("history",), 2, "DOMAIN"),
            (("history", "a.example", "b.example"), 2, "more words"),
            (("history", "single"), 2, "single"),
            (("history", "a.example", "--frm", "now"), 2, "--from"),
            (("history", "a.example", "--from"), 2, "TIME"),
            (("history", "a.example", "--from", "soon"), 2, "soon"),
            (("history", "a.example", "--from", "now", "--to", "-2h"), 2, "window"),
            (("history", "a.example", "--at", "now", "--from", "-2h"), 2, "--at"),
            (("history", "a.example", "--at", "now", "--format", "csv"), 2, "--at"),
            (("history", "a.example", "--format", "xml"), 2, "csv"),
            (("history", "a.example", "--from", "2023-08-29", "--tz", "Mars/Phobos"), 2, "zone"),
            (("run", "--for", "10"), 2, "duration"),
            (("run", "no..domain"), 2, "no..domain"),
            (("completion", "tcsh"), 2, "bash"),
            (("watch", "add", "--tag", "a b", "a.example"), 2, "tag"),
            (("import", "/nonexistent/file"), 1, "/nonexistent/file"),
            (("watch", "import", "/nonexistent/file"), 1, "/nonexistent/file"),
            (("version",), 0, "")):
        done = program.run(*call)
        t.ok(done.returncode == status and said in done.stderr,
             f"exit {status}: {' '.join(call) or 'nothing'}",
             f"{done.returncode}: {done.stdout}{done.stderr}")
    evil = program.run("history", "a\x1b[31m.example")
    t.ok("\x1b" not in evil.stderr + evil.stdout, "no escape of a caller reaches the terminal")
    for shell in ("bash", "zsh", "fish"):
        done = program.run("completion", shell)
        t.ok(done.returncode == 0 and "suspicions" in done.stdout, f"completion for {shell}")
    done = program.run("status")
    t.ok(done.returncode == 1 and str(program.store) in done.stderr, "no store: exit 1",
         done.stderr)


def configurations(t, program):
    good = program.conf.read_text()
    done = program.run("config", "check", "--json")
    row = json.loads(done.stdout)
    t.ok(done.returncode == 0 and row["ok"] and row["store"] == str(program.store)
         and row["control"] == f"{program.store}.sock", "config check", done.stdout)
    program.conf.write_text(good.replace("site", "sight"))
    for call in (("config", "check"), ("status",), ("watch", "add", "a.example"),
                 ("history", "a.example"), ("run", "--once"), ("import", "/dev/null")):
        done = program.run(*call)
        t.ok(done.returncode == 3 and ":2:1:" in done.stderr,
             f"exit 3 with file, line and column: {' '.join(call)}", done.stderr)
    program.conf.write_text(good)


def watching(t, program):
    done = program.run("watch", "add", "Added.Example", "b\u00fccher.example", "--tag", "x",
                       "--tag=y")
    t.ok(done.returncode == 0 and "2 added" in done.stderr, "watch add makes the store",
         done.stderr)
    file = program.folder / "list.txt"
    file.write_text("one.example\ntwo.example,tag\nnot a domain\nJoe <joe@three.example>\n"
                    "one.example\n")
    done = program.run("watch", "import", file)
    t.ok(done.returncode == 1 and "list.txt:3:" in done.stderr and "1 duplicates" in done.stderr,
         "watch import names a bad line and takes the rest", done.stderr)
    rows = {row["domain"]: row for row in program.rows("watch", "list")}
    t.ok(set(rows) == {"online.de", "added.example", "xn--bcher-kva.example", "one.example",
                       "two.example", "three.example"}, "watch list has all", rows)
    t.ok(list(rows["online.de"]) == ["domain", "watch", "interval_s", "views", "tags", "added_at"]
         and rows["online.de"]["watch"] == "key" and rows["online.de"]["interval_s"] == 10
         and rows["added.example"]["tags"] == ["x", "y"]
         and rows["added.example"]["interval_s"] == 10
         and rows["added.example"]["views"] == ["mta"], "with tags and intervals", rows)
    table = program.run("watch", "list").stdout
    t.ok("xn--bcher-kva.example (b\u00fccher.example)" in table, "U-label beside A-label", table)
    plain = program.run("watch", "list", LC_ALL="C").stdout
    t.ok("b\u00fccher" not in plain and "xn--bcher-kva.example" in plain,
         "but not on a terminal without UTF-8", plain)
    done = program.run("watch", "remove", "one.example", "never.example")
    t.ok(done.returncode == 1 and "never.example" in done.stderr, "watch remove says what was not")
    rows = [row["domain"] for row in program.rows("watch", "list")]
    t.ok("one.example" not in rows and "two.example" in rows, "and removes what was", rows)
    good = program.conf.read_text()
    file.write_text("five.example\nbad\n")
    program.conf.write_text(good + f"  - {{name: long, domains-file: {file.name}, interval: 5m}}\n")
    done = program.run("watch", "list", "--json")
    rows = {row["domain"]: row for row in map(json.loads, done.stdout.splitlines())}
    t.ok(done.returncode == 0 and rows["five.example"]["interval_s"] == 300
         and rows["five.example"]["watch"] == "long" and "list.txt" in done.stderr,
         "watch list reads the files of the configuration", done.stdout + done.stderr)
    file.unlink()
    done = program.run("watch", "list")
    t.ok(done.returncode == 1 and "list.txt" in done.stderr, "and says when they are not there",
         done.stderr)
    program.conf.write_text(good)
    done = program.run("watch", "import", "-", stdin="four.example\n")
    t.ok(done.returncode == 0, "watch import reads standard input", done.stderr)


def importing(t, program):
    file = write(program.folder / "story.cof", STORY)
    done = program.run("import", file)
    t.ok(done.returncode == 0 and "7 rows added" in done.stderr, "import takes our rows",
         done.stderr)
    before = program.run("export").stdout
    done = program.run("import", file)
    t.ok(done.returncode == 0 and "0 rows added, 7 known" in done.stderr
         and program.run("export").stdout == before, "again it changes nothing", done.stderr)
    t.ok(program.run("verify").returncode == 0, "and the chain holds")
    done = program.run("import", "-", stdin=before)
    t.ok(done.returncode == 0 and ": 0 rows added" in done.stderr,
         "nor does its own export", done.stderr)
    bad = program.folder / "bad.cof"
    good = {"rrname": "foreign.example.", "rrtype": "MX", "rdata": "10 mx.foreign.example",
            "time_first": 1600000000, "time_last": 1600003600, "count": 4}
    faults = ["not json", "[]", '{"rrname":"a.example","rrname":"b.example"}',
              {**good, "rrname": "a..b"}, {**good, "rrname": "."}, {**good, "rdata": 7},
              {**good, "rdata": ["mx.example"]}, {**good, "rdata": ["70000 mx.example"]},
              {**good, "rdata": ["10  x"]}, {**good, "time_first": "then"},
              {**good, "time_first": 1600003601}, {**good, "rdata": []},
              {**good, "rrname": "a b.example"}, {**good, "time_last": 10 ** 15},
              {**STORY[0], "x_mxvigil": {}}, {**STORY[0], "x_mxvigil": 3},
              {**STORY[0], "x_mxvigil": {**STORY[0]["x_mxvigil"], "answer": "nodata"}},
              {**STORY[0], "x_mxvigil": {**STORY[0]["x_mxvigil"], "answer": "timeout"}},
              {**STORY[0], "x_mxvigil": {**STORY[0]["x_mxvigil"], "last_ms": 5}},
              {**STORY[2], "x_mxvigil": {**STORY[2]["x_mxvigil"],
                                         "to": STORY[2]["x_mxvigil"]["from"]}},
              {**STORY[3], "x_mxvigil": {**STORY[3]["x_mxvigil"], "reason": "bored"}},
              *({**STORY[0], "rdata": [], "x_mxvigil": {
                  "record": "point", "interval_ms": 1000, "timeout_ms": 100, "bucket_ms": bucket}}
                for bucket in (0, 86_400_001)),
              "\x00\x01\xff"]
    rest = [good, {**good, "rrtype": "A", "rdata": ["192.0.2.1"]}, {**good, "rrtype": "TXT"},
            {**good, "rdata": [], "x_rcode": "SERVFAIL"}, ""]
    lines = [line if isinstance(line, str) else json.dumps(line) for line in faults + rest]
    bad.write_text("\n".join(lines) + "\n")
    done = program.run("import", bad, "--view", "dnsdb", "--json")
    t.ok(done.returncode == 1 and json.loads(done.stdout) == {
        "added": 2, "known": 0, "passed_over": 2, "refused": len(faults)},
        "bad lines are refused, the rest is taken", done.stdout + done.stderr)
    for number in range(1, len(faults) + 1):
        t.ok(f"bad.cof:{number}: " in done.stderr, f"line {number} is named", lines[number - 1])
    rows = program.rows("history", "foreign.example")
    t.ok(rows[0]["imported"] and rows[0]["view"] == "dnsdb" and rows[0]["polls"] == 4
         and rows[0]["first_seen"] == "2020-09-13T12:26:40.000Z" and rows[0]["ttl_min"] is None,
         "foreign rows are marked", rows)
    t.ok(rows[1]["coverage"]["polls"] == 0 and rows[1]["coverage"]["covered_s"] == 0,
         "and prove no coverage", rows)
    t.ok([row["rrtype"] for row in rows if "rrtype" in row] == ["MX"], "addresses are asked for",
         rows)
    addresses(t, program, good)


def addresses(t, program, good):
    """A and AAAA of an exchange, beside what else is known of its name, or alone."""
    lines = [{**good, "rrtype": "AAAA", "rdata": "2001:DB8::1", "rrname": "mx.foreign.example"},
             {**good, "rrtype": "a", "rdata": ["192.0.2.7", "192.0.2.6"],
              "rrname": "mx.foreign.example"},
             {**good, "rrtype": "A", "rdata": [], "x_rcode": "NXDOMAIN",
              "rrname": "gone.foreign.example"}]
    wrong = [{**good, "rrtype": "A", "rdata": "2001:db8::1"},
             {**good, "rrtype": "A", "rdata": "10 mx.foreign.example"},
             {**good, "rrtype": "AAAA", "rdata": ["192.0.2.1"]},
             {**good, "rrtype": "A", "rdata": [7]}]
    file = program.folder / "addresses.cof"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines + wrong))
    done = program.run("import", file, "--view", "dnsdb", "--json")
    t.ok(done.returncode == 1 and json.loads(done.stdout) == {
        "added": 3, "known": 0, "passed_over": 0, "refused": len(wrong)},
        "rows of A and AAAA are taken, others refused", done.stdout + done.stderr)
    plain = program.conf.read_text()
    networks = program.folder / "networks.tsv"
    local = program.folder / "provider.tsv"
    networks.write_text("192.0.2.0/24\t64512\n2001:db8::/32\t64513\n")
    local.write_text("Our mail\tmailbox\tour.example\t64512\n")
    program.conf.write_text(plain + f"operators-file: {local}\nasn-file: {networks}\n")
    rows = program.rows("history", "mx.foreign.example")
    t.ok([row["rrtype"] for row in rows[:2]] == ["A", "AAAA"]
         and rows[0]["answer"] == "address" and rows[0]["mx"] == [] and rows[0]["imported"]
         and rows[0]["addresses"] == ["192.0.2.6", "192.0.2.7"]
         and rows[1]["addresses"] == ["2001:db8::1"],
         "a name that is only an exchange shows its addresses", rows)
    t.ok(rows[0]["operators"] == ["Our mail"] and rows[1]["operators"] == [],
         "and who alone runs their AS", rows)
    t.ok([row["coverage"]["rrtype"] for row in rows[2:]] == ["A", "AAAA"], "with their coverage",
         rows)
    done = program.run("history", "mx.foreign.example", "--type", "aaaa")
    t.ok("AAAA 2001:db8::1, imported" in done.stdout and "192.0.2" not in done.stdout,
         "or one type, for people", done.stdout)
    done = program.run("history", "gone.foreign.example")
    t.ok("nxdomain (no such name)" in done.stdout, "a name that is not is told", done.stdout)
    program.conf.write_text(plain)
    both = program.rows("history", "foreign.example", "--type", "all")
    t.ok([row["rrtype"] for row in both if "rrtype" in row] == ["MX", "A"]
         and program.rows("history", "foreign.example", "--type", "mx")[:-1]
         == program.rows("history", "foreign.example")[:-1] == both[:1],
         "all there is of a name", both)
    there = program.rows("history", "foreign.example", "--type", "a", "--at", "@1600000000")
    t.ok(len(there) == 1 and there[0]["addresses"] == ["192.0.2.1"]
         and there[0]["answer"] == "address", "or at an instant", there)
    done = program.run("history", "foreign.example", "--type", "txt")
    t.ok(done.returncode == 2, "a type that is none", done.stderr)


HISTORY_KEYS = ["domain", "view", "server", "rrtype", "answer", "mx", "operators", "first_seen",
                "last_seen", "polls", "ttl_min", "ttl_max", "authenticated", "imported"]
COVERAGE_KEYS = ["view", "from", "to", "polls", "polls_exact", "covered_s", "largest_gap_s",
                 "largest_gap_at", "gaps", "server_gaps"]
CHANGE_KEYS = ["id", "domain", "view", "server", "rrtype", "at", "not_before", "confirmed",
               "confirmed_at", "confirmed_by", "from", "to", "kind", "imported"]


def operators(t, program):
    """A local table names operators; it and the networks are checked with the configuration."""
    local, networks = program.folder / "local.tsv", program.folder / "asn.tsv"
    plain = program.conf.read_text()
    program.conf.write_text(plain + f"operators-file: {local}\nasn-file: {networks}\n")
    local.write_text("Our mail\tmailbox\tmx00.ionos.de ionos.de\n")
    networks.write_text("192.0.2.0/24\t64512\n")
    found = program.rows("history", "online.de", *WINDOW)
    t.ok(found[0]["operators"] == ["Our mail"] and found[1]["operators"] == ["Apple iCloud"],
         "a local table goes before ours", found)
    found = program.rows("changes", *WINDOW, "--operator", "our MAIL")
    t.ok(len(found) == 1, "and is asked by its names", found)
    done = program.run("history", "online.de", *WINDOW)
    t.ok("[Our mail]" in done.stdout, "and is shown to people", done.stdout)
    done = program.run("config", "check")
    t.ok(done.returncode == 0 and "operators-file" not in done.stderr, "config check reads both",
         done.stderr)
    networks.write_text("192.0.2.0/24\t64512\nnothing\n")
    done = program.run("config", "check")
    t.ok(done.returncode == 3 and f"{networks}:2: found" in done.stderr,
         "config check names what is wrong in the networks", done.stderr)
    networks.write_text("")
    local.write_text("Our mail\n")
    for words in (("config", "check"), ("history", "online.de"), ("changes",)):
        done = program.run(*words)
        t.ok(done.returncode == 3 and f"{local}:1: found" in done.stderr and not done.stdout,
             f"{' '.join(words)} names what is wrong in the table", done.stderr)
    program.conf.write_text(plain)


def rows(t, program):
    found = program.rows("history", "online.de", *WINDOW)
    t.ok([list(row) for row in found[:2]] == [HISTORY_KEYS] * 2, "history: members in order",
         found)
    t.ok(found[0]["mx"] == [{"preference": 10, "exchange": "mx00.ionos.de"},
                            {"preference": 10, "exchange": "mx01.ionos.de"}]
         and found[0]["operators"] == ["IONOS"]
         and found[0]["first_seen"] == "2023-08-29T10:12:09.123Z"
         and found[1]["operators"] == ["Apple iCloud"] and found[1]["ttl_min"] == 300,
         "history: spans", found)
    t.ok(len(found) == 3 and list(found[2]["coverage"]) == COVERAGE_KEYS,
         "history: coverage is last", found)
    gaps = found[2]["coverage"]["gaps"]
    t.ok({"from": "2023-08-29T10:27:09.123Z", "to": "2023-08-29T10:28:09.123Z",
          "reason": "timeout"} in gaps, "history: gaps with reasons", gaps)
    t.ok(isinstance(found[2]["coverage"]["covered_s"], float), "only _s has fractions")
    found = program.rows("history", "nomail.example")
    t.ok(found[0]["mx"] == [{"preference": 0, "exchange": ""}] and found[0]["operators"] == []
         and found[0]["answer"] == "null-mx", "null MX", found[0])
    found = program.rows("history", "gone.example")
    t.ok(found[0]["mx"] == [] and found[0]["ttl_min"] is None
         and found[0]["answer"] == "nxdomain", "nxdomain has no TTL", found[0])
    found = program.rows("history", "online.de", "--at", "2023-08-29T10:21:59.123Z")
    t.ok(len(found) == 1 and found[0]["known"], "--at", found)
    found = program.rows("changes", *WINDOW)
    t.ok(len(found) == 1 and list(found[0]) == CHANGE_KEYS and found[0]["kind"] == "replaced"
         and found[0]["confirmed"] and found[0]["confirmed_by"] == "tcp"
         and found[0]["id"].startswith("test-")
         and list(found[0]["from"]) == ["answer", "mx", "operators"], "changes", found)
    for words_, count in ((("--operator", "icloud.com"), 1), (("--operator", "gmx.net"), 0),
                          (("--operator", "apple icloud"), 1), (("--operator", "ionos"), 1),
                          (("--operator", "mx.Kundenserver.DE"), 1), (("--operator", "ion"), 0),
                          (("--view", "mta"), 1), (("--view", "other"), 0),
                          (("--domain", "online.de"), 1), (("--domain", "gone.example"), 0)):
        found = program.rows("changes", *WINDOW, *words_)
        t.ok(len(found) == count, f"changes {' '.join(words_)}", found)
    done = program.run("changes")
    t.ok(done.returncode == 0 and done.stdout == "" and "no changes" in done.stderr,
         "an empty result says so on standard error", done.stdout + done.stderr)
    done = program.run("history", "never.example")
    t.ok(done.returncode == 1 and "never.example was never seen" in done.stderr,
         "a domain never seen", done.stderr)
    status = program.rows("status")
    t.ok(len(status) == 1 and status[0]["site"] == "test" and not status[0]["daemon"]["running"]
         and status[0]["totals"]["changes"] == 1, "status", status)
    verdict = program.rows("verify")
    t.ok(len(verdict) == 1 and verdict[0]["holds"] and verdict[0]["broken"] is None
         and len(verdict[0]["head"]["hash"]) == 64, "verify", verdict)


TABLE = """\
online.de

FIRST SEEN (UTC)         LAST SEEN (UTC)          VIEW  POLLS  TTL
2023-08-29 10:12:09.123  2023-08-29 10:21:59.123  mta      60  300
    10 mx00.ionos.de, 10 mx01.ionos.de [IONOS]
2023-08-29 10:22:09.123  2023-08-29 11:22:09.123  mta     355  300
    10 mx01.mail.icloud.com, 10 mx02.mail.icloud.com [Apple iCloud]
"""


def tables(t, program):
    done = program.run("history", "online.de", *WINDOW)
    t.ok(done.stdout.startswith(TABLE), "the table of a history", done.stdout)
    t.ok("2023-08-29 10:27:09.123 to 2023-08-29 10:28:09.123  timeout, 60 s" in done.stdout,
         "with its gaps in words", done.stdout)
    texts = [done.stdout] + [program.run(*call).stdout for call in (
        ("history", "xn--mnchen-3ya.de"), ("changes", *WINDOW), ("status",), ("verify",),
        ("history", "online.de", "--at", "2023-08-29T10:22:00Z"), ("watch", "list"))]
    wide = [line for text in texts for line in text.splitlines() if len(line) > 80]
    t.ok(not wide, "no line is wider than 80 columns", "\n".join(wide))
    control = [c for text in texts for c in text if c != "\n" and (c < " " or c == "\x7f")]
    t.ok(not control and all(texts), "and none has a control byte", control)
    t.ok("(mx.m\u00fcnchen.de)" in texts[1], "U-labels stand beside A-labels", texts[1])
    csv = program.run("history", "online.de", *WINDOW, "--format", "csv")
    t.ok(csv.stdout.splitlines()[0].startswith("domain,view,server,answer,mx")
         and len(csv.stdout.splitlines()) == 3 and "mta: " in csv.stderr, "csv", csv.stdout)


def round_trip(t, program, folder):
    second = Program(program.binary, folder, "two")
    exported = program.run("export").stdout
    file = second.folder / "export.cof"
    file.write_text(exported)
    done = second.run("import", file)
    t.ok(done.returncode == 0, "an empty store takes an export", done.stderr)
    t.ok(second.run("export").stdout == exported, "and exports the same bytes")
    for domain in ("online.de", "nomail.example", "foreign.example"):
        ours = program.run("history", domain, *WINDOW, "--json").stdout
        theirs = second.run("history", domain, *WINDOW, "--json").stdout
        t.ok(ours == theirs and ours, f"and tells the same history of {domain}",
             f"- {ours}\n+ {theirs}")
    cof = program.run("history", "online.de", "--format", "cof").stdout.splitlines()
    t.ok([json.loads(line)["rrname"] for line in cof] == ["online.de"] * 5, "history as cof", cof)


def descriptors(t, program, folder):
    third = Program(program.binary, folder, "three")
    for most in (12, 14, 20):
        done = subprocess.run(
            ["sh", "-c", f'ulimit -n {most} && exec "$0" "$@"', third.binary, "-c", third.conf,
             "run", "--for", "1s"], capture_output=True, text=True, timeout=60, check=False)
        t.ok(done.returncode == 1 and "Too many open files" in done.stderr,
             f"with {most} descriptors run says why it cannot", f"{done.returncode} {done.stderr}")


def main():
    t = tap.Tap()
    with tempfile.TemporaryDirectory() as folder:
        program = Program(sys.argv[1], folder)
        words(t, program)
        configurations(t, program)
        watching(t, program)
        importing(t, program)
        rows(t, program)
        operators(t, program)
        tables(t, program)
        round_trip(t, program, folder)
        descriptors(t, program, folder)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
