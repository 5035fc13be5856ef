#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every ROOM/.../NAME.c has a test that is built: tests/ROOM/test_NAME.c.

A module that is split over files shares its test: NAME_PART.c is covered by test_NAME.c.
usage: check_twins.py ROOT
"""
import pathlib
import sys

import tap
import tree

# Sources without a twin of their own: what covers them instead.
ELSEWHERE = {
    "storage/cover.c": "test_lookup_coverage counts every poll of random windows",
    "storage/lookup_buckets.c": "test_lookup_changes reads buckets",
    "storage/lookup_known.c": "test_lookup_coverage and test_lookup_instant",
    "storage/lookup_point.c": "test_lookup_coverage and test_lookup_instant",
    "storage/lookup_totals.c": "test_lookup_changes counts",
    "storage/intern.c": "every test that writes",
    "storage/lock.c": "test_store opens twice",
    "storage/lookup_resume.c": "test_history resumes",
    "storage/lookup_row.c": "every test that reads",
    "storage/lookup_spans.c": "test_history reads spans",
    "storage/query.c": "every test of storage",
    "storage/schema.c": "test_store",
    "monitor/apart.c": "the scenarios poll real servers with the daemon",
    "monitor/chase.c": "the scenarios poll real servers with the daemon",
    "monitor/poll.c": "the scenarios poll real servers with the daemon",
    "monitor/poller.c": "the scenarios poll real servers with the daemon",
    "monitor/poller_share.c": "the scenarios poll real servers with the daemon",
    "monitor/round.c": "the scenarios poll real servers with the daemon",
    "monitor/round_verdict.c": "the scenarios poll real servers with the daemon",
    "monitor/tell.c": "the scenarios poll real servers with the daemon",
    "monitor/view.c": "the scenarios poll real servers with the daemon",
    "monitor/cli/alert_test.c": "the scenario alerts tries a channel",
    "monitor/cli/alerts.c": "the scenario alerts lists them",
    "monitor/postroom.c": "the scenarios send alerts",
    "monitor/watch.c": "the scenarios poll real servers with the daemon",
    "monitor/watch_fleet.c": "the scenarios poll real servers with the daemon",
    "monitor/summary.c": "the scenarios run --once",
    "alerts/http.c": "tests/scenario/protect.py: KumoMTA is asked",
    "monitor/protect/suspend.c": "tests/scenario/protect.py: check_suspended, check_lifted",
    "monitor/protect/acceptors.c": "test_gather: gather_knows_who_takes_other_mail_too",
    "monitor/ingest/follow.c": "test_source rotates, cuts, kills",
    "monitor/ingest/intake.c": "test_source, and tests/monitor/ingest.py",
    "monitor/ingest/logfile.c": "test_source reads plain and packed files",
    "monitor/ingest/ingest.c": "tests/monitor/ingest.py runs the monitor",
    "monitor/cli/ingest.c": "tests/monitor/ingest.py runs the commands",
    "monitor/cli/detector.c": "tests/monitor/ingest.py runs the commands",
    "monitor/cli/reports.c": "tests/monitor/cli_classify.py reads files and folders",
    "monitor/backtest/acquaintance.c": "tests/monitor/backtest.py replays a past",
    "monitor/backtest/backtest.c": "tests/monitor/backtest.py replays a past",
    "monitor/backtest/kept.c": "tests/monitor/backtest.py replays a past",
    "monitor/backtest/mailfile.c": "tests/monitor/backtest.py replays a past",
    "monitor/backtest/mails.c": "tests/monitor/backtest.py replays a past",
    "monitor/cli/backtest.c": "tests/monitor/backtest.py replays a past",
    "monitor/decide/attempt.c": "tests/monitor/stories_moved.py and stories_stayed.py",
    "monitor/decide/fault.c": "tests/monitor/stories_stayed.py",
    "monitor/decide/relays.c": "tests/monitor/stories_moved.py sends through a smart host",
    "monitor/decide/outage.c": "tests/monitor/stories_unseen.py",
    "monitor/cli/check.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/expect.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/forget.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/incident_row.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/incident_show.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/incidents.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/reactivate.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/newfile.c": "tests/monitor/plot.py writes and replaces files",
    "monitor/cli/plot.c": "tests/monitor/plot.py runs the command",
    "monitor/cli/protect.c": "tests/scenario/protect.py runs the command",
    "monitor/cli/report.c": "tests/monitor/plot.py runs the command",
    "alerts/report.c": "tests/alerts/report.py reads what it writes",
    "alerts/sheet.c": "tests/alerts/report.py reads what it writes",
    "alerts/sheet_html.c": "tests/alerts/report.py reads what it writes",
    "alerts/sheet_pdf.c": "tests/alerts/report.py reads what it writes",
    "monitor/cli/recipients.c": "tests/monitor/incidents.py runs the commands",
    "monitor/cli/folder.c": "tests/monitor/cli_classify.py reads folders and maildirs",
    "monitor/cli/deliveries.c": "tests/monitor/ingest.py runs the commands",
    "monitor/main.c": "the scenarios run the program itself",
    "alerts/deliver.c": "tests/alerts/deliver_*.py hand jobs over",
    "alerts/deliver_http.c": "tests/alerts/deliver_http.py answers it",
    "alerts/deliver_program.c": "tests/alerts/deliver_program.py is run by it",
    "alerts/deliver_smtp.c": "tests/alerts/deliver_smtp.py and deliver_tls.py answer it",
    "alerts/deliver_text.c": "tests/alerts/deliver_*.py read what it says",
    "alerts/deliver_thread.c": "tests/alerts/deliver_*.py hand jobs over",
    "alerts/digest.c": "test_alert counts many incidents",
    "alerts/incident_json.c": "tests/monitor/incidents.py runs the commands",
    "alerts/letter.c": "tests/alerts/mail.py reads mails of every kind",
    "alerts/letter_list.c": "tests/alerts/mail.py reads one of ten thousand incidents",
    "alerts/letter_parts.c": "tests/alerts/mail.py reads mails of every kind",
    "alerts/mime.c": "test_message quotes, and tests/alerts/mail.py reads back",
    "alerts/payload.c": "tests/alerts/bodies.py reads every body",
    "alerts/payload_alertmanager.c": "tests/alerts/bodies.py reads every body",
    "alerts/payload_pagerduty.c": "tests/alerts/bodies.py reads every body",
    "alerts/payload_parts.c": "tests/alerts/bodies.py reads every body",
    "alerts/payload_slack.c": "tests/alerts/bodies.py reads every body",
    "alerts/payload_teams.c": "tests/alerts/bodies.py reads every body",
    "alerts/phrase.c": "test_alert writes subjects of every kind",
    "monitor/cli/changes.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/classify.c": "tests/monitor/cli_classify.py runs it",
    "monitor/cli/command.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/common.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/completion.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/config.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/dispatch.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/evidence.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/history.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/progress.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/row.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/run.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/status.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/transfer.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/verify.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/watch.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/watchlist.c": "tests/monitor/cli.py runs every command",
    "monitor/cli/writer.c": "tests/monitor/cli.py runs every command",
}


def twin_of(root, short):
    """The test of a source: its own, else that of the module it is a part of."""
    words = short.stem.split("_")
    for count in range(len(words), 0, -1):
        name = "_".join(words[:count])
        for place in (root / "tests" / short.parent, root / "tests" / short.parts[0]):
            if (place / f"test_{name}.c").is_file():
                return place / f"test_{name}.c"
    return None


def is_built(twin):
    name = twin.stem.removeprefix("test_")
    build = twin.parent / "meson.build"
    while not build.is_file():
        build = build.parent.parent / "meson.build"
    text = build.read_text()
    return f"'{name}'" in text or f"'{twin.parent.name}/{name}'" in text \
        or f"test_{name}.c" in text


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    t = tap.Tap()
    sources = [p.relative_to(root) for p in tree.files(root, ".c")]
    if not sources:
        tap.skip_all("no sources yet")
    for short in sources:
        if str(short) in ELSEWHERE:
            t.ok(not twin_of(root, short), f"{short}: {ELSEWHERE[str(short)]}",
                 "has a twin by now: take it off the list in tests/check_twins.py")
            continue
        twin = twin_of(root, short)
        t.ok(twin and is_built(twin), f"{short} has a test",
             "no test_%s.c" % short.stem if not twin else f"{twin} is not built")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
