/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/reactivate.h"

/* What every command understands, before its name or after it. */
const struct cli_option cli_common_options[] = {
	{"config", "FILE", "the configuration to use", NULL, 'c'},
	{"store", "FILE", "the store to use, whatever the configuration says", NULL, 0},
	{"tz", "ZONE", "the zone of times that name none (default: UTC)", NULL, 0},
	{"json", NULL, "print JSON Lines, one object a row", NULL, 0},
	{"help", NULL, "print this and leave", NULL, 'h'},
	{0},
};

#define FROM_OPTION                                                                      \
	{                                                                                \
		"from", "TIME", "begin of the window", NULL, 0                           \
	}
#define TO_OPTION                                                                        \
	{                                                                                \
		"to", "TIME", "end of the window, itself outside", NULL, 0               \
	}
#define VIEW_OPTION                                                                      \
	{                                                                                \
		"view", "VIEW", "this view only", NULL, 0                                \
	}

static const struct cli_option run_options[] = {
	{"once", NULL, "poll every domain once in every view, then leave", NULL, 0},
	{"for", "DURATION", "leave after this time", NULL, 0},
	{0},
};
static const struct cli_option tag_options[] = {
	{"tag", "TAG", "a tag for these domains; may be repeated", NULL, 0},
	{0},
};
static const struct cli_option history_options[] = {
	FROM_OPTION,
	TO_OPTION,
	{"at", "TIME", "what was known at this instant", NULL, 0},
	VIEW_OPTION,
	{"evidence", NULL, "add the messages kept with each change", NULL, 0},
	{"format", "FORMAT", "table, json, csv or cof", "table json csv cof", 0},
	{"type", "TYPE", "mx, or a, aaaa or all of an exchange", "mx a aaaa all", 0},
	{0},
};
static const struct cli_option changes_options[] = {
	{"from", "TIME", "begin of the window (default: -24h)", NULL, 0},
	TO_OPTION,
	{"domain", "DOMAIN", "this domain only", NULL, 0},
	{"operator", "NAME", "changes from or to this operator", NULL, 0},
	VIEW_OPTION,
	{"suspicions", NULL, "what was not confirmed, instead", NULL, 0},
	{"type", "TYPE", "mx (default), a or aaaa of exchanges, or all", "mx a aaaa all",
		0},
	{0},
};
static const struct cli_option import_options[] = {
	{"view", "VIEW", "name of the view that foreign rows belong to", NULL, 0},
	{0},
};
static const struct cli_option export_options[] = {
	FROM_OPTION,
	TO_OPTION,
	{"domain", "DOMAIN", "this domain only", NULL, 0},
	VIEW_OPTION,
	{0},
};
static const struct cli_option classify_options[] = {
	{"format", "FORMAT", "postfix, exim, pmta, kumomta, csv, jsonl or dsn",
		"postfix exim pmta kumomta csv jsonl dsn", 0},
	{"source", "NAME", "with the settings of this source of the configuration", NULL,
		0},
	{"rules", "FILE", "local rules, in place of the configured ones", NULL, 0},
	{0},
};
static const struct cli_option ingest_options[] = {
	{"format", "FORMAT", "what the files are",
		"postfix exim pmta kumomta csv jsonl dsn", 0},
	{"source", "NAME", "read them as this delivery of the configuration", NULL, 0},
	{0},
};
static const struct cli_option deliveries_options[] = {
	FROM_OPTION,
	TO_OPTION,
	{"step", "DURATION", "a row for each such part of the window", NULL, 0},
	{"relays", NULL, "who answered for the domain, instead", NULL, 0},
	{0},
};
static const struct cli_option incidents_options[] = {
	FROM_OPTION,
	TO_OPTION,
	{"domain", "DOMAIN", "this domain only", NULL, 0},
	{"open", NULL, "those that are not closed", NULL, 0},
	{0},
};
static const struct cli_option recipients_options[] = {
	{"all", NULL, "also those that are to be left suppressed", NULL, 0},
	{"format", "FORMAT", "text (an address a line), csv or json", "text csv json", 0},
	{"for", "PROVIDER", "lines that re-activate them at this provider",
		REACTIVATE_PROVIDERS, 0},
	{"from", "FILE", "your own log, to find addresses that are not kept", NULL, 0},
	{"format-in", "FORMAT", "what the files of --from are",
		"postfix exim pmta kumomta csv jsonl dsn", 0},
	{0},
};
static const struct cli_option alerts_options[] = {
	{"from", "TIME", "alerts made since then", NULL, 0},
	{"waiting", NULL, "those that wait", NULL, 0},
	{0},
};
static const struct cli_option expect_options[] = {
	{"operator", "NAME", "an operator that is right; may be repeated", NULL, 0},
	{"until", "TIME", "until then (default: for good)", NULL, 0},
	{"note", "TEXT", "why, for people", NULL, 0},
	{"list", NULL, "what is expected", NULL, 0},
	{"remove", "NUMBER", "no longer expect this", NULL, 0},
	{0},
};
static const struct cli_option forget_options[] = {
	{"domain", "DOMAIN", "all recipients of this domain", NULL, 0},
	{0},
};
static const struct cli_option backtest_options[] = {
	{"history", "FILE", "a DNS history in Common Output Format; repeatable", NULL, 0},
	{"deliveries", "FILE", "a log of a mail server; repeatable", NULL, 0},
	{"format", "FORMAT", "what the logs are", "postfix exim pmta kumomta csv jsonl",
		0},
	{"asn", "FILE", "prefixes and their AS numbers", NULL, 0},
	{"authoritative", "ID", "the view that asks the domains' own servers", NULL, 0},
	{"recipients", NULL, "name the recipients of each incident", NULL, 0},
	{0},
};
static const struct cli_option plot_options[] = {
	{"output", "FILE", "where to: FILE.svg, FILE.png or FILE.pdf", NULL, 'o'},
	{"incident", "ID", "this incident, with some time around it", NULL, 0},
	{"from", "TIME", "begin of the window (default: as far as is known)", NULL, 0},
	TO_OPTION,
	{0},
};
static const struct cli_option protect_options[] = {
	{"dry-run", NULL, "write nothing; show what would be", NULL, 0},
	{"prune", NULL, "take out what has expired; needs the file alone", NULL, 0},
	{"now", "TIME", "as if it were then", NULL, 0},
	{0},
};
static const struct cli_option report_options[] = {
	{"output", "FILE", "where to: FILE.html or FILE.pdf", NULL, 'o'},
	{"recipients", NULL, "name the recipients to be re-activated", NULL, 0},
	{0},
};
static const struct cli_option status_options[] = {
	{"rejected", NULL, "the last lines that no parser took", NULL, 0},
	{0},
};
static const struct cli_option verify_options[] = {
	FROM_OPTION,
	TO_OPTION,
	{0},
};

const struct cli_command cli_commands[] = {
	{"run", "[DOMAIN...]", 0, SIZE_MAX, "watch: the monitor itself", run_options,
		cli_run},
	{"watch add", "DOMAIN...", 1, SIZE_MAX, "watch these domains too", tag_options,
		cli_watch_add},
	{"watch remove", "DOMAIN...", 1, SIZE_MAX, "no longer watch these domains", NULL,
		cli_watch_remove},
	{"watch list", "", 0, 0, "the watched domains", NULL, cli_watch_list},
	{"watch import", "FILE", 1, 1, "watch the domains of a list; - is standard input",
		tag_options, cli_watch_import},
	{"history", "DOMAIN", 1, 1, "what a domain's MX were, and how well that is known",
		history_options, cli_history},
	{"changes", "", 0, 0, "changes over all domains", changes_options, cli_changes},
	{"import", "FILE", 1, 1,
		"read history as Common Output Format; - is standard input",
		import_options, cli_import},
	{"export", "", 0, 0, "write the history as Common Output Format", export_options,
		cli_export},
	{"classify", "[FILE|-]...", 0, SIZE_MAX,
		"print deliveries of logs with reasons and rules; store nothing",
		classify_options, cli_classify},
	{"ingest", "[FILE]...", 0, SIZE_MAX,
		"read logs of mail servers, each line once; - is standard input",
		ingest_options, cli_ingest},
	{"deliveries", "DOMAIN", 1, 1, "what mail servers reported for a domain",
		deliveries_options, cli_deliveries},
	{"incidents list", "", 0, 0, "incidents, by when they opened", incidents_options,
		cli_incidents},
	{"incidents show", "ID", 1, 1, "the story of an incident, and what to do", NULL,
		cli_incidents_show},
	{"incidents ack", "ID", 1, 1, "mark an incident as seen by somebody", NULL,
		cli_incidents_ack},
	{"incidents close", "ID", 1, 1, "close an incident by hand", NULL,
		cli_incidents_close},
	{"incidents recipients", "ID [FILE]...", 1, SIZE_MAX,
		"who bounced only because of an incident", recipients_options,
		cli_incidents_recipients},
	{"incidents", "", 0, 0, "the same as incidents list", incidents_options,
		cli_incidents},
	{"alerts list", "", 0, 0, "alerts, and what has become of them", alerts_options,
		cli_alerts},
	{"alerts test", "CHANNEL", 1, 1, "a message through one channel", NULL,
		cli_alerts_test},
	{"alerts retry", "[ID]", 0, 1, "try what waits or was given up", NULL,
		cli_alerts_retry},
	{"alerts", "", 0, 0, "the same as alerts list", alerts_options, cli_alerts},
	{"expect", "[DOMAIN]", 0, 1, "expect a change, or operators that are right",
		expect_options, cli_expect},
	{"check", "DOMAIN", 1, 1, "one line and an exit status for Nagios and its kin",
		NULL, cli_check},
	{"forget", "[ADDRESS]", 0, 1, "erase what is known of recipients", forget_options,
		cli_forget},
	{"backtest", "", 0, 0, "find the incidents of a past, from files alone",
		backtest_options, cli_backtest},
	{"plot", "[DOMAIN]", 0, 1, "draw the past of a domain, or an incident",
		plot_options, cli_plot},
	{"protect", "", 0, 0, "mail that waits, and what says so to the mail server",
		protect_options, cli_protect},
	{"report", "ID", 1, 1, "write all that is known of an incident, to be handed on",
		report_options, cli_report},
	{"verify", "", 0, 0, "recompute the chain of hashes over the history",
		verify_options, cli_verify},
	{"status", "", 0, 0, "the state of store and monitor", status_options,
		cli_status_command},
	{"config check", "", 0, 0, "check the configuration", NULL, cli_config_check},
	{"completion", "bash|zsh|fish", 1, 1, "print a completion for a shell", NULL,
		cli_completion},
	{"version", "", 0, 0, "print the version", NULL, cli_version},
	{0},
};

enum cli_status cli_version(struct cli *cli)
{
	if (cli->json)
		puts("{\"version\":\"" MXVIGIL_VERSION "\"}");
	else
		puts("mxvigil " MXVIGIL_VERSION);
	return cli_finish_output();
}
